package github

import (
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/source"
	"throughline/internal/source/sourcetest"
)

// rig is a connection to a fake, and what was pulled through it.
type rig struct {
	fake      *fake
	transport *sourcetest.Transport
	settings  map[string]any
	secrets   map[string]string
	mu        sync.Mutex // of now, which requests may move
	now       time.Time
	cursor    source.Cursor
	memory    sourcetest.Memory
	problems  []source.Problem
	pages     []source.Page
}

func newRig(f *fake, repositories ...string) *rig {
	return &rig{
		fake: f, transport: &sourcetest.Transport{Handler: f}, now: testNow,
		settings: map[string]any{"repositories": repositories}, secrets: map[string]string{"token": "ghp_secret"},
	}
}

func (r *rig) clock() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

func (r *rig) later(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = r.now.Add(d)
}

func settingsOf(t *testing.T, values map[string]any) source.Settings {
	t.Helper()
	s := source.Settings{}
	for name, value := range values {
		raw, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		s[name] = raw
	}
	return s
}

func (r *rig) open(t *testing.T) *Source {
	t.Helper()
	settings := settingsOf(t, r.settings)
	settings["base_url"] = json.RawMessage(`"` + sourcetest.Address + `/"`)
	src, err := Kind().New(source.Config{
		Connection: "gh", Settings: settings, Secrets: r.secrets, Now: r.clock, Known: &r.memory,
	}, r.transport.Client())
	if err != nil {
		t.Fatal(err)
	}
	return src.(*Source)
}

// pull takes in at most n pages; -1 all. What is asked is counted anew.
func (r *rig) pull(t *testing.T, n int) error {
	t.Helper()
	r.fake.mu.Lock()
	r.fake.asked, r.fake.answered = nil, map[int]int{}
	r.fake.mu.Unlock()
	r.problems, r.pages = nil, nil
	for page, err := range r.open(t).Pull(t.Context(), r.cursor) {
		if err != nil {
			return err
		}
		r.memory.Write(page.Batch)
		r.cursor = page.Cursor
		r.problems = append(r.problems, page.Problems...)
		r.pages = append(r.pages, page)
		if len(r.pages) == n {
			return nil
		}
	}
	return nil
}

func (r *rig) mustPull(t *testing.T) {
	t.Helper()
	if err := r.pull(t, -1); err != nil {
		t.Fatal(err)
	}
}

func (r *rig) run(t *testing.T, id string) delivery.Run {
	t.Helper()
	for _, run := range r.memory.Facts().Runs {
		if run.ID == id {
			return run
		}
	}
	t.Fatalf("run %s is not stored", id)
	return delivery.Run{}
}

func (r *rig) count() int { return len(r.memory.Facts().Runs) }

func limitOf(err error) (time.Time, bool) {
	var e *source.RateLimitError
	if !errors.As(err, &e) {
		return time.Time{}, false
	}
	return e.RetryAfter, true
}
