package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/simulator"
	"throughline/internal/store/clickhousestore/chtest"
)

const sentryToken = "sntrys_made-up-token"

// madeUpSentry is an organisation of 12 projects with 403 groups on a server of its
// own, which counts what it is asked.
type madeUpSentry struct {
	*simulator.Sentry
	url   string
	mu    sync.Mutex
	calls map[string]int // by endpoint, without names in it
	limit int            // answers with 429
}

func serveSentry(t *testing.T, o simulator.SentryOptions) *madeUpSentry {
	t.Helper()
	o.Token = sentryToken
	m := &madeUpSentry{Sentry: simulator.New(3, time.Now(), simulator.Options{Issues: -1}).Sentry(o), calls: map[string]int{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		held := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		m.Handler().ServeHTTP(held, r)
		m.mu.Lock()
		defer m.mu.Unlock()
		if held.status == http.StatusTooManyRequests {
			m.limit++
			return
		}
		m.calls[strings.TrimPrefix(r.URL.Path, "/api/0/organizations/"+simulator.Organization)]++
	}))
	t.Cleanup(server.Close)
	m.url = server.URL
	return m
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets faults reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// asked are the calls that the exporter's families take.
func (m *madeUpSentry) asked() (families, limited int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.calls["/projects/"] + m.calls["/events/"] + m.calls["/project-keys/"] + m.calls["/issues/"] + m.calls["/stats_v2/"], m.limit
}

// withSentry is the environment of a program that a made-up Sentry is connected to.
func withSentry(t *testing.T, m *madeUpSentry, settings string) []string {
	t.Helper()
	dir := t.TempDir()
	plant(t, dir, map[string]string{"provision.yaml": `
connections:
  - name: errors
    kind: sentry
    settings: {base_url: "` + m.url + `/api/0", organization: ` + simulator.Organization + `, rate_limit_metrics: true` + settings + `}
    secrets: {token: ` + sentryToken + `, webhook_secret: client-secret-of-sentry}
tokens:
  - {name: reader, scopes: [read, ingest], token: ` + pushToken + `}
`})
	return append(dataDir(t), "THROUGHLINE_PROVISION="+filepath.Join(dir, "provision.yaml"), "THROUGHLINE_ALLOWED_NETWORKS=127.0.0.0/8")
}

// original collects as sentry-prometheus-exporter does, a project and an environment at
// a time, but all pages.
type original struct {
	t    *testing.T
	base string
	out  map[string]string
}

func (o *original) get(path string, into any) (next string) {
	o.t.Helper()
	req, err := http.NewRequestWithContext(o.t.Context(), http.MethodGet, o.base+"/api/0/"+path, nil)
	if err != nil {
		o.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+sentryToken)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		o.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if err := json.NewDecoder(res.Body).Decode(into); err != nil || res.StatusCode != http.StatusOK {
		o.t.Fatalf("%s: %d, %v", path, res.StatusCode, err)
	}
	if m := regexp.MustCompile(`rel="next"; results="true"; cursor="([^"]+)"`).FindStringSubmatch(res.Header.Get("Link")); m != nil {
		return m[1]
	}
	return ""
}

type originalIssue struct {
	ID          string  `json:"id"`
	Logger      *string `json:"logger"`
	Level       string  `json:"level"`
	Status      string  `json:"status"`
	Platform    *string `json:"platform"`
	IsUnhandled bool    `json:"isUnhandled"`
	FirstSeen   string  `json:"firstSeen"`
	LastSeen    string  `json:"lastSeen"`
	Count       string  `json:"count"`
}

func (o *original) issues(slug, id, environment, age string) (all []originalIssue) {
	o.t.Helper()
	path := "projects/" + simulator.Organization + "/" + slug + "/issues/?project=" + id + "&sort=date&query=age%3A-" + age
	if environment != "None" {
		path += "&environment=" + url.QueryEscape(environment)
	}
	for cursor := ""; ; {
		var page []originalIssue
		next := o.get(path+"&cursor="+cursor, &page)
		all = append(all, page...)
		if next == "" {
			return all
		}
		cursor = next
	}
}

