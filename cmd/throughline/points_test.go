package main

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/store/clickhousestore/chtest"
)

// pusher sends to /api/put as a client would.
type pusher struct {
	t    *testing.T
	site *site
}

func deflated(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, err := io.WriteString(w, text)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, text)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func (p *pusher) send(query, encoding, authorization, body string) (int, string) {
	p.t.Helper()
	req, err := http.NewRequest(http.MethodPost, p.site.url+"/api/put"+query, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Authorization", authorization)
	req.Header.Set("Content-Type", "application/json")
	if encoding != "" {
		req.Header.Set("Content-Encoding", encoding)
	}
	res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		p.t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		p.t.Fatal(err)
	}
	return res.StatusCode, strings.TrimSpace(string(text))
}

// TestPoints sends what apptuit-py and clients of OpenTSDB send, and asks as they do,
// with both stores.
func TestPoints(t *testing.T) {
	for _, store := range []string{"sqlite", "clickhouse"} {
		t.Run(store, func(t *testing.T) {
			address := store
			if store == "clickhouse" {
				address = chtest.Open(t)
			}
			s := launch(t, pointEnviron(t, address), "serve")
			p := &pusher{t, s}
			p.apptuit()
			p.opentsdb()
			p.hostile()
			if strings.Contains(s.log.String(), pointsToken) {
				t.Error("the token is in the log")
			}
		})
	}
}

const bearer = "Bearer " + pointsToken

// apptuit is the recorded conversation of apptuit-py 2.4.2, at another time.
func (p *pusher) apptuit() {
	t := p.t
	begin := time.Now().Unix() / 60 * 60
	points := fmt.Sprintf(`[{"metric": "acc_ci_job_seconds", "timestamp": %d, "value": 10.0, "tags": {"run": "1a1fac4b6cd", "suite": "acceptance", "host": "ci-1", "service": "web"}}, {"metric": "acc_ci_job_seconds", "timestamp": %d, "value": 20.0, "tags": {"run": "1a1fac4b6cd", "suite": "acceptance", "host": "ci-1", "service": "web"}}, {"metric": "acc_ci_job_seconds", "timestamp": %d, "value": 42.5, "tags": {"run": "1a1fac4b6cd", "suite": "acceptance", "host": "ci-2", "service": "web", "region": "Z\u00fcrich \u2013 \u6771\u4eac \"q\""}}]`, begin-120, begin-90, begin-60)
	for range 2 { // sent twice, counted once
		status, body := p.send("?details", "deflate", bearer, deflated(t, points))
		same(t, "put", fmt.Sprint(status, body), `200{"success":3,"failed":0,"errors":[]}`)
	}
	status, body := p.site.askAs(pointsToken, fmt.Sprintf("/api/query?start=%d&q=fetch%%28%%27acc_ci_job_seconds%%27%%29.downsample%%28%%271m%%27%%2C%%20%%27avg%%27%%29", begin-3600))
	var answer askedSeries
	if err := json.Unmarshal([]byte(body), &answer); status != http.StatusOK || err != nil {
		t.Fatalf("%d %s %v", status, body, err)
	}
	if len(answer.Outputs) != 1 || answer.Outputs[0].ID != "acc_ci_job_seconds" || len(answer.Outputs[0].Result) != 2 {
		t.Fatalf("answer %s", body)
	}
	got := map[string]any{}
	for _, r := range answer.Outputs[0].Result {
		got[r.Tags["host"]] = r.Points
		if r.Tags["host"] == "ci-2" {
			same(t, "tag", r.Tags["region"], `Zürich – 東京 "q"`)
		}
	}
	same(t, "points", got, map[string]any{
		"ci-1": [][2]float64{{float64(begin - 120), 15}}, "ci-2": [][2]float64{{float64(begin - 60), 42.5}},
	})

	status, body = p.send("?details", "deflate", bearer, deflated(t, fmt.Sprintf(
		`[{"metric": "gauge_value", "timestamp": %d, "value": NaN, "tags": {"worker_id": 4711}}, {"metric": "good", "timestamp": %d, "value": 1, "tags": {"worker_id": 4711}}, {"metric": "", "timestamp": 1, "value": 1, "tags": {}}]`, begin, begin)))
	var failed struct {
		Success, Failed int
		Errors          []struct {
			Datapoint map[string]any
			Error     string
		}
	}
	if err := json.Unmarshal([]byte(body), &failed); status != http.StatusBadRequest || err != nil {
		t.Fatalf("%d %s %v", status, body, err)
	}
	if failed.Success != 1 || failed.Failed != 2 || len(failed.Errors) != 2 || failed.Errors[0].Error != "value: not finite" || failed.Errors[0].Datapoint["metric"] != "gauge_value" || failed.Errors[1].Error != "metric: must not be empty" {
		t.Errorf("partial success: %s", body)
	}
	_, body = p.site.askAs(pointsToken, fmt.Sprintf("/api/query?start=%d&q=fetch('good',worker_id=4711)", begin))
	if !strings.Contains(body, fmt.Sprintf(`"tags":{"worker_id":"4711"},"aggregatedTags":[],"dps":[[%d,1]]`, begin)) {
		t.Errorf("what was right: %s", body)
	}
}

