package simulator_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"throughline/internal/simulator"
)

func TestPagesHoldEverythingOnce(t *testing.T) {
	c := small(simulator.Options{})
	for _, body := range []string{`{"query":"\"Sort By\": Updated ASC"}`, `{"filter":{},"order":"+key"}`, `{}`} {
		seen := map[string]bool{}
		pages := 0
		for path := "/v3/issues/_search?perPage=37"; path != ""; pages++ {
			var found []issue
			a := ask(t, c, "POST", path, body).into(&found)
			if a.header.Get("X-Total-Count") != "300" || a.header.Get("X-Total-Pages") != "9" {
				t.Fatalf("headers %v", a.header)
			}
			for _, i := range found {
				if seen[i.ID] {
					t.Errorf("%s comes twice", i.Key)
				}
				seen[i.ID] = true
			}
			path = a.link("next")
		}
		if pages != 9 || len(seen) != 300 {
			t.Errorf("%s: %d issues on %d pages", body, len(seen), pages)
		}
	}
	a := ask(t, c, "POST", "/v3/issues/_search?perPage=100&page=2", `{}`)
	for rel, want := range map[string]string{
		"first": "/v3/issues/_search?page=1&perPage=100", "next": "/v3/issues/_search?page=3&perPage=100",
		"last": "/v3/issues/_search?page=3&perPage=100", "seek": "/v3/issues/_search?perPage=100{&page}",
	} {
		if got := a.link(rel); got != want {
			t.Errorf("link %s is %q, want %q", rel, got, want)
		}
	}
}

func TestSearchBodies(t *testing.T) {
	c := small(simulator.Options{})
	for _, tc := range []struct {
		body   string
		status int
		check  func(i issue) bool
	}{
		{`{"queue":"PAY"}`, 200, func(i issue) bool { return i.Queue.Key == "PAY" }},
		{`{"keys":["PAY-1","PAY-2"]}`, 200, func(i issue) bool { return i.Key == "PAY-1" || i.Key == "PAY-2" }},
		{`{"keys":"PAY-1"}`, 200, func(i issue) bool { return i.Key == "PAY-1" }},
		{`{"filter":{"queue":"WEB","status":["open","inProgress"],"assignee":"notEmpty()"},"order":"-updatedAt"}`, 200, func(i issue) bool {
			return i.Queue.Key == "WEB" && (i.Status.Key == "open" || i.Status.Key == "inProgress") && i.Assignee != nil
		}},
		{`{"filter":{"updated":{"from":"2026-11-01","to":"2026-11-10"}}}`, 200, func(i issue) bool {
			return i.UpdatedAt >= "2026-10-31T21" && i.UpdatedAt < "2026-11-10T21"
		}},
		{`{"filter":{"queue":"PAY"},"query":"Queue: PAY"}`, 400, nil},
		{`{"query":"Queue: PAY","order":"+updated"}`, 400, nil},
		{`{"filter":{"queue":"PAY"},"order":"+colour"}`, 400, nil},
		{`{"filter":{"colour":"red"}}`, 400, nil},
		{`{"filter":{"queue":7}}`, 400, nil},
		{`{"query2":{}}`, 400, nil},
		{`{"keys":7}`, 400, nil},
		{`{"what":1}`, 400, nil},
		{`[`, 400, nil},
	} {
		a := ask(t, c, "POST", "/v3/issues/_search", tc.body)
		if a.status != tc.status {
			t.Errorf("%s: status %d: %s", tc.body, a.status, a.body)
		}
		if tc.check == nil {
			continue
		}
		var found []issue
		a.into(&found)
		for _, i := range found {
			if !tc.check(i) {
				t.Errorf("%s finds %s", tc.body, i.Key)
			}
		}
		if len(found) == 0 {
			t.Errorf("%s finds nothing", tc.body)
		}
	}
}

func TestChosenFieldsAndExpansion(t *testing.T) {
	c := small(simulator.Options{})
	var found []map[string]json.RawMessage
	ask(t, c, "POST", "/v3/issues/_search?fields=summary,status&perPage=3", `{}`).into(&found)
	for _, name := range []string{"self", "id", "key", "version", "summary", "status"} {
		if found[0][name] == nil {
			t.Errorf("%s is missing", name)
		}
	}
	if len(found[0]) != 6 {
		t.Errorf("%d fields instead of 6", len(found[0]))
	}
	found = nil
	ask(t, c, "POST", "/v3/issues/_search?fields=key", `{}`).into(&found)
	if len(found[0]) != 4 {
		t.Errorf("%d fields instead of 4", len(found[0]))
	}
	ask(t, c, "POST", "/v3/issues/_search?expand=transitions,attachments", `{}`).into(&found)
	if string(found[0]["transitions"]) != "[]" || string(found[0]["attachments"]) != "[]" {
		t.Error("nothing was expanded")
	}
}

func TestTotalsAreCappedAndCountsAreNot(t *testing.T) {
	c := simulator.New(7, now, simulator.Options{Issues: 10_050})
	a := ask(t, c, "POST", "/v3/issues/_search?perPage=1000&page=10&fields=key", `{}`)
	if a.header.Get("X-Total-Count") != "10000" || a.header.Get("X-Total-Pages") != "10" || a.link("next") != "" {
		t.Errorf("headers %v", a.header)
	}
	if beyond := ask(t, c, "POST", "/v3/issues/_search?perPage=1000&page=11", `{}`); beyond.status != http.StatusBadRequest {
		t.Errorf("beyond the window: %d", beyond.status)
	}
	if a := ask(t, c, "POST", "/v3/issues/_count", `{}`); a.body != "10050" {
		t.Errorf("count %s", a.body)
	}
	if a := ask(t, c, "POST", "/v3/issues/_count", `{"query":"Key: PAY-1"}`); a.body != "1" {
		t.Errorf("count %s", a.body)
	}
	seen := walkScroll(t, c, 1000, "key", nil)
	if len(seen) != 10_050 {
		t.Errorf("the scroll found %d", len(seen))
	}
}

