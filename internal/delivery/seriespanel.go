package delivery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
)

// Bounds of what the panel series draws.
const (
	maxDrawnSeries = 50
	maxDrawnPoints = 100_000
	maxMarked      = 100 // deployments and incidents
)

// SeriesBeyond is the reason for which series are left out of the panel: the first 50
// are drawn.
const SeriesBeyond = "series_beyond_50"

// IncidentMarker is the kind of the Marker of an incident, by when it began.
const IncidentMarker = "incident"

// SeriesNotes are what a reader of the panel series should know besides.
type SeriesNotes struct {
	Means    time.Duration // length of buckets whose means are shown though nobody asked; 0 for none
	Hints    []SeriesHint
	Nothing  []string // letters of queries that nothing is drawn of
	Matched  int      // series that were asked for, with and without points
	Unmarked int      // deployments and incidents that are too many to be drawn
	Labels   []string // of the series: the shortest that tell them apart
}

// SeriesAsked is the question of the panel series.
type SeriesAsked struct {
	Filter
	Zone *time.Location
	Now  Instant
}

// drawnSeries is one of the panel's series.
type drawnSeries struct {
	query  int // in Filter.Queries
	output string
	*ResultSeries
}

// SeriesPanel is the panel series: what the queries come to in the range, up to now.
// An output that no step cuts into buckets is shown as the means of some that fit the
// range. A query that asks for too much is a *FilterError.
func SeriesPanel(ctx context.Context, s SeriesStore, q SeriesAsked) (PanelData, error) {
	d := PanelData{
		Slug: "series", Of: OfSeries, Shape: Lines, Quantity: Values, Filter: q.Filter, Zone: q.Zone, Day: 24 * time.Hour,
		Sample: Sample{AsOf: q.Now, Excluded: map[string]int{}}, Series: []Series{},
	}
	to := min(q.To-1, q.Now)
	var all []drawnSeries
	for i, text := range q.Queries {
		program, err := ParseSeriesQuery(text)
		if err != nil {
			return d, queryError(i, err)
		}
		program, means := program.bucketed()
		if to < q.From {
			continue
		}
		answer, err := program.Run(ctx, s, q.From, to)
		if err != nil {
			return d, queryError(i, err)
		}
		d.Notes.Matched += answer.Series
		for _, h := range answer.Hints {
			d.Notes.hint(h)
		}
		before := len(all)
		for _, o := range answer.Outputs {
			for j := range o.Series {
				if len(o.Series[j].Points) > 0 {
					all = append(all, drawnSeries{i, o.ID, &o.Series[j]})
				}
			}
		}
		switch {
		case len(all) == before:
			d.Notes.Nothing = append(d.Notes.Nothing, QueryLetter(i))
		case means:
			d.Notes.Means = time.Duration(autoEvery(int64(to-q.From)+1)) * time.Millisecond
		}
	}
	if left := len(all) - maxDrawnSeries; left > 0 {
		d.Excluded[SeriesBeyond] = left
		all = highestSeries(all)
	}
	names := seriesNames(all)
	d.Notes.Labels = seriesLabels(all, names)
	for i, one := range all {
		d.N += len(one.Points)
		if d.N > maxDrawnPoints {
			return d, &FilterError{Param: "q", Code: "series_points", Message: fmt.Sprintf("more than %d points to draw: take longer buckets, or a shorter time", maxDrawnPoints)}
		}
		d.Series = append(d.Series, Series{names[i], pointsOf(one.Points)})
	}
	d.Headline = seriesFigures(&d)
	return d, nil
}

// highestSeries are those that are highest at their ends, as many as are drawn, in the
// order that they had.
func highestSeries(all []drawnSeries) []drawnSeries {
	places := make([]int, len(all))
	for i := range places {
		places[i] = i
	}
	last := func(i int) float64 { return all[i].Points[len(all[i].Points)-1].Value }
	slices.SortStableFunc(places, func(a, b int) int { return cmp.Compare(last(b), last(a)) })
	places = places[:maxDrawnSeries]
	slices.Sort(places)
	out := make([]drawnSeries, len(places))
	for i, place := range places {
		out[i] = all[place]
	}
	return out
}

// QueryNote is the error of one of several queries.
type QueryNote struct {
	Query int // from 0
	*QueryError
}

// queryError says that a query cannot be answered; other errors stay.
func queryError(i int, err error) error {
	var wrong *QueryError
	if !errors.As(err, &wrong) {
		return err
	}
	return &FilterError{Param: "q", Code: "series_query", Message: fmt.Sprintf("query %d, %s", i+1, wrong), Query: &QueryNote{i, wrong}}
}

func (n *SeriesNotes) hint(h SeriesHint) {
	i := slices.IndexFunc(n.Hints, func(other SeriesHint) bool { return other.Code == h.Code })
	if i < 0 {
		n.Hints = append(n.Hints, h)
		return
	}
	n.Hints[i].Last = max(n.Hints[i].Last, h.Last)
}

