package web

import (
	"context"
	"database/sql"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/inbox"
	"throughline/internal/secret"
	"throughline/internal/source"
	"throughline/internal/source/ci"
	"throughline/internal/source/series"
	"throughline/internal/store/sqlitestore"
)

// site is a Server with real databases, and a browser in front of it.
type site struct {
	t      testing.TB
	dir    string
	server *Server
	url    string
	db     *control.DB
	store  *sqlitestore.Store
	inbox  *inbox.DB
	worker *fakeWorker
	client *http.Client
	log    *lockedText
}

type fakeWorker struct {
	pokes, changes atomic.Int32
	waiting        atomic.Bool
}

func (w *fakeWorker) Poke()            { w.pokes.Add(1) }
func (w *fakeWorker) WorkflowChanged() { w.changes.Add(1) }

func (w *fakeWorker) Rebuilt() (done, total int) { return 30, 120 }

func (w *fakeWorker) Waiting() bool { return w.waiting.Load() }

const (
	adminEmail    = "admin@example.com"
	adminPassword = "correct horse battery"
)

// testNow is a Wednesday.
var testNow = time.Date(2026, time.March, 4, 12, 0, 0, 0, time.UTC)

// newSite serves an installation without users; change may alter the
// configuration.
func newSite(t testing.TB, change func(*Config)) *site {
	t.Helper()
	dir := t.TempDir()
	box, err := secret.NewBox(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	db, err := control.Open(t.Context(), filepath.Join(dir, "control.db"), box)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	store, err := sqlitestore.Open(t.Context(), filepath.Join(dir, "facts.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	inbox, err := inbox.Open(t.Context(), filepath.Join(dir, "inbox.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = inbox.Close() })
	s := &site{t: t, dir: dir, db: db, store: store, inbox: inbox, worker: &fakeWorker{}, log: &lockedText{}}
	cfg := Config{
		DB: db, Store: store, Worker: s.worker, Kinds: []source.Kind{madeUpKind()}, Client: http.DefaultClient,
		Log: slog.New(slog.NewTextHandler(s.log, nil)), Now: func() time.Time { return testNow },
		Metrics: Metrics{Handler: http.HandlerFunc(scrape)}, Inbox: inbox, Pushes: ci.Pushes(), Points: series.Reader(),
	}
	if change != nil {
		change(&cfg)
	}
	s.server = New(cfg)
	server := httptest.NewServer(s.server.Handler())
	t.Cleanup(server.Close)
	s.url = server.URL
	s.client = s.browser()
	return s
}

// browser is a new one, without cookies; it follows no redirect.
func (s *site) browser() *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// signedIn is a site with an admin who is signed in.
func signedIn(t *testing.T, change func(*Config)) *site {
	t.Helper()
	s := newSite(t, change)
	if err := s.db.EnsureAdmin(t.Context(), adminEmail, adminPassword); err != nil {
		t.Fatal(err)
	}
	res := s.post(s.server.base+"/login", url.Values{"email": {adminEmail}, "password": {adminPassword}})
	if res.status != http.StatusSeeOther {
		t.Fatalf("sign-in answers %d", res.status)
	}
	return s
}

// answer is what the browser got.
type answer struct {
	status int
	header http.Header
	body   string
	doc    *goquery.Document
}

func (s *site) do(req *http.Request) answer {
	s.t.Helper()
	res, err := s.client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(string(body)))
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(body), doc}
}

func (s *site) request(method, path string, body io.Reader) *http.Request {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	return req
}

func (s *site) get(path string) answer { return s.do(s.request(http.MethodGet, path, nil)) }

