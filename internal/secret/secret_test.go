package secret

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func newBox(t *testing.T, first byte) *Box {
	t.Helper()
	master := make([]byte, KeySize)
	master[0] = first
	box, err := NewBox(master)
	if err != nil {
		t.Fatal(err)
	}
	return box
}

func TestBox(t *testing.T) {
	box := newBox(t, 1)
	for _, plain := range []string{"", "y0_token", strings.Repeat("ключ", 10_000)} {
		sealed := box.Seal([]byte(plain), "connections/7/token")
		if plain != "" && bytes.Contains(sealed, []byte(plain)) {
			t.Error("the secret is in the clear")
		}
		got, err := box.Open(sealed, "connections/7/token")
		if err != nil || string(got) != plain {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		if bytes.Equal(sealed, box.Seal([]byte(plain), "connections/7/token")) {
			t.Error("sealed twice to the same bytes")
		}
	}
}

func TestBoxRefuses(t *testing.T) {
	box := newBox(t, 1)
	const identity = "connections/7/token"
	sealed := box.Seal([]byte("y0_token"), identity)
	changed := bytes.Clone(sealed)
	changed[len(changed)-1] ^= 1
	tests := []struct {
		name     string
		box      *Box
		sealed   []byte
		identity string
	}{
		{"another key", newBox(t, 2), sealed, identity},
		{"another row", box, sealed, "connections/8/token"},
		{"another name", box, sealed, "connections/7/iam_token"},
		{"changed", box, changed, identity},
		{"short", box, sealed[:5], identity},
		{"nothing", box, nil, identity},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			plain, err := tt.box.Open(tt.sealed, tt.identity)
			if !errors.Is(err, ErrSealed) || plain != nil || strings.Contains(err.Error(), "y0_") {
				t.Errorf("%q, %v", plain, err)
			}
		})
	}
}

func TestNewBoxWantsTheWholeKey(t *testing.T) {
	for _, n := range []int{0, 16, 31, 33} {
		if _, err := NewBox(make([]byte, n)); err == nil {
			t.Errorf("took a key of %d bytes", n)
		}
	}
}

func TestTokens(t *testing.T) {
	a, b := NewToken(), NewToken()
	if raw, err := base64.RawURLEncoding.DecodeString(a); err != nil || len(raw) != 32 || a == b {
		t.Errorf("%q, %q: %v", a, b, err)
	}
	want := sha256.Sum256([]byte(a))
	if !bytes.Equal(HashToken(a), want[:]) {
		t.Error("not the SHA-256")
	}
}

func TestLoadOrCreateKey(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "secret.key")
	key, err := LoadOrCreateKey(path)
	if err != nil || len(key) != KeySize {
		t.Fatalf("%d bytes, %v", len(key), err)
	}
	again, err := LoadOrCreateKey(path)
	if err != nil || !bytes.Equal(key, again) {
		t.Errorf("another key the second time, %v", err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	text, err := os.ReadFile(path)
	if err != nil || strings.TrimSpace(string(text)) != base64.StdEncoding.EncodeToString(key) {
		t.Errorf("the file is not the key in base64 (%v)", err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("files %v, %v", left, err)
	}
}

// However many start at once, all use the one key that stays.
func TestCreateKeyRace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret.key")
	keys := make([][]byte, 8)
	errs := make([]error, len(keys))
	var wg sync.WaitGroup
	for i := range keys {
		wg.Go(func() { keys[i], errs[i] = LoadOrCreateKey(path) })
	}
	wg.Wait()
	for i := range keys {
		if errs[i] != nil || !bytes.Equal(keys[i], keys[0]) {
			t.Errorf("%d: %v", i, errs[i])
		}
	}
}

func TestLoadKeyRefuses(t *testing.T) {
	good := base64.StdEncoding.EncodeToString(make([]byte, KeySize))
	tests := []struct {
		name, text string
		mode       os.FileMode
		want       string
	}{
		{"readable by others", good, 0o644, "chmod 600"},
		{"readable by the group", good, 0o640, "chmod 600"},
		{"empty", "", 0o600, "does not hold 32 bytes in base64"},
		{"not base64", "hunter2 hunter2", 0o600, "does not hold 32 bytes in base64"},
		{"short", good[:20], 0o600, "does not hold 32 bytes in base64"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "key")
			if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, tt.mode); err != nil {
				t.Fatal(err)
			}
			_, err := LoadOrCreateKey(path)
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
			if after, err := os.ReadFile(path); err != nil || string(after) != tt.text {
				t.Errorf("the file was touched (%v)", err)
			}
		})
	}
	if _, err := LoadOrCreateKey(filepath.Join(t.TempDir(), "nowhere", "key")); err == nil {
		t.Error("made a key in a folder that does not exist")
	}
}
