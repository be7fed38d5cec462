package views

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// TeamTable is the table of the first page: a row of figures for each team.
type TeamTable struct {
	Groups []ColumnGroup
	Rows   []TeamRow // places that ask for themselves
	Days   string    // of the period
	Lacks  []Lack
}

// ColumnGroup is columns under one head.
type ColumnGroup struct {
	ID      string // message overview.group.<id>
	Columns []TeamColumn
}

// TeamColumn is a column; its messages are overview.col.<id> and, of its unit,
// overview.unit.<id>.
type TeamColumn struct {
	ID  string
	How string // path of how it is computed, "" for nowhere
}

// Lack is a subject of which nothing is known at all, and so has no columns.
type Lack struct {
	Of  delivery.Subject
	Fix string // path, "" where the reader cannot go
}

// title is of one row, or of several.
func (t TeamTable) title(ctx context.Context) string {
	if len(t.Rows) > 1 {
		return i18n.T(ctx, "overview.teams")
	}
	return i18n.T(ctx, "overview.figures")
}

func (t TeamTable) columns() []TeamColumn {
	var out []TeamColumn
	for _, g := range t.Groups {
		out = append(out, g.Columns...)
	}
	return out
}

// TeamRow is the figures of a team, of all, or of what no team maps.
type TeamRow struct {
	Kind   string // all, team, unassigned
	Name   string
	Path   string // where it is asked for
	Href   string // path of its flow, "" for nowhere
	Cells  []TeamCell
	Failed bool // some figures could not be computed
}

// TeamCell is a figure in a row.
type TeamCell struct {
	Column TeamColumn
	Figure
	Second string // figure beside it
	Late   string // what is wrong with it
	Href   string // path of the page that shows it
	Lost   bool   // it could not be computed
	First  bool   // of its group
}

// said is a cell in words, for voices.
func (c TeamCell) said(ctx context.Context) string {
	words := []string{c.Value}
	switch {
	case c.Lost:
		words = []string{t(ctx, "overview.lost")}
	case c.Value == "":
		words = []string{t(ctx, "figure.na")}
	}
	for _, more := range []string{c.Second, c.Late} {
		if more != "" {
			words = append(words, more)
		}
	}
	if c.changed() {
		words = append(words, c.Change.direction(ctx)+c.Change.words(i18n.From(ctx)))
	}
	return t(ctx, "overview.col."+c.Column.ID) + ": " + strings.Join(words, ", ")
}

// changed reports whether there was enough to compare with.
func (c TeamCell) changed() bool { return c.Value != "" && c.Change != nil && !c.Change.Few }

// title is what a cell was computed from, or why there is nothing.
func (c TeamCell) title() string {
	if c.Value == "" {
		return c.Missing
	}
	words := []string{c.Exact}
	for _, n := range c.Notes {
		words = append(words, n.Text)
	}
	if c.Before != "" {
		words = append(words, c.Before)
	}
	return strings.Join(words, " · ")
}

// words are a change in as few words as say which way it went.
func (c Change) words(p *i18n.Printer) string {
	switch {
	case c.Same:
		return p.T("change.short.same")
	case c.Better:
		return p.T("change.short.better", "size", p.Percent(math.Abs(c.Ratio), 0))
	}
	return p.T("change.short.worse", "size", p.Percent(math.Abs(c.Ratio), 0))
}

// colspan is how many columns a head is over.
func (g ColumnGroup) colspan() string { return strconv.Itoa(len(g.Columns)) }

// hasLine reports whether two values stand side by side, so that there is a line, and
// anything was counted.
func hasLine(values []float64) bool {
	if !slices.ContainsFunc(values, func(v float64) bool { return v != 0 && !math.IsNaN(v) }) {
		return false
	}
	for i := 1; i < len(values); i++ {
		if !math.IsNaN(values[i-1]) && !math.IsNaN(values[i]) {
			return true
		}
	}
	return false
}
