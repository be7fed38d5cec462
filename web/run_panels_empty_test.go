package web

import (
	"strings"
	"testing"

	"throughline/internal/delivery"
)

// Each panel says what keeps it from showing anything, and where that is mended.
func TestEmptyRunPanels(t *testing.T) {
	s := withRuns(t)
	empty := func(path, text, fix string) {
		t.Helper()
		for _, p := range panels() {
			if p.page != "/pipelines" || p.parts == deployJobs { // without rules it says so
				continue
			}
			d := s.page("/panels/" + p.slug + path)
			if got := textOf(d, ".nothing p"); !strings.Contains(got, text) || d.Find("[data-chart]").Length() != 0 {
				t.Errorf("%s%s says %q, want %q", p.slug, path, got, text)
			}
			if got := d.Find(".nothing a").AttrOr("href", ""); got != fix {
				t.Errorf("%s%s is mended at %s", p.slug, path, got)
			}
		}
	}
	empty("?range=30d", "No CI run has been received yet", "/settings/tokens")
	s.addRuns(aRun("1", withBuilds(map[string]int64{"web": 9}), ran("lint", delivery.RunSuccess, 9)))
	empty("?range=30d&project=nobody", "Nothing matches this filter", "/pipelines?range=30d")
	empty("?from=2025-01-01&to=2025-02-01", "Nothing was found in this period", "/pipelines?range=12m")
	empty("?range=30d&branch=other", "Nothing matches this filter", "/pipelines?range=30d")

	s = withRuns(t, aRun("1", func(r *delivery.Run) { r.Branch = "feature" }, withBuilds(map[string]int64{"web": 9}), ran("lint", delivery.RunSuccess, 9)))
	empty("?range=30d", "no runs of a default branch", "/pipelines?branch=%2A&range=30d")
	s = withRuns(t)
	s.demote("viewer")
	empty("?range=30d", "No CI run has been received yet", "")
}

// Of runs that say nothing of builds or jobs, or none of which counts, that is said.
func TestRunPanelsWithoutMeasures(t *testing.T) {
	s := withRuns(t, aRun("1", took(-1, -1, -1)))
	for slug, text := range map[string]string{
		"pipeline-duration":     "Of the 1 run in this period its source does not say this",
		"pipeline-duration-e2e": "Of the 1 run in this period its source does not say this",
		"queue-time":            "Of the 1 run in this period its source does not say this",
	} {
		want(t, s.page("/panels/"+slug+"?range=30d"), ".nothing p", text)
	}
	s = withRuns(t, aRun("1", standing(delivery.RunCancelled)))
	for _, slug := range []string{"pipeline-duration", "queue-time", "pipeline-success"} {
		want(t, s.page("/panels/"+slug+"?range=30d"), ".nothing p", "There is 1 run in this period, and it does not count here")
	}
	for slug, text := range map[string]string{
		"build-duration": "The 1 run in this period tells nothing of builds", "build-times": "The 1 run in this period tells nothing of builds",
		"pipeline-jobs": "The 1 run in this period tells nothing of its jobs", "pipeline-jobs-total": "The 1 run in this period tells nothing of its jobs",
	} {
		d := s.page("/panels/" + slug + "?range=30d")
		want(t, d, ".nothing p", text)
		if got := d.Find(".nothing a").Length(); got != 0 {
			t.Errorf("%s is mended in %d ways", slug, got)
		}
	}
	d := s.page("/panels/build-times?range=30d&lang=ru")
	want(t, d, ".nothing p", "1 прогон за этот период ничего не сообщает о сборках")
}
