package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

// serviceFields are the fields of the form, in their order.
var serviceFields = []string{"name", "repository", "paths", "environments", "jira", "sentry", "queues", "team"}

// servicePage is the form of a service; a new one may begin with a repository.
func (s *Server) servicePage(w http.ResponseWriter, r *http.Request) {
	one, may, ok := s.pathService(w, r)
	if !ok {
		return
	}
	if repository := r.URL.Query().Get("repository"); repository != "" && one.ID == 0 {
		one.Repository = repository
		one.Name = repository[strings.LastIndexByte(repository, '/')+1:]
	}
	s.showService(w, r, http.StatusOK, one, one, may, nil)
}

func (s *Server) showService(w http.ResponseWriter, r *http.Request, status int, stored, one control.Service, may rights, errs map[string]string) {
	f, err := s.serviceForm(r.Context(), stored, one, may)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if status != http.StatusOK {
		for _, name := range serviceFields {
			if r.PostForm.Has(name) {
				f.Values[name] = r.PostFormValue(name)
			}
		}
	}
	f.Errors = errs
	title := stored.Name + " · " + i18n.T(r.Context(), "settings.services")
	if stored.ID == 0 {
		title = i18n.T(r.Context(), "services.new")
	}
	s.render(w, r, status, views.ServicePage(s.page(r, title, "settings"), f))
}

// serviceForm is the form of one, which may differ from what is stored.
func (s *Server) serviceForm(ctx context.Context, stored, one control.Service, may rights) (views.ServiceForm, error) {
	f := views.ServiceForm{
		Form: views.Form{Order: serviceFields, Values: map[string]string{
			"name": one.Name, "repository": one.Repository, "paths": lines(one.Paths), "environments": lines(one.Environments),
			"jira": lines(one.JiraProjects), "sentry": lines(one.SentryProjects), "queues": lines(one.Queues),
		}},
		New: stored.ID == 0, Name: stored.Name, Path: servicesPath, Provisioned: stored.Provisioned, Admin: may.admin,
		Targets: []views.Option{{Label: i18n.T(ctx, "services.team.nobody")}},
	}
	if stored.ID != 0 {
		f.Path = servicePath(stored.ID)
	}
	for _, t := range may.all {
		if !t.Provisioned {
			f.Targets = append(f.Targets, views.Option{Value: strconv.FormatInt(t.ID, 10), Label: t.Name})
		}
	}
	facets, _, err := s.doraFacetsOrNone(ctx)
	if err != nil {
		return f, err
	}
	for _, found := range facets.Repositories {
		f.Repositories = append(f.Repositories, found.Key)
	}
	f.Preview, err = s.servicePreview(ctx, one, facets)
	return f, err
}

// readService reads the form over the stored service. Only an admin renames it, and
// says which repository it is of.
func readService(r *http.Request, stored control.Service, may rights) control.Service {
	one := stored
	if may.admin {
		one.Name, one.Repository = strings.TrimSpace(r.PostFormValue("name")), strings.TrimSpace(r.PostFormValue("repository"))
	}
	one.Paths, one.Environments = patternLines(r, "paths"), patternLines(r, "environments")
	one.JiraProjects, one.SentryProjects, one.Queues = patternLines(r, "jira"), patternLines(r, "sentry"), patternLines(r, "queues")
	return one
}

func (s *Server) saveService(w http.ResponseWriter, r *http.Request) {
	stored, may, ok := s.pathService(w, r)
	if !ok || !s.parseForm(w, r) {
		return
	}
	if stored.Provisioned || !may.admin && (r.PostForm.Has("name") || r.PostForm.Has("repository")) {
		s.errorPage(w, r, http.StatusForbidden)
		return
	}
	ctx := r.Context()
	one := readService(r, stored, may)
	to, err := chosenTeam(r, stored, may)
	var audit int64
	if err == nil {
		audit, err = s.db.SaveService(ctx, one)
	}
	if errors.Is(err, control.ErrNameTaken) {
		err = &control.FieldError{Field: "name", Code: "other", Message: "another service has this name"}
	}
	errs, isForm := fieldErrors(ctx, err)
	switch {
	case isForm:
		s.showService(w, r, http.StatusUnprocessableEntity, stored, one, may, errs)
		return
	case err != nil:
		s.fail(w, r, err)
		return
	}
	text := i18n.T(ctx, "services.saved")
	if to != nil && !to.HasService(&one.Service) {
		to.Services = append(slices.Clone(to.Services), one.Name)
		if _, err := s.db.SaveTeam(ctx, *to); err != nil {
			s.fail(w, r, err)
			return
		}
		text = i18n.T(ctx, "services.saved.team", "team", to.Name)
	}
	s.changedSaying(w, r, audit, servicesPath, text)
}

// chosenTeam is the team that a new service goes to, nil for none.
func chosenTeam(r *http.Request, stored control.Service, may rights) (*control.Team, error) {
	text := r.PostFormValue("team")
	if stored.ID != 0 || text == "" {
		return nil, nil
	}
	id, err := strconv.ParseInt(text, 10, 64)
	i := slices.IndexFunc(may.all, func(t control.Team) bool { return t.ID == id && !t.Provisioned })
	if err != nil || i < 0 {
		return nil, &control.FieldError{Field: "team", Code: "unknown", Message: "there is no such team"}
	}
	return &may.all[i], nil
}

// previewService says what the form takes in of what is in the data.
func (s *Server) previewService(w http.ResponseWriter, r *http.Request) {
	stored, may, ok := s.pathService(w, r)
	if !ok || !s.parseForm(w, r) {
		return
	}
	facets, _, err := s.doraFacetsOrNone(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	p, err := s.servicePreview(r.Context(), readService(r, stored, may), facets)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.render(w, r, http.StatusOK, views.ServicePreviewPart(p))
}

func (s *Server) servicePreview(ctx context.Context, one control.Service, facets delivery.DoraFacets) (views.ServicePreview, error) {
	var p views.ServicePreview
	for _, found := range facets.Repositories {
		if one.Repository != "" && strings.EqualFold(found.Key, one.Repository) {
			p.Deployments += found.Count
		}
	}
	if p.Deployments > 0 {
		for _, found := range facets.Environments {
			if len(one.Environments) == 0 || one.Environments.Match(found.Key) {
				p.Environments = append(p.Environments, found.Key)
			}
		}
	}
	for _, found := range facets.Projects {
		if one.JiraProjects.Match(found.Key) || one.Queues.Match(found.Key) {
			p.Projects = append(p.Projects, found.Key)
		}
	}
	all, err := s.db.Services(ctx)
	for _, other := range all {
		if other.ID != one.ID && one.Repository != "" && strings.EqualFold(other.Repository, one.Repository) {
			p.Sharing = append(p.Sharing, other.Name)
		}
	}
	return p, err
}
