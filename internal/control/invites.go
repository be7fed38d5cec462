package control

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"throughline/internal/secret"
)

const (
	// InviteLifetime is how long a link to become a user is good for.
	InviteLifetime = 7 * 24 * time.Hour
	// ResetLifetime is how long a link to choose another password is.
	ResetLifetime = 24 * time.Hour
	// inviteMemory is how long it is known of a link that it is over.
	inviteMemory = 90 * 24 * time.Hour
)

// Invite is a link by which somebody chooses a password: to become a user, or
// as a user who forgot the former one. The link itself is not kept.
type Invite struct {
	ID        int64
	Email     string
	Role      Role
	Reset     bool // of a user
	CreatedAt time.Time
	ExpiresAt time.Time
	userID    int64
	used      bool
	revoked   bool
}

const selectInvite = `SELECT id, email, role, coalesce(user_id, 0), reset, created_at, expires_at, used_at > 0, revoked_at > 0 FROM invites`

func scanInvite(row scanner) (Invite, error) {
	var i Invite
	var created, expires int64
	err := row.Scan(&i.ID, &i.Email, &i.Role, &i.userID, &i.Reset, &created, &expires, &i.used, &i.revoked)
	i.CreatedAt, i.ExpiresAt = fromMillis(created), fromMillis(expires)
	return i, err
}

// Invite makes the token of a link to become a user, in place of one before.
// Errors are those of AddUser.
func (db *DB) Invite(ctx context.Context, email string, role Role, now time.Time) (token string, i Invite, err error) {
	email = normalEmail(email)
	if err := errors.Join(validateEmail(email), validateRole(role)); err != nil {
		return "", Invite{}, err
	}
	i = Invite{Email: email, Role: role, CreatedAt: now, ExpiresAt: now.Add(InviteLifetime)}
	err = db.tx(ctx, func(tx *sql.Tx) error {
		if err := db.free(ctx, tx, email, role); err != nil {
			return err
		}
		token, err = db.putInvite(ctx, tx, &i, "user.invite")
		return err
	})
	return token, i, err
}

// InviteAgain makes another link in place of one that was not used. Errors:
// ErrNotFound, and those of Invite.
func (db *DB) InviteAgain(ctx context.Context, id int64, now time.Time) (token string, i Invite, err error) {
	old, err := openInvite(ctx, db.sql.Reader, id)
	if err != nil {
		return "", Invite{}, err
	}
	return db.Invite(ctx, old.Email, old.Role, now)
}

// NewReset makes the token of a link by which a user chooses another password,
// in place of one before. The former password is good until then.
func (db *DB) NewReset(ctx context.Context, userID int64, now time.Time) (token string, i Invite, err error) {
	err = db.tx(ctx, func(tx *sql.Tx) error {
		u, err := userBy(ctx, tx, "id", userID)
		if err != nil {
			return err
		}
		i = Invite{Email: u.Email, Role: u.Role, Reset: true, CreatedAt: now, ExpiresAt: now.Add(ResetLifetime), userID: u.ID}
		token, err = db.putInvite(ctx, tx, &i, "password.link")
		return err
	})
	return token, i, err
}

// putInvite stores a link in place of all others of the address.
func (db *DB) putInvite(ctx context.Context, tx *sql.Tx, i *Invite, action string) (token string, err error) {
	_, err = tx.ExecContext(ctx, `DELETE FROM invites WHERE expires_at < ?`, millis(i.CreatedAt.Add(-inviteMemory)))
	if err != nil {
		return "", fmt.Errorf("forget old links: %w", err)
	}
	if err := revokeInvites(ctx, tx, i.Email, i.CreatedAt); err != nil {
		return "", err
	}
	token = secret.NewToken()
	err = tx.QueryRowContext(ctx, `INSERT INTO invites (email, role, user_id, reset, hash, created_at, expires_at)
		VALUES (?, ?, nullif(?, 0), ?, ?, ?, ?) RETURNING id`,
		i.Email, i.Role, i.userID, i.Reset, secret.HashToken(token), millis(i.CreatedAt), millis(i.ExpiresAt)).Scan(&i.ID)
	if err != nil {
		return "", fmt.Errorf("store link: %w", err)
	}
	after := map[string]string{"role": string(i.Role), "expires": i.ExpiresAt.UTC().Format(time.RFC3339)}
	return token, db.audit(ctx, tx, action, "user/"+i.Email, nil, after)
}

