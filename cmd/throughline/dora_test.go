package main

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"
)

// derivedDemo waits until nothing more follows from the facts of a filled demo: they
// come from four systems, and deployments are derived anew as they do.
func (s *site) derivedDemo() {
	s.t.Helper()
	last, same := "", 0
	eventually(s.t, "deployments that stay as they are", func() bool {
		_, body := s.get("/api/v1/panels/change-fail-rate?range=180d&links=suspected")
		var answer struct {
			N        int            `json:"n"`
			Headline map[string]any `json:"headline"`
		}
		if err := json.Unmarshal([]byte(body), &answer); err != nil {
			s.t.Fatalf("%v: %.300s", err, body)
		}
		if now := fmt.Sprint(answer); now != last || answer.N == 0 {
			last, same = now, 0
		}
		same++
		time.Sleep(time.Second)
		return same > 5
	}, s.log)
}

// TestDeploymentVerdict goes from the figures of deployments to one that perhaps
// failed, says so, and sees the figure change.
func TestDeploymentVerdict(t *testing.T) {
	s := filledDemo(t)
	s.derivedDemo()
	b := openTab(t, s.url, 1440, 900)
	const count = `Number(document.querySelector("#panel-change-fail-rate .sentence").innerText.match(/^([\d,]+) /)[1])`
	b.open("/dora?range=180d&bucket=month")
	b.drawn()
	b.expect("five figures", `document.querySelectorAll(".figure").length === 5`)
	b.until("deployments are derived", `document.querySelectorAll(".failed-deployments tbody tr").length > 0`)
	before := eval[float64](b, count)

	b.expect("a suspicion can be confirmed", `(() => {
		for (const row of document.querySelectorAll(".failed-deployments tbody tr")) {
			const badges = [...row.querySelectorAll(".badge")].map((e) => e.innerText.trim());
			if (badges.length === 1 && /suspected/.test(badges[0])) {
				row.querySelector("button[value=confirm]").click();
				return true;
			}
		}
		return false;
	})()`)
	b.untilText("[role=status]", "failed")
	b.drawn()
	b.until("it counts as failed", `document.querySelector("#panel-change-fail-rate canvas") !== null`)
	if after := eval[float64](b, count); after != before+1 {
		t.Errorf("%g failed before and %g after", before, after)
	}
	b.open("/settings/audit")
	b.untilText("main", "verdict")

	b.open("/deployments?range=30d&failed=true")
	b.follow(".deployments tbody a")
	b.until("it says why", `document.querySelectorAll(".evidence .badge").length > 0`)
	b.follow(".panel h2 a")
	b.until("its service is there", `location.pathname.startsWith("/services/") && document.querySelectorAll(".service-timeline li").length > 0`)
}