// bucketed is the program with means of buckets for each output that no step cuts into
// any; means says that there is such a one.
func (p *SeriesProgram) bucketed() (out *SeriesProgram, means bool) {
	out = &SeriesProgram{exprs: slices.Clone(p.exprs)}
	for _, o := range p.outputs {
		root, steps := p.chain(o.expr)
		if !slices.ContainsFunc(steps, func(s seriesStep) bool { return s.kind == stepDownsample }) {
			means = true
			e := &seriesExpr{from: -1, fetch: root, steps: append(steps, seriesStep{kind: stepDownsample, by: Fold{Kind: FoldAvg}, where: root.where})}
			out.exprs = append(out.exprs, e)
			o.expr = len(out.exprs) - 1
		}
		out.outputs = append(out.outputs, o)
	}
	return out.pruned(), means
}

// chain is what an expression fetches, and all that is done with it.
func (p *SeriesProgram) chain(expr int) (*fetch, []seriesStep) {
	e := p.exprs[expr]
	if e.fetch != nil {
		return e.fetch, slices.Clone(e.steps)
	}
	root, steps := p.chain(e.from)
	return root, append(steps, e.steps...)
}

// pruned is the program without expressions that no output needs: their points would be
// read for nothing.
func (p *SeriesProgram) pruned() *SeriesProgram {
	needed := make([]bool, len(p.exprs))
	for _, o := range p.outputs {
		needed[o.expr] = true
	}
	for i := len(p.exprs) - 1; i >= 0; i-- {
		if e := p.exprs[i]; needed[i] && e.fetch == nil {
			needed[e.from] = true
		}
	}
	out := &SeriesProgram{}
	place := make([]int, len(p.exprs))
	for i, e := range p.exprs {
		if !needed[i] {
			continue
		}
		own := *e
		if own.fetch == nil {
			own.from = place[own.from]
		}
		place[i] = len(out.exprs)
		out.exprs = append(out.exprs, &own)
	}
	for _, o := range p.outputs {
		out.outputs = append(out.outputs, seriesOutput{o.id, place[o.expr]})
	}
	return out
}

// seriesNames are what the series are called: by output and tags, where two queries
// have the same name by the query too, and no two alike.
func seriesNames(all []drawnSeries) []string {
	names, of := make([]string, len(all)), map[string]int{}
	collide := false
	for i, one := range all {
		key := SeriesKey{one.output, one.Tags}
		names[i] = key.String()
		if query, met := of[names[i]]; met && query != one.query {
			collide = true
		}
		of[names[i]] = one.query
	}
	seen := map[string]int{}
	for i, one := range all {
		if collide {
			names[i] = QueryLetter(one.query) + ": " + names[i]
		}
		name := names[i]
		for seen[names[i]] > 0 {
			seen[name]++
			names[i] = name + " (" + strconv.Itoa(seen[name]) + ")"
		}
		seen[names[i]]++
	}
	return names
}

// QueryLetter is what a query is called by its place: A, B, …
func QueryLetter(i int) string { return string(rune('A' + i)) }

// seriesLabels are the values of the tags in which series of one output differ; their
// names where there are several outputs.
func seriesLabels(all []drawnSeries, names []string) []string {
	differ := map[string]bool{}
	for _, one := range all {
		if one.output != all[0].output || one.query != all[0].query {
			return names
		}
		for _, keys := range [][]Tag{one.Tags, all[0].Tags} {
			for _, t := range keys {
				differ[t.Key] = differ[t.Key] || one.Tag(t.Key) != all[0].Tag(t.Key)
			}
		}
	}
	out := slices.Clone(names)
	seen := map[string]bool{}
	for i, one := range all {
		label := ""
		for _, t := range one.Tags {
			if differ[t.Key] && t.Value != "" {
				if label != "" {
					label += ", "
				}
				label += t.Value
			}
		}
		if label == "" || seen[label] {
			if len(all) > 1 {
				return names
			}
			label = one.output
		}
		out[i], seen[label] = label, true
	}
	return out
}

// pointsOf are points as a panel has them.
func pointsOf(in []SeriesValue) []Point {
	out := make([]Point, len(in))
	for i := range in {
		out[i].T, out[i].Value = in[i].At, &in[i].Value
	}
	return out
}

// seriesFigures are the number of points, and of one series alone what they come to.
func seriesFigures(d *PanelData) []Figure {
	out := []Figure{{"count", number(d.N)}}
	if len(d.Series) != 1 {
		return out
	}
	var all Folded
	for _, p := range d.Series[0].Points {
		all.Add(*p.Value)
	}
	mean := all.Sum / float64(all.N)
	if math.IsInf(mean, 0) {
		return out
	}
	return append(out, Figure{"last", &all.Last}, Figure{"min", &all.Min}, Figure{"max", &all.Max}, Figure{"mean", &mean})
}

// Mark adds the deployments and incidents of the range to the panel, or how many they
// are when they are too many to be told apart.
func (d *PanelData) Mark(data *DoraData) {
	f := &d.Filter
	found := deployedIn(data.Groups, f.From, f.To)
	var markers []Marker
	for i := range found {
		markers = append(markers, deploymentMarker(&found[i]))
	}
	for i := range data.Incidents {
		if one := &data.Incidents[i]; one.StartedAt >= f.From && one.StartedAt < f.To {
			markers = append(markers, Marker{one.StartedAt, IncidentMarker, one.Title})
		}
	}
	if len(markers) > maxMarked {
		d.Notes.Unmarked = len(markers)
		return
	}
	slices.SortStableFunc(markers, func(a, b Marker) int { return int(a.At - b.At) })
	d.Markers = append(d.Markers, markers...)
}