func (o *original) sample(value float64, format string, args ...any) {
	o.out[fmt.Sprintf(format, args...)] = strconv.FormatFloat(value, 'g', -1, 64)
}

func orNone(text *string) string {
	if text == nil {
		return "None"
	}
	return *text
}

// collect is what the exporter would show, by series.
func (o *original) collect() map[string]string {
	o.t.Helper()
	var projects []struct{ ID, Slug string }
	o.get("organizations/"+simulator.Organization+"/projects/?all_projects=1", &projects)
	for _, p := range projects {
		var environments []struct{ Name string }
		o.get("projects/"+simulator.Organization+"/"+p.Slug+"/environments/", &environments)
		if len(environments) == 0 {
			environments = append(environments, struct{ Name string }{"None"})
		}
		for _, e := range environments {
			o.environment(p.Slug, p.ID, e.Name)
		}
		month := time.Now().UTC()
		month = time.Date(month.Year(), month.Month(), 1, 0, 0, 0, 0, time.UTC)
		for _, stat := range []string{"received", "rejected", "blacklisted"} {
			var points [][2]float64
			o.get(fmt.Sprintf("projects/%s/%s/stats/?stat=%s&since=%d&until=%d", simulator.Organization, p.Slug, stat, month.Unix(), time.Now().Unix()), &points)
			sum := 0.0
			for _, point := range points {
				sum += point[1]
			}
			o.sample(sum, `sentry_events_total{project_slug=%q,stat=%q}`, p.Slug, stat)
		}
		var keys []struct {
			RateLimit *struct{ Window, Count float64 }
		}
		o.get("projects/"+simulator.Organization+"/"+p.Slug+"/keys/", &keys)
		limit := 0.0
		if len(keys) > 0 && keys[0].RateLimit != nil {
			limit, _ = strconv.ParseFloat(strconv.FormatFloat(keys[0].RateLimit.Count/keys[0].RateLimit.Window, 'f', 6, 64), 64)
		}
		o.sample(limit, `sentry_rate_limit_events_sec{project_slug=%q}`, p.Slug)
	}
	return o.out
}

func (o *original) environment(slug, id, environment string) {
	o.t.Helper()
	sum, last := 0.0, 0.0
	for _, age := range []struct{ name, le string }{{"1h", "1h"}, {"24h", "24h"}, {"14d", "+Inf"}} {
		events := 0.0
		for _, issue := range o.issues(slug, id, environment, age.name) {
			n, _ := strconv.ParseFloat(issue.Count, 64)
			events += n
			if age.name == "1h" {
				o.open(slug, environment, n, issue)
			}
		}
		sum, last = sum+events, events
		o.sample(events, `sentry_issues_bucket{environment=%q,le=%q,project_slug=%q}`, environment, age.le, slug)
	}
	o.sample(last, `sentry_issues_gcount{environment=%q,project_slug=%q}`, environment, slug)
	o.sample(sum, `sentry_issues_gsum{environment=%q,project_slug=%q}`, environment, slug)
}

func (o *original) open(slug, environment string, n float64, issue originalIssue) {
	o.t.Helper()
	var current struct {
		CurrentRelease *struct{ Release struct{ Version string } }
	}
	path := "issues/" + issue.ID + "/current-release/"
	if environment != "None" {
		path += "?environment=" + url.QueryEscape(environment)
	}
	o.get(path, &current)
	release := "None"
	if current.CurrentRelease != nil {
		release = current.CurrentRelease.Release.Version
	}
	unhandled := "False"
	if issue.IsUnhandled {
		unhandled = "True"
	}
	o.sample(n, `sentry_open_issue_events{environment=%q,firstSeen=%q,isUnhandled=%q,issue_id=%q,lastSeen=%q,level=%q,logger=%q,platform=%q,project_slug=%q,release=%q,status=%q}`,
		environment, issue.FirstSeen[:10], unhandled, issue.ID, issue.LastSeen[:10], issue.Level, orNone(issue.Logger), orNone(issue.Platform), slug, release, issue.Status)
}

