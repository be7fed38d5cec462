package delivery

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// EnoughForDora is the least number of deployments for which a rate of them says
// something.
const EnoughForDora = 5

// Reasons for which a deployed change is left out of change lead time, besides
// ChangeFirst and ChangeSilence.
const (
	ChangeBot       = "bot"
	ChangeSkew      = "skew"       // it was deployed before it began: clocks disagree
	ChangeNoStart   = "no_start"   // nobody knows when it began
	ChangeNotMerged = "not_merged" // by the clock from the merge: of a commit without one
	Unwatched       = "unwatched"  // of deployments: nothing tells of incidents of the service
	IncidentOpen    = "open"
)

func compareAt(a, b Instant, x, y string) int {
	return cmp.Or(cmp.Compare(a, b), strings.Compare(x, y))
}

// dora starts a panel of deployments.
func (q *DoraQuery) dora(slug string, shape Shape, of Quantity, s Sample, headline ...Figure) PanelData {
	s.AsOf = cmp.Or(s.AsOf, q.Now)
	return PanelData{
		Slug: slug, Of: OfDora, Shape: shape, Quantity: of, Filter: q.Filter, Zone: q.Zone, Day: 24 * time.Hour,
		Sample: s, Headline: append(headline, Figure{"count", number(s.N)}),
	}
}

// bucketing finds the bucket of an instant.
type bucketing struct {
	all []Bucket
}

func (q *DoraQuery) buckets() bucketing {
	return bucketing{Buckets(q.From, q.To, q.Unit, q.Zone, q.Now)}
}

// of is the index of the bucket that an instant is in, -1 outside the range.
func (b *bucketing) of(at Instant) int {
	i, found := slices.BinarySearchFunc(b.all, at, func(b Bucket, at Instant) int { return cmp.Compare(b.Start, at) })
	if !found {
		i--
	}
	if i < 0 || i >= len(b.all) || at >= b.all[i].End {
		return -1
	}
	return i
}

// row is a series with a value for each bucket.
func (b *bucketing) row(q *DoraQuery, name string, enough int, value func(i int) (*float64, int)) Series {
	s := Series{Name: name, Points: []Point{}}
	for i := range b.all {
		v, n := value(i)
		s.Points = append(s.Points, b.all[i].slot(q.Zone, v, n, enough))
	}
	return s
}

// Panel is what a panel of DORA shows: deployment-frequency, change-lead-time,
// lead-time-stages, change-fail-rate, recovery-time, rework-rate or incidents.
func (d *DoraData) Panel(slug string, q DoraQuery) (PanelData, error) {
	switch slug {
	case "deployment-frequency":
		return d.frequency(q), nil
	case "change-lead-time":
		return d.leadTime(q)
	case "lead-time-stages":
		return d.stages(q)
	case "change-fail-rate":
		return d.failRate(q), nil
	case "recovery-time":
		return d.recovery(q), nil
	case "rework-rate":
		return d.rework(q), nil
	case "incidents":
		return d.incidents(q), nil
	}
	return PanelData{}, fmt.Errorf("no such panel of deployments: %q", slug)
}

// kindsShown is the order in which frequency stacks kinds: the last two do not count.
var kindsShown = []DeployKind{KindNormal, KindHotfix, KindConfig, KindRollback, KindRedeploy}

// frequency counts successful groups by kind. The headline is of complete weeks
// since the first deployment there was.
func (d *DoraData) frequency(q DoraQuery) PanelData {
	b := q.buckets()
	counts := make([][5]int, len(b.all))
	weeks := bucketing{Buckets(q.From, q.To, Week, q.Zone, q.Now)}
	perWeek, days := make([]int, len(weeks.all)), make([]map[Date]bool, len(weeks.all))
	n := 0
	for i := range d.Groups {
		g := &d.Groups[i]
		if !g.Succeeded || !q.within(g.FinishedAt) {
			continue
		}
		if at := b.of(g.FinishedAt); at >= 0 {
			counts[at][slices.Index(kindsShown, g.Kind)]++
		}
		if !g.counts() {
			continue
		}
		n++
		if at := weeks.of(g.FinishedAt); at >= 0 {
			perWeek[at]++
			if days[at] == nil {
				days[at] = map[Date]bool{}
			}
			days[at][DateOf(g.FinishedAt.Time().In(q.Zone))] = true
		}
	}
	total, whole := 0, 0
	var deployDays []int64
	for i, week := range weeks.all {
		if week.Partial || d.First == 0 || week.End <= d.First {
			continue
		}
		whole++
		total += perWeek[i]
		deployDays = append(deployDays, int64(len(days[i])))
	}
	var mean, median *float64
	if whole > 0 {
		m := float64(total) / float64(whole)
		slices.Sort(deployDays)
		p50 := Quantile(deployDays, 0.5)
		mean, median = &m, &p50
	}
	panel := q.dora("deployment-frequency", Stack, DeploymentCounts, Sample{N: n},
		Figure{"mean", mean}, Figure{"p50", median}, Figure{"weeks", number(whole)})
	for k, kind := range kindsShown {
		panel.Series = append(panel.Series, b.row(&q, string(kind), 0, func(i int) (*float64, int) {
			return number(counts[i][k]), counts[i][0] + counts[i][1] + counts[i][2]
		}))
	}
	return panel
}

