package main

import (
	"bytes"
	"testing"
	"time"

	"go.uber.org/goleak"

	"throughline/internal/simulator"
	"throughline/internal/source"
)

func TestSync(t *testing.T) {
	_, server := company(t, simulator.Options{Issues: 40})
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent(), goleak.IgnoreAnyFunction("net/http.(*conn).serve"))
	environ := connected(t, server.URL)
	code, stdout, stderr := cli(t, environ, "sync")
	expect(t, code, exitDone, stdout+stderr, "tracker: done in ", ": 40 read, 40 new, 0 changed, 0 unchanged, 0 gone, ")

	code, stdout, _ = cli(t, environ, "sync")
	expect(t, code, exitDone, stdout, "nothing is due\n", "tracker: next sync at ")

	code, stdout, _ = cli(t, environ, "sync", "--connection", "tracker")
	expect(t, code, exitDone, stdout, "tracker: done in ", " 0 new, 0 changed, ")

	code, _, stderr = cli(t, environ, "sync", "--connection", "jira")
	expect(t, code, exitUsage, stderr, `there is no connection "jira"; there are: tracker`)
	code, _, stderr = cli(t, environ, "sync", "--connection", "")
	expect(t, code, exitUsage, stderr, `there is no connection ""`)
}

func TestSyncWithoutConnections(t *testing.T) {
	environ := dataDir(t)
	code, stdout, _ := cli(t, environ, "sync")
	expect(t, code, exitDone, stdout, "nothing is due\n", "there are no connections yet\n")
	code, _, stderr := cli(t, environ, "sync", "--connection", "tracker")
	expect(t, code, exitUsage, stderr, `there is no connection "tracker"; there are none yet`)
	code, _, stderr = cli(t, environ, "sync", "--connection", "ci")
	expect(t, code, exitUsage, stderr, "nothing is pulled from ci: it takes what is pushed")
}

func TestSyncProblems(t *testing.T) {
	t.Parallel() // mostly waits
	_, server := company(t, simulator.Options{Issues: 40, Broken: true})
	code, stdout, _ := cli(t, connected(t, server.URL), "sync")
	expect(t, code, exitError, stdout, "tracker: problems in ", "tracker: records that could not be taken and are tried again next time: 3\n  ")
}

func TestSyncPaused(t *testing.T) {
	_, server := company(t, simulator.Options{Issues: 5, Token: "another"})
	environ := connected(t, server.URL)
	code, stdout, stderr := cli(t, environ, "sync")
	expect(t, code, exitError, stdout+stderr, "tracker: paused in ")
	code, stdout, _ = cli(t, environ, "sync")
	expect(t, code, exitDone, stdout, "tracker: paused: ", "nothing is due\n")
}

func TestSyncFails(t *testing.T) {
	t.Parallel() // mostly waits
	_, server := company(t, simulator.Options{Issues: -1})
	environ := connected(t, server.URL)
	server.Close()
	code, stdout, stderr := cli(t, environ, "sync")
	expect(t, code, exitError, stdout+stderr, "tracker: failed in ")
}

func TestMeterLines(t *testing.T) {
	var out bytes.Buffer
	now := moment
	m := newMeter(&out, "tracker", func() time.Time { return now })
	for i, p := range []source.Progress{
		{Phase: "history", Found: 100, Read: 1},
		{Phase: "history", Found: 100, Read: 10},
		{Phase: "history", Found: 100, Read: 50},
		{Phase: "sweep", Read: 90},
	} {
		now = moment.Add(time.Duration(i+1) * 4 * time.Second)
		m.show(p)
	}
	m.end()
	want := "tracker: history: 10 of 100 read, 1/s, 1m12s left\ntracker: sweep: 90 read, 6/s\n"
	if out.String() != want {
		t.Errorf("it said:\n%swant:\n%s", &out, want)
	}
}
