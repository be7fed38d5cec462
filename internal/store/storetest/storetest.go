// Package storetest is the behaviour that every delivery.Store shows. A store
// passes it by calling Run in its own tests.
package storetest

import (
	"testing"

	"throughline/internal/delivery"
)

// Opener opens the store under test.
type Opener struct {
	// Open opens a new and empty store, which the test closes.
	Open func(t *testing.T) delivery.Store
	// Reopen closes s and opens what it held, as another process would.
	Reopen func(t *testing.T, s delivery.Store) delivery.Store
}

// Run runs the suite.
func Run(t *testing.T, o Opener) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, s *store)
	}{
		{"empty", testEmpty},
		{"round trip", testRoundTrip},
		{"written twice", testWrittenTwice},
		{"any order", testAnyOrder},
		{"tail", testTail},
		{"replace", testReplace},
		{"full", testFull},
		{"states", testStates},
		{"moved", testMoved},
		{"aliases", testAliases},
		{"gone", testGone},
		{"atomic", testAtomic},
		{"cancelled", testCancelled},
		{"persistent", testPersistent},
		{"export", testExport},
		{"export of nothing", testExportNothing},
		{"export of large issues", testExportLarge},
		{"gone at once", testGoneAtOnce},
		{"names", testNames},
		{"mark", testMark},
		{"adopted", testAdopted},
		{"cycle time", testCycleTime},
		{"cycle time trend", testTrend},
		{"reopened", testReopened},
		{"calendar", testCalendar},
		{"time in status", testTimeInStatus},
		{"time in status names", testTimeInStatusNames},
		{"open in a range", testOpen},
		{"open by the workflow", testOpenWorkflow},
		{"filters", testFilters},
		{"thinning", testThinning},
		{"lists", testLists},
		{"pages", testPages},
		{"facets", testFacets},
		{"dictionary", testDictionary},
		{"people", testPeople},
		{"statuses in use", testStatusesInUse},
		{"workflow", testWorkflow},
		{"workflow that changes nothing", testWorkflowSame},
		{"workflow per queue", testWorkflowQueues},
		{"workflow and writes", testWorkflowWrites},
		{"status types", testStatusTypes},
		{"interrupted rebuild", testInterrupted},
		{"overtaken rebuild", testOvertaken},
		{"exclusions during a rebuild", testExclusionsRebuilt},
		{"workflow versions", testVersions},
		{"versions that change nothing", testVersionsSame},
		{"interrupted rebuild of versions", testVersionsInterrupted},
		{"workflow of a team", testTeamWorkflow},
		{"team scope", testTeamScope},
		{"calendars of queues", testCalendars},
		{"records", testRecords},
		{"records that make no sense", testRecordsRefused},
		{"records of lives", testRecordsOfLives},
		{"what if", testWhatIf},
		{"supposed", testSupposed},
		{"lives", testLives},
		{"panels of lives", testFlowPanels},
		{"panels of lives over time", testFlowPanelsOverTime},
		{"panels of lives, empty", testFlowPanelsEmpty},
		{"blocked by tags", testTagged},
		{"oddities", testOddities},
		{"oddities over time", testOdditiesVersions},
		{"oddities of a made-up company", testOdditiesCompany},
		{"odd runs", testOddRuns},
		{"made-up company over time", testCompanyOverTime},
		{"any workflows", testAnyWorkflows},
		{"fields of runs", testRunFields},
		{"runs that are refused", testRunRefused},
		{"runs said again", testRunUpsert},
		{"runs replaced", testRunReplaced},
		{"runs told apart", testRunsApart},
		{"runs told in parts", testRunParts},
		{"runs told step by step", testRunPartsSteps},
		{"runs told and pulled", testRunPartsPulled},
		{"no runs", testRunsEmpty},
		{"durations of runs", testRunDurations},
		{"buckets of runs", testRunBuckets},
		{"counts of runs", testRunCounts},
		{"times of jobs", testJobTimes},
		{"times of builds", testBuildTimes},
		{"deployment jobs", testDeployJobs},
		{"branches of runs", testRunBranches},
		{"filters of runs", testRunFilters},
		{"pages of runs", testRunPages},
		{"facets of runs", testRunFacets},
		{"export of runs", testRunsExport},
		{"export of large runs", testRunsExportLarge},
		{"facts of deployments", testDoraFacts},
		{"facts of deployments in parts", testDoraParts},
		{"touched services", testDoraTouched},
		{"derived rows", testDoraChunks},
		{"derived deployments", testDoraDerived},
		{"deployments by other rules", testDoraWhatIf},
		{"export of deployments", testDoraExport},
		{"facts of errors", testErrorFacts},
		{"services touched by errors", testErrorTouched},
		{"export of errors", testErrorExport},
		{"series, none", testSeriesEmpty},
		{"series kept", testSeriesKept},
		{"series in buckets", testSeriesBuckets},
		{"series rolled up", testSeriesRolled},
		{"series retired", testSeriesRetired},
		{"series, many", testSeriesMany},
		{"series kept as long as their hours", testSeriesSameKeep},
		{"series sealed", testSeriesSealed},
		{"export of series", testSeriesExport},
		{"reads beside writes", testConcurrent},
		{"several writers", testWriters},
		{"panics", testPanics},
		{"made-up company", testCompany},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := &store{Store: o.Open(t), o: o}
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
			})
			c.run(t, s)
		})
	}
}

