package tracker

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/source"
	"throughline/internal/source/sourcetest"
)

func settingsOf(pairs ...string) source.Settings {
	s := source.Settings{}
	for i := 0; i < len(pairs); i += 2 {
		s[pairs[i]] = json.RawMessage(pairs[i+1])
	}
	return s
}

func TestSettings(t *testing.T) {
	token := map[string]string{"token": "y0_secret"}
	for name, c := range map[string]struct {
		settings source.Settings
		secrets  map[string]string
		fields   string // wrong ones, in order
	}{
		"360":            {settingsOf("org_id", `123`), token, ""},
		"cloud":          {settingsOf("cloud_org_id", `"bpf"`), token, ""},
		"IAM":            {settingsOf("cloud_org_id", `"bpf"`), map[string]string{"iam_token": "t1.x"}, ""},
		"all":            {settingsOf("org_id", `"1"`, "queues", `["DEV","!TEST"]`, "language", `"ru"`, "initial_range", `"12m"`, "changelog", `false`, "custom_fields", `["a"]`, "base_url", `"http://localhost:8080/api/v2/"`, "query", `"Queue: A"`), token, ""},
		"nothing":        {nil, nil, "org_id token"},
		"both":           {settingsOf("org_id", `"1"`, "cloud_org_id", `"2"`), map[string]string{"token": "a", "iam_token": "b"}, "cloud_org_id iam_token"},
		"IAM for 360":    {settingsOf("org_id", `"1"`), map[string]string{"iam_token": "b"}, "iam_token"},
		"not yet":        {settingsOf("org_id", `"1"`, "incidents", `{}`), token, "incidents"},
		"incidents":      {settingsOf("org_id", `"1"`, "incidents", `["queue:OPS", "type: incident", "Tag:outage"]`), token, ""},
		"no incidents":   {settingsOf("org_id", `"1"`, "incidents", `["OPS", "queue:", "status:open"]`), token, "incidents incidents incidents"},
		"queue":          {settingsOf("org_id", `"1"`, "queues", `["A","B OR C","!"]`), token, "queues queues"},
		"language":       {settingsOf("org_id", `"1"`, "language", `"de"`, "initial_range", `"1y"`, "changelog", `"yes"`), token, "changelog initial_range language"},
		"address":        {settingsOf("org_id", `"1"`, "base_url", `"ftp://x"`), token, "base_url"},
		"broken token":   {settingsOf("org_id", `"1"`), map[string]string{"token": "y0_secret\nX: 1"}, "token"},
		"broken org":     {settingsOf("org_id", `"1\r\n"`, "cloud_org_id", `""`), token, ""},
		"broken org two": {settingsOf("org_id", `"1\r\n2"`), token, "org_id"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Kind().New(source.Config{Connection: "c", Settings: c.settings, Secrets: c.secrets}, http.DefaultClient)
			var got []string
			for _, e := range flatten(err) {
				var bad *source.SettingError
				if !errors.As(e, &bad) {
					t.Fatalf("%T: %v", e, e)
				}
				got = append(got, bad.Field)
			}
			slices.Sort(got)
			if strings.Join(got, " ") != c.fields {
				t.Errorf("%v: %v", got, err)
			}
			if err != nil && strings.Contains(err.Error(), "y0_secret") {
				t.Errorf("the token shows: %v", err)
			}
		})
	}
}

func flatten(err error) []error {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var out []error
		for _, e := range many.Unwrap() {
			out = append(out, flatten(e)...)
		}
		return out
	}
	if err == nil {
		return nil
	}
	return []error{err}
}

func TestAddresses(t *testing.T) {
	for base, want := range map[string][2]string{
		"https://api.tracker.yandex.net":     {"https://api.tracker.yandex.net/v3", "https://tracker.yandex.ru/"},
		"https://api.tracker.yandex.net/v2/": {"https://api.tracker.yandex.net/v2", "https://tracker.yandex.ru/"},
		"http://localhost:8080/tracker":      {"http://localhost:8080/tracker/v3", "http://localhost:8080/"},
		"http://localhost:8080/a/v3":         {"http://localhost:8080/a/v3", "http://localhost:8080/"},
	} {
		s := rigOf(&fake{}).open(t, base)
		if got := [2]string{s.root.String(), s.site}; got != want {
			t.Errorf("%s: %v", base, got)
		}
	}
}

