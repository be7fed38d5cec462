package control

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"throughline/internal/delivery"
)

func closedBy(keys ...string) delivery.Workflow {
	return delivery.Workflow{StatusLists: delivery.StatusLists{Closed: keys}}
}

// story says what versions close, by day: "done | 2026-02-01 shipped".
func story(versions []WorkflowVersion) string {
	var out []string
	for _, v := range versions {
		out = append(out, strings.TrimSpace(v.From.String()+" "+strings.Join(v.Closed, ",")))
	}
	return strings.Join(out, " | ")
}

func TestChangeFrom(t *testing.T) {
	jan, feb, mar := day(t, "2026-01-01"), day(t, "2026-02-01"), day(t, "2026-03-01")
	three := []WorkflowVersion{{Workflow: closedBy("a")}, {From: feb, Workflow: closedBy("b")}, {From: mar, Workflow: closedBy("c")}}
	tests := []struct {
		name       string
		versions   []WorkflowVersion
		from, last delivery.Date
		want       string
	}{
		{"the first ever", nil, delivery.Date{}, delivery.Date{}, "x"},
		{"the first ever, from a day", nil, feb, delivery.Date{}, " | 2026-02-01 x"},
		{"the only one", three[:1], delivery.Date{}, delivery.Date{}, "x"},
		{"a new one behind", three[:1], feb, delivery.Date{}, "a | 2026-02-01 x"},
		{"the newest in its place", three, mar, mar, "a | 2026-02-01 b | 2026-03-01 x"},
		{"the newest from the beginning", three, delivery.Date{}, mar, "x"},
		{"the middle one from the beginning", three, delivery.Date{}, feb, "x | 2026-03-01 c"},
		{"the first in its place", three, delivery.Date{}, delivery.Date{}, "x | 2026-02-01 b | 2026-03-01 c"},
		{"the newest from earlier on", three, jan, mar, "a | 2026-01-01 x"},
		{"the first from later on", three, day(t, "2026-02-15"), delivery.Date{}, "a | 2026-02-01 b | 2026-02-15 x | 2026-03-01 c"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := story(tt.versions)
			got := ChangeFrom(tt.versions, tt.from, tt.last, func(w *delivery.Workflow) { w.Closed = []string{"x"} })
			got, err := normalVersions(got)
			must(t, err)
			if story(got) != tt.want {
				t.Errorf("%q, want %q", story(got), tt.want)
			}
			if story(tt.versions) != before {
				t.Errorf("the versions given became %q", story(tt.versions))
			}
		})
	}
}

func TestDeleteVersion(t *testing.T) {
	feb := day(t, "2026-02-01")
	two := []WorkflowVersion{{Workflow: closedBy("a")}, {From: feb, Workflow: closedBy("b")}}
	for _, tt := range []struct {
		from delivery.Date
		want string
	}{{feb, "a"}, {delivery.Date{}, "b"}} {
		got, err := DeleteVersion(two, tt.from)
		must(t, err)
		if story(got) != tt.want || !got[0].From.IsZero() {
			t.Errorf("without %q it is %q, want %q", tt.from, story(got), tt.want)
		}
	}
	_, err := DeleteVersion(two[:1], delivery.Date{})
	wantError(t, err, ErrLastVersion)
	_, err = DeleteVersion(two, day(t, "2026-02-02"))
	wantError(t, err, ErrNotFound)
}

func TestTouched(t *testing.T) {
	feb := day(t, "2026-02-01")
	own := func(w delivery.Workflow, team string, closed ...string) delivery.Workflow {
		w.Teams = map[string]delivery.StatusLists{team: {Closed: closed}}
		return w
	}
	one := []WorkflowVersion{{Workflow: closedBy("a")}}
	tests := []struct {
		name   string
		after  []WorkflowVersion
		teams  string
		others bool
	}{
		{"nothing", one, "[]", false},
		{"a version that changes nothing", append(slices.Clone(one), WorkflowVersion{From: feb, Workflow: closedBy("a")}), "[]", false},
		{"a team from a day on", append(slices.Clone(one), WorkflowVersion{From: feb, Workflow: own(closedBy("a"), "pay", "done")}), "[pay]", false},
		{"common lists", []WorkflowVersion{{Workflow: closedBy("b")}}, "[]", true},
		{"both", []WorkflowVersion{{Workflow: own(closedBy("b"), "pay", "done")}}, "[pay]", true},
		{"an empty list is not none", []WorkflowVersion{{Workflow: delivery.Workflow{StatusLists: delivery.StatusLists{Closed: []string{"a"}, Active: []string{}}}}}, "[]", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			teams, others := Touched(one, tt.after)
			if fmt.Sprint(teams) != tt.teams || others != tt.others {
				t.Errorf("%v %v, want %s %v", teams, others, tt.teams, tt.others)
			}
		})
	}
}

