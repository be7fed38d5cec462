package control

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"
)

// CheckPassword is nil if it is the password of the user, else ErrCredentials.
func (db *DB) CheckPassword(ctx context.Context, id int64, password string) error {
	u, err := db.User(ctx, id)
	if err != nil {
		return err
	}
	_, err = db.Authenticate(ctx, u.Email, password)
	return err
}

// ValidatePassword is the *FieldError that a new password would get, or nil.
func ValidatePassword(password string) error { return validatePassword(password) }

// CheckNewUser is what AddUser has against an address and a role.
func (db *DB) CheckNewUser(ctx context.Context, email string, role Role) error {
	email = normalEmail(email)
	if err := errors.Join(validateEmail(email), validateRole(role)); err != nil {
		return err
	}
	return db.free(ctx, db.sql.Reader, email, role)
}

// AddUser makes a user with a password. Errors: *FieldError for email, role and
// password, joined; ErrNoAdmin when it would be the first one and no admin.
func (db *DB) AddUser(ctx context.Context, email string, role Role, password string) (User, error) {
	email = normalEmail(email)
	if err := errors.Join(validateEmail(email), validateRole(role), validatePassword(password)); err != nil {
		return User{}, err
	}
	if err := db.free(ctx, db.sql.Reader, email, role); err != nil { // before the costly hash too
		return User{}, err
	}
	hash, err := db.hashPassword(ctx, password)
	if err != nil {
		return User{}, err
	}
	var u User
	err = db.tx(ctx, func(tx *sql.Tx) error {
		if err := db.free(ctx, tx, email, role); err != nil {
			return err
		}
		if u, err = db.insertUser(ctx, tx, email, role, hash); err != nil {
			return err
		}
		return db.audit(ctx, tx, "user.add", "user/"+email, nil, auditOfUser(u))
	})
	return u, err
}

// free is nil when somebody with this address can become a user of the role.
func (db *DB) free(ctx context.Context, q querier, email string, role Role) error {
	_, err := userBy(ctx, q, "email", email)
	switch {
	case err == nil:
		return &FieldError{"email", "taken", "there is a user with this address already"}
	case !errors.Is(err, ErrNotFound):
		return err
	case role == Admin:
		return nil
	}
	has, err := hasUsers(ctx, q)
	if err == nil && !has {
		err = ErrNoAdmin
	}
	return err
}

func validateRole(role Role) error {
	if !slices.Contains(Roles(), role) {
		return &FieldError{"role", "invalid", "not admin, lead or viewer"}
	}
	return nil
}

// SetRole gives a user another role, which holds from the next request on.
// Errors: ErrNotFound, ErrLastAdmin, *FieldError.
func (db *DB) SetRole(ctx context.Context, id int64, role Role) error {
	if err := validateRole(role); err != nil {
		return err
	}
	return db.tx(ctx, func(tx *sql.Tx) error {
		u, err := userBy(ctx, tx, "id", id)
		if err != nil || u.Role == role {
			return err
		}
		if err := needOtherAdmin(ctx, tx, u); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE users SET role = ? WHERE id = ?`, role, id); err != nil {
			return fmt.Errorf("set role of user %d: %w", id, err)
		}
		return db.audit(ctx, tx, "user.role", "user/"+u.Email, auditOfUser(u), auditOfUser(User{Role: role}))
	})
}

// needOtherAdmin is ErrLastAdmin when there would be no admin without u.
func needOtherAdmin(ctx context.Context, tx *sql.Tx, u User) error {
	if u.Role != Admin {
		return nil
	}
	var others bool
	err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM users WHERE role = ? AND id <> ?)`, Admin, u.ID).Scan(&others)
	if err != nil {
		return fmt.Errorf("look for admins: %w", err)
	}
	if !others {
		return ErrLastAdmin
	}
	return nil
}

// RemoveUser removes a user, whose sessions and links end with it. What they
// did stays in the audit log under their name. Errors: ErrNotFound,
// ErrLastAdmin.
func (db *DB) RemoveUser(ctx context.Context, id int64, now time.Time) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		u, err := userBy(ctx, tx, "id", id)
		if err != nil {
			return err
		}
		if err := needOtherAdmin(ctx, tx, u); err != nil {
			return err
		}
		// First, while the log can still learn the name of whoever removes themselves.
		if err := db.audit(ctx, tx, "user.remove", "user/"+u.Email, auditOfUser(u), nil); err != nil {
			return err
		}
		if err := revokeInvites(ctx, tx, u.Email, now); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM users WHERE id = ?`, id); err != nil {
			return fmt.Errorf("remove user %d: %w", id, err)
		}
		return nil
	})
}

// SignOutEverywhere ends every session of a user.
func (db *DB) SignOutEverywhere(ctx context.Context, id int64) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		u, err := userBy(ctx, tx, "id", id)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE users SET sign_outs = sign_outs + 1 WHERE id = ?`, id); err != nil {
			return fmt.Errorf("sign out user %d: %w", id, err)
		}
		return db.audit(ctx, tx, "user.sign_out", "user/"+u.Email, nil, nil)
	})
}

// SetPassword gives a user another password, ends every session and withdraws
// what links there are. Errors: ErrNotFound, *FieldError.
func (db *DB) SetPassword(ctx context.Context, id int64, password string, now time.Time) (User, error) {
	if err := validatePassword(password); err != nil {
		return User{}, err
	}
	hash, err := db.hashPassword(ctx, password)
	if err != nil {
		return User{}, err
	}
	var u User
	err = db.tx(ctx, func(tx *sql.Tx) error {
		if u, err = setPassword(ctx, tx, id, hash); err != nil {
			return err
		}
		if err := revokeInvites(ctx, tx, u.Email, now); err != nil {
			return err
		}
		action := "password.reset"
		if by, ok := actor(ctx).(int64); ok && by == id {
			action = "password.change"
		}
		return db.audit(ctx, tx, action, "user/"+u.Email, nil, nil)
	})
	return u, err
}

// SetPasswordOf is SetPassword for the user with an address.
func (db *DB) SetPasswordOf(ctx context.Context, email, password string, now time.Time) (User, error) {
	u, err := userBy(ctx, db.sql.Reader, "email", normalEmail(email))
	if err != nil {
		return User{}, err
	}
	return db.SetPassword(ctx, u.ID, password, now)
}

func setPassword(ctx context.Context, tx *sql.Tx, id int64, hash string) (User, error) {
	res, err := tx.ExecContext(ctx, `UPDATE users SET password_hash = ?, sign_outs = sign_outs + 1 WHERE id = ?`, hash, id)
	if err == nil {
		err = oneRow(res)
	}
	if err != nil {
		return User{}, fmt.Errorf("set password of user %d: %w", id, err)
	}
	return userBy(ctx, tx, "id", id)
}