// tally is k of n, by bucket and over all.
type tally struct {
	k, n   int
	ks, ns []int
}

func newTally(buckets int) tally { return tally{ks: make([]int, buckets), ns: make([]int, buckets)} }

func (t *tally) add(bucket int, hit bool) {
	t.n++
	t.ns[bucket]++
	if hit {
		t.k++
		t.ks[bucket]++
	}
}

func rate(k, n int) *float64 {
	if n == 0 {
		return nil
	}
	v := float64(k) / float64(n)
	return &v
}

// panel shows a tally: named is what the k are.
func (t *tally) panel(q *DoraQuery, b *bucketing, slug, named string, excluded map[string]int) PanelData {
	low, high := Wilson(t.k, t.n)
	panel := q.dora(slug, Trend, Rates, Sample{N: t.n, Excluded: excluded},
		Figure{"rate", rate(t.k, t.n)}, Figure{"low", low}, Figure{"high", high}, Figure{named, number(t.k)})
	panel.Series = []Series{
		b.row(q, "rate", EnoughForDora, func(i int) (*float64, int) { return rate(t.ks[i], t.ns[i]), t.ns[i] }),
		b.row(q, "count", 0, func(i int) (*float64, int) { return number(t.ns[i]), t.ns[i] }),
	}
	return panel
}

// failRate is failed ÷ counted groups, of services of which anything tells of
// incidents.
func (d *DoraData) failRate(q DoraQuery) PanelData {
	b := q.buckets()
	t := newTally(len(b.all))
	excluded := map[string]int{}
	for i := range d.Groups {
		g := &d.Groups[i]
		at := b.of(g.FinishedAt)
		switch {
		case !g.counts() || at < 0:
		case !d.Watched[g.Service]:
			excluded[Unwatched]++
		default:
			t.add(at, g.Failed(q.Suspected))
		}
	}
	return t.panel(&q, &b, "change-fail-rate", "failed", excluded)
}

// rework is rollbacks, hotfixes, unplanned and mending deployments ÷ all but
// redeployments.
func (d *DoraData) rework(q DoraQuery) PanelData {
	b := q.buckets()
	t := newTally(len(b.all))
	for i := range d.Groups {
		g := &d.Groups[i]
		if at := b.of(g.FinishedAt); at >= 0 && g.Succeeded && g.Kind != KindRedeploy {
			t.add(at, g.Kind == KindRollback || g.Kind == KindHotfix || g.Unplanned || g.Remedy)
		}
	}
	return t.panel(&q, &b, "rework-rate", "rework", map[string]int{})
}

// spans are durations by bucket and over all, in milliseconds.
type spans struct {
	all      []int64
	byBucket [][]int64
}

func newSpans(buckets int) spans { return spans{byBucket: make([][]int64, buckets)} }

func (s *spans) add(bucket int, millis int64) {
	s.all = append(s.all, millis)
	s.byBucket[bucket] = append(s.byBucket[bucket], millis)
}

// halves are p50 and p85, R7, in seconds.
type halves struct {
	n        int
	p50, p85 *float64
}

func halvesOf(millis []int64) halves {
	h := halves{n: len(millis)}
	if h.n > 0 {
		slices.Sort(millis)
		p50, p85 := percentile(millis, 50), percentile(millis, 85)
		h.p50, h.p85 = &p50, &p85
	}
	return h
}

// rows are the series of spans, with a suffix to their names.
func (s *spans) rows(q *DoraQuery, b *bucketing, suffix string) []Series {
	each := make([]halves, len(b.all))
	for i := range each {
		each[i] = halvesOf(s.byBucket[i])
	}
	return []Series{
		b.row(q, "p50"+suffix, EnoughForP50, func(i int) (*float64, int) { return each[i].p50, each[i].n }),
		b.row(q, "p85"+suffix, EnoughForP85, func(i int) (*float64, int) { return each[i].p85, each[i].n }),
	}
}