// sentrySamples are those of the exporter's families in a scrape, by series.
func sentrySamples(t *testing.T, s *site) map[string]string {
	t.Helper()
	status, text := s.get("/metrics")
	if status != http.StatusOK {
		t.Fatalf("/metrics answers %d: %s", status, text)
	}
	out := map[string]string{}
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "sentry_") {
			continue
		}
		at := strings.LastIndexByte(line, ' ')
		value, err := strconv.ParseFloat(strings.TrimSpace(line[at:]), 64)
		if err != nil {
			t.Errorf("not a sample: %s", line)
		}
		series := line[:at]
		if _, twice := out[series]; twice {
			t.Errorf("twice: %s", series)
		}
		out[series] = strconv.FormatFloat(value, 'g', -1, 64)
	}
	return out
}

// TestTheExportersFamilies: what the exporter shows of 12 projects with 403 groups, and
// Throughline with fewer calls, after a start without Sentry too; with both stores,
// which answer alike.
func TestTheExportersFamilies(t *testing.T) {
	t.Parallel()
	m := serveSentry(t, simulator.SentryOptions{Projects: 12, Groups: 403})
	answers := map[string]map[string]any{}
	for _, store := range []string{"", chtest.Open(t)} {
		answers[store] = theExportersFamilies(t, m, store)
	}
	for store, got := range answers {
		if diff := cmp.Diff(answers[""], got); diff != "" {
			t.Errorf("SQLite (-), %s (+):\n%.3000s", store, diff)
		}
	}
}

// errorAnswers are what the API says of errors.
func (s *site) errorAnswers() map[string]any {
	s.t.Helper()
	out := map[string]any{}
	for _, path := range []string{
		"/api/v1/error-groups?state=all&range=60d&limit=1000", "/api/v1/panels/errors-open?range=30d", "/api/v1/panels/errors-events?range=30d&bucket=day",
		"/api/v1/panels/errors-by-release?range=60d", "/api/v1/panels/crash-free?range=30d", "/api/v1/panels/rate-limits?range=30d", "/api/v1/panels/errors-resolve-time?range=30d",
	} {
		status, body := s.askAs(pushToken, path)
		var answer any
		if err := json.Unmarshal([]byte(body), &answer); err != nil || status != http.StatusOK {
			s.t.Errorf("%s: %d %v", path, status, err)
		}
		out[path] = untold(timeless(answer))
	}
	return out
}

// untold is an answer without when its facts were told.
func untold(v any) any {
	switch v := v.(type) {
	case map[string]any:
		delete(v, "told_at")
		if v["before"] == true {
			delete(v, "at")
		}
		for name := range v {
			v[name] = untold(v[name])
		}
	case []any:
		for i := range v {
			v[i] = untold(v[i])
		}
	}
	return v
}

func theExportersFamilies(t *testing.T, m *madeUpSentry, store string) map[string]any {
	t.Helper()
	m.Faults().Clear()
	want := (&original{t, m.url, map[string]string{}}).collect()
	if len(want) < 150 {
		t.Fatalf("the exporter shows %d samples only", len(want))
	}
	m.mu.Lock()
	clear(m.calls)
	m.mu.Unlock()
	environ := withSentry(t, m, "")
	if store != "" {
		environ = within(environ, store)
	}
	s := launch(t, environ, "serve")
	same := func(what string) {
		t.Helper()
		var diff string
		defer func() {
			if diff != "" {
				t.Errorf("%s, the exporter (-), Throughline (+):\n%s", what, diff)
			}
		}()
		eventually(t, what, func() bool {
			diff = cmp.Diff(want, sentrySamples(t, s))
			return diff == ""
		}, s.log)
	}
	same("collected")
	s.logged(`msg="sync ended" connection=errors .*state=done`)
	for _, family := range []string{"throughline_sentry_error_groups{", `throughline_collection_failed{connection="errors"} 0`, `throughline_collection_age_seconds{connection="errors"} `} {
		if _, text := s.get("/metrics"); !strings.Contains(text, "\n"+family) {
			t.Errorf("without %s", family)
		}
	}
	m.mu.Lock()
	clear(m.calls)
	m.mu.Unlock()
	if status, err := pushTo(t, s.url).post(push{path: "/api/v1/connections/errors/sync"}); err != nil || status >= http.StatusBadRequest {
		t.Fatalf("a sync cannot be started: %d, %v\n%s", status, err, s.log)
	}
	s.logged(`msg="sync ended" connection=errors (?s:.*)msg="sync ended" connection=errors .*state=done`)
	if calls, limited := m.asked(); calls > 15 || calls < 10 || limited > 0 {
		t.Errorf("%d calls for the families, %d too many at once", calls, limited)
	}
	same("collected again")
	answers := s.errorAnswers()
	if code := s.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	m.Faults().Inject(simulator.Fault{Status: http.StatusServiceUnavailable, Times: -1})
	s = launch(t, environ, "serve")
	same("after a start without Sentry")
	s.stop()
	return answers
}

