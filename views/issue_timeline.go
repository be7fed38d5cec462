package views

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// timeline is an issue's history on an axis of time. Places are in percent of
// its width.
type timeline struct {
	stretches []stretch
	ticks     []tick
	brackets  []bracket
	joined    bool // stretches are of classes, since there are too many periods
}

// stretch is a piece of the bar.
type stretch struct {
	from, width float64
	class       delivery.Class
	label       string // drawn when it fits
	tight       bool   // it does not on a phone
	title       string
	inferred    bool
	thin        bool // drawn wider than its time, so that it is seen
}

type tick struct {
	at    float64
	label string
	minor bool // left out on a phone
}

// bracket is a duration under the bar.
type bracket struct {
	from, to float64
	label    string
	open     bool // it goes on
}

func percent(v float64) string { return strconv.FormatFloat(v, 'f', 3, 64) + "%" }

const (
	// exactPeriods is how many periods are drawn one by one; of more, classes
	// are drawn in as many slots as can be told apart.
	exactPeriods  = 60
	timelineSlots = 400
	// thinnest is the width of a period too short to be seen.
	thinnest = 0.35
	// labelled is the width from which on a period has room for its name, per
	// letter.
	labelled, labelledOnPhone = 1.25, 3
	// stub is the part of the bar that says that a closed issue stays closed.
	stub = 0.06
)

// timeline lays out the history. Of a closed issue the axis ends soon after the
// close, whatever has passed since.
func (v IssueView) timeline(ctx context.Context) timeline {
	r := v.Report
	from, to := r.CreatedAt, max(v.AsOf, r.CreatedAt)
	if r.IsClosed {
		to = min(to, r.ClosedAt+delivery.Instant(math.Ceil(stub*float64(r.ClosedAt-from))))
	}
	if last := r.Periods[len(r.Periods)-1]; to <= last.Start {
		to = last.Start + 1
	}
	scale := func(i delivery.Instant) float64 {
		return 100 * float64(max(0, min(i, to)-from)) / float64(to-from)
	}
	l := timeline{ticks: timeTicks(from, to, v.Zone, i18n.From(ctx), scale), joined: len(r.Periods) > exactPeriods}
	if l.joined {
		l.stretches = v.slots(ctx, from, to)
	} else {
		l.stretches = v.pieces(ctx, scale)
	}
	end := r.ClosedAt
	if !r.IsClosed {
		end = to
	}
	for i, f := range v.figures() {
		start := []delivery.Instant{r.CreatedAt, r.FirstActiveAt}[i]
		if f.span == nil || !start.Known() {
			continue
		}
		l.brackets = append(l.brackets, bracket{scale(start), scale(end), t(ctx, "issue.figure."+f.name) + " " + elapsed(ctx, f.span.Seconds), !r.IsClosed})
	}
	return l
}

// pieces are a stretch per period.
func (v IssueView) pieces(ctx context.Context, scale func(delivery.Instant) float64) []stretch {
	var out []stretch
	for i, p := range v.Report.Periods {
		end := 100.0
		if p.End.Known() {
			end = scale(p.End)
		}
		s := stretch{from: scale(p.Start), class: v.Classes[i], inferred: p.Inferred, title: v.periodTitle(ctx, i)}
		if s.width = end - s.from; s.width < thinnest {
			s.width, s.thin = thinnest, true
		}
		s.from = min(s.from, 100-s.width)
		s.name(statusName(p))
		out = append(out, s)
	}
	// What is wider than its time must not be covered by what follows.
	slices.SortStableFunc(out, func(a, b stretch) int {
		switch {
		case a.thin == b.thin:
			return 0
		case a.thin:
			return 1
		}
		return -1
	})
	return out
}

// name writes a name on a stretch that has room for it.
func (s *stretch) name(name string) {
	letters := float64(len([]rune(name)))
	if s.width >= labelled*letters {
		s.label, s.tight = name, s.width < labelledOnPhone*letters
	}
}

func (v IssueView) periodTitle(ctx context.Context, i int) string {
	p := v.Report.Periods[i]
	end := v.moment(ctx, v.AsOf)
	if p.End.Known() {
		end = v.moment(ctx, p.End)
	}
	return t(ctx, "issue.period", "status", statusName(p), "class", t(ctx, "class."+v.Classes[i].String()),
		"from", v.moment(ctx, p.Start), "to", end, "time", elapsed(ctx, p.DurationSeconds))
}

