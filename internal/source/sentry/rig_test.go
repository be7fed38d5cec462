package sentry

import (
	"encoding/json"
	"testing"
	"time"

	"go.uber.org/goleak"

	"throughline/internal/delivery"
	"throughline/internal/source"
	"throughline/internal/source/sourcetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testToken = "sntrys_secret"

// rig is a connection to a fake, and what was pulled through it.
type rig struct {
	fake      *fake
	transport *sourcetest.Transport
	settings  map[string]any
	started   time.Time
	later     time.Duration
	cursor    source.Cursor
	memory    sourcetest.Memory
	problems  []source.Problem
	pages     []source.Page
}

func newRig(f *fake) *rig {
	r := &rig{fake: f, transport: &sourcetest.Transport{Handler: f}, settings: map[string]any{"organization": "acme"}, started: time.Now()}
	f.clock = r.clock
	return r
}

// clock goes with the bubble's.
func (r *rig) clock() time.Time { return testNow.Add(time.Since(r.started) + r.later) }

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
		Connection: "sentry", Settings: settings, Secrets: map[string]string{"token": testToken}, Now: r.clock, Known: &r.memory,
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

// said are the messages of the problems.
func (r *rig) said() (out []string) {
	for _, p := range r.problems {
		out = append(out, p.Record+": "+p.Message)
	}
	return out
}

func (r *rig) group(t *testing.T, id string) delivery.ErrorGroup {
	t.Helper()
	for _, g := range r.memory.Facts().ErrorGroups {
		if g.ID == id {
			return g
		}
	}
	t.Fatalf("group %s is not stored", id)
	return delivery.ErrorGroup{}
}

func (r *rig) project(t *testing.T, slug string) delivery.ErrorProject {
	t.Helper()
	for _, p := range r.memory.Facts().ErrorProjects {
		if p.ID == slug {
			return p
		}
	}
	t.Fatalf("project %s is not stored", slug)
	return delivery.ErrorProject{}
}

func ago(d time.Duration) delivery.Instant {
	return delivery.InstantOf(testNow.Add(-d).Truncate(time.Second))
}
