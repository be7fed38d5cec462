package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/control"
	"throughline/internal/delivery"
)

// errorsAt is so many hours from testNow.
func errorsAt(hours float64) delivery.Instant {
	return delivery.InstantOf(testNow.Add(time.Duration(hours * float64(time.Hour))))
}

// withErrors is a site with a service that maps a project, which was deployed twice, and
// what Sentry tells of two projects.
func withErrors(t *testing.T) *site {
	t.Helper()
	s := withDeployments(t)
	if _, err := s.db.SaveService(t.Context(), control.Service{Service: delivery.Service{Name: "payments", Repository: "acme/pay", SentryProjects: delivery.Patterns{"pay"}}}); err != nil {
		t.Fatal(err)
	}
	b := knownErrors()
	b.Connection = "sentry"
	if _, err := s.store.Write(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	d := delivery.Batch{Connection: "gh"}
	for i, hours := range []float64{-30, -3} {
		end := errorsAt(hours)
		d.Deployments = append(d.Deployments, delivery.Deployment{
			ID: []string{"71", "72"}[i], Repository: "acme/pay", Environment: "production", SHA: []string{"ffff1", "ffff2"}[i], Version: []string{"1.8", "1.9"}[i],
			CreatedAt: end, StartedAt: end, FinishedAt: end, UpdatedAt: end, Status: delivery.DeploySuccess, ToldAt: 1,
			States: []delivery.DeploymentState{{Status: delivery.DeploySuccess, At: end}},
		})
	}
	if _, err := s.store.Write(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	deriver := delivery.Deriver{Store: s.store, Setup: s.db.DoraSetup}
	if _, err := deriver.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// knownErrors are few enough to compute their figures by hand.
func knownErrors() delivery.Batch {
	yes := true
	group := func(id, project, title string, ago float64, more ...delivery.GroupState) delivery.ErrorGroup {
		g := delivery.ErrorGroup{
			ID: id, Project: project, Title: title, ShortID: strings.ToUpper(project) + "-" + id, Level: "error", Status: delivery.GroupUnresolved,
			FirstSeen: errorsAt(-ago), LastSeen: errorsAt(-1), Events: 100, Users: 10, ToldAt: errorsAt(0), URL: "https://sentry.example.com/issues/" + id + "/",
			States: append([]delivery.GroupState{{Status: delivery.GroupUnresolved, At: errorsAt(-ago)}}, more...),
		}
		g.Status = g.States[len(g.States)-1].Status
		return g
	}
	b := delivery.Batch{ErrorGroups: []delivery.ErrorGroup{
		group("1", "pay", "=KeyError: 'currency'", 0.5),
		group("2", "pay", "TimeoutError", 20*24),
		group("3", "web", "TypeError", 30),
		group("4", "web", "Gone again", 50, delivery.GroupState{Status: delivery.GroupResolved, At: errorsAt(-40)}),
		group("5", "pay", "Back", 60, delivery.GroupState{Status: delivery.GroupResolved, At: errorsAt(-50)},
			delivery.GroupState{Status: delivery.GroupUnresolved, Regressed: true, At: errorsAt(-2), Release: "pay@1.9"}),
	}}
	first, back := &b.ErrorGroups[0], &b.ErrorGroups[4]
	first.Culprit, first.Level, first.FirstRelease, first.LastRelease, first.Unhandled, first.Events = "charge in pay.py", "fatal", "pay@1.9", "pay@1.9", &yes, 1234567
	first.Environments = []delivery.GroupEnvironment{{Name: "production", Events: 7, Users: 3, FirstSeen: errorsAt(-0.4), LastSeen: errorsAt(-0.1), Release: "pay@1.9", ToldAt: 1}}
	back.Substatus = delivery.Regressed
	b.ErrorProjects = []delivery.ErrorProject{
		{ID: "pay", Keys: []delivery.KeyLimit{{Name: "Default", Count: 60, Window: 60}}, KeysAt: 1, ToldAt: 1, Environments: []string{"production"}},
		{ID: "web", Keys: []delivery.KeyLimit{{Name: "Default"}}, KeysAt: 1, ToldAt: 1},
	}
	b.Releases = []delivery.Release{
		{Project: "pay", Version: "pay@1.9", Short: "1.9", CreatedAt: errorsAt(-3), ToldAt: 1},
		{Project: "pay", Version: "pay@1.8", Short: "1.8", CreatedAt: errorsAt(-30), ToldAt: 1},
	}
	day, _ := delivery.HourOf(errorsAt(0))
	events := delivery.EventDay{Project: "pay", Day: day, ToldAt: 1}
	sessions := delivery.SessionDay{Project: "pay", Environment: "production", Day: day, ToldAt: 1}
	for hour := range 12 {
		events.Known.Add(hour)
		events.Accepted[hour], events.Filtered[hour] = 100, 10
		sessions.Known.Add(hour)
		sessions.Sessions[hour], sessions.Crashed[hour] = 100, 0.5
	}
	events.RateLimited[5] = 1700
	b.EventDays, b.SessionDays = []delivery.EventDay{events}, []delivery.SessionDay{sessions}
	return b
}

func TestErrorsPages(t *testing.T) {
	s := withErrors(t)
	number := read[apiList[delivery.ErrorGroupReport]](s, "/api/v1/error-groups?range=2d").Items[0].Number
	paths := []string{
		"/errors", "/errors?range=30d&project=pay&environment=production&service=payments", "/panels/errors-headline?range=7d", "/panels/errors-newest",
		"/errors/groups", "/errors/groups?state=open&sort=events&level=error&level=fatal&status=unresolved", "/errors/groups?state=all&release=pay%401.9",
		"/errors/groups/" + number,
	}
	for _, p := range panels() {
		if p.page == "/errors" {
			paths = append(paths, "/panels/"+p.slug+"?range=7d&bucket=day")
		}
	}
	for _, path := range paths {
		for _, lang := range []string{"en", "ru"} {
			own := path + map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")] + "lang=" + lang
			if res := s.get(own); res.status != http.StatusOK || strings.Contains(res.body, "error_group.") || strings.Contains(res.body, "error_groups.") || strings.Contains(res.body, "errors.part.") {
				t.Errorf("%s answers %d, or names a message", own, res.status)
			}
		}
	}
	for path, param := range map[string]string{
		"/errors?queue=DEV":              "queue",
		"/errors?clock=business":         "clock",
		"/errors?team=nobody":            "team",
		"/errors/groups?state=odd":       "state",
		"/errors/groups?sort=beauty":     "sort",
		"/errors/groups?level=bad":       "level",
		"/errors/groups?status=new":      "status",
		"/errors/groups?cursor=x":        "cursor",
		"/errors/groups?range=tomorrow":  "range",
		"/errors/groups?state=all&q=odd": "q",
	} {
		res := s.get(path)
		if res.status != http.StatusBadRequest || !strings.Contains(textOf(res.doc, ".banner.bad"), param+":") {
			t.Errorf("%s answers %d: %s", path, res.status, textOf(res.doc, ".banner.bad"))
		}
	}
	for _, path := range []string{"/errors/groups/12", "/errors/groups/x", "/errors/groups/0" + number} {
		if res := s.get(path); res.status != http.StatusNotFound {
			t.Errorf("%s answers %d", path, res.status)
		}
	}
	for path, param := range map[string]string{
		"/api/v1/error-groups?limit=0": "limit", "/api/v1/error-groups?cursor=zz": "cursor", "/api/v1/error-groups?state=x": "state",
		"/api/v1/error-groups.csv?limit=5": "limit", "/api/v1/panels/errors-open?branch=main": "branch", "/api/v1/error-groups?sort=users&cursor=1:2": "cursor",
	} {
		if res := s.api(http.MethodGet, path, readToken); res.status != http.StatusBadRequest || !strings.Contains(res.body, `"path":"`+param+`"`) {
			t.Errorf("%s answers %d: %s", path, res.status, res.body)
		}
	}
	if res := s.api(http.MethodGet, "/api/v1/error-groups/12", readToken); res.status != http.StatusNotFound {
		t.Errorf("a group that there is not: %d", res.status)
	}
}

// The range is 3 and 4 March in UTC; now is noon of the second.
func TestErrorPanelsByHand(t *testing.T) {
	s := withErrors(t)
	tests := []struct {
		slug, query string
		n           int
		headline    map[string]string
		csv         string
	}{
		{
			"errors-open", "", 4,
			map[string]string{"count": "4", "1h": "1", "24h": "0", "14d": "2", "older": "1", "new": "2"},
			"project,1h,24h,14d,older,n\npay,1,0,1,1,3\nweb,0,0,1,0,1\n",
		},
		{"errors-open", "&environment=production", 1, map[string]string{"count": "1", "1h": "1"}, "project,1h,24h,14d,older,n\npay,1,0,0,0,1\n"},
		{"errors-open", "&service=payments", 3, map[string]string{"count": "3"}, "project,1h,24h,14d,older,n\npay,1,0,1,1,3\n"},
		{
			"errors-events", "", 3020,
			map[string]string{"accepted": "1200", "filtered": "120", "rate_limited": "1700", "count": "3020"},
			"bucket,accepted,filtered,rate_limited,count,partial\n2026-03-03,,,,0,false\n2026-03-04,1200,120,1700,3020,true\n",
		},
		{
			"errors-resolve-time", "&range=4d", 2,
			map[string]string{"p50": "36000", "count": "2"},
			"bucket,p50,p80,p95,count,partial\n2026-03-01,,,,0,false\n2026-03-02,36000,36000,36000,2,false\n2026-03-03,,,,0,false\n2026-03-04,,,,0,true\n",
		},
		{"errors-by-release", "", 2, map[string]string{"new": "1", "regressed": "1", "count": "2"}, "release,new,regressed,n\n1.9 pay,1,1,2\n1.8 pay,0,0,0\n"},
		{
			"crash-free", "", 1200,
			map[string]string{"rate": "0.995", "crashed": "6", "count": "1200"},
			"bucket,rate,count,partial\n2026-03-03,,0,false\n2026-03-04,0.995,1200,true\n",
		},
		{"rate-limits", "", 1, map[string]string{"max": "0.5", "count": "1"}, "project,mean,peak,limit,accepted_rate,n\npay,0.06712962962962962,0.5,1,0.027777777777777776,12\n"},
	}
	for _, tt := range tests {
		t.Run(tt.slug+tt.query, func(t *testing.T) {
			query := "?bucket=day" + tt.query
			if !strings.Contains(query, "range") {
				query += "&range=2d"
			}
			p := read[panelAnswer](s, "/api/v1/panels/"+tt.slug+query)
			if p.N != tt.n {
				t.Errorf("n is %d, want %d", p.N, tt.n)
			}
			for name, want := range tt.headline {
				if got := number(p.Headline[name]); got != want {
					t.Errorf("%s is %s, want %s", name, got, want)
				}
			}
			res := s.api(http.MethodGet, "/api/v1/panels/"+tt.slug+".csv"+query, readToken)
			if diff := cmp.Diff(tt.csv, res.body); diff != "" {
				t.Errorf("CSV (-want +got)\n%s", diff)
			}
		})
	}
}

// Deployments of the services that map the projects asked for stand on the chart of
// events, and in its table.
func TestDeploymentsAmongEvents(t *testing.T) {
	s := withErrors(t)
	type markers struct {
		Markers []delivery.Marker `json:"markers"`
	}
	names := func(query string) (out []string) {
		for _, m := range read[markers](s, "/api/v1/panels/errors-events?range=2d"+query).Markers {
			out = append(out, m.Kind+" "+m.Name)
		}
		return out
	}
	for query, want := range map[string][]string{"": {"deployment payments 1.8", "deployment payments 1.9"}, "&project=web": nil, "&service=payments&project=pay": {"deployment payments 1.8", "deployment payments 1.9"}} {
		if diff := cmp.Diff(want, names(query)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", query, diff)
		}
	}
	d := s.page("/panels/errors-events?range=2d&bucket=day")
	want(t, d, ".definitions", "Dotted lines are 2 deployments to production")
	want(t, d, ".table-view tr:nth-child(2)", "Deployment of payments 1.9, 4 Mar 2026")
	want(t, d, ".left-out", "no count is known")
	want(t, s.page("/panels/errors-events?range=2d&environment=production"), ".definitions", "Of all environments")
	want(t, s.page("/panels/errors-events?range=2d&bucket=day&lang=ru"), ".definitions", "Пунктиром показаны 2 деплоя")
}

func TestErrorFigures(t *testing.T) {
	s := withErrors(t)
	d := s.page("/panels/errors-headline?range=2d")
	for i, text := range []string{"Open error groups4", "New error groups2", "Events accepted1,200", "Median time to resolve", "Sessions without a crash99.5 %"} {
		if got := textOf(d, ".figure:nth-child("+string(rune('1'+i))+")"); !strings.Contains(got, text) {
			t.Errorf("figure %d is %q, want %q", i+1, got, text)
		}
	}
	want(t, d, ".figure:nth-child(1)", "300 %, worse than the period before")
	// Of the first quarter of the 60 days before nothing is known: they are no measure.
	long := s.page("/panels/errors-headline?range=60d")
	want(t, s.page("/panels/errors-headline?range=2d&environment=production"), ".figure:nth-child(3)", "Of all environments")
	want(t, long, ".figure:nth-child(1)", "too little data to compare")
	want(t, long, ".figure:nth-child(2)", "New error groups5too little data to compare")
	want(t, d, ".figure:nth-child(4)", "Nobody saw a group resolved in this period")
	want(t, s.page("/panels/errors-headline?range=4d&lang=ru"), ".figure:nth-child(1)", "Открытые группы ошибок4")
}
