package tracker

import (
	"context"
	"net/http"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

const (
	// maxRetried is how many bad records one pull tries again; the others
	// have their turn in the next.
	maxRetried = 500
	retryPage  = 50
)

// retry tries the records again that could not be read before.
func (p *pull) retry(ctx context.Context) error {
	list := p.cursor.Retry[:min(len(p.cursor.Retry), maxRetried)]
	if len(list) == 0 {
		return nil
	}
	p.progress = source.Progress{Phase: phaseRetry, Found: len(list)}
	todo := append([]unread(nil), list...)
	for len(todo) > 0 {
		n := min(len(todo), retryPage)
		page, err := p.again(ctx, todo[:n])
		if err != nil {
			return err
		}
		if err := p.storeSingles(page); err != nil {
			return err
		}
		todo = todo[n:]
	}
	p.progress = source.Progress{}
	return nil
}

// singles are issues asked for one by one.
type singles struct {
	outcome
	solved []unread
	gone   []string // ids
}

// again asks for each of a few records by itself.
func (p *pull) again(ctx context.Context, list []unread) (out singles, err error) {
	var entries []entry
	var refused outcome
	var trouble trouble
	for _, u := range list {
		e, missing, err := p.issue(ctx, u)
		problem, systemic, ok := ofRecord(err)
		if err == nil {
			trouble.over()
		}
		switch {
		case err != nil && (!ok || systemic && trouble.more()):
			return out, err
		case missing:
			out.solved = append(out.solved, u)
			if u.ID != "" {
				out.gone = append(out.gone, u.ID)
			}
		case err != nil:
			refused.failed(&e, problem)
		default:
			entries = append(entries, e)
		}
	}
	gone, ended, err := p.stored(ctx, out.gone)
	if err != nil {
		return out, err
	}
	out.gone, out.outcome = gone, p.resolve(ctx, entries)()
	out.incidents = append(out.incidents, ended...)
	out.read = len(list)
	out.bad = append(out.bad, refused.bad...)
	out.problems = append(out.problems, refused.problems...)
	if out.err == nil {
		for _, e := range entries {
			out.solved = append(out.solved, unread{ID: e.id, Key: e.key})
		}
	}
	return out, nil
}

// storeSingles yields the page of singles.
func (p *pull) storeSingles(s singles) error {
	p.progress.Read += s.read
	for _, u := range s.solved {
		p.cursor.solved(u)
	}
	for _, u := range s.bad {
		p.cursor.failed(u)
	}
	b := s.batch()
	b.Gone = s.gone
	if err := p.emit(b, s.problems); err != nil {
		return err
	}
	return s.err
}

// issue asks for one issue, by its key or else its id. It is missing when
// neither finds it.
func (s *Source) issue(ctx context.Context, u unread) (e entry, missing bool, err error) {
	e = entry{id: u.ID, key: u.Key}
	for _, name := range []string{u.Key, u.ID} {
		if name == "" {
			continue
		}
		var a *answer
		a, err = s.client.do(ctx, request{method: http.MethodGet, path: "/issues/" + name, limit: maxSearchBody, single: true})
		if isStatus(err, http.StatusNotFound, http.StatusGone) {
			continue
		}
		if err != nil {
			return e, false, err
		}
		found := s.entryOf(a.body)
		if found.id == "" {
			found.id = u.ID
		}
		if found.key == "" {
			found.key = u.Key
		}
		if u.ID == "" || found.id == u.ID {
			return found, false, nil
		}
	}
	return e, true, nil
}

// stored are those of ids that are stored and not gone, and those of them that were
// incidents.
func (p *pull) stored(ctx context.Context, ids []string) (out []string, ended []delivery.Incident, err error) {
	if len(ids) == 0 {
		return nil, nil, nil
	}
	states, err := p.known.IssueStates(ctx, p.connection, ids)
	for _, id := range ids {
		st, ok := states[id]
		if !ok || st.Gone {
			continue
		}
		out = append(out, id)
		if incident, was := p.goneIncident(st); was {
			ended = append(ended, incident)
		}
	}
	return out, ended, err
}
