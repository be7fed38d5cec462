package views

import (
	"time"

	"throughline/internal/delivery"
)

// SeriesView is the page of custom series.
type SeriesView struct {
	Page
	Filter   FlowFilter
	Start    *SeriesStart // instead of all else while nothing was received
	Panel    *Panel       // nil while a query is wrong
	Boxes    []QueryBox
	Full     bool     // there may be no more boxes
	Hidden   []Option // the rest of the filter, by name in Label
	Examples []SeriesExample
	Browser  SeriesBrowser
	Save     *SeriesSave // nil where the reader may not, or there is nothing to save
	Saved    []SavedSeries
	MaySave  bool
}

// SeriesStart says how to send points.
type SeriesStart struct {
	URL    string // of the site
	Tokens bool   // the reader may make one
}

// QueryBox is a query as it was written, and what is wrong with it.
type QueryBox struct {
	Letter  string
	Text    string
	Problem *QueryProblem
}

// QueryProblem says what is wrong with a query, and where: Before, At and After are the
// line that it is in.
type QueryProblem struct {
	Place, Message    string
	Line, Column      int
	Before, At, After string
}

// SeriesExample is a query to begin with.
type SeriesExample struct {
	Label, Query, Href string
}

// SeriesBrowser is where metrics and tags are found.
type SeriesBrowser struct {
	Find    string
	Query   string // of the page, canonical, to keep
	Hidden  []Option
	Metrics SeriesMetrics
	Tags    *SeriesTags // of the metric that was chosen
}

// SeriesMetrics are those that a search found.
type SeriesMetrics struct {
	Rows  []SeriesMetric
	Total int // found; Rows holds the first of them
	Find  string
}

// SeriesMetric is a metric with how many series have it.
type SeriesMetric struct {
	Name   string
	Series int
	Fetch  string // begins a query for it: fetch('name'
	Href   string // the page with a query for it
	Tags   string // path of its tags
	Chosen bool
}

// SeriesTags are the tags of a metric.
type SeriesTags struct {
	Metric string
	Fetch  string
	Series int
	Last   time.Time // of its newest point; zero where there is none
	Keys   []SeriesTag
}

// SeriesTag is a tag with its values, the most frequent first.
type SeriesTag struct {
	Key    string
	Values []SeriesTagValue
	More   int    // values that are not listed
	Term   string // begins a condition on it: host=
	Group  string // what takes its values apart: .avg_by('host')
}

// SeriesTagValue is a value of a tag with how many series have it.
type SeriesTagValue struct {
	Value  string
	Series int
	Term   string // host='a'
	Href   string
}

// SeriesSave is the form that keeps a panel.
type SeriesSave struct {
	Form
	Queries []string
	Range   string
}

// SavedSeries is a saved panel in the list of them.
type SavedSeries struct {
	ID      int64
	Name    string
	Href    string
	Queries []string
	Range   string
	By      string
	At      time.Time
}

// rows is how high a box is.
func (b QueryBox) rows() int {
	n := 2
	for _, r := range b.Text {
		if r == '\n' {
			n++
		}
	}
	return min(n, 12)
}

func (b QueryBox) id() string { return "query-" + b.Letter }

func (b QueryBox) describedBy() string {
	if b.Problem == nil {
		return ""
	}
	return b.id() + "-error"
}

// mostQueries is how many boxes there may be.
const mostQueries = delivery.MaxQueries

// curlExample sends a point to a site.
func curlExample(site string) string {
	return `curl ` + site + `/api/put \
  -H "Authorization: Bearer $TOKEN" \
  -H "Content-Type: application/json" \
  -d "[{\"metric\": \"ci.time\", \"timestamp\": $(date +%s),
        \"value\": 42.5, \"tags\": {\"suite\": \"unit\"}}]"`
}
