package tracker

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/source"
	"throughline/internal/source/sourcetest"
)

// rig is a source over a fake, and what it stored.
type rig struct {
	*fake
	transport *sourcetest.Transport
	memory    *sourcetest.Memory
	settings  source.Settings
	now       time.Time
	client    *http.Client
	cursor    source.Cursor
	pages     []source.Page
}

func rigOf(f *fake) *rig {
	t := &sourcetest.Transport{Handler: f}
	return &rig{fake: f, transport: t, client: t.Client(), memory: &sourcetest.Memory{}, now: testNow, settings: source.Settings{}}
}

func (r *rig) open(t testing.TB, base string) *Source {
	t.Helper()
	settings := source.Settings{"base_url": json.RawMessage(strconv.Quote(base)), "org_id": json.RawMessage(`"7"`)}
	for k, v := range r.settings {
		settings[k] = v
	}
	src, err := Kind().New(source.Config{
		Connection: "c", Settings: settings, Secrets: map[string]string{"token": "y0_secret"},
		Known: r.memory, Now: func() time.Time { return r.now },
	}, r.client)
	if err != nil {
		t.Fatal(err)
	}
	return src.(*Source)
}

// pull takes in all pages from where the last pull ended.
func (r *rig) pull(t testing.TB) error {
	t.Helper()
	r.pages = nil
	for page, err := range r.open(t, sourcetest.Address).Pull(t.Context(), r.cursor) {
		if err != nil {
			return err
		}
		r.memory.Write(page.Batch)
		r.cursor = page.Cursor
		r.pages = append(r.pages, page)
	}
	return nil
}

func (r *rig) mustPull(t testing.TB) {
	t.Helper()
	if err := r.pull(t); err != nil {
		t.Fatal(err)
	}
}

func (r *rig) problems() (out []source.Problem) {
	for _, p := range r.pages {
		out = append(out, p.Problems...)
	}
	return out
}

func (r *rig) written() (out []delivery.IssueRecord) {
	for _, p := range r.pages {
		out = append(out, p.Batch.Issues...)
	}
	return out
}

func (r *rig) gone() (out []string) {
	for _, p := range r.pages {
		out = append(out, p.Batch.Gone...)
	}
	return out
}

// server is the fake behind a real network.
func (r *rig) server(t testing.TB) string {
	s := httptest.NewServer(r.fake)
	t.Cleanup(s.Close)
	r.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	return s.URL
}
