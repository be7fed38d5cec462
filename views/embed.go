package views

import (
	"slices"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// Embed is a chart on a page of its own, as it stands in the frames of other sites.
type Embed struct {
	Panel   Panel
	Data    delivery.PanelData
	Chart   Chart
	Titled  bool
	Scope   []string // what it is narrowed to, in words
	Named   bool     // keys and titles of issues are shown
	Opens   bool     // keys of issues lead to them
	Lists   []string
	Theme   string // light, dark, auto
	Lang    string
	Width   int    // of its picture, in CSS pixels
	Height  int    // that the frame would have, and its picture has
	Picture string // address of the drawing, "" for none
	Alt     string
}

// Unnamed is a panel without what tells its records from each other.
func Unnamed(d delivery.PanelData) delivery.PanelData {
	if !dots(d.Shape) {
		return d
	}
	d.Series = slices.Clone(d.Series)
	for i := range d.Series {
		points := slices.Clone(d.Series[i].Points)
		for k := range points {
			if mark := points[k].Mark; mark != nil {
				points[k].Mark = &delivery.Mark{TypeKey: mark.TypeKey, Type: mark.Type, Signal: mark.Signal}
			}
		}
		d.Series[i].Points = points
	}
	return d
}

// leads reports whether marks, buckets or rows lead to more.
func (e Embed) leads() bool { return e.Opens || len(e.Lists) > 0 }

// walked reports whether the arrow keys have anything to walk along.
func (e Embed) walked() bool {
	return len(e.Lists) > 0 || e.Named && dots(e.Data.Shape) || e.Data.Shape == delivery.Bins || e.Data.Shape == delivery.Fan
}

// table is the table of an embed: without the columns that an unnamed one has nothing
// in.
func (e Embed) table(p *i18n.Printer) (columns []Column, rows [][]string, total int) {
	columns, rows, total = shownTable(e.Data, p)
	withChanges(e.Data, p, columns, rows)
	if e.Named || !dots(e.Data.Shape) {
		return columns, rows, total
	}
	for i := len(columns) - 1; i >= 0; i-- {
		if name := columns[i].Name; name != "key" && name != "title" {
			continue
		}
		columns = slices.Delete(slices.Clone(columns), i, i+1)
		for n := range rows {
			rows[n] = slices.Delete(rows[n], i, i+1)
		}
	}
	return columns, rows, total
}

// chartFoot are the words beneath a chart that stands by itself: how many records it is
// of, what it is narrowed to, from which days, and of when it is.
func chartFoot(d delivery.PanelData, p *i18n.Printer, scope []string) []string {
	out := []string{p.T("panel.n", "n", d.N)}
	if d.N == 0 {
		// Nothing is drawn.
	} else if thinned(d) {
		out = append(out, p.T("panel.drawn", "shown", len(d.Series[0].Points)))
	} else if all := drawnOf(d); all > 0 {
		out = append(out, p.T("panel.drawn.names", "shown", rowsDrawn, "n", all))
	}
	if left := d.Left(); left > 0 {
		out = append(out, p.T("panel.excluded", "n", left))
	}
	if d.N > 0 {
		out = append(out, SeriesNotes(d, p)...)
	}
	out = append(out, scope...)
	out = append(out, p.DateSpan(d.Filter.From.Time().In(d.Zone), (d.Filter.To-1).Time().In(d.Zone)))
	return append(out, p.T("embed.as_of", "time", p.DateTime(d.AsOf.Time().In(d.Zone))))
}

// drawnOf is how many rows a chart of bars would have, 0 where it has them all.
func drawnOf(d delivery.PanelData) int {
	if d.Shape != delivery.Bars || len(d.Series) == 0 {
		return 0
	}
	all := len(d.Series[0].Points)
	if all <= len(drawn(d).Series[0].Points) {
		return 0
	}
	return all
}
