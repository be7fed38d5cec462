package sentryexport

import (
	"strconv"
	"time"

	"throughline/internal/delivery"
)

// ownAges are the bounds of ages in seconds, and what they are called.
var ownAges = []struct {
	span time.Duration
	le   string
}{
	{ages[0].span, strconv.Itoa(int(ages[0].span.Seconds()))},
	{ages[1].span, strconv.Itoa(int(ages[1].span.Seconds()))},
	{ages[2].span, strconv.Itoa(int(ages[2].span.Seconds()))},
	{0, "+Inf"},
}

// statuses are those of groups.
var statuses = []delivery.GroupStatus{delivery.GroupUnresolved, delivery.GroupResolved, delivery.GroupIgnored}

// Samples are those of Families, as of an instant.
func (e *Exporter) Samples(now time.Time) []Sample {
	s := e.now()
	at := delivery.InstantOf(now)
	type count struct {
		place
		n [3][4]int
	}
	var counts []*count
	by := map[place]*count{}
	var out []Sample
	months, limits := map[string]bool{}, map[string]bool{}
	for _, l := range s.loaded {
		for _, p := range l.projects {
			for _, environment := range p.environments {
				if key := (place{p.slug, environment}); by[key] == nil {
					by[key] = &count{place: key}
					counts = append(counts, by[key])
				}
			}
			if !months[p.slug] && p.month.At != 0 {
				months[p.slug] = true
				out = append(out, monthOf(&p)...)
			}
			if p.limited && !limits[p.slug] {
				limits[p.slug] = true
				out = append(out, Sample{limitName, []string{p.slug}, p.limit})
			}
		}
		for k := range l.seen {
			g := &l.seen[k]
			c := by[place{g.project, g.environment}]
			for i, status := range statuses {
				if status != g.status {
					continue
				}
				for n, age := range ownAges {
					if age.span == 0 || g.within(at, age.span) {
						c.n[i][n]++
					}
				}
			}
		}
	}
	for _, c := range counts {
		environment := c.environment
		if environment == none {
			environment = "" // it has none
		}
		for i, status := range statuses {
			for n, age := range ownAges {
				out = append(out, Sample{groupsName, []string{c.project, environment, string(status), age.le}, float64(c.n[i][n])})
			}
		}
	}
	return out
}

func monthOf(p *project) []Sample {
	var out []Sample
	for _, o := range []struct {
		name string
		n    int64
	}{
		{"accepted", p.month.Accepted}, {"filtered", p.month.Filtered}, {"rate_limited", p.month.RateLimited}, {"invalid", p.month.Invalid},
	} {
		out = append(out, Sample{monthName, []string{p.slug, o.name}, float64(o.n)})
	}
	return out
}
