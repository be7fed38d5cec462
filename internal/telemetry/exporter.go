package telemetry

import (
	"fmt"
	"strings"
	"time"

	"github.com/DataDog/datadog-go/v5/statsd"
)

// Statsd is where DogStatsD metrics go.
type Statsd struct {
	Addr   string   // host:port, or unix:///path of a socket
	Prefix string   // begins every name, followed by _
	Tags   []string // of every metric, as name:value
}

// ExporterKind is the kind of connection that tracker-exporter had. Only what
// concerns these is sent under its names.
const ExporterKind = "tracker"

// exporter sends what tracker-exporter sent, under its names. A nil one sends
// nothing.
//
// Times are histograms (h) of seconds: the type ms means milliseconds to every
// receiver, whatever the name says.
type exporter struct {
	client *statsd.Client
	prefix string
}

const (
	// statsdBuffers is how many datagrams may wait to be sent.
	statsdBuffers = 64
	// statsdTold is how often it is told at most that metrics are lost.
	statsdTold = 10 * time.Minute
)

func newExporter(to Statsd, failed func(error)) (*exporter, error) {
	options := []statsd.Option{
		statsd.WithTags(to.Tags),
		// Plain lines that every receiver reads, and no metrics but ours.
		statsd.WithoutClientSideAggregation(), statsd.WithoutTelemetry(), statsd.WithoutOriginDetection(),
		statsd.WithWorkersCount(1), statsd.WithBufferPoolSize(statsdBuffers), statsd.WithSenderQueueSize(statsdBuffers),
	}
	if failed != nil {
		options = append(options, statsd.WithErrorHandler(seldom(failed)))
	}
	var client *statsd.Client
	var err error
	if strings.HasPrefix(to.Addr, statsd.UnixAddressPrefix) {
		client, err = statsd.New(to.Addr, options...)
	} else {
		options = append(options, statsd.WithMaxBytesPerPayload(statsd.OptimalUDPPayloadSize))
		client, err = statsd.NewWithWriter(&datagrams{addr: to.Addr}, options...)
	}
	if err != nil {
		return nil, fmt.Errorf("send metrics to StatsD: %w", err)
	}
	return &exporter{client: client, prefix: to.Prefix + "_"}, nil
}

// time sends how long something took. What cannot be sent is told by the error
// handler.
func (e *exporter) time(name string, took time.Duration, tags ...string) {
	if e != nil {
		_ = e.client.Histogram(e.prefix+name, seconds(took), tags, 1)
	}
}

func (e *exporter) count(name string, n int, tags ...string) {
	if e != nil {
		_ = e.client.Count(e.prefix+name, int64(n), tags, 1)
	}
}

func (e *exporter) gauge(name string, value float64) {
	if e != nil {
		_ = e.client.Gauge(e.prefix+name, value, nil, 1)
	}
}

func (e *exporter) close() error {
	if err := e.client.Close(); err != nil {
		return fmt.Errorf("send the last metrics to StatsD: %w", err)
	}
	return nil
}

// of is e for connections of its kind, nil for others.
func (e *exporter) of(kind string) *exporter {
	if kind != ExporterKind {
		return nil
	}
	return e
}
