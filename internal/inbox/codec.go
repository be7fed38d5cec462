package inbox

import (
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// codec compresses bodies. It may be used by several goroutines.
type codec struct {
	encoder *zstd.Encoder
	decoder *zstd.Decoder
}

func newCodec() (*codec, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, fmt.Errorf("compressor: %w", err)
	}
	decoder, err := zstd.NewReader(nil)
	if err != nil {
		return nil, fmt.Errorf("decompressor: %w", err)
	}
	return &codec{encoder, decoder}, nil
}

// pack is never nil, which would be stored as no body.
func (c *codec) pack(body []byte) []byte { return c.encoder.EncodeAll(body, []byte{}) }

// unpack is never nil: a body that is there may be empty.
func (c *codec) unpack(packed []byte) ([]byte, error) {
	body, err := c.decoder.DecodeAll(packed, nil)
	if err != nil {
		return nil, fmt.Errorf("body: %w", err)
	}
	if body == nil {
		body = []byte{}
	}
	return body, nil
}

// close frees the decoder; the encoder holds nothing but memory.
func (c *codec) close() { c.decoder.Close() }
