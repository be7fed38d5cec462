package tracker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

// changelogSizes are the pages asked for, the largest that the server takes;
// 0 leaves it to the server.
var changelogSizes = [...]int{1000, 100, 50, 0}

// want is what of an issue's history has to be fetched.
type want uint8

const (
	wantNothing want = iota // nothing has changed at all
	wantIssue               // the issue has, its history has not
	wantTail                // the history from the last stored event on
	wantHistory             // all of it
)

// plan compares an issue with what is stored of it.
func (s *Source) plan(e *entry, st delivery.IssueState, stored bool) want {
	i := &e.issue
	if !stored || st.Gone {
		return wantHistory
	}
	if st.Version > i.Version && st.UpdatedAt > i.UpdatedAt {
		return wantNothing // an older look at it, from before it was stored
	}
	if s.changelog {
		same := st.Full && st.Key == i.Key && st.Version == i.Version && st.UpdatedAt == i.UpdatedAt
		switch {
		case !same && st.Full && st.LastEventID != "" && st.Events == st.LastOrdinal+1:
			return wantTail
		case !same:
			return wantHistory
		}
	} else {
		same := st.Key == i.Key && st.Queue == i.Queue && st.StatusKey == i.Status.Key && st.StatusStartedAt == i.StatusStartedAt
		// Without statusStartTime a status left and entered again would not show.
		if !same || !i.StatusStartedAt.Known() && st.UpdatedAt != i.UpdatedAt {
			return wantHistory
		}
	}
	if st.Fingerprint == e.stamp {
		return wantNothing
	}
	return wantIssue
}

// record fetches what is wanted of the history and makes the record to write.
func (s *Source) record(ctx context.Context, e *entry, st delivery.IssueState, w want) (delivery.IssueRecord, error) {
	r := delivery.IssueRecord{Issue: e.issue, Fingerprint: e.stamp, Full: s.changelog}
	var err error
	switch w {
	case wantIssue:
		r.Full = st.Full
		s.mapped(e.took)
		return r, nil
	case wantTail:
		var attached bool
		r.Events, attached, err = s.tail(ctx, e, st)
		if err != nil {
			return r, err
		}
		if attached {
			s.mapped(e.took)
			return r, nil
		}
	}
	r.Replace = true
	if r.Events, err = s.entries(ctx, e, ""); err != nil {
		return r, err
	}
	r.Events = ordered(r.Events, 0)
	if !s.changelog {
		r.Events = transitions(r.Events)
	}
	s.mapped(e.took)
	return r, nil
}

// tail fetches the events after the last stored one. They attach when all of
// them are newer than the issue was when it was stored, and tell of its new
// status if it has one.
func (s *Source) tail(ctx context.Context, of *entry, st delivery.IssueState) ([]delivery.Event, bool, error) {
	i := &of.issue
	events, err := s.entries(ctx, of, st.LastEventID)
	if isStatus(err, http.StatusBadRequest, http.StatusNotFound, http.StatusGone, http.StatusUnprocessableEntity) {
		return nil, false, nil // the server no longer knows that event
	}
	if err != nil {
		return nil, false, err
	}
	told := i.Status.Key == st.StatusKey && i.StatusStartedAt == st.StatusStartedAt
	for _, e := range events {
		if e.ID == st.LastEventID || e.At <= st.UpdatedAt {
			return nil, false, nil
		}
		told = told || e.Transition != nil || e.Moved
	}
	return ordered(events, st.LastOrdinal+1), told, nil
}

// entries fetches a changelog, page by page, after an event or from the
// beginning.
func (s *Source) entries(ctx context.Context, of *entry, after string) ([]delivery.Event, error) {
	query := url.Values{}
	if after != "" {
		query.Set("id", after)
	}
	var events []delivery.Event
	seen := map[string]bool{}
	for first := true; ; first = false {
		items, a, err := s.entriesPage(ctx, of.issue.Key, query, first)
		if err != nil {
			return nil, err
		}
		began, fresh := time.Now(), false
		for i, raw := range items {
			e, f := eventOf(raw, s.changelog)
			if f != nil {
				return nil, &historyFault{*f.at(i)}
			}
			if !seen[e.ID] {
				seen[e.ID], fresh = true, true
				events = append(events, e)
			}
		}
		of.took += time.Since(began)
		if len(events) > maxEvents {
			return nil, &historyFault{*wrong("events", fmt.Sprintf("holds more than %d changes", maxEvents), "most", strconv.Itoa(maxEvents))}
		}
		next := a.next()
		if next == nil || len(items) == 0 {
			return events, nil
		}
		if !fresh {
			return nil, &historyFault{*wrong("repeats", "repeats itself from page to page")}
		}
		query = next
	}
}

// historyFault is something wrong in an issue's changelog.
type historyFault struct{ fault }

// entriesPage fetches one page. The first page of a changelog finds out how
// large pages may be; the links to the others say it.
func (s *Source) entriesPage(ctx context.Context, key string, query url.Values, first bool) ([]json.RawMessage, *answer, error) {
	r := request{method: http.MethodGet, path: "/issues/" + key + "/changelog", query: query, limit: maxChangelogBody, single: true}
	if !first {
		return s.client.list(ctx, r)
	}
	start := int(s.changelogStep.Load())
	for step := start; ; step++ {
		r.query = maps.Clone(query)
		if size := changelogSizes[step]; size > 0 {
			r.query.Set("perPage", strconv.Itoa(size))
		}
		items, a, err := s.client.list(ctx, r)
		refused := isStatus(err, http.StatusBadRequest, http.StatusUnprocessableEntity)
		if refused && step+1 < len(changelogSizes) {
			continue
		}
		if err == nil && step > start {
			s.changelogStep.Store(int32(step))
		}
		return items, a, err
	}
}

// ofRecord tells what is wrong with one record from what ends a pull.
// systemic is set when the next record is likely to meet the same.
func ofRecord(err error) (p source.Problem, systemic, ok bool) {
	var history *historyFault
	var status *statusError
	var bad *answerError
	var network *source.NetworkError
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, source.ErrAuth):
		return source.Problem{}, false, false
	case errors.As(err, &history):
		p = history.problem("")
		p.Message, p.ID = "the changelog cannot be read: "+p.Message, "changelog>"+p.ID
		return p, false, true
	case errors.As(err, &status):
		return problemOf("", status), status.status >= 500, true
	case errors.As(err, &bad):
		return problemOf("", bad), !bad.size, true
	case errors.As(err, &network): // a redirect is one, too
		return problemOf("", network), true, true
	}
	return source.Problem{}, false, false
}
