package web

import (
	"context"
	"slices"

	"throughline/internal/delivery"
)

// panel is one chart of the product: its texts, its unit, and the question it
// asks the store.
type panel struct {
	slug       string
	page       string // path of the page that shows it
	of         delivery.Subject
	title      string // messages of the catalogue
	definition string
	unit       string // of its values
	now        bool   // its answer depends on now
	unkept     bool   // what it is of changes without the store's version
	finished   bool   // it is of issues that were closed
	parts      string // what of a run it measures: builds, jobs or deploy_jobs, "" for all of it
	load       loader
}

// loader asks the store what a panel shows.
type loader func(ctx context.Context, s delivery.Store, q panelQuery) (delivery.PanelData, error)

// panelQuery is the question of a panel, about what it is of.
type panelQuery struct {
	filter delivery.Filter
	flow   delivery.FlowQuery
	runs   delivery.RunQuery
	dora   delivery.DoraQuery
	errors delivery.ErrorsAsked
	series delivery.SeriesAsked

	deploys delivery.DeployRules // what counts as a deployment, for deploy_jobs

	projects delivery.Patterns // whose tickets count, nil for all
}

// panels are all there are, in the order of their pages. Adding one is adding a
// line.
func panels() []panel {
	return []panel{
		flowPanel("cycle-time", "seconds", delivery.Store.CycleTime).ofFinished(),
		flowPanel("cycle-time-trend", "seconds", delivery.Store.CycleTimeTrend).ofFinished().byNow(),
		flowPanel("cycle-time-histogram", "seconds", ofLives(delivery.CycleTimeHistogramOf)).ofFinished(),
		flowPanel("control-chart", "seconds", ofLives(delivery.ControlChartOf)).ofFinished(),
		flowPanel("aging", "seconds", ofLives(delivery.AgingOf)).byNow(),
		flowPanel("throughput", "issues", ofLives(delivery.ThroughputOf)).ofFinished().byNow(),
		flowPanel("forecast", "issues", ofLives(delivery.ForecastOf)).ofFinished().byNow(),
		flowPanel("cumulative-flow", "issues", ofLives(delivery.CumulativeFlowOf)).byNow(),
		flowPanel("lead-time-trend", "seconds", ofLives(delivery.LeadTimeTrendOf)).ofFinished().byNow(),
		flowPanel("time-in-status", "seconds", delivery.Store.TimeInStatus).byNow(),
		flowPanel("flow-efficiency", "ratio", ofLives(delivery.FlowEfficiencyOf)).ofFinished().byNow(),
		flowPanel("blocked-time", "seconds", ofLives(delivery.BlockedTimeOf)).byNow(),
		runTimes("pipeline-duration", delivery.RunWithoutE2E),
		runTimes("pipeline-duration-e2e", delivery.RunE2E),
		runTimes("pipeline-duration-total", delivery.RunTotal),
		runPanel("pipeline-success", "ratio", loadRunSuccess),
		runPanel("pipeline-count", "runs", loadRunCounts),
		runTimes("queue-time", delivery.RunQueue),
		runTimes("build-duration", delivery.RunBuild).measuring("builds"),
		named("pipeline-jobs", delivery.Store.JobTimes, delivery.BySlowest).measuring("jobs"),
		named("pipeline-jobs-total", delivery.Store.JobTimes, delivery.ByTotal).measuring("jobs"),
		named("build-times", delivery.Store.BuildTimes, delivery.BySlowest).measuring("builds"),
		runPanel("job-failure-rate", "ratio", loadDeployJobs).measuring(deployJobs),
		doraPanel("deployment-frequency", "deployments"),
		doraPanel("change-lead-time", "seconds"),
		doraPanel("lead-time-stages", "seconds"),
		doraPanel("change-fail-rate", "ratio"),
		doraPanel("recovery-time", "seconds"),
		doraPanel("rework-rate", "ratio"),
		doraPanel("incidents", "incidents"),
		ticketsPanel(),
		errorsPanel("errors-open", "groups"),
		errorsEventsPanel(),
		errorsPanel("errors-resolve-time", "seconds"),
		errorsPanel("errors-by-release", "groups"),
		errorsPanel("crash-free", "ratio"),
		errorsPanel("rate-limits", "ratio"),
		seriesPanel(),
	}
}

