package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/go-chi/chi/v5"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

func (s *Server) teamRoutes(r chi.Router) {
	r.Get("/teams", s.teamsPage)
	r.Get("/teams/new", s.newTeamPage)
	r.Post("/teams", s.saveTeam)
	r.Post("/teams/preview", s.previewTeam)
	r.Post("/teams/add", s.addQueue)
	r.Get("/teams/{id}", s.teamPage)
	r.Post("/teams/{id}", s.saveTeam)
	r.Post("/teams/{id}/preview", s.previewTeam)
	r.Get("/teams/{id}/delete", s.deleteTeamPage)
	r.Post("/teams/{id}/delete", s.deleteTeam)
}

func teamPath(id int64) string { return "/settings/teams/" + strconv.FormatInt(id, 10) }

// teamsPage lists teams with what they map, and what is of no team or of
// several.
func (s *Server) teamsPage(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	list, err := s.teamList(ctx)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.render(w, r, http.StatusOK, views.TeamsPage(s.page(r, i18n.T(ctx, "settings.teams"), "settings"), list))
}

func (s *Server) teamList(ctx context.Context) (views.TeamList, error) {
	rights, err := s.rights(ctx)
	if err != nil {
		return views.TeamList{}, err
	}
	facets, away, err := s.facetsOrNone(ctx)
	if err != nil {
		return views.TeamList{}, err
	}
	users, err := s.userNames(ctx)
	list := views.TeamList{Admin: rights.admin, Away: away}
	teams := deliveryTeams(rights.all)
	for _, t := range rights.all {
		row := views.Team{
			Name: t.Name, Path: teamPath(t.ID), Calendar: t.Calendar, Provisioned: t.Provisioned, Editable: rights.team(t.Name),
			Queues: queuesOf(facets.Queues, t.Queues), Other: len(t.Repositories) + len(t.Services) + len(t.SentryProjects) + len(t.CIProjects) + len(t.JiraProjects),
			Flow: "/flow?" + url.Values{"team": {t.Name}}.Encode(),
		}
		for _, id := range t.Members {
			row.Members = append(row.Members, users[id])
		}
		slices.Sort(row.Members)
		if row.Editable && !t.Provisioned {
			list.Targets = append(list.Targets, views.Option{Value: strconv.FormatInt(t.ID, 10), Label: t.Name})
		}
		list.Teams = append(list.Teams, row)
	}
	for _, q := range facets.Queues {
		switch of := teams.Of(q.Key); len(of) {
		case 0:
			list.Unassigned = append(list.Unassigned, views.TeamQueue{Key: q.Key, Issues: q.Count})
		case 1:
		default:
			list.Shared = append(list.Shared, views.TeamQueue{Key: q.Key, Issues: q.Count, Teams: of})
		}
	}
	return list, err
}

func deliveryTeams(all []control.Team) delivery.Teams {
	out := make(delivery.Teams, len(all))
	for i, t := range all {
		out[i] = t.Team
	}
	return out
}

// queuesOf are the queues in the data that patterns take in.
func queuesOf(all []delivery.Facet, patterns delivery.Patterns) []views.TeamQueue {
	var out []views.TeamQueue
	for _, q := range all {
		if patterns.Match(q.Key) {
			out = append(out, views.TeamQueue{Key: q.Key, Issues: q.Count})
		}
	}
	return out
}

// userNames are the addresses of all users by id.
func (s *Server) userNames(ctx context.Context) (map[int64]string, error) {
	users, err := s.db.Users(ctx)
	names := map[int64]string{}
	for _, u := range users {
		names[u.ID] = u.Email
	}
	return names, err
}

// pathTeam is the team of a path, a new one without an id. When the reader may
// not change it, or it is not there, the answer is written.
func (s *Server) pathTeam(w http.ResponseWriter, r *http.Request) (t control.Team, may rights, ok bool) {
	may, err := s.rights(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return t, may, false
	}
	param := chi.URLParam(r, "id")
	if param == "" {
		if !may.admin {
			s.errorPage(w, r, http.StatusForbidden)
		}
		return t, may, may.admin
	}
	id, err := strconv.ParseInt(param, 10, 64)
	i := slices.IndexFunc(may.all, func(t control.Team) bool { return t.ID == id })
	switch {
	case err != nil || i < 0:
		s.notFound(w, r)
		return t, may, false
	case !may.team(may.all[i].Name):
		s.errorPage(w, r, http.StatusForbidden)
		return t, may, false
	}
	return may.all[i], may, true
}

func (s *Server) newTeamPage(w http.ResponseWriter, r *http.Request) {
	t, may, ok := s.pathTeam(w, r)
	if !ok {
		return
	}
	if queue := r.URL.Query().Get("queue"); queue != "" {
		t.Queues = delivery.Patterns{queue}
	}
	s.showTeam(w, r, http.StatusOK, t, t, may, nil)
}

