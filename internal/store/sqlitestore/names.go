package sqlitestore

import (
	"cmp"
	"slices"

	"throughline/internal/delivery"
)

// Kinds of terms.
const (
	connectionTerm = "connection"
	queueTerm      = "queue"
	typeTerm       = "type"
	statusTerm     = "status"
	resolutionTerm = "resolution"
	eventTerm      = "event"
	transportTerm  = "transport"
	projectTerm    = "project"
	workflowTerm   = "workflow"
	branchTerm     = "branch"
	runStatusTerm  = "run status"
	jobTerm        = "job"
	buildTerm      = "build"
)

type termKey struct{ kind, key string }

// dictionary remembers the ids of terms and refs between transactions.
type dictionary struct {
	terms   map[termKey]int64
	keys    map[int64]string // of terms
	refs    map[delivery.Ref]int64
	refByID map[int64]delivery.Ref
}

func newDictionary() *dictionary {
	return &dictionary{
		terms:   map[termKey]int64{},
		keys:    map[int64]string{0: ""},
		refs:    map[delivery.Ref]int64{{}: 0},
		refByID: map[int64]delivery.Ref{0: {}},
	}
}

type seenName struct {
	name string
	at   delivery.Instant
}

// newer orders names by their instants, and names of the same instant somehow.
func (n seenName) newer(than seenName) bool {
	return cmp.Or(cmp.Compare(n.at, than.at), cmp.Compare(n.name, than.name)) > 0
}

// knownTerm is the id of a term that some record holds, 0 when none does.
func (w *writer) knownTerm(kind, key string) (int64, error) {
	if key == "" {
		return 0, nil
	}
	if id, ok := w.names.terms[termKey{kind, key}]; ok {
		return id, nil
	}
	var id int64
	ok, err := w.row(termSQL, []any{kind, key}, []any{&id})
	if ok {
		w.names.terms[termKey{kind, key}] = id
	}
	return id, err
}

// term is the id of a term, which is added when it is new. The empty key is 0.
func (w *writer) term(kind, key string) (int64, error) {
	id, err := w.knownTerm(kind, key)
	if err != nil || id != 0 || key == "" {
		return id, err
	}
	if id, err = w.insert(addTermSQL, kind, key); err != nil {
		return 0, err
	}
	w.names.terms[termKey{kind, key}] = id
	return id, nil
}

// termKey is the key of a term that some row holds.
func (w *writer) termKey(id int64) (string, error) {
	if key, ok := w.names.keys[id]; ok {
		return key, nil
	}
	var key string
	if _, err := w.row(termKeySQL, []any{id}, []any{&key}); err != nil {
		return "", err
	}
	w.names.keys[id] = key
	return key, nil
}

// named is the term of r, whose name a source gave at an instant.
func (w *writer) named(kind string, r delivery.Ref, at delivery.Instant) (int64, error) {
	id, err := w.term(kind, r.Key)
	if n := (seenName{r.Name, at}); id != 0 && r.Name != "" && n.newer(w.seen[id]) {
		w.seen[id] = n
	}
	return id, err
}

// learn takes names that another store has learned.
func (w *writer) learn(names []delivery.Name) error {
	for _, n := range names {
		if err := n.Validate(); err != nil {
			return err
		}
		id, err := w.knownTerm(string(n.Kind), n.Key)
		if err == nil && id == 0 {
			w.changed = true
			id, err = w.term(string(n.Kind), n.Key)
		}
		if err != nil {
			return err
		}
		if n.Name == "" {
			continue
		}
		newer, err := w.affected(nameTermSQL, id, n.Name, ms(n.At))
		if err != nil {
			return err
		}
		w.changed = w.changed || newer > 0
	}
	return nil
}

// storeNames keeps the newest names, whatever the order they came in.
func (w *writer) storeNames() error {
	ids := make([]int64, 0, len(w.seen))
	for id := range w.seen {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		if _, err := w.exec(nameTermSQL, id, w.seen[id].name, ms(w.seen[id].at)); err != nil {
			return err
		}
	}
	return nil
}

// ref is the id of r, which is added when it is new. The zero Ref is 0.
func (w *writer) ref(r delivery.Ref) (int64, error) {
	if id, ok := w.names.refs[r]; ok {
		return id, nil
	}
	var id int64
	ok, err := w.row(refSQL, []any{r.ID, r.Key, r.Name}, []any{&id})
	if err == nil && !ok {
		id, err = w.insert(addRefSQL, r.ID, r.Key, r.Name)
	}
	if err != nil {
		return 0, err
	}
	w.names.refs[r], w.names.refByID[id] = id, r
	return id, nil
}

// refByID is the Ref of an id that some row holds.
func (w *writer) refByID(id int64) (delivery.Ref, error) {
	if r, ok := w.names.refByID[id]; ok {
		return r, nil
	}
	var r delivery.Ref
	if _, err := w.row(refByIDSQL, []any{id}, []any{&r.ID, &r.Key, &r.Name}); err != nil {
		return r, err
	}
	w.names.refs[r], w.names.refByID[id] = id, r
	return r, nil
}
