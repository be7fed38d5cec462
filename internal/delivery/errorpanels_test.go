package delivery

import (
	"fmt"
	"iter"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// errorsNow is a Wednesday at noon in UTC.
var errorsNow = InstantOf(time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC))

func errorHours(n float64) Instant { return errorsNow + Instant(n*float64(msPerHour)) }

// twoDaysOfErrors asks for 3 March and 4 March in Moscow, three hours ahead.
func twoDaysOfErrors(t *testing.T) ErrorsAsked {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Moscow")
	if err != nil {
		t.Fatal(err)
	}
	f := Filter{From: Date{2026, 3, 3}.In(zone), To: Date{2026, 3, 5}.In(zone), Unit: Day, Clock: Elapsed}
	return NewErrorsAsked(&f, zone, errorsNow)
}

func facts[T any](all ...T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, fact := range all {
			if !yield(fact, nil) {
				return
			}
		}
	}
}

func listed(groups ...ErrorGroup) iter.Seq2[ListedErrorGroup, error] {
	var all []ListedErrorGroup
	for _, g := range groups {
		all = append(all, ListedErrorGroup{ErrorGroup: g})
	}
	return facts(all...)
}

// aGroup was first seen so many hours ago, and came to these states.
func aGroup(id, project string, ago float64, states ...GroupState) ErrorGroup {
	first := errorHours(-ago)
	g := ErrorGroup{Connection: "sentry", ID: id, Project: project, Status: GroupUnresolved, FirstSeen: first, LastSeen: first, States: []GroupState{{Status: GroupUnresolved, At: first}}}
	for _, s := range states {
		g.States, g.Status = append(g.States, s), s.Status
	}
	return g
}

// shownValues are the values of a panel: name of the series, then a value a point.
func shownValues(p *PanelData) []string {
	var out []string
	for _, s := range p.Series {
		line := s.Name + ":"
		for _, point := range s.Points {
			line += " " + valueText(point.Value)
		}
		out = append(out, line)
	}
	return out
}

func valueText(v *float64) string {
	if v == nil {
		return "–"
	}
	return strconv.FormatFloat(*v, 'g', 6, 64)
}

func headlineOf(p *PanelData) string {
	var out []string
	for _, f := range p.Headline {
		out = append(out, f.Name+" "+valueText(f.Value))
	}
	return strings.Join(out, ", ")
}

// checkPanel compares what a panel shows.
func checkPanel(t *testing.T, p PanelData, err error, headline string, excluded map[string]int, values ...string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if got := headlineOf(&p); got != headline {
		t.Errorf("%s: the headline is %s, want %s", p.Slug, got, headline)
	}
	if diff := cmp.Diff(excluded, p.Excluded); diff != "" {
		t.Errorf("%s: excluded (-want +got)\n%s", p.Slug, diff)
	}
	if diff := cmp.Diff(values, shownValues(&p)); diff != "" {
		t.Errorf("%s: values (-want +got)\n%s", p.Slug, diff)
	}
}

func TestOpenErrors(t *testing.T) {
	resolved := func(hours float64) GroupState { return GroupState{Status: GroupResolved, At: errorHours(hours)} }
	groups := []ErrorGroup{
		aGroup("1", "pay", 1),               // an hour is not over an hour
		aGroup("2", "pay", 1.5),             //
		aGroup("3", "web", 24),              //
		aGroup("4", "web", 14*24),           //
		aGroup("5", "web", 14*24+1),         //
		aGroup("6", "pay", 5, resolved(-2)), // not open any more
		aGroup("7", "pay", 50, resolved(2)), // not resolved yet: the clock of its source is ahead
		aGroup("8", "pay", -3),              // not seen yet
		aGroup("9", "pay", 200, resolved(-30), GroupState{Status: GroupUnresolved, Regressed: true, At: errorHours(-20)}),
		aGroup("10", "pay", 90, GroupState{Status: GroupIgnored, At: errorHours(-80)}),
	}
	q := twoDaysOfErrors(t)
	p, err := OpenErrors(listed(groups...), q)
	checkPanel(t, p, err, "1h 1, 24h 2, 14d 3, older 1, new 4, count 7", map[string]int{},
		"1h: 1 0", "24h: 1 1", "14d: 2 1", "older: 0 1")
	if p.Series[0].Points[0].X != "pay" || *p.Series[0].Points[0].N != 4 || p.Shape != Bars || p.AsOf != errorsNow {
		t.Errorf("the first row is %+v", p.Series[0].Points[0])
	}

	// At the end of a period that is over things stood otherwise, and of what was resolved
	// before anybody looked nobody knows.
	groups = append(groups, aGroup("11", "web", 300, GroupState{Status: GroupResolved, Before: true, At: errorHours(-1)}))
	q.From, q.To = errorHours(-90), errorHours(-25)
	p, err = OpenErrors(listed(groups...), q)
	checkPanel(t, p, err, "1h 0, 24h 0, 14d 3, older 0, new 2, count 3", map[string]int{StatusUnknown: 1},
		"1h: 0 0", "24h: 0 0", "14d: 2 1", "older: 0 0")
}

