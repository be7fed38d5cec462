package simulator_test

import (
	"math"
	"net/url"
	"slices"
	"strconv"
	"testing"
	"time"

	"throughline/internal/simulator"
)

type errSeries struct {
	Start, End time.Time
	Intervals  []time.Time
	Groups     []struct {
		By struct {
			Project                       int
			Outcome, Release, Environment string
		}
		Totals map[string]float64
		Series map[string][]float64
	}
}

const webShop = "4500000001"

// Totals by project, series of one and the older endpoint tell of the same events.
func TestSentryStats(t *testing.T) {
	_, s := sentryAt(simulator.Options{}, simulator.SentryOptions{})
	totals, _ := askInto[errSeries](t, s, org+"stats_v2/?field=sum(quantity)&groupBy=project&groupBy=outcome&category=error&start=2026-11-01T00:00:00Z&end=2026-11-20T15:04:05Z&interval=1d")
	want := map[string]float64{}
	projects := map[int]bool{}
	for _, g := range totals.Groups {
		projects[g.By.Project] = true
		if g.By.Project == 4500000001 {
			want[g.By.Outcome] = g.Totals["sum(quantity)"]
		}
		if g.Series != nil {
			t.Error("grouped by project there are no series")
		}
	}
	if totals.Intervals != nil || len(projects) != 5 || want["accepted"] < 10_000 {
		t.Errorf("%d projects, %v, %v", len(projects), want, totals.Intervals)
	}
	if f, l := want["filtered"]/want["accepted"], want["rate_limited"]/want["accepted"]; f < .02 || f > .1 || l < .002 || l > .1 {
		t.Errorf("%.4f filtered, %.4f limited", f, l)
	}
	days, _ := askInto[errSeries](t, s, org+"stats_v2/?field=sum(quantity)&groupBy=outcome&category=error&start=2026-11-01T00:00:00Z&end=2026-11-20T15:04:05Z&interval=1d&project="+webShop)
	for _, g := range days.Groups {
		sum := 0.
		for _, v := range g.Series["sum(quantity)"] {
			sum += v
		}
		if len(days.Intervals) != 20 || sum != g.Totals["sum(quantity)"] || sum != want[g.By.Outcome] {
			t.Errorf("%s: %v in %d days, %v, want %v", g.By.Outcome, sum, len(days.Intervals), g.Totals, want[g.By.Outcome])
		}
	}
	for stat, sum := range map[string]float64{
		"received": want["accepted"] + want["filtered"] + want["rate_limited"], "rejected": want["rate_limited"], "blacklisted": want["filtered"],
	} {
		points, _ := askInto[[][2]float64](t, s, "/api/0/projects/example-org/web-shop/stats/?stat="+stat+"&since=1793491200.0&until="+strconv.FormatInt(now.Unix(), 10))
		got := 0.
		for _, p := range points {
			got += p[1]
		}
		if len(points) != 20 || points[0][0] != 1793491200 || got != sum {
			t.Errorf("%s: %v at %d points, want %v", stat, got, len(points), sum)
		}
	}
	for age, n := range map[time.Duration]int{30 * time.Minute: 181, 24 * time.Hour: 25, 8 * 24 * time.Hour: 9} {
		points, _ := askInto[[][2]float64](t, s, "/api/0/projects/example-org/web-shop/stats/?stat=received&since="+strconv.FormatInt(now.Add(-age).Unix(), 10))
		if len(points) != n {
			t.Errorf("of %s there are %d points, want %d", age, len(points), n)
		}
	}
	hours, _ := askInto[errSeries](t, s, org+"stats_v2/?field=sum(quantity)&category=error&statsPeriod=14d&interval=1h&outcome=accepted&project="+webShop)
	var night, noon float64
	for i, v := range hours.Groups[0].Series["sum(quantity)"] {
		switch hours.Intervals[i].Hour() {
		case 0:
			night += v
		case 12:
			noon += v
		}
	}
	if noon < 2*night || night == 0 {
		t.Errorf("%v events at noon, %v at night", noon, night)
	}
	for _, wrong := range []string{"stats_v2/?statsPeriod=1d", "stats_v2/?field=sum(quantity)&statsPeriod=365d&interval=1h", "stats_v2/?field=sum(quantity)&interval=7h", "stats_v2/?field=sum(quantity)&start=2026-11-01T00:00:00"} {
		if a := sentryGet(t, s, org+wrong); a.status != 400 {
			t.Errorf("%s: %d", wrong, a.status)
		}
	}
	if a := sentryGet(t, s, org+"stats_v2/?field=sum(quantity)&project=17"); a.status != 403 {
		t.Errorf("another's project: %d", a.status)
	}
}

