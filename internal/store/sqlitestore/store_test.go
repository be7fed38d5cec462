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

func TestStore(t *testing.T) {
	var paths sync.Map // of open stores
	storetest.Run(t, storetest.Opener{
		Open: func(t *testing.T) delivery.Store {
			path := filepath.Join(t.TempDir(), "facts.db")
			s := open(t, path)
			paths.Store(s, path)
			return s
		},
		Reopen: func(t *testing.T, s delivery.Store) delivery.Store {
			if err := s.Close(); err != nil {
				t.Fatalf("close: %v", err)
			}
			path, _ := paths.Load(s)
			reopened := open(t, path.(string))
			paths.Store(reopened, path)
			return reopened
		},
	})
}