func TestOpenErrorsOfAnEnvironment(t *testing.T) {
	g := aGroup("1", "pay", 400)
	g.Environments = []GroupEnvironment{{Name: "Production", FirstSeen: errorHours(-2)}, {Name: "staging", FirstSeen: errorHours(-400)}}
	none := aGroup("2", "pay", 2)
	none.Environments = []GroupEnvironment{{None: true, FirstSeen: errorHours(-2)}}
	q := twoDaysOfErrors(t)
	q.Environments = []string{"production"}
	resolved := func(id string, hours float64) ErrorGroup {
		return aGroup(id, "pay", hours, GroupState{Status: GroupResolved, At: errorHours(-1)})
	}
	// Of 3 to 6 nobody knows where they were seen: 3 is open, and counts as n does; 4
	// and 5 are resolved, and 6 is not seen yet.
	p, err := OpenErrors(listed(g, none, aGroup("3", "pay", 200), resolved("4", 2), resolved("5", 200), aGroup("6", "pay", -3)), q)
	checkPanel(t, p, err, "1h 0, 24h 1, 14d 0, older 0, new 1, count 1", map[string]int{EnvironmentUnknown: 1}, "1h: 0", "24h: 1", "14d: 0", "older: 0")
}

func TestOpenErrorsOfManyProjects(t *testing.T) {
	var groups []ErrorGroup
	for i := range 33 {
		for range 1 + i%2 {
			groups = append(groups, aGroup(fmt.Sprint(len(groups)), fmt.Sprintf("p%02d", i), 2))
		}
	}
	p, err := OpenErrors(listed(groups...), twoDaysOfErrors(t))
	if err != nil {
		t.Fatal(err)
	}
	points := p.Series[1].Points
	if last := points[len(points)-1]; len(points) != 31 || points[0].X != "p01" || last.X != OtherProjects || *last.Value != 3 || p.N != 49 {
		t.Errorf("%d rows from %s to %s of %v, of %d", len(points), points[0].X, last.X, *last.Value, p.N)
	}
}

// aDay knows these hours, each with its number of accepted events.
func aDay(project string, day Instant, accepted map[int]int64) EventDay {
	d := EventDay{Connection: "sentry", Project: project, Day: day}
	for hour, n := range accepted {
		d.Known.Add(hour)
		d.Accepted[hour] = n
	}
	return d
}

func TestEventCounts(t *testing.T) {
	q := twoDaysOfErrors(t)
	second, _ := HourOf(q.From) // 2 March in UTC; 3 March in Moscow begins at its hour 21
	late := aDay("pay", second, map[int]int64{20: 1000, 21: 1, 22: 2})
	whole := map[int]int64{}
	for hour := range HoursADay {
		whole[hour] = 10
	}
	third := aDay("pay", second+msPerDay, whole)
	third.Filtered[21], third.RateLimited[22] = 5, 7
	now := aDay("pay", second+2*msPerDay, map[int]int64{0: 1, 11: 1, 12: 1})
	projects := []ErrorProject{{Connection: "sentry", ID: "pay"}, {Connection: "sentry", ID: "old", Gone: true}}
	p, err := EventCounts(projects, facts(now, third, late), q)
	// Of 3 March 1 of 24 hours is not known; of 4 March those from 1 to 9 in UTC: hour 10
	// may still be told of, and what comes after it is known all the same.
	checkPanel(t, p, err, "accepted 246, filtered 5, rate_limited 7, invalid 0, count 258", map[string]int{HoursUnknown: 11},
		"accepted: 213 33", "filtered: 0 5", "rate_limited: 0 7", "count: 213 45")

	// Nothing known is no zero.
	p, err = EventCounts(projects, facts(now), q)
	checkPanel(t, p, err, "accepted 3, filtered 0, rate_limited 0, invalid 0, count 3", map[string]int{HoursUnknown: 37},
		"accepted: – 3", "filtered: – 0", "rate_limited: – 0", "count: – 3")

	now.Invalid[12] = 4
	q.Projects = []string{"other"}
	p, err = EventCounts(projects, facts(now), q)
	checkPanel(t, p, err, "accepted 3, filtered 0, rate_limited 0, invalid 4, count 7", map[string]int{},
		"accepted: – 3", "filtered: – 0", "rate_limited: – 0", "invalid: – 4", "count: – 7")
}

