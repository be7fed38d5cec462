package picture

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"

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
