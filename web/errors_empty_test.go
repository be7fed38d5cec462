package web

import (
	"net/http"
	"testing"

	"throughline/internal/delivery"
)

// Each panel of errors says what keeps it from showing anything, and where that is mended.
func TestEmptyErrorPanels(t *testing.T) {
	s := signedIn(t, nil)
	write := func(b delivery.Batch) {
		t.Helper()
		b.Connection = "sentry"
		if _, err := s.store.Write(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	empty := func(slug, query, text, fix string) {
		t.Helper()
		d := s.page("/panels/" + slug + "?range=30d" + query)
		want(t, d, ".nothing p", text)
		if got := d.Find(".nothing a").AttrOr("href", ""); got != fix || d.Find("[data-chart]").Length() != 0 {
			t.Errorf("%s%s is mended at %q, want %q", slug, query, got, fix)
		}
	}
	for _, p := range panels() {
		if p.page == "/errors" {
			empty(p.slug, "", "No source of errors is connected", "/settings/connections")
		}
	}
	want(t, s.page("/errors"), ".empty", "No source of errors is connected")
	want(t, s.page("/errors?lang=ru"), ".empty", "Источник ошибок не подключён")
	want(t, s.page("/errors/groups"), ".nothing", "No source of errors is connected")

	// A project of which nothing more is told.
	write(delivery.Batch{ErrorProjects: []delivery.ErrorProject{{ID: "pay", ToldAt: 1}}})
	empty("errors-open", "", "No error group is open", "")
	empty("errors-events", "", "No counts of events are known", "/settings/connections")
	empty("errors-resolve-time", "", "Nothing was found in this period", "/errors?range=12m")
	empty("errors-by-release", "", "No release is known", "")
	empty("crash-free", "", "No session is known", "")
	empty("rate-limits", "", "No rate limits are known", "/settings/connections")
	want(t, s.page("/panels/errors-newest"), ".sentence", "No new error group in this period")
	want(t, s.page("/errors/groups"), ".nothing", "Nothing was found in this period")
	want(t, s.page("/errors/groups?state=open"), ".nothing", "No error group is open")
	if res := s.get("/panels/errors-headline?range=30d"); res.status != http.StatusOK {
		t.Errorf("the strip answers %d", res.status)
	}

	// All that there is is of another time, or project.
	known := knownErrors()
	known.ErrorProjects = append(known.ErrorProjects, delivery.ErrorProject{ID: "calm", ToldAt: 1})
	write(known)
	empty("errors-open", "&project=calm", "No error group is open", "")
	empty("errors-open", "&project=nobody", "Nothing matches this filter", "/errors?range=30d")
	empty("errors-events", "&project=nobody", "Nothing matches this filter", "/errors?range=30d")
	empty("errors-open", "&environment=nowhere", "Nothing matches this filter", "/errors?range=30d")
	empty("crash-free", "&environment=nowhere", "Nothing matches this filter", "/errors?range=30d")
	empty("rate-limits", "&project=web", "Nothing matches this filter", "/errors?range=30d")
	want(t, s.page("/errors/groups?range=30d&project=nobody"), ".nothing", "Nothing matches this filter")
	want(t, s.page("/errors/groups?range=30d&cursor=1:2"), ".nothing", "There is nothing older")
	for slug, text := range map[string]string{
		"errors-open": "No error group is open", "errors-resolve-time": "Nothing was found in this period", "errors-events": "hours of projects in this period no count is known",
		"errors-by-release": "Nothing was found in this period", "crash-free": "Nothing was found in this period", "rate-limits": "1 project has a limit",
	} {
		want(t, s.page("/panels/"+slug+"?from=2025-01-01&to=2025-01-05"), ".nothing p", text)
	}
}

// Nobody saw when a group was resolved; a key without a limit limits nothing.
func TestErrorPanelsOfTheUnseen(t *testing.T) {
	s := signedIn(t, nil)
	g := delivery.ErrorGroup{
		ID: "1", Project: "pay", Status: delivery.GroupResolved, FirstSeen: errorsAt(-90), LastSeen: errorsAt(-80), ToldAt: errorsAt(-1),
	}
	b := delivery.Batch{
		Connection: "sentry", ErrorGroups: []delivery.ErrorGroup{g},
		ErrorProjects: []delivery.ErrorProject{{ID: "pay", Keys: []delivery.KeyLimit{{Name: "Default"}}, KeysAt: 1, ToldAt: 1}},
	}
	if _, err := s.store.Write(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	want(t, s.page("/panels/errors-resolve-time?range=7d"), ".nothing p", "1 group was resolved in this period before anybody looked")
	want(t, s.page("/panels/errors-open?from=2026-03-01&to=2026-03-03"), ".nothing p", "how it stood at the end of this period is not known")
	want(t, s.page("/panels/rate-limits?range=7d"), ".nothing p", "1 project, and it has no rate limit")
	want(t, s.page("/panels/rate-limits?range=7d&lang=ru"), ".nothing p", "1 проект, и лимита у него нет")
}
