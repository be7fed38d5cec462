package control

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"throughline/internal/secret"
)

// Role says what a user may do.
type Role string

const (
	Admin  Role = "admin"  // everything
	Lead   Role = "lead"   // all pages, and what belongs to a team
	Viewer Role = "viewer" // look only
)

// Roles are all of them, from the most that one may do to the least.
func Roles() []Role { return []Role{Admin, Lead, Viewer} }

// User is somebody who can sign in.
type User struct {
	ID         int64
	Email      string
	Role       Role
	Lang       string // "" for the browser's
	Theme      string // light, dark; "" for the browser's
	SignOuts   int64  // grows when the user is signed out everywhere
	CreatedAt  time.Time
	LastSeenAt time.Time // to the minute; zero for never
}

const selectUser = `SELECT id, email, role, lang, theme, sign_outs, created_at, last_seen_at FROM users`

func scanUser(row scanner) (User, error) {
	var u User
	var created, seen int64
	err := row.Scan(&u.ID, &u.Email, &u.Role, &u.Lang, &u.Theme, &u.SignOuts, &created, &seen)
	u.CreatedAt, u.LastSeenAt = fromMillis(created), fromMillis(seen)
	return u, err
}

// HasUsers reports whether anybody can sign in.
func (db *DB) HasUsers(ctx context.Context) (bool, error) { return hasUsers(ctx, db.sql.Reader) }

func hasUsers(ctx context.Context, q querier) (bool, error) {
	var has bool
	if err := q.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM users)`).Scan(&has); err != nil {
		return false, fmt.Errorf("look for users: %w", err)
	}
	return has, nil
}

// User is the user with this id, or ErrNotFound.
func (db *DB) User(ctx context.Context, id int64) (User, error) {
	return userBy(ctx, db.sql.Reader, "id", id)
}

// Users are all users by e-mail.
func (db *DB) Users(ctx context.Context) ([]User, error) {
	out, err := list(ctx, db.sql.Reader, scanUser, selectUser+` ORDER BY email`)
	if err != nil {
		return nil, fmt.Errorf("users: %w", err)
	}
	return out, nil
}

// userBy is the user with this value of a unique column, or ErrNotFound.
func userBy(ctx context.Context, q querier, column string, value any) (User, error) {
	u, err := scanUser(q.QueryRowContext(ctx, selectUser+` WHERE `+column+` = ?`, value))
	if err != nil {
		return User{}, fmt.Errorf("user %v: %w", value, notFound(err))
	}
	return u, nil
}

// Seen notes that a user was here, at most once a minute.
func (db *DB) Seen(ctx context.Context, u User, now time.Time) error {
	if now.Sub(u.LastSeenAt) < time.Minute {
		return nil
	}
	_, err := db.sql.Writer.ExecContext(ctx, `UPDATE users SET last_seen_at = ? WHERE id = ? AND last_seen_at <= ?`,
		millis(now), u.ID, millis(now.Add(-time.Minute)))
	if err != nil {
		return fmt.Errorf("note that user %d was here: %w", u.ID, err)
	}
	return nil
}

// SetPreferences sets a user's language and theme. "" leaves the choice to the
// browser.
func (db *DB) SetPreferences(ctx context.Context, id int64, lang, theme string) error {
	if !slices.Contains([]string{"", "en", "ru"}, lang) {
		return &FieldError{"lang", "invalid", "not en or ru"}
	}
	if !slices.Contains([]string{"", "auto", "light", "dark"}, theme) {
		return &FieldError{"theme", "invalid", "not auto, light or dark"}
	}
	res, err := db.sql.Writer.ExecContext(ctx, `UPDATE users SET lang = ?, theme = ? WHERE id = ?`, lang, theme, id)
	if err != nil {
		return fmt.Errorf("user %d: %w", id, err)
	}
	return oneRow(res)
}

// oneRow is ErrNotFound when a statement changed nothing.
func oneRow(res sql.Result) error {
	n, err := res.RowsAffected()
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrNotFound
	}
	return nil
}

// Authenticate is the user who signs in so, or ErrCredentials. It takes as long
// for unknown users as for known ones.
func (db *DB) Authenticate(ctx context.Context, email, password string) (User, error) {
	var id int64
	var hash string
	err := db.sql.Reader.QueryRowContext(ctx, `SELECT id, password_hash FROM users WHERE email = ?`, normalEmail(email)).Scan(&id, &hash)
	if errors.Is(err, sql.ErrNoRows) {
		id, hash = 0, nobody
	} else if err != nil {
		return User{}, fmt.Errorf("authenticate: %w", err)
	}
	if len(password) > 4*maxPassword { // no password is, and hashing it all is work
		password = password[:4*maxPassword]
		id = 0
	}
	ok, err := db.checkPassword(ctx, password, hash)
	if err != nil {
		return User{}, err
	}
	if !ok || id == 0 {
		return User{}, ErrCredentials
	}
	return db.User(ctx, id)
}

// NewSetupToken makes the token of the set-up link, in place of the one before.
// The error is ErrSetupDone when there are users.
func (db *DB) NewSetupToken(ctx context.Context) (string, error) {
	token := secret.NewToken()
	err := db.tx(ctx, func(tx *sql.Tx) error {
		if has, err := hasUsers(ctx, tx); err != nil || has {
			return errors.Join(err, ErrSetupDone)
		}
		_, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO setup_token (id, hash, created_at) VALUES (1, ?, ?)`,
			secret.HashToken(token), millis(db.now()))
		return err
	})
	if err != nil {
		return "", fmt.Errorf("set-up token: %w", err)
	}
	return token, nil
}

