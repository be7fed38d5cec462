package control

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

// importable is an import of everything.
func importable() Imported {
	c := newConnection("tracker")
	c.Settings = source.Settings{"org_id": json.RawMessage(`"7"`), "language": json.RawMessage(`"ru"`)}
	calendar := BuiltinCalendar()
	calendar.Zone, calendar.Holidays = "Europe/Moscow", "RU"
	return Imported{
		Connection: c, Managed: []string{"org_id", "language", "query"}, Secrets: map[string]string{"token": "tell-nobody", "iam_token": ""},
		Start: source.Cursor(`{"since":1}`), Calendar: &calendar,
		Workflow: &delivery.Workflow{StatusLists: delivery.StatusLists{Closed: []string{"closed", "rejected"}}},
	}
}

func (db *testDB) imported(t *testing.T, in Imported, want ImportOutcome) {
	t.Helper()
	got, err := db.Import(WithCommand(db.ctx, "import-env"), in, Declared{})
	if err != nil || got != want {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
}

func (db *testDB) refused(t *testing.T, in Imported, declared Declared, want string) {
	t.Helper()
	before := db.storedText(t)
	_, err := db.Import(db.ctx, in, declared)
	var conflict *ImportError
	if !errors.As(err, &conflict) || err.Error() != want {
		t.Errorf("it says %v\nwant %s", err, want)
	}
	if after := db.storedText(t); after != before {
		t.Errorf("a refused import changed\n%s\nto\n%s", before, after)
	}
}

// storedText is what an import may change.
func (db *testDB) storedText(t *testing.T) string {
	t.Helper()
	connections, err1 := db.Connections(db.ctx)
	calendars, err2 := db.Calendars(db.ctx)
	workflow, err3 := db.WorkflowVersions(db.ctx)
	audit, err4 := db.Audit(db.ctx, AuditQuery{})
	must(t, errors.Join(err1, err2, err3, err4))
	text, err := json.Marshal([]any{connections, calendars, workflow, len(audit)})
	must(t, err)
	return string(text)
}

func TestImport(t *testing.T) {
	db := openTest(t)
	in := importable()
	db.imported(t, in, ImportOutcome{Created, Created, Created, Created})
	db.imported(t, in, ImportOutcome{Unchanged, Unchanged, Unchanged, Unchanged})
	audit, err := db.Audit(db.ctx, AuditQuery{})
	must(t, err)
	var actions []string
	for _, e := range audit {
		actions = append(actions, e.Action)
		if e.Email != "import-env" || e.UserID != 0 || strings.Contains(string(e.After), "tell-nobody") {
			t.Errorf("%+v", e)
		}
	}
	if want := []string{"workflow.save", "calendar.save", "connection.start", "connection.create"}; !reflect.DeepEqual(actions, want) {
		t.Errorf("audit %q, want %q", actions, want)
	}
	c, err := db.Connection(db.ctx, "tracker")
	must(t, err)
	_, secrets, err := db.Config(db.ctx, c)
	if err != nil || !reflect.DeepEqual(secrets, map[string]string{"token": "tell-nobody"}) {
		t.Errorf("secrets of %d, %v", len(secrets), err)
	}
	if cursor, err := db.Cursor(db.ctx, c.ID); err != nil || string(cursor) != `{"since":1}` {
		t.Errorf("cursor %s, %v", cursor, err)
	}

	// What it does not know stays, and is no difference.
	c.Settings["custom_fields"] = json.RawMessage(`["a"]`)
	_, err = db.SaveConnection(db.ctx, c, nil)
	must(t, err)
	db.imported(t, in, ImportOutcome{Unchanged, Created, Unchanged, Unchanged})

	other := importable()
	other.Connection.Every = 2 * time.Hour
	other.Connection.Settings = source.Settings{"org_id": json.RawMessage(`"8"`)}
	other.Secrets["token"] = "another"
	other.Calendar.Hours = []string{"10:00-19:00"}
	other.Workflow.Closed = []string{"closed"}
	db.refused(t, other, Declared{}, "connection tracker: is stored otherwise: every, language, org_id, token\n"+
		"calendar default: is stored otherwise: working days, hours, time zone or holidays\nworkflow: is stored otherwise: what closed means")
	other.Replace = true
	db.refused(t, other, Declared{Connections: []string{"tracker"}, Calendars: []string{"default"}, Workflow: true},
		"connection tracker: declared in the provisioning file\ncalendar default: declared in the provisioning file\nworkflow: declared in the provisioning file")
	db.imported(t, other, ImportOutcome{Replaced, Created, Replaced, Replaced})
	c, err = db.Connection(db.ctx, "tracker")
	if err != nil || c.Every != 2*time.Hour || len(c.Settings) != 2 || string(c.Settings["custom_fields"]) != `["a"]` {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestImportRefuses(t *testing.T) {
	db := openTest(t)
	jira := newConnection("tracker")
	jira.Kind = "jira"
	db.save(t, jira, nil)
	in := importable()
	in.Replace = true
	db.refused(t, in, Declared{}, "connection tracker: is of the kind jira")
	in.Connection.Name = "Трекер"
	if _, err := db.Import(db.ctx, in, Declared{}); err == nil || !strings.Contains(err.Error(), "name:") {
		t.Errorf("%v", err)
	}
	in.Connection.Name = "other"
	db.refused(t, in, Declared{Connections: []string{"other"}}, "connection other: declared in the provisioning file")
}

// An imported start is no cursor of any fact store until a sync has moved it,
// and begins again with a new one.
func TestImportedStart(t *testing.T) {
	db := openTest(t)
	in := importable()
	db.imported(t, in, ImportOutcome{Created, Created, Created, Created})
	c, err := db.Connection(db.ctx, "tracker")
	must(t, err)
	cursor := func(want string) {
		t.Helper()
		if got, err := db.Cursor(db.ctx, c.ID); err != nil || string(got) != want {
			t.Errorf("cursor %s, %v, want %s", got, err, want)
		}
	}
	bind := func(identity string, want []string, has bool) {
		t.Helper()
		if got, err := db.HasCursors(db.ctx); err != nil || got != has {
			t.Errorf("%s: has cursors %v, %v", identity, got, err)
		}
		if got, err := db.BindFacts(db.ctx, identity, true, testNow); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: restarted %q, %v", identity, got, err)
		}
		cursor(`{"since":1}`)
	}
	bind("one", nil, false)
	s, err := db.StartSync(db.ctx, c.ID, testNow)
	must(t, err)
	must(t, db.SaveProgress(db.ctx, s.ID, source.Cursor(`2`), source.Progress{}, noneWritten, nil, testNow))
	must(t, db.FinishSync(db.ctx, s.ID, Done, source.Message{}, testNow.Add(time.Hour), 0, testNow))
	cursor(`2`)
	in.Start = source.Cursor(`{"since":5}`)
	db.imported(t, in, ImportOutcome{Unchanged, Kept, Unchanged, Unchanged})
	cursor(`2`)
	bind("two", []string{"tracker"}, true)

	// A start that nothing was read from can be replaced, and one that was asked
	// for always.
	db.refused(t, in, Declared{}, "connection tracker: is stored otherwise: where it begins")
	in.Replace, in.Restart = true, true
	db.imported(t, in, ImportOutcome{Unchanged, Replaced, Unchanged, Unchanged})
	cursor(`{"since":5}`)

	// Other settings are another beginning.
	c, err = db.Connection(db.ctx, "tracker")
	must(t, err)
	c.Settings = source.Settings{"org_id": json.RawMessage(`"9"`)}
	_, err = db.SaveConnection(db.ctx, c, nil)
	must(t, err)
	cursor("")
}

// A sync that was under way does not leave its cursor behind.
func TestImportedStartDuringASync(t *testing.T) {
	db := openTest(t)
	in := importable()
	start := in.Start
	in.Start = nil
	db.imported(t, in, ImportOutcome{Created, NotGiven, Created, Created})
	c, err := db.Connection(db.ctx, "tracker")
	must(t, err)
	s, err := db.StartSync(db.ctx, c.ID, testNow)
	must(t, err)
	in.Start = start
	db.imported(t, in, ImportOutcome{Unchanged, Created, Unchanged, Unchanged})
	err = db.SaveProgress(db.ctx, s.ID, source.Cursor(`2`), source.Progress{}, noneWritten, nil, testNow)
	if !errors.Is(err, ErrSuperseded) {
		t.Errorf("%v", err)
	}
	if got, err := db.Cursor(db.ctx, c.ID); err != nil || string(got) != string(start) {
		t.Errorf("cursor %s, %v", got, err)
	}
}
