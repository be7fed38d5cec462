package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"throughline/internal/control"
	"throughline/internal/delivery"
)

// withDeployments is a site where a service was deployed four times: the second broke
// something, and the first brought all history.
func withDeployments(t *testing.T) *site {
	t.Helper()
	s := signedIn(t, nil)
	s.provision("tokens:\n  - {name: reader, scopes: [read], token: " + readToken + "}\n")
	if _, err := s.db.SaveService(t.Context(), control.Service{Service: delivery.Service{Name: "shop", Repository: "acme/shop", JiraProjects: delivery.Patterns{"PAY"}}}); err != nil {
		t.Fatal(err)
	}
	hours := func(n int) delivery.Instant { return delivery.InstantOf(testNow.Add(time.Duration(n) * time.Hour)) }
	b := delivery.Batch{Connection: "gh"}
	for i, sha := range []string{"aaaa1", "bbbb2", "cccc3", "dddd4"} {
		end := hours(-24 * (20 - 4*i))
		b.Deployments = append(b.Deployments, delivery.Deployment{
			ID: strconv.Itoa(i + 1), Repository: "acme/shop", Environment: "production", SHA: sha, Version: "v" + strconv.Itoa(i+1),
			CreatedAt: end - 60_000, StartedAt: end - 60_000, FinishedAt: end, UpdatedAt: end, Status: delivery.DeploySuccess, ToldAt: 1,
			States: []delivery.DeploymentState{{Status: delivery.DeploySuccess, At: end}},
			Range:  &delivery.CommitRange{Base: "0", Commits: []delivery.Commit{{SHA: sha, AuthoredAt: end - 7200_000}}},
		})
		b.Changes = append(b.Changes, delivery.Change{
			Repository: "acme/shop", ID: strconv.Itoa(i + 1), Number: int64(i + 1), Title: "=Change " + sha, Author: "ann", MergeSHA: sha,
			CreatedAt: end - 5400_000, MergedAt: end - 3600_000, UpdatedAt: end, Commits: []delivery.Commit{{SHA: sha, AuthoredAt: end - 7200_000}},
		})
	}
	b.Changes = append(b.Changes, delivery.Change{Repository: "acme/shop", ID: "9", Number: 9, Title: "Not out", MergeSHA: "eeee5", CreatedAt: hours(-3), MergedAt: hours(-2), UpdatedAt: hours(-2)})
	b.Incidents = []delivery.Incident{{ID: "PAY-1", Project: "PAY", Title: "Checkout is down", StartedAt: hours(-24*16 + 1), ResolvedAt: hours(-24*16 + 3), SHA: "bbbb2", ToldAt: 1}}
	if _, err := s.store.Write(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	deriver := delivery.Deriver{Store: s.store, Setup: s.db.DoraSetup}
	if _, err := deriver.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestDoraPage(t *testing.T) {
	s := withDeployments(t)
	for _, path := range []string{
		"/dora", "/dora?lang=ru&benchmark=2024&links=suspected", "/panels/dora-headline?benchmark=2023", "/panels/dora-failed", "/panels/dora-waiting",
		"/panels/deployment-frequency", "/panels/change-lead-time?clock=business", "/panels/lead-time-stages", "/panels/change-fail-rate",
		"/panels/recovery-time", "/panels/rework-rate", "/panels/incidents", "/panels/tickets", "/deployments", "/deployments?failed=true&kind=normal", "/deployments?failed=evidence&page=2",
		"/changes", "/changes?state=waiting", "/services/shop", "/services/shop?lang=ru",
	} {
		if res := s.get(path); res.status != http.StatusOK {
			t.Errorf("%s answers %d", path, res.status)
		}
	}
	for _, path := range []string{
		"/dora?links=all", "/dora?start=born", "/dora?benchmark=1999", "/deployments?kind=odd", "/changes?state=lost", "/changes?excluded=luck",
		"/deployments?failed=maybe", "/deployments?page=0", "/api/v1/deployments?limit=0", "/api/v1/changes?cursor=zz", "/services/shop?links=all",
	} {
		if res := s.get(path); res.status != http.StatusBadRequest {
			t.Errorf("%s answers %d", path, res.status)
		}
	}
	for _, path := range []string{"/services/none", "/deployments/12", "/deployments/x"} {
		if res := s.get(path); res.status != http.StatusNotFound {
			t.Errorf("%s answers %d", path, res.status)
		}
	}
}

func TestDoraFigures(t *testing.T) {
	s := withDeployments(t)
	fail := read[panelAnswer](s, "/api/v1/panels/change-fail-rate")
	if fail.N != 4 || number(fail.Headline["rate"]) != "0.25" || number(fail.Headline["failed"]) != "1" {
		t.Errorf("fail rate: %+v", fail.Headline)
	}
	lead := read[panelAnswer](s, "/api/v1/panels/change-lead-time")
	if lead.N != 3 || number(lead.Headline["p50"]) != "7200" || number(lead.Headline["waiting"]) != "1" {
		t.Errorf("lead time: n %d, %s, %s waiting", lead.N, number(lead.Headline["p50"]), number(lead.Headline["waiting"]))
	}
	recovery := read[panelAnswer](s, "/api/v1/panels/recovery-time")
	if recovery.N != 1 || number(recovery.Headline["p50"]) != "10800" {
		t.Errorf("recovery: n %d, %s", recovery.N, number(recovery.Headline["p50"]))
	}
	doc := s.page("/panels/dora-headline?benchmark=2023")
	if text := doc.Text(); !strings.Contains(text, "25 %") && !strings.Contains(text, "25") || !strings.Contains(text, "DORA 2023") {
		t.Errorf("the strip says %q", text)
	}
}

func TestDoraLists(t *testing.T) {
	s := withDeployments(t)
	deployments := read[apiList[map[string]any]](s, "/api/v1/deployments?limit=3")
	rest := read[apiList[map[string]any]](s, "/api/v1/deployments?limit=3&cursor="+url.QueryEscape(deployments.NextCursor))
	if len(deployments.Items) != 3 || len(rest.Items) != 1 || rest.NextCursor != "" {
		t.Fatalf("%d deployments, then %d", len(deployments.Items), len(rest.Items))
	}
	if d := deployments.Items[2]; d["version"] != "v2" || d["kind"] != "normal" || d["failed"] != true || d["in_production"] != true || d["service"] != "shop" {
		t.Errorf("the second is %v", d)
	}
	changes := read[apiList[map[string]any]](s, "/api/v1/changes?limit=1")
	if c := changes.Items[0]; c["number"] != 4.0 || c["title"] != "=Change dddd4" || c["lead_time_seconds"] != 7200.0 || changes.NextCursor == "" {
		t.Errorf("the newest change is %v", c)
	}
	if first := read[apiList[map[string]any]](s, "/api/v1/changes?excluded=first"); len(first.Items) != 1 || first.Items[0]["number"] != 1.0 {
		t.Errorf("of the first deployment: %v", first.Items)
	}
	if waiting := read[apiList[map[string]any]](s, "/api/v1/changes?state=waiting"); len(waiting.Items) != 1 || waiting.Items[0]["title"] != "Not out" ||
		waiting.Items[0]["repository"] != "acme/shop" || waiting.Items[0]["sha"] != "eeee5" || waiting.Items[0]["lead_time_seconds"] != nil {
		t.Errorf("waiting: %v", waiting.Items)
	}
	if csv := s.api(http.MethodGet, "/api/v1/changes.csv", readToken); csv.status != http.StatusOK || strings.Count(csv.body, "\n") != 5 || !strings.Contains(csv.body, "'=Change") {
		t.Errorf("changes.csv answers %d: %s", csv.status, csv.body)
	}
	if csv := s.api(http.MethodGet, "/api/v1/deployments.csv", readToken); csv.status != http.StatusOK || strings.Count(csv.body, "\n") != 5 {
		t.Errorf("deployments.csv answers %d: %s", csv.status, csv.body)
	}
}

func TestVerdicts(t *testing.T) {
	s := withDeployments(t)
	if _, err := s.store.Write(t.Context(), delivery.Batch{Connection: "gh", Deployments: []delivery.Deployment{{
		ID: "other", Repository: "acme/site", Environment: "production", SHA: "ffff6", FinishedAt: delivery.InstantOf(testNow), Status: delivery.DeploySuccess, ToldAt: 1,
	}}}); err != nil {
		t.Fatal(err)
	}
	second := (&delivery.Deployment{Connection: "gh", Repository: "acme/shop", ID: "2"}).Number()
	third := (&delivery.Deployment{Connection: "gh", Repository: "acme/shop", ID: "3"}).Number()
	incident := (&delivery.Incident{Connection: "gh", ID: "PAY-1"}).Number()
	form := func(decision, to string) url.Values {
		return url.Values{
			"service": {"shop"}, "group": {delivery.GroupID(second)}, "incident": {strconv.FormatInt(incident, 10)}, "decision": {decision}, "to": {to}, "back": {"range=30d"},
		}
	}
	for name, change := range map[string]func(url.Values){
		"service":    func(v url.Values) { v.Set("service", "none") },
		"deployment": func(v url.Values) { v.Set("group", "12") },
		"no number":  func(v url.Values) { v.Set("group", "x") },
		"incident":   func(v url.Values) { v.Set("incident", "12") },
		"decision":   func(v url.Values) { v.Set("decision", "shrug") },
		"deployment of another service": func(v url.Values) {
			v.Set("group", delivery.GroupID((&delivery.Deployment{Connection: "gh", Repository: "acme/site", ID: "other"}).Number()))
		},
		"relink": func(v url.Values) { v.Set("decision", "relink") },
	} {
		bad := form("reject", "")
		change(bad)
		if res := s.post("/dora/verdicts", bad); res.status != http.StatusUnprocessableEntity {
			t.Errorf("wrong %s answers %d", name, res.status)
		}
	}
	failed := func() string {
		return number(read[panelAnswer](s, "/api/v1/panels/change-fail-rate").Headline["failed"])
	}
	// What is confirmed is not to be confirmed again; buttons say of what they are.
	buttons := func() (out []string) {
		for _, b := range s.page("/panels/dora-failed").Find(".verdict button").EachIter() {
			out = append(out, b.AttrOr("aria-label", ""))
		}
		return out
	}
	if got := buttons(); len(got) != 2 || got[0] != "Reject: named by the incident or the deployment, v2" || got[1] != "Relink: named by the incident or the deployment, v2" {
		t.Errorf("verdicts on what is confirmed: %q", got)
	}
	if res := s.post("/dora/verdicts", form("reject", "")); res.status != http.StatusSeeOther || !strings.HasSuffix(res.header.Get("Location"), "/dora?range=30d") {
		t.Fatalf("rejecting answers %d", res.status)
	}
	if got := failed(); got != "0" {
		t.Errorf("after rejecting %s failed", got)
	}
	undo := s.page("/dora").Find(".flash form").AttrOr("action", "")
	if got := buttons(); len(got) != 2 || got[0] != "Confirm: named by the incident or the deployment, v2" {
		t.Errorf("verdicts on what is rejected: %q", got)
	}
	// The list has it still, and leads back to itself.
	list := s.page("/deployments?failed=evidence&range=30d")
	want(t, list, ".failed-deployments caption", "With evidence")
	if got := list.Find(".verdict input[name=back]").First().AttrOr("value", ""); got != "failed=evidence&range=30d" || dashboard(got) != "/deployments?"+got {
		t.Errorf("a verdict there leads back to %q", dashboard(got))
	}
	if all := read[apiList[map[string]any]](s, "/api/v1/deployments?failed=evidence"); len(all.Items) != 1 || all.Items[0]["failed"] != false {
		t.Errorf("with evidence: %v", all.Items)
	}
	if res := s.post(undo, nil); res.status != http.StatusSeeOther {
		t.Errorf("undoing %q answers %d", undo, res.status)
	}
	if got := failed(); got != "1" {
		t.Errorf("after undoing %s failed", got)
	}
	if res := s.post("/dora/verdicts", form("relink", delivery.GroupID(third))); res.status != http.StatusSeeOther {
		t.Fatalf("relinking answers %d", res.status)
	}
	if got := failed(); got != "1" {
		t.Errorf("after relinking %s failed", got)
	}
	verdicts, err := s.db.Verdicts(t.Context())
	if err != nil || len(verdicts) != 2 || verdicts[0].Incident != "gh/PAY-1" || verdicts[0].By != adminEmail {
		t.Errorf("stored %+v, %v", verdicts, err)
	}
	if doc := s.page("/settings/audit"); !strings.Contains(doc.Text(), "shop #") {
		t.Error("the audit log does not tell of verdicts")
	}
}

// TestManyFailed: the page shows the newest, and leads to all, which come in pages.
func TestManyFailed(t *testing.T) {
	s := withDeployments(t)
	var b delivery.Batch
	b.Connection = "gh"
	for i := range 30 {
		at := delivery.InstantOf(testNow.Add(-time.Duration(60+i) * time.Hour))
		b.Deployments = append(b.Deployments, delivery.Deployment{
			ID: "m" + strconv.Itoa(i), Repository: "acme/shop", Environment: "production", SHA: "f00d" + strconv.Itoa(i), Version: "w" + strconv.Itoa(i),
			FinishedAt: at, UpdatedAt: at, Status: delivery.DeploySuccess, ToldAt: 1,
		})
		b.Incidents = append(b.Incidents, delivery.Incident{ID: "PAY-1" + strconv.Itoa(i), Project: "PAY", Title: "Down", StartedAt: at + 60_000, ResolvedAt: at + 120_000, SHA: "f00d" + strconv.Itoa(i), ToldAt: 1})
	}
	if _, err := s.store.Write(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	deriver := delivery.Deriver{Store: s.store, Setup: s.db.DoraSetup}
	if _, err := deriver.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	rows := func(path string) int { return s.page(path).Find(".failed-deployments tbody tr").Length() }
	if n := rows("/panels/dora-failed?range=30d"); n != failedShown {
		t.Errorf("the page shows %d", n)
	}
	all := s.page("/panels/dora-failed?range=30d").Find(".panel-foot a").First()
	if all.Text() != "all 31" || all.AttrOr("href", "") != "/deployments?failed=evidence&range=30d" {
		t.Errorf("%q leads to %q", all.Text(), all.AttrOr("href", ""))
	}
	if one, two := rows("/deployments?failed=evidence&range=30d"), rows("/deployments?failed=evidence&page=2&range=30d"); one != failedOnPage || two != 31-failedOnPage {
		t.Errorf("its pages have %d and %d", one, two)
	}
}
