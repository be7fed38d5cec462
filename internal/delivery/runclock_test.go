package delivery

import "testing"

// clocked is what Clock works out.
type clocked struct {
	started, finished Instant
	duration, e2e     int64
	restarts          bool
}

// ran is a job that ran from one instant to another.
func ran(status RunStatus, from, to Instant) Job {
	return Job{Status: status, StartedAt: from, FinishedAt: to}
}

func e2e(job Job) Job {
	job.E2E = true
	return job
}

func TestClock(t *testing.T) {
	for name, c := range map[string]struct {
		run  Run
		want clocked
	}{
		"without jobs": {
			Run{Status: RunFailed, Attempt: 1, CreatedAt: 100},
			clocked{0, 0, NotSaid, NotSaid, false},
		},
		"without jobs, as said": {
			Run{Status: RunFailed, Attempt: 1, CreatedAt: 100, StartedAt: 110, FinishedAt: 150},
			clocked{110, 150, 50, NotSaid, false},
		},
		"jobs": {
			Run{Status: RunSuccess, Attempt: 1, CreatedAt: 100, FinishedAt: 900, Jobs: []Job{ran(RunSuccess, 130, 180), ran(RunFailed, 120, 170)}},
			clocked{120, 180, 80, NotSaid, false},
		},
		"going on": {
			Run{Status: RunRunning, Attempt: 1, CreatedAt: 100, FinishedAt: 900, Duration: 5, Jobs: []Job{
				e2e(ran(RunSuccess, 120, 170)), ran(RunRunning, 130, 0), ran(RunWaiting, 105, 0),
			}},
			clocked{120, 0, NotSaid, NotSaid, false},
		},
		"skipped": {
			Run{Status: RunSkipped, Attempt: 1, CreatedAt: 100, Jobs: []Job{e2e(ran(RunSkipped, 101, 102))}},
			clocked{0, 0, NotSaid, NotSaid, false},
		},
		"skipped at the end": {
			Run{Status: RunSuccess, Attempt: 1, CreatedAt: 100, Jobs: []Job{ran(RunSuccess, 110, 150), ran(RunSkipped, 190, 190)}},
			clocked{110, 150, 50, NotSaid, false},
		},
		"clocks that disagree": {
			Run{Status: RunSuccess, Attempt: 1, CreatedAt: 100, Jobs: []Job{e2e(ran(RunSuccess, 98, 97))}},
			clocked{98, 97, 0, 0, false},
		},
		"e2e": {
			Run{Status: RunFailed, Attempt: 1, CreatedAt: 100, Jobs: []Job{
				ran(RunSuccess, 110, 120), e2e(ran(RunSuccess, 130, 150)), e2e(ran(RunFailed, 125, 160)), e2e(ran(RunSkipped, 1, 175)), ran(RunSuccess, 170, 180),
			}},
			clocked{110, 180, 80, 35, false},
		},
		"e2e that goes on": {
			Run{Status: RunFailed, Attempt: 1, CreatedAt: 100, Jobs: []Job{e2e(ran(RunSuccess, 130, 150)), e2e(ran(RunRunning, 125, 0))}},
			clocked{125, 150, 50, NotSaid, false},
		},
		"e2e of no start": {
			Run{Status: RunCancelled, Attempt: 1, CreatedAt: 100, Jobs: []Job{e2e(ran(RunCancelled, 0, 150))}},
			clocked{0, 150, 50, NotSaid, false},
		},
		"another attempt": {
			Run{Status: RunSuccess, Attempt: 2, CreatedAt: 100, AttemptAt: 500, Jobs: []Job{ran(RunSuccess, 520, 580)}},
			clocked{0, 580, 80, NotSaid, true},
		},
		"another attempt with a job of the one before": {
			Run{Status: RunSuccess, Attempt: 2, CreatedAt: 100, AttemptAt: 500, Jobs: []Job{ran(RunSuccess, 120, 170), ran(RunSuccess, 520, 580)}},
			clocked{120, 580, 80, NotSaid, true},
		},
		"another attempt with an e2e job of the one before": {
			Run{Status: RunSuccess, Attempt: 2, CreatedAt: 100, AttemptAt: 500, Jobs: []Job{
				e2e(ran(RunSuccess, 120, 170)), e2e(ran(RunSuccess, 520, 560)), ran(RunSuccess, 560, 580),
			}},
			clocked{120, 580, 80, 40, true},
		},
		"another attempt after one that is known": {
			Run{Status: RunRunning, Attempt: 3, CreatedAt: 100, StartedAt: 130, AttemptAt: 500, Jobs: []Job{ran(RunRunning, 520, 0)}},
			clocked{130, 0, NotSaid, NotSaid, true},
		},
		"a third attempt with a job of one before": {
			Run{Status: RunSuccess, Attempt: 3, CreatedAt: 100, AttemptAt: 500, Jobs: []Job{ran(RunSuccess, 420, 470), ran(RunSuccess, 520, 580)}},
			clocked{0, 580, 80, NotSaid, true},
		},
		"another attempt of no beginning": {
			Run{Status: RunSuccess, Attempt: 2, CreatedAt: 100, Jobs: []Job{ran(RunSuccess, 520, 580)}},
			clocked{0, 580, 480, NotSaid, true},
		},
		"restarts as said": {
			Run{Status: RunWaiting, Attempt: 1, HasRestarts: true},
			clocked{0, 0, NotSaid, NotSaid, true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 {
				c.run.Clock()
				got := clocked{c.run.StartedAt, c.run.FinishedAt, c.run.Duration, c.run.DurationE2E, c.run.HasRestarts}
				if got != c.want {
					t.Errorf("got %+v, want %+v", got, c.want)
				}
			}
		})
	}
}
