package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Sync is a sync that ended.
type Sync struct {
	Connection, Kind string
	Outcome          string // done, problems, failed, paused, interrupted
	EndedAt          time.Time
	Took             time.Duration
	Waited           time.Duration // of it, for the source: fetching and mapping
}

// Outcomes of a sync that matter here; any other is told by its name only.
const (
	syncDone        = "done"     // every record went in
	syncProblems    = "problems" // it ended, and some records could not be taken
	syncInterrupted = "interrupted"
)

// Page is what one page of a source came to.
type Page struct {
	Connection, Kind string
	// Offered are the rows handed to the store by table.
	Offered map[string]int
	// Written are records by what became of them: inserted, updated, unchanged, gone.
	Written   map[string]int
	Problems  int
	NoHistory int // issues that came with their history, and never changed their status
	Processed int // issues written, changed or not
	Took      time.Duration
	Err       error // why it was not written; then only Took counts
}

type syncMetrics struct {
	duration *prometheus.HistogramVec
	issues   *prometheus.CounterVec
	problems *prometheus.CounterVec
}

func newSyncMetrics() syncMetrics {
	return syncMetrics{
		duration: histogram("sync_duration_seconds", "How long syncs took, waits for rate limits included.",
			[]float64{1, 5, 15, 60, 300, 900, 3600, 4 * 3600}, "connection", "outcome"),
		issues:   counter("issues_written_total", "Issues written to the fact store, by what became of them.", "connection", "kind"),
		problems: counter("sync_problems_total", "Records that could not be taken; one that fails again counts again.", "connection"),
	}
}

func (s syncMetrics) all() []prometheus.Collector {
	return []prometheus.Collector{s.duration, s.issues, s.problems}
}

// The upload statuses of tracker-exporter.
const (
	uploadSuccess = 1
	uploadFailure = 2
)

// SyncEnded counts a sync. An interrupted one is neither success nor failure.
func (m *Metrics) SyncEnded(s Sync) {
	if m == nil {
		return
	}
	m.syncs.duration.WithLabelValues(s.Connection, s.Outcome).Observe(seconds(s.Took))
	e := m.exporter.of(s.Kind)
	e.time("etl_duration_seconds", s.Took)
	e.time("export_and_transform_time_seconds", s.Waited)
	e.time("comments_fetch_seconds", 0) // they are counted on the search page: none is fetched
	switch s.Outcome {
	case syncInterrupted:
		return
	case syncDone:
		e.gauge("etl_upload_status", uploadSuccess)
	default:
		e.gauge("etl_upload_status", uploadFailure)
	}
	if s.Outcome == syncDone || s.Outcome == syncProblems {
		e.gauge("last_update_timestamp", float64(s.EndedAt.Unix()))
	}
}

// PageWritten counts a page that was offered to the store.
func (m *Metrics) PageWritten(p Page) {
	if m == nil {
		return
	}
	m.stores.writes.WithLabelValues(result(p.Err)).Observe(seconds(p.Took))
	if p.Err != nil {
		return
	}
	for table, n := range p.Offered {
		m.stores.rows.WithLabelValues(table).Add(float64(n))
	}
	for kind, n := range p.Written {
		m.syncs.issues.WithLabelValues(p.Connection, kind).Add(float64(n))
	}
	m.syncs.problems.WithLabelValues(p.Connection).Add(float64(p.Problems))
	e := m.exporter.of(p.Kind)
	e.time("upload_to_storage_time_seconds", p.Took)
	e.count("issues_total_processed_count", p.Processed)
	e.count("issues_without_metrics", p.NoHistory)
}

// Mapped counts a record of a connection of that kind that became facts.
func (m *Metrics) Mapped(kind string, took time.Duration) {
	if m != nil {
		m.exporter.of(kind).time("issue_transform_time_seconds", took)
	}
}
