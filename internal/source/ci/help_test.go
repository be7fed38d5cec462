package ci_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"throughline/internal/delivery"
	"throughline/internal/source/ci"
)

// paths are those of err's fields, one a line.
func paths(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	wrong, ok := errors.AsType[ci.Errors](err)
	if !ok || len(wrong) == 0 {
		t.Fatalf("error %v is of type %T", err, err)
	}
	var all []string
	for _, field := range wrong {
		if field.Message == "" {
			t.Errorf("%s says nothing", field.Path)
		}
		all = append(all, field.Path)
	}
	return strings.Join(all, "\n")
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

// body is base as JSON with some members replaced; "-" takes one away.
func body(t *testing.T, base string, changes map[string]string) string {
	t.Helper()
	members := map[string]json.RawMessage{}
	if err := json.Unmarshal([]byte(base), &members); err != nil {
		t.Fatal(err)
	}
	for name, value := range changes {
		if members[name] = json.RawMessage(value); value == "-" {
			delete(members, name)
		}
	}
	// Not marshalled as a whole: some of the values are no JSON.
	var all []string
	for name, value := range members {
		all = append(all, `"`+name+`":`+string(value))
	}
	return "{" + strings.Join(all, ",") + "}"
}

func list(element string, n int) string {
	return "[" + strings.TrimSuffix(strings.Repeat(element+",", n), ",") + "]"
}

// again is what ParseRuns makes of what EncodeRun made of run.
func again(t *testing.T, run delivery.Run) delivery.Run {
	t.Helper()
	encoded, err := json.Marshal(ci.EncodeRun(run))
	if err != nil {
		t.Fatal(err)
	}
	items, batch, err := ci.ParseRuns(encoded)
	if err != nil || batch || len(items) != 1 || items[0].Err != nil {
		t.Fatalf("cannot read back %s: %v %+v", encoded, err, items)
	}
	return items[0].Run
}

func instant(t *testing.T, s string) delivery.Instant {
	t.Helper()
	var at delivery.Instant
	if err := at.UnmarshalJSON([]byte(`"` + s + `"`)); err != nil {
		t.Fatal(err)
	}
	return at
}
