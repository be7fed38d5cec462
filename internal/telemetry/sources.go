package telemetry

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

type sourceMetrics struct {
	duration *prometheus.HistogramVec
	failures *prometheus.CounterVec
}

func newSourceMetrics() sourceMetrics {
	return sourceMetrics{
		duration: histogram("source_request_duration_seconds", "How long requests to sources took, to the end of the answer.",
			[]float64{.025, .1, .25, .5, 1, 2.5, 10, 30, 90}, "connection"),
		failures: counter("source_request_failures_total", "Requests to sources that failed, by reason: network, 429, 4xx, 5xx.", "connection", "reason"),
	}
}

func (s sourceMetrics) all() []prometheus.Collector {
	return []prometheus.Collector{s.duration, s.failures}
}

// Operation is what a request to a source is for.
type Operation int

const (
	Other  Operation = iota
	Search           // a page of a list of issues
	Record           // one issue, or its history
)

// Transport times the requests that a connection sends through next. With
// operation, which may be nil, they are told apart for tracker-exporter's
// metrics.
func (m *Metrics) Transport(connection string, next http.RoundTripper, operation func(*http.Request) Operation) http.RoundTripper {
	if next == nil {
		next = http.DefaultTransport
	}
	if m == nil {
		return next
	}
	return &transport{m, connection, next, operation}
}

type transport struct {
	metrics    *Metrics
	connection string
	next       http.RoundTripper
	operation  func(*http.Request) Operation
}

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	began, operation := time.Now(), Other
	if t.operation != nil {
		operation = t.operation(r)
	}
	res, err := t.next.RoundTrip(r)
	if err != nil {
		t.ended(operation, time.Since(began), failure(0, err))
		return res, err
	}
	res.Body = &timedBody{ReadCloser: res.Body, ended: sync.OnceFunc(func() {
		t.ended(operation, time.Since(began), failure(res.StatusCode, nil))
	})}
	return res, nil
}

// CloseIdleConnections is for http.Client.
func (t *transport) CloseIdleConnections() {
	if c, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

func (t *transport) ended(o Operation, took time.Duration, reason string) {
	t.metrics.sources.duration.WithLabelValues(t.connection).Observe(seconds(took))
	if reason != "" {
		t.metrics.sources.failures.WithLabelValues(t.connection, reason).Inc()
	}
	switch o {
	case Search:
		t.metrics.exporter.time("issues_search_time_seconds", took)
	case Record:
		t.metrics.exporter.time("issue_prefetch_seconds", took)
	}
}

// failure is why a request failed, "" when it did not or nobody waited for it.
func failure(status int, err error) string {
	switch {
	case errors.Is(err, context.Canceled):
		return ""
	case err != nil:
		return "network"
	case status == http.StatusTooManyRequests:
		return "429"
	case status >= http.StatusInternalServerError:
		return "5xx"
	case status >= http.StatusBadRequest:
		return "4xx"
	}
	return ""
}

// timedBody tells when an answer was read or given up.
type timedBody struct {
	io.ReadCloser
	ended func()
}

func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.ended()
	}
	return n, err
}

func (b *timedBody) Close() error {
	b.ended()
	return b.ReadCloser.Close()
}
