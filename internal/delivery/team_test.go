package delivery_test

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
)

func TestPatternsMatch(t *testing.T) {
	for _, c := range []struct {
		patterns delivery.Patterns
		in, out  string // names, separated by spaces
	}{
		{nil, "", "DEV"},
		{delivery.Patterns{"DEV"}, "DEV dev Dev", "DEVOPS ADEV"},
		{delivery.Patterns{"DEV*"}, "DEV DEVOPS devx", "XDEV DEV/a"},
		{delivery.Patterns{"*"}, "DEV x", "a/b"},
		{delivery.Patterns{"**"}, "DEV a/b/c", ""},
		{delivery.Patterns{"acme/*"}, "acme/api ACME/web acme/", "acme acme/api/v2"},
		{delivery.Patterns{"acme/**"}, "acme/api acme/api/v2", "acme"},
		{delivery.Patterns{"**/api"}, "acme/api a/b/api /api", "api"},
		{delivery.Patterns{"a**z"}, "az abz a/b/z", "ab"},
		{delivery.Patterns{"D?V"}, "DEV DxV D/V Dяv", "DV DEEV"},
		{delivery.Patterns{"*-api-*"}, "x-api-y -api-", "x-api y/x-api-y"},
		{delivery.Patterns{"acme/*", "!acme/old*"}, "acme/api", "acme/old acme/older"},
		{delivery.Patterns{"!acme/old*", "acme/*"}, "acme/api", "acme/old"},
		{delivery.Patterns{"!acme/old", "acme/old", "acme/*"}, "acme/new", "acme/old"},
		{delivery.Patterns{"!DEV"}, "", "DEV OPS"},
		{delivery.Patterns{"ПЛАТЕЖИ*"}, "платежи Платежи-2", "оплата"},
		{delivery.Patterns{"a.c", "[x]", "(y|z)", `q\w`}, `a.c [x] (Y|z) q\W`, "abc x y qa"},
	} {
		for _, name := range strings.Fields(c.in) {
			if !c.patterns.Match(name) {
				t.Errorf("%q does not map %q", c.patterns, name)
			}
		}
		for _, name := range strings.Fields(c.out) {
			if c.patterns.Match(name) {
				t.Errorf("%q maps %q", c.patterns, name)
			}
		}
	}
	if !(delivery.Patterns{"*"}).Match("") || (delivery.Patterns{"?"}).Match("") {
		t.Error("a name without characters")
	}
}

func TestPatternsValidate(t *testing.T) {
	many := make(delivery.Patterns, 201)
	for i := range many {
		many[i] = "a"
	}
	for want, p := range map[string]delivery.Patterns{
		"more than 200 patterns":     many,
		"a pattern is empty":         {"DEV", " "},
		"longer than 200 bytes":      {strings.Repeat("a", 201)},
		"holds control characters":   {"DEV\x00"},
		`"OPS\n"`:                    {"OPS\n"},
		"only exclusions":            {"!DEV", "!OPS"},
		"holds control characters: ": {"\xff"},
	} {
		if err := p.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v, want %q", p, err, want)
		}
	}
	if err := (delivery.Patterns{"!"}).Validate(); err == nil {
		t.Error("an exclusion of nothing")
	}
	for _, p := range []delivery.Patterns{nil, {"DEV"}, {"!old", "acme/**"}, many[:200], {strings.Repeat("a", 200)}} {
		if err := p.Validate(); err != nil {
			t.Errorf("%.20q: %v", p, err)
		}
	}
}

// FuzzPatterns compares a pattern with the regular expression that it stands
// for.
func FuzzPatterns(f *testing.F) {
	f.Add("acme/*", "acme/api")
	f.Add("a**?*z", "a/b/cz")
	f.Add("****", "/")
	f.Add("ſK*", "ſk/K")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		if strings.HasPrefix(pattern, "!") || !utf8.ValidString(pattern) || !utf8.ValidString(name) || len(pattern)+len(name) > 500 {
			return
		}
		expr := regexp.MustCompile(`\*{2,}|\*|\?|[^*?]+`).ReplaceAllStringFunc(pattern, func(s string) string {
			switch {
			case strings.HasPrefix(s, "**"):
				return ".*"
			case s == "*":
				return "[^/]*"
			case s == "?":
				return "."
			}
			return regexp.QuoteMeta(s)
		})
		want := regexp.MustCompile(`(?is)\A` + expr + `\z`).MatchString(name)
		if got := (delivery.Patterns{pattern}).Match(name); got != want {
			t.Errorf("%q maps %q: %v, want %v", pattern, name, got, want)
		}
		if (delivery.Patterns{pattern, "!" + pattern}).Match(name) {
			t.Errorf("%q is taken out and in", name)
		}
	})
}

