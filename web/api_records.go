package web

import (
	"context"
	"encoding/csv"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"

	"throughline/internal/delivery"
)

// apiRecord is an issue behind a panel.
type apiRecord struct {
	delivery.IssueReport
	Value    *float64      `json:"value"`    // seconds by the clock asked for; null when left out
	Excluded delivery.Word `json:"excluded"` // why it is left out; null when it counts
}

// apiRecords lists the issues behind a panel, or behind a mark of it.
func (s *Server) apiRecords(w http.ResponseWriter, r *http.Request) {
	q, ok := s.recordsQuery(w, r, "limit", "cursor")
	if !ok {
		return
	}
	limit := q.Limit
	q.Limit++ // one more, to know whether there is a next page
	found, q, err := s.records(r.Context(), q)
	if err != nil {
		s.listFail(w, r, err)
		return
	}
	answer := apiList[apiRecord]{Items: []apiRecord{}}
	if len(found.Items) > limit {
		found.Items = found.Items[:limit]
		answer.NextCursor = recordsCursor(q.Offset + limit)
	}
	for _, item := range found.Items {
		answer.Items = append(answer.Items, apiRecordOf(item, &q.FlowQuery))
	}
	writeJSON(w, http.StatusOK, answer)
}

func apiRecordOf(item delivery.Record, q *delivery.FlowQuery) apiRecord {
	return apiRecord{delivery.ReportListed(item.ListedIssue, q.CalendarOf(item.Queue), q.Now), item.Value, delivery.Word(item.Reason)}
}

// recordsChunk is how many issues of a whole list are in memory at once.
const recordsChunk = 5000

// apiRecordsCSV is the whole list of apiRecords, written while it is read.
func (s *Server) apiRecordsCSV(w http.ResponseWriter, r *http.Request) {
	q, ok := s.recordsQuery(w, r)
	if !ok {
		return
	}
	q.Limit = recordsChunk
	found, q, err := s.records(r.Context(), q)
	if err != nil {
		s.listFail(w, r, err)
		return
	}
	total := found.Total
	csvHeaders(w, q.Panel+"-issues.csv")
	out := csv.NewWriter(w)
	err = out.Write(append(issueColumns(), "value_seconds", "excluded"))
	for err == nil {
		err = writeRecords(out, found.Items, &q.FlowQuery)
		if q.Offset += len(found.Items); err != nil || q.Offset >= total {
			break
		}
		if found, err = s.nextRecords(r.Context(), q, total); err == nil && len(found.Items) == 0 {
			break
		}
	}
	out.Flush()
	if err = errors.Join(err, out.Error()); err != nil {
		s.abort(r, err)
	}
}

// errRecordsChanged is why a list that new data came into is broken off.
var errRecordsChanged = errors.New("the data changed while it was written")

func (s *Server) nextRecords(ctx context.Context, q delivery.RecordsQuery, total int) (delivery.Records, error) {
	found, err := s.store.Records(ctx, q)
	if err == nil && found.Total != total {
		err = errRecordsChanged
	}
	return found, err
}

func writeRecords(out *csv.Writer, items []delivery.Record, q *delivery.FlowQuery) error {
	for _, item := range items {
		r := apiRecordOf(item, q)
		if err := out.Write(append(issueRow(r.IssueReport), csvFloat(r.Value), string(r.Excluded))); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// recordsQuery reads what a program asks of the records of a panel. When it
// cannot, the answer is written.
func (s *Server) recordsQuery(w http.ResponseWriter, r *http.Request, extra ...string) (delivery.RecordsQuery, bool) {
	var none delivery.RecordsQuery
	p, ok := panelBySlug(chi.URLParam(r, "slug"))
	if !ok {
		s.notFound(w, r)
		return none, false
	}
	q, err := query(r)
	if err != nil {
		badRequest(w, err)
		return none, false
	}
	f, _, err := s.filter(r.Context(), delivery.OfIssues, q, append(extra, "status", "excluded", "sort")...)
	if err != nil && len(filterDetails(err)) == 0 {
		s.apiFail(w, r, err)
		return none, false
	}
	records := delivery.RecordsQuery{
		FlowQuery: delivery.FlowQuery{Filter: f}, Panel: p.slug,
		Status: q.Get("status"), Excluded: q.Get("excluded"), Sort: q.Get("sort"),
	}
	var limitErr, cursorErr error
	records.Limit, limitErr = limitOf(q)
	records.Offset, cursorErr = recordsOffset(q)
	if err := errors.Join(err, records.Validate(), limitErr, cursorErr); err != nil {
		badRequest(w, err)
		return none, false
	}
	return records, true
}

// A cursor of records is how many come before: their order is computed anew for
// each page.
const recordsCursorPrefix = "after-"

func recordsCursor(offset int) string { return recordsCursorPrefix + strconv.Itoa(offset) }

func recordsOffset(q url.Values) (int, error) {
	text := q.Get("cursor")
	if text == "" {
		return 0, nil
	}
	number, ok := strings.CutPrefix(text, recordsCursorPrefix)
	n, err := strconv.ParseUint(number, 10, 31)
	if !ok || err != nil {
		return 0, &delivery.FilterError{Param: "cursor", Message: "not a cursor of this list"}
	}
	return int(n), nil
}
