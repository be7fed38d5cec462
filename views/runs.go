package views

import (
	"cmp"
	"context"
	"maps"
	"net/url"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// Runs is the page of the CI runs behind a chart.
type Runs struct {
	Page
	Query    url.Values // canonical
	Filter   FlowFilter
	Problems []FilterProblem // with any, nothing is listed
	Zone     *time.Location

	Sentence string
	Rows     []delivery.RunReport
	Next     string // cursor of the page behind this one, "" at the end
	Empty    *RunsEmpty
}

// RunsEmpty says why no runs are listed, and leads to where some are.
type RunsEmpty struct {
	Reason string // end, none, branch, filter or no_data
	Fix    string // "" where there is nothing to do
}

// path is a list with other values of parameters than now; "" takes one out. It
// begins at the first page.
func (l Runs) path(ctx context.Context, path string, params ...string) templ.SafeURL {
	q := l.filter()
	for i := 0; i+1 < len(params); i += 2 {
		if q.Del(params[i]); params[i+1] != "" {
			q.Set(params[i], params[i+1])
		}
	}
	return withQuery(ctx, path, q)
}

// data is the list for programs, which is of every branch unless it is told: the
// default ones are those of branch=.
func (l Runs) data(ctx context.Context, suffix string) templ.SafeURL {
	q := l.filter()
	if !q.Has("branch") {
		q.Set("branch", "")
	}
	return withQuery(ctx, "/api/v1/runs"+suffix, q)
}

func (l Runs) filter() url.Values {
	q := maps.Clone(l.Query)
	q.Del("cursor")
	return q
}

func withQuery(ctx context.Context, path string, q url.Values) templ.SafeURL {
	if len(q) > 0 {
		path += "?" + q.Encode()
	}
	return templ.SafeURL(URL(ctx, path))
}

// statuses are the ways to list the runs of one status.
func (l Runs) statuses(ctx context.Context) []Tab {
	chosen := l.Query["status"]
	tabs := []Tab{{Label: t(ctx, "runs.every_status"), Path: string(l.path(ctx, "/runs", "status", "")), Current: len(chosen) == 0}}
	for _, s := range delivery.RunStatuses() {
		tabs = append(tabs, Tab{
			Label: t(ctx, "run.status."+string(s)), Path: string(l.path(ctx, "/runs", "status", string(s))),
			Current: len(chosen) == 1 && chosen[0] == string(s),
		})
	}
	return tabs
}

// runName is what people call a run: its workflow and number, or else what its
// source tells it by.
func runName(r *delivery.RunReport) string {
	number := ""
	if r.Number != nil {
		number = "#" + strconv.FormatInt(*r.Number, 10)
	}
	switch {
	case r.Workflow == "":
		return cmp.Or(number, "#"+r.ID)
	case number == "":
		return string(r.Workflow) + " " + r.ID
	}
	return string(r.Workflow) + " " + number
}

func runPath(ctx context.Context, r *delivery.RunReport) templ.SafeURL {
	return templ.SafeURL(URL(ctx, "/runs/"+strconv.FormatInt(r.Run, 10)))
}

// statusKind is the kind of the badge of a status.
func statusKind(s delivery.RunStatus) string {
	switch s {
	case delivery.RunSuccess:
		return "good"
	case delivery.RunFailed:
		return "bad"
	case delivery.RunWaiting, delivery.RunRunning:
		return "busy"
	default:
		return "plain"
	}
}

// secondsOf is a duration of a run, – when it is not said.
func secondsOf(ctx context.Context, seconds *int64) string {
	if seconds == nil {
		return "–"
	}
	return elapsed(ctx, *seconds)
}

func (l Runs) moment(ctx context.Context, i delivery.Instant) string {
	if !i.Known() {
		return "–"
	}
	return i18n.From(ctx).DateTime(i.Time().In(l.Zone))
}

// newest is the first page, "" on itself; older is the next one.
func (l Runs) newest(ctx context.Context) string {
	if !l.Query.Has("cursor") {
		return ""
	}
	return string(l.path(ctx, "/runs"))
}

func (l Runs) older(ctx context.Context) string {
	if l.Next == "" {
		return ""
	}
	return string(l.path(ctx, "/runs", "cursor", l.Next))
}

func orDash(text string) string { return cmp.Or(text, "–") }
