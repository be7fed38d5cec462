package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"testing"
	"time"

	"throughline/internal/delivery"
)

// panelAnswer is what a program reads of a panel.
type panelAnswer struct {
	N        int                 `json:"n"`
	Headline map[string]*float64 `json:"headline"`
	Filter   struct {
		Team []string `json:"team"`
	} `json:"filter"`
	Markers []struct {
		T    time.Time `json:"t"`
		Kind string    `json:"kind"`
	} `json:"markers"`
}

func (a panelAnswer) p50() float64 {
	if a.Headline["p50"] == nil {
		return -1
	}
	return *a.Headline["p50"]
}

// panelOf asks the demo, where everybody is signed in, for a panel.
func panelOf(t *testing.T, base, query string) panelAnswer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/api/v1/panels/cycle-time-trend?clock=business&"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var a panelAnswer
	if err := json.NewDecoder(res.Body).Decode(&a); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("GET %s answers %d (%v)", query, res.StatusCode, err)
	}
	return a
}

// undefine takes the demo's teams and its second workflow away.
func undefine(t *testing.T, base string) {
	t.Helper()
	day := delivery.DateOf(time.Now()).AddDays(-demoChange).String()
	forms := map[string]url.Values{"/settings/workflow/delete": {"version": {day}}}
	for id := 1; id <= 4; id++ {
		forms[fmt.Sprintf("/settings/teams/%d/delete", id)] = url.Values{}
	}
	for path, form := range forms {
		res, err := http.PostForm(base+path, form) //nolint:noctx // the demo's own
		if err != nil {
			t.Fatal(err)
		}
		if _ = res.Body.Close(); res.StatusCode != http.StatusOK {
			t.Fatalf("POST %s answers %d", path, res.StatusCode)
		}
	}
}

// TestTeamsAndDefinitionsOverTime makes a team by a pattern and looks at its
// numbers, then changes from a day on what closed means: the preview tells of
// it before, a marker after, and undoing it brings the old numbers back.
func TestTeamsAndDefinitionsOverTime(t *testing.T) {
	s := filledDemo(t)
	undefine(t, s.url)
	b := openTab(t, s.url, 1440, 900)
	all := panelOf(t, s.url, "range=180d")

	b.open("/settings/teams/new")
	b.fill("#f-name", "Payments & web")
	b.fill("#f-queues", "p*\nWEB\n!APP")
	b.untilText("#team-preview .value", "2 queues")
	b.untilText("#team-preview .queues", "PAY, WEB")
	b.click("#team button.primary")
	b.untilText(".teams", "PAY, WEB")
	b.untilText("#unassigned", "OPS")

	b.open("/flow?range=180d")
	b.until("all charts are there", `document.querySelectorAll("[data-chart] canvas").length >= 3`)
	b.click("#filter-team")
	b.click("[name=team]")
	b.click("#filter-team")
	b.until("the team is in the address", `new URLSearchParams(location.search).get("team") === "Payments & web"`)
	b.until("its charts are there", `document.querySelectorAll("[data-chart] canvas").length >= 3`)
	const team = "range=180d&team=Payments+%26+web"
	of := panelOf(t, s.url, team)
	pay, web := panelOf(t, s.url, "range=180d&queue=PAY"), panelOf(t, s.url, "range=180d&queue=WEB")
	if of.N != pay.N+web.N || of.N >= all.N || of.N == 0 || !reflect.DeepEqual(of.Filter.Team, []string{"Payments & web"}) {
		t.Fatalf("the team finished %d issues, its queues %d and %d, all %d", of.N, pay.N, web.N, all.N)
	}

	day := time.Now().AddDate(0, 0, -60)
	b.open("/settings/workflow?team=Payments+%26+web")
	b.click(`input[name="class:readyForRelease"][value=closed]`)
	b.click("input[name=when][value=day]")
	eval[bool](b, fmt.Sprintf(`((e) => { e.value = %q; return true })(document.querySelector("input[name=from]"))`, day.Format(time.DateOnly)))
	b.click("[hx-post$='/workflow/preview']")
	b.untilText("#numbers", "measured differently")
	b.untilText("#numbers table", "Median")
	if now := panelOf(t, s.url, team); now.p50() != of.p50() {
		t.Errorf("the preview changed the median from %g to %g", of.p50(), now.p50())
	}
	b.click("#statuses button[value=save]")
	b.untilText(".flash", "Saved")
	b.until("numbers are rebuilt", `!document.querySelector("#rebuild progress")`)
	after := panelOf(t, s.url, team)
	if after.p50() >= of.p50() || len(after.Markers) != 1 || after.Markers[0].Kind != "workflow" {
		t.Errorf("the median was %g and is %g, markers %v", of.p50(), after.p50(), after.Markers)
	}
	if other := panelOf(t, s.url, "range=180d&queue=OPS"); len(other.Markers) != 1 {
		t.Errorf("without a team the markers are %v", other.Markers)
	}
	old := panelOf(t, s.url, "from=2000-01-01&team=Payments+%26+web&to="+day.AddDate(0, 0, -1).Format(time.DateOnly))
	if old.N == 0 || len(old.Markers) != 0 {
		t.Errorf("before the day there are %d issues and the markers %v", old.N, old.Markers)
	}

	undo := func(median float64) {
		t.Helper()
		b.follow(".flash .undo button")
		b.untilText(".flash", "Undone")
		b.until("numbers are rebuilt", `!document.querySelector("#rebuild progress")`)
		if now := panelOf(t, s.url, team); now.p50() != median {
			t.Errorf("undone, the median is %g, want %g", now.p50(), median)
		}
	}
	undo(of.p50())
	undo(after.p50())
	b.open("/flow?" + team)
	b.until("the chart holds the marker", `document.getElementById("chart-cycle-time-trend")?.textContent.includes("Workflow changed")`)
	b.open("/settings/workflow")
	b.untilText(".versions", "From ")
	b.click(".versions li:last-child .delete")
	b.untilText("main h2", "Delete the version")
	b.click("button.bad")
	b.untilText(".flash", "The version is deleted")
	b.until("numbers are rebuilt", `!document.querySelector("#rebuild progress")`)
	if now := panelOf(t, s.url, team); now.p50() != of.p50() || len(now.Markers) != 0 {
		t.Errorf("without the version the median is %g, want %g; markers %v", now.p50(), of.p50(), now.Markers)
	}
}
