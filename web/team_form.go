package web

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

// teamForm is the form of t, which may differ from what is stored.
func (s *Server) teamForm(ctx context.Context, stored, t control.Team, may rights) (views.TeamForm, error) {
	f := views.TeamForm{
		Form: views.Form{Values: map[string]string{
			"name": t.Name, "calendar": t.Calendar, "queues": lines(t.Queues), "repositories": lines(t.Repositories),
			"sentry": lines(t.SentryProjects), "ci": lines(t.CIProjects), "jira": lines(t.JiraProjects), "services": lines(t.Services),
		}},
		New: stored.ID == 0, Name: stored.Name, Path: "/settings/teams", Provisioned: stored.Provisioned, Admin: may.admin,
		Statuses: "/settings/workflow?" + url.Values{"team": {stored.Name}}.Encode(),
	}
	if stored.ID != 0 {
		f.Path = teamPath(stored.ID)
	}
	users, err := s.db.Users(ctx)
	if err != nil {
		return f, err
	}
	for _, u := range users {
		f.Members = append(f.Members, views.MemberChoice{ID: strconv.FormatInt(u.ID, 10), Email: u.Email, Role: string(u.Role), On: slices.Contains(t.Members, u.ID)})
	}
	calendars, err := s.db.Calendars(ctx)
	if err != nil {
		return f, err
	}
	f.Calendars = []views.Option{{Label: i18n.T(ctx, "teams.calendar.default")}}
	for _, name := range calendarNames(calendars) {
		f.Calendars = append(f.Calendars, views.Option{Value: name, Label: name})
	}
	workflow, err := s.db.Workflow(ctx)
	if err != nil {
		return f, err
	}
	_, f.OwnStatuses = workflow.Teams[stored.Name]
	f.Preview, err = s.teamPreview(ctx, stored, t, may)
	return f, err
}

func lines(p delivery.Patterns) string { return strings.Join(p, "\n") }

// calendarNames are the names of calendars, each once.
func calendarNames(all []control.Calendar) []string {
	var names []string
	for _, c := range all {
		if !slices.Contains(names, c.Name) {
			names = append(names, c.Name)
		}
	}
	return names
}

// readTeam reads the form over the stored team. Only an admin renames.
func readTeam(r *http.Request, stored control.Team, may rights) control.Team {
	t := stored
	if may.admin && !stored.Provisioned {
		t.Name = r.PostFormValue("name")
	}
	t.Members = nil
	for _, text := range r.PostForm["member"] {
		if id, err := strconv.ParseInt(text, 10, 64); err == nil {
			t.Members = append(t.Members, id)
		}
	}
	if stored.Provisioned {
		return t
	}
	t.Calendar = r.PostFormValue("calendar")
	t.Queues, t.Repositories, t.Services = patternLines(r, "queues"), patternLines(r, "repositories"), patternLines(r, "services")
	t.SentryProjects, t.CIProjects, t.JiraProjects = patternLines(r, "sentry"), patternLines(r, "ci"), patternLines(r, "jira")
	return t
}

// patternLines reads one pattern from each line, or several apart by commas.
func patternLines(r *http.Request, field string) delivery.Patterns {
	return patternsIn(r.PostFormValue(field))
}

// patternsIn reads patterns apart by commas or lines.
func patternsIn(text string) delivery.Patterns {
	var out delivery.Patterns
	for p := range strings.FieldsFuncSeq(text, func(c rune) bool { return strings.ContainsRune(",;\n\r\t", c) }) {
		if p = strings.TrimSpace(p); p != "" {
			out = append(out, p)
		}
	}
	return out
}

// previewTeam says what the patterns in the form take in; nothing is saved.
func (s *Server) previewTeam(w http.ResponseWriter, r *http.Request) {
	stored, may, ok := s.pathTeam(w, r)
	if !ok || !s.parseForm(w, r) {
		return
	}
	if renames(r, stored, may) {
		s.errorPage(w, r, http.StatusForbidden)
		return
	}
	t := readTeam(r, stored, may)
	p, err := s.teamPreview(r.Context(), stored, t, may)
	if err == nil {
		err = s.checkTeam(r, stored, t, may)
		if errs, isForm := fieldErrors(r.Context(), err); isForm {
			p.Mistakes, err = slices.Sorted(maps.Values(errs)), nil
		}
	}
	if err == nil && len(p.Mistakes) == 0 && r.PostFormValue("numbers") != "" {
		p.Numbers, err = s.teamNumbers(r.Context(), stored, t, may)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.render(w, r, http.StatusOK, views.TeamPreviewPart(p))
}

// teamPreview compares the queues that a team would map with those it does.
func (s *Server) teamPreview(ctx context.Context, stored, t control.Team, may rights) (views.TeamPreview, error) {
	facets, _, err := s.facetsOrNone(ctx)
	if err != nil {
		return views.TeamPreview{}, err
	}
	p := views.TeamPreview{New: stored.ID == 0, Known: len(facets.Queues) > 0, Nothing: len(t.Queues) == 0}
	others := deliveryTeams(slices.DeleteFunc(slices.Clone(may.all), func(o control.Team) bool { return o.ID == stored.ID }))
	for _, q := range facets.Queues {
		was, is := stored.Queues.Match(q.Key), t.Queues.Match(q.Key)
		queue := views.TeamQueue{Key: q.Key, Issues: q.Count, Teams: others.Of(q.Key)}
		if is {
			p.Queues = append(p.Queues, queue)
			p.Issues += q.Count
		}
		switch {
		case is && !was:
			p.In = append(p.In, queue)
		case was && !is:
			p.Out = append(p.Out, queue)
		}
		switch {
		case !is || len(queue.Teams) == 0:
		case was || !may.admin: // what a lead may not share is a mistake
			p.Shared = append(p.Shared, queue)
		default:
			p.Sharing = append(p.Sharing, queue)
		}
	}
	return p, nil
}