func (s *Server) teamPage(w http.ResponseWriter, r *http.Request) {
	if t, may, ok := s.pathTeam(w, r); ok {
		s.showTeam(w, r, http.StatusOK, t, t, may, nil)
	}
}

func (s *Server) showTeam(w http.ResponseWriter, r *http.Request, status int, stored, t control.Team, may rights, errs map[string]string) {
	f, err := s.teamForm(r.Context(), stored, t, may)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if status != http.StatusOK {
		for _, name := range []string{"name", "calendar", "queues", "repositories", "services", "sentry", "ci", "jira"} {
			if r.PostForm.Has(name) {
				f.Values[name] = r.PostFormValue(name)
			}
		}
	}
	f.Errors = errs
	title := stored.Name + " · " + i18n.T(r.Context(), "settings.teams")
	if stored.ID == 0 {
		title = i18n.T(r.Context(), "teams.new")
	}
	s.render(w, r, status, views.TeamPage(s.page(r, title, "settings"), f))
}

func (s *Server) saveTeam(w http.ResponseWriter, r *http.Request) {
	stored, may, ok := s.pathTeam(w, r)
	if !ok || !s.parseForm(w, r) {
		return
	}
	ctx := r.Context()
	if renames(r, stored, may) || stored.Provisioned && r.PostForm.Has("queues") {
		s.errorPage(w, r, http.StatusForbidden)
		return
	}
	t := readTeam(r, stored, may)
	shared, err := s.newlyShared(ctx, may, stored.ID, stored.Queues, t.Queues, func(control.Team) bool { return true })
	if err != nil {
		s.fail(w, r, err)
		return
	}
	var audit int64
	if err = s.checkTeam(r, stored, t, may); err == nil {
		if stored.Provisioned {
			audit, err = s.db.SetMembers(ctx, stored.Name, t.Members)
		} else {
			audit, err = s.db.SaveTeam(ctx, t)
		}
	}
	if errors.Is(err, control.ErrNameTaken) {
		err = &control.FieldError{Field: "name", Code: "other", Message: "another team has this name"}
	}
	errs, isForm := fieldErrors(ctx, err)
	switch {
	case isForm:
		s.showTeam(w, r, http.StatusUnprocessableEntity, stored, t, may, errs)
	case err != nil:
		s.fail(w, r, err)
	default:
		s.changedSaying(w, r, audit, "/settings/teams", teamSaid(ctx, t, shared))
	}
}

// addQueue takes a queue into a team, by its key.
func (s *Server) addQueue(w http.ResponseWriter, r *http.Request) {
	if !s.parseForm(w, r) {
		return
	}
	may, err := s.rights(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	id, idErr := strconv.ParseInt(r.PostFormValue("team"), 10, 64)
	queue := r.PostFormValue("queue")
	i := slices.IndexFunc(may.all, func(t control.Team) bool { return t.ID == id })
	switch {
	case idErr != nil || i < 0 || queue == "":
		s.errorPage(w, r, http.StatusBadRequest)
		return
	case !may.team(may.all[i].Name), may.all[i].Provisioned:
		s.errorPage(w, r, http.StatusForbidden)
		return
	}
	t := may.all[i]
	t.Queues = append(slices.Clone(t.Queues), queue)
	ctx := r.Context()
	shared, err := s.newlyShared(ctx, may, t.ID, may.all[i].Queues, t.Queues, func(control.Team) bool { return true })
	if err == nil {
		err = errors.Join(takenOut(ctx, t, queue), s.checkShares(ctx, may, t.ID, may.all[i].Queues, t.Queues))
	}
	var audit int64
	if err == nil {
		audit, err = s.db.SaveTeam(ctx, t)
	}
	if errs, isForm := fieldErrors(r.Context(), err); isForm {
		s.showTeam(w, r, http.StatusUnprocessableEntity, may.all[i], t, may, errs)
		return
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.changedSaying(w, r, audit, "/settings/teams", teamSaid(ctx, t, shared))
}

func (s *Server) deleteTeamPage(w http.ResponseWriter, r *http.Request) {
	t, may, ok := s.pathTeam(w, r)
	switch {
	case !ok:
	case !may.admin || t.Provisioned:
		s.errorPage(w, r, http.StatusForbidden)
	default:
		s.render(w, r, http.StatusOK, views.DeleteTeamPage(s.page(r, i18n.T(r.Context(), "teams.delete.title", "team", t.Name), "settings"), t.Name, teamPath(t.ID)))
	}
}

func (s *Server) deleteTeam(w http.ResponseWriter, r *http.Request) {
	t, may, ok := s.pathTeam(w, r)
	if !ok {
		return
	}
	if !may.admin {
		s.errorPage(w, r, http.StatusForbidden)
		return
	}
	audit, err := s.db.DeleteTeam(r.Context(), t.Name)
	switch {
	case s.notDeleted(w, r, err, "/settings/teams"):
	case err != nil:
		s.fail(w, r, err)
	default:
		s.changed(w, r, audit, "/settings/teams", "teams.deleted")
	}
}
