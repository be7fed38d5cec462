package simulator_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"

	"throughline/internal/simulator"
)

func TestSentryFaults(t *testing.T) {
	_, s := sentryAt(simulator.Options{}, simulator.SentryOptions{})
	server := httptest.NewServer(s.Handler())
	defer server.Close()
	get := func(ctx context.Context, path string) (*http.Response, string, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer anything")
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			return nil, "", err
		}
		defer func() { _ = res.Body.Close() }()
		body, err := io.ReadAll(res.Body)
		return res, string(body), err
	}
	const releases = org + "releases/?per_page=20"
	for _, tc := range []struct {
		name  string
		fault simulator.Fault
		check func(res *http.Response, body string, err error) bool
	}{
		{"429", simulator.Fault{Status: 429}, func(res *http.Response, body string, err error) bool {
			return err == nil && res.StatusCode == http.StatusTooManyRequests && res.Header.Get("X-Sentry-Rate-Limit-Reset") != "" && strings.Contains(body, "too frequently. Limit is")
		}},
		{"proxy", simulator.Fault{Status: 502, HTML: true}, func(res *http.Response, body string, err error) bool {
			return err == nil && res.StatusCode == http.StatusBadGateway && res.Header.Get("Content-Type") == "text/html" && strings.Contains(body, "<h1>502 Bad Gateway</h1>")
		}},
		{"not there", simulator.Fault{Status: 404}, func(res *http.Response, body string, err error) bool {
			return err == nil && res.StatusCode == http.StatusNotFound && body == `{"detail":"The requested resource does not exist"}`
		}},
		{"reset", simulator.Fault{Reset: true}, func(res *http.Response, body string, err error) bool {
			return len(body) > 0 && (errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.ErrUnexpectedEOF))
		}},
		{"truncated", simulator.Fault{Truncated: true}, func(_ *http.Response, _ string, err error) bool {
			return errors.Is(err, io.ErrUnexpectedEOF)
		}},
		{"cut", simulator.Fault{CutJSON: true}, func(_ *http.Response, body string, err error) bool {
			return err == nil && strings.HasPrefix(body, "[{") && !strings.HasSuffix(body, "]")
		}},
	} {
		tc.fault.Kind = simulator.SentryReleases
		s.Faults().Inject(tc.fault)
		if res, _, err := get(t.Context(), org); err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s: another endpoint: %v", tc.name, err)
		}
		if res, body, err := get(t.Context(), releases); !tc.check(res, body, err) {
			t.Errorf("%s: %.200s, %v", tc.name, body, err)
		}
		if res, _, err := get(t.Context(), releases); err != nil || res.StatusCode != http.StatusOK || s.Faults().Pending() != 0 {
			t.Errorf("%s: it goes on: %v", tc.name, err)
		}
	}

	s.Faults().Inject(simulator.Fault{Kind: simulator.SentryReleases, Stalled: true})
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+releases, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer anything")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	first := make([]byte, 1)
	if _, err := io.ReadFull(res.Body, first); err != nil || first[0] != '[' {
		t.Errorf("stalled before it begins: %q, %v", first, err)
	}
	cancel()
	if _, err := io.ReadAll(res.Body); !errors.Is(err, context.Canceled) {
		t.Errorf("stalled: %v", err)
	}
	_ = res.Body.Close()

	// One project that is gone is told from the others by its path.
	s.Faults().Inject(simulator.Fault{Path: "/payments/", Status: 404, Times: -1})
	for slug, want := range map[string]int{"payments": 404, "receipts": 200} {
		if res, _, err := get(t.Context(), "/api/0/projects/example-org/"+slug+"/stats/"); err != nil || res.StatusCode != want {
			t.Errorf("%s: %v, %v", slug, res, err)
		}
	}
}

// Requests are counted by endpoint, and a version may hold anything.
func TestSentryKinds(t *testing.T) {
	_, s := sentryAt(simulator.Options{}, simulator.SentryOptions{})
	const project = "/api/0/projects/example-org/web-shop/"
	for path, kind := range map[string]simulator.Kind{
		org: simulator.SentryOrganization, org + "projects/": simulator.SentryProjects, org + "environments/": simulator.SentryOrgEnvs,
		org + "issues/": simulator.SentryIssues, org + "issues/1/": simulator.OneIssue, org + "events/": simulator.SentryEvents,
		org + "stats_v2/": simulator.SentryStatsV2, org + "project-keys/": simulator.SentryOrgKeys, org + "releases/": simulator.SentryReleases,
		org + "releases/a%2Fb@1/deploys/": simulator.SentryDeploys, org + "sessions/": simulator.SentrySessions, project: simulator.SentryProject,
		project + "environments/": simulator.SentryEnvironments, project + "issues/": simulator.SentryProjectIssues, project + "stats/": simulator.SentryStats,
		project + "keys/": simulator.SentryKeys, "/api/0/issues/1/current-release/": simulator.SentryCurrentRelease,
	} {
		before := s.Faults().Requests(kind)
		if sentryGet(t, s, path); s.Faults().Requests(kind) != before+1 {
			t.Errorf("%s is not of kind %s", path, kind)
		}
	}
}