// CheckSetupToken is nil for the token that SetUp would take, else ErrBadToken
// or ErrSetupDone.
func (db *DB) CheckSetupToken(ctx context.Context, token string) error {
	return checkSetupToken(ctx, db.sql.Reader, token)
}

func checkSetupToken(ctx context.Context, q querier, token string) error {
	switch has, err := hasUsers(ctx, q); {
	case err != nil:
		return err
	case has:
		return ErrSetupDone
	}
	var known bool
	err := q.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM setup_token WHERE hash = ?)`, secret.HashToken(token)).Scan(&known)
	if err != nil {
		return fmt.Errorf("set-up token: %w", err)
	}
	if !known {
		return ErrBadToken
	}
	return nil
}

// SetUp makes the first user, an admin, and uses up the token. Errors are those
// of CheckSetupToken and *FieldError for email and password, joined.
func (db *DB) SetUp(ctx context.Context, token, email, password string) (User, error) {
	// Checked before the costly hash too, lest anybody can ask for that.
	if err := db.CheckSetupToken(ctx, token); err != nil {
		return User{}, err
	}
	return db.firstAdmin(ctx, email, password, func(tx *sql.Tx) error { return checkSetupToken(ctx, tx, token) })
}

// EnsureAdmin makes the first user, an admin, unless there are users. Errors
// are *FieldError for email and password, joined.
func (db *DB) EnsureAdmin(ctx context.Context, email, password string) error {
	if has, err := db.HasUsers(ctx); err != nil || has {
		return err
	}
	_, err := db.firstAdmin(ctx, email, password, func(tx *sql.Tx) error {
		if has, err := hasUsers(ctx, tx); err != nil || has {
			return errors.Join(err, ErrSetupDone)
		}
		return nil
	})
	if errors.Is(err, ErrSetupDone) { // another process was faster
		return nil
	}
	return err
}

// CheckAccount is what SetUp has against an e-mail address and a password:
// *FieldError, joined.
func CheckAccount(email, password string) error {
	return errors.Join(validateEmail(normalEmail(email)), validatePassword(password))
}

func (db *DB) firstAdmin(ctx context.Context, email, password string, allowed func(*sql.Tx) error) (User, error) {
	u := User{Email: normalEmail(email), Role: Admin}
	if err := CheckAccount(email, password); err != nil {
		return User{}, err
	}
	hash, err := db.hashPassword(ctx, password)
	if err != nil {
		return User{}, err
	}
	err = db.tx(ctx, func(tx *sql.Tx) error {
		if err := allowed(tx); err != nil {
			return err
		}
		if u, err = db.insertUser(ctx, tx, u.Email, u.Role, hash); err != nil {
			return err
		}
		return db.audit(ctx, tx, "setup", "user/"+u.Email, nil, auditOfUser(u))
	})
	if err != nil {
		return User{}, err
	}
	return u, nil
}

// insertUser makes a user and withdraws what links there are to become one with
// this address. The set-up link is of no more use.
func (db *DB) insertUser(ctx context.Context, tx *sql.Tx, email string, role Role, hash string) (User, error) {
	var id int64
	err := tx.QueryRowContext(ctx, `INSERT INTO users (email, password_hash, role, created_at) VALUES (?, ?, ?, ?) RETURNING id`,
		email, hash, role, millis(db.now())).Scan(&id)
	if err != nil {
		return User{}, fmt.Errorf("create user: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM setup_token`); err != nil {
		return User{}, fmt.Errorf("use up set-up token: %w", err)
	}
	if err := revokeInvites(ctx, tx, email, db.now()); err != nil {
		return User{}, err
	}
	return userBy(ctx, tx, "id", id)
}

// auditOfUser is what the log says of a user.
func auditOfUser(u User) map[string]string { return map[string]string{"role": string(u.Role)} }
