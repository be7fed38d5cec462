package config

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestLoadMonitoring(t *testing.T) {
	file := filepath.Join(t.TempDir(), "dsn")
	if err := os.WriteFile(file, []byte("https://key@sentry.example.com/base/42\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := load([]string{
		"THROUGHLINE_STATSD_ADDR=agent.lan:8125", "THROUGHLINE_STATSD_PREFIX=flow.exporter", "THROUGHLINE_STATSD_TAGS= env:prod, team:pay:ments ,, bare,команда:а",
		"THROUGHLINE_SENTRY_DSN_FILE=" + file, "THROUGHLINE_METRICS_USER=prom", "THROUGHLINE_METRICS_PASSWORD=p:w",
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.StatsdAddr != "agent.lan:8125" || c.StatsdPrefix != "flow.exporter" || c.SentryDSN != "https://key@sentry.example.com/base/42" ||
		c.MetricsUser != "prom" || c.MetricsPassword != "p:w" {
		t.Errorf("%+v", c)
	}
	if want := []string{"env:prod", "team:pay:ments", "bare", "команда:а"}; !reflect.DeepEqual(c.StatsdTags, want) {
		t.Errorf("tags %q", c.StatsdTags)
	}
	for _, addr := range []string{"127.0.0.1:8125", "[::1]:8125", "unix:///var/run/datadog/dsd.socket"} {
		if _, err := load([]string{"THROUGHLINE_STATSD_ADDR=" + addr}); err != nil {
			t.Error(err)
		}
	}
	for _, dsn := range []string{"http://key:hunter2@127.0.0.1:9000/1", "https://k@[::1]/1"} {
		if _, err := load([]string{"THROUGHLINE_SENTRY_DSN=" + dsn}); err != nil {
			t.Error(err)
		}
	}
}

func TestLoadRefusesMonitoring(t *testing.T) {
	const long = "x123456789"
	tests := []struct{ name, variable, value, concerns string }{
		{"no port", "STATSD_ADDR", "agent", "STATSD_ADDR"},
		{"no host", "STATSD_ADDR", ":8125", "STATSD_ADDR"},
		{"port 0", "STATSD_ADDR", "agent:0", "STATSD_ADDR"},
		{"a URL", "STATSD_ADDR", "udp://agent:8125", "STATSD_ADDR"},
		{"a relative socket", "STATSD_ADDR", "unix://dsd.socket", "STATSD_ADDR"},
		{"a long socket", "STATSD_ADDR", "unix:///" + strings.Repeat(long, 11), "STATSD_ADDR"},
		{"a prefix with a space", "STATSD_PREFIX", "a b", "STATSD_PREFIX"},
		{"a prefix with a colon", "STATSD_PREFIX", "a:b", "STATSD_PREFIX"},
		{"a long prefix", "STATSD_PREFIX", strings.Repeat(long, 11), "STATSD_PREFIX"},
		{"tags in JSON", "STATSD_TAGS", `["env:prod"]`, "STATSD_TAGS"},
		{"a tag with a bar", "STATSD_TAGS", "env:a|b", "STATSD_TAGS"},
		{"a tag without a value", "STATSD_TAGS", "env:", "STATSD_TAGS"},
		{"a long tag", "STATSD_TAGS", "env:" + strings.Repeat(long, 21), "STATSD_TAGS"},
		{"many tags", "STATSD_TAGS", strings.Repeat("a,", 21), "STATSD_TAGS"},
		{"a DSN without a key", "SENTRY_DSN", "https://hunter2.example.com/1", "SENTRY_DSN"},
		{"a DSN without a project", "SENTRY_DSN", "https://hunter2@example.com/", "SENTRY_DSN"},
		{"a DSN with a name for a project", "SENTRY_DSN", "https://hunter2@example.com/web", "SENTRY_DSN"},
		{"a DSN of another scheme", "SENTRY_DSN", "ftp://hunter2@example.com/1", "SENTRY_DSN"},
		{"a DSN with a query", "SENTRY_DSN", "https://hunter2@example.com/1?a=hunter2", "SENTRY_DSN"},
		{"a user alone", "METRICS_USER", "prom", "METRICS_PASSWORD"},
		{"a password alone", "METRICS_PASSWORD", "hunter2", "METRICS_USER"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := load([]string{Prefix + tt.variable + "=" + tt.value})
			all, ok := errors.AsType[*Error](err)
			if !ok || len(all.Problems) != 1 || all.Problems[0].Variable != Prefix+tt.concerns || all.Problems[0].Example == "" {
				t.Fatalf("error %v", err)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("a secret shows: %v", err)
			}
		})
	}
	_, err := load([]string{"THROUGHLINE_METRICS_USER=a:b", "THROUGHLINE_METRICS_PASSWORD=hunter2\nhunter2"})
	if all, ok := errors.AsType[*Error](err); !ok || len(all.Problems) != 2 || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("error %v", err)
	}
}
