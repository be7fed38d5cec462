package control

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"throughline/internal/delivery"
)

func day(t *testing.T, text string) delivery.Date {
	t.Helper()
	d, err := delivery.ParseDate(text)
	must(t, err)
	return d
}

// moscow is a calendar of Russian holidays.
func moscow() Calendar {
	c := BuiltinCalendar()
	c.Zone, c.Holidays = "Europe/Moscow", "RU"
	return c
}

func TestCompile(t *testing.T) {
	c := moscow()
	c.Hours = []string{"09:00-13:00", "14:00-18:00"}
	c.DaysOff = []delivery.Date{day(t, "2026-11-03"), day(t, "2025-11-01")}
	c.WorkingDays = []delivery.Date{day(t, "2026-11-08"), day(t, "2026-05-01")}
	v, err := c.Compile()
	must(t, err)
	if v.Zone.String() != "Europe/Moscow" || len(v.Hours) != 2 || len(v.Week[time.Monday]) != 2 || v.Week[time.Sunday] != nil {
		t.Errorf("version %+v", v)
	}
	tests := []struct {
		date         string
		off, working bool
	}{
		{"2026-11-03", true, false},  // own day off
		{"2026-11-04", true, false},  // holiday
		{"2026-11-08", false, true},  // own working day
		{"2026-05-01", false, true},  // own working day on a holiday
		{"2025-11-01", true, false},  // own day off on the country's working Saturday
		{"2024-11-02", false, true},  // the country's working Saturday
		{"2030-01-08", true, false},  // statutory, the decree is not known
		{"2026-11-05", false, false}, // any Thursday
	}
	for _, tt := range tests {
		if d := day(t, tt.date); v.Off[d] != tt.off || v.Working[d] != tt.working {
			t.Errorf("%s: off %v, working %v", tt.date, v.Off[d], v.Working[d])
		}
	}
}

// Case 12 of the metrics by the built-in hours.
func TestCompiledHours(t *testing.T) {
	from, to := time.Date(2026, 3, 13, 17, 0, 0, 0, time.UTC), time.Date(2026, 3, 16, 11, 0, 0, 0, time.UTC)
	tests := []struct {
		name   string
		change func(*Calendar)
		hours  float64
	}{
		{"Friday to Monday", func(*Calendar) {}, 3},
		{"Monday off", func(c *Calendar) { c.DaysOff = []delivery.Date{day(t, "2026-03-16")} }, 1},
		{"working Saturday", func(c *Calendar) { c.WorkingDays = []delivery.Date{day(t, "2026-03-14")} }, 12},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := BuiltinCalendar()
			tt.change(&c)
			v, err := c.Compile()
			must(t, err)
			got := delivery.NewCalendar(v).Between(delivery.InstantOf(from), delivery.InstantOf(to))
			if float64(got)/3.6e6 != tt.hours {
				t.Errorf("%v ms, want %v h", got, tt.hours)
			}
		})
	}
}

// Working days overrule days off: a whole list of holidays may be given with
// the moved days beside it.
func TestWorkingDaysOverrule(t *testing.T) {
	c := moscow()
	c.DaysOff = []delivery.Date{{Year: 2026, Month: 1, Day: 1}, {Year: 2026, Month: 1, Day: 2}}
	c.WorkingDays = c.DaysOff[:1]
	v, err := c.Compile()
	if err != nil {
		t.Fatal(err)
	}
	first, second := c.DaysOff[0], c.DaysOff[1]
	if !v.Working[first] || v.Off[first] || v.Working[second] || !v.Off[second] {
		t.Errorf("1 January: working %v, off %v; 2 January: working %v, off %v", v.Working[first], v.Off[first], v.Working[second], v.Off[second])
	}
}