func TestResolveTimes(t *testing.T) {
	state := func(status GroupStatus, hours float64) GroupState {
		return GroupState{Status: status, At: errorHours(hours)}
	}
	back := func(hours float64) GroupState {
		return GroupState{Status: GroupUnresolved, Regressed: true, At: errorHours(hours)}
	}
	before := func(s GroupState) GroupState { s.Before = true; return s }
	groups := []ErrorGroup{
		aGroup("1", "pay", 40, state(GroupResolved, -30)),                                                      // 10 h, on 3 March
		aGroup("2", "pay", 30, state(GroupResolved, -10.0001)),                                                 // 20 h less 0.36 s, floored
		aGroup("3", "pay", 90, state(GroupResolved, -80), back(-8), state(GroupResolved, -5)),                  // 3 h; the first time is before the range
		aGroup("4", "pay", 90, state(GroupIgnored, -80), state(GroupUnresolved, -6), state(GroupResolved, -2)), // 4 h since it was reopened
		aGroup("5", "pay", 50, before(state(GroupResolved, -3))),
		aGroup("6", "pay", 50, before(back(-4)), state(GroupResolved, -1)),
		aGroup("7", "pay", 50), // open
		aGroup("8", "pay", 2, state(GroupResolved, -3)),
	}
	p, err := ResolveTimes(listed(groups...), twoDaysOfErrors(t))
	checkPanel(t, p, err, "p50 25200, p80 50399.6, p95 66599.1, count 4", map[string]int{ResolvedBefore: 2, ChangeSkew: 1},
		"p50: 36000 14400", "p80: 36000 48959.4", "p95: 36000 66239.1", "count: 1 3")
	if p.Series[0].Points[0].LowN != true || p.Shape != Trend || p.Quantity != Durations {
		t.Errorf("it is %+v", p.Series[0].Points[0].Slot)
	}

	// Each time that one was resolved counts by where the group was seen: of most nobody
	// knows, and of one it was elsewhere.
	groups[0].Environments = []GroupEnvironment{{Name: "Production", FirstSeen: errorHours(-35)}}
	groups[1].Environments = []GroupEnvironment{{Name: "staging", FirstSeen: errorHours(-30)}}
	q := twoDaysOfErrors(t)
	q.Environments = []string{"production"}
	p, err = ResolveTimes(listed(groups...), q)
	checkPanel(t, p, err, "p50 18000, p80 18000, p95 18000, count 1", map[string]int{EnvironmentUnknown: 5},
		"p50: 18000 –", "p80: 18000 –", "p95: 18000 –", "count: 1 0")
}

func TestErrorsByRelease(t *testing.T) {
	var releases []Release
	for i := range 27 {
		releases = append(releases, Release{Connection: "sentry", Project: "pay", Version: fmt.Sprintf("pay@1.%d", i), Short: fmt.Sprintf("1.%d", i), CreatedAt: errorHours(-float64(30 - i))})
	}
	releases[26].Short = ""
	first := aGroup("1", "pay", 50)
	first.FirstRelease = "pay@1.26"
	back := aGroup("2", "pay", 90, GroupState{Status: GroupResolved, At: errorHours(-40)}, GroupState{Status: GroupUnresolved, Regressed: true, At: errorHours(-3), Release: "pay@1.26"})
	back.FirstRelease = "pay@1.25"
	elsewhere := aGroup("3", "web", 50)
	elsewhere.FirstRelease = "pay@1.26"
	dropped := aGroup("4", "pay", 50)
	dropped.FirstRelease = "pay@1.1"
	p, err := ErrorsByRelease(facts(releases...), listed(first, back, elsewhere, dropped), twoDaysOfErrors(t))
	zeros := strings.Repeat(" 0", 23)
	checkPanel(t, p, err, "new 2, regressed 1, count 25", map[string]int{OlderReleases: 2}, "new: 1 1"+zeros, "regressed: 1 0"+zeros)
	if a, b := p.Series[0].Points[0], p.Series[0].Points[1]; a.X != "pay pay@1.26" || a.Name != "pay@1.26 pay" || b.Name != "1.25 pay" || *a.N != 2 || *b.N != 1 {
		t.Errorf("the newest are %+v %+v", a, b)
	}
	first.Environments = []GroupEnvironment{{Name: "production", FirstSeen: errorHours(-50)}}
	q := twoDaysOfErrors(t)
	q.Environments = []string{"production"}
	p, err = ErrorsByRelease(facts(releases...), listed(first, back, elsewhere, dropped), q)
	checkPanel(t, p, err, "new 1, regressed 0, count 25", map[string]int{OlderReleases: 2, EnvironmentUnknown: 1}, "new: 1 0"+zeros, "regressed: 0 0"+zeros)
	if project, version := SplitReleaseX("pay my release"); project != "pay" || version != "my release" {
		t.Error(project, version)
	}
}

