package tracker

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"throughline/internal/source"
	"throughline/internal/source/sourcetest"
)

func TestErrorsInWords(t *testing.T) {
	for name, c := range map[string]struct {
		fault sourcetest.Fault
		code  string
		words string
	}{
		"expired":        {sourcetest.Answer(401, `{}`), "expired", "expired"},
		"forbidden":      {sourcetest.Answer(403, `{"errorMessages":["No rights for y0_secret"]}`), "forbidden", "403 Forbidden to /v3/issues/_search: No rights for ***"},
		"organization":   {sourcetest.Answer(403, `{"errorMessages":["Organization is not available, not ready or not found"]}`), "organization", "organisation 7: Organization is not"},
		"bad query":      {sourcetest.Answer(400, `{"errorMessages":["Unknown field"],"errors":{"query":"at 5"}}`), "", "400 Bad Request to /v3/issues/_search: Unknown field; query: at 5"},
		"HTML":           {sourcetest.Answer(200, "\n<html>"), "", "the answer to /v3/issues/_search is HTML, not JSON: is base_url right?"},
		"HTML and 404":   {sourcetest.Answer(404, "<html>"), "", "404 Not Found to /v3/issues/_search: the answer is HTML, not JSON: is base_url right?"},
		"no list":        {sourcetest.Answer(200, `{"a":1}`), "", "the answer to /v3/issues/_search is not a list"},
		"not JSON":       {sourcetest.Answer(200, `[{]`), "", "the answer to /v3/issues/_search is not JSON, or was cut off"},
		"another host":   {sourcetest.Answer(302, ``, "Location", "https://evil.test/x?y0_secret"), "", "the server redirects to another host, https://evil.test: set base_url"},
		"another scheme": {sourcetest.Answer(302, ``, "Location", "https://source.test/v3"), "", "redirects to another host, https://source.test"},
		"long message":   {sourcetest.Answer(400, `{"errorMessages":["`+strings.Repeat("я", 5000)+`"]}`), "", "яяя…"},
	} {
		bubbled(name, t, func(t *testing.T) {
			r := rigOf(generate(1, 1))
			r.transport.Fault = c.fault
			err := r.pull(t)
			var auth *source.AuthError
			if errors.As(err, &auth) != (c.code != "") || auth != nil && auth.Code != c.code {
				t.Errorf("%v", err)
			}
			if err == nil || !strings.Contains(err.Error(), c.words) || strings.Contains(err.Error(), "y0_secret") || len(err.Error()) > 600 {
				t.Errorf("%v", err)
			}
			if phrase := source.MessageOf(err, "").ID; name == "HTML and 404" && phrase != "status.html" {
				t.Errorf("it is said as %q", phrase)
			}
			if len(r.transport.Foreign()) > 0 {
				t.Errorf("asked %v", r.transport.Foreign())
			}
		})
	}
}

func TestRedirectOnTheSameHost(t *testing.T) {
	bubbled("", t, func(t *testing.T) {
		r := rigOf(generate(3, 3))
		r.transport.Fault = func(n int, q *http.Request) (*http.Response, error) {
			if strings.HasSuffix(q.URL.Path, "DEMO-1/changelog") && !q.URL.Query().Has("moved") {
				return sourcetest.Answer(301, ``, "Location", "/v3/issues/000000000000000000000001/changelog?moved=1")(n, q)
			}
			return nil, nil
		}
		r.mustPull(t)
		if n := len(r.memory.Facts().Issues); n != 3 || len(r.problems()) > 0 {
			t.Errorf("%d issues, %v", n, r.problems())
		}
	})
}

func TestHeaders(t *testing.T) {
	bubbled("", t, func(t *testing.T) {
		r := rigOf(generate(1, 1))
		r.transport.Fault = func(_ int, q *http.Request) (*http.Response, error) {
			for name, want := range map[string]string{
				"Authorization": "OAuth y0_secret", "X-Org-Id": "7", "X-Cloud-Org-Id": "", "Accept-Language": "en", "Content-Type": "application/json",
			} {
				if got := q.Header.Get(name); got != want {
					t.Errorf("%s: %q", name, got)
				}
			}
			return nil, nil
		}
		r.mustPull(t)
	})
}

func TestRetryAfter(t *testing.T) {
	c := &client{now: func() time.Time { return testNow }}
	for text, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "0.5": time.Second / 2, "-3": 0, "soon": 0, "99999999999999999999": 24 * time.Hour, "NaN": 0,
		"Mon, 02 Mar 2026 12:00:30 GMT": 30 * time.Second, "Mon, 02 Mar 2020 12:00:30 GMT": 0,
	} {
		if got := c.retryAfter(http.Header{"Retry-After": {text}}); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestNextPage(t *testing.T) {
	for link, want := range map[string]string{
		``: "", `</x>; rel="first"`: "",
		`</v3/x?id=5&perPage=50>; rel="next"`:                              "id=5&perPage=50",
		`<https://h/x?a=1,2>; rel=first, <https://h/x?id=6>; rel=next`:     "id=6",
		`<https://h/x{&page}>; title="a"; rel="seek", <?id=7>; rel="NEXT"`: "id=7",
		`<:bad%>; rel="next"`: "", `<`: "", `next`: "",
	} {
		a := &answer{header: http.Header{"Link": {link}}}
		if got := a.next().Encode(); got != want {
			t.Errorf("%s: %s, want %s", link, got, want)
		}
	}
}

func TestHugeAnswers(t *testing.T) {
	bubbled("one issue too large for any page", t, func(t *testing.T) {
		r := rigOf(generate(40, 3))
		r.issues[13].record = []byte(`{"id":"14","key":"OPS-14","description":"` + strings.Repeat("x", maxSearchBody) + `"}`)
		r.mustPull(t)
		p := r.problems()
		if len(p) != 1 || !strings.Contains(p[0].Message, "is larger than 64 MiB") || len(r.memory.Facts().Issues) != 39 {
			t.Errorf("%d issues, %+v", len(r.memory.Facts().Issues), p)
		}
	})
	bubbled("a changelog", t, func(t *testing.T) {
		r := rigOf(generate(5, 3))
		r.issues[2].events[1].record = []byte(`{"x":"` + strings.Repeat("x", maxChangelogBody) + `"}`)
		r.mustPull(t)
		p := r.problems()
		if len(p) != 1 || p[0].Record != "DEMO-3" || !strings.Contains(p[0].Message, "is larger than 32 MiB") {
			t.Errorf("%+v", p)
		}
	})
}
