package simulator_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"throughline/internal/simulator"
)

var now = time.Date(2026, time.November, 20, 15, 4, 5, 0, time.UTC)

// answer is a response that was read.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	body   string
}

// ask sends a request; headers are name, value pairs.
func ask(t testing.TB, c *simulator.Company, method, path, body string, headers ...string) answer {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Accept-Language", "en")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	c.Tracker().ServeHTTP(rec, r)
	return answer{t, rec.Code, rec.Header(), rec.Body.String()}
}

func (a answer) into(v any) answer {
	a.t.Helper()
	if a.status != http.StatusOK {
		a.t.Fatalf("status %d: %s", a.status, a.body)
	}
	if err := json.Unmarshal([]byte(a.body), v); err != nil {
		a.t.Fatalf("not JSON: %v: %.300s", err, a.body)
	}
	return a
}

var linkPattern = regexp.MustCompile(`<https?://[^/]+([^>]*)>; rel="(\w+)"`)

// link is the path of a Link header, "" when there is none.
func (a answer) link(rel string) string {
	for _, m := range linkPattern.FindAllStringSubmatch(strings.Join(a.header.Values("Link"), ", "), -1) {
		if m[2] == rel {
			return m[1]
		}
	}
	return ""
}

type ref struct{ Self, ID, Key, Display string }

type issue struct {
	Self, ID, Key, Summary, CreatedAt, UpdatedAt, StatusStartTime string
	Version                                                       int
	Status, Queue, Type, Priority                                 ref
	Resolution, Assignee, PreviousQueue, Parent, Epic             *ref
	Aliases, Tags                                                 []string
	ResolvedAt                                                    string
	CommentWithoutExternalMessageCount                            int
	CommentWithExternalMessageCount                               int
}

type event struct {
	ID, Type, UpdatedAt, Transport string
	UpdatedBy, Issue               ref
	Fields                         []struct {
		Field    ref
		From, To json.RawMessage
	}
}

func stampOf(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02T15:04:05.000-0700", s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func small(o simulator.Options) *simulator.Company {
	if o.Issues == 0 {
		o.Issues = 300
	}
	return simulator.New(7, now, o)
}

func TestCredentials(t *testing.T) {
	both := simulator.Options{Token: "secret", OrgID: "360", CloudOrgID: "bpf", Issues: 10}
	for _, tc := range []struct {
		name    string
		options simulator.Options
		headers []string
		status  int
		message string
	}{
		{"OAuth and organisation", both, []string{"Authorization", "OAuth secret", "X-Org-ID", "360"}, 200, ""},
		{"Bearer and cloud organisation", both, []string{"Authorization", "Bearer secret", "x-cloud-org-id", "bpf"}, 200, ""},
		{"what the Python client sends", both, []string{"Authorization", "OAuth secret", "X-Org-Id", "not provided", "X-Cloud-Org-Id", "bpf"}, 200, ""},
		{"no token", both, []string{"X-Org-ID", "360"}, 401, "OAuth token is invalid or expired"},
		{"wrong token", both, []string{"Authorization", "OAuth other", "X-Org-ID", "360"}, 401, "OAuth token is invalid or expired"},
		{"wrong scheme", both, []string{"Authorization", "Basic secret", "X-Org-ID", "360"}, 401, "OAuth token is invalid or expired"},
		{"no organisation", both, []string{"Authorization", "OAuth secret"}, 403, "Organization is not available, not ready or not found"},
		{"ids mixed up", both, []string{"Authorization", "OAuth secret", "X-Org-ID", "bpf"}, 403, "Organization is not available, not ready or not found"},
		{"open company", simulator.Options{Issues: 10}, nil, 200, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := ask(t, small(tc.options), "GET", "/v3/myself", "", tc.headers...)
			if a.status != tc.status {
				t.Fatalf("status %d, want %d: %s", a.status, tc.status, a.body)
			}
			if tc.message == "" {
				return
			}
			var e struct {
				Errors        map[string]string
				ErrorMessages []string
				StatusCode    int
			}
			if err := json.Unmarshal([]byte(a.body), &e); err != nil {
				t.Fatal(err)
			}
			if e.Errors == nil || len(e.Errors) != 0 || len(e.ErrorMessages) != 1 || e.ErrorMessages[0] != tc.message || e.StatusCode != tc.status {
				t.Errorf("error %s", a.body)
			}
		})
	}
}

