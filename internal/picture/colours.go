package picture

import (
	"cmp"
	"slices"
)

// cells are all colours, those together that nobody tells apart: five bits of each part.
type cells struct {
	of   [1 << 15]cell
	used []uint16
	kept []uint16 // by place in the palette
}

// cell holds of colours that look the same how many pixels there are, and one of them.
type cell struct {
	colour  uint32
	n       int32
	longest int32 // run of pixels of one colour
	place   int16 // in the palette and one more, 0 for not known yet
}

func cellOf(c uint32) uint16 { return uint16(c>>9&0x7c00 | c>>6&0x3e0 | c>>3&0x1f) }

func rgb(p []byte) uint32 { return uint32(p[0])<<16 | uint32(p[1])<<8 | uint32(p[2]) }

// count adds pixels. A cell has the colour of its longest run: that of an area, not of an
// edge.
func (all *cells) count(pix []byte) {
	end := func(c uint32, run int32) {
		at := cellOf(c)
		one := &all.of[at]
		if one.n == 0 {
			all.used = append(all.used, at)
		}
		one.n += run
		if run > one.longest {
			one.longest, one.colour = run, c
		}
	}
	last, run := rgb(pix), int32(0)
	for i := 0; i+4 <= len(pix); i += 4 {
		if c := rgb(pix[i : i+3]); c != last {
			end(last, run)
			last, run = c, 0
		}
		run++
	}
	end(last, run)
}

// choose makes the palette of the most frequent colours.
func (all *cells) choose() []byte {
	slices.SortFunc(all.used, func(a, b uint16) int {
		return cmp.Or(cmp.Compare(all.of[b].n, all.of[a].n), cmp.Compare(a, b))
	})
	all.kept = all.used[:min(len(all.used), paletteSize)]
	var out []byte
	for i, at := range all.kept {
		c := all.of[at].colour
		out = append(out, byte(c>>16), byte(c>>8), byte(c))
		all.of[at].place = int16(i + 1)
	}
	return out
}

// places writes where in the palette the colours of pixels stand.
func (all *cells) places(out, pix []byte) {
	last := rgb(pix)
	place := all.place(last)
	for i := range out {
		if c := rgb(pix[4*i : 4*i+3]); c != last {
			last, place = c, all.place(c)
		}
		out[i] = place
	}
}

// place is where the colour stands that looks most like c.
func (all *cells) place(c uint32) byte {
	one := &all.of[cellOf(c)]
	if one.place == 0 {
		least := distance(c, all.of[all.kept[0]].colour) + 1
		for i, at := range all.kept {
			if d := distance(c, all.of[at].colour); d < least {
				one.place, least = int16(i+1), d
			}
		}
	}
	return byte(one.place - 1)
}

func distance(a, b uint32) int {
	red, green, blue := int(a>>16)-int(b>>16), int(a>>8&255)-int(b>>8&255), int(a&255)-int(b&255)
	return red*red + green*green + blue*blue
}
