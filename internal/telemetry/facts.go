package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

type factMetrics struct {
	written *prometheus.CounterVec
	derived prometheus.Counter
	last    prometheus.Gauge
}

func newFactMetrics() factMetrics {
	return factMetrics{
		written: counter("facts_written_total", "Facts other than issues that were handed to the fact store and taken, from syncs, hooks and pushes.", "connection", "kind"),
		derived: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: namespace, Name: "services_derived_total", Help: "Times that the deployments of a service were derived anew from facts.",
		}),
		last: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: namespace, Name: "services_derived_last_timestamp_seconds",
			Help: "When the deployments of a service were last derived, as a Unix time; 0 when none were since the start.",
		}),
	}
}

func (f factMetrics) all() []prometheus.Collector {
	return []prometheus.Collector{f.written, f.derived, f.last}
}

// FactsWritten counts facts of a connection that were stored, by kind: runs,
// deployments, changes, incidents, tickets, facts of errors, points.
func (m *Metrics) FactsWritten(connection string, kinds map[string]int) {
	if m == nil {
		return
	}
	for kind, n := range kinds {
		if n > 0 {
			m.facts.written.WithLabelValues(connection, kind).Add(float64(n))
		}
	}
}

// ServiceDerived counts that what follows from the facts of a service was stored.
func (m *Metrics) ServiceDerived(at time.Time) {
	if m != nil {
		m.facts.derived.Inc()
		m.facts.last.Set(float64(at.UnixMilli()) / 1000)
	}
}
