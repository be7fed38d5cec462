package dropin

import (
	"math"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"throughline/internal/delivery"
)

// frame is a number of rows of one table, column by column.
type frame struct {
	cells []cells
	rows  int
	bytes int // of texts, about
	sent  int // rows
}

// cells are the values of one column; only the slice of its kind is in use.
type cells struct {
	kind  kind
	texts []string
	lists [][]string
	times []delivery.Instant
	ints  []int64
	reals []float64
	nulls []bool // of a column that may be NULL, nil for any other
}

// newFrame is an empty frame for the columns of a table.
func newFrame(kinds []kind) *frame {
	f := &frame{cells: make([]cells, len(kinds))}
	for i, k := range kinds {
		f.cells[i].kind = k
	}
	return f
}

func kinds(columns []column) []kind {
	out := make([]kind, len(columns))
	for i, c := range columns {
		out[i] = c.kind
	}
	return out
}

// row adds the values of one row, column by column, each by the method of its
// kind.
type row struct {
	f  *frame
	at int
}

func (f *frame) row() row {
	f.rows++
	return row{f: f}
}

func (r *row) next() *cells {
	c := &r.f.cells[r.at]
	r.at++
	return c
}

func (r *row) text(s string) {
	c := r.next()
	c.texts = append(c.texts, s)
	r.f.bytes += len(s) + 16
}

// shared adds a text that is not this row's own: it takes room only once.
func (r *row) shared(s string) {
	c := r.next()
	c.texts = append(c.texts, s)
	r.f.bytes += 16
}

func (r *row) list(l []string) {
	c := r.next()
	c.lists = append(c.lists, l)
	r.f.bytes += 24
	for _, s := range l {
		r.f.bytes += len(s) + 16
	}
}

func (r *row) instant(i delivery.Instant) {
	c := r.next()
	c.times = append(c.times, i)
	r.f.bytes += 8
}

func (r *row) day(d delivery.Date) {
	if d.IsZero() {
		r.instant(0)
		return
	}
	r.instant(delivery.InstantOf(time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)))
}

func (r *row) whole(n int64) {
	c := r.next()
	c.ints = append(c.ints, n)
	r.f.bytes += 8
}

func (r *row) flag(yes bool) {
	if yes {
		r.whole(1)
	} else {
		r.whole(0)
	}
}

func (r *row) real(n float64) {
	c := r.next()
	c.reals = append(c.reals, n)
	r.f.bytes += 8
}

// reset empties the frame and keeps its room.
func (f *frame) reset() {
	f.rows, f.bytes, f.sent = 0, 0, 0
	for i := range f.cells {
		c := &f.cells[i]
		clear(c.texts) // what they point to is not kept
		clear(c.lists)
		c.texts, c.lists, c.times = c.texts[:0], c.lists[:0], c.times[:0]
		c.ints, c.reals, c.nulls = c.ints[:0], c.reals[:0], c.nulls[:0]
	}
}

// into appends the cells to a column of a type.
func (c *cells) into(col driver.BatchColumn, typ string) error {
	typ, _ = bare(typ)
	switch c.kind {
	case text:
		return put(col, c.texts, c.nulls)
	case list:
		return put(col, c.lists, nil)
	case instant, day:
		return put(col, times(c.times, typ), c.nulls)
	case real:
		if typ == "Float32" {
			return put(col, convert(c.reals, func(n float64) float32 { return float32(n) }), c.nulls)
		}
		return put(col, c.reals, c.nulls)
	}
	return c.putWhole(col, typ)
}

// putWhole appends whole numbers; one that the type cannot hold becomes the
// nearest that it can.
func (c *cells) putWhole(col driver.BatchColumn, typ string) error {
	switch typ {
	case "Bool":
		return put(col, convert(c.ints, func(n int64) bool { return n != 0 }), c.nulls)
	case "UInt8":
		return put(col, convert(c.ints, func(n int64) uint8 { return uint8(min(max(n, 0), math.MaxUint8)) }), c.nulls)
	case "UInt16":
		return put(col, convert(c.ints, func(n int64) uint16 { return uint16(min(max(n, 0), math.MaxUint16)) }), c.nulls)
	case "UInt32":
		return put(col, convert(c.ints, func(n int64) uint32 { return uint32(min(max(n, 0), math.MaxUint32)) }), c.nulls)
	case "UInt64":
		return put(col, convert(c.ints, func(n int64) uint64 { return uint64(max(n, 0)) }), c.nulls)
	case "Int8":
		return put(col, convert(c.ints, func(n int64) int8 { return int8(min(max(n, math.MinInt8), math.MaxInt8)) }), c.nulls)
	case "Int16":
		return put(col, convert(c.ints, func(n int64) int16 { return int16(min(max(n, math.MinInt16), math.MaxInt16)) }), c.nulls)
	case "Int32":
		return put(col, convert(c.ints, func(n int64) int32 { return int32(min(max(n, math.MinInt32), math.MaxInt32)) }), c.nulls)
	}
	return put(col, c.ints, c.nulls)
}

func convert[A, B any](values []A, to func(A) B) []B {
	out := make([]B, len(values))
	for i, v := range values {
		out[i] = to(v)
	}
	return out
}

// put appends values, those that are NULL as such.
func put[T any](col driver.BatchColumn, values []T, nulls []bool) error {
	if nulls == nil {
		return col.Append(values)
	}
	out := make([]*T, len(values))
	for i := range values {
		if !nulls[i] {
			out[i] = &values[i]
		}
	}
	return col.Append(out)
}

// What the types of dates reach to.
var (
	epoch        = time.Unix(0, 0).UTC()
	lastDate     = time.Date(2149, 6, 6, 0, 0, 0, 0, time.UTC)
	lastDateTime = time.Date(2106, 2, 7, 0, 0, 0, 0, time.UTC)
	firstWide    = time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)
	lastWide     = time.Date(2262, 4, 11, 0, 0, 0, 0, time.UTC)
)

// times are instants as a type of dates takes them: one out of its reach
// becomes the nearest within.
func times(values []delivery.Instant, typ string) []time.Time {
	first, last := epoch, lastDateTime
	switch {
	case typ == "Date":
		last = lastDate
	case typ == "Date32", len(typ) > 10 && typ[:10] == "DateTime64":
		first, last = firstWide, lastWide
	}
	return convert(values, func(i delivery.Instant) time.Time {
		t := time.UnixMilli(int64(i)).UTC()
		switch {
		case t.Before(first):
			return first
		case t.After(last):
			return last
		}
		return t
	})
}
