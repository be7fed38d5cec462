package picture

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"hash/crc32"
	"slices"

	"github.com/klauspost/compress/zlib"
)

// paletteSize is how many colours an image of one byte to a pixel has.
const paletteSize = 256

// bandPixels is how many pixels are held at once, four bytes each: the whole of a large
// picture would be a hundred megabytes.
const bandPixels = 1 << 20

// pngLevel of compression is slower than the least, and makes files half as long.
const pngLevel = 6

// encode draws a picture band by band, and writes it as PNG. A chart has few colours, and
// many between two of them at edges: with the rare ones replaced by what looks most like
// them it is a third as long. They are counted in a picture of one pixel to each of CSS.
func encode(s *Spec, scale int) ([]byte, error) {
	small := newRaster(s, 1)
	all := new(cells)
	for top, bottom := range bands(s.Width, s.Height) {
		small.band(s, top, bottom)
		all.count(small.image.Pix)
	}
	palette := all.choose()
	wide, high := s.Width*scale, s.Height*scale
	var data bytes.Buffer
	z, err := zlib.NewWriterLevel(&data, pngLevel)
	if err != nil {
		return nil, err
	}
	out := newRaster(s, scale)
	row := make([]byte, 1+wide) // begins with 0: as it is, not as the difference from another
	for top, bottom := range bands(wide, high) {
		out.band(s, top, bottom)
		for y := range bottom - top {
			all.places(row[1:], out.image.Pix[y*out.image.Stride:][:4*wide])
			if _, err := z.Write(row); err != nil {
				return nil, err
			}
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return pngFile(wide, high, palette, data.Bytes()), nil
}

// bands are the first row of each and the one behind its last.
func bands(wide, high int) func(yield func(top, bottom int) bool) {
	return func(yield func(top, bottom int) bool) {
		step := max(1, bandPixels/wide)
		for top := 0; top < high; top += step {
			if !yield(top, min(high, top+step)) {
				return
			}
		}
	}
}

// pngFile puts the parts of a PNG together: of eight bits to a pixel, places of a palette.
func pngFile(wide, high int, palette, data []byte) []byte {
	head := binary.BigEndian.AppendUint32(nil, uint32(wide))
	head = binary.BigEndian.AppendUint32(head, uint32(high))
	head = append(head, 8, 3, 0, 0, 0)
	out := []byte("\x89PNG\r\n\x1a\n")
	for _, part := range []struct {
		name string
		data []byte
	}{{"IHDR", head}, {"PLTE", palette}, {"IDAT", data}, {"IEND", nil}} {
		out = binary.BigEndian.AppendUint32(out, uint32(len(part.data)))
		from := len(out)
		out = append(append(out, part.name...), part.data...)
		out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[from:]))
	}
	return out
}

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