func TestCompileRefuses(t *testing.T) {
	tests := []struct {
		name        string
		change      func(*Calendar)
		field, code string
	}{
		{"no name", func(c *Calendar) { c.Name = " " }, "name", "required"},
		{"two lines", func(c *Calendar) { c.Name = "a\nb" }, "name", "text"},
		{"long name", func(c *Calendar) { c.Name = strings.Repeat("ы", 61) }, "name", "text"},
		{"no zone", func(c *Calendar) { c.Zone = "" }, "timezone", "required"},
		{"no such zone", func(c *Calendar) { c.Zone = "../etc/passwd" }, "timezone", "invalid"},
		{"the machine's zone", func(c *Calendar) { c.Zone = "Local" }, "timezone", "invalid"},
		{"no working days", func(c *Calendar) { c.Workdays = nil }, "workdays", "required"},
		{"eighth day", func(c *Calendar) { c.Workdays = []time.Weekday{7} }, "workdays", "invalid"},
		{"no hours", func(c *Calendar) { c.Hours = nil }, "hours", "required"},
		{"bad hours", func(c *Calendar) { c.Hours = []string{"9-18"} }, "hours", "invalid"},
		{"overlap", func(c *Calendar) { c.Hours = []string{"09:00-18:00", "17:59-19:00"} }, "hours", "overlap"},
		{"twice", func(c *Calendar) { c.Hours = []string{"09:00-18:00", "09:00-18:00"} }, "hours", "overlap"},
		{"overlap overnight", func(c *Calendar) { c.Hours = []string{"08:00-12:00", "22:00-08:30"} }, "hours", "overlap"},
		{"overlap around the clock", func(c *Calendar) { c.Hours = []string{"09:00-09:00", "12:00-13:00"} }, "hours", "overlap"},
		{"no such country", func(c *Calendar) { c.Holidays = "ru" }, "holidays", "invalid"},
		{"year", func(c *Calendar) { c.DaysOff = []delivery.Date{{Year: 1969, Month: 1, Day: 1}} }, "days_off", "range"},
		{"first day", func(c *Calendar) { c.From = delivery.Date{Year: 2061, Month: 1, Day: 1} }, "from", "range"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := moscow()
			tt.change(&c)
			_, err := c.Compile()
			wantField(t, err, tt.field, tt.code)
		})
	}
	if _, err := (Calendar{}).Compile(); len(flatten(err)) != 4 {
		t.Errorf("an empty calendar has %v", err)
	}
}

func TestCompileAccepts(t *testing.T) {
	for _, hours := range [][]string{
		{"00:00-24:00"},
		{"09:00-09:00"},
		{"22:00-06:00"},
		{"09:00-13:00", "13:00-18:00"},
		{"22:00-06:00", "06:00-14:00", "14:00-22:00"},
		{"00:00-00:00:01"},
		{" 09:00-18:00 "},
	} {
		c := moscow()
		c.Hours = hours
		if _, err := c.Compile(); err != nil {
			t.Errorf("%v: %v", hours, err)
		}
	}
}

func TestSaveCalendar(t *testing.T) {
	db := openTest(t)
	if chosen, err := db.CalendarChosen(db.ctx); err != nil || chosen {
		t.Errorf("%v, %v", chosen, err)
	}
	wantField(t, db.SaveCalendar(db.ctx, Calendar{}), "name", "required")
	c := moscow()
	c.Workdays = []time.Weekday{time.Friday, time.Monday, time.Monday}
	c.DaysOff = []delivery.Date{day(t, "2026-05-02"), day(t, "2026-05-01")}
	must(t, db.SaveCalendar(db.ctx, c))
	newer := moscow()
	newer.From = day(t, "2026-06-01")
	must(t, db.SaveCalendar(db.ctx, newer))

	all, err := db.Calendars(db.ctx)
	must(t, err)
	want := c
	want.Workdays = []time.Weekday{time.Monday, time.Friday}
	want.DaysOff = []delivery.Date{day(t, "2026-05-01"), day(t, "2026-05-02")}
	want.WorkingDays = []delivery.Date{}
	if len(all) != 2 || !reflect.DeepEqual(all[0], want) || all[1].From != newer.From {
		t.Errorf("calendars %+v", all)
	}
	if chosen, err := db.CalendarChosen(db.ctx); err != nil || !chosen {
		t.Errorf("%v, %v", chosen, err)
	}
	log := db.auditLog(t)
	if len(log) != 2 || log[0].action != "calendar.save" || log[0].object != "calendar/default" {
		t.Errorf("audit log %+v", log)
	}
}

func (db *testDB) version(t *testing.T) int64 {
	t.Helper()
	v, err := db.SettingsVersion(db.ctx)
	must(t, err)
	return v
}

func TestDefaultCalendar(t *testing.T) {
	db := openTest(t)
	zone := func() string {
		t.Helper()
		c, err := db.DefaultCalendar(db.ctx)
		must(t, err)
		return c.Zone().String()
	}
	if z := zone(); z != "UTC" {
		t.Errorf("built-in zone %s", z)
	}
	first, err := db.DefaultCalendar(db.ctx)
	must(t, err)
	if again, err := db.DefaultCalendar(db.ctx); err != nil || again != first {
		t.Errorf("built twice (%v)", err)
	}
	named := func(name, zone string) Calendar {
		c := BuiltinCalendar()
		c.Name, c.Zone = name, zone
		return c
	}
	before := db.version(t)
	must(t, db.SaveCalendar(db.ctx, named("kazan", "Europe/Moscow")))
	must(t, db.SaveCalendar(db.ctx, named("berlin", "Europe/Berlin")))
	if z := zone(); z != "Europe/Berlin" {
		t.Errorf("the first by name is in %s", z)
	}
	must(t, db.SaveCalendar(db.ctx, named("default", "Asia/Tokyo")))
	if z := zone(); z != "Asia/Tokyo" {
		t.Errorf("default is in %s", z)
	}
	after := db.version(t)
	if after <= before {
		t.Errorf("version %d after %d", after, before)
	}
	must(t, db.SaveCalendar(db.ctx, named("default", "Asia/Tokyo")))
	if v := db.version(t); v != after {
		t.Errorf("saving the same changed the version to %d", v)
	}
}

