package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"throughline/internal/simulator"
)

// What BenchmarkLoad puts on a server.
const (
	loadIssues   = 100_000
	loadSynced   = 60_000 // issues of the sync that runs meanwhile
	loadClients  = 50
	loadPassword = "correct horse battery"
	loadFor      = 5 * time.Minute
	loadArrive   = 10 * time.Second // in which all clients sign in
	loadThink    = 2 * time.Second  // of a reader between two clicks, on average
	loadSettle   = 2 * time.Minute  // at most, until memory is given back
)

// BenchmarkLoad is a team's Monday: a server that knows 100,000 issues, fifty
// people who sign in within ten seconds and click through its pages, and a first sync of
// 60,000 more all the while. It reports what each route took and how much memory
// the server held. It is meant to be read: nothing here fails for being slow.
//
//	go test -run '^$' -bench Load -benchtime 1x -timeout 20m ./cmd/throughline
func BenchmarkLoad(b *testing.B) {
	binary := loadBinary(b)
	info, err := os.Stat(binary)
	if err != nil {
		b.Fatal(err)
	}
	api := httptest.NewServer(simulator.New(7, time.Now(), simulator.Options{Issues: loadSynced, Latency: 20 * time.Millisecond}).Tracker())
	defer api.Close()
	for b.Loop() {
		p := startLoaded(b, binary, loadedDir(b), api.URL, "")
		var r readings
		var clients sync.WaitGroup
		ctx, cancel := context.WithTimeout(b.Context(), loadFor)
		for i := range loadClients {
			clients.Go(func() { newClient(p.url, &r, uint64(i)).read(ctx) })
		}
		clients.Wait()
		cancel()
		highest := p.memory("VmHWM")
		running := p.syncs() > 0
		after := p.settle()
		var quiet readings
		newClient(p.url, &quiet, loadClients).browse(b.Context())
		b.ReportMetric(float64(info.Size())/1e6, "MB/binary")
		b.ReportMetric(p.ready.Seconds()*1000, "ms/start")
		b.ReportMetric(highest, "MiB/highest")
		b.ReportMetric(after, "MiB/after")
		// A log of a benchmark is cut.
		_, _ = fmt.Fprintf(os.Stdout, "the sync ran until the end: %v\n%s\none reader, no sync, pages only:\n%s\n", running, r.table(), quiet.table())
		p.end()
	}
}

// process is a server in a process of its own.
type process struct {
	b     *testing.B
	cmd   *exec.Cmd
	log   *screen
	url   string
	ready time.Duration // from its start until /readyz says so
}

// loadBinary builds the program as it is shipped.
func loadBinary(b *testing.B) string {
	b.Helper()
	binary := filepath.Join(b.TempDir(), "throughline")
	build := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	return binary
}

// startLoaded starts a server that declares more besides.
func startLoaded(b *testing.B, binary, dir, api, more string) *process {
	b.Helper()
	file := filepath.Join(b.TempDir(), "provision.yaml")
	text := `
connections:
  - name: tracker
    kind: tracker
    every: 24h
    settings: {org_id: "1", base_url: "` + api + `", initial_range: 200w}
    secrets: {token: secret}
calendars:
  - {name: default, timezone: Europe/Moscow, workdays: [mon, tue, wed, thu, fri], hours: ["10:00-19:00"], holidays: RU}
workflow: {closed: [closed, resolved, cancelled, done], active: [inProgress, inReview, testing, mitigation]}
` + more
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	p := &process{b: b, log: &screen{}}
	p.cmd = exec.CommandContext(b.Context(), binary)
	p.cmd.Env = append(os.Environ(), "THROUGHLINE_DATA_DIR="+dir, "THROUGHLINE_PROVISION="+file, "THROUGHLINE_ADDR=127.0.0.1:0",
		"THROUGHLINE_ALLOWED_NETWORKS=127.0.0.0/8", "THROUGHLINE_LOG_LEVEL=info",
		"THROUGHLINE_ADMIN_EMAIL=lead@example.com", "THROUGHLINE_ADMIN_PASSWORD="+loadPassword)
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	began := time.Now()
	if err := p.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	listening := regexp.MustCompile(`msg=listening addr=(\S+)`)
	for p.url == "" {
		if found := listening.FindStringSubmatch(p.log.String()); found != nil {
			p.url = "http://" + found[1]
		} else if time.Since(began) > patience {
			b.Fatal(p.log)
		}
		time.Sleep(time.Millisecond)
	}
	res, err := http.Get(p.url + "/readyz")
	if err != nil {
		b.Fatal(err)
	}
	p.ready = time.Since(began)
	if err := res.Body.Close(); err != nil || res.StatusCode != http.StatusOK {
		b.Fatal(res.Status, err)
	}
	return p
}

func (p *process) end() {
	if err := errors.Join(p.cmd.Process.Signal(os.Interrupt), p.cmd.Wait()); err != nil {
		p.b.Fatalf("%v\n%s", err, p.log)
	}
}

// memory is a line of /proc/PID/status in MiB.
func (p *process) memory(name string) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		p.b.Error(err)
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); fields[0] == name+":" {
			kib, err := strconv.ParseFloat(fields[1], 64)
			if err != nil {
				p.b.Error(err)
			}
			return kib / 1024
		}
	}
	return 0
}

// syncs is how many run.
func (p *process) syncs() int {
	log := p.log.String()
	return strings.Count(log, `msg="sync started"`) - strings.Count(log, `msg="sync ended"`)
}

// settle waits until no sync runs and less than 64 MiB are held, or long
// enough, and returns how many are.
func (p *process) settle() float64 {
	p.b.Helper()
	deadline := time.Now().Add(loadSettle)
	for time.Now().Before(deadline) {
		time.Sleep(500 * time.Millisecond)
		if p.syncs() == 0 && p.memory("VmRSS") < 64 {
			break
		}
	}
	return p.memory("VmRSS")
}