func (p *pusher) opentsdb() {
	t := p.t
	now := time.Now().Unix()
	one := fmt.Sprintf(`{"metric":"sys.cpu","timestamp":%d,"value":"18","tags":{"host":"a"}}`, now)
	for query, want := range map[string]string{"": "204", "?summary": `200{"failed":0,"success":1}`, "?details=true&sync": `200{"success":1,"failed":0,"errors":[]}`} {
		status, body := p.send(query, "", bearer, one)
		same(t, "put"+query, fmt.Sprint(status, body), want)
	}
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(pointsToken+":"))
	status, body := p.send("", "gzip", basic, gzipped(t, "["+strings.ReplaceAll(one, `"18"`, "19")+"]"))
	same(t, "gzip and basic", fmt.Sprint(status, body), "204")
	_, body = p.site.askAs(pointsToken, "/api/query?start=1h-ago&end=now&q=fetch('sys.cpu')")
	if !strings.Contains(body, fmt.Sprintf(`"dps":[[%d,19]]`, now)) {
		t.Errorf("the last holds: %s", body)
	}
	for path, want := range map[string]string{
		"/api/query?q=fetch('a')":                             "start: not a time",
		"/api/query?start=1h-ago":                             "q: required",
		"/api/query?start=1h-ago&q=fetch('a').downsample(1)":  "q: column 23: \\\"1\\\" where a text in quotes should be",
		"/api/query?start=1h-ago&q=fetch('a').top(3)":         "q: column 12: there is no .top()",
		"/api/query?start=1h-ago&q=a=fetch('a')%0Aoutput(%0A": "q: line 3, column 1: the query ends",
		"/api/query?start=1h-ago&end=2h-ago&q=fetch('a')":     "start: after the end",
		"/api/query?start=1h-ago&m=sum:a&q=fetch('a')":        "m: no such parameter",
	} {
		if status, body := p.site.askAs(pointsToken, path); status != http.StatusBadRequest || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}

func (p *pusher) hostile() {
	t := p.t
	for _, c := range []struct{ name, encoding, body, want string }{
		{"bomb", "deflate", deflated(t, "["+strings.Repeat(" ", 100<<20)+"]"), "413"},
		{"gzip bomb", "gzip", gzipped(t, strings.Repeat("[", 100<<20)), "413"},
		{"deep", "", strings.Repeat("[", 1<<20), "400"},
		{"large", "", "[" + strings.Repeat(" ", 21<<20) + "]", "413"},
		{"cut", "deflate", deflated(t, "[]")[:5], "400"},
		{"not gzip", "gzip", "[]", "400"},
		{"unknown", "br", "[]", "415"},
		{"no JSON", "", "put sys.cpu 1 2", "400"},
		{"not UTF-8", "", "{\"metric\":\"a\xff\",\"timestamp\":1,\"value\":1}", "400"},
	} {
		status, body := p.send("?details", c.encoding, bearer, c.body)
		if fmt.Sprint(status) != c.want || !json.Valid([]byte(body)) {
			t.Errorf("%s: %d %.200s", c.name, status, body)
		}
		if status == http.StatusBadRequest && (!strings.Contains(body, `"success":0`) || !strings.Contains(body, `"errors":[{"datapoint"`)) {
			t.Errorf("%s: %.200s", c.name, body)
		}
	}
	for _, query := range []string{"?details&details", "?details&more=1"} {
		status, body := p.send(query, "", bearer, "[]")
		if status != http.StatusBadRequest || !strings.Contains(body, `"errors":[{"datapoint":null,"error":"`) || !json.Valid([]byte(body)) {
			t.Errorf("%s: %d %s", query, status, body)
		}
	}
	status, body := p.send("", "deflate, gzip", bearer, "[]")
	same(t, "two encodings", fmt.Sprint(status, json.Valid([]byte(body))), "415 true")
	status, body = p.send("?details", "", bearer, `[{"metric":"b","timestamp":1,"value":`+strings.Repeat(" ", 100)+`1},{"metric":"`+strings.Repeat("x y", 60)+`","timestamp":1,"value":1}]`)
	if status != http.StatusBadRequest || !utf8.ValidString(body) || !strings.Contains(body, `x yx y… \" may hold`) && !strings.Contains(body, `…\" may hold`) {
		t.Errorf("a long name: %d %s", status, body)
	}
	status, _ = p.send("", "", "Bearer wrong", "[]")
	same(t, "another token", status, http.StatusUnauthorized)
	status, _ = p.send("", "", "Basic "+base64.StdEncoding.EncodeToString([]byte("wrong:")), "[]")
	same(t, "another token, basic", status, http.StatusUnauthorized)
}

