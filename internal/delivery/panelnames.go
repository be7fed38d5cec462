package delivery

import "slices"

// panelNames are the panels there are, by what they are of, in the order of the pages.
var panelNames = []struct {
	of    Subject
	slugs []string
}{
	{OfIssues, []string{
		"cycle-time", "cycle-time-trend", "cycle-time-histogram", "control-chart", "aging", "throughput", "forecast",
		"cumulative-flow", "lead-time-trend", "time-in-status", "flow-efficiency", "blocked-time",
	}},
	{OfRuns, []string{
		"pipeline-duration", "pipeline-duration-e2e", "pipeline-duration-total", "pipeline-success", "pipeline-count",
		"queue-time", "build-duration", "pipeline-jobs", "pipeline-jobs-total", "build-times", "job-failure-rate",
	}},
	{OfDora, []string{
		"deployment-frequency", "change-lead-time", "lead-time-stages", "change-fail-rate", "recovery-time", "rework-rate",
		"incidents", "tickets",
	}},
	{OfErrors, []string{"errors-open", "errors-events", "errors-resolve-time", "errors-by-release", "crash-free", "rate-limits"}},
	{OfSeries, []string{"series"}},
}

// PanelSubject is what the panel of a slug is of, which says what can narrow it.
func PanelSubject(slug string) (of Subject, known bool) {
	for _, group := range panelNames {
		if slices.Contains(group.slugs, slug) {
			return group.of, true
		}
	}
	return "", false
}

// PanelSlugs are the panels there are, in the order of the pages.
func PanelSlugs() []string {
	var all []string
	for _, group := range panelNames {
		all = append(all, group.slugs...)
	}
	return all
}
