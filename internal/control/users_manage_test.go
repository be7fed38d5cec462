package control

import (
	"errors"
	"testing"
	"time"
)

const goodPassword = "long enough 1"

// addUsers makes an admin, a lead and a viewer.
func addUsers(t *testing.T, db *testDB) (admin, lead, viewer User) {
	t.Helper()
	admin, err := db.AddUser(db.ctx, "Ann@example.com ", Admin, goodPassword)
	must(t, err)
	lead, err = db.AddUser(db.ctx, "lead@example.com", Lead, goodPassword)
	must(t, err)
	viewer, err = db.AddUser(db.ctx, "viewer@example.com", Viewer, goodPassword)
	must(t, err)
	return admin, lead, viewer
}

func TestAddUser(t *testing.T) {
	db := openTest(t)
	_, err := db.NewSetupToken(db.ctx)
	must(t, err)
	_, err = db.AddUser(db.ctx, "first@example.com", Viewer, goodPassword)
	wantError(t, err, ErrNoAdmin)
	_, err = db.AddUser(db.ctx, "nobody", "boss", "short")
	wantField(t, err, "email", "invalid")
	wantField(t, err, "role", "invalid")
	wantField(t, err, "password", "length")

	admin, lead, _ := addUsers(t, db)
	if admin.Email != "ann@example.com" || admin.Role != Admin || !admin.CreatedAt.Equal(testNow) || !admin.LastSeenAt.IsZero() {
		t.Errorf("admin %+v", admin)
	}
	_, err = db.NewSetupToken(db.ctx)
	wantError(t, err, ErrSetupDone)
	_, err = db.AddUser(db.ctx, "LEAD@example.com", Viewer, goodPassword)
	wantField(t, err, "email", "taken")
	_, err = db.Authenticate(db.ctx, "lead@example.com", goodPassword)
	must(t, err)
	wantError(t, db.CheckPassword(db.ctx, lead.ID, "something else"), ErrCredentials)
	must(t, db.CheckPassword(db.ctx, lead.ID, goodPassword))
	users, err := db.Users(db.ctx)
	must(t, err)
	if len(users) != 3 || users[0].Email != "ann@example.com" || users[2].Role != Viewer {
		t.Errorf("users %+v", users)
	}
	if e := db.lastEntry(t); e.Action != "user.add" || e.Object != "user/viewer@example.com" || string(e.After) != `{"role":"viewer"}` || e.Email != "" {
		t.Errorf("entry %+v", e)
	}
}

// lastEntry is the newest one of the audit log.
func (db *testDB) lastEntry(t *testing.T) AuditEntry {
	t.Helper()
	log, err := db.Audit(db.ctx, AuditQuery{Limit: 1})
	must(t, err)
	if len(log) != 1 {
		t.Fatal("nothing is in the audit log")
	}
	return log[0]
}

func TestSomebodyStaysAdmin(t *testing.T) {
	db := openTest(t)
	admin, lead, _ := addUsers(t, db)
	wantError(t, db.SetRole(db.ctx, admin.ID, Lead), ErrLastAdmin)
	wantError(t, db.RemoveUser(db.ctx, admin.ID, testNow), ErrLastAdmin)
	must(t, db.SetRole(db.ctx, admin.ID, Admin))
	wantField(t, db.SetRole(db.ctx, lead.ID, "boss"), "role", "invalid")
	wantError(t, db.SetRole(db.ctx, 99, Lead), ErrNotFound)

	must(t, db.SetRole(WithActor(db.ctx, admin.ID), lead.ID, Admin))
	e := db.lastEntry(t)
	if e.Action != "user.role" || string(e.Before) != `{"role":"lead"}` || string(e.After) != `{"role":"admin"}` || e.UserID != admin.ID || e.Email != admin.Email {
		t.Errorf("entry %+v", e)
	}
	must(t, db.RemoveUser(WithActor(db.ctx, admin.ID), admin.ID, testNow))
	if e := db.lastEntry(t); e.Action != "user.remove" || e.Email != admin.Email {
		t.Errorf("who removed themselves is %+v", e)
	}
	wantError(t, db.RemoveUser(db.ctx, admin.ID, testNow), ErrNotFound)
	wantError(t, db.SetRole(db.ctx, lead.ID, Viewer), ErrLastAdmin)
	log, err := db.Audit(db.ctx, AuditQuery{User: admin.ID})
	must(t, err)
	if len(log) != 2 || log[1].Email != "ann@example.com" {
		t.Errorf("of the removed user the log holds %+v", log)
	}
}

