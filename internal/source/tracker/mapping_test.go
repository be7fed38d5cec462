package tracker

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
)

func testSource(custom ...string) *Source {
	return &Source{connection: "c", settings: settings{site: "https://tracker.yandex.ru/", custom: custom, changelog: true}}
}

const smallIssue = `{"id":"1","key":"DEMO-1","status":{"id":"1","key":"open","display":"Open"},"createdAt":"2024-03-04T07:00:00.000+0000"}`

// with is smallIssue with another member, which wins.
func with(member string) string {
	return strings.TrimSuffix(smallIssue, "}") + "," + member + "}"
}

func TestIssueMapping(t *testing.T) {
	points := 0.5
	created := delivery.Instant(1709535600000)
	base := delivery.Issue{
		Connection: "c", ID: "1", Key: "DEMO-1", Queue: "DEMO", Status: delivery.Ref{ID: "1", Key: "open", Name: "Open"},
		URL: "https://tracker.yandex.ru/DEMO-1", CreatedAt: created, UpdatedAt: created,
	}
	for name, c := range map[string]struct {
		text string
		want func(*delivery.Issue)
	}{
		"little":             {smallIssue, func(*delivery.Issue) {}},
		"id as number":       {with(`"id":8000000000000001`), func(i *delivery.Issue) { i.ID = "8000000000000001" }},
		"version":            {with(`"version":12`), func(i *delivery.Issue) { i.Version = 12 }},
		"version of others":  {with(`"version":{"id":"5","display":"1.0"}`), func(*delivery.Issue) {}},
		"version as text":    {with(`"version":"7"`), func(*delivery.Issue) {}},
		"nulls":              {with(`"assignee":null,"tags":null,"storyPoints":null,"deadline":null,"parent":null,"sprint":null,"version":null`), func(*delivery.Issue) {}},
		"queue":              {with(`"queue":{"id":1,"key":"OPS"}`), func(i *delivery.Issue) { i.Queue = "OPS" }},
		"user without name":  {with(`"assignee":{"id":666}`), func(i *delivery.Issue) { i.Assignee = delivery.Ref{ID: "666", Name: "666"} }},
		"user of the cloud":  {with(`"assignee":{"cloudUid":"aje1","login":"al"}`), func(i *delivery.Issue) { i.Assignee = delivery.Ref{ID: "aje1", Name: "al"} }},
		"comments":           {with(`"commentWithoutExternalMessageCount":2,"commentWithExternalMessageCount":3`), func(i *delivery.Issue) { i.Comments = 5 }},
		"points as a text":   {with(`"storyPoints":" 0.5 "`), func(i *delivery.Issue) { i.StoryPoints = &points }},
		"points":             {with(`"storyPoints":0.5`), func(i *delivery.Issue) { i.StoryPoints = &points }},
		"status without key": {with(`"status":{"id":12,"display":"Own"}`), func(i *delivery.Issue) { i.Status = delivery.Ref{ID: "12", Key: "12", Name: "Own"} }},
		"aliases":            {with(`"aliases":["OLD-3","DEMO-1"]`), func(i *delivery.Issue) { i.Aliases = []string{"OLD-3"} }},
		"project of v3": {with(`"project":{"primary":{"id":"7","display":"P"},"secondary":[]}`), func(i *delivery.Issue) {
			i.Project = delivery.Ref{ID: "7", Name: "P"}
		}},
		"dates": {with(`"deadline":"2024-02-29","start":"2024-03-01T00:00:00.000+0000"`), func(i *delivery.Issue) {
			i.Deadline, i.StartDate = delivery.Date{Year: 2024, Month: 2, Day: 29}, delivery.Date{Year: 2024, Month: 3, Day: 1}
		}},
		"unused field of any size": {with(`"description":"` + strings.Repeat("x", 10<<20) + `"`), func(*delivery.Issue) {}},
		"escapes":                  {with(`"summary":"a\u0416\n\"b\""`), func(i *delivery.Issue) { i.Title = "aЖ\n\"b\"" }},
	} {
		t.Run(name, func(t *testing.T) {
			want := base
			c.want(&want)
			e := testSource().entryOf(json.RawMessage(c.text))
			if e.fault != nil {
				t.Fatal(e.fault)
			}
			if diff := cmp.Diff(want, e.issue); diff != "" {
				t.Error(diff)
			}
			if again := testSource().entryOf(json.RawMessage(c.text)); again.stamp != e.stamp || e.stamp == 0 {
				t.Errorf("stamps %d and %d", e.stamp, again.stamp)
			}
		})
	}
}