func TestCalendarFrom(t *testing.T) {
	feb, mar := day(t, "2026-02-01"), day(t, "2026-03-01")
	at := func(from delivery.Date, hours string) Calendar {
		c := BuiltinCalendar()
		c.From, c.Hours = from, []string{hours}
		return c
	}
	three := []Calendar{at(delivery.Date{}, "01:00-02:00"), at(feb, "02:00-03:00"), at(mar, "03:00-04:00")}
	for _, tt := range []struct {
		from, last delivery.Date
		want       string
	}{
		{delivery.Date{}, delivery.Date{}, "[ 2026-02-01 2026-03-01]"},
		{delivery.Date{}, mar, "[]"},
		{delivery.Date{}, feb, "[ 2026-03-01]"},
		{day(t, "2026-02-10"), feb, "[ 2026-02-01 2026-02-10 2026-03-01]"},
		{day(t, "2026-01-10"), mar, "[ 2026-01-10]"},
	} {
		var days []string
		for _, v := range CalendarFrom(three, at(tt.from, "05:00-06:00"), tt.last) {
			days = append(days, v.From.String())
		}
		if got := fmt.Sprint(days); got != tt.want {
			t.Errorf("from %q, edited at %q: %s, want %s", tt.from, tt.last, got, tt.want)
		}
	}
}

func TestDefinitionsOfTheStore(t *testing.T) {
	db := openTest(t)
	tokyo := BuiltinCalendar()
	tokyo.Zone = "Asia/Tokyo"
	must(t, db.SaveCalendar(db.ctx, tokyo))
	w, err := db.Workflows(db.ctx)
	must(t, err)
	if len(w.Versions) != 1 || w.Versions[0].From != 0 || len(w.Teams) != 0 {
		t.Errorf("before anything is chosen: %+v", w)
	}
	must(t, db.SaveWorkflow(db.ctx, closedBy("a")))
	_, err = db.ChangeWorkflow(db.ctx, func(v []WorkflowVersion) ([]WorkflowVersion, error) {
		return ChangeFrom(v, day(t, "2026-02-01"), delivery.Date{}, func(w *delivery.Workflow) { w.Closed = []string{"b"} }), nil
	})
	must(t, err)
	db.team(t, "pay", "", "PAY*")
	w, err = db.Workflows(db.ctx)
	must(t, err)
	midnight := delivery.InstantOf(time.Date(2026, 1, 31, 15, 0, 0, 0, time.UTC)) // in Tokyo
	if len(w.Versions) != 2 || w.Versions[0].From != 0 || w.Versions[1].From != midnight || w.Versions[1].Workflow.Closed[0] != "b" {
		t.Errorf("versions %+v", w.Versions)
	}
	if len(w.Teams) != 1 || w.Teams[0].Name != "pay" || !slices.Equal(w.Teams[0].Queues, delivery.Patterns{"PAY*"}) {
		t.Errorf("teams %+v", w.Teams)
	}
}

func TestCalendarByName(t *testing.T) {
	db := openTest(t)
	night := BuiltinCalendar()
	night.Name, night.Zone = "night", "Asia/Omsk"
	must(t, db.SaveCalendar(db.ctx, moscow()))
	must(t, db.SaveCalendar(db.ctx, night))
	for name, zone := range map[string]string{"": "Europe/Moscow", "default": "Europe/Moscow", "night": "Asia/Omsk"} {
		c, err := db.Calendar(db.ctx, name)
		must(t, err)
		if again, err := db.Calendar(db.ctx, name); err != nil || again != c {
			t.Errorf("%q is built twice (%v)", name, err)
		}
		if c.Zone().String() != zone {
			t.Errorf("%q is in %s", name, c.Zone())
		}
	}
	_, err := db.Calendar(db.ctx, "nowhere")
	wantError(t, err, ErrNotFound)
}

