package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"throughline/internal/delivery"
)

func TestErrorGroupsList(t *testing.T) {
	s := withErrors(t)
	type items = apiList[delivery.ErrorGroupReport]
	ids := func(l items) (out string) {
		for _, g := range l.Items {
			out += g.ID
		}
		return out
	}
	for _, c := range []struct{ query, want string }{
		{"?range=2d", "13"},
		{"?range=2d&state=open", "1352"},
		{"?range=4d&state=resolved", "45"},
		{"?range=2d&state=all&sort=events&project=pay", "152"},
		{"?range=2d&state=all&release=pay%401.9", "15"},
		{"?range=30d&level=fatal", "1"},
		{"?range=30d&service=payments", "152"},
		{"?range=30d&connection=other", ""},
	} {
		query, want := c.query, c.want
		first := read[items](s, "/api/v1/error-groups"+query+"&limit=2")
		got := ids(first)
		for next := first.NextCursor; next != ""; {
			page := read[items](s, "/api/v1/error-groups"+query+"&limit=2&cursor="+url.QueryEscape(next))
			got, next = got+ids(page), page.NextCursor
		}
		if got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	csv := s.api(http.MethodGet, "/api/v1/error-groups.csv?range=2d", readToken)
	if lines := strings.Split(csv.body, "\n"); len(lines) != 4 || !strings.Contains(lines[1], "'=KeyError: 'currency'") || !strings.Contains(lines[1], "1234567") {
		t.Errorf("the CSV is %s", csv.body)
	}
	d := s.page("/errors/groups?range=2d&state=open&sort=events")
	want(t, d, ".records-panel h2", "4 error groups open at the end of 3 Mar – 4 Mar 2026")
	want(t, d, "tbody tr:first-child", "=KeyError: 'currency'")
	want(t, d, "th[aria-sort]", "Events")
	want(t, d, ".tabs [aria-current=page]", "Open")
	if href := d.Find("tbody tr:first-child a").AttrOr("href", ""); !strings.HasPrefix(href, "/errors/groups/") || s.get(href).status != http.StatusOK {
		t.Errorf("the first leads to %s", href)
	}
	want(t, s.page("/errors/groups?range=2d&lang=ru"), ".records-panel h2", "2 группы ошибок, впервые замеченные за")
}

func TestErrorGroupPage(t *testing.T) {
	s := withErrors(t)
	all := read[apiList[delivery.ErrorGroupReport]](s, "/api/v1/error-groups?state=all&range=30d").Items
	first := s.page("/errors/groups/" + all[0].Number)
	want(t, first, "h1", "=KeyError: 'currency'")
	want(t, first, ".figure:first-child", "1,234,567")
	want(t, first, ".facts", "pay@1.9")
	want(t, first, "table tbody tr", "production | 7 | 3")
	if href := first.Find(".issue-head a.button").AttrOr("href", ""); href != "https://sentry.example.com/issues/1/" {
		t.Errorf("it opens %s", href)
	}
	for i := range all {
		if all[i].ID == "5" {
			want(t, s.page("/errors/groups/"+all[i].Number+"?lang=ru"), ".facts", "вернулась в релизе pay@1.9")
			if one := read[delivery.ErrorGroupReport](s, "/api/v1/error-groups/"+all[i].Number); len(one.States) != 3 || one.Substatus != "regressed" {
				t.Errorf("as JSON it is %+v", one)
			}
		}
	}
}
