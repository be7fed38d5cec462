package importer

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"throughline/internal/control"
)

// overflow is what dora-exporter counted, in seconds, for a deployment or an incident
// whose beginning it could not find: the longest duration that it could hold.
const overflow = float64(math.MaxInt64) / 1e9

// snapshot takes over what was counted.
func (p *doraPlanner) snapshot() {
	file := p.o.Snapshot
	samples, problems := parseExposition(file.Data)
	if problems != nil {
		p.problems, p.failedFile = problems, file.Name
		return
	}
	families := map[string]Family{}
	for _, f := range p.o.Families {
		families[f.Name] = f
	}
	taken := map[string]int{}
	others := map[string]bool{}
	at := map[string]int{}
	for _, s := range samples {
		f, known := families[s.name]
		switch {
		case !known:
			others[s.name] = true
		case !f.Rises:
			taken[s.name] += 0
		default:
			if c, ok := p.counter(f, s); ok {
				key := c.Family + "\x00" + strings.Join(c.Labels, "\x00")
				if i, twice := at[key]; twice { // what differs in labels of another version
					p.plan.Import.Counters[i].Taken += c.Taken
				} else {
					at[key] = len(p.plan.Import.Counters)
					p.plan.Import.Counters = append(p.plan.Import.Counters, c)
				}
				taken[s.name]++
			}
		}
		p.jiraCounted = p.jiraCounted || known && strings.HasPrefix(s.name, "jira_")
	}
	if len(taken) == 0 {
		p.problems, p.failedFile = append(p.problems, Problem{0, "not a snapshot of dora-exporter: it has none of its metrics"}), file.Name
		return
	}
	p.plan.Import.CountersAt = file.At
	if file.At.IsZero() || file.At.After(p.o.Now) {
		p.plan.Import.CountersAt = p.o.Now
	}
	p.sayCounted(taken, families, others)
}

// counter is a sample as it is taken over, unless it is of no use.
func (p *doraPlanner) counter(f Family, s sample) (control.Counter, bool) {
	c := control.Counter{Family: f.Name, Taken: s.value}
	for _, name := range f.Labels {
		value, ok := s.labels[name]
		if !ok && name == "redeployment" {
			value = "false" // earlier versions did not say
		}
		c.Labels = append(c.Labels, value)
	}
	at := place{seriesName(f, c.Labels), s.line}
	switch {
	case math.IsNaN(s.value) || math.IsInf(s.value, 0):
		p.notTaken(at, "it is %v, no number to go on from; it begins at 0", s.value)
		return c, false
	case s.value < 0:
		p.notTaken(at, "it is %s, which clocks that were wrong made it; it begins at 0", seconds(s.value))
		return c, false
	case s.value >= overflow && strings.HasSuffix(f.Name, "_sum"):
		faults := math.Floor(s.value / overflow * (1 + 1e-12))
		c.Taken = max(0, math.Round((s.value-faults*overflow)*1000)/1000)
		p.notTaken(at, "%s of it are %s × 292 years, which dora-exporter counted where it could not ask GitHub or read a time; the other %s are taken", seconds(faults*overflow), strconv.FormatFloat(faults, 'f', -1, 64), seconds(c.Taken))
	}
	return c, true
}

func seconds(v float64) string { return strconv.FormatFloat(v, 'g', 10, 64) + " s" }

// seriesName is a series as Prometheus writes it.
func seriesName(f Family, labels []string) string {
	pairs := make([]string, len(labels))
	for i, value := range labels {
		pairs[i] = f.Labels[i] + "=" + strconv.Quote(clip(value))
	}
	return f.Name + "{" + strings.Join(pairs, ",") + "}"
}

// sayCounted sums up what was found, a line for each family.
func (p *doraPlanner) sayCounted(taken map[string]int, families map[string]Family, others map[string]bool) {
	for _, f := range p.o.Families {
		n, found := taken[f.Name]
		switch {
		case !found:
		case f.Rises:
			p.taken(place{f.Name, noLine}, "%s of it go on from what they were", counted(n, "series", "series"))
		default:
			p.notNeeded(place{f.Name, noLine}, "the last value only; it comes anew with the next event")
		}
	}
	var groups []string
	for name := range others {
		group := name[:strings.IndexByte(name+"_", '_')] + "_*"
		if !slices.Contains(groups, group) {
			groups = append(groups, group)
		}
	}
	slices.SortFunc(groups, cmp.Compare[string])
	if len(groups) > 0 {
		shown := groups[:min(len(groups), 8)]
		text := strings.Join(shown, ", ")
		if more := len(groups) - len(shown); more > 0 {
			text += fmt.Sprintf(" and %d more", more)
		}
		p.notNeeded(place{text, noLine}, "what dora-exporter measured of itself")
	}
}
