package sentry

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"throughline/internal/source"
	"throughline/internal/source/sourcetest"
)

func TestConformance(t *testing.T) {
	for name, limit := range map[string]int{"no limits": 0, "two a second": 2} {
		t.Run(name, func(t *testing.T) { sourcetest.Run(t, conformance(limit)) })
	}
}

func conformance(limit int) sourcetest.Case {
	return sourcetest.Case{
		Kind: Kind(), Address: "base_url", Settings: source.Settings{"organization": json.RawMessage(`"acme"`)},
		Secrets: map[string]string{"token": testToken}, Now: testNow, Moving: true,
		Serve: func() http.Handler {
			f := acme()
			began := time.Now()
			f.page, f.limit, f.clock = 4, limit, func() time.Time { return testNow.Add(time.Since(began)) }
			f.groups = append(f.groups, &fakeGroup{id: "190", project: "pay", first: 1, environments: map[string]fakeSeen{"production": {1, 1, 1}}, raw: `{"id":"190","firstSeen":"yesterday","status":"unresolved","project":{"id":"12","slug":"pay"}}`})
			return f
		},
		Groups: 6, Problems: 2,
	}
}
