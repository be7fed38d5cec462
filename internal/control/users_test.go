package control

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
)

func TestSetUp(t *testing.T) {
	db := openTest(t)
	first, err := db.NewSetupToken(db.ctx)
	must(t, err)
	second, err := db.NewSetupToken(db.ctx)
	must(t, err)
	wantError(t, db.CheckSetupToken(db.ctx, first), ErrBadToken)
	wantError(t, db.CheckSetupToken(db.ctx, ""), ErrBadToken)
	must(t, db.CheckSetupToken(db.ctx, second))

	_, err = db.SetUp(db.ctx, first, "a@example.com", "long enough 1")
	wantError(t, err, ErrBadToken)
	_, err = db.SetUp(db.ctx, second, "nobody", "short")
	wantField(t, err, "email", "invalid")
	wantField(t, err, "password", "length")

	u, err := db.SetUp(db.ctx, second, "  Ann@Example.COM ", "long enough 1")
	must(t, err)
	if u.Email != "ann@example.com" || u.Role != Admin || u.ID == 0 {
		t.Errorf("user %+v", u)
	}
	_, err = db.SetUp(db.ctx, second, "b@example.com", "long enough 1")
	wantError(t, err, ErrSetupDone)
	wantError(t, db.CheckSetupToken(db.ctx, second), ErrSetupDone)
	_, err = db.NewSetupToken(db.ctx)
	wantError(t, err, ErrSetupDone)
	var left int
	must(t, db.sql.Reader.QueryRow(`SELECT count(*) FROM setup_token`).Scan(&left))
	if left != 0 {
		t.Error("the set-up token was kept")
	}
	log := db.auditLog(t)
	if len(log) != 1 || log[0].action != "setup" || log[0].object != "user/ann@example.com" || *log[0].after != `{"role":"admin"}` {
		t.Errorf("audit log %+v", log)
	}
}

// Of many that follow the one link at once, one becomes the admin.
func TestSetUpRace(t *testing.T) {
	db := openTest(t)
	token, err := db.NewSetupToken(db.ctx)
	must(t, err)
	results := make(chan error, 4)
	var wg sync.WaitGroup
	for range cap(results) {
		wg.Go(func() {
			_, err := db.SetUp(db.ctx, token, "a@example.com", "long enough 1")
			results <- err
		})
	}
	wg.Wait()
	close(results)
	won := 0
	for err := range results {
		if err == nil {
			won++
		} else {
			wantError(t, err, ErrSetupDone)
		}
	}
	if won != 1 {
		t.Errorf("%d became admin", won)
	}
}

func TestEnsureAdmin(t *testing.T) {
	db := openTest(t)
	wantField(t, db.EnsureAdmin(db.ctx, "a@example.com", strings.Repeat("x", 201)), "password", "length")
	must(t, db.EnsureAdmin(db.ctx, "a@example.com", "long enough 1"))
	must(t, db.EnsureAdmin(db.ctx, "b@example.com", "long enough 2"))
	_, err := db.Authenticate(db.ctx, "b@example.com", "long enough 2")
	wantError(t, err, ErrCredentials)
}

func TestValidateEmail(t *testing.T) {
	for _, email := range []string{"a@b", "a.b+c@example.com", "имя@почта.рф"} {
		if err := validateEmail(email); err != nil {
			t.Errorf("%q: %v", email, err)
		}
	}
	for _, email := range []string{"", "a", "@b", "a@", "a@b@c", "a b@c", "a@b\n", strings.Repeat("a", 255) + "@b", "\xff@b"} {
		wantField(t, validateEmail(email), "email", "invalid")
	}
}

func TestValidatePassword(t *testing.T) {
	for _, password := range []string{"0123456789", "пароль-пароль", strings.Repeat("ы", 200)} {
		if err := validatePassword(password); err != nil {
			t.Errorf("%q: %v", password, err)
		}
	}
	wantField(t, validatePassword("123456789"), "password", "length")
	wantField(t, validatePassword(strings.Repeat("ы", 201)), "password", "length")
	wantField(t, validatePassword("0123456789\xff"), "password", "invalid")
}