func (s *spans) counts(q *DoraQuery, b *bucketing) Series {
	return b.row(q, "count", 0, func(i int) (*float64, int) { n := len(s.byBucket[i]); return number(n), n })
}

// recovery is from the end of a failed deployment to when it was recovered from, in
// the bucket of its end.
func (d *DoraData) recovery(q DoraQuery) PanelData {
	b := q.buckets()
	s, business := newSpans(len(b.all)), newSpans(len(b.all))
	excluded := map[string]int{}
	for i := range d.Groups {
		g := &d.Groups[i]
		at := b.of(g.FinishedAt)
		if at < 0 || !g.counts() || !g.Failed(q.Suspected) {
			continue
		}
		recovered := g.RecoveredAt
		if q.Suspected {
			recovered = g.RecoveredAtAny
		}
		switch {
		case recovered == 0:
			excluded[IncidentOpen]++
		case recovered < g.FinishedAt:
			excluded[ChangeSkew]++
		default:
			s.add(at, int64(recovered-g.FinishedAt))
			if q.Clock == Business && q.Calendar != nil {
				business.add(at, q.Calendar.Between(g.FinishedAt, recovered))
			}
		}
	}
	return q.spanPanel("recovery-time", &b, &s, &business, excluded, Figure{"open", number(excluded[IncidentOpen])})
}

// spanPanel shows durations; business ones are a second series only.
func (q *DoraQuery) spanPanel(slug string, b *bucketing, s, business *spans, excluded map[string]int, more ...Figure) PanelData {
	series := s.rows(q, b, "")
	all := halvesOf(s.all)
	figures := []Figure{{"p50", all.p50}, {"p85", all.p85}}
	if q.Clock == Business {
		series = append(series, business.rows(q, b, "_business")...)
		all := halvesOf(business.all)
		figures = append(figures, Figure{"p50_business", all.p50}, Figure{"p85_business", all.p85})
	}
	panel := q.dora(slug, Trend, Durations, Sample{N: len(s.all), Excluded: excluded}, append(figures, more...)...)
	panel.Series = append(series, s.counts(q, b))
	return panel
}

// incidents are those that started in the range: how long it took to restore, of
// those resolved.
func (d *DoraData) incidents(q DoraQuery) PanelData {
	b := q.buckets()
	s, business := newSpans(len(b.all)), newSpans(len(b.all))
	counts := make([]int, len(b.all))
	n, open, excluded := 0, 0, map[string]int{}
	for i := range d.Incidents {
		incident := &d.Incidents[i]
		at := b.of(incident.StartedAt)
		if at < 0 {
			continue
		}
		n++
		counts[at]++
		switch {
		case incident.ResolvedAt == 0:
			open++
		case incident.ResolvedAt < incident.StartedAt:
			excluded[ChangeSkew]++
		default:
			s.add(at, int64(incident.ResolvedAt-incident.StartedAt))
			if q.Clock == Business && q.Calendar != nil {
				business.add(at, q.Calendar.Between(incident.StartedAt, incident.ResolvedAt))
			}
		}
	}
	panel := q.spanPanel("incidents", &b, &s, &business, excluded, Figure{"open", number(open)})
	panel.N = n
	panel.Headline[len(panel.Headline)-1].Value = number(n)
	panel.Series[len(panel.Series)-1] = b.row(&q, "count", 0, func(i int) (*float64, int) { return number(counts[i]), counts[i] })
	return panel
}

// TicketsPanel is the panel tickets: created and closed ones.
func TicketsPanel(tickets []Ticket, q DoraQuery) PanelData {
	b := q.buckets()
	created, closed := newTally(len(b.all)), newTally(len(b.all))
	for i := range tickets {
		if at := b.of(tickets[i].CreatedAt); at >= 0 {
			created.add(at, true)
		}
		if at := b.of(tickets[i].ClosedAt); at >= 0 {
			closed.add(at, true)
		}
	}
	panel := q.dora("tickets", Stack, TicketCounts, Sample{N: created.n}, Figure{"created", number(created.n)}, Figure{"closed", number(closed.n)})
	panel.Series = []Series{
		b.row(&q, "created", 0, func(i int) (*float64, int) { return number(created.ns[i]), created.ns[i] }),
		b.row(&q, "closed", 0, func(i int) (*float64, int) { return number(closed.ns[i]), closed.ns[i] }),
	}
	return panel
}
