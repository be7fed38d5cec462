package views

import (
	"cmp"
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// Records is the page of the issues behind a chart: its filter, and the place
// of their table.
type Records struct {
	Page
	Filter FlowFilter
	Pinned *Pinned
	List   RecordsList
}

// RecordsList is a list of issues behind a chart.
type RecordsList struct {
	Panel    Panel // its place on the page; its Query is the filter alone
	Title    string
	Chart    string // title of the chart
	Query    url.Values
	Clock    delivery.Clock
	Status   string
	Excluded string
	Sort     string
	Page     int

	// What follows is known once the list is read.
	Sentence string
	Rows     []RecordRow
	Total    int
	PerPage  int
	Zone     *time.Location
	Day      float64 // hours of a day by the clock
	Empty    *Empty
}

// RecordRow is an issue of a list.
type RecordRow struct {
	delivery.IssueReport
	Value  *float64
	Reason string
}

// path is the page with other values of parameters than now; "" takes one out.
func (l RecordsList) path(ctx context.Context, params ...string) templ.SafeURL {
	q := url.Values{}
	for name, values := range l.Query {
		q[name] = values
	}
	for i := 0; i+1 < len(params); i += 2 {
		if params[i+1] == "" {
			q.Del(params[i])
		} else {
			q.Set(params[i], params[i+1])
		}
	}
	return templ.SafeURL(URL(ctx, "/issues?"+q.Encode()))
}

// data is the whole list for programs.
func (l RecordsList) data(ctx context.Context, ext string) templ.SafeURL {
	q := url.Values{}
	for name, values := range l.Query {
		if name != "panel" && name != "page" {
			q[name] = values
		}
	}
	return templ.SafeURL(URL(ctx, "/api/v1/panels/"+l.Panel.Slug+"/records"+ext+"?"+q.Encode()))
}

func (l RecordsList) pages() int { return (l.Total + l.PerPage - 1) / max(1, l.PerPage) }

// first and last are the places of the rows shown, from 1.
func (l RecordsList) first() int { return (l.Page-1)*l.PerPage + 1 }
func (l RecordsList) last() int  { return (l.Page-1)*l.PerPage + len(l.Rows) }

func (l RecordsList) page(ctx context.Context, n int) templ.SafeURL {
	if n == 1 {
		return l.path(ctx, "page", "")
	}
	return l.path(ctx, "page", strconv.Itoa(n))
}

// recordColumn is a column of the list.
type recordColumn struct {
	id       string // message
	num      bool
	up, down string // orders; "" when it cannot be sorted by that
}

// valueColumn is the message that says what the values of a list are.
func (l RecordsList) valueColumn() string {
	switch {
	case l.Panel.Slug == agingSlug:
		return "table.seconds.age"
	case leadTimes[l.Panel.Slug] && (l.Status == "" || l.Status == closedArea):
		return "issue.figure.lead_time"
	case l.Status != "":
		return "records.time_in_status"
	}
	return "table.seconds"
}

// leadTimes are the panels whose records are measured from their creation on.
var leadTimes = map[string]bool{leadTimeSlug: true, throughputSlug: true, cumulativeSlug: true, "forecast": true}

func (l RecordsList) columns() []recordColumn {
	value := l.valueColumn()
	columns := []recordColumn{
		{"table.key", false, delivery.ByKey, ""},
		{"table.title", false, "", ""},
		{"table.type", false, "", ""},
		{"flow.queue", false, "", ""},
		{"table.status", false, "", ""},
		{"issue.created", false, "", ""},
		{"table.closed_at", false, delivery.OldestFirst, delivery.NewestFirst},
	}
	if l.Excluded != "" {
		return append(columns, recordColumn{"records.reason", false, "", ""})
	}
	return append(columns, recordColumn{value, true, delivery.ShortestFirst, delivery.LongestFirst})
}

func (l RecordsList) sort() string {
	return cmp.Or(l.Sort, delivery.LongestFirst)
}

// sorted is the column's aria-sort, "" when the list is not sorted by it.
func (l RecordsList) sorted(c recordColumn) string {
	switch l.sort() {
	case c.up:
		return "ascending"
	case c.down:
		return "descending"
	}
	return ""
}

// other is the order that a click on a column's head asks for.
func (l RecordsList) other(c recordColumn) string {
	if c.down != "" && l.sort() != c.down {
		return c.down
	}
	return c.up
}

func (l RecordsList) value(ctx context.Context, r RecordRow) string {
	switch {
	case r.Value == nil:
		return "–"
	case *r.Value == 0 && l.Clock == delivery.Business:
		return t(ctx, "chart.outside")
	}
	return i18n.From(ctx).Duration(*r.Value, l.Day)
}

func (l RecordsList) moment(ctx context.Context, i delivery.Instant) string {
	if !i.Known() {
		return "–"
	}
	return i18n.From(ctx).DateTime(i.Time().In(l.Zone))
}
