package telemetry

import "github.com/prometheus/client_golang/prometheus"

// Family is a metric of another program that this one takes the place of, under its
// own name.
type Family struct {
	Name, Help string
	Counter    bool // else it is a gauge
	Labels     []string
}

// Sample is a value of a family. Labels are values in the order of its labels.
type Sample struct {
	Family string
	Labels []string
	Value  float64
}

// Expose makes each scrape show samples of families. It asks for them while it is
// answered: they have to be at hand.
func (m *Metrics) Expose(families []Family, samples func() []Sample) {
	c := &familyCollector{descs: map[string]familyDesc{}, samples: samples}
	for _, f := range families {
		kind := prometheus.GaugeValue
		if f.Counter {
			kind = prometheus.CounterValue
		}
		c.descs[f.Name] = familyDesc{prometheus.NewDesc(f.Name, f.Help, f.Labels, nil), kind}
	}
	m.registry.MustRegister(c)
}

type familyDesc struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
}

type familyCollector struct {
	descs   map[string]familyDesc
	samples func() []Sample
}

func (c *familyCollector) Describe(out chan<- *prometheus.Desc) {
	for _, f := range c.descs {
		out <- f.desc
	}
}

func (c *familyCollector) Collect(out chan<- prometheus.Metric) {
	for _, s := range c.samples() {
		f, ok := c.descs[s.Family]
		if !ok {
			continue
		}
		metric, err := prometheus.NewConstMetric(f.desc, f.kind, s.Value, s.Labels...)
		if err != nil {
			metric = prometheus.NewInvalidMetric(f.desc, err)
		}
		out <- metric
	}
}
