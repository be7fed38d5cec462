package delivery

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// states writes how a group stood.
func states(g *ErrorGroup) string {
	var out []string
	for _, s := range g.States {
		text := fmt.Sprintf("%s@%d", s.Status, s.At)
		if s.Regressed {
			text += " back"
		}
		if s.Before {
			text += " before"
		}
		if s.Release != "" {
			text += " in " + s.Release
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

func polled(told Instant, status GroupStatus, more ...func(*ErrorGroup)) ErrorGroup {
	g := ErrorGroup{
		Connection: "sentry", ID: "1", Project: "pay", Title: "boom", Level: "error", Status: status, Substatus: "ongoing",
		Events: int64(told), Users: 3, FirstSeen: 5, LastSeen: told - 1, ToldAt: told, LastRelease: "pay@2",
	}
	for _, change := range more {
		change(&g)
	}
	return g
}

func hooked(told Instant, status GroupStatus) ErrorGroup {
	return ErrorGroup{Connection: "sentry", ID: "1", Part: true, Status: status, ToldAt: told, ChangedAt: told - 1}
}

func TestHowAGroupStood(t *testing.T) {
	back := func(g *ErrorGroup) { g.Substatus = Regressed }
	for name, c := range map[string]struct {
		told []ErrorGroup
		want string
	}{
		"new":               {[]ErrorGroup{polled(10, GroupUnresolved)}, "unresolved@5"},
		"the same again":    {[]ErrorGroup{polled(10, GroupUnresolved), polled(20, GroupUnresolved)}, "unresolved@5"},
		"resolved":          {[]ErrorGroup{polled(10, GroupUnresolved), polled(20, GroupResolved)}, "unresolved@5, resolved@20"},
		"resolved by hook":  {[]ErrorGroup{polled(10, GroupUnresolved), hooked(18, GroupResolved), polled(20, GroupResolved)}, "unresolved@5, resolved@17"},
		"first seen so":     {[]ErrorGroup{polled(10, GroupResolved), polled(20, GroupResolved)}, "unresolved@5, resolved@10 before"},
		"came back":         {[]ErrorGroup{polled(10, GroupUnresolved), polled(20, GroupResolved), polled(30, GroupUnresolved, back), polled(40, GroupUnresolved)}, "unresolved@5, resolved@20, unresolved@30 back in pay@2"},
		"back unseen":       {[]ErrorGroup{polled(10, GroupUnresolved), polled(30, GroupUnresolved, back)}, "unresolved@5, unresolved@30 back in pay@2"},
		"first seen back":   {[]ErrorGroup{polled(10, GroupUnresolved, back)}, "unresolved@5, unresolved@10 back before in pay@2"},
		"ignored, opened":   {[]ErrorGroup{polled(10, GroupIgnored), polled(20, GroupUnresolved)}, "unresolved@5, ignored@10 before, unresolved@20 in pay@2"},
		"said when":         {[]ErrorGroup{polled(10, GroupResolved, func(g *ErrorGroup) { g.ChangedAt = 8 })}, "unresolved@5, resolved@8"},
		"a hook first":      {[]ErrorGroup{hooked(8, GroupResolved), polled(10, GroupResolved)}, "unresolved@5, resolved@7"},
		"a late telling":    {[]ErrorGroup{polled(10, GroupUnresolved), hooked(18, GroupResolved), polled(12, GroupUnresolved)}, "unresolved@5, resolved@17"},
		"a late contrary":   {[]ErrorGroup{polled(10, GroupUnresolved), polled(30, GroupUnresolved, func(g *ErrorGroup) { g.Users = 9 }), hooked(18, GroupResolved)}, "unresolved@5, resolved@17, unresolved@30"},
		"all of it at once": {[]ErrorGroup{{ID: "1", Status: GroupResolved, FirstSeen: 5, ToldAt: 9, States: []GroupState{{Status: GroupUnresolved, At: 5}, {Status: GroupResolved, At: 7}}}}, "unresolved@5, resolved@7"},
	} {
		t.Run(name, func(t *testing.T) {
			var g ErrorGroup
			for _, said := range c.told {
				g = MergeErrorGroup(g, said)
				same(t, "again", states2(MergeErrorGroup(g, said)), states(&g))
			}
			same(t, "states", states(&g), c.want)
			if last := g.States[len(g.States)-1]; last.Status != g.Status {
				t.Errorf("stands as %s, last %s", g.Status, last.Status)
			}
		})
	}
}

func states2(g ErrorGroup) string { return states(&g) }

func TestErrorGroupMerged(t *testing.T) {
	logger := "root"
	g := MergeErrorGroup(ErrorGroup{}, polled(10, GroupUnresolved, func(g *ErrorGroup) {
		g.Logger, g.FirstRelease, g.AllEnvironments = &logger, "pay@1", true
		g.Environments = []GroupEnvironment{{Name: "staging", Events: 2, ToldAt: 10}, {Name: "production", Events: 8, FirstSeen: 5, Release: "pay@1", ToldAt: 10}}
	}))
	if g.AllEnvironments || g.Environments[0].Name != "production" {
		t.Errorf("stored as %+v", g)
	}
	told := MergeErrorGroup(g, hooked(12, GroupIgnored))
	if told.Title != "boom" || told.Events != 10 || told.Users != 3 || *told.Logger != "root" || len(told.Environments) != 2 || told.FirstSeen != 5 {
		t.Errorf("a hook took away: %+v", told)
	}
	one := MergeErrorGroup(told, polled(20, GroupIgnored, func(g *ErrorGroup) {
		g.FirstRelease = "pay@2"
		g.Environments = []GroupEnvironment{{Name: "production", Events: 9, FirstSeen: 5, ToldAt: 20}}
	}))
	if one.FirstRelease != "pay@1" || len(one.Environments) != 2 || one.Environments[0].Events != 9 || one.Environments[0].Release != "pay@1" {
		t.Errorf("some environments: %+v", one)
	}
	all := MergeErrorGroup(one, polled(30, GroupIgnored, func(g *ErrorGroup) {
		g.AllEnvironments = true
		g.Environments = []GroupEnvironment{{Name: "production", Events: 9, FirstSeen: 5, ToldAt: 30}}
	}))
	if len(all.Environments) != 1 {
		t.Errorf("all environments: %+v", all.Environments)
	}
	// Told again, all the same: it is not written again.
	again := polled(40, GroupIgnored, func(g *ErrorGroup) {
		g.AllEnvironments, g.Events, g.LastSeen = true, 30, 29
		g.Environments = []GroupEnvironment{{Name: "production", Events: 9, FirstSeen: 5, ToldAt: 40}}
	})
	if same := MergeErrorGroup(all, again); !reflect.DeepEqual(same, all) {
		t.Errorf("told again\n %+v\nnot\n %+v", same, all)
	}
}

func TestDaysMerged(t *testing.T) {
	hours := func(told Instant, accepted ...int64) EventDay {
		d := EventDay{Connection: "sentry", Project: "pay", Day: 86_400_000, ToldAt: told}
		for hour, n := range accepted {
			if n >= 0 {
				d.Known.Add(hour)
				d.Accepted[hour] = n
			}
		}
		return d
	}
	d := mergedInAnyOrder(t, []EventDay{hours(10, 5, 6), hours(20, -1, 4, 9)}, MergeEventDay)
	if d.Accepted[0] != 5 || d.Accepted[1] != 4 || d.Accepted[2] != 9 || d.Known != 7 || d.ToldAt != 20 {
		t.Errorf("merged to %+v", d)
	}
	if again := MergeEventDay(d, hours(99, -1, 4)); again.ToldAt != 20 {
		t.Errorf("the same again was told at %d", again.ToldAt)
	}
	p := MergeErrorProject(ErrorProject{ID: "pay", Name: "Pay", Keys: []KeyLimit{{Count: 60, Window: 60}}, KeysAt: 10, Month: EventTotals{At: 10, Accepted: 4}, ToldAt: 10},
		ErrorProject{ID: "pay", Month: EventTotals{At: 20, Accepted: 5}, ToldAt: 20})
	if limit, limited := p.Limit(); !limited || limit != 1 || p.Name != "Pay" || p.Month.Accepted != 5 {
		t.Errorf("project %+v", p)
	}
	for name, c := range map[string]struct {
		keys  []KeyLimit
		limit float64
		is    bool
	}{
		"no keys":            {nil, 0, false},
		"without a limit":    {[]KeyLimit{{Count: 60, Window: 60}, {}}, 0, false},
		"an inactive one":    {[]KeyLimit{{Count: 60, Window: 60}, {Inactive: true}}, 1, true},
		"two of them":        {[]KeyLimit{{Count: 60, Window: 60}, {Count: 1, Window: 2}}, 1.5, true},
		"nothing let in":     {[]KeyLimit{{Count: 0, Window: 60}}, 0, true},
		"only inactive ones": {[]KeyLimit{{Inactive: true, Count: 1, Window: 1}}, 0, false},
	} {
		p := ErrorProject{Keys: c.keys}
		if limit, is := p.Limit(); limit != c.limit || is != c.is {
			t.Errorf("%s: %v, %v", name, limit, is)
		}
	}
}