// revokeInvites withdraws the links of an address that were not used.
func revokeInvites(ctx context.Context, tx *sql.Tx, email string, now time.Time) error {
	_, err := tx.ExecContext(ctx, `UPDATE invites SET revoked_at = ? WHERE email = ? AND used_at = 0 AND revoked_at = 0`, millis(now), email)
	if err != nil {
		return fmt.Errorf("withdraw links: %w", err)
	}
	return nil
}

// openInvite is a link to become a user that was neither used nor withdrawn.
func openInvite(ctx context.Context, q querier, id int64) (Invite, error) {
	i, err := scanInvite(q.QueryRowContext(ctx, selectInvite+` WHERE id = ?`, id))
	if err == nil && (i.used || i.revoked || i.Reset) {
		err = ErrNotFound
	}
	if err != nil {
		return Invite{}, fmt.Errorf("link %d: %w", id, notFound(err))
	}
	return i, nil
}

// RevokeInvite withdraws a link to become a user that was not used.
func (db *DB) RevokeInvite(ctx context.Context, id int64, now time.Time) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		i, err := openInvite(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := revokeInvites(ctx, tx, i.Email, now); err != nil {
			return err
		}
		return db.audit(ctx, tx, "user.uninvite", "user/"+i.Email, auditOfUser(User{Role: i.Role}), nil)
	})
}

// Invites are the links to become a user that were neither used nor withdrawn,
// by e-mail; those that have expired too.
func (db *DB) Invites(ctx context.Context) ([]Invite, error) {
	out, err := list(ctx, db.sql.Reader, scanInvite, selectInvite+` WHERE used_at = 0 AND revoked_at = 0 AND NOT reset ORDER BY email`)
	if err != nil {
		return nil, fmt.Errorf("links: %w", err)
	}
	return out, nil
}

// InviteFor is the link with this token. Errors: ErrNotFound, ErrLinkUsed,
// ErrLinkExpired, ErrLinkRevoked.
func (db *DB) InviteFor(ctx context.Context, token string, now time.Time) (Invite, error) {
	return inviteFor(ctx, db.sql.Reader, token, now)
}

func inviteFor(ctx context.Context, q querier, token string, now time.Time) (Invite, error) {
	i, err := scanInvite(q.QueryRowContext(ctx, selectInvite+` WHERE hash = ?`, secret.HashToken(token)))
	switch {
	case err != nil:
		return Invite{}, fmt.Errorf("link: %w", notFound(err))
	case i.used:
		return Invite{}, ErrLinkUsed
	case i.revoked:
		return Invite{}, ErrLinkRevoked
	case !now.Before(i.ExpiresAt):
		return Invite{}, ErrLinkExpired
	}
	return i, nil
}

// AcceptInvite uses a link up: it makes the user, or gives the user another
// password and ends every session. Errors are those of InviteFor, and
// *FieldError for the password.
func (db *DB) AcceptInvite(ctx context.Context, token, password string, now time.Time) (User, error) {
	// Checked before the costly hash too, lest anybody can ask for that.
	if _, err := db.InviteFor(ctx, token, now); err != nil {
		return User{}, err
	}
	if err := validatePassword(password); err != nil {
		return User{}, err
	}
	hash, err := db.hashPassword(ctx, password)
	if err != nil {
		return User{}, err
	}
	var u User
	err = db.tx(ctx, func(tx *sql.Tx) error {
		i, err := inviteFor(ctx, tx, token, now)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE invites SET used_at = ? WHERE id = ?`, millis(now), i.ID); err != nil {
			return fmt.Errorf("use up link: %w", err)
		}
		action := "user.join"
		if i.Reset {
			action = "password.reset"
			u, err = setPassword(ctx, tx, i.userID, hash)
		} else {
			u, err = db.insertUser(ctx, tx, i.Email, i.Role, hash)
		}
		if err != nil {
			return err
		}
		var after any
		if !i.Reset {
			after = auditOfUser(u)
		}
		return db.audit(WithActor(ctx, u.ID), tx, action, "user/"+u.Email, nil, after)
	})
	if err != nil {
		return User{}, err
	}
	return u, nil
}
