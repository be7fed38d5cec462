package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

// framesPolicy lets a page of settings show a preview, which is a page of ours.
const framesPolicy = contentPolicy + "; frame-src 'self'"

// newEmbedPage is the form for a panel and a filter, by a link from the panel; or as it
// was filled in so far.
func (s *Server) newEmbedPage(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	q, err := query(r)
	if err != nil {
		s.errorPage(w, r, http.StatusBadRequest)
		return
	}
	if !q.Has(filled) {
		p, known := panelBySlug(q.Get("panel"))
		if !known && q.Has("panel") {
			s.errorPage(w, r, http.StatusNotFound)
			return
		}
		if !known {
			p = panels()[0]
		}
		if q = linkValues(q, p); len(valueLines(q["team"])) == 0 {
			q["team"], err = s.onlyTeam(ctx)
		}
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.showEmbed(w, r, http.StatusOK, nil, q, nil)
}

// onlyTeam is the team of a lead who has one.
func (s *Server) onlyTeam(ctx context.Context) ([]string, error) {
	may, err := s.rights(ctx)
	if len(may.teams) != 1 {
		return nil, err
	}
	return may.teams, err
}

func (s *Server) editEmbedPage(w http.ResponseWriter, r *http.Request) {
	e, ok := s.namedEmbed(w, r)
	if !ok {
		return
	}
	v, err := query(r)
	if err != nil {
		s.errorPage(w, r, http.StatusBadRequest)
		return
	}
	if !v.Has(filled) || e.Provisioned {
		p, _ := panelBySlug(e.Panel)
		v = embedValues(&e, p.of)
	}
	s.showEmbed(w, r, http.StatusOK, &e, v, nil)
}

// showEmbed answers the form with these values; stored is nil for one to be made. A
// form that was refused is given as it was read.
func (s *Server) showEmbed(w http.ResponseWriter, r *http.Request, status int, stored *control.Embed, v url.Values, refused *embedAsked) {
	ctx := r.Context()
	a := refused
	if a == nil {
		read, err := s.readEmbed(ctx, v)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		a = &read
		a.forgive()
	}
	f, err := s.embedFields(ctx, stored, a)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	title := i18n.T(ctx, "embeds.new")
	if stored != nil {
		title = stored.Name + " · " + i18n.T(ctx, "settings.embeds")
	}
	p := s.page(r, title, "settings")
	p.Scripts = []string{"embeds.js"}
	w.Header().Set("Content-Security-Policy", framesPolicy)
	s.render(w, r, status, views.EmbedFormPage(p, f))
}

// forgive takes back what is wrong with a form only because it was not filled in yet.
func (a *embedAsked) forgive() {
	if a.values.Has("look") {
		return // whoever asks how it looks is told
	}
	delete(a.errs, "name")
	if len(a.embed.Filter["q"]) == 0 {
		delete(a.errs, "q")
	}
	for _, name := range []string{"span", "from"} {
		if a.values.Get(name) == "" {
			delete(a.errs, name)
		}
	}
}

func (s *Server) embedFields(ctx context.Context, stored *control.Embed, a *embedAsked) (views.EmbedForm, error) {
	f := views.EmbedForm{
		Form: views.Form{Values: map[string]string{}, Errors: a.errs}, Path: embedsPath, Page: embedsPath + "/new",
		Preview: embedsPath + "/preview", Of: a.panel.of, Panels: panelChoices(ctx),
		Names: slices.Contains(drills(a.panel), control.DrillMarks), Asks: a.panel.slug == forecastSlug, Drills: drills(a.panel), Site: views.URL(ctx, "/"),
	}
	if stored != nil {
		f.Path, f.Stored, f.Provisioned = embedAt(stored.ID), stored.Name, stored.Provisioned
		f.Page = f.Path
	}
	for name := range a.values {
		f.Values[name] = a.values.Get(name)
	}
	for _, what := range a.embed.Drill {
		f.Values["drill."+what] = "on"
	}
	f.Values["panel"] = a.panel.slug
	one := embedOne[a.panel.of]
	_, f.Bucketed = one["bucket"]
	_, f.Clocked = one["clock"]
	for _, name := range []string{"restarts", "links", "start", "benchmark"} {
		if usual, ok := one[name]; ok {
			f.Selects = append(f.Selects, oneOf(name, a.values.Get(name), usual))
		}
	}
	if a.panel.of == delivery.OfSeries {
		f.Boxes = queryBoxes(ctx, a.values, a.filter)
		f.Full = len(f.Boxes) >= delivery.MaxQueries
	}
	var err error
	if f.Groups, err = s.embedGroups(ctx, a); err != nil {
		return f, err
	}
	f.Suggested, err = s.embedName(ctx, a)
	if name := f.Values["name"]; stored == nil && (name == "" || name == a.values.Get("suggested")) && a.errs["name"] == "" {
		f.Values["name"] = f.Suggested
	}
	f.Query = previewQuery(a.values, f.Values["name"])
	return f, err
}

// previewQuery is what the preview of a form is asked by.
func previewQuery(v url.Values, name string) string {
	q := url.Values{}
	for field, values := range v {
		if values = slices.DeleteFunc(slices.Clone(values), func(text string) bool { return text == "" }); len(values) > 0 {
			q[field] = values
		}
	}
	q.Set("name", name)
	return q.Encode()
}

// embedName is a name for an embed that no other has: its panel, and its team.
func (s *Server) embedName(ctx context.Context, a *embedAsked) (string, error) {
	name := i18n.T(ctx, a.panel.title)
	if teams := a.embed.Teams(); len(teams) == 1 {
		name += " · " + teams[0]
	}
	if runes := []rune(name); len(runes) > control.MaxEmbedName-4 {
		name = strings.TrimSpace(string(runes[:control.MaxEmbedName-4]))
	}
	all, err := s.db.Embeds(ctx)
	taken := func(name string) bool {
		return slices.ContainsFunc(all, func(e control.Embed) bool { return e.RevokedAt.IsZero() && strings.EqualFold(e.Name, name) })
	}
	free := name
	for n := 2; taken(free); n++ {
		free = fmt.Sprintf("%s %d", name, n)
	}
	return free, err
}
