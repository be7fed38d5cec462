package control

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
)

const (
	// maxHashes bounds the memory that password hashing takes: 4 × 19 MiB.
	maxHashes = 4

	minPassword = 10
	maxPassword = 200
)

// hashParams are those OWASP recommends for argon2id.
func hashParams() *argon2id.Params {
	return &argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

// nobody is the hash of a password that was thrown away: checking an unknown
// user's password against it takes as long as checking a known one's.
const nobody = "$argon2id$v=19$m=19456,t=2,p=1$AaS5hv4nOkH1cs7KTQ7tDQ$y9ne8R98IWHHu7Wt+5UKrRrZQQkc9O9odcEIFcdMyrc"

func (db *DB) hashPassword(ctx context.Context, password string) (string, error) {
	if err := db.acquireHash(ctx); err != nil {
		return "", err
	}
	defer db.releaseHash()
	hash, err := argon2id.CreateHash(password, hashParams())
	if err != nil {
		return "", errors.New("hash password") // the cause might hold it
	}
	return hash, nil
}

func (db *DB) checkPassword(ctx context.Context, password, hash string) (bool, error) {
	if err := db.acquireHash(ctx); err != nil {
		return false, err
	}
	defer db.releaseHash()
	ok, err := argon2id.ComparePasswordAndHash(password, hash)
	if err != nil {
		return false, errors.New("check password: the stored hash cannot be read")
	}
	return ok, nil
}

func (db *DB) acquireHash(ctx context.Context) error {
	select {
	case db.hashes <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("check password: %w", ctx.Err())
	}
}

func (db *DB) releaseHash() { <-db.hashes }

func validatePassword(password string) error {
	if !utf8.ValidString(password) {
		return &FieldError{"password", "invalid", "the password is not valid text"}
	}
	if n := utf8.RuneCountInString(password); n < minPassword || n > maxPassword {
		return &FieldError{"password", "length", fmt.Sprintf("a password has %d to %d characters", minPassword, maxPassword)}
	}
	return nil
}

// normalEmail is the form under which a user is stored and found.
func normalEmail(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// validateEmail takes any name@host: only sending a letter would tell more.
func validateEmail(s string) error {
	name, host, ok := strings.Cut(s, "@")
	bad := strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
	if !ok || name == "" || host == "" || bad || strings.Contains(host, "@") || len(s) > 254 || !utf8.ValidString(s) {
		return &FieldError{"email", "invalid", "not an e-mail address like name@example.com"}
	}
	return nil
}
