package web

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/internal/inbox"
	"throughline/views"
)

// incidentFields are the fields of the form, in their order.
var incidentFields = []string{
	"title", "service", "project", "started_at", "detected_at", "resolved_at", "severity", "deployment", "version", "sha", "url",
}

// Ids of incidents that are recorded by hand, made with the form, so that sending it
// twice records one.
var handID = regexp.MustCompile(`^hand-[0-9a-f]{16}$`)

func newHandID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // it never fails
	return fmt.Sprintf("hand-%x", b)
}

// formTime is a time as browsers send it: of the calendar's zone.
const formTime = "2006-01-02T15:04:05"

// newIncidentPage is an empty form; the service, project, deployment, version and sha
// may be said.
func (s *Server) newIncidentPage(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	i := delivery.Incident{
		ID: newHandID(), Service: q.Get("service"), Project: q.Get("project"), Deployment: q.Get("deployment"), Version: q.Get("version"), SHA: q.Get("sha"),
	}
	s.showIncident(w, r, http.StatusOK, &views.Incident{New: true}, &i, nil)
}

// incidentPage is an incident, with a form when it was pushed or recorded by hand and
// the reader may change it.
func (s *Server) incidentPage(w http.ResponseWriter, r *http.Request) {
	report, i, err := s.incidentOf(r.Context(), chi.URLParam(r, "incident"))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.showIncident(w, r, http.StatusOK, &views.Incident{Report: report}, &i, nil)
}

func (s *Server) showIncident(w http.ResponseWriter, r *http.Request, status int, v *views.Incident, i *delivery.Incident, errs map[string]string) {
	ctx := r.Context()
	zone := s.zone(ctx)
	v.Zone, v.Now, v.Source = zone, delivery.InstantOf(s.now()), sourceLink(i.URL)
	v.Editable = v.New || i.Connection == usualConnection && isLead(ctx)
	v.Form = views.Form{Order: incidentFields, Errors: errs, Values: map[string]string{
		"id": i.ID, "title": i.Title, "service": i.Service, "project": i.Project, "severity": i.Severity, "deployment": i.Deployment,
		"version": i.Version, "sha": i.SHA, "url": i.URL,
		"started_at": formInstant(i.StartedAt, zone), "detected_at": formInstant(i.DetectedAt, zone), "resolved_at": formInstant(i.ResolvedAt, zone),
	}}
	if status != http.StatusOK {
		for _, name := range incidentFields {
			v.Form.Values[name] = r.PostFormValue(name)
		}
	}
	facets, _, err := s.incidentFacets(ctx)
	setup, serr := s.db.DoraSetup(ctx)
	if err := errors.Join(err, serr); err != nil {
		s.fail(w, r, err)
		return
	}
	for _, service := range setup.AllServices(facets) {
		v.Services = append(v.Services, service.Name)
	}
	v.Projects = facetKeys(facets.Projects)
	title := i18n.T(ctx, "incidents.new")
	if !v.New {
		title = cmp.Or(i.Title, i.ID)
	}
	s.render(w, r, status, views.IncidentPage(s.page(r, title, "dora"), *v))
}

func formInstant(i delivery.Instant, zone *time.Location) string {
	if !i.Known() {
		return ""
	}
	return i.Time().In(zone).Format(formTime)
}

// recordIncident takes the form of a new incident.
func (s *Server) recordIncident(w http.ResponseWriter, r *http.Request) {
	if !s.parseForm(w, r) {
		return
	}
	id := r.PostFormValue("id")
	if !handID.MatchString(id) {
		s.errorPage(w, r, http.StatusBadRequest)
		return
	}
	i, err := s.readIncident(r, delivery.Incident{Connection: usualConnection, ID: id})
	if err == nil {
		err = s.keepIncident(r.Context(), nil, &i)
	}
	errs, isForm := fieldErrors(r.Context(), err)
	switch {
	case isForm:
		s.showIncident(w, r, http.StatusUnprocessableEntity, &views.Incident{New: true}, &delivery.Incident{ID: id}, errs)
	case err != nil:
		s.fail(w, r, err)
	default:
		s.saidOfIncident(w, r, &i, "incidents.recorded")
	}
}

