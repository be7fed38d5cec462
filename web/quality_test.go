package web

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/inbox"
	"throughline/internal/source"
)

// ended stores a connection whose last sync ended so, at some time before now.
func (s *site) ended(name string, state control.SyncState, ago time.Duration, problems int, fault source.Message) control.Connection {
	s.t.Helper()
	ctx, at := s.t.Context(), testNow.Add(-ago)
	c, err := s.db.SaveConnection(ctx, control.Connection{Name: name, Kind: "tracker", Every: 30 * time.Minute}, map[string]string{"token": "good"})
	if err != nil {
		s.t.Fatal(err)
	}
	sync, err := s.db.StartSync(ctx, c.ID, at.Add(-time.Minute))
	if err != nil {
		s.t.Fatal(err)
	}
	found := make([]source.Problem, problems)
	if err := s.db.SaveProgress(ctx, sync.ID, nil, source.Progress{}, delivery.Written{}, found, at); err != nil {
		s.t.Fatal(err)
	}
	if err := s.db.FinishSync(ctx, sync.ID, state, fault, testNow.Add(time.Minute), 0, at); err != nil {
		s.t.Fatal(err)
	}
	return c
}

// daysAgo is an instant before now.
func daysAgo(days float64) delivery.Instant {
	return delivery.InstantOf(testNow.Add(-time.Duration(days * 24 * float64(time.Hour))))
}

// troubled is a site with something of each kind.
func troubled(t *testing.T) *site {
	t.Helper()
	s := withDeployments(t)
	s.addUser("viewer@example.com", control.Viewer)
	s.addUser("lead@example.com", control.Lead)
	for name, c := range map[string]struct {
		state    control.SyncState
		ago      time.Duration
		problems int
		fault    source.Message
	}{
		"good":    {control.Done, time.Minute, 0, source.Message{}},
		"late":    {control.Done, 2 * time.Hour, 0, source.Message{}},
		"failing": {control.Failed, time.Minute, 0, source.Message{Text: "the source <broke>"}},
		"limited": {control.Failed, time.Minute, 0, source.MessageOf(&source.RateLimitError{}, "too many")},
		"partial": {control.Problems, time.Minute, 3, source.Message{}},
	} {
		s.ended(name, c.state, c.ago, c.problems, c.fault)
	}
	c := s.ended("paused", control.Done, time.Minute, 0, source.Message{})
	if err := s.db.Pause(t.Context(), c.ID, "expired", "401", testNow); err != nil {
		t.Fatal(err)
	}
	if _, err := s.db.SaveTeam(t.Context(), control.Team{Team: delivery.Team{Name: "core", Queues: delivery.Patterns{"DEV"}, Services: delivery.Patterns{"shop"}}}); err != nil {
		t.Fatal(err)
	}
	s.addIssues()
	s.addOddIssues()
	s.addOddFacts()
	s.addHooks()
	return s
}

