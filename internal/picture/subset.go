package picture

import (
	"encoding/binary"
	"maps"
	"slices"
)

// A TrueType font is a directory of tables; all numbers are big-endian. What is said of
// tables here holds for the fonts that fonts/make.py makes: no components, no hints, a
// long or short loca. See the OpenType specification, chapters of the tables' names.

// subset is the font with nothing but the glyphs of some characters.
func (t *typeface) subset(chars map[rune]bool) []byte {
	tables := tablesOf(t.file)
	glyphs := []int{0} // what stands for characters that are missing
	at := map[rune]int{}
	for _, r := range slices.Sorted(maps.Keys(chars)) {
		t.mu.Lock()
		g, err := t.font.GlyphIndex(&t.buffer, r)
		t.mu.Unlock()
		if err == nil && g != 0 && r <= 0xFFFF {
			at[r] = len(glyphs)
			glyphs = append(glyphs, int(g))
		}
	}
	out := map[string][]byte{"name": name(), "post": slices.Clone(tables["post"][:32]), "OS/2": tables["OS/2"], "cmap": cmap(at)}
	out["glyf"], out["loca"] = outlines(tables, glyphs)
	out["hmtx"] = advances(tables, glyphs)
	for tag, offset := range map[string]int{"maxp": 4, "hhea": 34} { // how many glyphs, how many advances
		out[tag] = slices.Clone(tables[tag])
		binary.BigEndian.PutUint16(out[tag][offset:], uint16(len(glyphs)))
	}
	head := slices.Clone(tables["head"])
	binary.BigEndian.PutUint32(head[8:], 0)  // the sum of all, put in last
	binary.BigEndian.PutUint16(head[50:], 1) // loca is long
	out["head"] = head
	return file(out)
}

func tablesOf(file []byte) map[string][]byte {
	tables := map[string][]byte{}
	for i := range int(binary.BigEndian.Uint16(file[4:])) {
		entry := file[12+16*i:]
		from, size := binary.BigEndian.Uint32(entry[8:]), binary.BigEndian.Uint32(entry[12:])
		tables[string(entry[:4])] = file[from : from+size]
	}
	return tables
}

func outlines(tables map[string][]byte, glyphs []int) (glyf, loca []byte) {
	offset := func(i int) uint32 { return 2 * uint32(binary.BigEndian.Uint16(tables["loca"][2*i:])) }
	if binary.BigEndian.Uint16(tables["head"][50:]) == 1 {
		offset = func(i int) uint32 { return binary.BigEndian.Uint32(tables["loca"][4*i:]) }
	}
	for _, g := range glyphs {
		loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf)))
		glyf = append(glyf, tables["glyf"][offset(g):offset(g+1)]...)
		for len(glyf)%4 != 0 {
			glyf = append(glyf, 0)
		}
	}
	return glyf, binary.BigEndian.AppendUint32(loca, uint32(len(glyf)))
}

// advances are the widths of glyphs and the room before them. Glyphs behind the last
// advance have that one, and only the room.
func advances(tables map[string][]byte, glyphs []int) []byte {
	hmtx, full := tables["hmtx"], int(binary.BigEndian.Uint16(tables["hhea"][34:]))
	var out []byte
	for _, g := range glyphs {
		width := hmtx[4*min(g, full-1):][:2]
		room := hmtx[4*full+2*max(0, g-full):]
		if g < full {
			room = hmtx[4*g+2:]
		}
		out = append(append(out, width...), room[:2]...)
	}
	return out
}

// cmap says which glyph a character has: format 4, a segment for each run.
func cmap(at map[rune]int) []byte {
	type segment struct{ from, to, delta uint16 }
	var segments []segment
	for _, r := range slices.Sorted(maps.Keys(at)) {
		c, delta := uint16(r), uint16(at[r])-uint16(r)
		if n := len(segments); n > 0 && segments[n-1].to+1 == c && segments[n-1].delta == delta {
			segments[n-1].to = c
			continue
		}
		segments = append(segments, segment{c, c, delta})
	}
	segments = append(segments, segment{0xFFFF, 0xFFFF, 1})
	n := uint16(len(segments))
	power, log := powerBelow(n)
	b := []byte{}
	put := func(values ...uint16) {
		for _, v := range values {
			b = binary.BigEndian.AppendUint16(b, v)
		}
	}
	put(0, 1, 3, 1, 0, 12) // version, one table, of Windows and Unicode, at 12
	put(4, 16+8*n, 0, 2*n, 2*power, log, 2*(n-power))
	for _, s := range segments {
		put(s.to)
	}
	put(0)
	for _, s := range segments {
		put(s.from)
	}
	for _, s := range segments {
		put(s.delta)
	}
	for range segments {
		put(0)
	}
	return b
}

// name has one entry, the family.
func name() []byte {
	const family = "Throughline"
	b := []byte{0, 0, 0, 1, 0, 18, 0, 3, 0, 1, 4, 9, 0, 1, 0, 2 * byte(len(family)), 0, 0}
	for _, c := range []byte(family) {
		b = append(b, 0, c)
	}
	return b
}

// file puts tables together, each with its sum, and the sum of all into head.
func file(tables map[string][]byte) []byte {
	n := uint16(len(tables))
	power, log := powerBelow(n)
	head := []byte{0, 1, 0, 0}
	for _, v := range []uint16{n, 16 * power, log, 16 * (n - power)} {
		head = binary.BigEndian.AppendUint16(head, v)
	}
	var body []byte
	start := len(head) + 16*len(tables)
	sumAt := 0
	for _, tag := range slices.Sorted(maps.Keys(tables)) {
		from := start + len(body)
		if tag == "head" {
			sumAt = from + 8
		}
		head = append(head, tag...)
		head = binary.BigEndian.AppendUint32(head, sum(tables[tag]))
		head = binary.BigEndian.AppendUint32(head, uint32(from))
		head = binary.BigEndian.AppendUint32(head, uint32(len(tables[tag])))
		body = append(body, tables[tag]...)
		for len(body)%4 != 0 {
			body = append(body, 0)
		}
	}
	out := append(head, body...)
	binary.BigEndian.PutUint32(out[sumAt:], 0xB1B0AFBA-sum(out))
	return out
}

// powerBelow is the greatest power of two that is not above n, and its logarithm.
func powerBelow(n uint16) (power, log uint16) {
	power = 1
	for power*2 <= n {
		power, log = power*2, log+1
	}
	return power, log
}

func sum(b []byte) uint32 {
	total := uint32(0)
	for len(b) >= 4 {
		total += binary.BigEndian.Uint32(b)
		b = b[4:]
	}
	rest := [4]byte{}
	copy(rest[:], b)
	return total + binary.BigEndian.Uint32(rest[:])
}