// slots cut the axis into equal parts, each of the class that fills most of it.
func (v IssueView) slots(ctx context.Context, from, to delivery.Instant) []stretch {
	var fill [timelineSlots][delivery.Closed + 1]float64
	width := float64(to-from) / timelineSlots
	for i, p := range v.Report.Periods {
		end := to
		if p.End.Known() {
			end = min(p.End, to)
		}
		a, b := float64(p.Start-from), float64(end-from)
		for n := int(a / width); n < timelineSlots && float64(n)*width < b; n++ {
			fill[n][v.Classes[i]] += min(b, float64(n+1)*width) - max(a, float64(n)*width)
		}
	}
	var out []stretch
	for n := range fill {
		class := delivery.Waiting
		for c := range fill[n] {
			if fill[n][c] > fill[n][class] {
				class = delivery.Class(c)
			}
		}
		if last := len(out) - 1; last >= 0 && out[last].class == class {
			out[last].width += 100.0 / timelineSlots
			continue
		}
		name := t(ctx, "class."+class.String())
		out = append(out, stretch{from: float64(n) * 100 / timelineSlots, width: 100.0 / timelineSlots, class: class, title: name})
	}
	for i := range out {
		out[i].name(out[i].title)
	}
	return out
}

// tickStep is a distance between ticks: months, or days, or minutes.
type tickStep struct{ months, days, minutes int }

var tickSteps = []tickStep{
	{minutes: 1},
	{minutes: 5},
	{minutes: 15},
	{minutes: 30},
	{minutes: 60},
	{minutes: 180},
	{minutes: 360},
	{minutes: 720},
	{days: 1},
	{days: 2},
	{days: 7},
	{days: 14},
	{months: 1},
	{months: 2},
	{months: 3},
	{months: 6},
	{months: 12},
	{months: 24},
	{months: 60},
	{months: 120},
	{months: 600},
	{months: 1200},
}

// mostTicks keep their labels apart; on a phone every other of them would, where
// they are more than fewTicks.
const mostTicks, fewTicks = 8, 4

// timeTicks are round moments of the zone, at most mostTicks of them.
func timeTicks(from, to delivery.Instant, zone *time.Location, p *i18n.Printer, scale func(delivery.Instant) float64) []tick {
	for _, step := range tickSteps {
		var out []tick
		for at := step.first(from.Time().In(zone)); len(out) <= mostTicks; at = step.next(at) {
			i := delivery.InstantOf(at)
			if i > to {
				for n := range out {
					out[n].minor = len(out) > fewTicks && n%2 == 1
				}
				return out
			}
			if i >= from {
				out = append(out, tick{at: scale(i), label: step.label(at, p)})
			}
		}
	}
	return nil
}

// first is a round moment not after t.
func (s tickStep) first(t time.Time) time.Time {
	y, m, d := t.Date()
	switch {
	case s.months > 0:
		n := (y*12 + int(m) - 1) / s.months * s.months
		return time.Date(n/12, time.Month(n%12+1), 1, 0, 0, 0, 0, t.Location())
	case s.days >= 7:
		return time.Date(y, m, d-(int(t.Weekday())+6)%7, 0, 0, 0, 0, t.Location())
	case s.days > 0:
		return time.Date(y, m, d, 0, 0, 0, 0, t.Location())
	}
	minute := (t.Hour()*60 + t.Minute()) / s.minutes * s.minutes
	return time.Date(y, m, d, 0, minute, 0, 0, t.Location())
}

func (s tickStep) next(t time.Time) time.Time {
	if s.minutes > 0 {
		return t.Add(time.Duration(s.minutes) * time.Minute)
	}
	return t.AddDate(0, s.months, s.days)
}

func (s tickStep) label(t time.Time, p *i18n.Printer) string {
	switch {
	case s.months >= 12:
		return strconv.Itoa(t.Year())
	case s.months > 0:
		return p.T("issue.tick.month."+strconv.Itoa(int(t.Month())), "year", strconv.Itoa(t.Year()))
	case s.days > 0 || t.Hour() == 0 && t.Minute() == 0:
		return dayAndMonth(t, p)
	}
	return p.Time(t)
}

// dayAndMonth is a day without its year.
func dayAndMonth(t time.Time, p *i18n.Printer) string {
	if p.Lang() == "ru" {
		return t.Format("02.01")
	}
	return t.Format("2\u00a0Jan")
}

// anchor keeps a text at a place of the axis within it.
func anchor(at float64) string {
	switch {
	case at > 88:
		return "end"
	case at < 6:
		return "start"
	}
	return "middle"
}

// text is where a bracket's label stands: at its beginning, or at its end where
// there is no room behind that.
func (b bracket) text() (at float64, anchor string) {
	if b.from > 55 {
		return b.to, "end"
	}
	return b.from, "start"
}

func bracketY(i int) string { return fmt.Sprint(68 + 22*i) }
