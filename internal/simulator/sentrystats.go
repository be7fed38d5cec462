package simulator

import (
	"math"
	"slices"
	"strconv"

	"throughline/internal/delivery"
)

// outcomes of events.
const (
	accepted    = "accepted"
	filtered    = "filtered"
	rateLimited = "rate_limited"
	invalid     = "invalid"
)

var outcomes = []string{accepted, filtered, rateLimited, invalid}

const (
	mostPoints  = 10_000
	quietDays   = .55 // of a weekday's events
	stormLonger = 5 * hour
)

// storm is how many times as many events there are at t as usual: more for some hours
// after a bad deployment, until the next one.
func (p *errProject) storm(w *errWorld, t delivery.Instant) float64 {
	use := p.using(productionEnv, t+delivery.Instant(hour-1))
	if use == nil || !use.bad || t-use.at > delivery.Instant(stormLonger) {
		return 1
	}
	return 1.8 + 2.5*w.s.part(p.n, int(use.rel.commit>>33), 30)
}

// volume is the number of events of a project with an outcome in an hour that begins
// at t.
func (p *errProject) volume(w *errWorld, outcome string, t delivery.Instant) float64 {
	hourOf := int(int64(t) / hour)
	if t < w.s.c.start {
		return 0
	}
	n := p.events * wake(t+delivery.Instant(30*minute)) * (.75 + .5*w.s.part(p.n, hourOf, 31))
	if !works(timeOf(startOf(localDay(t)) + delivery.Instant(utcOff))) {
		n *= quietDays
	}
	usual := n
	n *= p.storm(w, t)
	switch luck := w.s.part(p.n, hourOf, 32); outcome {
	case filtered:
		return math.Round(usual * (.03 + .05*luck))
	case invalid:
		return math.Floor(usual * .004 * luck)
	case rateLimited:
		over := max(n/p.events-1.3, 0) // what is above the usual peak is not taken
		return math.Round(p.limited * over * p.events * (.5 + luck))
	}
	return math.Round(n)
}

// happened is the number of events with an outcome after from and until to: what an
// hour has goes by evenly.
func (p *errProject) happened(w *errWorld, outcome string, from, to delivery.Instant) int {
	n := 0
	for h := from - from%delivery.Instant(hour); h < to; h += delivery.Instant(hour) {
		v := p.volume(w, outcome, h)
		part := func(t delivery.Instant) int { return int(v * min(max(float64(t-h)/float64(hour), 0), 1)) }
		n += part(to) - part(from)
	}
	return n
}

// series are the intervals of what is asked; the first begins with an interval.
func (a *errAnswer) series(what *asked, usual string) (starts []delivery.Instant, step delivery.Instant, err error) {
	v := a.q.Get("interval")
	if v == "" {
		v = usual
	}
	step, ok := period(v)
	switch {
	case !ok || step%delivery.Instant(hour) != 0:
		return nil, 0, wrong("The interval has to be a multiple of the minimum interval of one hour.")
	case delivery.Instant(day)%step != 0:
		return nil, 0, wrong("The interval should divide one day without a remainder.")
	}
	if !what.window {
		what.from = a.now - delivery.Instant(90*day)
	}
	what.from -= what.from % step
	for t := what.from; t < what.to; t += step {
		starts = append(starts, t)
	}
	return starts, step, nil
}

func told(starts []delivery.Instant) []any {
	out := []any{}
	for _, t := range starts {
		out = append(out, sentryTime(t))
	}
	return out
}

// statsV2 answers GET organizations/{org}/stats_v2/: totals by project, or series of
// those that are asked for.
func (a *errAnswer) statsV2() {
	what, err := a.scope()
	var starts []delivery.Instant
	var step delivery.Instant
	if err == nil {
		starts, step, err = a.series(&what, "1h")
	}
	field := a.q.Get("field")
	if err == nil && field != "sum(quantity)" && field != "sum(times_seen)" {
		err = wrong("Invalid field: " + strconv.Quote(field))
	}
	by := a.q["groupBy"]
	byProject, byOutcome := slices.Contains(by, "project"), slices.Contains(by, "outcome")
	if err != nil {
		a.refuse(err)
		return
	}
	if !byProject && len(starts)*len(outcomes) > mostPoints {
		a.tooMany()
		return
	}
	groups := []any{}
	if v := a.q.Get("category"); v == "" || v == "error" {
		each := [][]*errProject{what.projects}
		if byProject {
			each = nil
			for _, p := range what.projects {
				each = append(each, []*errProject{p})
			}
		}
		kinds := [][]string{outcomes}
		if want := a.q["outcome"]; len(want) > 0 {
			kinds[0] = want
		}
		if byOutcome {
			all := kinds[0]
			kinds = nil
			for _, o := range all {
				kinds = append(kinds, []string{o})
			}
		}
		for _, ps := range each {
			for _, os := range kinds {
				total, values := a.points(ps, os, starts, step)
				if total == 0 {
					continue // there is no row of what did not happen
				}
				named := fieldsOf{}
				if byProject {
					named["project"] = ps[0].id
				}
				if byOutcome {
					named["outcome"] = os[0]
				}
				if slices.Contains(by, "category") {
					named["category"] = "error"
				}
				one := fieldsOf{"by": named, "totals": fieldsOf{field: total}}
				if !byProject {
					one["series"] = fieldsOf{field: values}
				}
				groups = append(groups, one)
			}
		}
	}
	out := fieldsOf{"start": sentryTime(what.from), "end": sentryTime(what.to), "groups": groups}
	if !byProject {
		out["intervals"] = told(starts)
	}
	a.send(out)
}

// points add up what happened in each interval until now.
func (a *errAnswer) points(ps []*errProject, kinds []string, starts []delivery.Instant, step delivery.Instant) (total int, values []int) {
	values = make([]int, len(starts))
	for i, t := range starts {
		for _, p := range ps {
			for _, kind := range kinds {
				values[i] += p.happened(a.w, kind, t, min(t+step, a.now))
			}
		}
		total += values[i]
	}
	return total, values
}

// stats answers GET projects/{org}/{project}/stats/.
func (a *errAnswer) stats() {
	p := a.named()
	if p == nil {
		return
	}
	at := func(name string, usual delivery.Instant) delivery.Instant {
		v, err := strconv.ParseFloat(a.q.Get(name), 64)
		if err != nil {
			return usual
		}
		return delivery.Instant(v * float64(second))
	}
	until := min(at("until", a.now), a.now)
	since := at("since", until-delivery.Instant(day))
	kinds := map[string][]string{"": {accepted, filtered, rateLimited}, "received": {accepted, filtered, rateLimited}, "rejected": {rateLimited}, "blacklisted": {filtered}}[a.q.Get("stat")]
	steps := map[string]int64{"10s": 10 * second, "1h": hour, "1d": day}
	step := steps[a.q.Get("resolution")]
	switch age := int64(a.now - since); {
	case step > 0:
	case age <= hour:
		step = steps["10s"]
	case age <= 7*day:
		step = hour
	default:
		step = day
	}
	out := [][2]int64{}
	for t := since - since%delivery.Instant(step); t <= until && len(out) < mostPoints; t += delivery.Instant(step) {
		n := 0
		for _, kind := range kinds {
			n += p.happened(a.w, kind, t, min(t+delivery.Instant(step), a.now))
		}
		out = append(out, [2]int64{int64(t) / second, int64(n)})
	}
	a.send(out)
}
