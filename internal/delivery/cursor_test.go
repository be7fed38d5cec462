package delivery

import (
	"errors"
	"testing"
)

func TestCursor(t *testing.T) {
	want := Cursor{1_700_000_000_000, 42}
	if got, err := ParseCursor(want.String()); err != nil || got != want {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := ParseCursor("-5:7"); err != nil || got != (Cursor{-5, 7}) {
		t.Errorf("before 1970: %v, %v", got, err)
	}
	for _, wrong := range []string{"", ":", "1", "1:", ":1", "01:2", "1:2:3", "1: 2", "+1:2", "9223372036854775808:1"} {
		_, err := ParseCursor(wrong)
		if f, ok := errors.AsType[*FilterError](err); !ok || f.Param != "cursor" {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

func TestParseExported(t *testing.T) {
	for after, want := range map[string]Exported{
		"": {}, "1": {Number: 1}, "300": {Number: 300}, "run:7": {Runs: true, Number: 7},
		"fact:5:ji:ra": {Facts: true, Number: 5, Connection: "ji:ra"}, "point:7:42": {Points: true, Number: 7, At: 42}, "sealed:7:42": {Sealed: true, Number: 7, At: 42},
	} {
		if got, err := ParseExported(after); err != nil || got != want || got.String() != after {
			t.Errorf("%q: %v, %v", after, got, err)
		}
	}
	for _, wrong := range []string{"0", "-1", "x", "1 ", "run:", "run:0", "run 7", "fact:", "point:", "point:7", "point:7:", "point:0:1", "point:7:x", "sealed:7", "sealed:x:1"} {
		if got, err := ParseExported(wrong); err == nil {
			t.Errorf("%q: %v", wrong, got)
		}
	}
}
