package tracker

import (
	"encoding/json"
	"net/http"
	"testing"

	"go.uber.org/goleak"

	"throughline/internal/source"
	"throughline/internal/source/sourcetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	broken := func() *fake {
		f := generate(120, 4)
		f.issues[40].record = json.RawMessage(`{"id":"0badbadbad","key":"DEMO-BAD","createdAt":"yesterday"}`)
		return f
	}
	for name, c := range map[string]struct {
		settings         source.Settings
		serve            func() http.Handler
		issues, problems int
	}{
		"scroll":           {source.Settings{"drop_in_database": json.RawMessage(`"agile"`)}, func() http.Handler { return broken() }, 119, 1},
		"transitions only": {source.Settings{"changelog": json.RawMessage("false")}, func() http.Handler { return broken() }, 119, 1},
		"numbered pages": {nil, func() http.Handler {
			f := broken()
			f.noScroll = true
			return f
		}, 119, 1},
		"one queue, small pages": {source.Settings{"queues": json.RawMessage(`["OPS"]`)}, func() http.Handler {
			f := generate(80, 30)
			f.largest, f.changelogMax, f.changelogPage = 20, 50, 20
			return f
		}, 40, 0},
	} {
		t.Run(name, func(t *testing.T) {
			settings := source.Settings{"org_id": json.RawMessage(`"7"`)}
			for k, v := range c.settings {
				settings[k] = v
			}
			sourcetest.Run(t, sourcetest.Case{
				Kind: Kind(), Address: "base_url", Settings: settings,
				Secrets: map[string]string{"token": "y0_AgAAAAsecret"},
				Now:     testNow, Serve: c.serve, Issues: c.issues, Problems: c.problems,
			})
		})
	}
}
