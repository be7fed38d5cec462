package dropin

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
)

func TestSnake(t *testing.T) {
	for name, want := range map[string]string{
		"In progress": "in_progress", "Open": "open", "QA": "qa", "DevOps": "dev_ops", "Sprint2": "sprint_2", "2nd line": "2_nd_line",
		"Won't fix": "won_t_fix", "A  b": "a__b", "a_b-c": "a_b_c", "": "", "  ": "", "Q2": "q2",
		"В работе": "в_работе", "Закрыт": "закрыт", "Ёж": "ёж", "\xff": "_",
	} {
		if got := snake(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestHuman(t *testing.T) {
	for seconds, want := range map[int64]string{
		0: "0s", 1: "1s", 59: "59s", 60: "1m", 61: "1m 1s", 3600: "1h", 3601: "1h 1s", 3661: "1h 1m", 86400: "1d", 7 * 86400: "1w",
		30 * 86400: "1mo", 360 * 86400: "1y", 36979200: "1y 2mo", 612000: "1w 2h", (138*360+7)*86400 + 5: "138y 1w",
	} {
		if got := human(seconds); got != want {
			t.Errorf("%d: %q, want %q", seconds, got, want)
		}
	}
}

var everybody = map[string]delivery.Person{
	"1": {ID: "1", Login: "ada", Email: "Ada@Example.org", Name: "Ada L"},
	"2": {ID: "2", Login: "bob", Name: "Bob B"},
	"8": {ID: "8", Email: "eight@example.org"},
}

func TestChanged(t *testing.T) {
	long := strings.Repeat("я", 101)
	for raw, want := range map[string]string{
		``: "", `null`: "", `"a\"b"`: `a"b`, `5`: "5", `5.50`: "5.50", `true`: "True", `false`: "False", `[]`: "", `""`: "",
		`"2024-03-04T12:30:00.123+0300"`: "2024-03-04T09:30:00.123", `"2024-03-04"`: "2024-03-04", `"2024-03-04Tx"`: "2024-03-04Tx",
		`"` + long + `"`: longText, `"` + long[2:] + `"`: long[2:],
		`{"self":"https://x/v3/statuses/3","id":"3","key":"inProgress","display":"In progress"}`: "inProgress",
		`{"self":"https://x/v3/users/1","id":"1","display":"Ada L"}`:                             "ada@example.org",
		`{"self":"https://x/v3/users/2","id":"2","display":"Bob B"}`:                             "Bob B",
		`{"self":"https://x/v3/users/9","id":"9"}`:                                               "9",
		`{"self":"https://x/v3/components/8","id":"8","display":"Backend"}`:                      "Backend", // not the person 8
		`{"self":"https://x/v3/users/1","passportUid":1,"display":"Ada L"}`:                      "ada@example.org",
		`{"id": 1, "display": "Ada L"}`:                                                          "ada@example.org",
		`{"id":"7","display":"a \"b\" c"}`:                                                       `a "b" c`,
		`{"id":"7","more":{"id":"1"},"display":"x"}`:                                             "x",
		`{"a":1}`:   `{"a":1}`,
		`{}`:        `{}`,
		`["a","b"]`: "a, b",
		`[{"self":"https://x/v3/users/1","id":"1","display":"Ada L"}]`: "ada@example.org",
		`[{"id":"1","display":"Ada L"},{"id":"2","display":"Bob B"}]`:  "ada@example.org, Bob B",
		`["a",null,3]`: "a, , 3",
		`{broken`:      `{broken`,
		`{"id":"a"`:    `{"id":"a"`,
		`"unended`:     "",
		`[1`:           "",
	} {
		if got := changed(json.RawMessage(raw), everybody); got != want {
			t.Errorf("%s: %q, want %q", raw, got, want)
		}
	}
}

// FuzzReference compares the short way through an object with the long one.
func FuzzReference(f *testing.F) {
	for _, seed := range []string{`{"id":"1","key":"k"}`, `{"id":1,"display":null}`, `{"a":{},"id":"1"}`, `{"id":"\u0041"}`, `{}`, `{"id":"1",}`, `{"id":tru}`, `{"id":"1"}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !json.Valid(raw) || len(raw) == 0 || raw[0] != '{' {
			return
		}
		var short, long reference
		if !flat(raw, &short) {
			return
		}
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(raw, &fields); err != nil {
			t.Fatal(err)
		}
		for name, value := range fields {
			long.set([]byte(name), strings.ToValidUTF8(scalar(value), "\ufffd"))
		}
		if strings.ToValidUTF8(short.id, "\ufffd") != long.id || strings.ToValidUTF8(short.key, "\ufffd") != long.key {
			t.Errorf("%s: %+v, want %+v", raw, short, long)
		}
	})
}

// changedRecord is an issue with a changelog of a few fields.
func changedRecord(events ...delivery.Event) Record {
	return Record{
		IssueDetail: delivery.IssueDetail{Issue: delivery.Issue{ID: "i1", Key: "DEV-1", Queue: "DEV"}, Full: true, Events: events},
		People:      everybody,
	}
}

func TestChangeRows(t *testing.T) {
	field := func(name, from, to string) delivery.FieldChange {
		return delivery.FieldChange{Field: name, From: json.RawMessage(from), To: json.RawMessage(to)}
	}
	rec := changedRecord(
		delivery.Event{ID: "a", At: 1000, Type: "IssueUpdated", Transport: "front", Actor: delivery.Ref{ID: "1", Name: "Ada L"}, Fields: []delivery.FieldChange{
			field("tags", `["a"]`, `["a","b"]`), field("0123456789abcdef01234567--risk", `null`, `"high"`), field("empty", `null`, `null`),
		}},
		delivery.Event{ID: "b", At: 2000, Type: "IssueUpdated", Actor: delivery.Ref{ID: "2", Name: "Bob B"}, Fields: []delivery.FieldChange{field("summary", `"x"`, `"y"`)}},
		delivery.Event{ID: "c", At: 2000, Type: "IssueUpdated", Actor: delivery.Ref{ID: "9"}, Fields: []delivery.FieldChange{field("summary", `"y"`, `"z"`)}},
		delivery.Event{ID: "d", At: 2000, Type: "IssueWorkflow", Actor: delivery.Ref{ID: "9"}, Fields: []delivery.FieldChange{field("summary", `"z"`, `""`)}},
		delivery.Event{ID: "e", At: 3000, Type: "IssueCommentAdded"},
	)
	var got []string
	for _, r := range changeRows(makerAt(delivery.Instant(5000).Time()), &rec) {
		got = append(got, strings.Join([]string{
			r["event_time"].(string), r["issue_key"].(string), r["queue"].(string), r["event_type"].(string), r["transport"].(string),
			r["actor"].(string), r["changed_field"].(string), r["changed_from"].(string), r["changed_to"].(string),
		}, "|"))
	}
	want := []string{
		"1970-01-01T00:00:01.000|DEV-1|DEV|IssueUpdated|front|ada@example.org|tags|a|a, b",
		"1970-01-01T00:00:01.000|DEV-1|DEV|IssueUpdated|front|ada@example.org|risk||high",
		"1970-01-01T00:00:02.000|DEV-1|DEV|IssueUpdated||bob b|summary|x|z",
		"1970-01-01T00:00:02.000|DEV-1|DEV|IssueWorkflow||9|summary|z|",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestIssueWithoutEmails(t *testing.T) {
	rec := changedRecord()
	rec.Assignee, rec.Author, rec.QAEngineer = delivery.Ref{ID: "2", Name: "Bob B"}, delivery.Ref{ID: "1"}, delivery.Ref{ID: "99", Name: "Gone"}
	rec.ResolvedAt = 5 // of a resolution that was taken back
	r := issueRows(makerAt(delivery.Instant(5000).Time()), &rec)
	if r["assignee"] != "" || r["author"] != "ada@example.org" || r["qa_engineer"] != "" {
		t.Errorf("people %v %v %v", r["assignee"], r["author"], r["qa_engineer"])
	}
	if r["is_resolved"] != false || r["resolved_at"] != "1970-01-01T00:00:00.000" || r["is_closed"] != false {
		t.Errorf("resolved %v at %v", r["is_resolved"], r["resolved_at"])
	}
}

func TestFormerKeys(t *testing.T) {
	rec := changedRecord(delivery.Event{ID: "a", Fields: []delivery.FieldChange{{Field: "key", From: json.RawMessage(`"OPS-7"`), To: json.RawMessage(`"DEV-1"`)}}})
	rec.Aliases = []string{"OLD-1", "DEV-1", ""}
	if diff := cmp.Diff([]string{"OLD-1", "OPS-7"}, rec.formerKeys()); diff != "" {
		t.Error(diff)
	}
}

// TestNamesThatMeet sums statuses that are called the same, in milliseconds.
func TestNamesThatMeet(t *testing.T) {
	rec := changedRecord()
	rec.Calendar = always()
	ref := func(key string) delivery.Ref { return delivery.Ref{Key: key, Name: "In Work"} }
	rec.History.Periods = []delivery.Period{{Status: ref("a"), Start: 0, End: 700}, {Status: ref("b"), Start: 700, End: 1400}, {Status: ref("a"), Start: 1400}}
	got := metricRows(makerAt(delivery.Instant(9999).Time()), &rec)["in_work"]
	if got["duration"] != 1.0 || got["busdays_duration"] != 1.0 || got["status_transitions_count"] != 2.0 || got["last_seen"] != "1970-01-01T00:00:01.400" {
		t.Errorf("%v", got)
	}
	got = metricRows(makerAt(delivery.Instant(9999).Time(), func(m *maker) { m.current = true }), &rec)["in_work"]
	if got["duration"] != 9.0 || got["status_transitions_count"] != 2.0 || got["last_seen"] != "1970-01-01T00:00:09.999" {
		t.Errorf("with the current one %v", got)
	}
	rec.History.Periods = nil
	for range 300 {
		rec.History.Periods = append(rec.History.Periods, delivery.Period{Status: ref("a"), Start: 0, End: 0})
	}
	if n := metricRows(makerAt(delivery.Instant(9999).Time()), &rec)["in_work"]["status_transitions_count"]; n != 255.0 {
		t.Errorf("more than fit: %v", n)
	}
}
