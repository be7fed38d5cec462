package github

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

const (
	// maxResults is how many runs GitHub shows of one search.
	maxResults = 1000
	// seenSlack is how late an update may show in a list.
	seenSlack = delivery.Instant(2 * 60 * 1000)
)

// errSplit says that a window holds more runs than GitHub shows.
var errSplit = errors.New("too many runs for one search")

// list reads what is left of a window, a page at a time, and leaves it read.
// Its error may be errSplit, before anything was read.
func (p *pull) list(ctx context.Context, r *repo, w *window) error {
	for !w.complete() {
		page := w.Page + 1
		a, err := p.client.do(ctx, request{
			path: "/repos/" + r.name + "/actions/runs", limit: maxListBody, etag: w.etag(page),
			query: url.Values{
				"created": {w.created()}, "per_page": {strconv.Itoa(perPage)}, "page": {strconv.Itoa(page)},
			},
		})
		if err != nil {
			return err
		}
		if page == 1 {
			w.Began = p.dateOf(a)
		}
		n := min(perPage, max(w.Total-w.Page*perPage, 0)) // when it is the same
		if a.same {
			w.Page = page
			p.progress.Read += n
		} else if n, err = p.page(ctx, r, w, page, a); err != nil {
			return err
		}
		if n == 0 {
			break
		}
	}
	w.ETags = w.ETags[:min(w.Page, len(w.ETags))]
	w.Seen, w.Began, w.Page = max(w.Began-seenSlack, 1), 0, 0
	return nil
}

// complete reports whether the last of its pages is in, of those that are shown.
func (w *window) complete() bool {
	return w.Page > 0 && w.Page*perPage >= min(w.Total, maxResults)
}

// dateOf is when GitHub answered, by its own clock.
func (p *pull) dateOf(a *answer) delivery.Instant {
	if t, err := http.ParseTime(a.header.Get("Date")); err == nil {
		return delivery.InstantOf(t)
	}
	return delivery.InstantOf(p.now())
}

// page takes in a page of a list, and says how many runs it has.
func (p *pull) page(ctx context.Context, r *repo, w *window, page int, a *answer) (int, error) {
	var list struct {
		Total int               `json:"total_count"`
		Runs  []json.RawMessage `json:"workflow_runs"`
	}
	if json.Unmarshal(a.body, &list) != nil || list.Runs == nil || list.Total < 0 {
		return 0, &answerError{path: a.path, id: "shape", what: "does not hold what was asked for"}
	}
	var problems []source.Problem
	if page == 1 {
		if list.Total >= maxResults && w.To > w.From {
			return 0, errSplit
		}
		if list.Total > maxResults {
			problems = append(problems, tooMany(r.name, w))
		}
		p.progress.Found += list.Total
	}
	if gone := w.Total - list.Total; page > 1 && gone > 0 {
		// Runs were deleted, and those behind them moved to pages that were read.
		w.Page, w.Total = max(page-1-(gone+perPage-1)/perPage, 0), list.Total
		return len(list.Runs), nil
	}
	o := outcome{problems: problems, etag: a.header.Get("ETag")}
	var wanted []delivery.Run
	for i, raw := range list.Runs {
		run, ok := p.read(r, raw, fmt.Sprintf("%s page %d, run %d", r.name, page, i+1), &o)
		if ok && p.isNew(w, &run) {
			wanted = append(wanted, run)
		}
	}
	if err := p.resolve(ctx, r, wanted, &o); err != nil {
		return 0, p.partly(&o, err)
	}
	p.progress.Read += len(list.Runs)
	w.Page, w.Total = page, list.Total
	if w != r.History {
		p.cursor.keepETag(w, page, o.etag)
	}
	return len(list.Runs), p.store(r, &o)
}

// isNew reports whether a listed run is not in yet as it stands.
func (p *pull) isNew(w *window, run *delivery.Run) bool {
	if w.Seen.Known() && run.UpdatedAt.Known() && run.UpdatedAt < w.Seen {
		return false
	}
	at, taken := p.taken[numberOf(run)]
	return !taken || at != run.UpdatedAt
}

func tooMany(name string, w *window) source.Problem {
	return source.Problem{
		Record: name, Path: "$.total_count",
		Message: fmt.Sprintf("more than %d runs were created at %s: GitHub shows no more of them", maxResults, w.created()),
		Phrase:  source.Phrase{ID: "github.too_many", Args: []string{"most", strconv.Itoa(maxResults), "at", w.created()}},
	}
}
