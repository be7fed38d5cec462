package control

import (
	"reflect"
	"testing"

	"throughline/internal/delivery"
)

type stored struct {
	Workflow  []WorkflowVersion
	Calendars []Calendar
	Teams     []Team
	Services  []Service
}

// dump is everything that can be undone, as it is stored.
func (db *testDB) dump(t *testing.T) stored {
	t.Helper()
	var out stored
	var err error
	out.Workflow, err = db.WorkflowVersions(db.ctx)
	must(t, err)
	out.Calendars, err = db.Calendars(db.ctx)
	must(t, err)
	out.Teams, err = db.Teams(db.ctx)
	must(t, err)
	for i := range out.Teams {
		out.Teams[i].ID = 0 // a team that comes back has another
	}
	out.Services, err = db.Services(db.ctx)
	must(t, err)
	for i := range out.Services {
		out.Services[i].ID = 0
	}
	return out
}

// Each change is undone exactly, and undoing it again brings it back.
func TestUndo(t *testing.T) {
	feb := day(t, "2026-02-01")
	change := func(db *testDB, f func([]WorkflowVersion) ([]WorkflowVersion, error)) int64 {
		undo, err := db.ChangeWorkflow(db.ctx, f)
		must(t, err)
		return undo
	}
	tests := []struct {
		name string
		act  func(db *testDB) int64
	}{
		{"a version more", func(db *testDB) int64 {
			return change(db, func(v []WorkflowVersion) ([]WorkflowVersion, error) {
				return ChangeFrom(v, day(t, "2026-03-01"), feb, func(w *delivery.Workflow) { w.Closed, w.Active = []string{"x"}, []string{} }), nil
			})
		}},
		{"all from the beginning", func(db *testDB) int64 {
			return change(db, func(v []WorkflowVersion) ([]WorkflowVersion, error) {
				return ChangeFrom(v, delivery.Date{}, feb, func(w *delivery.Workflow) { w.Closed, w.Teams = []string{"x"}, nil }), nil
			})
		}},
		{"a version less", func(db *testDB) int64 {
			return change(db, func(v []WorkflowVersion) ([]WorkflowVersion, error) { return DeleteVersion(v, feb) })
		}},
		{"a calendar from a day", func(db *testDB) int64 {
			undo, err := db.ChangeCalendar(db.ctx, "default", func(v []Calendar) ([]Calendar, error) {
				c := moscow()
				c.From, c.DaysOff = feb, []delivery.Date{day(t, "2026-03-03")}
				return CalendarFrom(v, c, c.From), nil
			})
			must(t, err)
			return undo
		}},
		{"a new calendar", func(db *testDB) int64 {
			undo, err := db.ChangeCalendar(db.ctx, "night", func([]Calendar) ([]Calendar, error) { return []Calendar{moscow()}, nil })
			must(t, err)
			return undo
		}},
		{"a team's patterns and members", func(db *testDB) int64 {
			pay, err := db.Team(db.ctx, "pay")
			must(t, err)
			pay.Queues, pay.Members, pay.Calendar = delivery.Patterns{"*"}, nil, "default"
			undo, err := db.SaveTeam(db.ctx, pay)
			must(t, err)
			return undo
		}},
		{"a new team", func(db *testDB) int64 {
			undo, err := db.SaveTeam(db.ctx, Team{Team: delivery.Team{Name: "ops"}})
			must(t, err)
			return undo
		}},
		{"a team deleted", func(db *testDB) int64 {
			undo, err := db.DeleteTeam(db.ctx, "pay")
			must(t, err)
			return undo
		}},
		{"a service's name and repository", func(db *testDB) int64 {
			s, err := db.Service(db.ctx, "pay")
			must(t, err)
			s.Name, s.Repository, s.Paths = "payments", "acme/pay", nil
			undo, err := db.SaveService(db.ctx, s)
			must(t, err)
			return undo
		}},
		{"a new service", func(db *testDB) int64 {
			undo, err := db.SaveService(db.ctx, Service{Service: delivery.Service{Name: "api"}})
			must(t, err)
			return undo
		}},
		{"a service deleted", func(db *testDB) int64 {
			undo, err := db.DeleteService(db.ctx, "pay")
			must(t, err)
			return undo
		}},
		{"members", func(db *testDB) int64 {
			undo, err := db.SetMembers(db.ctx, "pay", nil)
			must(t, err)
			return undo
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			db := openTest(t)
			ann := db.user(t, "ann@example.com")
			must(t, db.SaveCalendar(db.ctx, BuiltinCalendar()))
			w := closedBy("a", "b")
			w.Teams = map[string]delivery.StatusLists{"pay": {Active: []string{}}}
			must(t, db.SaveWorkflow(db.ctx, w))
			change(db, func(v []WorkflowVersion) ([]WorkflowVersion, error) {
				return ChangeFrom(v, feb, feb, func(w *delivery.Workflow) { w.ExcludedResolutions = []string{"wontFix"} }), nil
			})
			_, err := db.SaveTeam(db.ctx, Team{Team: delivery.Team{Name: "pay", Queues: delivery.Patterns{"PAY", "!X"}}, Members: []int64{ann}})
			must(t, err)

			db.service(t, payService())

			before := db.dump(t)
			undo := tt.act(db)
			after, version := db.dump(t), db.version(t)
			if undo == 0 || reflect.DeepEqual(before, after) {
				t.Fatal("the change changed nothing")
			}
			again, err := db.Undo(db.ctx, undo)
			must(t, err)
			if got := db.dump(t); !reflect.DeepEqual(got, before) {
				t.Errorf("undone it is\n%+v, was\n%+v", got, before)
			}
			if db.version(t) == version {
				t.Error("the settings version stands")
			}
			if _, err := db.Undo(db.ctx, undo); err == nil {
				t.Error("it can be undone twice")
			}
			_, err = db.Undo(db.ctx, again)
			must(t, err)
			if got := db.dump(t); !reflect.DeepEqual(got, after) {
				t.Errorf("redone it is\n%+v, was\n%+v", got, after)
			}
		})
	}
}

