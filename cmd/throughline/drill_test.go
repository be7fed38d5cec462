package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"throughline/internal/simulator"
)

// chartWay is a page's way to a chart: its element, and its instance.
const chartWay = `const el = document.querySelector("[data-chart='chart-%s']"), chart = echarts.getInstanceByDom(el), box = el.getBoundingClientRect();`

type spot struct {
	X, Y float64
	Key  string
}

// spot is where something of a chart is drawn, in the window.
func (b *tab) spot(slug, find string) spot {
	b.t.Helper()
	eval[bool](b, fmt.Sprintf(`document.querySelector("#panel-%s").scrollIntoView({block: "start"}) === undefined`, slug))
	return eval[spot](b, "(() => {"+fmt.Sprintf(chartWay, slug)+find+"})()")
}

// highest is the dot of the scatter that stands above all others.
const highest = `
	let best, which;
	chart.getOption().series.forEach((s, seriesIndex) => {
		for (const d of s.type === "scatter" ? s.data : []) if (!best || d[5] > best[5]) [best, which] = [d, seriesIndex];
	});
	const [x, y] = chart.convertToPixel({seriesIndex: which}, [best[0], best[1]]);
	return {x: box.left + x, y: box.top + y, key: best[2]};`

// TestDrillDown goes from each kind of mark to what is behind it, by mouse and
// by keyboard.
func TestDrillDown(t *testing.T) {
	s := demoToLookAt(t)
	b := openTab(t, s.url, 1440, 900)
	flow := func() {
		t.Helper()
		b.open("/flow?range=180d&bucket=month")
		b.drawn()
	}

	flow()
	dot := b.spot("cycle-time", highest)
	b.do("click a dot", chromedp.MouseClickXY(dot.X, dot.Y))
	b.until("the dot leads to its issue", fmt.Sprintf(`location.pathname === "/issues/%s"`, dot.Key))
	b.untilText(".issue-head", dot.Key)

	flow()
	b.apart("cycle-time", highest, "/issues/"+dot.Key)

	// By keyboard: along the dots, out, and to the last one.
	chart := `[data-chart="chart-cycle-time"]`
	said := func() string {
		return eval[string](b, `document.querySelector("#panel-cycle-time [data-say]").textContent`)
	}
	b.do("stand on the chart", chromedp.Focus(chromedp.CSS(chart)), chromedp.KeyEvent(kb.ArrowRight))
	b.until("the first dot is told", `document.querySelector("#panel-cycle-time [data-say]").textContent.includes("; 1 of ")`)
	if text := said(); strings.Contains(text, "Click") || !strings.Contains(text, "closed") {
		t.Errorf("a dot is told as %q", text)
	}
	tip := func() string {
		return eval[string](b, `(() => {
			const o = window.echarts.getInstanceByDom(document.querySelector("#panel-cycle-time [data-chart]")).getOption();
			return o.tooltip[0].formatter({ value: o.series[0].data[0] });
		})()`)
	}
	if text := tip(); !strings.HasSuffix(text, "Enter opens it") {
		t.Errorf("a tooltip on the way of the arrows says %q", text)
	}
	b.do("go on", chromedp.KeyEvent(kb.ArrowRight))
	b.until("the second dot is told", `document.querySelector("#panel-cycle-time [data-say]").textContent.includes("; 2 of ")`)
	ring := eval[float64](b, `document.querySelectorAll("#panel-cycle-time .mark-ring").length`)
	b.do("leave", chromedp.KeyEvent(kb.Escape))
	left := eval[float64](b, `document.querySelectorAll("#panel-cycle-time .mark-ring").length`)
	if ring != 1 || left != 0 || said() != "" {
		t.Errorf("%g rings on a mark, %g after leaving, said %q", ring, left, said())
	}
	b.do("go to the last", chromedp.KeyEvent(kb.End))
	last, _, _ := strings.Cut(said(), " ")
	b.do("open it", chromedp.KeyEvent(kb.Enter))
	b.until("Enter leads to the issue", fmt.Sprintf(`location.pathname === "/issues/%s"`, last))

	b.open("/flow?range=90d&bucket=week")
	b.drawn()
	b.do("stand on the trend", chromedp.Focus(chromedp.CSS(`[data-chart="chart-cycle-time-trend"]`)), chromedp.KeyEvent(kb.ArrowRight))
	b.until("a week is called one", `document.querySelector("#panel-cycle-time-trend [data-say]").textContent.startsWith("Week from ")`)

	// A bucket and a bar.
	for slug, find := range map[string]string{
		"cycle-time-trend": `const i = 2, x = chart.convertToPixel({xAxisIndex: 0}, i);
			return {x: box.left + x, y: box.top + 120, key: String(chart.getOption().series.find((s) => s.type === "bar").data[i].value)};`,
		"time-in-status": `const i = 0, y = chart.convertToPixel({yAxisIndex: 0}, i);
			return {x: box.left + box.width / 2, y: box.top + y, key: String(chart.getOption().series[0].data[i].n)};`,
	} {
		flow()
		mark := b.spot(slug, find)
		b.do("click a mark of "+slug, chromedp.MouseClickXY(mark.X, mark.Y))
		b.until("the mark leads to its issues", `location.pathname === "/issues"`)
		b.untilText("#records h2", mark.Key+" issue")
	}

	// A row of a table, and what was left out.
	flow()
	b.click(`#panel-cycle-time-trend [data-view=table]`)
	n := eval[string](b, `document.querySelector("#table-cycle-time-trend tbody tr:nth-child(3) td:nth-child(5)").innerText`)
	b.follow(`#table-cycle-time-trend tbody tr:nth-child(3) a`)
	b.untilText("#records h2", n+" issue")
	flow()
	b.click(`#panel-cycle-time details:first-of-type summary`)
	reason := eval[string](b, `document.querySelector("#panel-cycle-time .note li").innerText`)
	b.follow(`#panel-cycle-time .note li a`)
	count, _, _ := strings.Cut(reason, " ")
	b.untilText("#records h2", count+" issue")
	b.until("sorted by close, newest first", `document.querySelector(".records th[aria-sort=descending]")?.innerText.startsWith("Closed")`)
	b.follow(`.records thead th:nth-child(7) a`)
	b.until("sorted by close, oldest first", `document.querySelector(".records th[aria-sort=ascending]")?.innerText.startsWith("Closed")`)
	b.follow(".records tbody tr:first-child a")
	b.untilText("h2", "History")
}

