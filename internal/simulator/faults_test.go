package simulator_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"throughline/internal/simulator"
)

func TestFaults(t *testing.T) {
	c := small(simulator.Options{Issues: 20})
	server := httptest.NewServer(c.Tracker())
	defer server.Close()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	get := func(path string) (*http.Response, []byte, error) {
		res, err := client.Get(server.URL + path)
		if err != nil {
			return nil, nil, err
		}
		defer func() { _ = res.Body.Close() }()
		body, err := io.ReadAll(res.Body)
		return res, body, err
	}
	const path = "/v3/issues/PAY-1/changelog"
	_, whole, err := get(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name  string
		fault simulator.Fault
		check func(res *http.Response, body []byte, err error) bool
	}{
		{"429 with Retry-After", simulator.Fault{Status: 429, RetryAfter: 1500 * time.Millisecond}, func(res *http.Response, body []byte, err error) bool {
			return err == nil && res.StatusCode == http.StatusTooManyRequests && res.Header.Get("Retry-After") == "2" && bytes.Contains(body, []byte(`"statusCode":429`))
		}},
		{"429 without", simulator.Fault{Status: 429}, func(res *http.Response, _ []byte, err error) bool {
			return err == nil && res.StatusCode == http.StatusTooManyRequests && res.Header.Get("Retry-After") == ""
		}},
		{"504", simulator.Fault{Status: 504}, func(res *http.Response, _ []byte, err error) bool {
			return err == nil && res.StatusCode == http.StatusGatewayTimeout
		}},
		{"HTML", simulator.Fault{HTML: true}, func(res *http.Response, body []byte, err error) bool {
			return err == nil && res.StatusCode == http.StatusOK && bytes.HasPrefix(body, []byte("<!DOCTYPE"))
		}},
		{"other JSON", simulator.Fault{WrongJSON: true}, func(_ *http.Response, body []byte, err error) bool {
			return err == nil && json.Valid(body) && body[0] == '{'
		}},
		{"half", simulator.Fault{CutJSON: true}, func(_ *http.Response, body []byte, err error) bool {
			return err == nil && bytes.Equal(body, whole[:len(whole)/2])
		}},
		{"truncated", simulator.Fault{Truncated: true}, func(_ *http.Response, body []byte, err error) bool {
			return errors.Is(err, io.ErrUnexpectedEOF) && len(body) < len(whole)
		}},
		{"dropped", simulator.Fault{Dropped: true}, func(_ *http.Response, _ []byte, err error) bool { return err != nil }},
		{"redirect", simulator.Fault{Redirect: "https://elsewhere.example/login"}, func(res *http.Response, _ []byte, err error) bool {
			return err == nil && res.StatusCode == http.StatusFound && res.Header.Get("Location") == "https://elsewhere.example/login"
		}},
		{"huge", simulator.Fault{Huge: true}, func(_ *http.Response, body []byte, err error) bool {
			return err == nil && len(body) > 10<<20 && json.Valid(body)
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.fault.Kind, tc.fault.Path = simulator.Changelog, "PAY-1/"
			c.Faults().Inject(tc.fault)
			if _, _, err := get("/v3/issues/WEB-1/changelog"); err != nil {
				t.Fatalf("another path: %v", err)
			}
			if _, _, err := get("/v3/issues/PAY-1"); err != nil {
				t.Fatalf("another kind: %v", err)
			}
			if !tc.check(get(path)) {
				t.Error("not the effect that was asked for")
			}
			if _, body, err := get(path); err != nil || !bytes.Equal(body, whole) {
				t.Errorf("not over after once: %v", err)
			}
		})
	}
}

func TestFaultsAreCounted(t *testing.T) {
	c := small(simulator.Options{Issues: 20})
	f := c.Faults()
	f.Inject(simulator.Fault{Status: 503, Skip: 2, Times: 2})
	var got []int
	for range 6 {
		got = append(got, ask(t, c, "GET", "/v3/myself", "").status)
	}
	for i, want := range []int{200, 200, 503, 503, 200, 200} {
		if got[i] != want {
			t.Fatalf("statuses %v", got)
		}
	}
	f.Inject(simulator.Fault{Status: 401, Times: -1})
	for range 3 {
		if a := ask(t, c, "POST", "/v3/issues/_search", `{}`); a.status != 401 {
			t.Errorf("status %d", a.status)
		}
	}
	if f.Requests(simulator.Myself) != 6 || f.Requests(simulator.Search) != 3 || f.Requests("") != 9 || f.Pending() != 1 {
		t.Errorf("%d, %d, %d requests, %d pending", f.Requests(simulator.Myself), f.Requests(simulator.Search), f.Requests(""), f.Pending())
	}
	f.Clear()
	f.ResetCounts()
	if a := ask(t, c, "GET", "/v3/statuses", ""); a.status != 200 || f.Requests("") != 1 {
		t.Errorf("status %d after %d requests", a.status, f.Requests(""))
	}
}

func TestLatencyAndConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := small(simulator.Options{Issues: 20, Latency: 20 * time.Millisecond})
		begun := time.Now()
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() { ask(t, c, "GET", "/v3/myself", "") })
		}
		wg.Wait()
		if d := time.Since(begun); d != 20*time.Millisecond {
			t.Errorf("took %s", d)
		}
		if n := c.Faults().MaxConcurrent(); n != 5 {
			t.Errorf("%d at once", n)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		begun = time.Now()
		c.Tracker().ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/v3/myself", nil))
		if d := time.Since(begun); d != 0 {
			t.Errorf("who hung up waited %s", d)
		}
	})
}

func TestRateLimit(t *testing.T) {
	clock := now
	c := small(simulator.Options{Issues: 20, RatePerSecond: 5, Clock: func() time.Time { return clock }})
	granted := func() (n int) {
		for range 10 {
			a := ask(t, c, "GET", "/v3/myself", "")
			switch {
			case a.status == 200:
				n++
			case a.status != 429 || a.header.Get("Retry-After") != "1":
				t.Errorf("status %d, headers %v", a.status, a.header)
			}
		}
		return n
	}
	if n := granted(); n != 5 {
		t.Errorf("%d at first", n)
	}
	clock = clock.Add(600 * time.Millisecond)
	if n := granted(); n != 3 {
		t.Errorf("%d after 0.6 s", n)
	}
	clock = clock.Add(time.Hour)
	if n := granted(); n != 5 {
		t.Errorf("%d after an hour", n)
	}
}

func TestBrokenRecords(t *testing.T) {
	c := small(simulator.Options{Broken: true})
	keys := c.BrokenKeys()
	if len(keys) != 3 {
		t.Fatalf("broken are %v", keys)
	}
	var i issue
	ask(t, c, "GET", "/v3/issues/"+keys[simulator.BadCreatedAt], "").into(&i)
	if i.CreatedAt != "0000-00-00T00:00:00.000+0000" {
		t.Errorf("created at %s", i.CreatedAt)
	}
	for range 2 {
		if a := ask(t, c, "GET", "/v3/issues/"+keys[simulator.ChangelogFails]+"/changelog", ""); a.status != 500 {
			t.Errorf("status %d", a.status)
		}
	}
	if a := ask(t, c, "GET", "/v3/issues/"+keys[simulator.ChangelogHTML]+"/changelog", ""); a.status != 200 || a.header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("%d %v", a.status, a.header)
	}
	if n := len(small(simulator.Options{}).BrokenKeys()); n != 0 {
		t.Errorf("%d are broken unasked", n)
	}
}