func (s *site) addOddIssues() {
	s.t.Helper()
	ref := func(key string) delivery.Ref { return delivery.Ref{ID: key, Key: key, Name: key} }
	issue := func(id string, created float64, first string, moves ...func(*delivery.IssueRecord)) delivery.IssueRecord {
		queue, _, _ := strings.Cut(id, "-")
		rec := delivery.IssueRecord{Replace: true, Issue: delivery.Issue{
			ID: id, Key: id, Queue: queue, Title: "<b>" + id + "</b>", Type: ref("task"), Status: ref(first), CreatedAt: daysAgo(created), UpdatedAt: daysAgo(created),
			URL: "https://tracker.example/" + id,
		}}
		for _, move := range moves {
			move(&rec)
		}
		return rec
	}
	move := func(days float64, to string) func(*delivery.IssueRecord) {
		return func(r *delivery.IssueRecord) {
			n := len(r.Events)
			r.Events = append(r.Events, delivery.Event{
				ID: r.ID + strconv.Itoa(n), Ordinal: n, At: daysAgo(days), Transition: &delivery.Transition{From: r.Status, To: ref(to), ToStartedAt: daysAgo(days)},
			})
			r.Status, r.StatusStartedAt, r.UpdatedAt = ref(to), daysAgo(days), daysAgo(days)
		}
	}
	change := func(f func(*delivery.IssueRecord)) func(*delivery.IssueRecord) { return f }
	var many []delivery.IssueRecord
	for n := range 25 {
		many = append(many, issue("OPS-"+strconv.Itoa(100+n), 30, "open", move(10, "closed")))
	}
	_, err := s.store.Write(s.t.Context(), delivery.Batch{Connection: "tracker", Issues: append(many,
		issue("DEV-10", 20, "open", move(5, "closed")), // never active
		issue("DEV-11", 20, "open", move(9, "inProgress"), move(5, "closed"), change(func(r *delivery.IssueRecord) { r.Events[1].Transition.From = ref("open") })),
		issue("DEV-12", 20, "open", move(9, "inProgress"), change(func(r *delivery.IssueRecord) {
			r.Events[0].Transition.ToStartedAt, r.StatusStartedAt = daysAgo(21), daysAgo(21)
		})),
		issue("OPS-13", 20, "limbo"),
		issue("DEV-14", -2, "open"),
		issue("DEV-15", 300, "limbo", move(200, "closed")), // before the period
	)})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) addOddFacts() {
	s.t.Helper()
	run := func(id string, started, finished float64) delivery.Run {
		return delivery.Run{
			Project: "acme/shop", ID: id, Status: delivery.RunSuccess, CreatedAt: daysAgo(started), StartedAt: daysAgo(started), FinishedAt: daysAgo(finished),
			Duration: delivery.NotSaid, DurationE2E: delivery.NotSaid,
		}
	}
	_, err := s.store.Write(s.t.Context(), delivery.Batch{
		Connection: "gh",
		Runs:       []delivery.Run{run("r1", 3, 2.9), run("r2", 3, 3.1)},
		Deployments: []delivery.Deployment{{
			ID: "backwards", Repository: "acme/other", Environment: "test", SHA: "ffff6", CreatedAt: daysAgo(6), StartedAt: daysAgo(6), FinishedAt: daysAgo(7), UpdatedAt: daysAgo(6),
			Status: delivery.DeploySuccess, ToldAt: 1,
		}},
		Changes: []delivery.Change{
			{Repository: "acme/shop", ID: "20", Number: 20, Title: "Old and not out", MergeSHA: "abab7", CreatedAt: daysAgo(17), MergedAt: daysAgo(16), UpdatedAt: daysAgo(16), URL: "https://git.example/20"},
			{Repository: "acme/shop", ID: "21", Number: 21, Title: "Backwards", MergeSHA: "abab8", CreatedAt: daysAgo(7), MergedAt: daysAgo(8), UpdatedAt: daysAgo(8)},
			{Repository: "acme/never", ID: "22", Number: 22, Title: "Never deployed at all", MergeSHA: "abab9", CreatedAt: daysAgo(17), MergedAt: daysAgo(16), UpdatedAt: daysAgo(16)},
		},
		Incidents: []delivery.Incident{
			{ID: "SHOP-1", Project: "PAY", Title: "Alone", StartedAt: daysAgo(40), ResolvedAt: daysAgo(39), ToldAt: 1},
			{ID: "X-1", Project: "X", Title: "Whose?", StartedAt: daysAgo(5), ResolvedAt: daysAgo(6), ToldAt: 1},
		},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	deriver := delivery.Deriver{Store: s.store, Setup: s.db.DoraSetup}
	if _, err := deriver.Run(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) addHooks() {
	s.t.Helper()
	ctx := s.t.Context()
	put := func(connection string, ago time.Duration) int64 {
		id, _, err := s.inbox.Put(ctx, inbox.Entry{Connection: connection, Kind: "github.push", ReceivedAt: testNow.Add(-ago), Body: []byte("{}")})
		if err != nil {
			s.t.Fatal(err)
		}
		return id
	}
	done := map[int64]string{}
	for n := range 20 {
		done[put("good", time.Duration(40-n)*time.Hour)] = "{}"
	}
	if err := s.inbox.DoneAll(ctx, done); err != nil {
		s.t.Fatal(err)
	}
	if err := s.inbox.GiveUp(ctx, put("late", time.Hour), "no such <thing>"); err != nil {
		s.t.Fatal(err)
	}
	put("late", 30*time.Minute)
	if err := s.inbox.Refuse(ctx, inbox.Entry{Connection: "ci", Kind: "runs", ReceivedAt: testNow.Add(-time.Hour), Error: "$.id: missing"}); err != nil {
		s.t.Fatal(err)
	}
}

// rowsOf are the rows of a kind's table.
func rowsOf(d *goquery.Document, kind string) (out []string) {
	for _, row := range d.Find("#" + kind + " tbody tr").EachIter() {
		cells := row.Children().Map(func(_ int, cell *goquery.Selection) string { return strings.Join(strings.Fields(cell.Text()), " ") })
		out = append(out, strings.Join(cells, " | "))
	}
	return out
}

func TestQualityPage(t *testing.T) {
	s := troubled(t)
	d := s.page("/quality")
	for kind, want := range map[string][]string{
		"connections": {
			"failing Made-up | The last sync failed the source <broke> | –",
			"late Made-up | No sync has reached its end for 2 h | 4 Mar 2026 10:00",
			"limited Made-up | The source asked to be left alone for a while",
			"partial Made-up | 3 records could not be read in the last sync | 4 Mar 2026 11:59",
			"paused Made-up | Paused The token no longer works.",
		},
		"hooks": {
			"ci | 1 was refused: it could not be read $.id: missing | 4 Mar 2026 11:00",
			"good | Nothing came for 21 h; usually the wait is 1 h | 3 Mar 2026 15:00",
			"late | 1 was given up no such <thing> | 4 Mar 2026 11:00",
			"late | 1 is not worked in, for 30 min | 4 Mar 2026 11:30",
		},
		"statuses":           {"limbo | 1 issue counts as waiting there: no list names it, and it has no type | OPS"},
		"hidden_transitions": {"DEV-11 ↗ <b>DEV-11</b> | The beginning of 1 stay is inferred | DEV | 27 Feb 2026 12:00"},
		"impossible_times": {
			"DEV-14 ↗ <b>DEV-14</b> | Begins in the future | DEV | 6 Mar 2026 12:00",
			"r2 | Finished before it started | acme/shop | 1 Mar 2026 12:00",
			"X-1 Whose? | Resolved before it started | – | 27 Feb 2026 12:00",
			"backwards test | Finished before it started | acme/other | 25 Feb 2026 12:00",
			"#21 Backwards | Merged before it was opened | acme/shop | 24 Feb 2026 12:00",
			"DEV-12 ↗ <b>DEV-12</b> | A status began before the one before it | DEV | 23 Feb 2026 12:00",
		},
		"undeployed": {"#20 Old and not out | Waiting for 16 d | shop | 16 Feb 2026 12:00"},
		"unlinked_incidents": {
			"Whose? | Of no service | – | 27 Feb 2026 12:00",
			"Alone | No deployment was found for it | shop | 23 Jan 2026 12:00",
		},
		"unassigned": {"OPS | 27 issues | Queue", "acme/other | 1 deployment | Repository", "acme/never | 0 deployments | Repository", "acme/shop | 2 runs | CI project"},
	} {
		got := rowsOf(d, kind)
		if len(got) != len(want) {
			t.Errorf("%s: %d rows: %q", kind, len(got), got)
			continue
		}
		for i := range want {
			if !strings.HasPrefix(got[i], want[i]) {
				t.Errorf("%s, row %d is %q, want %q", kind, i, got[i], want[i])
			}
		}
		if count := textOf(d, "#"+kind+" h2 .count"); count != strconv.Itoa(len(want)) {
			t.Errorf("%s counts %s", kind, count)
		}
	}
	want(t, d, ".quality-index p", "9 of 9 kinds of problems need someone")
	if d.Find(".quality-index li").Length() != 9 || d.Find(".quality-fine").Length() != 0 {
		t.Errorf("the index is %q", textOf(d, ".quality-index"))
	}
	want(t, d, "#never_active h2 .count", "26")
	if n := len(rowsOf(d, "never_active")); n != 20 {
		t.Errorf("%d issues are shown", n)
	}
	want(t, d, "#never_active .panel-foot a.count", "All 26")
	want(t, d, "#never_active tbody tr:first-child", "DEV-10 ↗ <b>DEV-10</b> | Closed 15 d after it was created, without being active | DEV | 27 Feb 2026 12:00")
	for selector, href := range map[string]string{
		"#connections tbody tr:nth-child(4) a":    "/syncs/", // of the sync with problems
		"#hooks tbody tr:nth-child(3) a":          "/inbox?connection=late&state=failed",
		"#statuses tbody a":                       "/settings/workflow?queue=OPS",
		"#hidden_transitions tbody a":             "/issues/DEV-11",
		"#hidden_transitions tbody a.out":         "https://tracker.example/DEV-11",
		"#impossible_times tr:nth-child(2) a":     "/runs/",
		"#impossible_times tr:nth-child(4) a":     "/deployments/",
		"#undeployed tbody a":                     "https://git.example/20",
		"#unlinked_incidents tbody a":             "/incidents/",
		"#unassigned tbody a":                     "/settings/teams/new?queue=OPS",
		"#never_active .quality-effect a":         "/flow#panel-cycle-time",
		"#unlinked_incidents .quality-effect a":   "/dora#panel-change-fail-rate",
		"#connections .panel-head a.button":       "/syncs",
		"#hooks .panel-head a.button":             "/inbox",
		"#statuses .panel-head a.button":          "/settings/workflow",
		"#undeployed .panel-head a.button":        "/settings/services",
		"#unassigned .panel-head a.button":        "/settings/teams",
		"#never_active .panel-foot a[download]":   "/api/v1/quality/never_active.csv",
		".rail a[href='/quality'] [hx-get]":       "",
		"#hidden_transitions .panel-head .button": "/settings/connections",
	} {
		found := d.Find(selector).First()
		if got := found.AttrOr("href", ""); found.Length() != 1 || !strings.HasPrefix(got, href) {
			t.Errorf("%s leads to %q, want %q", selector, got, href)
		}
	}
}

// TestQualityFilter narrows to a team, a period and a connection.
func TestQualityFilter(t *testing.T) {
	s := troubled(t)
	counts := func(path string) map[string]int {
		out := map[string]int{}
		for _, p := range s.page(path).Find(".quality-part").EachIter() {
			n, err := strconv.Atoi(p.Find("h2 .count").Text())
			if err != nil {
				t.Fatal(err)
			}
			out[p.AttrOr("id", "")] = n
		}
		return out
	}
	for path, want := range map[string]string{
		"/quality?team=core":                           "map[connections:5 hidden_transitions:1 hooks:4 impossible_times:3 never_active:1 undeployed:1 unlinked_incidents:1]",
		"/quality?range=8d":                            "map[connections:5 hooks:4 impossible_times:4 never_active:1 hidden_transitions:1 statuses:1 unassigned:4 unlinked_incidents:1]",
		"/quality?connection=late":                     "map[connections:1 hooks:2]",
		"/quality?connection=tracker":                  "map[hidden_transitions:1 impossible_times:2 never_active:26 statuses:1]",
		"/quality?from=2025-02-01&to=2025-08-31":       "map[connections:5 hooks:1 never_active:1 statuses:1 unassigned:4]",
		"/quality?team=core&range=30d&connection=good": "map[hooks:1]",
	} {
		if got := fmt.Sprint(counts(path)); got != sortedMap(want) {
			t.Errorf("%s: %s, want %s", path, got, sortedMap(want))
		}
	}
	d := s.page("/quality?team=core&range=30d")
	if got := d.Find("#never_active .quality-effect a").First().AttrOr("href", ""); got != "/flow?range=30d&team=core#panel-cycle-time" {
		t.Errorf("a chart is at %s", got)
	}
	want(t, d, ".quality-fine", "Nothing wrong with: classes of statuses, links of incidents, teams.")
	if d.Find("form.filters a.reset").Length() != 1 || s.page("/quality").Find("form.filters a.reset").Length() != 0 {
		t.Error("reset is shown when nothing differs, or not when something does")
	}
	for _, path := range []string{"/quality?team=nobody", "/quality?queue=DEV", "/quality?range=soon", "/quality/statuses?page=0", "/quality/statuses?bucket=week"} {
		res := s.get(path)
		if res.status != http.StatusBadRequest || res.doc.Find("form.filters").Length() != 1 || res.doc.Find(".banner.bad[role=alert] li").Length() != 1 {
			t.Errorf("%s answers %d: %s", path, res.status, textOf(res.doc, "main"))
		}
	}
	if res := s.get("/quality/nothing"); res.status != http.StatusNotFound {
		t.Errorf("a kind that there is not answers %d", res.status)
	}
}

// sortedMap is the text of a map of counts as fmt writes it.
func sortedMap(text string) string {
	parts := strings.Fields(strings.TrimSuffix(strings.TrimPrefix(text, "map["), "]"))
	slices.Sort(parts)
	return "map[" + strings.Join(parts, " ") + "]"
}

func TestQualityList(t *testing.T) {
	s := troubled(t)
	d := s.page("/quality/never_active?range=30d")
	want(t, d, "h1", "Issues closed without a start")
	want(t, d, ".quality-part [role=status]", "26 records")
	if n := d.Find("tbody tr").Length(); n != 26 {
		t.Errorf("%d rows", n)
	}
	if got := d.Find(".page-head a").AttrOr("href", ""); got != "/quality?range=30d#never_active" {
		t.Errorf("the way back is %s", got)
	}
	want(t, s.page("/quality/never_active?page=2"), "main", "1")
	want(t, s.page("/quality/undeployed?range=7d"), ".quality-part", "Nothing of this kind is wrong")
	for _, k := range delivery.QualityKinds() {
		for _, lang := range []string{"en", "ru"} {
			if text := textOf(s.page("/quality/"+string(k)+"?lang="+lang), "main"); strings.Contains(text, "quality.") || strings.Contains(text, "{") {
				t.Errorf("%s in %s: a message is missing: %s", k, lang, text)
			}
		}
	}
	ru := s.page("/quality?lang=ru")
	want(t, ru, "h1", "Качество данных")
	want(t, ru, "#undeployed tbody tr", "Ждёт 16 дн.")
}

func TestQualityRights(t *testing.T) {
	s := troubled(t)
	s.client = s.as("viewer@example.com")
	d := s.page("/quality")
	if ways := d.Find("main a[href^='/settings'], main a[href^='/inbox'], .quality-part .button"); ways.Length() != 0 {
		t.Errorf("a viewer is shown %d ways that are closed to them", ways.Length())
	}
	want(t, d, "#connections .quality-way", "An admin can do this.")
	want(t, d, "#statuses .quality-way", "A lead or an admin can do this.")
	if text := textOf(d, "#hooks"); strings.Contains(text, "no such") {
		t.Errorf("a viewer sees what was received: %s", text)
	}
	s.client = s.as("lead@example.com")
	d = s.page("/quality")
	want(t, d, "#statuses .button", "Set the classes")
	if d.Find("#connections .button").Length() != 0 || d.Find("#unassigned .button").Length() != 1 {
		t.Error("a lead is shown what only admins may, or not what leads may")
	}
}

func TestQualityEmpty(t *testing.T) {
	s := signedIn(t, nil)
	s.addUser("viewer@example.com", control.Viewer)
	want(t, s.page("/quality"), ".empty h2", "There is no data yet")
	if got := s.page("/quality").Find(".empty a").AttrOr("href", ""); got != "/settings/connections/new" {
		t.Errorf("the first step is %q", got)
	}
	if badge := s.get("/quality/badge"); badge.status != http.StatusOK || textOf(badge.doc, "body") != "" {
		t.Errorf("the badge of nothing is %q", badge.body)
	}
	admin := s.client
	s.client = s.as("viewer@example.com")
	want(t, s.page("/quality"), ".empty", "An admin connects it")
	s.client = admin

	s.ended("tracker", control.Done, time.Minute, 0, source.Message{})
	d := s.page("/quality")
	want(t, d, ".banner.info", "nothing has come in yet")
	want(t, d, ".quality-fine", "Nothing wrong with: connections, hooks.")
	s.addIssues()
	d = s.page("/quality")
	want(t, d, ".quality-index", "1 of 9 kinds of problems needs someone")
	want(t, d, "#unassigned tbody tr:first-child", "DEV | 1 issue | Queue")
	if _, err := s.db.SaveTeam(t.Context(), control.Team{Team: delivery.Team{Name: "all", Queues: delivery.Patterns{"*"}}}); err != nil {
		t.Fatal(err)
	}
	d = s.page("/quality")
	if d.Find(".quality-part, .quality-index").Length() != 0 {
		t.Errorf("something is wrong: %s", textOf(d, "main"))
	}
	want(t, d, ".quality-fine", "Nobody is needed. Nothing wrong with: connections, hooks, classes of statuses, beginnings of issues")
}

func TestQualityBadge(t *testing.T) {
	s := troubled(t)
	if text := textOf(s.page("/account"), ".rail [data-quiet]"); text != "" {
		t.Errorf("before it was counted the badge is %q", text)
	}
	d := s.page("/flow")
	slot := d.Find(".rail a[href='/quality'] [data-quiet]")
	if slot.AttrOr("hx-trigger", "") != "load" {
		t.Error("the badge does not come after the page")
	}
	badge := s.page(slot.AttrOr("hx-get", ""))
	want(t, badge, "#quality-badge", "9")
	want(t, badge, "#quality-badge .hidden", "9 kinds of problems in the data need someone")
	want(t, s.page("/flow"), ".rail #quality-badge [aria-hidden]", "9")
}

// TestQualityAway: what needs no facts is known while their store does not answer.
func TestQualityAway(t *testing.T) {
	s := withoutStore(t)
	s.ended("late", control.Done, 2*time.Hour, 0, source.Message{})
	d := s.page("/quality")
	want(t, d, ".banner.warn", "The fact store does not answer")
	want(t, d, "#connections tbody", "late")
	if d.Find("#unassigned").Length() != 0 {
		t.Error("facts are judged")
	}
	if res := s.get("/quality/statuses"); res.status != http.StatusServiceUnavailable {
		t.Errorf("a list of facts answers %d", res.status)
	}
	if res := s.get("/quality/connections"); res.status != http.StatusOK {
		t.Errorf("the list of connections answers %d", res.status)
	}
	if res := s.get("/api/v1/quality"); res.status != http.StatusOK || !strings.Contains(res.body, `"count":null`) || !strings.Contains(res.body, `"count":1`) {
		t.Errorf("the API answers %d: %s", res.status, res.body)
	}
}

func TestQualityFootnotes(t *testing.T) {
	s := troubled(t)
	d := s.page("/panels/cycle-time?range=30d&team=core&clock=elapsed")
	if got := d.Find(".left-out a[href*='#never_active']").AttrOr("href", ""); got != "/quality?range=30d&team=core#never_active" {
		t.Errorf("what is left out leads to %q", got)
	}
	if got := d.Find(".panel-foot .note a[href='/quality?range=30d&team=core']").Length(); got != 1 {
		t.Errorf("%d links to the quality of the data", got)
	}
	runs := s.page("/panels/pipeline-count?range=30d&project=acme/shop&branch=*")
	if got := runs.Find(".panel-foot .note a[href='/quality?range=30d']").Length(); got != 1 {
		t.Errorf("of runs: %d links to the quality of the data", got)
	}
}

func TestQualityAPI(t *testing.T) {
	s := troubled(t)
	read := func(path string, into any) {
		t.Helper()
		res := s.api(http.MethodGet, path, readToken)
		if res.status != http.StatusOK {
			t.Fatalf("%s answers %d: %s", path, res.status, res.body)
		}
		if err := json.Unmarshal([]byte(res.body), into); err != nil {
			t.Fatal(err)
		}
	}
	var kinds apiList[apiQualityEntry]
	read("/api/v1/quality?range=90d", &kinds)
	counts := map[delivery.QualityKind]int{}
	for _, k := range kinds.Items {
		counts[k.Kind] = *k.Count
		if k.Effect == "" || strings.HasPrefix(k.Effect, "quality.") || len(k.Panels) == 0 {
			t.Errorf("%s: effect %q, panels %v", k.Kind, k.Effect, k.Panels)
		}
	}
	if got, want := fmt.Sprint(counts), "map[connections:5 hidden_transitions:1 hooks:4 impossible_times:6 never_active:26 statuses:1 unassigned:4 undeployed:1 unlinked_incidents:2]"; got != want {
		t.Errorf("counts are %s, want %s", got, want)
	}
	var first, second apiList[apiQualityEntry]
	read("/api/v1/quality?limit=5", &first)
	read("/api/v1/quality?limit=5&cursor="+first.NextCursor, &second)
	if len(first.Items) != 5 || len(second.Items) != 4 || second.NextCursor != "" {
		t.Errorf("pages of %d and %d, then %q", len(first.Items), len(second.Items), second.NextCursor)
	}

	var keys []string
	path := "/api/v1/quality/never_active?limit=10"
	for cursor := ""; ; {
		var page apiList[qualityItem]
		read(path+"&cursor="+cursor, &page)
		for _, i := range page.Items {
			keys = append(keys, i.ID)
		}
		if cursor = page.NextCursor; cursor == "" {
			break
		}
	}
	if len(keys) != 26 || keys[0] != "DEV-10" || len(slices.Compact(slices.Sorted(slices.Values(keys)))) != 26 {
		t.Errorf("pages list %d: %v", len(keys), keys)
	}
	var times apiList[qualityItem]
	read("/api/v1/quality/impossible_times?team=core", &times)
	if len(times.Items) != 3 {
		t.Errorf("%d impossible times of a team", len(times.Items))
	}
	one := times.Items[0]
	if one.Kind != delivery.ImpossibleTimes || one.Type != "issue" || one.ID != "DEV-14" || one.Reason != delivery.OddFuture || one.At != daysAgo(-2) || one.URL != "https://tracker.example/DEV-14" {
		t.Errorf("the first one is %+v", one)
	}

	for _, k := range delivery.QualityKinds() {
		res := s.api(http.MethodGet, "/api/v1/quality/"+string(k)+".csv", readToken)
		rows, err := csv.NewReader(strings.NewReader(res.body)).ReadAll()
		if res.status != http.StatusOK || err != nil || len(rows) != counts[k]+1 || !strings.Contains(res.header.Get("Content-Disposition"), "quality-"+string(k)+".csv") {
			t.Errorf("%s: %d rows, status %d, %v", k, len(rows), res.status, err)
		}
	}
	for path, status := range map[string]int{
		"/api/v1/quality?team=nobody": 400, "/api/v1/quality?queue=DEV": 400, "/api/v1/quality?cursor=x": 400, "/api/v1/quality/statuses?limit=0": 400,
		"/api/v1/quality/statuses?cursor=x": 400, "/api/v1/quality/nothing": 404, "/api/v1/quality/statuses.csv?limit=3": 400, "/api/v1/quality/statuses.xml": 404,
	} {
		if res := s.api(http.MethodGet, path, readToken); res.status != status || !strings.Contains(res.body, `"error"`) {
			t.Errorf("%s answers %d: %s", path, res.status, res.body)
		}
	}
}