// walkScroll scrolls through everything, calling between before each page but
// the first. fields is what is asked for, "" for all.
func walkScroll(t *testing.T, c *simulator.Company, size int, fields string, between func()) map[string]issue {
	t.Helper()
	seen := map[string]issue{}
	q := url.Values{"scrollType": {"sorted"}, "perScroll": {strconv.Itoa(size)}, "scrollTTLMillis": {"60000"}, "fields": {fields}}
	for {
		var found []issue
		a := ask(t, c, "POST", "/v3/issues/_search?"+q.Encode(), `{"query":"\"Sort By\": Updated ASC"}`).into(&found)
		for _, i := range found {
			if _, twice := seen[i.ID]; twice {
				t.Errorf("%s comes twice", i.Key)
			}
			seen[i.ID] = i
		}
		if a.header.Get("X-Scroll-Id") == "" || len(found) == 0 {
			return seen
		}
		q.Set("scrollId", a.header.Get("X-Scroll-Id"))
		q.Set("scrollToken", a.header.Get("X-Scroll-Token"))
		if between != nil {
			between()
		}
	}
}

func TestScrollSeesASnapshot(t *testing.T) {
	c := small(simulator.Options{})
	n := 0
	before := map[string]simulator.Truth{}
	for _, i := range c.Issues() {
		before[i.ID] = i
	}
	seen := walkScroll(t, c, 50, "", func() {
		n++
		// One that was seen and one that was not change, one vanishes.
		for _, key := range []string{"PAY-1", "WEB-" + strconv.Itoa(n)} {
			if err := c.Edit(key, "summary", "changed "+strconv.Itoa(n)); err != nil {
				t.Fatal(err)
			}
		}
		if n == 2 {
			if err := c.Delete("WEB-30"); err != nil {
				t.Fatal(err)
			}
		}
	})
	if len(seen) != len(before) || n != 6 {
		t.Fatalf("%d issues on %d pages", len(seen), n)
	}
	for id, was := range before {
		if seen[id].Summary != was.Summary || seen[id].Version != was.Version {
			t.Errorf("%s is not as it was", was.Key)
		}
	}
}

func TestScrollRules(t *testing.T) {
	clock := now
	c := small(simulator.Options{Clock: func() time.Time { return clock }})
	begin := func() answer {
		return ask(t, c, "POST", "/v3/issues/_search?scrollType=unsorted&perScroll=100&scrollTTLMillis=5000", `{}`)
	}
	next := func(a answer, token string) answer {
		return ask(t, c, "POST", "/v3/issues/_search?scrollId="+a.header.Get("X-Scroll-Id")+"&scrollToken="+token, `{}`)
	}
	first := begin()
	if a := next(first, ""); a.status != 200 {
		t.Errorf("without a token: %d", a.status)
	}
	if a := next(first, "wrong"); a.status != 403 {
		t.Errorf("wrong token: %d", a.status)
	}
	clock = clock.Add(4 * time.Second)
	second := next(first, first.header.Get("X-Scroll-Token"))
	clock = clock.Add(4 * time.Second)
	if a := next(second, ""); a.status != 200 {
		t.Errorf("a page keeps the scroll alive: %d", a.status)
	}
	clock = clock.Add(5 * time.Second)
	if a := next(second, ""); a.status != 403 || !strings.Contains(a.body, "Expired signature") {
		t.Errorf("expired: %d %s", a.status, a.body)
	}
	third := begin()
	a := ask(t, c, "POST", "/v3/system/search/scroll/_clear", `{"`+third.header.Get("X-Scroll-Id")+`":"dummy"}`)
	if a.status != 200 || c.OpenScrolls() != 0 {
		t.Errorf("cleared: %d, %d are left", a.status, c.OpenScrolls())
	}
	if a := next(third, ""); a.status != 403 {
		t.Errorf("after clearing: %d", a.status)
	}
	for path, body := range map[string]string{
		"scrollType=sorted":                      `{"keys":["PAY-1"]}`,
		"scrollType=unsorted":                    `{"queue":"PAY"}`,
		"scrollType=upwards":                     `{}`,
		"scrollType=sorted&perScroll=1001":       `{}`,
		"scrollType=sorted&scrollTTLMillis=long": `{}`,
	} {
		if a := ask(t, c, "POST", "/v3/issues/_search?"+path, body); a.status != 400 {
			t.Errorf("%s %s: %d", path, body, a.status)
		}
	}
	if a := ask(t, c, "POST", "/v3/issues/_search?scrollType=sorted", `{"queue":"PAY"}`); !strings.Contains(a.body, "Scroll is not supported") {
		t.Errorf("message %s", a.body)
	}
}

func TestScrollOnce(t *testing.T) {
	c := small(simulator.Options{ScrollOnce: true})
	first := ask(t, c, "POST", "/v3/issues/_search?scrollType=sorted", `{}`)
	path := "/v3/issues/_search?scrollId=" + first.header.Get("X-Scroll-Id")
	if a := ask(t, c, "POST", path, `{}`); a.status != 200 {
		t.Errorf("first use: %d", a.status)
	}
	if a := ask(t, c, "POST", path, `{}`); a.status != 403 {
		t.Errorf("second use: %d", a.status)
	}
}