func TestMarkers(t *testing.T) {
	db := openTest(t)
	feb, mar, apr := day(t, "2026-02-01"), day(t, "2026-03-01"), day(t, "2026-04-01")
	night := BuiltinCalendar()
	night.Name = "night"
	must(t, db.SaveCalendar(db.ctx, BuiltinCalendar()))
	must(t, db.SaveCalendar(db.ctx, night))
	unused := night
	unused.Name = "unused"
	must(t, db.SaveCalendar(db.ctx, unused))
	for _, c := range []struct {
		of   Calendar
		from delivery.Date
	}{{BuiltinCalendar(), mar}, {night, apr}, {unused, apr}} {
		c.of.From, c.of.Hours = c.from, []string{"10:00-12:00"}
		must(t, db.SaveCalendar(db.ctx, c.of))
	}
	db.team(t, "pay", "night", "PAY")
	db.team(t, "ops", "", "OPS")
	must(t, db.SaveWorkflow(db.ctx, closedBy("a")))
	change := func(from delivery.Date, f func(*delivery.Workflow)) {
		t.Helper()
		_, err := db.ChangeWorkflow(db.ctx, func(v []WorkflowVersion) ([]WorkflowVersion, error) { return ChangeFrom(v, from, from, f), nil })
		must(t, err)
	}
	change(feb, func(w *delivery.Workflow) {
		w.Queues = map[string]delivery.StatusLists{"PAY": {Closed: []string{"paid"}}}
	})
	change(mar, func(w *delivery.Workflow) {
		w.Teams = map[string]delivery.StatusLists{"ops": {Closed: []string{"done"}}}
	})
	tests := []struct {
		teams []string
		want  string
	}{
		{nil, "2026-02-01 workflow | 2026-03-01 workflow | 2026-03-01 calendar default | 2026-04-01 calendar night"},
		{[]string{"pay"}, "2026-02-01 workflow | 2026-04-01 calendar night"},
		{[]string{"ops"}, "2026-03-01 workflow | 2026-03-01 calendar default"},
		{[]string{"ops", "pay"}, "2026-02-01 workflow | 2026-03-01 workflow | 2026-03-01 calendar default | 2026-04-01 calendar night"},
	}
	for _, tt := range tests {
		markers, err := db.Markers(db.ctx, tt.teams)
		must(t, err)
		var got []string
		for _, m := range markers {
			got = append(got, strings.TrimSpace(delivery.DateOf(m.At.Time()).String()+" "+m.Kind+" "+m.Name))
		}
		if s := strings.Join(got, " | "); s != tt.want {
			t.Errorf("markers of %v are\n%s, want\n%s", tt.teams, s, tt.want)
		}
	}
}

func TestDeleteCalendar(t *testing.T) {
	db := openTest(t)
	other := BuiltinCalendar()
	other.Name = "night"
	must(t, db.SaveCalendar(db.ctx, BuiltinCalendar()))
	must(t, db.SaveCalendar(db.ctx, other))
	pay := db.team(t, "pay", "night")
	_, err := db.DeleteCalendar(db.ctx, "night")
	wantError(t, err, ErrInUse)
	_, err = db.DeleteCalendar(db.ctx, "default")
	wantError(t, err, ErrInUse)
	_, err = db.DeleteCalendar(db.ctx, "nowhere")
	wantError(t, err, ErrNotFound)
	pay.Calendar = ""
	_, err = db.SaveTeam(db.ctx, pay)
	must(t, err)
	undo, err := db.DeleteCalendar(db.ctx, "night")
	must(t, err)
	_, err = db.Undo(db.ctx, undo)
	must(t, err)
	all, err := db.Calendars(db.ctx)
	must(t, err)
	if want := []Calendar{BuiltinCalendar().normal(), other.normal()}; !reflect.DeepEqual(all, want) {
		t.Errorf("calendars %+v", all)
	}
}