func TestInstants(t *testing.T) {
	for text, want := range map[string]string{
		`"2024-03-04T07:00:00.123+0000"`:        "2024-03-04T07:00:00.123Z",
		`"2024-03-04T10:00:00.123+0300"`:        "2024-03-04T07:00:00.123Z",
		`"2024-03-04T10:00:00+03:00"`:           "2024-03-04T07:00:00.000Z",
		`"2024-03-04T07:00:00Z"`:                "2024-03-04T07:00:00.000Z",
		`"2024-03-04T07:00:00.123456789Z"`:      "2024-03-04T07:00:00.123Z",
		`"2024-03-04T01:30:00.5-05:30"`:         "2024-03-04T07:00:00.500Z",
		`"2024-03-04T10:00:00+03"`:              "2024-03-04T07:00:00.000Z",
		`null`:                                  "",
		`""`:                                    "",
		`"2024-03-04T07:00:00"`:                 "fault",
		`"2024-03-04"`:                          "fault",
		`"0001-01-01T00:00:00.000+0000"`:        "fault",
		`"9999-12-31T23:59:59.999+0000"`:        "fault",
		`"2024-02-30T07:00:00.000+0000"`:        "fault",
		`1709535600000`:                         "fault",
		`{}`:                                    "fault",
		`"` + strings.Repeat("2", 100000) + `"`: "fault",
	} {
		got, f := instantOf(json.RawMessage(text))
		if f != nil != (want == "fault") || f == nil && got.String() != want {
			t.Errorf("%.60s: %s %v, want %s", text, got, f, want)
		}
	}
}

func TestBadIssues(t *testing.T) {
	long := strings.Repeat("я", maxText)
	for text, path := range map[string]string{
		`5`:                                      "$",
		`null`:                                   "$",
		`"x"`:                                    "$",
		`[]`:                                     "$",
		`{}`:                                     "$.id",
		`{"id":"1"}`:                             "$.key",
		with(`"createdAt":"yesterday"`):          "$.createdAt",
		with(`"createdAt":null`):                 "$.createdAt",
		with(`"updatedAt":5`):                    "$.updatedAt",
		with(`"status":null`):                    "$.status",
		with(`"status":"open"`):                  "$.status",
		with(`"status":{"key":["open"]}`):        "$.status.key",
		with(`"summary":"` + long + `"`):         "$.summary",
		with(`"summary":{}`):                     "$.summary",
		with(`"deadline":"soon"`):                "$.deadline",
		with(`"storyPoints":"many"`):             "$.storyPoints",
		with(`"storyPoints":1e999`):              "$.storyPoints",
		with(`"storyPoints":"NaN"`):              "$.storyPoints",
		with(`"tags":["a",{}]`):                  "$.tags[1]",
		with(`"tags":"a"`):                       "$.tags",
		with(`"components":[{"display":"A"},7]`): "$.components[1]",
		with(`"sprint":[{"id":"1","display":["x"]}]`):          "$.sprint[0].display",
		with(`"project":{"primary":{"id":{}}}`):                "$.project.primary.id",
		with(`"commentWithoutExternalMessageCount":1e300`):     "$.commentWithoutExternalMessageCount",
		with(`"own":"` + long + `"`):                           "$.own",
		with(`"assignee":{"id":"1","display":"` + long + `"}`): "$.assignee.display",
	} {
		e := testSource("own").entryOf(json.RawMessage(text))
		if e.fault == nil {
			t.Errorf("%.80s: no fault", text)
			continue
		}
		p := e.fault.problem("r")
		if p.Path != path || len(p.Message) > 200 || !strings.Contains(p.Message, " is ") {
			t.Errorf("%.80s: %+v, want %s", text, p, path)
		}
	}
}

func TestCustomFields(t *testing.T) {
	text := with(`"votes":  {"a": [1, 2]},"6063--team":"x","0001--team":"y","mine":0,"other":1,"gone":null`)
	got := testSource("votes", "team", "mine", "gone", "absent").entryOf(json.RawMessage(text))
	want := map[string]json.RawMessage{"votes": json.RawMessage(`{"a":[1,2]}`), "team": json.RawMessage(`"y"`), "mine": json.RawMessage(`0`)}
	if diff := cmp.Diff(want, got.issue.Custom); diff != "" || got.fault != nil {
		t.Error(got.fault, diff)
	}
}

