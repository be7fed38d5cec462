package views

import (
	"slices"
	"strings"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// PictureFoot is what stands below a picture. scope says in words what it is narrowed to.
func PictureFoot(d delivery.PanelData, p *i18n.Printer, scope []string) string {
	out := chartFoot(d, p, scope)
	if d.N > 0 && overTime(d.Shape) {
		out = append(out, changes(&d, p)...)
	}
	return strings.Join(out, " · ")
}

// steady is by how much, as a share, a percentile may differ and still have stayed.
const steady = 0.1

// AltText is a picture of a panel in one sentence: of times per bucket where they went, of
// all else what Summary says. Buckets that are cut, or hold too few for the percentile, say
// nothing.
func AltText(d delivery.PanelData, p *i18n.Printer) string {
	title := p.T("panel." + d.Slug + ".title")
	if text := courseText(d, p, title); text != "" {
		return text
	}
	return p.T("picture.alt", "title", title, "summary", Summary(d, p))
}

// courseText says where the high percentile of a trend went, "" where that is not known.
func courseText(d delivery.PanelData, p *i18n.Printer, title string) string {
	median := d.Figure("p50")
	if d.N == 0 || d.Shape != delivery.Trend || d.Quantity != delivery.Durations || median == nil {
		return ""
	}
	i := slices.IndexFunc(d.Series, func(s delivery.Series) bool { return s.Name == "p85" || s.Name == "p80" })
	if i < 0 {
		return ""
	}
	points := d.Series[i].Points
	says := func(pt delivery.Point) bool { return pt.Value != nil && pt.Slot != nil && !pt.Partial && !pt.LowN }
	first := slices.IndexFunc(points, says)
	last := len(points) - 1
	for last > first && !says(points[last]) {
		last--
	}
	if first < 0 || last == first {
		return ""
	}
	from, to := *points[first].Value, *points[last].Value
	id := "picture.alt.stayed"
	switch {
	case to > from*(1+steady):
		id = "picture.alt.rose"
	case to < from*(1-steady):
		id = "picture.alt.fell"
	}
	return p.T(id, "title", title, "name", d.Series[i].Name, "first", amount(&d, p, from), "last", amount(&d, p, to),
		"span", p.T("picture.span."+string(d.Filter.Unit), "n", last-first+1), "median", amount(&d, p, *median))
}