func TestAuthenticate(t *testing.T) {
	db := openTest(t)
	must(t, db.EnsureAdmin(db.ctx, "ann@example.com", "long enough 1"))
	u, err := db.Authenticate(db.ctx, " ANN@example.com", "long enough 1")
	must(t, err)
	if u.Email != "ann@example.com" || u.Role != Admin {
		t.Errorf("user %+v", u)
	}
	for _, try := range [][2]string{
		{"ann@example.com", "long enough 2"},
		{"ann@example.com", ""},
		{"", ""},
		{"nobody@example.com", "long enough 1"},
		{"ann@example.com", strings.Repeat("x", 1<<20)},
	} {
		_, err := db.Authenticate(db.ctx, try[0], try[1])
		if !errors.Is(err, ErrCredentials) || err.Error() != ErrCredentials.Error() {
			t.Errorf("%q: %v", try[0], err)
		}
	}
	var hash string
	must(t, db.sql.Reader.QueryRow(`SELECT password_hash FROM users`).Scan(&hash))
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash %s", hash)
	}
}

// An unknown user's password costs as much as a known one's.
func TestNobodyHash(t *testing.T) {
	params, salt, key, err := argon2id.DecodeHash(nobody)
	must(t, err)
	if want := hashParams(); *params != *want || len(salt) != int(want.SaltLength) || len(key) != int(want.KeyLength) {
		t.Errorf("parameters %+v", params)
	}
}

// Who waits for a free slot can give up.
func TestAuthenticateWaits(t *testing.T) {
	db := openTest(t)
	for range maxHashes {
		db.hashes <- struct{}{}
	}
	ctx, cancel := context.WithTimeout(db.ctx, time.Millisecond)
	defer cancel()
	_, err := db.Authenticate(ctx, "a@example.com", "long enough 1")
	wantError(t, err, context.DeadlineExceeded)
}

func TestPreferences(t *testing.T) {
	db := openTest(t)
	must(t, db.EnsureAdmin(db.ctx, "ann@example.com", "long enough 1"))
	must(t, db.SetPreferences(db.ctx, 1, "ru", "dark"))
	u, err := db.User(db.ctx, 1)
	must(t, err)
	if u.Lang != "ru" || u.Theme != "dark" {
		t.Errorf("user %+v", u)
	}
	wantField(t, db.SetPreferences(db.ctx, 1, "de", ""), "lang", "invalid")
	wantField(t, db.SetPreferences(db.ctx, 1, "", "pink"), "theme", "invalid")
	wantError(t, db.SetPreferences(db.ctx, 2, "", ""), ErrNotFound)
	_, err = db.User(db.ctx, 2)
	wantError(t, err, ErrNotFound)
}

func TestSessions(t *testing.T) {
	db := openTest(t)
	s := db.SessionStore()
	find := func(token, want string) {
		t.Helper()
		data, found, err := s.FindCtx(db.ctx, token)
		must(t, err)
		if found != (want != "") || string(data) != want {
			t.Errorf("%s: %q, %v; want %q", token, data, found, want)
		}
	}
	must(t, s.CommitCtx(db.ctx, "a", []byte("1"), testNow.Add(time.Hour)))
	must(t, s.Commit("b", []byte("2"), testNow.Add(2*time.Hour)))
	find("a", "1")
	must(t, s.CommitCtx(db.ctx, "a", []byte("3"), testNow.Add(time.Hour)))
	find("a", "3")
	find("c", "")
	db.clock = testNow.Add(time.Hour)
	find("a", "")
	find("b", "2")
	must(t, db.PruneSessions(db.ctx, db.clock))
	var left int
	must(t, db.sql.Reader.QueryRow(`SELECT count(*) FROM sessions`).Scan(&left))
	if left != 1 {
		t.Errorf("%d sessions are left", left)
	}
	must(t, s.DeleteCtx(db.ctx, "b"))
	must(t, s.Delete("b"))
	find("b", "")
	if _, found, err := s.Find("b"); found || err != nil {
		t.Error(found, err)
	}
}