// TestPointsLimit: a token brings as many series as it may, and goes on with those.
func TestPointsLimit(t *testing.T) {
	environ := pointEnviron(t, "sqlite")
	file := strings.TrimPrefix(environ[1], "THROUGHLINE_PROVISION=")
	plant(t, filepath.Dir(file), map[string]string{"provision.yaml": read(t, file) + "connections:\n  - {name: series, kind: series, settings: {max_series: 2, sanitize: prometheus, retention: [raw 7d, \"debug.* raw 1d\"]}}\n"})
	s := launch(t, environ, "serve")
	p := &pusher{t, s}
	now := time.Now().Unix()
	point := func(name string) string {
		return fmt.Sprintf(`{"metric":"%s","timestamp":%d,"value":1}`, name, now)
	}
	status, body := p.send("?details", "", bearer, "["+point("a")+","+point("b.b")+","+point("c")+","+point("a")+"]")
	want := fmt.Sprintf(`{"success":3,"failed":1,"errors":[{"datapoint":{"metric":"c","tags":{},"timestamp":%d,"value":1},"error":"the token scripts has brought 2 series, which is its limit: send fewer different tags, or raise max_series of the connection series"}]}`, now)
	same(t, "one too many", fmt.Sprint(status, body), "400"+want)
	status, _ = p.send("", "", bearer, "["+point("a")+"]")
	same(t, "one of those", status, http.StatusNoContent)
	if _, body := s.askAs(pointsToken, "/api/query?start=1h-ago&q=fetch('c')"); !strings.Contains(body, `"numSeries":0`) {
		t.Errorf("what was refused is known: %s", body)
	}
	if _, body := s.askAs(pointsToken, "/api/query?start=1h-ago&q=fetch('b_b')"); !strings.Contains(body, `"metric":"b_b"`) {
		t.Errorf("sanitised: %s", body)
	}
}

// TestPointsKilled: whatever was answered for is there after kill -9, once.
func TestPointsKilled(t *testing.T) {
	t.Parallel() // mostly waits
	binary := pointBinary(t)
	environ := pointEnviron(t, "sqlite")
	start := time.Now().Add(-12 * time.Hour).Unix()
	const clients = 3
	kept := make([]int, clients) // bodies that were answered for
	sent := make([]int, clients)
	for range 3 {
		p := startPoints(t, binary, environ)
		var group sync.WaitGroup
		for c := range clients {
			group.Go(func() {
				client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
				for {
					body := pointBody(t, fmt.Sprintf("killed%d", c), 100, start+int64(kept[c])*50)
					sent[c] = max(sent[c], kept[c]+1)
					status, _, err := p.put(client, body)
					if err != nil {
						return
					}
					if status != http.StatusOK {
						t.Errorf("%d", status)
						return
					}
					kept[c]++
				}
			})
		}
		time.Sleep(700 * time.Millisecond)
		p.kill()
		group.Wait()
	}
	p := startPoints(t, binary, environ)
	defer p.stop()
	for c := range clients {
		// Some of the last body may be there, or all of it, though nobody was told.
		got := p.counted(fmt.Sprintf("killed%d", c), start, start+86400)
		if kept[c] == 0 || got < kept[c]*loadedPoints || got > sent[c]*loadedPoints || got%loadedPoints != 0 {
			t.Errorf("client %d: %d points of %d bodies answered for, %d sent", c, got, kept[c], sent[c])
		}
	}
}

func same[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// TestPointsWithoutStore: points are taken while the fact store is away, and can be
// asked for once it is back; until then a query says so.
func TestPointsWithoutStore(t *testing.T) {
	t.Parallel() // mostly waits
	folder := t.TempDir()
	engine := chtest.Start(t, folder, "127.0.0.1:0")
	dsn, addr := engine.DSN(), engine.Addr()
	engine.Stop()
	s := launch(t, pointEnviron(t, dsn), "serve")
	s.logged(`the fact store does not answer: starting without it`)
	p := &pusher{t, s}
	now := time.Now().Unix()
	status, body := p.send("?details", "", bearer, fmt.Sprintf(`[{"metric":"a","timestamp":%d,"value":7},{"metric":"a","timestamp":1,"value":8}]`, now))
	same(t, "put without a store", fmt.Sprint(status, body), `200{"success":2,"failed":0,"errors":[]}`)
	if status, _ := s.askAs(pointsToken, "/api/query?start=1h-ago&q=fetch('a')"); status != http.StatusServiceUnavailable {
		t.Errorf("asked without a store: %d", status)
	}
	chtest.Start(t, folder, addr)
	eventually(t, "the points", func() bool {
		_, body := s.askAs(pointsToken, "/api/query?start=1&q=fetch('a')")
		return strings.Contains(body, fmt.Sprintf(`"dps":[[1,8],[%d,7]]`, now))
	}, s.log)
}