// changeIncident takes the form of an incident that is there, or takes it back.
func (s *Server) changeIncident(w http.ResponseWriter, r *http.Request) {
	report, was, err := s.incidentOf(r.Context(), chi.URLParam(r, "incident"))
	switch {
	case err != nil:
		s.fail(w, r, err)
		return
	case was.Connection != usualConnection:
		s.errorPage(w, r, http.StatusForbidden)
		return
	case !s.parseForm(w, r):
		return
	}
	i, said := was, "incidents.withdrawn"
	if r.PostFormValue("withdraw") != "" {
		i.Gone = true
	} else {
		said = "incidents.saved"
		i, err = s.readIncident(r, was)
	}
	if err == nil {
		err = s.keepIncident(r.Context(), &was, &i)
	}
	errs, isForm := fieldErrors(r.Context(), err)
	switch {
	case isForm:
		s.showIncident(w, r, http.StatusUnprocessableEntity, &views.Incident{Report: report}, &was, errs)
	case err != nil:
		s.fail(w, r, err)
	default:
		s.saidOfIncident(w, r, &i, said)
	}
}

// readIncident reads the form over what is stored. The errors are *control.FieldError,
// joined.
func (s *Server) readIncident(r *http.Request, i delivery.Incident) (delivery.Incident, error) {
	zone := s.zone(r.Context())
	value := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	i.Title, i.Service, i.Project, i.Severity = value("title"), value("service"), value("project"), value("severity")
	i.Deployment, i.Version, i.SHA, i.URL = value("deployment"), value("version"), strings.ToLower(value("sha")), value("url")
	var errs []error
	for name, at := range map[string]*delivery.Instant{"started_at": &i.StartedAt, "detected_at": &i.DetectedAt, "resolved_at": &i.ResolvedAt} {
		text := value(name)
		if text == formInstant(*at, zone) {
			continue // with its milliseconds
		}
		said, err := readFormTime(text, zone)
		if err != nil {
			errs = append(errs, &control.FieldError{Field: name, Code: "time", Message: "not a time"})
		}
		*at = said
	}
	if i.Title == "" {
		errs = append(errs, &control.FieldError{Field: "title", Code: "incident", Message: "say what broke"})
	}
	if i.StartedAt == 0 && value("started_at") == "" {
		errs = append(errs, &control.FieldError{Field: "started_at", Code: "missing", Message: "say when it began"})
	}
	return i, errors.Join(errs...)
}

