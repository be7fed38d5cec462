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

// sharedNamed is how many of the queues that others map a message names.
const sharedNamed = 3

// newlyShared are the queues that patterns begin to map and that other teams
// map already; those are named with each. Beside the queues in the data it asks
// of those that a pattern spells out.
func (s *Server) newlyShared(ctx context.Context, may rights, id int64, was, is delivery.Patterns, counts func(control.Team) bool) ([]views.TeamQueue, error) {
	queues, err := s.queueKeys(ctx)
	if err != nil {
		return nil, err
	}
	var others delivery.Teams
	for _, t := range may.all {
		if t.ID != id && counts(t) {
			others = append(others, t.Team)
			queues = append(slices.Clone(queues), spelledOut(t.Queues)...)
		}
	}
	queues = append(queues, spelledOut(is)...)
	slices.Sort(queues)
	var out []views.TeamQueue
	for _, queue := range slices.CompactFunc(queues, strings.EqualFold) {
		if of := others.Of(queue); len(of) > 0 && is.Match(queue) && !was.Match(queue) {
			out = append(out, views.TeamQueue{Key: queue, Teams: of})
		}
	}
	return out, nil
}

// spelledOut are the patterns that are names.
func spelledOut(p delivery.Patterns) []string {
	var out []string
	for _, pattern := range p {
		if !strings.ContainsAny(pattern, "*?!") {
			out = append(out, pattern)
		}
	}
	return out
}

// checkShares refuses a lead a queue of a team that they are no member of: its
// statuses and hours would stop applying to it.
func (s *Server) checkShares(ctx context.Context, may rights, id int64, was, is delivery.Patterns) error {
	if may.admin {
		return nil
	}
	taken, err := s.newlyShared(ctx, may, id, was, is, func(t control.Team) bool { return !may.team(t.Name) })
	if err != nil || len(taken) == 0 {
		return err
	}
	p := i18n.From(ctx)
	var text []string
	for _, q := range taken[:min(len(taken), sharedNamed)] {
		text = append(text, p.T("teams.taken", "queue", q.Key, "teams", strings.Join(q.Teams, ", ")))
	}
	if more := len(taken) - sharedNamed; more > 0 {
		text = append(text, p.T("teams.taken.more", "n", more))
	}
	return &control.FieldError{Field: "queues", Code: "taken", Message: strings.Join(text, " ")}
}

// checkTeam finds what is wrong with a team from a form that only the form, the
// data and the reader tell.
func (s *Server) checkTeam(r *http.Request, stored, t control.Team, may rights) error {
	ctx := r.Context()
	err := s.checkMembers(r)
	if stored.Provisioned {
		return err
	}
	if slices.ContainsFunc(t.Queues, func(p string) bool { return strings.ContainsAny(p, "[]{}") }) {
		return errors.Join(err, &control.FieldError{Field: "queues", Code: "brackets", Message: "only * ? and ! are special in patterns"})
	}
	return errors.Join(err, s.checkShares(ctx, may, stored.ID, stored.Queues, t.Queues))
}

func (s *Server) checkMembers(r *http.Request) error {
	users, err := s.userNames(r.Context())
	if err != nil {
		return err
	}
	for _, text := range r.PostForm["member"] {
		id, err := strconv.ParseInt(text, 10, 64)
		if _, ok := users[id]; err != nil || !ok {
			return &control.FieldError{Field: "member", Code: "unknown", Message: "there is no such user"}
		}
	}
	return nil
}

// takenOut refuses to add a queue that a pattern of the team leaves out.
func takenOut(ctx context.Context, t control.Team, queue string) error {
	if t.Queues.Match(queue) {
		return nil
	}
	for _, pattern := range t.Queues {
		if without, ok := strings.CutPrefix(pattern, "!"); ok && (delivery.Patterns{without}).Match(queue) {
			return &control.FieldError{Field: "queues", Code: "taken_out", Message: i18n.T(ctx, "teams.taken_out", "pattern", pattern, "queue", queue)}
		}
	}
	return nil
}

// renames reports whether a form gives another name than the stored one to who
// may not.
func renames(r *http.Request, stored control.Team, may rights) bool {
	return (!may.admin || stored.Provisioned) && r.PostForm.Has("name") && strings.TrimSpace(r.PostFormValue("name")) != stored.Name
}

// teamSaid is what to say of a saved team: whom it shares queues with now, and
// that it maps nothing.
func teamSaid(ctx context.Context, t control.Team, shared []views.TeamQueue) string {
	p := i18n.From(ctx)
	text := []string{p.T("teams.saved")}
	if len(t.Queues)+len(t.Repositories)+len(t.Services)+len(t.SentryProjects)+len(t.CIProjects)+len(t.JiraProjects) == 0 {
		text = append(text, p.T("teams.empty"))
	}
	for _, g := range views.SharedGroups(shared) {
		text = append(text, p.T("teams.shared.now", "n", g.N, "queues", g.Queues, "teams", g.Teams))
	}
	return strings.Join(text, " ")
}
