package main

import "testing"

func TestThreads(t *testing.T) {
	for _, c := range []struct {
		name            string
		now, processors int
		said            string
		want            int
	}{
		{"a small machine", 2, 2, "", leastThreads},
		{"a large one", 64, 64, "", 64},
		{"a limited share of one", 2, 64, "", 2},
		{"said", 2, 2, "2", 2},
	} {
		if got := threads(c.now, c.processors, c.said); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
