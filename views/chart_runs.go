package views

import (
	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// runSummary says in one sentence what a panel of runs shows.
func runSummary(d delivery.PanelData, p *i18n.Printer) string {
	switch {
	case d.Shape == delivery.Stack:
		return countSummary(d, p)
	case d.Shape == delivery.Bars:
		return namedSummary(d, p)
	case d.Slug == deployJobsSlug:
		return p.T("summary.job-failure-rate", "n", d.N, "k", int(*d.Figure("failed")+*d.Figure("cancelled")), "rate", p.Percent(*d.Figure("rate"), 1),
			"low", p.Percent(*d.Figure("low"), 0), "high", p.Percent(*d.Figure("high"), 0))
	case d.Quantity == delivery.Rates:
		return rateSummary(d, p)
	}
	id, n := "summary."+d.Slug, d.N
	p50, p80, p95 := d.Figure("p50"), d.Figure("p80"), d.Figure("p95")
	switch {
	case n < delivery.EnoughForP50:
		return p.T("summary.runs.few", "n", n)
	case n < delivery.EnoughForP80:
		return p.T(id+".half", "n", n, "p50", amount(&d, p, *p50))
	}
	return p.T(id, "n", n, "p50", amount(&d, p, *p50), "p80", amount(&d, p, *p80), "p95", amount(&d, p, *p95))
}

// countSummary tells how many runs there were, and how many failed and were started
// again.
func countSummary(d delivery.PanelData, p *i18n.Printer) string {
	failed, restarted := int(*d.Figure(string(delivery.RunFailed))), int(*d.Figure("restarted"))
	tail := p.T("summary.count.whole")
	switch {
	case failed > 0 && restarted > 0:
		tail = p.T("summary.count.both", "failed", failed, "restarted", restarted)
	case failed > 0:
		tail = p.T("summary.count.failed", "n", failed)
	case restarted > 0:
		tail = p.T("summary.count.restarted", "n", restarted)
	}
	return p.T("summary.count", "n", d.N, "tail", tail)
}

func rateSummary(d delivery.PanelData, p *i18n.Printer) string {
	rate := d.Figure("rate")
	points := d.Series[0].Points
	for i := len(points) - 1; i >= 0; i-- {
		if b := points[i]; !b.Partial && !b.LowN && b.Value != nil {
			return p.T("summary.rate."+string(d.Filter.Unit), "rate", p.Percent(*rate, 1), "n", d.N,
				"day", p.Date(b.T.Time().In(d.Zone)), "last", p.Percent(*b.Value, 1))
		}
	}
	return p.T("summary.rate", "rate", p.Percent(*rate, 1), "n", d.N)
}

// namedSummary names the job or the build at the top.
func namedSummary(d delivery.PanelData, p *i18n.Printer) string {
	for i, point := range d.Series[0].Points {
		if *point.N < delivery.EnoughForP50 {
			continue
		}
		value := map[string]float64{}
		for _, s := range d.Series {
			value[s.Name] = *s.Points[i].Value
		}
		return p.T("summary."+d.Slug, "name", point.Name, "p50", amount(&d, p, value["p50"]), "p80", amount(&d, p, value["p80"]),
			"total", amount(&d, p, value["total"]), "n", *point.N)
	}
	return p.T("summary.named.few", "n", d.N)
}
