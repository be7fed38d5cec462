package views

import (
	"context"
	"math"
	"strconv"
	"strings"

	"throughline/internal/i18n"
)

// Overview is the first page.
type Overview struct {
	Connections ConnectionsPart
	Away        bool   // the fact store does not answer: there are no figures
	Steps       []Step // of getting started; empty once all are done
	Ranges      []Tab
	Clocks      []Tab
	Teams       *FilterGroup // nil while there are no teams
	Hidden      []Option     // the rest of the filter, by name
	Problems    []FilterProblem
	Table       *TeamTable // nil while there is no data
	Attention   *Panel     // place of what needs it
	Trend       *Panel     // where the table has one row only
	More        string     // path of the page with all of it
	Saved       []Panel    // of custom series
}

// ConnectionsPart is what is connected and how it stands.
type ConnectionsPart struct {
	Connections []Connection
	Live        bool
	Admin       bool
	Rebuild     Rebuild // numbers are by the definitions before while it goes on
}

// Step is one thing to do before there are numbers.
type Step struct {
	ID   string // message ids step.<id> and step.<id>.text
	Path string
	Done bool
}

// Tab is a link among several of which one is current.
type Tab struct {
	Label   string
	Path    string
	Current bool
	Mark    string // said behind the label
}

// Figure is a headline figure.
type Figure struct {
	Label     string
	Value     string // "" when there is nothing to compute it from
	Exact     string // for the title attribute
	Notes     []Note // what it was computed from
	Change    *Change
	Before    string // what it was in the period before, with its days
	Missing   string // why there is no value; "" says nothing
	How       string // address of how it is computed, "" where nothing says it
	Interval  string // in which a rate probably is
	Level     string // a benchmark's word for it
	LevelKind string // elite, high, medium or low
	Remark    string // on the benchmark

	Few   bool      // too few records to say much
	Trend []float64 // for the sparkline; NaN is a gap
}

// Note is a remark on a figure; Href leads to what it speaks of, "" for nowhere.
type Note struct{ Text, Href string }

// Change is a figure against that of the period before.
type Change struct {
	Ratio  float64 // 0.12: 12 % more
	Better bool
	Same   bool
	Few    bool // too few records before to compare
}

func (c Change) arrow() string {
	switch {
	case c.Same:
		return "→"
	case c.Ratio > 0:
		return "↑"
	default:
		return "↓"
	}
}

// direction is the arrow in words, to stand before those of a change.
func (c Change) direction(ctx context.Context) string {
	switch {
	case c.Same, c.Few:
		return ""
	case c.Ratio > 0:
		return t(ctx, "change.up") + ": "
	default:
		return t(ctx, "change.down") + ": "
	}
}

func (c Change) class() string {
	switch {
	case c.Few, c.Same:
		return "same"
	case c.Better:
		return "better"
	default:
		return "worse"
	}
}

func (c Change) text(ctx context.Context) string {
	p := i18n.From(ctx)
	switch {
	case c.Few:
		return p.T("change.few")
	case c.Same:
		return p.T("change.same")
	}
	size := p.Percent(math.Abs(c.Ratio), 0)
	if c.Better {
		return p.T("change.better", "size", size)
	}
	return p.T("change.worse", "size", size)
}

// sparkline is the path of a line through values, 100 wide and 24 high.
func sparkline(values []float64) string {
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if !math.IsNaN(v) {
			low, high = min(low, v), max(high, v)
		}
	}
	if high <= low {
		high, low = low+1, low-1
	}
	var b strings.Builder
	pen := "M"
	for i, v := range values {
		if math.IsNaN(v) {
			pen = "M"
			continue
		}
		x := 100 * float64(i) / float64(max(1, len(values)-1))
		y := 22 - 20*(v-low)/(high-low)
		b.WriteString(pen + strconv.FormatFloat(x, 'f', 1, 64) + " " + strconv.FormatFloat(y, 'f', 1, 64))
		pen = "L"
	}
	return b.String()
}