func panelBySlug(slug string) (panel, bool) {
	all := panels()
	i := slices.IndexFunc(all, func(p panel) bool { return p.slug == slug })
	if i < 0 {
		return panel{}, false
	}
	return all[i], true
}

// flowPanel is a panel of the page of flow.
func flowPanel[T interface {
	Panel(q delivery.FlowQuery) delivery.PanelData
}](slug, unit string, ask func(delivery.Store, context.Context, delivery.FlowQuery) (T, error)) panel {
	return panel{
		slug: slug, page: "/flow", of: delivery.OfIssues, unit: unit,
		title: "panel." + slug + ".title", definition: "panel." + slug + ".definition",
		load: func(ctx context.Context, s delivery.Store, q panelQuery) (delivery.PanelData, error) {
			answer, err := ask(s, ctx, q.flow)
			return answer.Panel(q.flow), err
		},
	}
}

// ofLives asks a store for what is made from the lives of issues.
func ofLives[T any](of func(context.Context, delivery.LivesStore, delivery.FlowQuery) (T, error)) func(delivery.Store, context.Context, delivery.FlowQuery) (T, error) {
	return func(s delivery.Store, ctx context.Context, q delivery.FlowQuery) (T, error) { return of(ctx, s, q) }
}

// byNow is the panel whose answer depends on now.
func (p panel) byNow() panel {
	p.now = true
	return p
}

// ofFinished is the panel of issues that were closed.
func (p panel) ofFinished() panel {
	p.finished = true
	return p
}

// runPanel is a panel of the page of pipelines.
func runPanel(slug, unit string, load loader) panel {
	return panel{
		slug: slug, page: "/pipelines", of: delivery.OfRuns, unit: unit, now: true,
		title: "panel." + slug + ".title", definition: "panel." + slug + ".definition", load: load,
	}
}

// doraPanel is a panel of the page of deployments.
func doraPanel(slug, unit string) panel {
	return panel{
		slug: slug, page: "/dora", of: delivery.OfDora, unit: unit, now: true,
		title: "panel." + slug + ".title", definition: "panel." + slug + ".definition", load: loadDora(slug),
	}
}

func ticketsPanel() panel {
	p := doraPanel("tickets", "tickets")
	p.load = loadTickets
	return p
}

func runTimes(slug string, m delivery.RunMeasure) panel {
	return runPanel(slug, "seconds", func(ctx context.Context, s delivery.Store, q panelQuery) (delivery.PanelData, error) {
		durations, err := s.RunDurations(ctx, q.runs, m)
		return durations.Panel(slug, &q.filter, q.runs.Zone), err
	})
}

func loadRunSuccess(ctx context.Context, s delivery.Store, q panelQuery) (delivery.PanelData, error) {
	counts, err := s.RunCounts(ctx, q.runs)
	return counts.SuccessPanel(&q.filter, q.runs.Zone), err
}

func loadRunCounts(ctx context.Context, s delivery.Store, q panelQuery) (delivery.PanelData, error) {
	counts, err := s.RunCounts(ctx, q.runs)
	return counts.Panel(&q.filter, q.runs.Zone), err
}

func named(slug string, ask func(delivery.Store, context.Context, delivery.RunQuery) (delivery.NamedTimes, error), by delivery.NamedOrder) panel {
	return runPanel(slug, "seconds", func(ctx context.Context, s delivery.Store, q panelQuery) (delivery.PanelData, error) {
		times, err := ask(s, ctx, q.runs)
		return times.Panel(slug, by, &q.filter, q.runs.Zone), err
	})
}

// measuring is the panel of parts of a run, which not every run has.
func (p panel) measuring(parts string) panel {
	p.parts = parts
	return p
}
