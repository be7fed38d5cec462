package views

import (
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// outcomeLooks tell outcomes apart by colour and, for whoever sees none, by
// hatching.
var outcomeLooks = map[string]itemStyle{
	string(delivery.RunSuccess):   {Color: "var(--series-1)"},
	string(delivery.RunFailed):    {Color: "var(--series-6)", Decal: hatched},
	string(delivery.RunCancelled): {Color: "var(--series-7)"},
	string(delivery.RunSkipped):   {Color: "var(--series-5)", Decal: dotted},
	string(delivery.RunUnknown):   {Color: "var(--series-3)"},
	string(delivery.KindNormal):   {Color: "var(--series-1)"},
	string(delivery.KindHotfix):   {Color: "var(--series-6)", Decal: hatched},
	string(delivery.KindConfig):   {Color: "var(--series-3)"},
	string(delivery.KindRollback): {Color: "var(--series-2)", Decal: dotted},
	string(delivery.KindRedeploy): {Color: "var(--series-7)"},
	"created":                     {Color: "var(--series-2)"},
	"closed":                      {Color: "var(--series-3)", Decal: dotted},
	"accepted":                    {Color: "var(--series-1)"},
	"filtered":                    {Color: "var(--series-7)", Decal: dotted},
	"rate_limited":                {Color: "var(--series-6)", Decal: hatched},
	"invalid":                     {Color: "var(--series-2)"},
	"unfinished":                  {Color: "var(--edge)", Decal: hatched},
	"finished":                    {Color: "var(--series-1)"},
	"excluded":                    {Color: "var(--series-7)", Decal: dotted},
}

// besides are the series of a stack that are not of it: sums, and parts of sums.
var besides = []string{"count", "restarted"}

// piled reports whether the series of a stack are parts of one number: what was made and
// what was ended are not.
func piled(d delivery.PanelData) bool { return d.Quantity != delivery.TicketCounts }

func stackAxisName(d delivery.PanelData, p *i18n.Printer) string {
	return p.T("chart.axis." + string(d.Quantity))
}

// stackOption draws counts per bucket, one upon the other.
func stackOption(d delivery.PanelData, p *i18n.Printer, m chartMeta) map[string]any {
	c := charts.NewBar()
	c.Tooltip = opts.Tooltip{Show: opts.Bool(true), Trigger: "axis"}
	c.GridList = []opts.Grid{{Top: "56", Right: "16", Bottom: "28", Left: "48"}}
	var labels, names []string
	for _, point := range d.Series[0].Points {
		labels = append(labels, point.Label.String())
	}
	c.SetXAxis(labels)
	c.XAxisList = []opts.XAxis{{Type: "category"}}
	c.YAxisList = []opts.YAxis{{Type: "value", Name: stackAxisName(d, p), Min: 0, MinInterval: 1}}
	if m.Level != nil {
		c.GridList[0].Right = strconv.Itoa(20 + 7*utf8.RuneCountInString(m.Level.Name)) // which stands there
	}
	counts := issueCounts(&d)
	pile := ""
	if piled(d) {
		pile = "one"
	}
	for _, s := range d.Series {
		if slices.Contains(besides, s.Name) {
			continue
		}
		look, name := outcomeLooks[s.Name], p.T("outcome."+s.Name)
		names = append(names, name)
		data := make([]datum, len(s.Points))
		for i, point := range s.Points {
			data[i] = datum{Value: point.Value, N: point.N, Partial: point.Partial, ItemStyle: stackLook(&d, s.Name, point.Partial)}
			if counts != nil {
				data[i].N = &counts[i]
			}
		}
		c.MultiSeries = append(c.MultiSeries, charts.SingleSeries{
			Name: name, Type: "bar", Stack: pile, BarMaxWidth: "28", Data: data,
			ItemStyle: &opts.ItemStyle{Color: look.Color},
		})
	}
	c.Legend = opts.Legend{Show: opts.Bool(true), Data: names, Left: "0", Top: "0", Icon: "rect", SelectedMode: "false"}
	return finish(c)
}
