package dropin

import (
	"math"
	"strconv"
	"strings"

	"github.com/go-faster/city"
)

// A digest is that of a row without its version, the same in the database and
// here: it tells which rows are there already. Where a column's type keeps less
// than we know the two differ, and the row is written again, which is no harm.
const (
	endOfValue = "\x1f"
	endOfItem  = "\x1e"
)

// certain is an instant of 2100 in milliseconds.
const certain = 4_102_444_800_000

// digestSQL is the digest of a row as an expression.
func (t *table) digestSQL() string {
	var parts []string
	for i, c := range t.columns {
		if c.name == versionColumn {
			continue
		}
		name := quoted(c.name)
		_, null := bare(t.types[i])
		var value string
		switch c.kind {
		case text:
			value = "toString(" + name + ")"
		case list:
			value = "arrayStringConcat(" + name + ", '\\x1e')"
		case instant, day:
			value = "toString(toUnixTimestamp64Milli(toDateTime64(" + name + ", 3, 'UTC')))"
		case real:
			value = "toString(toInt64(round(toFloat64(" + name + ") * 1000)))"
		default:
			value = "toString(toInt64(" + name + "))"
		}
		if null {
			value = "ifNull(" + value + ", '')"
		}
		parts = append(parts, value)
	}
	return "cityHash64(concat(" + strings.Join(parts, ", '\\x1f', ") + "))"
}

// digest is that of the i-th row of a frame; b is room to work in.
func (t *table) digest(f *frame, i int, b []byte) (uint64, []byte) {
	b = b[:0]
	first := true
	for j, c := range t.columns {
		if c.name == versionColumn {
			continue
		}
		if !first {
			b = append(b, endOfValue...)
		}
		first = false
		b = f.cells[j].canonical(i, t.bares[j], b)
	}
	return city.CH64(b), b
}

// canonical appends the i-th cell as digestSQL has it; typ is a bare type.
func (c *cells) canonical(i int, typ string, b []byte) []byte {
	if c.nulls != nil && c.nulls[i] {
		return b
	}
	switch c.kind {
	case text:
		return append(b, c.texts[i]...)
	case list:
		for n, s := range c.lists[i] {
			if n > 0 {
				b = append(b, endOfItem...)
			}
			b = append(b, s...)
		}
		return b
	case instant, day:
		ms := int64(c.times[i])
		if ms < 0 || ms > certain { // what every type of dates reaches to
			ms = times(c.times[i:i+1], typ)[0].UnixMilli()
		}
		if strings.HasPrefix(typ, "DateTime") && !strings.HasPrefix(typ, "DateTime64") {
			ms -= ms % 1000
		}
		return strconv.AppendInt(b, ms, 10)
	case real:
		n := c.reals[i]
		if typ == "Float32" {
			n = float64(float32(n))
		}
		return strconv.AppendInt(b, int64(math.RoundToEven(n*1000)), 10)
	}
	n := c.ints[i]
	switch typ {
	case "Bool":
		n = min(max(n, 0), 1)
	case "UInt8":
		n = min(max(n, 0), math.MaxUint8)
	case "UInt16":
		n = min(max(n, 0), math.MaxUint16)
	case "UInt32":
		n = min(max(n, 0), math.MaxUint32)
	}
	return strconv.AppendInt(b, n, 10)
}
