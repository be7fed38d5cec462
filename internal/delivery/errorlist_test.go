package delivery

import (
	"context"
	"iter"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// keptErrors is a store of error groups alone.
type keptErrors struct {
	ErrorStore
	groups []ErrorGroup // those first seen last first
}

func (k keptErrors) ErrorGroups(_ context.Context, q ErrorQuery) iter.Seq2[ListedErrorGroup, error] {
	return func(yield func(ListedErrorGroup, error) bool) {
		for _, g := range k.groups {
			at := Cursor{g.FirstSeen, g.Number()}
			switch {
			case g.FirstSeen < q.From, q.To != 0 && g.FirstSeen >= q.To, q.Projects != nil && !slices.Contains(q.Projects, g.Project):
				continue
			}
			if q.After != "" {
				if after, err := ParseCursor(q.After); err != nil || at.At >= after.At {
					continue
				}
			}
			if !yield(ListedErrorGroup{g, g.Number(), at.String()}, nil) {
				return
			}
		}
	}
}

func TestErrorGroupLists(t *testing.T) {
	resolved := GroupState{Status: GroupResolved, At: errorHours(-2)}
	back := GroupState{Status: GroupUnresolved, Regressed: true, At: errorHours(-1), Release: "pay@2"}
	a, b, c, d := aGroup("a", "pay", 1), aGroup("b", "pay", 3, resolved), aGroup("c", "web", 90, resolved, back), aGroup("d", "web", 95)
	a.Level, a.Events, a.FirstRelease = "fatal", 5, "pay@2"
	b.Level, b.Events, b.Environments = "error", 9, []GroupEnvironment{{Name: "production", FirstSeen: errorHours(-3)}}
	c.Users, c.LastSeen, d.Users = 7, errorHours(-1), 8
	store := keptErrors{groups: []ErrorGroup{a, b, c, d}}
	tests := []struct {
		name string
		ask  GroupsAsked
		want string
	}{
		{"new", GroupsAsked{}, "ab"},
		{"open", GroupsAsked{State: GroupsOpen}, "acd"},
		{"resolved", GroupsAsked{State: GroupsResolved}, "bc"},
		{"seen", GroupsAsked{State: GroupsSeen}, "abc"},
		{"all", GroupsAsked{State: GroupsAll}, "abcd"},
		{"by events", GroupsAsked{State: GroupsAll, Sort: ByEvents}, "bacd"},
		{"by users", GroupsAsked{State: GroupsAll, Sort: ByUsers}, "dcab"},
		{"by last seen", GroupsAsked{State: GroupsSeen, Sort: ByLastSeen}, "acb"},
		{"release", GroupsAsked{State: GroupsAll, Release: "pay@2"}, "ac"},
		{"level", GroupsAsked{State: GroupsAll, Levels: []string{"fatal", "error"}}, "ab"},
		{"status", GroupsAsked{State: GroupsAll, Statuses: []GroupStatus{GroupResolved}}, "b"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, limit := range []int{0, 1, 2, 3} {
				ask, got := tt.ask, ""
				ask.ErrorsAsked, ask.Limit = twoDaysOfErrors(t), limit
				for {
					if err := ask.Validate(); err != nil {
						t.Fatal(err)
					}
					page, next, err := ErrorGroupList(t.Context(), store, ask)
					if err != nil {
						t.Fatal(err)
					}
					for _, g := range page {
						got += g.ID
					}
					if ask.After = next; next == "" {
						break
					}
				}
				if got != tt.want {
					t.Errorf("%d a page: %s, want %s", limit, got, tt.want)
				}
			}
		})
	}
	narrow := GroupsAsked{ErrorsAsked: twoDaysOfErrors(t)}
	narrow.Environments = []string{"production"}
	if page, _, _ := ErrorGroupList(t.Context(), store, narrow); len(page) != 1 || page[0].ID != "b" {
		t.Errorf("in production: %d", len(page))
	}
}

func TestBadErrorGroupLists(t *testing.T) {
	for _, c := range []struct {
		want string
		ask  GroupsAsked
	}{
		{"state: not one of open, resolved, seen, all", GroupsAsked{State: "odd"}},
		{"sort: not one of", GroupsAsked{Sort: "beauty"}},
		{"status: not one of unresolved, resolved", GroupsAsked{Statuses: []GroupStatus{"new"}}},
		{"level: not one of fatal", GroupsAsked{Levels: []string{"error", "bad"}}},
		{"cursor: not one of this list", GroupsAsked{After: "after-3"}},
		{"cursor: not one of this list", GroupsAsked{After: "3:4", Sort: ByEvents}},
	} {
		if err := c.ask.Validate(); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}

func TestNarrowErrors(t *testing.T) {
	teams := Teams{
		{Name: "payments", SentryProjects: Patterns{"pay-*"}},
		{Name: "web", Services: Patterns{"shop"}},
		{Name: "none"},
	}
	services := []Service{{Name: "shop", Repository: "acme/shop", SentryProjects: Patterns{"web", "pay-web"}}, {Name: "pay", SentryProjects: Patterns{"pay-api"}}}
	projects := []string{"web", "pay-api", "pay-web", "other"}
	tests := map[string]string{
		"":                            "all",
		"team=payments":               "pay-api pay-web",
		"team=web":                    "pay-web web",
		"team=web&team=payments":      "pay-api pay-web web",
		"team=none":                   "",
		"service=shop":                "pay-web web",
		"service=acme/shop":           "pay-web web",
		"service=nothing":             "",
		"team=payments&service=shop":  "pay-web",
		"project=web&project=pay-api": "pay-api web",
		"project=web&team=payments":   "",
		"project=web&service=shop":    "web",
	}
	for query, want := range tests {
		v, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		f, err := ParseFilter(v, OfErrors, errorsNow.Time().Location(), errorsNow)
		if err != nil {
			t.Fatal(err)
		}
		if len(f.Teams)+len(f.Services) > 0 {
			if keys, all := f.ErrorProjectKeys(); all || len(keys) > 0 {
				t.Errorf("%s: before it is narrowed %v count", query, keys)
			}
		}
		if err := f.NarrowErrors(teams, services, projects); err != nil {
			t.Fatal(err)
		}
		keys, all := f.ErrorProjectKeys()
		got := strings.Join(keys, " ")
		if all {
			got = "all"
		}
		if got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
		if q := NewErrorsAsked(&f, nil, errorsNow); (q.Projects == nil) != all {
			t.Errorf("%s: the question is of %v", query, q.Projects)
		}
	}
	f := Filter{Teams: []string{"nobody"}}
	if err := f.NarrowErrors(teams, services, projects); err == nil {
		t.Error("a team that there is not narrows something")
	}
}

func TestErrorFilters(t *testing.T) {
	for query, want := range map[string]string{
		"clock=business":  "clock: errors are measured round the clock: elapsed",
		"repository=a":    "repository: narrows",
		"branch=main":     "branch: narrows",
		"clock=elapsed":   "",
		"environment=a&x": "x: no such filter",
	} {
		v, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if _, err := ParseFilter(v, OfErrors, errorsNow.Time().Location(), errorsNow); err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
}

func TestReportErrorGroup(t *testing.T) {
	g := aGroup("7", "pay", 3)
	r := ReportErrorGroup(&g)
	if r.Number == "" || r.Environments == nil || r.FirstSeen != errorHours(-3) || r.Status != "unresolved" {
		t.Errorf("it is %+v", r)
	}
	if diff := cmp.Diff(g.States, r.States); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