func (s *site) post(path string, form url.Values) answer {
	req := s.request(http.MethodPost, path, strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", s.url)
	return s.do(req)
}

// page gets a page that must be there.
func (s *site) page(path string) *goquery.Document {
	s.t.Helper()
	res := s.get(path)
	if res.status != http.StatusOK {
		s.t.Fatalf("GET %s answers %d: %s", path, res.status, res.body)
	}
	return res.doc
}

// textOf is the text of what a selector finds, the cells of a row apart by |.
func textOf(d *goquery.Document, selector string) string {
	found := d.Find(selector)
	text := found.Text()
	if found.Is("tr") {
		cells := found.Children().Map(func(_ int, cell *goquery.Selection) string { return cell.Text() })
		text = strings.Join(cells, " | ")
	}
	return strings.Join(strings.Fields(text), " ")
}

// want checks the text of what a selector finds.
func want(t *testing.T, d *goquery.Document, selector, text string) {
	t.Helper()
	if got := textOf(d, selector); !strings.Contains(got, text) {
		t.Errorf("%s is %q, want %q in it", selector, got, text)
	}
}

// madeUpKind is a kind with a field of each type, whose source answers from its
// settings.
func madeUpKind() source.Kind {
	return source.Kind{
		Name: "tracker", Title: "Made-up",
		Fields: []source.Field{
			{Name: "org_id", Type: source.Text},
			{Name: "queues", Type: source.List},
			{Name: "language", Type: source.Choice, Default: "en", Options: []string{"en", "ru"}},
			{Name: "initial_range", Type: source.Duration, Default: "365d"},
			{Name: "changelog", Type: source.Bool, Default: "true"},
			{Name: "base_url", Type: source.URL, Default: "https://api.example.com", Advanced: true},
		},
		Secrets: []source.Field{{Name: "token", Type: source.Text}},
		New:     openMadeUp,
	}
}

type madeUp struct{ cfg source.Config }

func openMadeUp(cfg source.Config, _ *http.Client) (source.Source, error) {
	kind := madeUpKind()
	if err := kind.Validate(cfg.Settings); err != nil {
		return nil, err
	}
	if cfg.Secrets["token"] == "" {
		return nil, &source.SettingError{Field: "token", Message: "give a token"}
	}
	return madeUp{cfg}, nil
}

func (madeUp) Pull(context.Context, source.Cursor) iter.Seq2[source.Page, error] {
	return func(func(source.Page, error) bool) {}
}

// Check works for the token "good", and sees nothing with "lonely".
func (m madeUp) Check(context.Context) (source.Report, error) {
	switch token := m.cfg.Secrets["token"]; token {
	case "good":
		return source.Report{Account: "Ann", Organization: "Acme", Scope: []string{"DEV", "OPS"}, Missing: []source.Message{{Text: "queue SECRET"}}}, nil
	case "lonely":
		return source.Report{Account: "Ann"}, nil
	default:
		return source.Report{}, &source.AuthError{Code: "expired", Message: "not accepted: " + token}
	}
}

// lockedText collects log lines.
type lockedText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// addIssues writes finished and open issues of two queues.
func (s *site) addIssues() {
	s.t.Helper()
	at := func(day int) delivery.Instant { return delivery.InstantOf(testNow.AddDate(0, 0, day)) }
	status := func(key, name string) delivery.Ref { return delivery.Ref{ID: key, Key: key, Name: name} }
	open, work, done := status("open", "Open"), status("inProgress", "In progress"), status("closed", "Closed")
	record := func(id, key, queue string) delivery.IssueRecord {
		return delivery.IssueRecord{
			Issue: delivery.Issue{
				Connection: "tracker", ID: id, Key: key, Queue: queue, Title: "Issue " + id, Type: status("task", "Task"), Status: done,
				CreatedAt: at(-20), UpdatedAt: at(-2), StatusStartedAt: at(-2),
			},
			Replace: true,
			Events: []delivery.Event{
				{ID: id + "a", At: at(-10), Transition: &delivery.Transition{From: open, To: work, ToStartedAt: at(-10)}},
				{ID: id + "b", Ordinal: 1, At: at(-2), Transition: &delivery.Transition{From: work, To: done, FromStartedAt: at(-10), ToStartedAt: at(-2)}},
			},
		}
	}
	_, err := s.store.Write(s.t.Context(), delivery.Batch{
		Connection: "tracker",
		Statuses: []delivery.Status{
			{Connection: "tracker", Key: "open", Name: "Open", Type: "new", Order: 1},
			{Connection: "tracker", Key: "inProgress", Name: "In progress", Type: "inProgress", Order: 2},
			{Connection: "tracker", Key: "closed", Name: "Closed", Type: "done", Order: 3},
		},
		Issues: []delivery.IssueRecord{record("1", "DEV-1", "DEV"), record("2", "OPS-1", "OPS")},
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// demote gives every user another role, which the program cannot do yet.
func (s *site) demote(role string) {
	s.t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(s.dir, "control.db"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(s.t.Context(), "UPDATE users SET role = ?", role); err != nil {
		s.t.Fatal(err)
	}
}

// provision applies a provisioning file.
func (s *site) provision(file string) {
	s.t.Helper()
	none := func(string) (string, bool) { return "", false }
	p, err := control.ParseProvision([]byte(file), none, nil, []source.Kind{madeUpKind()})
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.db.Apply(s.t.Context(), p, testNow); err != nil {
		s.t.Fatal(err)
	}
}

// describedBy is the text that describes an element to those who hear the page.
func describedBy(d *goquery.Document, e *goquery.Selection) string {
	var out []string
	for _, id := range strings.Fields(e.AttrOr("aria-describedby", "")) {
		out = append(out, textOf(d, "#"+id))
	}
	return strings.Join(out, " ")
}