// apart checks that the middle button opens a mark beside the page.
func (b *tab) apart(slug, find, want string) {
	b.t.Helper()
	eval[bool](b, `(() => { window.open = (url) => { window.opened = url }; return true })()`)
	at := b.spot(slug, find)
	b.do("click with the middle button", chromedp.MouseClickXY(at.X, at.Y, chromedp.ButtonMiddle))
	b.until("it opens apart", fmt.Sprintf("window.opened === %q && location.pathname === '/flow'", want))
}

// TestCopyLink: the link to a chart holds the page's filter, and whoever opens
// it sees that chart.
func TestCopyLink(t *testing.T) {
	s := demoToLookAt(t)
	b := openTab(t, s.url, 1440, 600)
	b.open("/flow?range=30d&queue=WEB")
	b.drawn()
	eval[bool](b, `(() => { navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve() }; return true })()`)
	b.click("#panel-time-in-status [data-link]")
	b.untilText("#panel-time-in-status .panel-foot", "Copied")
	b.until("a voice says it", `document.querySelector("#panel-time-in-status [data-say]").textContent === "Copied"`)
	link := eval[string](b, "window.copied")
	if link != s.url+"/flow?range=30d&queue=WEB#panel-time-in-status" {
		t.Fatalf("copied %s", link)
	}
	b.open("/")
	b.open(strings.TrimPrefix(link, s.url))
	b.drawn()
	b.until("the chart is in view", `(() => { const r = document.querySelector("#panel-time-in-status").getBoundingClientRect(); return r.top >= 0 && r.top < innerHeight / 2 })()`)

	eval[bool](b, `(() => { navigator.clipboard.writeText = () => Promise.reject(new Error("no")); document.execCommand = () => false; return true })()`)
	b.click("#panel-time-in-status [data-link]")
	b.until("without a clipboard the address is there to copy", fmt.Sprintf(`document.querySelector("#panel-time-in-status .address")?.value === %q`, link))
}

// TestIssuePageOnAPhone shows a viewer, in Russian and on a phone, an issue
// whose history hides a change.
func TestIssuePageOnAPhone(t *testing.T) {
	axe := axeScript(t)
	_, api := company(t, simulator.Options{Issues: 400})
	environ := append(connected(t, api.URL), "THROUGHLINE_ADMIN_EMAIL="+bossEmail, "THROUGHLINE_ADMIN_PASSWORD="+bossPassword)
	s := launch(t, environ, "serve")
	s.logged(`msg="sync ended"`)
	code, stdout, stderr := typed(t, environ, bossPassword+"\n", "user", "add", "--role", "viewer", "vera@example.com")
	expect(t, code, exitDone, stdout+stderr, "vera@example.com can sign in")
	b := openTab(t, s.url, 390, 844)
	b.signIn("vera@example.com", bossPassword)
	b.prefer("lang", "ru")
	key := b.hiddenTransition()
	if key == "" {
		t.Fatal("no history hides a change")
	}
	b.open("/issues/" + key)
	b.untilText("main", "История противоречит сама себе")
	b.untilText(".anomalies", "но ни одно изменение не показывает")
	b.untilText(".periods", "восстановлено")
	if href := eval[string](b, `document.querySelector(".issue-head a.button").href`); !strings.HasPrefix(href, "http") {
		t.Errorf("the source is at %q", href)
	}
	for _, path := range []string{"/issues/" + key, "/issues?range=40m", "/issues?range=40m&excluded=any", "/issues/NONE-1"} {
		b.open(path)
		b.drawn()
		if wide := eval[float64](b, `document.documentElement.scrollWidth - innerWidth`); wide > 0 {
			t.Errorf("%s is %g px wider than the window", path, wide)
		}
		b.accessible(axe, path)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = slices.DeleteFunc(b.faults, func(fault string) bool { return strings.Contains(fault, "404 (Not Found)") })
}

// hiddenTransition is the key of an issue whose history hides a change.
func (b *tab) hiddenTransition() string {
	b.t.Helper()
	return ask(b, "look for a hidden change", chromedp.Evaluate[string](`(async () => {
		const list = await (await fetch("/api/v1/issues?range=200w&limit=400")).json();
		for (const { key } of list.items) {
			const issue = await (await fetch("/api/v1/issues/" + key)).json();
			if (issue.anomalies.some((a) => a.kind === "hidden_transition")) return key;
		}
		return "";
	})()`, chromedp.EvalAwaitPromise))
}
