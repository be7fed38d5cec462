package main

import (
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ClickHouse/ch-go/compress"
	"github.com/andybalholm/brotli"
)

// maxFrame is what a frame of ClickHouse's own compression holds, as a server's.
const maxFrame = 1 << 20

// frames compresses in ClickHouse's own way, which compress=1 asks for.
type frames struct {
	w      io.Writer
	writer *compress.Writer
}

func newFrames(w io.Writer, method string) (*frames, error) {
	switch strings.ToUpper(method) {
	case "", "LZ4":
		return &frames{w, compress.NewWriter(compress.LevelZero, compress.LZ4)}, nil
	case "LZ4HC":
		return &frames{w, compress.NewWriter(compress.LevelZero, compress.LZ4HC)}, nil
	case "ZSTD":
		return &frames{w, compress.NewWriter(compress.LevelZero, compress.ZSTD)}, nil
	case "NONE":
		return &frames{w, compress.NewWriter(compress.LevelZero, compress.None)}, nil
	}
	return nil, newException(badArguments, "BAD_ARGUMENTS", "Unknown compression method %q", method)
}

func (f *frames) Write(p []byte) (int, error) {
	for done := 0; done < len(p); {
		n := min(len(p)-done, maxFrame)
		if err := f.writer.Compress(p[done : done+n]); err != nil {
			return done, fmt.Errorf("compress a frame: %w", err)
		}
		if _, err := f.w.Write(f.writer.Data); err != nil {
			return done, err
		}
		done += n
	}
	return len(p), nil
}

func (f *frames) Close() error { return nil }

// unframed is the opposite of frames.
type unframed struct{ *compress.Reader }

// Read says that the data ends where the reader of frames says that it found no
// next one.
func (u unframed) Read(p []byte) (int, error) {
	n, err := u.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		err = io.EOF
	}
	return n, err
}

// encoder compresses by an encoding of HTTP. The first known one that the client
// accepts is taken; without one it returns "".
func encoder(w io.Writer, accepted string) (io.WriteCloser, string) {
	for name := range strings.SplitSeq(accepted, ",") {
		name, _, _ = strings.Cut(strings.TrimSpace(name), ";")
		switch name {
		case "gzip":
			return gzip.NewWriter(w), name
		case "deflate":
			return zlib.NewWriter(w), name
		case "br":
			return brotli.NewWriter(w), name
		}
	}
	return nil, ""
}

// decoder is the opposite, and its error is for the client.
func decoder(r io.Reader, encoding string) (io.Reader, error) {
	switch encoding {
	case "", "identity":
		return r, nil
	case "gzip":
		return gzip.NewReader(r)
	case "deflate":
		return zlib.NewReader(r)
	case "br":
		return brotli.NewReader(r), nil
	}
	return nil, newException(notImplemented, "NOT_IMPLEMENTED", "Unknown Content-Encoding %q", encoding)
}
