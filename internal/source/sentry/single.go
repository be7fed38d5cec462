package sentry

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"

	"throughline/internal/delivery"
)

// maxSingles is how many groups one pull asks for by id.
const maxSingles = 50

// askAlone asks for groups by id: those that are listed no more, and those that could
// not be read.
func (p *pull) askAlone(ctx context.Context) error {
	p.cursor.Alone = slices.DeleteFunc(p.cursor.Alone, func(id string) bool { return p.listed[id] })
	todo := slices.Clone(p.cursor.Alone[:min(len(p.cursor.Alone), maxSingles)])
	var batch delivery.Batch
	var failed error
	for _, id := range todo {
		g, ok, err := p.single(ctx, id)
		if failed = p.alone(ctx, "group", "error group "+id, err); failed != nil {
			break
		}
		if ofServer(err) {
			break // their turn comes again
		}
		if err != nil && !refused(err) {
			continue
		}
		p.cursor.Alone = slices.DeleteFunc(p.cursor.Alone, func(other string) bool { return other == id })
		if ok {
			batch.ErrorGroups = append(batch.ErrorGroups, g)
		}
	}
	if len(todo) == 0 || ctx.Err() != nil {
		return failed
	}
	return cmp.Or(p.emit(batch), failed)
}

// single asks for a group by id; false when nothing is to be stored of it.
func (p *pull) single(ctx context.Context, id string) (delivery.ErrorGroup, bool, error) {
	stored := p.stored[id]
	gone := delivery.ErrorGroup{ID: id, Project: stored.Project, Part: true, Gone: true, ToldAt: delivery.InstantOf(p.now())}
	a, err := p.client.do(ctx, request{to: toGroup, path: p.org("issues/" + url.PathEscape(id) + "/")})
	switch {
	case isStatus(err, http.StatusNotFound, http.StatusGone) && forgotten(&stored, gone.ToldAt):
		gone.Gone, gone.Status, gone.Substatus = false, delivery.GroupIgnored, "forgotten"
		return gone, true, nil
	case isStatus(err, http.StatusNotFound, http.StatusGone):
		return gone, stored.ID != "", nil
	case err != nil:
		return gone, false, err
	}
	var wrong faults
	o := openObject(json.RawMessage(a.body), "$", &wrong)
	s := readGroup(o)
	switch {
	case len(wrong) > 0 && s.group.ID == "":
		return gone, false, &answerError{path: a.path, id: "shape", what: "does not hold what was asked for"}
	case len(wrong) > 0:
		p.readListed(json.RawMessage(a.body)) // says so, and keeps it
		return gone, false, nil
	case s.going, s.group.ID != id: // it was joined to another
		return gone, stored.ID != "", nil
	case !p.chosen(s.group.Project):
		return gone, false, nil
	}
	g := s.group
	readActivity(o, &g)
	g.ToldAt = gone.ToldAt
	g.Events, g.Users = max(g.Events, stored.Events), max(g.Users, stored.Users)
	if slices.ContainsFunc(stored.Environments, func(e delivery.GroupEnvironment) bool { return p.fresh.dropped(&e) }) {
		g.AllEnvironments = true
		for _, e := range stored.Environments {
			if !p.fresh.dropped(&e) {
				g.Environments = append(g.Environments, e)
			}
		}
	}
	return g, true, nil
}

// forgotten reports whether Sentry has a stored group no more because nobody saw it for
// as long as events are kept: here it stays, but it is not open any longer.
func forgotten(stored *delivery.ErrorGroup, now delivery.Instant) bool {
	return stored.LastSeen.Known() && stored.LastSeen < now-millis(remembered)+day
}

func sortStates(states []delivery.GroupState) {
	slices.SortStableFunc(states, func(a, b delivery.GroupState) int { return cmp.Compare(a.At, b.At) })
}
