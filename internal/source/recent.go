package source

import (
	"bytes"
	"hash/maphash"
	"sync"
)

const (
	recentBodies = 512
	recentBody   = 32 << 10 // bytes of the largest that is worth it
)

// Recent remembers what the last bodies of a Push, or hooks, came to, so that what is stored a
// moment after it was received need not be read twice. The zero value is ready; nil
// remembers nothing. It may be used by several goroutines.
type Recent struct {
	mu   sync.Mutex
	seed maphash.Seed
	at   map[uint64]int // in ring, by hash
	ring []recent
	next int // in ring, to be written
}

type recent struct {
	hash   uint64
	of     origin
	body   []byte
	pushed Pushed
}

// origin is what a body came to: of the same one, two connections may take other items,
// and one whose settings changed.
type origin struct{ kind, reader string }

// Put remembers p, which must not be used any more. The reader is what made it of the
// body: the name of a connection, of a hook also how it is set up.
func (r *Recent) Put(kind, reader string, body []byte, p Pushed) {
	if r == nil || len(body) > recentBody {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.at == nil {
		r.seed, r.at, r.ring = maphash.MakeSeed(), map[uint64]int{}, make([]recent, recentBodies)
	}
	old := r.ring[r.next]
	if i, ok := r.at[old.hash]; ok && i == r.next {
		delete(r.at, old.hash)
	}
	hash := maphash.Bytes(r.seed, body)
	r.ring[r.next] = recent{hash, origin{kind, reader}, body, p}
	r.at[hash] = r.next
	r.next = (r.next + 1) % recentBodies
}

// Take is what was put, once.
func (r *Recent) Take(kind, reader string, body []byte) (p Pushed, ok bool) {
	if r == nil || len(body) > recentBody {
		return p, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.at == nil {
		return p, false
	}
	hash := maphash.Bytes(r.seed, body)
	i, ok := r.at[hash]
	if !ok || r.ring[i].of != (origin{kind, reader}) || !bytes.Equal(r.ring[i].body, body) {
		return p, false
	}
	p = r.ring[i].pushed
	delete(r.at, hash)
	r.ring[i] = recent{}
	return p, true
}
