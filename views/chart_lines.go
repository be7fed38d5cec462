package views

import (
	"slices"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// changeText says what changed, and from which day on.
func changeText(m delivery.Marker, d *delivery.PanelData, p *i18n.Printer) string {
	return p.T("marker."+m.Kind, "name", m.Name, "day", p.Date(m.At.Time().In(d.Zone)))
}

// changes are the definition changes within a panel's range in words, the first
// one first.
func changes(d *delivery.PanelData, p *i18n.Printer) []string {
	var out []string
	for _, m := range sortedMarkers(d) {
		out = append(out, changeText(m, d, p))
	}
	return out
}

func sortedMarkers(d *delivery.PanelData) []delivery.Marker {
	markers := slices.DeleteFunc(slices.Clone(d.Markers), func(m delivery.Marker) bool {
		return m.At < d.Filter.From || m.At >= d.Filter.To
	})
	slices.SortStableFunc(markers, func(a, b delivery.Marker) int { return int(a.At - b.At) })
	return markers
}

// chartLines are the verticals of a panel. Those of one moment are one line.
func chartLines(d *delivery.PanelData, p *i18n.Printer) []chartLine {
	if d.Shape == delivery.Bars {
		return nil
	}
	var out []chartLine
	markers := sortedMarkers(d)
	for i, m := range markers {
		label, text := p.T("marker."+m.Kind+".short"), changeText(m, d, p)
		if i > 0 && markers[i-1].At == m.At {
			last := &out[len(out)-1]
			if last.Label != label {
				last.Label += ", " + label
			}
			last.Text += "\n" + text
			continue
		}
		out = append(out, chartLine{placeOf(m.At, d), label, text})
	}
	return out
}

// placeOf is where an instant stands on a panel's time axis.
func placeOf(at delivery.Instant, d *delivery.PanelData) float64 {
	if d.Shape == delivery.Marks {
		return float64(wall(at, d.Zone))
	}
	buckets := BucketsOf(*d)
	for i, b := range buckets {
		if at < b.To {
			return float64(i) + float64(max(0, at-b.From))/float64(b.To-b.From)
		}
	}
	return float64(len(buckets))
}
