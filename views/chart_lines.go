package views

import (
	"slices"
	"strconv"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// changeText says what changed, and from which day on.
func changeText(m delivery.Marker, d *delivery.PanelData, p *i18n.Printer) string {
	if m.Kind == delivery.DeploymentsMarker {
		return p.T("marker.deployments", "n", deploymentsOf(m))
	}
	return p.T("marker."+m.Kind, "name", m.Name, "day", p.Date(m.At.Time().In(d.Zone)))
}

// deploymentsOf is how many deployments a marker is of.
func deploymentsOf(m delivery.Marker) int {
	if n, err := strconv.Atoi(m.Name); err == nil && m.Kind == delivery.DeploymentsMarker {
		return n
	}
	return 1
}

// changes are the definition changes within a panel's range in words, the first one
// first, how many deployments are drawn, and what a filter does not narrow.
func changes(d *delivery.PanelData, p *i18n.Printer) []string {
	var out []string
	deployments, incidents := 0, 0
	for _, m := range sortedMarkers(d) {
		if m.Kind == delivery.IncidentMarker {
			incidents++
			continue
		}
		if isDeployment(m) {
			deployments += deploymentsOf(m)
			continue
		}
		out = append(out, changeText(m, d, p))
	}
	switch {
	case tooMany(deployments, d):
		out = append(out, p.T("marker.deployments.told", "n", deployments))
	case deployments > 0:
		out = append(out, p.T("marker.deployments.drawn", "n", deployments))
	}
	if incidents > 0 {
		out = append(out, p.T("marker.incidents.drawn", "n", incidents))
	}
	if d.Notes.Unmarked > 0 {
		out = append(out, p.T("marker.unmarked", "n", d.Notes.Unmarked))
	}
	if d.Quantity == delivery.EventTally && len(d.Filter.Environments) > 0 {
		out = append(out, p.T("errors.every_environment"))
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

const (
	fewDeployments  = 6 // have room for their names on a chart
	deploymentsTold = 4 // one by one, of a bucket

	mostDeployments = 30 // that are drawn: more would be a line in every bucket
)

// tooMany reports whether lines of so many deployments would hide the chart.
func tooMany(deployments int, d *delivery.PanelData) bool {
	return deployments > mostDeployments && d.Shape != delivery.Lines
}

// chartLines are the verticals of a panel. Those of one moment are one line.
func chartLines(d *delivery.PanelData, p *i18n.Printer) []chartLine {
	if !overTime(d.Shape) {
		return nil
	}
	var out []chartLine
	markers := sortedMarkers(d)
	told := map[int]int{} // deployments, by bucket
	deployments := 0
	for _, m := range markers {
		if isDeployment(m) {
			deployments += deploymentsOf(m)
		}
	}
	for i, m := range markers {
		if isEvent(m) {
			at := placeOf(m.At, d)
			told[int(at)]++
			line := chartLine{At: at, Event: true, Incident: m.Kind == delivery.IncidentMarker}
			line.Hidden = isDeployment(m) && tooMany(deployments, d)
			if d.Shape == delivery.Lines { // of which each has a place of its own
				told[int(at)] = 1
			}
			if len(markers) <= fewDeployments && m.Kind != delivery.DeploymentsMarker {
				line.Label = m.Name
			}
			switch n := told[int(at)]; {
			case n <= deploymentsTold:
				line.Text = changeText(m, d, p)
			case n == deploymentsTold+1:
				line.Text = p.T("marker.deployment.more")
			}
			out = append(out, line)
			continue
		}
		label, text := p.T("marker."+m.Kind+".short"), changeText(m, d, p)
		if i > 0 && markers[i-1].At == m.At && !isEvent(markers[i-1]) {
			last := &out[len(out)-1]
			if last.Label != label {
				last.Label += ", " + label
			}
			last.Text += "\n" + text
			continue
		}
		out = append(out, chartLine{At: placeOf(m.At, d), Label: label, Text: text})
	}
	return out
}

// placeOf is where an instant stands on a panel's time axis.
func placeOf(at delivery.Instant, d *delivery.PanelData) float64 {
	if dots(d.Shape) || d.Shape == delivery.Lines {
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