// Sessions are of the releases in use; those of a bad deployment crash more.
func TestSentrySessions(t *testing.T) {
	_, s := sentryAt(simulator.Options{}, simulator.SentryOptions{})
	bad := map[string]bool{}
	for _, b := range s.Breakages() {
		bad[b.Release] = true
	}
	var good, worse, n, m float64
	for at := now.AddDate(0, 0, -60); at.Before(now); at = at.AddDate(0, 0, 1) {
		q := url.Values{
			"field": {"sum(session)", "crash_free_rate(session)", "crash_free_rate(user)", "count_unique(user)"}, "groupBy": {"project", "release", "environment"},
			"start": {at.Format(time.RFC3339)}, "end": {at.AddDate(0, 0, 1).Format(time.RFC3339)}, "interval": {"1h"}, "environment": {"production"},
		}
		day, _ := askInto[errSeries](t, s, org+"sessions/?"+q.Encode())
		for _, g := range day.Groups {
			sum := 0.
			for _, v := range g.Series["sum(session)"] {
				sum += v
			}
			rate := g.Totals["crash_free_rate(session)"]
			if sum != g.Totals["sum(session)"] || g.By.Environment != "production" || sum > 5000 && (rate < .97 || rate > .9995) || g.Totals["count_unique(user)"] > sum {
				t.Errorf("%+v: %v sessions, totals %v", g.By, sum, g.Totals)
			}
			if bad[g.By.Release] {
				worse, m = worse+rate*sum, m+sum
			} else {
				good, n = good+rate*sum, n+sum
			}
		}
		if len(day.Intervals) != 25 || len(day.Groups) < 3 {
			t.Errorf("%s: %d hours, %d groups", at, len(day.Intervals), len(day.Groups))
		}
	}
	if good/n < .99 || worse/m > good/n-.005 || math.IsNaN(worse/m) {
		t.Errorf("crash free: %.4f of good releases, %.4f of bad ones", good/n, worse/m)
	}
	if a := sentryGet(t, s, org+"sessions/?field=sum(session)&groupBy=release&statsPeriod=90d&interval=1h"); a.status != 400 {
		t.Errorf("too many points: %d", a.status)
	}
	short, _ := askInto[errSeries](t, s, org+"sessions/?field=sum(session)&groupBy=project&statsPeriod=90d&interval=1d&includeSeries=0")
	if len(short.Groups) != 3 || short.Groups[0].Series != nil {
		t.Errorf("%+v", short.Groups)
	}
}

// Events of an hour are those that groups have had in it, by release.
func TestSentryEvents(t *testing.T) {
	_, s := sentryAt(simulator.Options{}, simulator.SentryOptions{})
	type row struct {
		ID                   int64 `json:"issue.id"`
		Environment, Release *string
		Count                int `json:"count()"`
	}
	page, _ := askInto[struct {
		Data []row
		Meta struct{ Fields map[string]string }
	}](t, s, org+"events/?dataset=errors&field=issue.id&field=environment&field=release&field=count()&statsPeriod=1h&project=-1&per_page=100")
	got, some := map[string]int{}, 0
	for i, r := range page.Data {
		got[strconv.FormatInt(r.ID, 10)] += r.Count
		if r.Release != nil {
			some++
		}
		if i > 0 && r.Count > page.Data[i-1].Count {
			t.Error("the most come first")
		}
	}
	if page.Meta.Fields["issue.id"] != "integer" || page.Meta.Fields["release"] != "string" || some == 0 || len(page.Data) >= 100 {
		t.Errorf("%d of %d have a release; %v", some, len(page.Data), page.Meta)
	}
	for _, g := range askAll[errIssue](t, s, org+"issues/?query=&statsPeriod=1h") {
		if n, _ := strconv.Atoi(g.Count); n != got[g.ID] {
			t.Errorf("%s: %d events, %d in its hour", g.ID, got[g.ID], n)
		}
		current, _ := askInto[struct {
			CurrentRelease *struct {
				Release errRelease
			}
		}](t, s, "/api/0/issues/"+g.ID+"/current-release/?environment=production")
		known := slices.ContainsFunc(page.Data, func(r row) bool {
			return strconv.FormatInt(r.ID, 10) == g.ID && r.Release != nil && r.Environment != nil && *r.Environment == "production" &&
				current.CurrentRelease != nil && *r.Release == current.CurrentRelease.Release.Version
		})
		inProduction := slices.ContainsFunc(page.Data, func(r row) bool {
			return strconv.FormatInt(r.ID, 10) == g.ID && r.Release != nil && r.Environment != nil && *r.Environment == "production"
		})
		if inProduction && !known {
			t.Errorf("%s: the current release is %+v", g.ID, current)
		}
		delete(got, g.ID)
	}
	if len(got) > 0 {
		t.Errorf("events of other groups: %v", got)
	}
	for _, wrong := range []string{"events/?dataset=errors", "events/?field=moon", "events/?dataset=moon&field=count()"} {
		if a := sentryGet(t, s, org+wrong); a.status != 400 {
			t.Errorf("%s: %d", wrong, a.status)
		}
	}
}