func TestLanguages(t *testing.T) {
	c := small(simulator.Options{})
	for _, tc := range []struct{ header, status, kind, priority string }{
		{"en", "In progress", "Bug", "Medium"},
		{"en-US,en;q=0.9", "In progress", "Bug", "Medium"},
		{"ru", "В работе", "Ошибка", "Средний"},
		{"", "В работе", "Ошибка", "Средний"},
		{"de", "В работе", "Ошибка", "Средний"},
	} {
		t.Run(tc.header, func(t *testing.T) {
			name := func(path, key string) string {
				var list []struct{ Key, Name string }
				ask(t, c, "GET", path, "", "Accept-Language", tc.header).into(&list)
				for _, e := range list {
					if e.Key == key {
						return e.Name
					}
				}
				return ""
			}
			if got := name("/v3/statuses", "inProgress"); got != tc.status {
				t.Errorf("status %q, want %q", got, tc.status)
			}
			if got := name("/v3/issuetypes", "bug"); got != tc.kind {
				t.Errorf("type %q, want %q", got, tc.kind)
			}
			if got := name("/v2/priorities", "normal"); got != tc.priority {
				t.Errorf("priority %q, want %q", got, tc.priority)
			}
		})
	}
}

func TestDictionaries(t *testing.T) {
	c := small(simulator.Options{Unseen: []string{"APP"}})
	var statuses []struct {
		Self, Key string
		ID        int
		Type      *string
	}
	ask(t, c, "GET", "/v3/statuses", "").into(&statuses)
	types := map[string]string{}
	for _, s := range statuses {
		if s.Type != nil {
			types[s.Key] = *s.Type
		}
	}
	for key, want := range map[string]string{"open": "new", "inProgress": "inProgress", "needInfo": "paused", "closed": "done", "cancelled": "cancelled", "done": ""} {
		if types[key] != want {
			t.Errorf("type of %s is %q, want %q", key, types[key], want)
		}
	}
	if statuses[0].Self != "https://api.tracker.yandex.net/v3/statuses/1" || statuses[0].ID != 1 {
		t.Errorf("first status %+v", statuses[0])
	}
	for path, want := range map[string]int{
		"/v3/resolutions": 5, "/v3/issuetypes": 7, "/v3/priorities": 5, "/v3/fields": 21,
		"/v3/queues": 3, "/v3/users?perPage=5&page=3": 3, "/v3/queues/PAY/localFields": 1, "/v3/boards": 2,
	} {
		var list []map[string]any
		ask(t, c, "GET", path, "").into(&list)
		if len(list) != want {
			t.Errorf("%s has %d entries, want %d", path, len(list), want)
		}
	}
	users := ask(t, c, "GET", "/v3/users?perPage=5", "")
	if users.header.Get("X-Total-Count") != "13" || users.header.Get("X-Total-Pages") != "3" || users.link("next") != "/v3/users?page=2&perPage=5" {
		t.Errorf("headers of users: %v", users.header)
	}
	var sprints []struct {
		ID                 int
		StartDate, EndDate string
	}
	ask(t, c, "GET", "/v3/boards/11/sprints", "").into(&sprints)
	if len(sprints) != 40 || sprints[0].StartDate != "2025-05-19" || sprints[0].EndDate != "2025-06-01" {
		t.Errorf("%d sprints, first %+v", len(sprints), sprints[0])
	}
	if a := ask(t, c, "GET", "/v3/sprints/1105", ""); a.status != 200 {
		t.Errorf("sprint: %d", a.status)
	}
	var field []struct{ ID, Key string }
	ask(t, c, "GET", "/v3/queues/PAY/localFields", "").into(&field)
	if field[0].ID != "6a2f41b07c9d4e2f8b1a0c11--severity" {
		t.Errorf("local field %+v", field)
	}
}

func TestNotThere(t *testing.T) {
	c := small(simulator.Options{Unseen: []string{"APP"}})
	for _, tc := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/v3/issues/PAY-999999", 404},
		{"GET", "/v3/issues/PAY-999999/changelog", 404},
		{"GET", "/v3/issues/APP-1", 403},
		{"GET", "/v3/queues/NONE", 404},
		{"GET", "/v3/queues/APP", 403},
		{"GET", "/v3/users/nobody", 404},
		{"GET", "/v3/boards/99/sprints", 404},
		{"GET", "/v3/sprints/x", 404},
		{"GET", "/v1/statuses", 404},
		{"GET", "/v3/nothing/here", 404},
		{"GET", "/v3/users?perPage=0", 400},
		{"GET", "/v3/issues/PAY-1/changelog?perPage=1001", 400},
		{"GET", "/v3/issues/PAY-1/changelog?id=none", 400},
		{"GET", "/v3/issues/PAY-1/changelog?sort=up", 400},
	} {
		if a := ask(t, c, tc.method, tc.path, ""); a.status != tc.status || !strings.Contains(a.body, "errorMessages") {
			t.Errorf("%s: status %d, want %d: %s", tc.path, a.status, tc.status, a.body)
		}
	}
	if a := ask(t, c, "GET", "/v3/queues/APP", ""); !strings.Contains(a.body, `"permissionDeniedMessage"`) {
		t.Errorf("no errorsData: %s", a.body)
	}
	var found []issue
	ask(t, c, "POST", "/v3/issues/_search?perPage=1000", `{}`).into(&found)
	for _, i := range found {
		if i.Queue.Key == "APP" {
			t.Fatalf("%s is in a queue that is not to be seen", i.Key)
		}
	}
}
