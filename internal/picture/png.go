package picture

import (
	"image"
	"image/png"
	"io"
)

func encode(w io.Writer, m *image.RGBA) error {
	e := png.Encoder{CompressionLevel: png.BestSpeed}
	return e.Encode(w, m)
}
