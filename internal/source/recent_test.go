package source

import (
	"fmt"
	"testing"
)

func TestRecent(t *testing.T) {
	var r Recent
	body := func(n int) []byte { return fmt.Append(nil, "body ", n) }
	for n := range recentBodies + 10 {
		r.Put("runs", "ci", body(n), Pushed{Key: fmt.Sprint(n)})
	}
	for _, c := range []struct {
		kind string
		body []byte
		key  string
		ok   bool
	}{
		{"runs", body(9), "", false}, // long ago
		{"runs", body(10), "10", true},
		{"runs", body(10), "", false}, // taken
		{"other", body(11), "", false},
		{"runs", body(recentBodies + 9), fmt.Sprint(recentBodies + 9), true},
		{"runs", body(recentBodies + 10), "", false}, // never put
	} {
		if got, ok := r.Take(c.kind, "ci", c.body); ok != c.ok || got.Key != c.key {
			t.Errorf("%s %s: %q, %v, want %q, %v", c.kind, c.body, got.Key, ok, c.key, c.ok)
		}
	}
	r.Put("runs", "ci", body(1), Pushed{Key: "first"})
	r.Put("runs", "ci", body(1), Pushed{Key: "second"})
	if got, _ := r.Take("runs", "ci", body(1)); got.Key != "second" {
		t.Errorf("of two it is %q", got.Key)
	}
	if len(r.at) > recentBodies {
		t.Errorf("%d are kept", len(r.at))
	}
	r.Put("runs", "ci", body(2), Pushed{Key: "first"})
	if _, ok := r.Take("runs", "ci2", body(2)); ok {
		t.Error("it is taken for another connection")
	}
	large := make([]byte, recentBody+1)
	r.Put("runs", "ci", large, Pushed{Key: "large"})
	if _, ok := r.Take("runs", "ci", large); ok {
		t.Error("a large one is kept")
	}
	var none *Recent
	none.Put("runs", "ci", body(1), Pushed{})
	if _, ok := none.Take("runs", "ci", body(1)); ok {
		t.Error("nil remembers")
	}
}
