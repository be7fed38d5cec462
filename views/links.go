package views

import (
	"context"
	"maps"
	"net/url"
	"time"

	"throughline/internal/delivery"
)

// Records is the address of the issues or runs behind a panel, or behind one mark of
// it: params are names and values in turn that replace those of the page.
func (p Panel) Records(ctx context.Context, slug string, params ...string) string {
	q, err := url.ParseQuery(p.Query)
	if err != nil {
		q = url.Values{}
	}
	path := "/runs?"
	switch {
	case p.Of == delivery.OfDora:
		path = "/" + doraListOf(slug) + "?"
		maps.Copy(q, doraParams[slug])
	case p.Of == delivery.OfErrors:
		path = "/errors/groups?"
		q.Del("bucket")
		maps.Copy(q, errorParams[slug])
	case p.Of != delivery.OfRuns:
		path = "/issues?"
		q.Set("panel", slug)
	}
	maps.Copy(q, measuredRuns[slug])
	for i := 0; i+1 < len(params); i += 2 {
		if params[i] == "from" {
			q.Del("range")
		}
		q.Set(params[i], params[i+1])
	}
	return URL(ctx, path+q.Encode())
}

// measuredRuns are the runs that panels of durations and of success take: those that
// have ended by themselves, whether or not it is known how.
var measuredRuns = func() map[string]url.Values {
	ended := []string{string(delivery.RunSuccess), string(delivery.RunFailed)}
	all := append([]string{string(delivery.RunUnknown)}, ended...)
	return map[string]url.Values{
		"pipeline-duration": {"status": all}, "pipeline-duration-total": {"status": all}, "queue-time": {"status": all},
		"build-duration": {"status": all}, "pipeline-duration-e2e": {"status": all, "restarts": {"false"}},
		"pipeline-success": {"status": ended},
	}
}()

// LeftOut is the address of what a panel leaves out for a reason, "" where there is
// no list of it.
func (p Panel) LeftOut(ctx context.Context, reason string) string {
	if p.Slug == deployJobsSlug || p.Of == delivery.OfErrors || p.Of == delivery.OfSeries {
		return ""
	}
	if p.Of == delivery.OfDora {
		if doraListOf(p.Slug) == "changes" {
			return p.Records(ctx, p.Slug, "excluded", reason)
		}
		return ""
	}
	if p.Of != delivery.OfRuns {
		return p.Records(ctx, p.Slug, "excluded", reason)
	}
	params, ok := map[string]url.Values{
		delivery.RunUnfinished: {"status": {string(delivery.RunWaiting), string(delivery.RunRunning)}},
		delivery.RunWithoutEnd: {"status": {string(delivery.RunCancelled), string(delivery.RunSkipped)}},
		delivery.RunRestarted:  {"restarts": {"true"}},
	}[reason]
	if q, err := url.ParseQuery(p.Query); ok && err == nil {
		maps.Copy(q, params)
		return URL(ctx, "/runs?"+q.Encode())
	}
	return ""
}

// Lists are the addresses of the records behind each bucket or row of a panel; none
// for marks, which are records themselves, and for jobs and builds.
func (p Panel) Lists(ctx context.Context, d delivery.PanelData) []string {
	if p.Slug == deployJobsSlug {
		return nil
	}
	var out []string
	switch d.Shape {
	case delivery.Areas:
		return p.areaLists(ctx, d)
	case delivery.Trend, delivery.Stack:
		for _, b := range BucketsOf(d) {
			from, to := b.days(d.Zone)
			out = append(out, p.Records(ctx, p.Slug, "from", from, "to", to))
		}
	case delivery.Bars:
		if d.Of == delivery.OfErrors {
			return p.errorRows(ctx, d)
		}
		if d.Of != delivery.OfIssues {
			return nil
		}
		for _, point := range d.Series[0].Points {
			out = append(out, p.Records(ctx, p.Slug, "status", point.X))
		}
	}
	return out
}

// areaLists are the addresses of what is behind the ends of buckets, but for the status,
// which is the last parameter.
func (p Panel) areaLists(ctx context.Context, d delivery.PanelData) []string {
	var out []string
	for _, b := range BucketsOf(d) {
		from, to := Range{d.Filter.From, b.To}.days(d.Zone)
		out = append(out, p.Records(ctx, p.Slug, "from", from, "to", to))
	}
	return out
}

// withStatus is the list of an area.
func withStatus(list, status string) string { return list + "&status=" + url.QueryEscape(status) }

// days writes a range as the parameters from and to: as days of zone where it
// begins and ends with them.
func (r Range) days(zone *time.Location) (from, to string) {
	from, to = r.From.String(), r.To.String()
	if day := dayOf(r.From, zone); day.In(zone) == r.From {
		from = day.String()
	}
	if day := dayOf(r.To, zone); day.In(zone) == r.To {
		to = day.AddDays(-1).String() // a day is included
	}
	return from, to
}

func dayOf(i delivery.Instant, zone *time.Location) delivery.Date {
	return delivery.DateOf(i.Time().In(zone))
}
