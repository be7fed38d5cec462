package github

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"go.uber.org/goleak"

	"throughline/internal/source"
	"throughline/internal/source/sourcetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	sourcetest.Run(t, sourcetest.Case{
		Kind: Kind(), Address: "base_url",
		Settings: source.Settings{
			"repositories":  json.RawMessage(`["acme/pay"]`),
			"organizations": json.RawMessage(`["umbrella"]`),
			"e2e_jobs":      json.RawMessage(`["e2e*"]`),
		},
		Secrets: map[string]string{"token": "ghp_secret"},
		Now:     testNow,
		Serve: func() http.Handler {
			f := &fake{}
			f.add(1, "acme/pay", append(runs(100, 130, time.Hour, time.Hour), runs(300, 60, 40*24*time.Hour, 24*time.Hour)...)...)
			broken := run(500, 90*time.Minute)
			broken.raw = `{"id":500,"head_branch":7,"status":"completed","created_at":"yesterday"}`
			twoJobs := run(501, 50*time.Hour)
			twoJobs.jobs = 2
			f.add(2, "umbrella/corp", broken, twoJobs)
			f.orgs = map[string][]string{"orgs/umbrella": {"umbrella/corp"}}
			return f
		},
		Runs: 191, Problems: 2,
	})
}