// readFormTime is 0 for nothing. Browsers leave seconds out that are 0.
func readFormTime(text string, zone *time.Location) (delivery.Instant, error) {
	if text == "" {
		return 0, nil
	}
	for _, layout := range []string{formTime, "2006-01-02T15:04", "2006-01-02 15:04"} {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil && t.Year() >= 1970 {
			return delivery.InstantOf(t), nil
		}
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || t.Year() < 1970 || t.Year() > 9999 {
		return 0, errors.New("not a time")
	}
	return delivery.InstantOf(t), nil
}

// incidentPush is an incident in the shape of a push, which is how it is kept: nothing
// of it is lost while the fact store is down. Empty fields are said, too.
type incidentPush struct {
	ID         string           `json:"id"`
	Service    string           `json:"service,omitempty"`
	Project    string           `json:"project,omitempty"`
	Title      string           `json:"title"`
	Severity   string           `json:"severity,omitempty"`
	StartedAt  delivery.Instant `json:"started_at"`
	DetectedAt delivery.Instant `json:"detected_at,omitempty"`
	ResolvedAt delivery.Instant `json:"resolved_at,omitempty"`
	Deployment string           `json:"deployment,omitempty"`
	Version    string           `json:"version,omitempty"`
	SHA        string           `json:"sha,omitempty"`
	URL        string           `json:"url,omitempty"`
	Teams      []string         `json:"teams,omitempty"`
	Gone       bool             `json:"gone,omitempty"`
	Whole      bool             `json:"whole"`
}

func pushOf(i *delivery.Incident) incidentPush {
	return incidentPush{
		ID: i.ID, Service: i.Service, Project: i.Project, Title: i.Title, Severity: i.Severity, StartedAt: i.StartedAt,
		DetectedAt: i.DetectedAt, ResolvedAt: i.ResolvedAt, Deployment: i.Deployment, Version: i.Version, SHA: i.SHA, URL: i.URL,
		Teams: i.Teams, Gone: i.Gone, Whole: true,
	}
}

// pushKind is what the inbox calls pushed incidents.
const pushKind = "incidents"

// keepIncident puts an incident into the inbox and notes who said so; was is nil for a
// new one. What cannot be taken are *control.FieldError, joined.
func (s *Server) keepIncident(ctx context.Context, was, i *delivery.Incident) error {
	push := pushOf(i)
	body, err := json.Marshal(push)
	if err != nil {
		return fmt.Errorf("incident: %w", err)
	}
	pushed, err := s.cfg.Pushes[pushKind](body)
	if err == nil {
		err = pushed.Items[0].Err
	}
	if err != nil {
		return incidentMistakes(err)
	}
	entry := inbox.Entry{Connection: usualConnection, Kind: pushKind, ReceivedAt: s.now(), Body: body, Bytes: len(body)}
	id, _, err := s.cfg.Inbox.Put(ctx, entry)
	if err != nil {
		return fmt.Errorf("keep an incident: %w", err)
	}
	var before, after any
	if was != nil {
		before = pushOf(was)
	}
	if !i.Gone {
		after = push
	}
	if err := s.db.NoteIncident(ctx, i.ID, before, after); err != nil {
		return err
	}
	s.awaitStored(ctx, id)
	return nil
}

// incidentMistakes are what is wrong with a body, by field of the form.
func incidentMistakes(err error) error {
	var errs []error
	for _, d := range bodyDetails(err) {
		field := strings.TrimPrefix(d.Path, "$.")
		code := "invalid"
		if strings.HasPrefix(d.Message, "is before ") {
			code = "order"
		}
		errs = append(errs, &control.FieldError{Field: field, Code: code, Message: d.Message})
	}
	return errors.Join(errs...)
}

// A form waits a moment for what it said to be stored, so that the page that comes next
// shows it.
const (
	storedWait = 800 * time.Millisecond
	storedLook = 20 * time.Millisecond
)

func (s *Server) awaitStored(ctx context.Context, entry int64) {
	ctx, cancel := context.WithTimeout(ctx, storedWait)
	defer cancel()
	tick := time.NewTicker(storedLook)
	defer tick.Stop()
	for {
		e, err := s.cfg.Inbox.Entry(ctx, entry)
		if err != nil || e.State != inbox.Waiting {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// saidOfIncident leads to the list, or, while the fact store does not answer, says that
// nothing is lost.
func (s *Server) saidOfIncident(w http.ResponseWriter, r *http.Request, i *delivery.Incident, said string) {
	_, away, err := unlessAway(struct{}{}, s.store.Ping(r.Context()))
	if err != nil {
		s.log.Warn("fact store", "error", err)
	}
	if away || err != nil {
		s.flash(r, "incidents.kept")
		s.redirect(w, r, incidentsPath+"/new")
		return
	}
	s.flash(r, said, "title", i.Title)
	s.redirect(w, r, incidentsPath)
}

// isLead reports whether the reader may record incidents.
func isLead(ctx context.Context) bool { return hasRole(ctx, control.Admin, control.Lead) }
