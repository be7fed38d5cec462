package sourcetest

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

// Case is a source and a system for it to pull from.
type Case struct {
	Kind     source.Kind
	Address  string          // name of the setting that holds the system's address
	Settings source.Settings // the others
	Secrets  map[string]string
	Now      time.Time // when the pulls begin
	// Serve makes the system; every one it makes holds the same.
	Serve func() http.Handler
	// Issues, Runs and Groups of errors are how many the system holds that can be
	// read, and Problems how many records that cannot.
	Issues, Runs, Groups, Problems int
	// Moving says that what a source tells depends on the hour, and that it tells
	// again what has not changed.
	Moving bool
}

// Run is the suite. It runs on a clock of its own: waiting costs nothing.
func Run(t *testing.T, c Case) {
	want := c.undisturbed(t)
	t.Run("interrupted", func(t *testing.T) { c.interrupted(t, want) })
	t.Run("again", func(t *testing.T) { bubble(t, func(t *testing.T) { c.again(t, want) }) })
	t.Run("cancelled", func(t *testing.T) { c.cancelled(t, want) })
	t.Run("faults", func(t *testing.T) { c.faults(t, want) })
	t.Run("settings", c.settings)
}

func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

// rig is a system and what was pulled from it so far.
type rig struct {
	Case
	transport *Transport
	memory    Memory
	cursor    source.Cursor
	pages     int
	problems  []source.Problem
	written   delivery.Written
	progress  source.Progress
	started   time.Time
}

func (c Case) rig() *rig {
	return &rig{Case: c, transport: &Transport{Handler: c.Serve()}, started: time.Now()}
}

func (r *rig) now() time.Time { return r.Now.Add(time.Since(r.started)) }

func (r *rig) open(t *testing.T) source.Source {
	t.Helper()
	settings := maps.Clone(r.Settings)
	if settings == nil {
		settings = source.Settings{}
	}
	settings[r.Address] = json.RawMessage(`"` + Address + `"`)
	src, err := r.Kind.New(source.Config{
		Connection: "conformance", Settings: settings, Secrets: r.Secrets, Known: &r.memory, Now: r.now,
	}, r.transport.Client())
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return src
}

// everything asks pull for all pages.
const everything = -1

// pull takes in at most pages pages, as a program started anew would. The
// cursor of the last one is lost when it is killed before saving it.
func (r *rig) pull(ctx context.Context, t *testing.T, pages int, lost bool) error {
	t.Helper()
	if pages == 0 {
		return nil
	}
	taken := 0
	for page, err := range r.open(t).Pull(ctx, r.cursor) {
		if err != nil {
			r.secretless(t, err.Error())
			return err
		}
		taken++
		r.pages++
		w := r.memory.Write(page.Batch)
		r.written = add(r.written, w)
		r.progress = page.Progress
		if taken == pages && lost {
			return nil
		}
		r.cursor = page.Cursor
		r.problems = append(r.problems, page.Problems...)
		r.inspect(t, page)
		if taken == pages {
			return nil
		}
	}
	return nil
}

func (r *rig) inspect(t *testing.T, page source.Page) {
	t.Helper()
	if !json.Valid(page.Cursor) {
		t.Errorf("cursor is not JSON: %q", page.Cursor)
	}
	if page.Batch.Connection != "conformance" {
		t.Errorf("batch of connection %q", page.Batch.Connection)
	}
	r.secretless(t, string(page.Cursor))
	for _, p := range page.Problems {
		r.secretless(t, p.Record+p.Path+p.Message)
		if !strings.HasPrefix(p.Path, "$") || p.Message == "" {
			t.Errorf("problem without path or message: %+v", p)
		}
	}
}

func (r *rig) secretless(t *testing.T, text string) {
	t.Helper()
	for name, secret := range r.Secrets {
		if secret != "" && strings.Contains(text, secret) {
			t.Errorf("secret %s shows in %q", name, text)
		}
	}
}

func (r *rig) same(t *testing.T, want Facts) {
	t.Helper()
	got := r.memory.Facts()
	if reflect.DeepEqual(want, got) {
		return
	}
	if len(want.Issues) != len(got.Issues) {
		t.Errorf("%d issues, %d after an undisturbed pull", len(got.Issues), len(want.Issues))
		return
	}
	if len(want.ErrorGroups) != len(got.ErrorGroups) {
		t.Errorf("%d error groups, %d after an undisturbed pull", len(got.ErrorGroups), len(want.ErrorGroups))
		return
	}
	if len(want.Runs) != len(got.Runs) {
		t.Errorf("%d runs, %d after an undisturbed pull", len(got.Runs), len(want.Runs))
		return
	}
	for i, issue := range want.Issues {
		if !reflect.DeepEqual(issue, got.Issues[i]) {
			want.Issues, got.Issues = want.Issues[i:i+1], got.Issues[i:i+1]
			break
		}
	}
	t.Errorf("facts differ from an undisturbed pull, first (-want +got):\n%s", cmp.Diff(want, got))
}