func TestTeamsOf(t *testing.T) {
	teams := delivery.Teams{
		{Name: "Payments", Queues: delivery.Patterns{"PAY", "SHARED"}, Calendar: "kazan"},
		{Name: "Platform", Queues: delivery.Patterns{"OPS*", "SHARED", "!OPSOLD"}},
	}
	for queue, want := range map[string][]string{
		"PAY": {"Payments"}, "ops": {"Platform"}, "OPS2": {"Platform"}, "OPSOLD": nil, "SHARED": {"Payments", "Platform"}, "": nil,
	} {
		if diff := cmp.Diff(want, teams.Of(queue)); diff != "" {
			t.Errorf("teams of %q (-want +got)\n%s", queue, diff)
		}
		only, ok := teams.Only(queue)
		if ok != (len(want) == 1) || ok && only.Name != want[0] {
			t.Errorf("the one team of %q: %q, %v", queue, only.Name, ok)
		}
	}
	if team, ok := teams.Named("Payments"); !ok || team.Calendar != "kazan" {
		t.Errorf("named: %+v, %v", team, ok)
	}
	if _, ok := teams.Named("payments"); ok {
		t.Error("a name is matched whatever its case")
	}
}

func TestNarrow(t *testing.T) {
	teams := delivery.Teams{
		{Name: "Payments", Queues: delivery.Patterns{"PAY", "SHARED"}},
		{Name: "Platform", Queues: delivery.Patterns{"OPS*", "SHARED"}},
		{Name: "Nobody"},
	}
	queues := []string{"WEB", "SHARED", "PAY", "OPS", "OPS2"}
	for _, c := range []struct {
		name          string
		teams, queues []string
		scope, keys   []string
		all           bool
	}{
		{"no team", nil, nil, nil, nil, true},
		{"no team, queues", nil, []string{"OPS"}, nil, []string{"OPS"}, false},
		{"a team", []string{"Payments"}, nil, []string{"PAY", "SHARED"}, []string{"PAY", "SHARED"}, false},
		{"two that share a queue", []string{"Payments", "Platform"}, nil, []string{"OPS", "OPS2", "PAY", "SHARED"}, []string{"OPS", "OPS2", "PAY", "SHARED"}, false},
		{"a team's queue", []string{"Platform"}, []string{"OPS", "PAY"}, []string{"OPS", "OPS2", "SHARED"}, []string{"OPS"}, false},
		{"another's queue", []string{"Platform"}, []string{"PAY"}, []string{"OPS", "OPS2", "SHARED"}, nil, false},
		{"a team without queues", []string{"Nobody"}, nil, []string{}, []string{}, false},
	} {
		f := delivery.Filter{Teams: c.teams, Queues: c.queues, Scope: []string{"stale"}}
		if err := f.Narrow(teams, queues); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if diff := cmp.Diff(c.scope, f.Scope); diff != "" {
			t.Errorf("%s: scope (-want +got)\n%s", c.name, diff)
		}
		keys, all := f.QueueKeys()
		if diff := cmp.Diff(c.keys, keys); diff != "" || all != c.all {
			t.Errorf("%s: all %v, queues (-want +got)\n%s", c.name, all, diff)
		}
	}
	f := delivery.Filter{Teams: []string{"Nobody", "Unknown", "payments"}}
	if keys, all := f.QueueKeys(); all || keys != nil {
		t.Errorf("before it is narrowed: %v, %v", keys, all)
	}
	err := f.Narrow(teams, queues)
	if err == nil || err.Error() != "team: no such team: \"Unknown\"\nteam: no such team: \"payments\"" {
		t.Errorf("teams that there are not: %v", err)
	}
	if f.Scope == nil {
		t.Error("a filter that failed counts every queue")
	}
}
