package storetest

import (
	"testing"

	"throughline/internal/delivery"
)

// people checks who a connection's people are.
func (s *store) people(t *testing.T, what, connection string, want ...delivery.Person) {
	t.Helper()
	got, err := s.People(t.Context(), connection)
	if err != nil {
		t.Fatalf("people: %v", err)
	}
	byID := map[string]delivery.Person{}
	for _, p := range want {
		byID[p.ID] = p
	}
	same(t, what, got, byID)
}

func testPeople(t *testing.T, s *store) {
	ada := delivery.Person{ID: "7", Login: "ada", Email: "Ada@example.org", Name: "Ada"}
	bob := delivery.Person{ID: "8", Name: "Bob"}
	s.people(t, "none", tracker)
	s.batch(t, delivery.Batch{Connection: tracker, People: []delivery.Person{ada, bob}})
	s.people(t, "two", tracker, ada, bob)
	s.people(t, "of another connection", "zoo")

	// Somebody of the same id elsewhere is somebody else.
	zoe := delivery.Person{ID: "7", Login: "zoe", Name: "Zoe"}
	s.batch(t, delivery.Batch{Connection: "zoo", People: []delivery.Person{zoe}})
	s.people(t, "with another connection's", tracker, ada, bob)
	s.people(t, "another connection's", "zoo", zoe)

	version := s.version(t)
	s.batch(t, delivery.Batch{Connection: tracker, People: []delivery.Person{bob, ada, bob}})
	same(t, "version after the same", s.version(t), version)

	// A new name and a lost e-mail; who is not told of again stays.
	ada.Name, ada.Email = "Ada L.", ""
	s.batch(t, delivery.Batch{Connection: tracker, People: []delivery.Person{ada}})
	s.people(t, "renamed", tracker, ada, bob)
	if s.version(t) == version {
		t.Error("the version is the same after a new name")
	}
	s.reopen(t)
	s.people(t, "reopened", tracker, ada, bob)
	s.people(t, "reopened, another connection's", "zoo", zoe)
}