func TestEventMapping(t *testing.T) {
	const head = `{"id":5,"updatedAt":"2024-03-04T07:00:00.000+0000","type":"IssueUpdated","updatedBy":{"id":"1","display":"A"},"fields":`
	long := `["` + strings.Repeat("x", maxChange) + `"]`
	at := delivery.Instant(1709535600000)
	event := delivery.Event{ID: "5", At: at, Type: "IssueUpdated", Actor: delivery.Ref{ID: "1", Name: "A"}}
	for name, c := range map[string]struct {
		fields string
		want   func(*delivery.Event)
	}{
		"none": {`null`, func(*delivery.Event) {}},
		"status in last place, start before it": {
			`[{"field":{"id":"statusStartTime"},"from":"2024-03-04T06:00:00.000+0000","to":"2024-03-04T07:00:00.001+0000"},
			  {"field":{"id":"status","display":"Status"},"from":{"id":1,"key":"open","display":"Open"},"to":{"id":"2","key":"done","display":"Done"}}]`,
			func(e *delivery.Event) {
				e.Transition = &delivery.Transition{
					From: delivery.Ref{ID: "1", Key: "open", Name: "Open"}, To: delivery.Ref{ID: "2", Key: "done", Name: "Done"},
					FromStartedAt: at - 3600_000, ToStartedAt: at + 1,
				}
			},
		},
		"created": {`[{"field":{"id":"status"},"to":{"key":"open"}}]`, func(e *delivery.Event) {
			e.Transition = &delivery.Transition{To: delivery.Ref{Key: "open", Name: "open"}}
		}},
		"start without status": {`[{"field":{"id":"statusStartTime"},"to":null}]`, func(*delivery.Event) {}},
	} {
		t.Run(name, func(t *testing.T) {
			want := event
			c.want(&want)
			got, f := eventOf(json.RawMessage(head+c.fields+`}`), false)
			if f != nil {
				t.Fatal(f)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	got, f := eventOf(json.RawMessage(head+`[{"field":{"id":"tags"},"from": [ "a" ],"to":`+long+`}]}`), true)
	want := []delivery.FieldChange{{Field: "tags", From: json.RawMessage(`["a"]`), To: json.RawMessage(`"(4100 bytes, not kept)"`)}}
	if diff := cmp.Diff(want, got.Fields); diff != "" || f != nil {
		t.Error(f, diff)
	}
	for fields, path := range map[string]string{
		`{}`:                          "$.fields",
		`[5]`:                         "$.fields[0]",
		`[{"from":1}]`:                "$.fields[0].field.id",
		`[{"field":"status"}]`:        "$.fields[0].field",
		`[{"field":{"id":"status"}}]`: "$.fields[0].to",
		`[{"field":{"id":"a"}},{"field":{"id":"status"},"from":"open","to":{"key":"b"}}]`: "$.fields[1].from",
		`[{"field":{"id":"statusStartTime"},"from":"then"}]`:                              "$.fields[0].from",
	} {
		if _, f := eventOf(json.RawMessage(head+fields+`}`), true); f == nil || f.problem("").Path != path {
			t.Errorf("%s: %v, want %s", fields, f, path)
		}
	}
}

func FuzzIssue(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add([]byte(v.Input.Issue))
	}
	s := testSource("votes", "followers")
	f.Fuzz(func(t *testing.T, text []byte) {
		if text = clean(text); !json.Valid(text) {
			return
		}
		e := s.entryOf(json.RawMessage(text))
		if e.stamp == 0 {
			t.Error("no stamp")
		}
		if e.fault != nil {
			if p := e.fault.problem(""); !strings.HasPrefix(p.Path, "$") || p.Message == "" {
				t.Errorf("%+v", p)
			}
			return
		}
		if e.issue.ID == "" || e.issue.Key == "" || e.issue.Status.Key == "" || !e.issue.CreatedAt.Known() || !e.updated.Known() {
			t.Errorf("taken without what it needs: %+v", e.issue)
		}
		if _, err := json.Marshal(e.issue); err != nil {
			t.Error(err)
		}
	})
}

func FuzzEvent(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add([]byte(v.Input.Changelog[len(v.Input.Changelog)-1]))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if text = clean(text); !json.Valid(text) {
			return
		}
		e, bad := eventOf(json.RawMessage(text), true)
		if bad != nil {
			return
		}
		if e.ID == "" || !e.At.Known() || e.Transition != nil && e.Transition.To.Key == "" {
			t.Errorf("taken without what it needs: %+v", e)
		}
		for _, c := range e.Fields {
			if c.Field == "" || !json.Valid(c.From) || !json.Valid(c.To) || len(c.From) > maxChange || len(c.To) > maxChange {
				t.Errorf("%+v", c)
			}
		}
	})
}