func TestPasswords(t *testing.T) {
	db := openTest(t)
	admin, lead, _ := addUsers(t, db)
	token, _, err := db.NewReset(db.ctx, lead.ID, testNow)
	must(t, err)
	_, err = db.SetPassword(db.ctx, lead.ID, "short", testNow)
	wantField(t, err, "password", "length")
	u, err := db.SetPassword(WithActor(db.ctx, lead.ID), lead.ID, "another one 2", testNow)
	must(t, err)
	if u.SignOuts != lead.SignOuts+1 {
		t.Errorf("sessions go on: %+v", u)
	}
	if e := db.lastEntry(t); e.Action != "password.change" || e.Before != nil || e.After != nil {
		t.Errorf("entry %+v", e)
	}
	_, err = db.Authenticate(db.ctx, lead.Email, goodPassword)
	wantError(t, err, ErrCredentials)
	_, err = db.AcceptInvite(db.ctx, token, "a third one 3", testNow)
	wantError(t, err, ErrLinkRevoked)

	must(t, db.SignOutEverywhere(db.ctx, lead.ID))
	u, err = db.SetPasswordOf(db.ctx, "LEAD@example.com", "a fourth one 4", testNow)
	must(t, err)
	if u.SignOuts != lead.SignOuts+3 {
		t.Errorf("user %+v", u)
	}
	if e := db.lastEntry(t); e.Action != "password.reset" {
		t.Errorf("entry %+v", e)
	}
	_, err = db.SetPasswordOf(db.ctx, "x@example.com", goodPassword, testNow)
	wantError(t, err, ErrNotFound)
	wantError(t, db.SignOutEverywhere(db.ctx, 99), ErrNotFound)
	_, _, err = db.NewReset(db.ctx, 99, testNow)
	wantError(t, err, ErrNotFound)
	if admin, err = db.User(db.ctx, admin.ID); err != nil || admin.SignOuts != 0 {
		t.Errorf("somebody else is signed out: %+v, %v", admin, err)
	}
}

func TestSeen(t *testing.T) {
	db := openTest(t)
	u, _, _ := addUsers(t, db)
	for _, c := range []struct{ after, want time.Duration }{
		{0, 0}, {59 * time.Second, 0}, {time.Minute, time.Minute}, {90 * time.Second, time.Minute}, {2 * time.Minute, 2 * time.Minute},
	} {
		must(t, db.Seen(db.ctx, u, testNow.Add(c.after)))
		var err error
		if u, err = db.User(db.ctx, u.ID); err != nil || !u.LastSeenAt.Equal(testNow.Add(c.want)) {
			t.Errorf("%v later: seen %v, %v", c.after, u.LastSeenAt, err)
		}
	}
}

func TestInvite(t *testing.T) {
	db := openTest(t)
	_, _, err := db.Invite(db.ctx, "x@example.com", Viewer, testNow)
	wantError(t, err, ErrNoAdmin)
	admin, _, _ := addUsers(t, db)
	ctx := WithActor(db.ctx, admin.ID)
	_, _, err = db.Invite(ctx, admin.Email, Viewer, testNow)
	wantField(t, err, "email", "taken")
	_, _, err = db.Invite(ctx, "x", "y", testNow)
	wantField(t, err, "email", "invalid")

	first, _, err := db.Invite(ctx, "New@example.com", Viewer, testNow)
	must(t, err)
	token, i, err := db.Invite(ctx, "new@example.com", Lead, testNow)
	must(t, err)
	if i.Email != "new@example.com" || i.Role != Lead || !i.ExpiresAt.Equal(testNow.Add(7*24*time.Hour)) {
		t.Errorf("invite %+v", i)
	}
	open, err := db.Invites(ctx)
	must(t, err)
	if len(open) != 1 || open[0].ID != i.ID {
		t.Errorf("open invites %+v", open)
	}
	for link, want := range map[string]error{first: ErrLinkRevoked, "": ErrNotFound, "made up": ErrNotFound} {
		_, err = db.InviteFor(ctx, link, testNow)
		wantError(t, err, want)
		_, err = db.AcceptInvite(ctx, link, goodPassword, testNow)
		wantError(t, err, want)
	}
	_, err = db.AcceptInvite(ctx, token, goodPassword, i.ExpiresAt)
	wantError(t, err, ErrLinkExpired)
	_, err = db.AcceptInvite(ctx, token, "short", testNow)
	wantField(t, err, "password", "length")

	u, err := db.AcceptInvite(db.ctx, token, goodPassword, testNow)
	must(t, err)
	if u.Email != "new@example.com" || u.Role != Lead {
		t.Errorf("user %+v", u)
	}
	if e := db.lastEntry(t); e.Action != "user.join" || e.Email != u.Email || e.UserID != u.ID || string(e.After) != `{"role":"lead"}` {
		t.Errorf("entry %+v", e)
	}
	_, err = db.AcceptInvite(db.ctx, token, goodPassword, testNow)
	wantError(t, err, ErrLinkUsed)
	_, _, err = db.InviteAgain(db.ctx, i.ID, testNow)
	wantError(t, err, ErrNotFound)
	wantError(t, db.RevokeInvite(db.ctx, i.ID, testNow), ErrNotFound)
}

