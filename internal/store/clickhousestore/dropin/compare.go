package dropin

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
)

// life is where the rows of an issue are in the frames of a group.
type life struct {
	key  string
	rows [3]span // of issues, metrics, changelog
	full bool    // the changelog was given
}

// span are the rows from on up to to.
type span struct{ from, to int }

// maxKnown is how many digests are kept of a table while it is being written:
// eight bytes each.
const maxKnown = 4_000_000

// stored are the digests of the rows that a table has of some issues, by key.
// Keys are not in the order of months, so that any statement reads about the
// whole table: whoever asks for a second time gets all there is.
func (r *run) stored(ctx context.Context, t *table, names []string) (map[string][]uint64, error) {
	if t.known != nil {
		return t.known, nil
	}
	where := condition(names)
	all := t.asked && t.rows <= maxKnown
	if all {
		where = "true"
	}
	t.asked = true
	out := make(map[string][]uint64, len(names))
	sql := fill(digestsSQL, "{key}", quoted(keyColumn), "{digest}", t.digestSQL(), "{table}", r.ddl.full(t.name), "{keys}", where)
	rows, err := r.conn.Query(ctx, sql)
	err = each(rows, err, func() error {
		var key, digests string
		err := rows.Scan(&key, &digests)
		if err != nil {
			return err
		}
		b, err := hex.DecodeString(digests)
		of := make([]uint64, 0, len(b)/8)
		for ; len(b) >= 8; b = b[8:] {
			of = append(of, binary.LittleEndian.Uint64(b))
		}
		out[key] = of
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read table %s: %w", t.name, err)
	}
	if all {
		t.known = out
	}
	return out, nil
}

// compare leaves in a frame the rows that its table lacks. Where it has other
// rows of an issue, too, all of the are left, and those are stale.
func (r *run) compare(ctx context.Context, g *group, which int, t *table, f *frame, stale *keys) error {
	if t.rows == 0 {
		return nil
	}
	names := make([]string, 0, len(g.lives))
	for _, l := range g.lives {
		names = append(names, l.key)
	}
	stored, err := r.stored(ctx, t, names)
	if err != nil {
		return err
	}
	keep := make([]bool, f.rows)
	var room []byte
	var digests []uint64
	for _, l := range g.lives {
		old := stored[l.key]
		slices.Sort(old)
		span := l.rows[which]
		digests = digests[:0]
		for i := span.from; i < span.to; i++ {
			var d uint64
			d, room = t.digest(f, i, room)
			digests = append(digests, d)
		}
		dirty := !among(old, digests)
		if which == changes && !l.full {
			dirty = false // what is there is all there is
		}
		if dirty {
			stale.add(l.key)
		}
		for i := span.from; i < span.to; i++ {
			_, there := slices.BinarySearch(old, digests[i-span.from])
			keep[i] = dirty || !there
		}
	}
	f.filter(keep)
	return nil
}

// among reports whether old, which is sorted, holds nothing twice and nothing
// that is not among digests.
func among(old, digests []uint64) bool {
	if len(old) == 0 {
		return true
	}
	if len(old) > len(digests) {
		return false
	}
	wanted := slices.Sorted(slices.Values(digests))
	for i, d := range old {
		if i > 0 && old[i-1] == d {
			return false
		}
		if _, ok := slices.BinarySearch(wanted, d); !ok {
			return false
		}
	}
	return true
}

// filter leaves the rows of a frame that are to be kept.
func (f *frame) filter(keep []bool) {
	n := 0
	for _, k := range keep {
		if k {
			n++
		}
	}
	if f.rows = n; n == len(keep) {
		return
	}
	for i := range f.cells {
		c := &f.cells[i]
		c.texts, c.lists, c.times = kept(c.texts, keep), kept(c.lists, keep), kept(c.times, keep)
		c.ints, c.reals, c.nulls = kept(c.ints, keep), kept(c.reals, keep), kept(c.nulls, keep)
	}
}

func kept[T any](values []T, keep []bool) []T {
	if len(values) == 0 {
		return values
	}
	n := 0
	for i, k := range keep {
		if k {
			values[n] = values[i]
			n++
		}
	}
	clear(values[n:])
	return values[:n]
}
