package clickhousestore

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"throughline/internal/delivery"
)

// state is what the store is at one moment. It is never changed: a write makes
// the next one.
type state struct {
	identity string
	mark     string // of the last batch
	version  int64  // changes whenever an answer may have changed
	row      uint64 // "written" of the row it was read from
	written  uint64 // the newest of any row
	issues   int64  // numbers given to issues so far
	runs     int64  // and to runs

	generations []generation // the current one first, then the one being filled
	dropped     []uint32     // generations whose rows are to be removed
	untagged    int64        // the first issue whose tags are still to be derived, or allTagged
	newest      uint32       // generation that there ever was

	terms map[termKey]term
	known delivery.Dictionaries

	oldest *atomic.Pointer[delivery.Instant] // holds nil until it is asked for
}

// allTagged says that the tags of no issue are still to be derived.
const allTagged = -1

// generation is the meaning of statuses that a set of flow rows is, or is
// being, derived with.
type generation struct {
	id      uint32
	meaning delivery.Meaning
	next    int64 // issues before it have been derived
}

// Kinds of terms.
const (
	queueTerm      = "queue"
	typeTerm       = "type"
	statusTerm     = "status"
	resolutionTerm = "resolution"
)

type termKey struct{ kind, key string }

type term struct {
	name string
	seen delivery.Instant
}

func (s *state) current() *generation { return &s.generations[0] }

// target is the newest generation in use.
func (s *state) target() *generation { return &s.generations[len(s.generations)-1] }

// filling is the generation being filled, nil when there is none.
func (s *state) filling() *generation {
	if len(s.generations) < 2 {
		return nil
	}
	return &s.generations[1]
}

// meaning is a copy of the current generation's, for one caller.
func (s *state) meaning() *delivery.Meaning {
	m := s.current().meaning
	return &delivery.Meaning{Workflows: m.Workflows, Types: m.Types}
}

// clone is a state to be changed.
func (s *state) clone() *state {
	n := *s
	n.generations = make([]generation, len(s.generations))
	for i, g := range s.generations {
		n.generations[i] = generation{id: g.id, next: g.next, meaning: delivery.Meaning{Workflows: g.meaning.Workflows, Types: g.meaning.Types}}
	}
	n.dropped = slices.Clone(s.dropped)
	n.oldest = new(atomic.Pointer[delivery.Instant])
	return &n
}

// stateDoc is state.doc: JSON that the views read too.
type stateDoc struct {
	Identity string `json:"identity"`
	Mark     string `json:"mark,omitempty"`
	Current  uint32 `json:"current"` // generation that answers come from
	Newest   uint32 `json:"newest"`

	Untagged    int64           `json:"untagged"` // absent in states from before tags were derived
	Generations []generationDoc `json:"generations"`
	Dropped     []uint32        `json:"dropped,omitempty"`
}

type generationDoc struct {
	ID       uint32          `json:"id"`
	Workflow json.RawMessage `json:"workflow"`
	Types    json.RawMessage `json:"types"`
	Next     int64           `json:"next"`
}

func (s *state) encode() (string, error) {
	doc := stateDoc{Identity: s.identity, Mark: s.mark, Current: s.current().id, Newest: s.newest, Dropped: s.dropped, Untagged: s.untagged}
	for i := range s.generations {
		g := &s.generations[i]
		workflow, types, err := g.meaning.Encode()
		if err != nil {
			return "", err
		}
		doc.Generations = append(doc.Generations, generationDoc{g.id, json.RawMessage(workflow), json.RawMessage(types), g.next})
	}
	text, err := json.Marshal(&doc)
	return string(text), err
}

func (s *state) decode(text string) error {
	var doc stateDoc
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		return fmt.Errorf("stored state: %w", err)
	}
	s.identity, s.mark, s.newest, s.dropped, s.untagged = doc.Identity, doc.Mark, doc.Newest, doc.Dropped, doc.Untagged
	for _, g := range doc.Generations {
		m, err := delivery.DecodeMeaning(g.Workflow, g.Types)
		if err != nil {
			return err
		}
		s.generations = append(s.generations, generation{g.ID, m, g.Next})
	}
	if len(s.generations) == 0 {
		return fmt.Errorf("stored state: no generation")
	}
	return nil
}

// newState is that of an empty database.
func newState() *state {
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails
	return &state{identity: hex.EncodeToString(id), version: 1, oldest: new(atomic.Pointer[delivery.Instant]), newest: 1, untagged: allTagged, generations: []generation{{id: 1}}}
}

// readState reads the state from the database, and begins one where there is
// none.
func (s *Store) readState(ctx context.Context, conn driver.Conn) (*state, error) {
	st := &state{oldest: new(atomic.Pointer[delivery.Instant]), terms: map[termKey]term{}, known: delivery.Dictionaries{}}
	var doc string
	found := false
	err := scanRows(ctx, conn, s.sql("state", nil), func(rows driver.Rows) error {
		found = true
		return rows.Scan(&doc, &st.version, &st.row)
	})
	if err != nil {
		return nil, err
	}
	if found {
		err = st.decode(doc)
	} else {
		fresh := newState()
		st.identity, st.version, st.newest, st.untagged, st.generations = fresh.identity, fresh.version, fresh.newest, fresh.untagged, fresh.generations
	}
	if err != nil {
		return nil, err
	}
	if err := conn.QueryRow(ctx, s.sql("counters", nil)).Scan(&st.written, &st.issues, &st.runs); err != nil {
		return nil, fmt.Errorf("counters: %w", err)
	}
	if err := s.readNames(ctx, conn, st); err != nil {
		return nil, err
	}
	if !found {
		st.written++
		return st, s.putState(ctx, conn, st)
	}
	return st, nil
}

func (s *Store) readNames(ctx context.Context, conn driver.Conn, st *state) error {
	err := scanRows(ctx, conn, s.sql("terms", nil), func(rows driver.Rows) error {
		var k termKey
		var t term
		err := rows.Scan(&k.kind, &k.key, &t.name, (*int64)(&t.seen))
		st.terms[k] = t
		return err
	})
	if err != nil {
		return fmt.Errorf("terms: %w", err)
	}
	err = scanRows(ctx, conn, s.sql("dictionary", nil), func(rows driver.Rows) error {
		var d delivery.Status
		var position int64
		err := rows.Scan(&d.Connection, &d.Key, &d.Name, &d.Type, &position)
		d.Order = int(position)
		st.known.Add(d)
		return err
	})
	if err != nil {
		return fmt.Errorf("statuses: %w", err)
	}
	return nil
}

// putState makes what was written with a state count.
func (s *Store) putState(ctx context.Context, conn driver.Conn, st *state) error {
	doc, err := st.encode()
	if err != nil {
		return err
	}
	st.row = st.written
	return s.insert(ctx, conn, "state", 1,
		column{"one", []uint8{1}}, column{"doc", []string{doc}}, column{"version", []int64{st.version}}, column{"written", []uint64{st.written}})
}

// name is what a key is called, "" when nothing is known but the key.
func (s *state) name(kind, key string) string { return s.terms[termKey{kind, key}].name }

// names are those of all keys of a kind.
func (s *state) names(kind string) map[string]string {
	out := map[string]string{}
	for k, t := range s.terms {
		if k.kind == kind {
			out[k.key] = t.name
		}
	}
	return out
}

// learn adds terms, without changing those of other states.
func (s *state) learn(terms map[termKey]term) {
	all := maps.Clone(s.terms)
	maps.Copy(all, terms)
	s.terms = all
}
