package main

import (
	"testing"
)

// TestDeploymentVerdict goes from the figures of deployments to one that perhaps
// failed, says so, and sees the figure change.
func TestDeploymentVerdict(t *testing.T) {
	s := filledDemo(t)
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
