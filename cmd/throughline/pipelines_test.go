package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// lastBar is where the last column of the runs of a panel is drawn.
const lastBar = `
	const s = chart.getOption().series.findIndex((s) => s.type === "bar");
	const data = chart.getOption().series[s].data, n = data.length - 2;
	const at = chart.convertToPixel({seriesIndex: s}, [n, 1]);
	return {x: box.left + at[0], y: box.top + at[1] - 2, key: ""};`

// TestPipelineToRun goes by clicks from the charts of pipelines to the runs behind
// a column, to one of them and its jobs, and back.
func TestPipelineToRun(t *testing.T) {
	s := demoToLookAt(t)
	b := openTab(t, s.url, 1440, 900)
	b.open("/pipelines?range=60d&bucket=week")
	b.drawn()
	b.until("the builds were pushed", `document.querySelectorAll("#table-build-times tbody tr").length === 2`)
	b.expect("ten charts and five figures", `document.querySelectorAll("[data-chart] canvas").length === 10 && document.querySelectorAll(".figure").length === 5`)

	all := eval[string](b, `document.querySelector("#panel-pipeline-count .panel-foot").innerText.match(/n = ([\d,]+)/)[1]`)
	b.click("#filter-project")
	b.click(`input[name=project][value="shop/web"]`)
	b.click("h1")
	b.until("the address is of it", `new URLSearchParams(location.search).get("project") === "shop/web"`)
	b.drawn()
	b.until("fewer runs count", fmt.Sprintf(`document.querySelector("#panel-pipeline-count .panel-foot").innerText.match(/n = ([\d,]+)/)[1] !== %q`, all))

	bar := b.spot("pipeline-count", lastBar)
	b.do("click a column", chromedp.MouseClickXY(bar.X, bar.Y))
	b.until("it leads to its runs", `location.pathname === "/runs" && document.readyState === "complete"`)
	query := eval[string](b, `location.search`)
	for _, part := range []string{"from=", "to=", "project=shop%2Fweb"} {
		if !strings.Contains(query, part) {
			t.Errorf("the runs of a column are asked for by %s", query)
		}
	}
	b.expect("all are of the project", `[...document.querySelectorAll(".runs .place")].every((e) => e.innerText.startsWith("shop/web"))`)

	b.open("/runs?project=shop%2Fweb&restarts=true&branch=*&range=120d")
	name := eval[string](b, `document.querySelector(".runs tbody a").textContent`)
	b.follow(".runs tbody a")
	b.untilText("h1", name)
	b.expect("it is on the waterfall with its steps", `document.querySelectorAll(".waterfall .wf-pull").length > 0 && document.querySelectorAll(".waterfall .wf-e2e").length > 0`)
	b.expect("there are builds", `document.querySelectorAll("[aria-labelledby=run-builds] tbody tr").length === 2`)
	b.click(".job-table summary")
	b.until("its rows are seen", `document.querySelector(".jobs tbody tr").offsetHeight > 0`)
	eval[bool](b, `(() => { history.back(); return true })()`)
	b.until("the list is there, filtered as before", `location.pathname === "/runs" && location.search.includes("restarts=true")`)
	eval[bool](b, `document.querySelector(".page-head a").click() === undefined`)
	b.until("the charts are of the same filter", `location.pathname === "/pipelines" && location.search.includes("restarts=true") && location.search.includes("project=shop%2Fweb")`)
	b.drawn()
}

// TestListOfRunsFits: nothing of the list of runs is cut off in a window of 1280 px,
// whatever the language.
func TestListOfRunsFits(t *testing.T) {
	s := demoToLookAt(t)
	b := openTab(t, s.url, 1280, 900)
	for _, lang := range []string{"en", "ru"} {
		b.open("/runs?branch=*&lang=" + lang)
		if wide := eval[float64](b, `(e => e.scrollWidth - e.clientWidth)(document.querySelector(".records-panel .scroll"))`); wide > 0 {
			t.Errorf("in %s the list is %g px too wide", lang, wide)
		}
	}
}