// The calendar is rebuilt when another process changes it.
func TestDefaultCalendarOfAnotherProcess(t *testing.T) {
	path := t.TempDir() + "/control.db"
	one, two := openAt(t, path, testBox(t, 1)), openAt(t, path, testBox(t, 1))
	_, err := one.DefaultCalendar(one.ctx)
	must(t, err)
	must(t, two.SaveCalendar(two.ctx, moscow()))
	c, err := one.DefaultCalendar(one.ctx)
	must(t, err)
	if c.Zone().String() != "Europe/Moscow" {
		t.Errorf("zone %s", c.Zone())
	}
}

func TestVersionsOfTheDefaultCalendar(t *testing.T) {
	db := openTest(t)
	old, late := BuiltinCalendar(), BuiltinCalendar()
	late.From, late.Hours = day(t, "2026-03-16"), []string{"00:00-24:00"}
	must(t, db.SaveCalendar(db.ctx, late))
	must(t, db.SaveCalendar(db.ctx, old))
	c, err := db.DefaultCalendar(db.ctx)
	must(t, err)
	// Friday by the old version, Monday by the new one.
	from, to := time.Date(2026, 3, 13, 0, 0, 0, 0, time.UTC), time.Date(2026, 3, 17, 0, 0, 0, 0, time.UTC)
	if got := c.Between(delivery.InstantOf(from), delivery.InstantOf(to)); got != (9+24)*3_600_000 {
		t.Errorf("%v h", float64(got)/3.6e6)
	}
}

func TestWorkflow(t *testing.T) {
	db := openTest(t)
	w, err := db.Workflow(db.ctx)
	must(t, err)
	if !reflect.DeepEqual(w, Workflow{}) {
		t.Errorf("workflow %+v", w)
	}
	before := db.version(t)
	in := delivery.Workflow{
		StatusLists:         delivery.StatusLists{Closed: []string{" closed", "done", "done", ""}, Active: []string{}},
		ExcludedResolutions: []string{"duplicate"},
		Queues:              map[string]delivery.StatusLists{"OPS": {Waiting: []string{"new"}}},
	}
	must(t, db.SaveWorkflow(db.ctx, in))
	want := Workflow{Chosen: true, Workflow: delivery.Workflow{
		StatusLists:         delivery.StatusLists{Closed: []string{"closed", "done"}, Active: []string{}},
		ExcludedResolutions: []string{"duplicate"},
		Queues:              map[string]delivery.StatusLists{"OPS": {Waiting: []string{"new"}}},
	}}
	w, err = db.Workflow(db.ctx)
	must(t, err)
	if !reflect.DeepEqual(w, want) {
		t.Errorf("workflow %+v, want %+v", w, want)
	}
	if w.Active == nil {
		t.Error("the empty list, which says that no status is active, became none")
	}
	version := db.version(t)
	if version <= before {
		t.Errorf("version %d after %d", version, before)
	}
	must(t, db.SaveWorkflow(db.ctx, in))
	if v := db.version(t); v != version {
		t.Errorf("saving the same changed the version to %d", v)
	}
	if log := db.auditLog(t); len(log) != 1 || log[0].before != nil || !strings.Contains(*log[0].after, `"active":[]`) {
		t.Errorf("audit log %+v", log)
	}
}

func TestSaveWorkflowRefuses(t *testing.T) {
	db := openTest(t)
	many := make([]string, maxStatuses+1)
	err := db.SaveWorkflow(db.ctx, delivery.Workflow{
		StatusLists:         delivery.StatusLists{Closed: []string{"a"}, Waiting: []string{"a"}, Active: many},
		ExcludedResolutions: []string{strings.Repeat("x", maxKey+1)},
		Queues:              map[string]delivery.StatusLists{" ": {}, "OPS": {Active: []string{"b"}, Waiting: []string{"b"}}},
	})
	wantField(t, err, "closed", "conflict")
	wantField(t, err, "active", "length")
	wantField(t, err, "excluded_resolutions", "length")
	wantField(t, err, "queues", "invalid")
	wantField(t, err, "queues.OPS.active", "conflict")
}
