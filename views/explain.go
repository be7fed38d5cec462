package views

import (
	"context"

	"github.com/a-h/templ"

	"throughline/internal/delivery"
)

// Explanation is how the figures of a panel are computed, with the numbers in it.
type Explanation struct {
	Page
	Panel   Panel
	Sample  delivery.Sample
	Chart   string // path of the page that shows the panel
	Facts   []ExplainFact
	Left    []ExplainLeft
	Figures []ExplainFigure
	Empty   bool // nothing was counted
}

// ExplainFact is one thing that the numbers were made with: the period, the calendar.
type ExplainFact struct {
	Label, Text string
	Href        string // where it is set, "" where the reader cannot go
}

// ExplainLeft is what was left out for a reason.
type ExplainLeft struct{ Text, Href string }

// ExplainFigure is one figure, step by step.
type ExplainFigure struct {
	Name   string // of the headline, for links
	Label  string
	Value  string
	Exact  string
	Few    string   // says that there are too few records for it, "" where there are enough
	Steps  []string // sentences, in order
	Places []ExplainPlace
	Sum    string // the last step, in numbers
	Moves  string // says what moves it most; its records are Movers
	Movers []ExplainPlace
}

// ExplainPlace is a record at its place among the others, or without one.
type ExplainPlace struct {
	Place       int // from 1, 0 for none
	Name, Title string
	Href        string
	Value       string // in words
	Seconds     string // exactly, "" of what is no duration
}

// Explain is the address at which a panel's figures are explained; name is the figure
// that is asked about, "" for all of them.
func (p Panel) Explain(ctx context.Context, slug, name string) string {
	path := "/explain/" + slug
	if p.Query != "" {
		path += "?" + p.Query
	}
	if name != "" {
		path += "#" + name
	}
	return URL(ctx, path)
}

func (p Panel) explain(ctx context.Context) templ.SafeURL {
	return templ.SafeURL(p.Explain(ctx, p.Slug, ""))
}