// store is the store under test.
type store struct {
	delivery.Store
	o Opener
}

func (s *store) reopen(t *testing.T) { t.Helper(); s.Store = s.o.Reopen(t, s.Store) }

// write writes issues of the connection "tracker".
func (s *store) write(t *testing.T, issues ...delivery.IssueRecord) delivery.Written {
	t.Helper()
	return s.batch(t, delivery.Batch{Connection: tracker, Statuses: dictionary, Issues: issues})
}

func (s *store) batch(t *testing.T, b delivery.Batch) delivery.Written {
	t.Helper()
	w, err := s.Write(t.Context(), b)
	if err != nil {
		t.Fatalf("write: %v", err)
	}
	return w
}

func (s *store) version(t *testing.T) int64 {
	t.Helper()
	v, err := s.Version(t.Context())
	if err != nil {
		t.Fatalf("version: %v", err)
	}
	return v
}

func (s *store) setWorkflow(t *testing.T, w delivery.Workflow) {
	t.Helper()
	s.setWorkflows(t, delivery.OneWorkflow(w))
}

func (s *store) setWorkflows(t *testing.T, w delivery.Workflows) {
	t.Helper()
	if err := s.SetWorkflow(t.Context(), w); err != nil {
		t.Fatalf("set workflow: %v", err)
	}
}

func (s *store) rebuild(t *testing.T) {
	t.Helper()
	if err := s.Rebuild(t.Context(), nil); err != nil {
		t.Fatalf("rebuild: %v", err)
	}
	s.rebuilding(t, false)
}

func (s *store) rebuilding(t *testing.T, want bool) {
	t.Helper()
	if got, err := s.Rebuilding(t.Context()); err != nil || got != want {
		t.Fatalf("rebuilding: %v, %v; want %v", got, err, want)
	}
}

func (s *store) issue(t *testing.T, key string) delivery.IssueDetail {
	t.Helper()
	i, err := s.Issue(t.Context(), key)
	if err != nil {
		t.Fatalf("issue %s: %v", key, err)
	}
	return i
}

func (s *store) cycleTime(t *testing.T, q delivery.FlowQuery) delivery.CycleTime {
	t.Helper()
	r, err := s.CycleTime(t.Context(), q)
	if err != nil {
		t.Fatalf("cycle time: %v", err)
	}
	return r
}

func (s *store) trend(t *testing.T, q delivery.FlowQuery) delivery.CycleTimeTrend {
	t.Helper()
	r, err := s.CycleTimeTrend(t.Context(), q)
	if err != nil {
		t.Fatalf("cycle time trend: %v", err)
	}
	return r
}

func (s *store) timeInStatus(t *testing.T, q delivery.FlowQuery) delivery.TimeInStatus {
	t.Helper()
	r, err := s.TimeInStatus(t.Context(), q)
	if err != nil {
		t.Fatalf("time in status: %v", err)
	}
	return r
}

func (s *store) records(t *testing.T, q delivery.RecordsQuery) delivery.Records {
	t.Helper()
	r, err := s.Records(t.Context(), q)
	if err != nil {
		t.Fatalf("records: %v", err)
	}
	return r
}

func (s *store) whatIf(t *testing.T, q delivery.FlowQuery, then delivery.Supposition) delivery.FlowChange {
	t.Helper()
	r, err := s.WhatIf(t.Context(), q, then)
	if err != nil {
		t.Fatalf("what if: %v", err)
	}
	return r
}

func (s *store) list(t *testing.T, q delivery.IssueQuery) []delivery.ListedIssue {
	t.Helper()
	var out []delivery.ListedIssue
	for i, err := range s.Issues(t.Context(), q) {
		if err != nil {
			t.Fatalf("issues: %v", err)
		}
		out = append(out, i)
	}
	return out
}

func (s *store) ids(t *testing.T, connection string) []string {
	t.Helper()
	var out []string
	for st, err := range s.IssueIDs(t.Context(), connection) {
		if err != nil {
			t.Fatalf("issue ids: %v", err)
		}
		out = append(out, st.ID+" "+st.Key)
	}
	return out
}

func (s *store) states(t *testing.T, ids ...string) map[string]delivery.IssueState {
	t.Helper()
	states, err := s.IssueStates(t.Context(), tracker, ids)
	if err != nil {
		t.Fatalf("issue states: %v", err)
	}
	return states
}