func TestCrashFree(t *testing.T) {
	day := func(environment string, day Instant, sessions int64, crashed float64) SessionDay {
		d := SessionDay{Project: "pay", Environment: environment, Day: day}
		d.Known.Add(21)
		d.Sessions[21], d.Crashed[21] = sessions, crashed
		d.Sessions[20], d.Crashed[20] = 1_000_000, 1_000_000 // not known
		return d
	}
	q := twoDaysOfErrors(t)
	first, _ := HourOf(q.From)
	days := []SessionDay{day("production", first, 900, 9), day("staging", first, 100, 11), day("production", first+msPerDay, 20, 0.5)}
	p, err := CrashFree(facts(days...), q)
	checkPanel(t, p, err, "rate 0.979902, crashed 20.5, count 1020", map[string]int{}, "rate: 0.98 0.975", "count: 1000 20")
	if !p.Series[0].Points[1].LowN || p.Series[0].Points[0].LowN {
		t.Error("20 sessions are enough, or 1000 are not")
	}
	q.Environments = []string{"PRODUCTION"}
	p, err = CrashFree(facts(days[:2]...), q)
	checkPanel(t, p, err, "rate 0.99, crashed 9, count 900", map[string]int{}, "rate: 0.99 –", "count: 900 0")
}

func TestRateLimits(t *testing.T) {
	q := twoDaysOfErrors(t)
	day, _ := HourOf(q.From)
	pay := aDay("pay", day+msPerDay, map[int]int64{3: 3600, 4: 1800})
	pay.RateLimited[3] = 3600
	key := func(count, window int64) KeyLimit { return KeyLimit{Count: count, Window: window} }
	projects := []ErrorProject{
		{Connection: "sentry", ID: "pay", Keys: []KeyLimit{key(60, 60), key(3, 1), {Inactive: true}}}, // 4 a second
		{Connection: "sentry", ID: "web", Keys: []KeyLimit{key(60, 60), {}}},
		{Connection: "sentry", ID: "api"},
		{Connection: "sentry", ID: "dumb", Keys: []KeyLimit{key(1, 60)}},
		{Connection: "sentry", ID: "gone", Keys: []KeyLimit{key(1, 60)}, Gone: true},
	}
	web := aDay("web", day+msPerDay, map[int]int64{3: 3600})
	p, err := RateLimits(projects, facts(pay, web), q)
	// The busiest hour is 7200 events, 2 a second of 4; the mean of two hours is 1.25.
	checkPanel(t, p, err, "max 0.5, count 1", map[string]int{NoLimit: 2, LoadUnknown: 1},
		"mean: 0.3125", "peak: 0.5", "limit: 4", "accepted_rate: 0.75")
}

func TestDeploymentMarkers(t *testing.T) {
	q := twoDaysOfErrors(t)
	group := func(id string, hours float64) Group {
		return Group{ID: id, Service: "pay", Version: "v" + id, SHA: "0123456789abc", FinishedAt: errorHours(hours), Succeeded: true, Kind: KindNormal}
	}
	failed, again, unnamed := group("3", -3), group("4", -4), group("5", -5)
	failed.Succeeded, again.Kind, unnamed.Version = false, KindRedeploy, ""
	want := []Marker{{errorHours(-5), DeploymentMarker, "pay 012345678"}, {errorHours(-1), DeploymentMarker, "pay v1"}}
	if diff := cmp.Diff(want, q.Deployments([]Group{group("1", -1), group("2", -400), failed, again, unnamed})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	var many []Group
	for i := range 61 {
		many = append(many, group(fmt.Sprint(i), -0.1*float64(i)))
	}
	many = append(many, group("far", -30))
	want = []Marker{{q.From, DeploymentsMarker, "1"}, {q.From + msPerDay, DeploymentsMarker, "61"}}
	if diff := cmp.Diff(want, q.Deployments(many)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
