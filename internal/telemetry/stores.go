package telemetry

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

type storeMetrics struct {
	writes  *prometheus.HistogramVec
	rows    *prometheus.CounterVec
	panels  *prometheus.HistogramVec
	inserts *prometheus.HistogramVec
	dedupes *prometheus.HistogramVec
	added   *prometheus.CounterVec
}

func newStoreMetrics() storeMetrics {
	return storeMetrics{
		writes: histogram("store_write_duration_seconds", "How long the fact store took to write a page of a sync.",
			[]float64{.005, .025, .1, .25, 1, 2.5, 10, 30}, "result"),
		rows: counter("store_rows_total", "Rows handed to the fact store in pages that were written, by table.", "table"),
		panels: histogram("panel_query_duration_seconds", "How long the fact store took to answer a panel that was not in the cache.",
			[]float64{.005, .025, .1, .25, .5, 1, 2.5, 5, 15}, "panel", "result"),
		inserts: histogram("clickhouse_insert_duration_seconds", "How long inserts into ClickHouse took.",
			[]float64{.005, .025, .1, .25, 1, 2.5, 10, 30}, "database", "table"),
		dedupes: histogram("clickhouse_deduplicate_duration_seconds", "How long ClickHouse took to merge versions of rows when asked to.",
			[]float64{.025, .1, .5, 2.5, 10, 60, 300}, "database", "table"),
		added: counter("clickhouse_inserted_rows_total", "Rows inserted into ClickHouse.", "database", "table"),
	}
}

func (s storeMetrics) all() []prometheus.Collector {
	return []prometheus.Collector{s.writes, s.rows, s.panels, s.inserts, s.dedupes, s.added}
}

// PanelLoaded counts a panel that the store was asked for.
func (m *Metrics) PanelLoaded(panel string, took time.Duration, err error) {
	if m != nil {
		m.stores.panels.WithLabelValues(panel, result(err)).Observe(seconds(took))
	}
}

// Inserted counts an insert into a table of ClickHouse. It is a hook for the
// store, like Deduplicated.
func (m *Metrics) Inserted(database, table string, rows int, took time.Duration) {
	if m == nil {
		return
	}
	m.stores.inserts.WithLabelValues(database, table).Observe(seconds(took))
	m.stores.added.WithLabelValues(database, table).Add(float64(max(0, rows)))
	tags := []string{"database:" + database, "table:" + table}
	m.exporter.time("clickhouse_insert_time_seconds", took, tags...)
	m.exporter.count("clickhouse_inserted_rows", rows, tags...)
}

// Deduplicated counts that ClickHouse merged the versions of a table's rows.
func (m *Metrics) Deduplicated(database, table string, took time.Duration) {
	if m == nil {
		return
	}
	m.stores.dedupes.WithLabelValues(database, table).Observe(seconds(took))
	m.exporter.time("clickhouse_deduplicate_time_seconds", took, "database:"+database, "table:"+table)
}

// result is how something ended, in a label.
func result(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, context.Canceled):
		return "canceled"
	}
	return "failed"
}