func TestIAMHeaders(t *testing.T) {
	src, err := Kind().New(source.Config{Settings: settingsOf("cloud_org_id", `"bpf"`, "language", `"ru"`), Secrets: map[string]string{"iam_token": " t1.x\n"}}, http.DefaultClient)
	if err != nil {
		t.Fatal(err)
	}
	h := src.(*Source).header
	if h.Get("Authorization") != "Bearer t1.x" || h.Get("X-Cloud-Org-ID") != "bpf" || h.Get("X-Org-ID") != "" || h.Get("Accept-Language") != "ru" {
		t.Errorf("%v", h)
	}
}

func TestCheck(t *testing.T) {
	bubbled("sees", t, func(t *testing.T) {
		r := rigOf(generate(3, 3))
		r.settings = settingsOf("queues", `["DEMO","SECRET","!OLD"]`)
		got, err := r.open(t, sourcetest.Address).Check(t.Context())
		want := source.Report{
			Account: "Alice Anderson (alice)", Organization: "7", Scope: []string{"DEMO", "OPS"},
			Missing: []source.Message{{
				Text:   "Queue SECRET does not exist, or the token's owner may not see it.",
				Phrase: source.Phrase{ID: "check.queue", Args: []string{"queue", "SECRET"}},
			}},
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Error(err, diff)
		}
	})
	bubbled("myself in a list, many queues", t, func(t *testing.T) {
		r := rigOf(generate(3, 3))
		r.transport.Fault = func(n int, q *http.Request) (*http.Response, error) {
			switch {
			case strings.HasSuffix(q.URL.Path, "/myself"):
				return sourcetest.Answer(200, `[{"login":"l"}]`)(n, q)
			case strings.HasSuffix(q.URL.Path, "/queues"):
				page := q.URL.Query().Get("page")
				return sourcetest.Answer(200, `[{"key":"Q`+page+`"}]`, "X-Total-Pages", "3")(n, q)
			}
			return nil, nil
		}
		got, err := r.open(t, sourcetest.Address).Check(t.Context())
		if err != nil || got.Account != "l" || !slices.Equal(got.Scope, []string{"Q1", "Q2", "Q3"}) {
			t.Errorf("%+v %v", got, err)
		}
	})
	bubbled("a query that is refused", t, func(t *testing.T) {
		r := rigOf(generate(3, 3))
		r.settings = settingsOf("query", `"Nonsense: 1"`)
		r.transport.Fault = func(n int, q *http.Request) (*http.Response, error) {
			if strings.HasSuffix(q.URL.Path, "/_count") {
				return sourcetest.Answer(400, `{"errorMessages":["Unknown field Nonsense"]}`)(n, q)
			}
			return nil, nil
		}
		got, err := r.open(t, sourcetest.Address).Check(t.Context())
		if err != nil || len(got.Missing) != 1 || !strings.Contains(got.Missing[0].Text, "Unknown field Nonsense") {
			t.Errorf("%+v %v", got, err)
		}
	})
	for status, code := range map[int]string{401: "expired", 403: "forbidden"} {
		bubbled(code, t, func(t *testing.T) {
			r := rigOf(generate(3, 3))
			r.transport.Fault = sourcetest.Answer(status, `{}`)
			_, err := r.open(t, sourcetest.Address).Check(t.Context())
			var auth *source.AuthError
			if !errors.As(err, &auth) || auth.Code != code {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestWhyTrackerIsOutOfReach(t *testing.T) {
	blocked := &net.OpError{Op: "dial", Err: forbidden{netip.MustParseAddr("10.1.2.3")}}
	for want, cause := range map[string]error{
		"network.blocked": blocked,
		"network.refused": &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED},
		"network.name":    &net.DNSError{Name: "tracker.invalid", IsNotFound: true},
		"network.slow":    context.DeadlineExceeded,
		"network":         errors.New("tls: bad certificate"),
		"redirect":        &source.RedirectError{To: "https://example.com"},
	} {
		if got := source.MessageOf(noAnswer("/v3/myself", cause), "").ID; got != want {
			t.Errorf("%v: %s, want %s", cause, got, want)
		}
	}
}

// forbidden is what a client says of an address it may not reach.
type forbidden struct{ address netip.Addr }

func (forbidden) Error() string         { return "not a public address" }
func (f forbidden) Blocked() netip.Addr { return f.address }
