package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

// recordsPerPage is how many issues a page lists.
const recordsPerPage = 100

// maxRecordsPage bounds the parameter page.
const maxRecordsPage = 100_000

// recordsParams are what a page of records reads besides the filter.
var recordsParams = []string{"panel", "status", "excluded", "sort", "page"}

// Panels whose lists have words of their own.
const (
	agingSlug      = "aging"
	blockedSlug    = "blocked-time"
	cumulativeSlug = "cumulative-flow"
)

// recordsAsked is what a page of records is asked for.
type recordsAsked struct {
	query delivery.RecordsQuery // without what measures it
	panel panel
	page  int
	url   url.Values // canonical
}

// recordsPage is the frame of the issues behind a chart. It runs no query of
// them: the table is asked for by itself.
func (s *Server) recordsPage(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	asked, err := s.askedRecords(r)
	if err != nil && len(filterDetails(err)) == 0 {
		s.fail(w, r, err)
		return
	}
	filter, ferr := s.filterBar(ctx, delivery.OfIssues, "/issues", asked.url, err, "panel", "status", "excluded", "sort", "bucket", "definition")
	filter.Bucket = "" // nothing is cut here
	if ferr != nil {
		s.fail(w, r, ferr)
		return
	}
	list := s.recordsList(ctx, asked)
	page := views.Records{Page: s.page(r, list.Title, "flow"), Filter: filter, List: list}
	page.Pinned = pinnedAt(ctx, "/issues", asked.query.Filter, without(asked.url, "page"))
	page.Scripts = []string{"charts.js"}
	status := http.StatusOK
	if len(filter.Problems) > 0 {
		status = http.StatusBadRequest
	}
	s.render(w, r, status, views.RecordsPage(page))
}

// recordsRows is the table of a page of records.
func (s *Server) recordsRows(w http.ResponseWriter, r *http.Request) {
	asked, err := s.askedRecords(r)
	if len(filterDetails(err)) > 0 {
		s.errorPage(w, r, http.StatusBadRequest)
		return
	}
	list := s.recordsList(r.Context(), asked)
	if err == nil {
		err = s.fillRecords(r.Context(), asked, &list)
	}
	if err != nil {
		s.failPanel(w, r, list.Panel, err)
		return
	}
	s.render(w, r, http.StatusOK, views.RecordsRows(list))
}

// askedRecords reads the query of a page of records.
func (s *Server) askedRecords(r *http.Request) (recordsAsked, error) {
	f, q, err := s.pageFilter(r, delivery.OfIssues, recordsParams...)
	if q == nil {
		return recordsAsked{url: url.Values{}}, err
	}
	if !q.Has("panel") {
		q.Set("panel", "cycle-time")
	}
	asked := recordsAsked{url: q, page: 1, query: delivery.RecordsQuery{
		FlowQuery: delivery.FlowQuery{Filter: f}, Panel: q.Get("panel"), Status: q.Get("status"),
		Excluded: q.Get("excluded"), Sort: q.Get("sort"), Limit: recordsPerPage,
	}}
	if asked.query.Excluded != "" && asked.query.Sort == "" {
		asked.query.Sort = delivery.NewestFirst // they have no value to be sorted by
		q.Set("sort", asked.query.Sort)
	}
	asked.panel, _ = panelBySlug(asked.query.Panel)
	if text := q.Get("page"); text != "" {
		n, perr := strconv.Atoi(text)
		if perr != nil || n < 1 || n > maxRecordsPage {
			return asked, errors.Join(err, asked.query.Validate(), &delivery.FilterError{Param: "page", Code: "page", Message: "not the number of a page"})
		}
		asked.page = n
		asked.query.Offset = (n - 1) * recordsPerPage
	}
	return asked, errors.Join(err, asked.query.Validate())
}

// recordsList is what can be said of a list before it is read.
func (s *Server) recordsList(ctx context.Context, asked recordsAsked) views.RecordsList {
	p, q := i18n.From(ctx), asked.query
	title := "records.title.finished"
	switch {
	case q.Excluded != "":
		title = "records.title.excluded"
	case q.Panel == agingSlug:
		title = "records.title.aging"
	case q.Panel == cumulativeSlug && q.Status == delivery.Closed.String():
	case q.Panel == cumulativeSlug:
		title = "records.title.at"
	case q.Status != "":
		title = "records.title.status"
	}
	list := views.RecordsList{Query: asked.url, Clock: q.Clock, Status: q.Status, Excluded: q.Excluded, Sort: q.Sort, Page: asked.page}
	list.Title = p.T(title, "status", s.statusName(ctx, q.Status))
	list.Panel = views.Panel{Slug: asked.panel.slug, Title: list.Title, Query: without(asked.url, recordsParams...).Encode(), Path: "/issues/rows?" + asked.url.Encode()}
	if asked.panel.slug != "" {
		list.Chart = p.T(asked.panel.title)
	}
	return list
}

