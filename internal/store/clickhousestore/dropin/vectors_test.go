package dropin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
	"throughline/internal/source"
	"throughline/internal/source/sourcetest"
	"throughline/internal/source/tracker"
)

// vector is a recorded issue with its changelog as the API returns them, what
// they must come to, and the predecessor's rows where it was right.
type vector struct {
	ID       string
	Settings struct {
		Zone     string   `json:"business_timezone"`
		Workdays []int    `json:"workdays"` // 0 is Monday
		Start    string   `json:"business_hours_start"`
		End      string   `json:"business_hours_end"`
		Closed   []string `json:"closed_status_keys"`
		Active   []string `json:"active_status_keys"`
		Holidays []string `json:"holidays"`
		Working  []string `json:"working_days_override"`
		Now      string   `json:"now"`
	}
	Input struct {
		Issue     json.RawMessage
		Changelog []json.RawMessage
	}
	Expected struct {
		Totals map[string]delivery.StatusTotal `json:"totals_by_status_key"`
	}
	Rows *struct {
		Issue   map[string]any
		Metrics []map[string]any
	} `json:"predecessor_rows"`
}

func readVectors(t testing.TB) []vector {
	files, err := filepath.Glob("../../../delivery/testdata/tracker/v*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no vectors: %v", err)
	}
	var out []vector
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var v vector
		if err := json.Unmarshal(b, &v); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		out = append(out, v)
	}
	return out
}

func (v *vector) now(t testing.TB) time.Time {
	at, err := time.Parse("2006-01-02T15:04:05.999-0700", v.Settings.Now)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func (v *vector) calendar(t testing.TB) *delivery.Calendar {
	zone, err := time.LoadLocation(v.Settings.Zone)
	if err != nil {
		t.Fatal(err)
	}
	shift, err := delivery.ParseShift(v.Settings.Start + "-" + v.Settings.End)
	if err != nil {
		t.Fatal(err)
	}
	dates := func(days []string) map[delivery.Date]bool {
		out := map[delivery.Date]bool{}
		for _, s := range days {
			d, err := delivery.ParseDate(s)
			if err != nil {
				t.Fatal(err)
			}
			out[d] = true
		}
		return out
	}
	c := delivery.CalendarVersion{Zone: zone, Hours: []delivery.Shift{shift}, Off: dates(v.Settings.Holidays), Working: dates(v.Settings.Working)}
	for _, d := range v.Settings.Workdays {
		c.Week[(d+1)%7] = []delivery.Shift{shift}
	}
	return delivery.NewCalendar(c)
}

// ServeHTTP is a Tracker of the one issue and two people.
func (v *vector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer := func(items ...json.RawMessage) {
		if err := json.NewEncoder(w).Encode(items); err != nil {
			panic(err)
		}
	}
	switch {
	case r.URL.Path == "/v3/users":
		w.Header().Set("X-Total-Pages", "1")
		answer(
			json.RawMessage(`{"uid":8000000000000001,"login":"alice","display":"Alice Anderson","email":"Alice@example.org"}`),
			json.RawMessage(`{"uid":8000000000000002,"login":"bob","display":"Bob Brown","email":"bob@example.org"}`))
	case r.URL.Path == "/v3/issues/_search":
		answer(v.Input.Issue)
	case strings.HasSuffix(r.URL.Path, "/changelog"):
		answer(v.Input.Changelog...)
	default:
		http.NotFound(w, r)
	}
}

// record pulls the issue as a sync does.
func (v *vector) record(t *testing.T) (rec Record) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		transport := &sourcetest.Transport{Handler: v}
		src, err := tracker.Kind().New(source.Config{
			Connection: "c", Known: &sourcetest.Memory{}, Now: func() time.Time { return v.now(t) },
			Settings: source.Settings{
				"base_url": json.RawMessage(`"` + sourcetest.Address + `"`), "org_id": json.RawMessage(`"7"`),
				"initial_range": json.RawMessage(`"9000d"`), "drop_in_database": json.RawMessage(`"agile"`),
			},
			Secrets: map[string]string{"token": "y0_secret"},
		}, transport.Client())
		if err != nil {
			t.Fatal(err)
		}
		memory, people := &sourcetest.Memory{}, map[string]delivery.Person{}
		for page, err := range src.Pull(t.Context(), nil) {
			if err != nil {
				t.Fatal(err)
			}
			memory.Write(page.Batch)
			for _, p := range page.Batch.People {
				people[p.ID] = p
			}
		}
		issues := memory.Facts().Issues
		if len(issues) != 1 {
			t.Fatalf("%d issues", len(issues))
		}
		rec = v.complete(t, delivery.IssueDetail{Issue: issues[0].Issue, Full: issues[0].Full, Events: issues[0].Events}, people)
	})
	return rec
}

func (v *vector) complete(t *testing.T, detail delivery.IssueDetail, people map[string]delivery.Person) Record {
	w := delivery.Workflow{StatusLists: delivery.StatusLists{Closed: v.Settings.Closed, Active: v.Settings.Active}}
	class := func(key string, _ delivery.Instant) delivery.Class { return w.Class(detail.Queue, "", key, "") }
	h := delivery.HistoryOf(&detail.Issue, detail.Events, delivery.InstantOf(v.now(t)))
	return Record{
		IssueDetail: detail, History: h, Flow: delivery.FlowOf(detail.CreatedAt, h.Periods, class),
		People: people, Calendar: v.calendar(t),
	}
}

