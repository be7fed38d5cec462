package sourcetest

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
)

func TestReplay(t *testing.T) {
	r, err := NewReplay(fstest.MapFS{"a.json": {Data: []byte(`[
		{"request":{"method":"GET","path":"/a","query":{"page":"2","x":""}},"response":{"body":"second","header":{"Link":"l"}}},
		{"request":{"method":"POST","path":"/a","body":"needle"},"response":{"status":201,"body":1}},
		{"request":{"method":"POST","path":"/a","body":"needle"},"response":{"body":2}},
		{"request":{"path":"/never"},"response":{}}]`)}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		method, target, body, want string
		status                     int
	}{
		{"GET", "/a?page=2", "", `"second"`, 200},
		{"GET", "/a?page=2&x=1", "", `not recorded`, 404},
		{"POST", "/a", "hay needle hay", "1", 201},
		{"POST", "/a", "needle", "2", 200},
		{"POST", "/a", "hay", "not recorded", 404},
	} {
		w := httptest.NewRecorder()
		r.ServeHTTP(w, httptest.NewRequest(c.method, c.target, strings.NewReader(c.body)))
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s %s: %d %s", c.method, c.target, w.Code, w.Body)
		}
	}
	if len(r.Missed()) != 2 || len(r.Unused()) != 1 {
		t.Errorf("missed %q, unused %q", r.Missed(), r.Unused())
	}
	for _, bad := range []fstest.MapFS{{}, {"a.json": {Data: []byte("{}")}}} {
		if _, err := NewReplay(bad); err == nil {
			t.Error("no error")
		}
	}
}

func TestMemory(t *testing.T) {
	var m Memory
	event := func(id string, at delivery.Instant, n int) delivery.Event {
		return delivery.Event{ID: id, At: at, Ordinal: n}
	}
	record := delivery.IssueRecord{Issue: delivery.Issue{Connection: "c", ID: "1", Key: "A-1", Version: 3}, Fingerprint: 7, Full: true}
	record.Events = []delivery.Event{event("a", 1, 0), event("b", 2, 1)}
	write := func(r delivery.IssueRecord, gone ...string) delivery.Written {
		return m.Write(delivery.Batch{Connection: "c", Issues: []delivery.IssueRecord{r}, Gone: gone})
	}
	tail, replaced := record, record
	tail.Events = []delivery.Event{event("c", 3, 2)}
	replaced.Events, replaced.Replace = []delivery.Event{event("c", 3, 0)}, true
	got := []delivery.Written{write(record), write(record), write(tail), write(replaced)}
	want := []delivery.Written{{Inserted: 1}, {Unchanged: 1}, {Updated: 1}, {Updated: 1}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	states, err := m.IssueStates(t.Context(), "c", []string{"1", "2"})
	state := delivery.IssueState{ID: "1", Key: "A-1", Version: 3, Fingerprint: 7, Full: true, Events: 1, LastEventID: "c"}
	if diff := cmp.Diff(map[string]delivery.IssueState{"1": state}, states); diff != "" || err != nil {
		t.Error(err, diff)
	}
	if w := m.Write(delivery.Batch{Connection: "c", Gone: []string{"1", "9"}}); w != (delivery.Written{Gone: 1}) {
		t.Errorf("%+v", w)
	}
	for st, err := range m.IssueIDs(t.Context(), "c") {
		t.Errorf("a gone issue is listed: %+v %v", st, err)
	}
	if f := m.Facts(); len(f.Issues) != 0 || len(f.Gone) != 1 {
		t.Errorf("%+v", f)
	}
}

func TestTransport(t *testing.T) {
	tr := &Transport{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })}
	post := func() (string, error) {
		res, err := tr.Client().Post(Address+"/x", "text/plain", strings.NewReader("hello there"))
		if err != nil {
			return "", err
		}
		body, err := io.ReadAll(res.Body)
		return string(body), err
	}
	if body, err := post(); body != "hello there" || err != nil {
		t.Error(body, err)
	}
	tr.Fault = tr.CutOff
	if body, err := post(); body != "hello" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(body, err)
	}
	tr.Fault = After(3, Every(2, Refused))
	if _, err := post(); err != nil { // request 2
		t.Error(err)
	}
	if _, err := post(); err == nil { // request 3
		t.Error("not refused")
	}
	if _, err := tr.Client().Get("http://elsewhere.test/"); err == nil || len(tr.Foreign()) != 1 || tr.Sent() != 5 {
		t.Errorf("%v %v %d", err, tr.Foreign(), tr.Sent())
	}
}
