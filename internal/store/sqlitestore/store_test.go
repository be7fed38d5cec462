package sqlitestore_test

import (
	"path/filepath"
	"sync"
	"testing"

	"throughline/internal/delivery"
	"throughline/internal/store/sqlitestore"
	"throughline/internal/store/storetest"
)

func open(t testing.TB, path string) *sqlitestore.Store {
	t.Helper()
	s, err := sqlitestore.Open(t.Context(), path)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return s
}

func TestStore(t *testing.T) { run(t, func(*sqlitestore.Store) {}) }

// TestStoreOfMany: the same where there are more issues than are held in memory.
func TestStoreOfMany(t *testing.T) { run(t, (*sqlitestore.Store).HoldNothing) }

func run(t *testing.T, opened func(*sqlitestore.Store)) {
	var paths sync.Map // of open stores
	storetest.Run(t, storetest.Opener{
		Open: func(t *testing.T) delivery.Store {
			path := filepath.Join(t.TempDir(), "facts.db")
			s := open(t, path)
			opened(s)
			paths.Store(s, path)
			return s
		},
		Reopen: func(t *testing.T, s delivery.Store) delivery.Store {
			if err := s.Close(); err != nil {
				t.Fatalf("close: %v", err)
			}
			path, _ := paths.Load(s)
			reopened := open(t, path.(string))
			opened(reopened)
			paths.Store(reopened, path)
			return reopened
		},
	})
}
