package clickhousestore_test

import (
	"sync"
	"testing"

	"throughline/internal/delivery"
	"throughline/internal/store/clickhousestore"
	"throughline/internal/store/clickhousestore/chtest"
	"throughline/internal/store/storetest"
)

func open(t testing.TB, dsn string) *clickhousestore.Store {
	t.Helper()
	address, err := clickhousestore.ParseAddress(dsn)
	if err != nil {
		t.Fatal(err)
	}
	s, err := clickhousestore.Open(t.Context(), address)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return s
}

func TestStore(t *testing.T) {
	var addresses sync.Map // of open stores
	storetest.Run(t, storetest.Opener{
		Open: func(t *testing.T) delivery.Store {
			dsn := chtest.Open(t)
			s := open(t, dsn)
			addresses.Store(s, dsn)
			return s
		},
		Reopen: func(t *testing.T, s delivery.Store) delivery.Store {
			if err := s.Close(); err != nil {
				t.Fatalf("close: %v", err)
			}
			dsn, _ := addresses.Load(s)
			reopened := open(t, dsn.(string))
			addresses.Store(reopened, dsn)
			return reopened
		},
	})
}
