package ci_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"throughline/internal/delivery"
	"throughline/internal/source/ci"
)

// FuzzParseSaveMetrics wants of any body a run that reads back, or errors.
func FuzzParseSaveMetrics(f *testing.F) {
	addFiles(f, "testdata/gitlab-worker/*.json")
	f.Add([]byte(saved))
	f.Fuzz(func(t *testing.T, body []byte) {
		run, err := ci.ParseSaveMetrics(body)
		checkParsed(t, run, err)
	})
}

// FuzzParseRuns wants of each run of any body that it reads back, or errors.
func FuzzParseRuns(f *testing.F) {
	addFiles(f, "testdata/*.json")
	f.Add([]byte("[" + pushed + "]"))
	f.Add([]byte(`{"id": 1, "project": "p", "status": "failed", "created_at": "2026-11-18T09:00:00Z", "builds": {"a": 1}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		items, _, err := ci.ParseRuns(body)
		if err != nil {
			checkErrors(t, err)
		}
		for _, item := range items {
			checkParsed(t, item.Run, item.Err)
		}
	})
}

func addFiles(f *testing.F, pattern string) {
	f.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		f.Fatalf("no files like %s: %v", pattern, err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
}

func checkParsed(t *testing.T, run delivery.Run, err error) {
	t.Helper()
	if err != nil {
		checkErrors(t, err)
		return
	}
	if back := again(t, run); !reflect.DeepEqual(back, run) {
		t.Errorf("reads back as\n%+v and was\n%+v", back, run)
	}
}

func checkErrors(t *testing.T, err error) {
	t.Helper()
	wrong, ok := errors.AsType[ci.Errors](err)
	if !ok || len(wrong) == 0 || len(wrong) > 100 {
		t.Fatalf("%d errors of type %T", len(wrong), err)
	}
	for _, field := range wrong {
		if !strings.HasPrefix(field.Path, "$") || field.Message == "" {
			t.Errorf("path %q, message %q", field.Path, field.Message)
		}
	}
}
