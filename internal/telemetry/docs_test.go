package telemetry

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// TestDocumentedMetrics: the documentation names the metrics there are, and no
// others.
func TestDocumentedMetrics(t *testing.T) {
	text, err := os.ReadFile("../../docs/monitoring.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for _, m := range regexp.MustCompile("(?m)^\\| `((?:throughline|tracker_exporter)_[a-z_]+)`").FindAllStringSubmatch(string(text), -1) {
		documented = append(documented, m[1])
	}
	m := newMetrics(t, Options{})
	var all []prometheus.Collector
	for _, some := range [][]prometheus.Collector{m.syncs.all(), m.sources.all(), m.stores.all(), m.answered.all(), m.facts.all(), {watcher(nil)}} {
		all = append(all, some...)
	}
	described := make(chan *prometheus.Desc, 100)
	for _, c := range all {
		c.Describe(described)
	}
	close(described)
	names := []string{"throughline_build_info"}
	for d := range described {
		names = append(names, regexp.MustCompile(`fqName: "([a-z_]+)"`).FindStringSubmatch(d.String())[1])
	}
	source, err := os.ReadFile("metrics_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range regexp.MustCompile(`(?m)^.*(tracker_exporter_[a-z_]+):`).FindAllStringSubmatch(string(source), -1) {
		names = append(names, line[1])
	}
	names = append(names, "tracker_exporter_issues_search_time_seconds", "tracker_exporter_issue_prefetch_seconds") // by requests
	slices.Sort(names)
	slices.Sort(documented)
	if names = slices.Compact(names); !slices.Equal(names, documented) {
		t.Errorf("there are\n%s\ndocumented are\n%s", strings.Join(names, "\n"), strings.Join(documented, "\n"))
	}
}