func TestUndoRefuses(t *testing.T) {
	db := openTest(t)
	first := func() int64 {
		t.Helper()
		undo, err := db.ChangeWorkflow(db.ctx, func([]WorkflowVersion) ([]WorkflowVersion, error) {
			return []WorkflowVersion{{Workflow: closedBy("a")}}, nil
		})
		must(t, err)
		return undo
	}()
	must(t, db.SaveWorkflow(db.ctx, closedBy("b")))
	_, err := db.Undo(db.ctx, first)
	wantError(t, err, ErrChanged)
	_, err = db.Undo(db.ctx, 999)
	wantError(t, err, ErrNotFound)

	must(t, db.SaveCalendar(db.ctx, BuiltinCalendar()))
	c, err := db.ChangeCalendar(db.ctx, "night", func([]Calendar) ([]Calendar, error) { return []Calendar{moscow()}, nil })
	must(t, err)
	db.team(t, "pay", "night")
	_, err = db.Undo(db.ctx, c)
	wantError(t, err, ErrInUse)

	gone, err := db.DeleteTeam(db.ctx, "pay")
	must(t, err)
	_, err = db.DeleteCalendar(db.ctx, "night")
	must(t, err)
	_, err = db.Undo(db.ctx, gone)
	wantField(t, err, "calendar", "unknown")

	db.save(t, newConnection("tracker"), nil)
	var entry int64
	must(t, db.sql.Reader.QueryRowContext(db.ctx, `SELECT id FROM audit_log WHERE object LIKE 'connection/%'`).Scan(&entry))
	_, err = db.Undo(db.ctx, entry)
	wantError(t, err, ErrNoUndo)
}

// What the file declares is not undone, neither while it does nor back to it.
func TestUndoOfProvisioned(t *testing.T) {
	db := openTest(t)
	must(t, db.SaveWorkflow(db.ctx, closedBy("a")))
	db.apply(t, "workflow: {closed: [b]}\n")
	db.apply(t, "")
	entries, err := list(db.ctx, db.sql.Reader, func(row scanner) (id int64, err error) { return id, row.Scan(&id) }, `SELECT id FROM audit_log ORDER BY id`)
	must(t, err)
	if len(entries) != 3 {
		t.Fatalf("entries %v", entries)
	}
	_, err = db.Undo(db.ctx, entries[2])
	wantError(t, err, ErrProvisioned)
	_, err = db.Undo(db.ctx, entries[1])
	wantError(t, err, ErrChanged)
}

// A team that the provisioned workflow names stays: the file could not be
// applied again without it.
func TestTeamOfTheProvisionedWorkflowStays(t *testing.T) {
	db := openTest(t)
	made, err := db.SaveTeam(db.ctx, Team{Team: delivery.Team{Name: "pay"}})
	must(t, err)
	const file = "workflow: {teams: {pay: {closed: [paid]}}}\n"
	db.apply(t, file)
	_, err = db.DeleteTeam(db.ctx, "pay")
	wantError(t, err, ErrProvisioned)
	_, err = db.Undo(db.ctx, made)
	wantError(t, err, ErrProvisioned)
	pay, err := db.Team(db.ctx, "pay")
	must(t, err)
	pay.Name = "billing"
	_, err = db.SaveTeam(db.ctx, pay)
	wantField(t, err, "name", "in_use")
	db.apply(t, file)
}