func (c Case) undisturbed(t *testing.T) (want undisturbed) {
	t.Helper()
	bubble(t, func(t *testing.T) {
		r := c.rig()
		if err := r.pull(t.Context(), t, everything, false); err != nil {
			t.Fatalf("pull: %v", err)
		}
		want = undisturbed{facts: r.memory.Facts(), pages: r.pages, requests: r.transport.Sent()}
		if n := len(want.facts.Issues); n != c.Issues {
			t.Errorf("%d issues, want %d", n, c.Issues)
		}
		if n := len(want.facts.Runs); n != c.Runs {
			t.Errorf("%d runs, want %d", n, c.Runs)
		}
		if n := len(want.facts.ErrorGroups); n != c.Groups {
			t.Errorf("%d error groups, want %d", n, c.Groups)
		}
		if len(r.problems) != c.Problems {
			t.Errorf("%d problems, want %d: %+v", len(r.problems), c.Problems, r.problems)
		}
		if r.progress.Requests != r.transport.Sent() || r.progress.Read < c.Issues+c.Runs+c.Groups {
			t.Errorf("progress %+v after %d requests", r.progress, r.transport.Sent())
		}
	})
	if t.Failed() {
		t.FailNow()
	}
	return want
}

// undisturbed is what a pull gives and takes when nothing happens to it.
type undisturbed struct {
	facts           Facts
	pages, requests int
}

// interrupted kills the pull after each page, once the page is stored, with
// and without its cursor, and lets it go on.
func (c Case) interrupted(t *testing.T, want undisturbed) {
	for _, lost := range []bool{false, true} {
		for stop := 1; stop <= want.pages; stop += max(1, want.pages/8) {
			bubble(t, func(t *testing.T) {
				r := c.rig()
				if err := r.pull(t.Context(), t, stop, lost); err != nil {
					t.Fatal(err)
				}
				if err := r.pull(t.Context(), t, everything, false); err != nil {
					t.Fatal(err)
				}
				r.same(t, want.facts)
			})
		}
	}
	bubble(t, func(t *testing.T) {
		r := c.rig()
		for range want.pages + 2 {
			if err := r.pull(t.Context(), t, 1, false); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.pull(t.Context(), t, everything, false); err != nil {
			t.Fatal(err)
		}
		r.same(t, want.facts)
	})
}

// again pulls what has not changed, soon and a day later.
func (c Case) again(t *testing.T, want undisturbed) {
	r := c.rig()
	waits := []time.Duration{0, time.Minute, 25 * time.Hour}
	if c.Moving {
		waits = waits[:2]
	}
	for _, later := range waits {
		time.Sleep(later) // the bubble's clock
		before := r.written
		if err := r.pull(t.Context(), t, everything, false); err != nil {
			t.Fatal(err)
		}
		r.same(t, want.facts)
		if c.Moving {
			before.Unchanged = r.written.Unchanged
		}
		if before.Inserted > 0 && r.written != before {
			t.Errorf("a pull without news wrote: %+v, then %+v", before, r.written)
		}
	}
}

// cancelled ends the context at some request; the pull ends with it.
func (c Case) cancelled(t *testing.T, want undisturbed) {
	for at := 0; at < want.requests; at += max(1, want.requests/7) {
		bubble(t, func(t *testing.T) {
			r := c.rig()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var cancelledAt time.Time
			r.transport.Fault = func(n int, _ *http.Request) (*http.Response, error) {
				if n == at {
					cancelledAt = time.Now()
					cancel()
				}
				return nil, nil //nolint:nilnil // the request goes through
			}
			err := r.pull(ctx, t, everything, false)
			if err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("cancelled at request %d: %v", at, err)
			}
			if took := time.Since(cancelledAt); took > time.Second {
				t.Errorf("cancelled at request %d, ended %s later", at, took)
			}
			r.transport.Fault = nil
			if err := r.pull(t.Context(), t, everything, false); err != nil {
				t.Fatal(err)
			}
			r.same(t, want.facts)
		})
	}
}

func (c Case) settings(t *testing.T) {
	settings := source.Settings{"no_such_setting": json.RawMessage("1")}
	_, err := c.Kind.New(source.Config{Connection: "conformance", Settings: settings, Secrets: c.Secrets}, http.DefaultClient)
	var bad *source.SettingError
	if !errors.As(err, &bad) || bad.Field != "no_such_setting" {
		t.Errorf("unknown setting: %v", err)
	}
	if _, err := c.Kind.New(source.Config{Connection: "conformance", Settings: c.Settings}, http.DefaultClient); len(c.Secrets) > 0 && err == nil {
		t.Error("no error without secrets")
	}
}