// TestSentryFaults: whatever is wrong with Sentry is said in plain words, and takes
// nothing away from /metrics; once it is mended, everything goes on.
func TestSentryFaults(t *testing.T) {
	t.Parallel()
	m := serveSentry(t, simulator.SentryOptions{Projects: 4, Groups: 20})
	s := launch(t, withSentry(t, m, ""), "serve")
	s.logged(`msg="sync ended" connection=errors .*state=done`)
	ended := func() int {
		return len(regexp.MustCompile(`msg="sync ended" connection=errors`).FindAllString(s.log.String(), -1))
	}
	sync := func() {
		t.Helper()
		before := ended()
		p := pushTo(t, s.url)
		if status, err := p.post(push{path: "/api/v1/connections/errors/sync"}); err != nil || status != http.StatusAccepted && status != http.StatusOK {
			t.Fatalf("a sync cannot be started: %d, %v", status, err)
		}
		eventually(t, "the end of the sync", func() bool { return ended() > before }, s.log)
	}
	failed := func(want string) {
		t.Helper()
		eventually(t, "collection_failed "+want, func() bool {
			_, text := s.get("/metrics")
			return strings.Contains(text, `throughline_collection_failed{connection="errors"} `+want+"\n")
		}, s.log)
	}
	var want map[string]string
	eventually(t, "samples", func() bool {
		want = sentrySamples(t, s)
		return len(want) > 50
	}, s.log)
	for _, c := range []struct {
		name  string
		fault simulator.Fault
		said  string // in the log of the sync
	}{
		{"a page of a proxy", simulator.Fault{Status: http.StatusBadGateway, HTML: true, Times: -1}, "web page"},
		{"429 without end", simulator.Fault{Status: http.StatusTooManyRequests, Times: -1}, "rate limit"},
		{"reset in mid-body", simulator.Fault{Reset: true, Times: -1}, "cut off"},
		{"the wrong token", simulator.Fault{Status: http.StatusUnauthorized, Times: -1}, "token"},
	} {
		m.Faults().Inject(c.fault)
		sync()
		lines := regexp.MustCompile(`msg="sync ended" connection=errors .*`).FindAllString(s.log.String(), -1)
		if last := lines[len(lines)-1]; !strings.Contains(last, c.said) || strings.Contains(last, sentryToken) {
			t.Errorf("%s: %s", c.name, last)
		}
		failed("1")
		if diff := cmp.Diff(want, sentrySamples(t, s)); diff != "" {
			t.Errorf("%s took something away:\n%s", c.name, diff)
		}
		m.Faults().Clear()
		if c.fault.Status != http.StatusUnauthorized { // that waits for a person
			sync()
			failed("0")
		}
	}
	if status, err := pushTo(t, s.url).post(push{path: "/api/v1/connections/errors/sync"}); err != nil || status != http.StatusConflict {
		t.Errorf("a sync of a connection that waits for a person: %d, %v", status, err)
	}
}
