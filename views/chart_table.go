package views

import (
	"slices"
	"strconv"
	"strings"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// Column is a column of a panel's table. Its name is that of the CSV; people
// read the message table.<name>.
type Column struct {
	Name   string
	Number bool
}

// Cell is a value of a panel's table: nil, an Instant, a Date, Seconds, a Rate,
// PerSecond, a Value, an int, a bool, or a text.
type Cell any

// Rate is a share in a Cell, 0–1.
type Rate float64

// Seconds is a duration in a Cell.
type Seconds float64

// Value is a value of a custom series in a Cell.
type Value float64

// TableOf is a panel as a table: a row per mark, bucket or category.
func TableOf(d delivery.PanelData) ([]Column, [][]Cell) {
	switch d.Shape {
	case delivery.Marks:
		return marksTable(d)
	case delivery.Trend, delivery.Stack:
		return trendTable(d)
	case delivery.Lines:
		return linesTable(d)
	case delivery.Bins:
		return binsTable(d)
	case delivery.Control:
		return controlTable(d)
	case delivery.Fan:
		return fanTable(d)
	case delivery.Ages:
		return agesTable(d)
	case delivery.Areas:
		return areasTable(d)
	case delivery.Bars:
		if d.Of == delivery.OfRuns {
			return namedTable(d)
		}
		if d.Of == delivery.OfDora {
			return stagesTable(d)
		}
		if d.Of == delivery.OfErrors {
			return errorTable(d)
		}
	}
	return barsTable(d)
}

func marksTable(d delivery.PanelData) ([]Column, [][]Cell) {
	points := d.Series[0].Points
	rows := make([][]Cell, len(points))
	for i, p := range points {
		rows[i] = []Cell{p.T, p.Key, p.Title, p.TypeKey, p.Type, seconds(p.Value)}
	}
	return []Column{{"closed_at", false}, {"key", false}, {"title", false}, {"type_key", false}, {"type", false}, {"seconds", true}}, rows
}

func trendTable(d delivery.PanelData) ([]Column, [][]Cell) {
	columns := []Column{{"bucket", false}}
	rows := make([][]Cell, len(d.Series[0].Points))
	for _, s := range d.Series {
		columns = append(columns, Column{s.Name, true})
		for i, p := range s.Points {
			if rows[i] == nil {
				rows[i] = []Cell{p.Label}
			}
			if s.Name == "count" {
				rows[i] = append(rows[i], *p.N)
			} else {
				rows[i] = append(rows[i], valueOf(&d, p.Value))
			}
		}
	}
	for i, p := range d.Series[0].Points {
		rows[i] = append(rows[i], p.Partial)
	}
	return append(columns, Column{"partial", false}), rows
}

func barsTable(d delivery.PanelData) ([]Column, [][]Cell) {
	columns := []Column{{"status_key", false}, {"status", false}, {"class", false}, {"n", true}}
	rows := make([][]Cell, len(d.Series[0].Points))
	for _, s := range d.Series {
		columns = append(columns, Column{s.Name, true})
		for i, p := range s.Points {
			if rows[i] == nil {
				rows[i] = []Cell{p.X, p.Name, p.Class, *p.N}
			}
			rows[i] = append(rows[i], seconds(p.Value))
		}
	}
	return columns, rows
}

// namedTable has a row per job or build.
func namedTable(d delivery.PanelData) ([]Column, [][]Cell) {
	columns := []Column{{"name", false}, {"n", true}}
	rows := make([][]Cell, len(d.Series[0].Points))
	for _, s := range d.Series {
		columns = append(columns, Column{s.Name, true})
		for i, p := range s.Points {
			if rows[i] == nil {
				rows[i] = []Cell{p.Name, *p.N}
			}
			rows[i] = append(rows[i], seconds(p.Value))
		}
	}
	for i, p := range d.Series[0].Points {
		if p.Failed != nil {
			rows[i] = append(rows[i], *p.Failed)
		}
	}
	if len(rows) > 0 && len(rows[0]) > len(columns) {
		columns = append(columns, Column{"failed", true})
	}
	return columns, rows
}

// valueOf is a value of a panel as a cell of its quantity.
func valueOf(d *delivery.PanelData, v *float64) Cell {
	switch {
	case v == nil:
		return nil
	case d.Quantity == delivery.Rates:
		return Rate(*v)
	case d.Quantity == delivery.Counts, d.Quantity == delivery.DeploymentCounts, d.Quantity == delivery.TicketCounts,
		d.Quantity == delivery.GroupCounts, d.Quantity == delivery.EventTally, d.Quantity == delivery.IssueCounts:
		return int(*v)
	}
	return Seconds(*v)
}

func seconds(v *float64) Cell {
	if v == nil {
		return nil
	}
	return Seconds(*v)
}

// tableRows is how many rows a page shows; the CSV has all.
const tableRows = 200

// hiddenColumns are keys that stand beside their names.
var hiddenColumns = map[string]bool{"type_key": true, "status_key": true}

// hidden reports whether people need not see a column; custom series may be called
// anything.
func hidden(d *delivery.PanelData, name string) bool {
	return hiddenColumns[name] && d.Shape != delivery.Lines && d.Shape != delivery.Areas
}

// shownTable is the part of a table that a page shows, in words, and how many
// rows there are. Of marks and of custom series it is the newest.
func shownTable(d delivery.PanelData, p *i18n.Printer) (columns []Column, rows [][]string, total int) {
	all, cells := TableOf(d)
	for _, c := range all {
		if !hidden(&d, c.Name) {
			columns = append(columns, c)
		}
	}
	total = len(cells)
	for i := range min(total, tableRows) {
		if dots(d.Shape) && d.Shape != delivery.Ages || d.Shape == delivery.Lines {
			i = total - 1 - i
		}
		var row []string
		for j, c := range cells[i] {
			if !hidden(&d, all[j].Name) {
				row = append(row, shownCell(&d, p, all[j].Name, c))
			}
		}
		rows = append(rows, row)
	}
	return columns, rows, total
}

// withChanges notes definition changes, and deployments, in the rows of their buckets.
func withChanges(d delivery.PanelData, p *i18n.Printer, columns []Column, rows [][]string) {
	note := slices.IndexFunc(columns, func(c Column) bool { return c.Name == "partial" })
	if note < 0 {
		return
	}
	for _, line := range chartLines(&d, p) {
		if i := int(line.At); i < len(rows) && line.Text != "" {
			rows[i][note] = strings.TrimPrefix(rows[i][note]+"; "+strings.ReplaceAll(line.Text, "\n", "; "), "; ")
		}
	}
}

// withBefore adds the median of the period before to the table of a trend.
func withBefore(d delivery.PanelData, before *delivery.PanelData, p *i18n.Printer, columns []Column, rows [][]string) ([]Column, [][]string) {
	if before == nil {
		return columns, rows
	}
	medians := MedianBefore(d, *before)
	for i := range rows {
		rows[i] = append(rows[i], shownCell(&d, p, "before", valueOf(&d, medians[i].Value)))
	}
	return append(columns, Column{"before", true}), rows
}

func shownCell(d *delivery.PanelData, p *i18n.Printer, column string, c Cell) string {
	switch v := c.(type) {
	case nil:
		return "–"
	case delivery.Instant:
		return p.DateTime(v.Time().In(d.Zone))
	case delivery.Date:
		return p.Date(v.In(d.Zone).Time().In(d.Zone))
	case Seconds:
		if v == 0 && d.Shape == delivery.Bins {
			return "0"
		}
		return duration(d, p, float64(v))
	case Rate:
		return Share(p, float64(v))
	case PerSecond:
		return p.Number(float64(v), 3)
	case Value:
		return valueText(p, float64(v))
	case int:
		return p.Number(float64(v), 0)
	case bool:
		if v {
			return p.T("table." + column + ".yes")
		}
		return ""
	case string:
		if column == "class" && v != "" { // tags have none
			return p.T("class." + v)
		}
		if column == "signal" && v != "" {
			return p.T("control.signal." + v)
		}
		if v == delivery.OtherProjects && column == "project" {
			return p.T("errors.other")
		}
		if column == "stage" {
			return p.T("dora.stage." + v)
		}
		return v
	}
	return ""
}

// PlainCell is a cell for machines: instants in UTC, durations in seconds, not
// rounded.
func PlainCell(c Cell) string {
	switch v := c.(type) {
	case delivery.Instant:
		return v.String()
	case delivery.Date:
		return v.String()
	case Seconds:
		return strconv.FormatFloat(float64(v), 'f', -1, 64)
	case Rate:
		return strconv.FormatFloat(float64(v), 'f', -1, 64)
	case PerSecond:
		return strconv.FormatFloat(float64(v), 'f', -1, 64)
	case Value:
		return plainValue(float64(v))
	case int:
		return strconv.Itoa(v)
	case bool:
		return strconv.FormatBool(v)
	case string:
		return v
	}
	return ""
}
