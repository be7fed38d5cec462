package control

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"throughline/internal/delivery"
)

// team stores a team and returns it as it is stored.
func (db *testDB) team(t *testing.T, name, calendar string, queues ...string) Team {
	t.Helper()
	_, err := db.SaveTeam(db.ctx, Team{Team: delivery.Team{Name: name, Calendar: calendar, Queues: queues}})
	must(t, err)
	team, err := db.Team(db.ctx, name)
	must(t, err)
	return team
}

// user makes a user, by hand: who may is not what is tested here.
func (db *testDB) user(t *testing.T, email string) int64 {
	t.Helper()
	var id int64
	must(t, db.sql.Writer.QueryRowContext(db.ctx, `INSERT INTO users (email, password_hash, role, created_at) VALUES (?, '', 'lead', 0) RETURNING id`, email).Scan(&id))
	return id
}

func TestSaveTeam(t *testing.T) {
	db := openTest(t)
	ann, bob := db.user(t, "ann@example.com"), db.user(t, "bob@example.com")
	must(t, db.SaveCalendar(db.ctx, moscow()))
	in := Team{
		Team: delivery.Team{
			Name: " Payments ", Calendar: "default", Queues: delivery.Patterns{" PAY* ", "PAY*", "", "!PAYOLD"},
			Repositories: delivery.Patterns{"acme/pay-*"}, CIProjects: delivery.Patterns{"group/**"},
		},
		Members: []int64{bob, ann, bob, 99},
	}
	version := db.version(t)
	audit, err := db.SaveTeam(db.ctx, in)
	must(t, err)
	got, err := db.Team(db.ctx, "Payments")
	must(t, err)
	want := Team{
		Team: delivery.Team{
			Name: "Payments", Calendar: "default", Queues: delivery.Patterns{"PAY*", "!PAYOLD"},
			Repositories: delivery.Patterns{"acme/pay-*"}, CIProjects: delivery.Patterns{"group/**"},
		},
		ID: got.ID, Members: []int64{ann, bob},
	}
	if !reflect.DeepEqual(got, want) || audit == 0 {
		t.Errorf("team %+v (entry %d)", got, audit)
	}
	if v := db.version(t); v == version {
		t.Error("the settings version stands")
	}
	version = db.version(t)
	if again, err := db.SaveTeam(db.ctx, got); err != nil || again != 0 || db.version(t) != version {
		t.Errorf("saving the same is entry %d, version %d after %d (%v)", again, db.version(t), version, err)
	}
	got.Name = "Billing"
	_, err = db.SaveTeam(db.ctx, got)
	must(t, err)
	all, err := db.Teams(db.ctx)
	must(t, err)
	if len(all) != 1 || all[0].Name != "Billing" || all[0].ID != got.ID {
		t.Errorf("renamed: %+v", all)
	}
	_, err = db.sql.Writer.ExecContext(db.ctx, `DELETE FROM users WHERE id = ?`, bob)
	must(t, err)
	if got, err = db.Team(db.ctx, "Billing"); err != nil || !slices.Equal(got.Members, []int64{ann}) {
		t.Errorf("members %v, %v", got.Members, err)
	}
}

func TestSaveTeamRefuses(t *testing.T) {
	db := openTest(t)
	db.team(t, "pay", "")
	save := func(name, calendar string, queues ...string) error {
		_, err := db.SaveTeam(db.ctx, Team{Team: delivery.Team{Name: name, Calendar: calendar, Queues: queues}})
		return err
	}
	wantField(t, save(" ", ""), "name", "required")
	wantField(t, save("a\nb", ""), "name", "text")
	wantField(t, save(strings.Repeat("ы", 61), ""), "name", "text")
	wantError(t, save("PAY", ""), ErrNameTaken)
	wantField(t, save("ops", "nowhere"), "calendar", "unknown")
	wantField(t, save("ops", "", "!OPS"), "queues", "patterns")
	_, err := db.SaveTeam(db.ctx, Team{ID: 99, Team: delivery.Team{Name: "ops"}})
	wantError(t, err, ErrNotFound)
	_, err = db.DeleteTeam(db.ctx, "ops")
	wantError(t, err, ErrNotFound)
}

// The statuses of a team go with its new name, and come back with the old one.
func TestRenamedTeamKeepsItsStatuses(t *testing.T) {
	db := openTest(t)
	pay := db.team(t, "pay", "", "PAY")
	w := closedBy("a")
	w.Teams = map[string]delivery.StatusLists{"pay": {Closed: []string{"paid"}}}
	must(t, db.SaveWorkflow(db.ctx, w))
	pay.Name = "billing"
	undo, err := db.SaveTeam(db.ctx, pay)
	must(t, err)
	stored, err := db.Workflow(db.ctx)
	must(t, err)
	if _, old := stored.Teams["pay"]; old || len(stored.Teams["billing"].Closed) != 1 {
		t.Errorf("statuses of %v", stored.Teams)
	}
	_, err = db.Undo(db.ctx, undo)
	must(t, err)
	if stored, err = db.Workflow(db.ctx); err != nil || !reflect.DeepEqual(stored.Workflow, w) {
		t.Errorf("undone: %+v, %v", stored.Workflow, err)
	}
	if _, err := db.Team(db.ctx, "pay"); err != nil {
		t.Error(err)
	}
}
