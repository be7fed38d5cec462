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
	if out.gone, err = p.stored(ctx, out.gone); err != nil {
		return out, err
	}
	out.outcome = p.resolve(ctx, entries)()
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
	if err := p.emit(delivery.Batch{Issues: s.records, Gone: s.gone}, s.problems); err != nil {
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

// stored are those of ids that are stored and not gone.
func (s *Source) stored(ctx context.Context, ids []string) ([]string, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	states, err := s.known.IssueStates(ctx, s.connection, ids)
	var out []string
	for _, id := range ids {
		if st, ok := states[id]; ok && !st.Gone {
			out = append(out, id)
		}
	}
	return out, err
}
