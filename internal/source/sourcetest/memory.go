// Package sourcetest is the conformance suite that every source passes, with
// a store in memory to pull into and a server for recorded answers.
package sourcetest

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

// Memory keeps facts as a delivery.Store does, derives nothing, and tells a
// source what is stored. The zero Memory is empty.
type Memory struct {
	mu       sync.Mutex
	issues   map[string]*kept // by connection and id
	statuses map[delivery.Status]bool
	people   map[string]delivery.Person // by connection and id
	runs     map[string]delivery.Run    // by connection, project and id
	dora     doraFacts
	errors   map[int64]delivery.FactRow
}

var _ source.Known = (*Memory)(nil)

type kept struct {
	record delivery.IssueRecord // its events are all that are stored
	gone   bool
}

// Facts are what a Memory holds, in an order that depends on nothing else.
type Facts struct {
	Issues   []delivery.IssueRecord // with all their events
	Gone     []string               // ids
	Statuses []delivery.Status
	People   []delivery.Person
	Runs     []delivery.Run

	Deployments []delivery.Deployment
	Changes     []delivery.Change
	Incidents   []delivery.Incident
	Tickets     []delivery.Ticket

	// Of errors, without when they were told.
	ErrorGroups   []delivery.ErrorGroup
	ErrorProjects []delivery.ErrorProject
	EventDays     []delivery.EventDay
	SessionDays   []delivery.SessionDay
	Releases      []delivery.Release
}

// Write stores a batch and counts what it changed.
func (m *Memory) Write(b delivery.Batch) delivery.Written {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.issues == nil {
		m.issues, m.statuses, m.people = map[string]*kept{}, map[delivery.Status]bool{}, map[string]delivery.Person{}
		m.runs = map[string]delivery.Run{}
	}
	for _, s := range b.Statuses {
		m.statuses[s] = true
	}
	for _, p := range b.People {
		m.people[name(b.Connection, p.ID)] = p
	}
	var w delivery.Written
	for _, r := range b.Issues {
		w = add(w, m.put(b.Connection, r))
	}
	for _, r := range b.Runs {
		w = add(w, m.putRun(b.Connection, r))
	}
	w = add(w, m.dora.write(&b))
	w = add(w, m.writeErrors(&b))
	for _, id := range b.Gone {
		if k := m.issues[name(b.Connection, id)]; k != nil && !k.gone {
			k.gone = true
			w.Gone++
		}
	}
	return w
}

func add(a, b delivery.Written) delivery.Written {
	a.Inserted += b.Inserted
	a.Updated += b.Updated
	a.Unchanged += b.Unchanged
	a.Gone += b.Gone
	return a
}

func (m *Memory) put(connection string, r delivery.IssueRecord) delivery.Written {
	at := name(connection, r.ID)
	before, stored := m.issues[at]
	events := map[string]delivery.Event{}
	if stored && !r.Replace {
		for _, e := range before.record.Events {
			events[e.ID] = e
		}
	}
	for _, e := range r.Events {
		events[e.ID] = e
	}
	r.Events = slices.SortedFunc(maps.Values(events), func(a, b delivery.Event) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Ordinal, b.Ordinal), cmp.Compare(a.ID, b.ID))
	})
	r.Replace = false
	m.issues[at] = &kept{record: r}
	switch {
	case !stored:
		return delivery.Written{Inserted: 1}
	case !before.gone && reflect.DeepEqual(before.record, r):
		return delivery.Written{Unchanged: 1}
	}
	return delivery.Written{Updated: 1}
}

// putRun keeps whole runs; parts of one are for stores to put together.
func (m *Memory) putRun(connection string, r delivery.Run) delivery.Written {
	at := name(connection, name(r.Project, r.ID))
	before, stored := m.runs[at]
	switch {
	case !stored:
		m.runs[at] = r
		return delivery.Written{Inserted: 1}
	case reflect.DeepEqual(before, r) || !r.Overtakes(before.Attempt, before.UpdatedAt):
		return delivery.Written{Unchanged: 1}
	}
	m.runs[at] = r
	return delivery.Written{Updated: 1}
}

func name(connection, id string) string { return connection + "\x00" + id }

// Facts is a copy of what is stored.
func (m *Memory) Facts() Facts {
	m.mu.Lock()
	defer m.mu.Unlock()
	var f Facts
	for _, at := range slices.Sorted(maps.Keys(m.issues)) {
		if k := m.issues[at]; k.gone {
			f.Gone = append(f.Gone, k.record.ID)
		} else {
			f.Issues = append(f.Issues, k.record)
		}
	}
	f.Statuses = slices.SortedFunc(maps.Keys(m.statuses), func(a, b delivery.Status) int {
		return cmp.Or(cmp.Compare(a.Connection, b.Connection), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Name, b.Name))
	})
	for _, at := range slices.Sorted(maps.Keys(m.people)) {
		f.People = append(f.People, m.people[at])
	}
	for _, at := range slices.Sorted(maps.Keys(m.runs)) {
		f.Runs = append(f.Runs, m.runs[at])
	}
	f.Deployments, f.Changes = sorted(m.dora.deployments), sorted(m.dora.changes)
	f.Incidents, f.Tickets = sorted(m.dora.incidents), sorted(m.dora.tickets)
	m.errorFacts(&f)
	return f
}

// IssueStates is part of source.Known.
func (m *Memory) IssueStates(ctx context.Context, connection string, ids []string) (map[string]delivery.IssueState, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[string]delivery.IssueState{}
	for _, id := range ids {
		if k, ok := m.issues[name(connection, id)]; ok {
			out[id] = k.state()
		}
	}
	return out, ctx.Err()
}

// IssueIDs is part of source.Known.
func (m *Memory) IssueIDs(ctx context.Context, connection string) iter.Seq2[delivery.IssueState, error] {
	m.mu.Lock()
	defer m.mu.Unlock()
	var states []delivery.IssueState
	for _, at := range slices.Sorted(maps.Keys(m.issues)) {
		if k := m.issues[at]; !k.gone && strings.HasPrefix(at, name(connection, "")) {
			states = append(states, delivery.IssueState{ID: k.record.ID, Key: k.record.Key})
		}
	}
	return func(yield func(delivery.IssueState, error) bool) {
		for _, st := range states {
			if !yield(st, ctx.Err()) {
				return
			}
		}
	}
}

func (k *kept) state() delivery.IssueState {
	r := &k.record
	st := delivery.IssueState{
		ID: r.ID, Key: r.Key, Queue: r.Queue, Version: r.Version, UpdatedAt: r.UpdatedAt,
		StatusStartedAt: r.StatusStartedAt, StatusKey: r.Status.Key, Fingerprint: r.Fingerprint,
		Full: r.Full, Events: len(r.Events), LastOrdinal: -1, Gone: k.gone,
	}
	if n := len(r.Events); n > 0 {
		st.LastEventID, st.LastOrdinal = r.Events[n-1].ID, r.Events[n-1].Ordinal
	}
	return st
}