// plainRows are the rows of a frame in the vectors' shape.
func plainRows(f *frame, columns []column) []map[string]any {
	out := make([]map[string]any, f.rows)
	for i := range out {
		out[i] = map[string]any{}
		for j, c := range columns {
			cells := &f.cells[j]
			switch c.kind {
			case text:
				out[i][c.name] = cells.texts[i]
			case list:
				out[i][c.name] = append([]string{}, cells.lists[i]...)
			case instant:
				out[i][c.name] = cells.times[i].Time().Format(isoTime)
				if !cells.times[i].Known() {
					out[i][c.name] = "1970-01-01T00:00:00.000"
				}
			case day:
				out[i][c.name] = time.UnixMilli(int64(cells.times[i])).UTC().Format(time.DateOnly)
			case whole:
				out[i][c.name] = float64(cells.ints[i])
			case real:
				out[i][c.name] = cells.reals[i]
			case flag:
				out[i][c.name] = cells.ints[i] != 0
			}
		}
		delete(out[i], versionColumn)
	}
	return out
}

func makerAt(now time.Time, change ...func(*maker)) *maker {
	m := newMaker(1, delivery.InstantOf(now))
	for _, f := range change {
		f(&m)
	}
	return &m
}

func issueRows(m *maker, rec *Record) map[string]any {
	f := newFrame(kinds(issueColumns))
	m.issue(f, rec)
	return plainRows(f, issueColumns)[0]
}

func metricRows(m *maker, rec *Record) map[string]map[string]any {
	f := newFrame(kinds(metricColumns))
	m.metrics(f, rec)
	out := map[string]map[string]any{}
	for _, r := range plainRows(f, metricColumns) {
		out[r["status_name"].(string)] = r
	}
	return out
}

func changeRows(m *maker, rec *Record) []map[string]any {
	f := newFrame(kinds(changeColumns))
	m.changes(f, rec)
	return plainRows(f, changeColumns)
}

// TestPredecessorRows compares with the predecessor's rows, value for value,
// where it was right. It sent no dates that are missing: the tables' own are
// those of 1970.
func TestPredecessorRows(t *testing.T) {
	compared := 0
	for _, v := range readVectors(t) {
		if v.Rows == nil {
			continue
		}
		compared++
		t.Run(v.ID, func(t *testing.T) {
			rec, m := v.record(t), makerAt(v.now(t))
			want := map[string]any{}
			for _, c := range issueColumns {
				switch c.kind {
				case instant:
					want[c.name] = "1970-01-01T00:00:00.000"
				case day:
					want[c.name] = "1970-01-01"
				}
			}
			delete(want, versionColumn)
			for name, value := range v.Rows.Issue {
				if items, ok := value.([]any); ok {
					texts := []string{}
					for _, i := range items {
						texts = append(texts, i.(string))
					}
					value = texts
				}
				want[name] = value
			}
			if diff := cmp.Diff(want, issueRows(m, &rec)); diff != "" {
				t.Errorf("issue (-predecessor +ours)\n%s", diff)
			}
			metrics := map[string]map[string]any{}
			for _, r := range v.Rows.Metrics {
				metrics[r["status_name"].(string)] = r
			}
			if diff := cmp.Diff(metrics, metricRows(m, &rec)); diff != "" {
				t.Errorf("metrics (-predecessor +ours)\n%s", diff)
			}
		})
	}
	if compared != 11 {
		t.Errorf("%d vectors compared", compared)
	}
}

// TestExpectedTotals compares with what is right where the predecessor was not.
func TestExpectedTotals(t *testing.T) {
	for _, v := range readVectors(t) {
		t.Run(v.ID, func(t *testing.T) {
			rec := v.record(t)
			names := map[string]string{}
			for _, p := range rec.History.Periods {
				names[p.Status.Key] = snake(strings.ToLower(p.Status.Name))
			}
			for _, current := range []bool{false, true} {
				want := map[string]string{}
				for key, total := range v.Expected.Totals {
					elapsed, business, seen := total.FinishedDurationSeconds, total.FinishedBusinessSeconds, total.LastExited
					if current {
						elapsed, business = total.DurationSeconds, total.BusinessSeconds
						if total.Entries > total.Exits {
							seen = delivery.InstantOf(v.now(t))
						}
					}
					if seen.Known() {
						want[names[key]] = fmt.Sprint(elapsed, business, total.Exits, seen.Time().Format(isoTime))
					}
				}
				got := map[string]string{}
				m := makerAt(v.now(t), func(m *maker) { m.current = current })
				for name, r := range metricRows(m, &rec) {
					got[name] = fmt.Sprint(int64(r["duration"].(float64)), int64(r["busdays_duration"].(float64)), r["status_transitions_count"], r["last_seen"])
				}
				if !reflect.DeepEqual(want, got) {
					t.Errorf("current=%v: %v, want %v", current, got, want)
				}
			}
		})
	}
}
