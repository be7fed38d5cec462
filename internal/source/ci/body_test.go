package ci_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"throughline/internal/source/ci"
)

// TestBodies holds for both parsers.
func TestBodies(t *testing.T) {
	for _, c := range []struct{ name, body, message string }{
		{"empty", "", "is empty, a JSON document is expected"},
		{"blank", " \n", "is empty, a JSON document is expected"},
		{"text", "saved", "is not JSON at byte 1 (line 1): invalid character 's' looking for beginning of value"},
		{"cut", "{\n\"id\":", "is not JSON at byte 7 (line 2): unexpected end of JSON input"},
		{"rest", "{}\n{}", "is not JSON at byte 4 (line 2): invalid character '{' after top-level value"},
		{"comma", "[1,]", "is not JSON at byte 4 (line 1): invalid character ']' looking for beginning of value"},
		{"invalid UTF-8", "{\"ok\": \"й\",\n\"id\": \"\xff\"}", "is not UTF-8 at byte 20 (line 2)"},
		{"deep", strings.Repeat("[", 33) + strings.Repeat("]", 33), "is nested too deeply"},
		{"deep objects", strings.Repeat(`{"a":`, 33) + "1" + strings.Repeat("}", 33), "is nested too deeply"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ci.ParseSaveMetrics([]byte(c.body))
			if want := "$: " + c.message; err == nil || err.Error() != want {
				t.Errorf("save_metrics: got %v, want %s", err, want)
			}
			items, _, err := ci.ParseRuns([]byte(c.body))
			if want := "$: " + c.message; err == nil || err.Error() != want || items != nil {
				t.Errorf("runs: got %v, want %s", err, want)
			}
		})
	}
}

func TestBodyOfManyValues(t *testing.T) {
	_, _, err := ci.ParseRuns([]byte(list("0", 500_000)))
	equal(t, "paths", paths(t, err), "$")
	if want := "$: has too many values, send it in several parts"; err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestBodiesOfOtherTypes(t *testing.T) {
	for _, body := range []string{`null`, `true`, `5`, `"text"`} {
		_, err := ci.ParseSaveMetrics([]byte(body))
		equal(t, "save_metrics "+body, paths(t, err), "$")
		_, batch, err := ci.ParseRuns([]byte(body))
		equal(t, "runs "+body, paths(t, err), "$")
		equal(t, "batch", batch, false)
	}
	_, err := ci.ParseSaveMetrics([]byte(`[` + saved + `]`))
	equal(t, "save_metrics in an array", paths(t, err), "$")
}

// TestManyErrors has as many as are told, and more.
func TestManyErrors(t *testing.T) {
	for _, c := range []struct {
		jobs  int
		last  string
		count int
	}{
		{50, "$.jobs[49].name: is required", 100},
		{51, "$: has 3 more errors", 100},
		{2000, "$: has 3901 more errors", 100},
	} {
		_, err := ci.ParseSaveMetrics([]byte(body(t, saved, map[string]string{"jobs": list("{}", c.jobs)})))
		wrong, ok := errors.AsType[ci.Errors](err)
		if !ok || len(wrong) != c.count {
			t.Fatalf("%d jobs: %d errors", c.jobs, len(wrong))
		}
		equal(t, "last", wrong[len(wrong)-1].Error(), c.last)
		for i := range 98 {
			want := fmt.Sprintf("$.jobs[%d].%s", i/2, []string{"duration", "name"}[i%2])
			equal(t, "path", wrong[i].Path, want)
		}
	}
}

func TestFirstFieldError(t *testing.T) {
	_, err := ci.ParseSaveMetrics([]byte(body(t, saved, map[string]string{"ref": "5", "duration": "-1"})))
	field, ok := errors.AsType[*ci.FieldError](fmt.Errorf("reading: %w", err))
	if !ok || field.Path != "$.duration" {
		t.Errorf("got %v", field)
	}
}
