package telemetry

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

type answerMetrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

func newAnswerMetrics() answerMetrics {
	return answerMetrics{
		requests: counter("http_requests_total", "Requests answered, by the pattern of the route.", "route", "method", "status"),
		duration: histogram("http_request_duration_seconds", "How long answers took, by the pattern of the route.",
			[]float64{.005, .025, .1, .25, 1, 2.5, 10}, "route", "method"),
	}
}

func (a answerMetrics) all() []prometheus.Collector {
	return []prometheus.Collector{a.requests, a.duration}
}

// Answered counts a request. The route is a pattern, never a path: there must
// be few of them.
func (m *Metrics) Answered(route, method string, status int, took time.Duration) {
	if m == nil {
		return
	}
	method = knownMethod(method)
	m.answered.requests.WithLabelValues(route, method, strconv.Itoa(status)).Inc()
	m.answered.duration.WithLabelValues(route, method).Observe(seconds(took))
}

// knownMethod bounds what clients can make up.
func knownMethod(method string) string {
	known := []string{
		http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
	}
	if slices.Contains(known, method) {
		return method
	}
	return "other"
}