// statusName is what a status is called, its key where that is not known.
func (s *Server) statusName(ctx context.Context, key string) string {
	names, err := cached(ctx, s, "status names", func(ctx context.Context) (map[string]string, error) {
		statuses, err := s.store.StatusesInUse(ctx)
		names := map[string]string{}
		for _, status := range statuses {
			if status.Name != "" {
				names[status.Key] = status.Name
			}
		}
		return names, err
	})
	if name := names[key]; err == nil && name != "" {
		return name
	}
	return key
}

// fillRecords reads a list.
func (s *Server) fillRecords(ctx context.Context, asked recordsAsked, list *views.RecordsList) error {
	ctx, cancel := context.WithTimeout(ctx, panelDeadline)
	defer cancel()
	found, q, err := s.records(ctx, asked.query)
	if err != nil {
		return err
	}
	p, f := i18n.From(ctx), q.Filter
	zone := q.Calendar.Zone()
	list.Total, list.PerPage = found.Total, recordsPerPage
	list.Zone, list.Day = zone, dayOf(q.FlowQuery)
	last := min(f.To-1, q.Now).Time().In(zone)
	list.Sentence = s.recordsSentence(ctx, asked.query, found.Total, p.DateSpan(f.From.Time().In(zone), (f.To-1).Time().In(zone)), p.Date(last))
	for _, item := range found.Items {
		list.Rows = append(list.Rows, views.RecordRow{
			IssueReport: delivery.ReportListed(item.ListedIssue, q.CalendarOf(item.Queue), q.Now), Value: item.Value, Reason: item.Reason,
		})
	}
	if found.Total > 0 {
		return nil
	}
	if list.Empty, err = s.noIssues(ctx); err != nil || list.Empty != nil || asked.query.Excluded != "" {
		return err
	}
	chart := asked.panel
	chart.page = "/issues"
	d := delivery.PanelData{Filter: f, Sample: found.Sample, Zone: zone}
	empty, err := s.whyEmpty(ctx, chart, d, without(asked.url, "page").Encode())
	list.Empty = &empty
	return err
}

// dayOf is the length of a day by the clock of a query.
func dayOf(q delivery.FlowQuery) float64 {
	if q.Clock == delivery.Business {
		return q.DayOf(q.Calendar).Hours()
	}
	return 24
}

// records asks the store for the records behind a panel.
func (s *Server) records(ctx context.Context, q delivery.RecordsQuery) (delivery.Records, delivery.RecordsQuery, error) {
	flow, err := s.flowQuery(ctx, q.Filter)
	if err != nil {
		return delivery.Records{}, q, err
	}
	q.FlowQuery = flow
	found, err := s.store.Records(ctx, q)
	if err != nil {
		return found, q, fmt.Errorf("records of %s: %w", q.Panel, err)
	}
	return found, q, nil
}

// recordsSentence says what is listed: how many issues, of what kind, of which
// days, and by which filter.
func (s *Server) recordsSentence(ctx context.Context, q delivery.RecordsQuery, n int, days, last string) string {
	p := i18n.From(ctx)
	text := p.T(recordsWord(&q), "n", n, "days", days, "last", last, "status", s.statusName(ctx, q.Status))
	for _, part := range []struct {
		name   string
		values []string
	}{{"team", q.Teams}, {"queue", q.Queues}, {"type", s.typeNames(ctx, q.Types)}, {"connection", q.Connections}} {
		if len(part.values) > 0 {
			text += ", " + p.T("records.of."+part.name, "n", len(part.values), "names", firstNames(part.values))
		}
	}
	return text
}

// recordsWord is the message that says what a list holds.
func recordsWord(q *delivery.RecordsQuery) string {
	aging, cumulative := q.Panel == agingSlug, q.Panel == cumulativeSlug
	switch {
	case aging && q.Excluded == delivery.AnyReason:
		return "records.excluded." + delivery.NotStarted
	case q.Excluded == delivery.AnyReason:
		return "records.excluded"
	case q.Excluded != "":
		return "records.excluded." + q.Excluded
	case aging && q.Status != "":
		return "records.aging.status"
	case aging:
		return "records.aging"
	case q.Panel == blockedSlug && strings.HasPrefix(q.Status, delivery.TagMark):
		return "records.blocked.tag"
	case q.Panel == blockedSlug:
		return "records.blocked"
	case cumulative && q.Status != delivery.Closed.String():
		return "records.at"
	case q.Status != "" && !cumulative:
		return "records.status"
	}
	return "records.finished"
}

// mostNames is how many values of a filter a sentence names.
const mostNames = 4

func firstNames(names []string) string {
	out := ""
	for i, name := range names {
		if i == mostNames {
			return out + "…"
		}
		if i > 0 {
			out += ", "
		}
		out += name
	}
	return out
}

// typeNames are what types of issues are called.
func (s *Server) typeNames(ctx context.Context, keys []string) []string {
	facets, err := s.facets(ctx)
	if err != nil {
		return keys
	}
	out := slices.Clone(keys)
	for i, key := range out {
		for _, t := range facets.Types {
			if t.Key == key && t.Name != "" {
				out[i] = t.Name
			}
		}
	}
	return out
}
