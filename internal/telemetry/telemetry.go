// Package telemetry says how the program itself is doing: the same events as
// Prometheus metrics, kept here and scraped, and as DogStatsD metrics under the
// names of tracker-exporter, sent as they happen; and errors, to Sentry. It
// knows nothing of what it measures: whoever wires the program tells it.
package telemetry

import (
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Options are what metrics are made with.
type Options struct {
	Version, Commit string
	Statsd          Statsd
	// StatsdFailed, unless nil, is told now and then that metrics are lost on
	// their way to StatsD.
	StatsdFailed func(error)
}

// Metrics counts and times. All methods may be called from any goroutine, and
// on a nil *Metrics, which takes no notice. Durations are kept and sent in
// seconds.
type Metrics struct {
	registry *prometheus.Registry
	exporter *exporter // nil when none is set

	syncs    syncMetrics
	sources  sourceMetrics
	stores   storeMetrics
	answered answerMetrics
	facts    factMetrics
	texts    []Text
}

// namespace begins every Prometheus name.
const namespace = "throughline"

// New makes metrics with a registry of their own. With an address in o.Statsd
// they are sent there too, from now until Close.
func New(o Options) (*Metrics, error) {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		syncs:    newSyncMetrics(), sources: newSourceMetrics(), stores: newStoreMetrics(), answered: newAnswerMetrics(),
		facts: newFactMetrics(),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: namespace, Name: "build_info", Help: "Always 1; the labels say what is running.",
		ConstLabels: prometheus.Labels{"version": o.Version, "commit": o.Commit, "goversion": runtime.Version()},
	})
	build.Set(1)
	m.registry.MustRegister(build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, all := range [][]prometheus.Collector{m.syncs.all(), m.sources.all(), m.stores.all(), m.answered.all(), m.facts.all()} {
		m.registry.MustRegister(all...)
	}
	if o.Statsd.Addr == "" {
		return m, nil
	}
	var err error
	m.exporter, err = newExporter(o.Statsd, o.StatsdFailed)
	return m, err
}

// maxScrapes is how many may be answered at once; whoever comes then is asked
// to come again.
const maxScrapes = 4

// Handler answers scrapes. Who may ask is not its business.
func (m *Metrics) Handler() http.Handler {
	all := promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		MaxRequestsInFlight: maxScrapes, ErrorHandling: promhttp.ContinueOnError, DisableCompression: true,
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { m.answer(w, r, all) })
}

// Close sends what has not been sent yet.
func (m *Metrics) Close() error {
	if m == nil || m.exporter == nil {
		return nil
	}
	return m.exporter.close()
}

func histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets}, labels)
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

// seconds is never negative, whatever the clock did.
func seconds(d time.Duration) float64 { return max(0, d.Seconds()) }
