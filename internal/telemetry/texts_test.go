package telemetry

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestTextsBeforeAll(t *testing.T) {
	m, err := New(Options{Version: "1"})
	if err != nil {
		t.Fatal(err)
	}
	fails := false
	m.ExposeText(func(w io.Writer, _ time.Time) error {
		if fails {
			return errors.New("no")
		}
		_, err := io.WriteString(w, "# TYPE odd histogram\nodd_bucket{le=\"1h\"} 1.0\n")
		return err
	})
	ask := func(header map[string]string) *http.Response {
		t.Helper()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil)
		for name, value := range header {
			r.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		m.Handler().ServeHTTP(w, r)
		return w.Result()
	}
	for name, header := range map[string]map[string]string{
		"plain":       nil,
		"openmetrics": {"Accept": "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"},
		"protobuf":    {"Accept": "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"},
		"zipped":      {"Accept-Encoding": "gzip"},
	} {
		res := ask(header)
		var body io.Reader = res.Body
		if res.Header.Get("Content-Encoding") == "gzip" {
			z, err := gzip.NewReader(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			body = z
		} else if name == "zipped" {
			t.Error("it is not zipped")
		}
		text, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(text), "# TYPE odd histogram\nodd_bucket{le=\"1h\"} 1.0\n# HELP ") || !strings.Contains(string(text), "\nthroughline_build_info{") {
			t.Errorf("%s: %.200s", name, text)
		}
		if kind := res.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/plain; version=0.0.4") {
			t.Errorf("%s: %s", name, kind)
		}
	}
	fails = true
	if res := ask(nil); res.StatusCode != http.StatusInternalServerError {
		t.Errorf("a text that fails: %d", res.StatusCode)
	}
}