func TestInviteAgainAndRevoke(t *testing.T) {
	db := openTest(t)
	addUsers(t, db)
	old, i, err := db.Invite(db.ctx, "new@example.com", Viewer, testNow)
	must(t, err)
	later := testNow.Add(8 * 24 * time.Hour)
	_, err = db.InviteFor(db.ctx, old, later)
	wantError(t, err, ErrLinkExpired)
	fresh, j, err := db.InviteAgain(db.ctx, i.ID, later)
	must(t, err)
	_, err = db.InviteFor(db.ctx, old, later)
	wantError(t, err, ErrLinkRevoked)
	_, err = db.InviteFor(db.ctx, fresh, later)
	must(t, err)
	must(t, db.RevokeInvite(db.ctx, j.ID, later))
	if e := db.lastEntry(t); e.Action != "user.uninvite" || e.Object != "user/new@example.com" {
		t.Errorf("entry %+v", e)
	}
	_, err = db.InviteFor(db.ctx, fresh, later)
	wantError(t, err, ErrLinkRevoked)

	// Who is made a user in another way needs no link any more.
	link, _, err := db.Invite(db.ctx, "new@example.com", Viewer, later)
	must(t, err)
	_, err = db.AddUser(db.ctx, "new@example.com", Viewer, goodPassword)
	must(t, err)
	_, err = db.AcceptInvite(db.ctx, link, goodPassword, later)
	wantError(t, err, ErrLinkRevoked)

	// Long after, nothing is known of the links.
	_, _, err = db.Invite(db.ctx, "other@example.com", Viewer, later.Add(InviteLifetime+inviteMemory+time.Hour))
	must(t, err)
	_, err = db.InviteFor(db.ctx, old, later)
	wantError(t, err, ErrNotFound)
}

func TestReset(t *testing.T) {
	db := openTest(t)
	_, lead, _ := addUsers(t, db)
	token, i, err := db.NewReset(db.ctx, lead.ID, testNow)
	must(t, err)
	if !i.Reset || !i.ExpiresAt.Equal(testNow.Add(24*time.Hour)) {
		t.Errorf("link %+v", i)
	}
	_, err = db.Authenticate(db.ctx, lead.Email, goodPassword)
	must(t, err) // until the link is used
	open, err := db.Invites(db.ctx)
	must(t, err)
	if len(open) != 0 {
		t.Errorf("the link counts as an invitation: %+v", open)
	}
	u, err := db.AcceptInvite(db.ctx, token, "another one 2", testNow)
	must(t, err)
	if u.ID != lead.ID || u.Role != Lead || u.SignOuts != lead.SignOuts+1 {
		t.Errorf("user %+v", u)
	}
	_, err = db.Authenticate(db.ctx, lead.Email, "another one 2")
	must(t, err)

	token, _, err = db.NewReset(db.ctx, lead.ID, testNow)
	must(t, err)
	must(t, db.RemoveUser(db.ctx, lead.ID, testNow))
	_, err = db.AcceptInvite(db.ctx, token, goodPassword, testNow)
	wantError(t, err, ErrLinkRevoked)
}

// Of many that open one link at once, one is let in.
func TestAcceptInviteRace(t *testing.T) {
	db := openTest(t)
	addUsers(t, db)
	token, _, err := db.Invite(db.ctx, "new@example.com", Viewer, testNow)
	must(t, err)
	results := make(chan error, 4)
	for range cap(results) {
		go func() {
			_, err := db.AcceptInvite(db.ctx, token, goodPassword, testNow)
			results <- err
		}()
	}
	won := 0
	for range cap(results) {
		if err := <-results; err == nil {
			won++
		} else if !errors.Is(err, ErrLinkUsed) {
			t.Error(err)
		}
	}
	if won != 1 {
		t.Errorf("%d were let in", won)
	}
}
