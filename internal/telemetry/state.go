package telemetry

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// stateTimeout bounds what a scrape waits for.
const stateTimeout = 5 * time.Second

// State is what is looked up at each scrape.
type State struct {
	StoreUp     bool
	Rebuilding  *bool // derived rows are due to be made anew; nil when not known
	Connections []Connection
	// Received are hooks and pushes that were received, by connection and what became
	// of them: waiting, done, failed, refused, ignored.
	Received map[string]map[string]int
}

// Connection is how a connection stands.
type Connection struct {
	Name            string
	Syncing, Paused bool
	LastSuccess     time.Time // end of the last sync that reached its end; zero for none
	// Failed says that the last sync to end failed, or left something out.
	Failed bool
}

// Watch makes each scrape ask for the state.
func (m *Metrics) Watch(ask func(context.Context) State) {
	m.registry.MustRegister(watcher(ask))
}

func watcher(ask func(context.Context) State) *stateCollector {
	describe := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(prometheus.BuildFQName(namespace, "", name), help, labels, nil)
	}
	return &stateCollector{
		ask:        ask,
		up:         describe("fact_store_up", "1 when the fact store answers."),
		rebuilding: describe("rebuild_pending", "1 while derived rows are to be made anew after a change of the workflow."),
		running:    describe("sync_running", "1 while a sync of the connection runs.", "connection"),
		paused:     describe("connection_paused", "1 when the connection waits for a person.", "connection"),
		failed:     describe("collection_failed", "1 when the last sync of the connection failed, waits for a person, or had to leave something out.", "connection"),
		age:        describe("collection_age_seconds", "How long ago the last sync of the connection reached its end; absent when none has.", "connection"),
		success: describe("sync_last_success_timestamp_seconds",
			"When the last sync that reached its end did so, as a Unix time; 0 when none is on record.", "connection"),
		received: describe("inbox_entries", "Hooks and pushes in the inbox, by what became of them: waiting, done, failed, refused, ignored.",
			"connection", "state"),
	}
}

// stateCollector asks when it is collected.
type stateCollector struct {
	ask                                      func(context.Context) State
	up, rebuilding, running, paused, success *prometheus.Desc
	received, failed, age                    *prometheus.Desc
}

func (c *stateCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.up, c.rebuilding, c.running, c.paused, c.success, c.received, c.failed, c.age} {
		out <- d
	}
}

func (c *stateCollector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), stateTimeout)
	defer cancel()
	s := c.ask(ctx)
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	gauge(c.up, number(s.StoreUp))
	if s.Rebuilding != nil {
		gauge(c.rebuilding, number(*s.Rebuilding))
	}
	for _, connection := range s.Connections {
		gauge(c.running, number(connection.Syncing), connection.Name)
		gauge(c.paused, number(connection.Paused), connection.Name)
		at := 0.0
		if !connection.LastSuccess.IsZero() {
			at = float64(connection.LastSuccess.UnixMilli()) / 1000
		}
		gauge(c.success, at, connection.Name)
		gauge(c.failed, number(connection.Failed || connection.Paused), connection.Name)
		if at != 0 {
			gauge(c.age, seconds(time.Since(connection.LastSuccess)), connection.Name)
		}
	}
	for connection, states := range s.Received {
		for state, n := range states {
			gauge(c.received, float64(n), connection, state)
		}
	}
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
