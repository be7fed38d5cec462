package main

import (
	"os"
	"strings"
	"testing"
)

func TestDemo(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	s := launch(t, nil, "demo")
	s.logged(`msg="sync ended" connection=demo sync=1 state=done .* inserted=1500 `)
	s.logged(`msg="sync ended" connection=github sync=\d+ state=done `)
	expect(t, exitDone, exitDone, s.stdout.String(), "Throughline demo: "+s.url+"\n")
	for path, want := range map[string]string{
		"/":                                   "demo@example.com",
		"/flow":                               "data-slot",
		"/api/v1/panels/cycle-time?range=12m": `"panel":"cycle-time"`,
		"/syncs":                              "demo",
		"/pipelines":                          "panel-build-times",
		"/panels/build-times":                 "The slowest build is",
		"/panels/build-duration":              "builds took at most",
		"/runs?project=shop/web":              "shop/web",
		"/api/v1/runs?project=shop/web":       `"up_without_pull":`,
		"/inbox":                              "token gitlab",
		"/inbox?state=refused":                "duration",
		"/settings/connections":               "demo",
		"/quality":                            "quality-index",
		"/api/v1/quality":                     `"kind":"hidden_transitions"`,
	} {
		if status, body := s.get(path); status != 200 || !strings.Contains(body, want) {
			t.Errorf("%s answers %d without %q: %.300s", path, status, want, body)
		}
	}
	if strings.Contains(s.log.String(), "/setup?token=") {
		t.Error("the demo asks for set-up")
	}
	if code := s.stop(); code != exitDone {
		t.Errorf("exit code is %d: %s", code, s.log)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
