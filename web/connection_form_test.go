package web

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/control"
	"throughline/internal/source"
)

// What a kind says of a value is not hidden behind a text for all fields of its type;
// what the database says of the name, and a text for the field, come before both.
func TestConnectionErrors(t *testing.T) {
	list := func(name string) source.Field { return source.Field{Name: name, Type: source.List} }
	kind := source.Kind{Name: "sentry", Fields: []source.Field{list("ages"), list("projects"), list("name")}}
	refused := func(field, id, value string) error {
		return &source.SettingError{Field: field, Message: "said in English", Phrase: source.Phrase{ID: "setting." + id, Args: []string{"value", value}}}
	}
	err := errors.Join(refused("ages", "sentry.age", "7d"), errors.Join(refused("projects", "list", ""), &control.FieldError{Field: "name", Code: "taken"}))
	s := newSite(t, nil)
	got, ok := s.server.connectionErrors(t.Context(), kind, err)
	want := map[string]string{"ages": "Not one of 1h, 24h and 14d: 7d", "projects": "Enter names apart by commas", "name": "Another connection has this name; choose another"}
	if diff := cmp.Diff(want, got); diff != "" || !ok {
		t.Error(ok, diff)
	}

	github := source.Kind{Name: "github", Fields: []source.Field{list("repositories")}}
	got, _ = s.server.connectionErrors(t.Context(), github, refused("repositories", "github.repository", "a b"))
	if got["repositories"] != "Enter repositories like acme/pay, apart by commas" {
		t.Errorf("it says %q", got["repositories"])
	}
}