// Either both definitions change or none.
func TestChangeDefinitions(t *testing.T) {
	db := openTest(t)
	workflow := func(keys ...string) func([]WorkflowVersion) ([]WorkflowVersion, error) {
		return func([]WorkflowVersion) ([]WorkflowVersion, error) {
			return []WorkflowVersion{{Workflow: closedBy(keys...)}}, nil
		}
	}
	calendar := func(c Calendar) func([]Calendar) ([]Calendar, error) {
		return func([]Calendar) ([]Calendar, error) { return []Calendar{c}, nil }
	}
	audits, err := db.ChangeDefinitions(db.ctx, DefinitionsChange{Workflow: workflow("a"), Calendar: calendar(moscow()), Name: DefaultCalendarName})
	if must(t, err); len(audits) != 2 {
		t.Fatalf("entries %v", audits)
	}
	saved := func() string {
		t.Helper()
		versions, err := db.WorkflowVersions(db.ctx)
		must(t, err)
		calendars, err := db.Calendars(db.ctx)
		must(t, err)
		return fmt.Sprint(story(versions), len(calendars))
	}
	before := saved()
	twice := closedBy("b")
	twice.Active = []string{"b"}
	_, err = db.ChangeDefinitions(db.ctx, DefinitionsChange{
		Calendar: calendar(BuiltinCalendar()), Name: DefaultCalendarName,
		Workflow: func([]WorkflowVersion) ([]WorkflowVersion, error) { return []WorkflowVersion{{Workflow: twice}}, nil },
	})
	wantField(t, err, "closed", "conflict")
	c, err := db.DefaultCalendar(db.ctx)
	must(t, err)
	if saved() != before || c.Zone().String() != "Europe/Moscow" {
		t.Errorf("of a change that failed there is %q in %s", saved(), c.Zone())
	}
	audits, err = db.ChangeDefinitions(db.ctx, DefinitionsChange{Workflow: workflow("a"), Calendar: calendar(moscow()), Name: DefaultCalendarName})
	if must(t, err); len(audits) != 0 {
		t.Errorf("saving the same has entries %v", audits)
	}
	for _, only := range []DefinitionsChange{{Workflow: workflow("b")}, {Calendar: calendar(BuiltinCalendar()), Name: DefaultCalendarName}} {
		audits, err = db.ChangeDefinitions(db.ctx, only)
		if must(t, err); len(audits) != 1 {
			t.Errorf("one change has entries %v", audits)
		}
	}
}

// On a day the versions count that had begun by then, and the first in any case.
func TestDefinitionsOfADay(t *testing.T) {
	db := openTest(t)
	feb, mar := day(t, "2026-02-01"), day(t, "2026-03-01")
	_, err := db.ChangeWorkflow(db.ctx, func([]WorkflowVersion) ([]WorkflowVersion, error) {
		return []WorkflowVersion{{Workflow: closedBy("a")}, {From: feb, Workflow: closedBy("b")}, {From: mar, Workflow: closedBy("c")}}, nil
	})
	must(t, err)
	early, late := moscow(), moscow()
	early.From, late.From, late.Hours = feb, mar, []string{"00:00-24:00"}
	must(t, db.SaveCalendar(db.ctx, early))
	must(t, db.SaveCalendar(db.ctx, late))
	at := func(text string) delivery.Instant { return day(t, text).In(time.UTC) }
	for _, tt := range []struct {
		day    delivery.Date
		closed string
		fewer  bool
		hours  float64 // of Tuesday, 3 March
	}{
		{delivery.Date{}, "c", false, 24},
		{day(t, "2026-01-31"), "a", true, 9},
		{feb, "b", true, 9},
		{day(t, "2026-02-28"), "b", true, 9},
		{mar, "c", false, 24},
		{day(t, "2026-12-31"), "c", false, 24},
	} {
		w, fewer, err := db.WorkflowsOn(db.ctx, tt.day)
		must(t, err)
		if got := w.At(at("2026-06-01")).Closed; len(got) != 1 || got[0] != tt.closed || fewer != tt.fewer {
			t.Errorf("%s: closed are %v, fewer %v", tt.day, got, fewer)
		}
		c, err := db.CalendarOn(db.ctx, "", tt.day)
		must(t, err)
		if got := float64(c.Between(at("2026-03-03")-3*3_600_000, at("2026-03-04")-3*3_600_000)) / 3.6e6; got != tt.hours {
			t.Errorf("%s: %v h", tt.day, got)
		}
		if again, err := db.CalendarOn(db.ctx, DefaultCalendarName, tt.day); err != nil || again != c {
			t.Errorf("%s: built twice, %v", tt.day, err)
		}
	}
	if n := len(db.cache.calendars); n != 2 {
		t.Errorf("%d calendars are kept", n)
	}
}
