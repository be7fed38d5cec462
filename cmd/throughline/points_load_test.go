package main

import (
	"bytes"
	"compress/zlib"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"throughline/internal/store/clickhousestore/chtest"
)

const pointsToken = "token-of-scripts-0123456789"

// pointServer is a server in a process of its own that takes points.
type pointServer struct {
	tb  testing.TB
	cmd *exec.Cmd
	log *screen
	url string
}

// pointBinary builds the program.
func pointBinary(tb testing.TB) string {
	tb.Helper()
	binary := filepath.Join(tb.TempDir(), "throughline")
	build := exec.CommandContext(tb.Context(), "go", "build", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		tb.Fatalf("%v: %s", err, out)
	}
	return binary
}

// pointEnviron is a data directory of its own with a token for points.
func pointEnviron(tb testing.TB, store string) []string {
	tb.Helper()
	dir := tb.TempDir()
	file := filepath.Join(tb.TempDir(), "provision.yaml")
	text := "tokens:\n  - {name: scripts, scopes: [ingest, read], token: " + pointsToken + "}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	return []string{
		"THROUGHLINE_DATA_DIR=" + dir, "THROUGHLINE_PROVISION=" + file, "THROUGHLINE_ADDR=127.0.0.1:0", "THROUGHLINE_STORE=" + store,
		"THROUGHLINE_ALLOWED_NETWORKS=127.0.0.0/8", "THROUGHLINE_LOG_LEVEL=info",
		"THROUGHLINE_ADMIN_EMAIL=lead@example.com", "THROUGHLINE_ADMIN_PASSWORD=" + loadPassword,
	}
}

func startPoints(tb testing.TB, binary string, environ []string) *pointServer {
	tb.Helper()
	p := &pointServer{tb: tb, log: &screen{}}
	p.cmd = exec.CommandContext(tb.Context(), binary)
	p.cmd.Env = append(os.Environ(), environ...)
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	if err := p.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	listening := regexp.MustCompile(`msg=listening addr=(\S+)`)
	for end := time.Now().Add(patience); p.url == ""; time.Sleep(2 * time.Millisecond) {
		if found := listening.FindStringSubmatch(p.log.String()); found != nil {
			p.url = "http://" + found[1]
		} else if time.Now().After(end) {
			tb.Fatal(p.log)
		}
	}
	return p
}

func (p *pointServer) kill() {
	if err := p.cmd.Process.Kill(); err != nil {
		p.tb.Fatal(err)
	}
	_ = p.cmd.Wait() // it was killed
}

func (p *pointServer) stop() {
	if err := errors.Join(p.cmd.Process.Signal(os.Interrupt), p.cmd.Wait()); err != nil {
		p.tb.Fatalf("%v\n%s", err, p.log)
	}
}

// put sends a compressed body.
func (p *pointServer) put(client *http.Client, body []byte) (status int, answer string, err error) {
	req, err := http.NewRequest(http.MethodPost, p.url+"/api/put?details", bytes.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Authorization", "Bearer "+pointsToken)
	req.Header.Set("Content-Encoding", "deflate")
	res, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	text, err := io.ReadAll(res.Body)
	return res.StatusCode, string(text), errors.Join(err, res.Body.Close())
}

// askedSeries is an answer of /api/query.
type askedSeries struct {
	Outputs []struct {
		ID     string
		Result []struct {
			Metric string
			Tags   map[string]string
			Points [][2]float64 `json:"dps"`
		}
	}
	Stats struct {
		Millis int `json:"queryTimeMillis"`
	} `json:"query_stats"`
	Hints []string
}

func (p *pointServer) query(text string, start, end int64) (answer askedSeries) {
	p.tb.Helper()
	path := fmt.Sprintf("/api/query?start=%d&end=%d&q=%s", start, end, url.QueryEscape(text))
	req, err := http.NewRequest(http.MethodGet, p.url+path, nil)
	if err != nil {
		p.tb.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+pointsToken)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.tb.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil || res.StatusCode != http.StatusOK {
		p.tb.Fatalf("%d %s %v", res.StatusCode, body, err)
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		p.tb.Fatal(err)
	}
	return answer
}

// counted is how many points of a metric there are.
func (p *pointServer) counted(metric string, start, end int64) int {
	p.tb.Helper()
	a := p.query("fetch('"+metric+"').downsample('52w', 'count').sum_by()", start, end)
	n := 0
	for _, o := range a.Outputs {
		for _, r := range o.Result {
			for _, point := range r.Points {
				n += int(point[1])
			}
		}
	}
	return n
}

const loadedPoints = 5000 // of a body

// pointBody is a body of points of as many series, deflated.
func pointBody(tb testing.TB, metric string, series int, at int64) []byte {
	tb.Helper()
	var text bytes.Buffer
	w := zlib.NewWriter(&text)
	sign := "["
	for i := range loadedPoints {
		_, _ = fmt.Fprintf(w, `%s{"metric": "%s", "timestamp": %d, "value": %d.5, "tags": {"host": "ci-%d", "service": "web", "suite": "unit"}}`,
			sign, metric, at+int64(i/series), i, i%series)
		sign = ", "
	}
	_, _ = io.WriteString(w, "]")
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return text.Bytes()
}

// BenchmarkPut is what four clients can send in bodies of 5,000 points, kept before
// the answer, and how soon it is all in the store.
//
//	go test -run '^$' -bench Put -benchtime 1x -timeout 20m ./cmd/throughline
func BenchmarkPut(b *testing.B) {
	const clients, each = 4, 100
	binary := pointBinary(b)
	for _, store := range []string{"sqlite", "clickhouse"} {
		b.Run(store, func(b *testing.B) {
			address := store
			if store == "clickhouse" {
				address = chtest.Open(b)
			}
			p := startPoints(b, binary, pointEnviron(b, address))
			defer p.stop()
			start := time.Now().Add(-24 * time.Hour).Unix()
			bodies := make([][]byte, clients*each)
			for i := range bodies {
				bodies[i] = pointBody(b, "load", 1000, start+int64(i)*5)
			}
			for b.Loop() {
				began := time.Now()
				var group sync.WaitGroup
				for c := range clients {
					group.Go(func() {
						client := &http.Client{Transport: &http.Transport{}}
						for i := range each {
							status, answer, err := p.put(client, bodies[c*each+i])
							if err != nil || status != http.StatusOK || !strings.Contains(answer, `"success":5000`) {
								b.Errorf("%d %.200s %v", status, answer, err)
							}
						}
					})
				}
				group.Wait()
				kept := time.Since(began)
				for p.counted("load", start, start+86400) < len(bodies)*loadedPoints {
					time.Sleep(20 * time.Millisecond)
				}
				stored := time.Since(began)
				b.ReportMetric(float64(len(bodies)*loadedPoints)/kept.Seconds(), "points/s-kept")
				b.ReportMetric(float64(len(bodies)*loadedPoints)/stored.Seconds(), "points/s-stored")
			}
		})
	}
}
