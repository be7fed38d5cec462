package secret

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// A sealed stream is Magic, a salt, and chunks of the plain bytes, each sealed
// with AES-256-GCM under a key derived from the master key and the salt. A
// chunk's nonce is its number and whether it is the last, so that none can be
// left out, repeated, put elsewhere or cut off (the STREAM construction of
// Hoang, Reyhanitabar, Rogaway and Vizár).
const (
	// Magic begins a sealed stream.
	Magic = "throughline sealed 1\n"

	saltSize  = 32
	chunkSize = 64 << 10
	tagSize   = 16
)

// ErrCut is returned for a sealed stream without its end.
var ErrCut = errors.New("the end is missing")

// errNonces is returned after 2^32 chunks, 256 TiB.
var errNonces = errors.New("too long to be sealed")

// stream is what both directions count.
type stream struct {
	aead  cipher.AEAD
	chunk uint32
}

func newStream(master, salt []byte) (*stream, error) {
	if len(master) != KeySize {
		return nil, fmt.Errorf("the secret key has %d bytes, not %d", len(master), KeySize)
	}
	key, err := hkdf.Key(sha256.New, master, salt, "throughline sealed stream v1", KeySize)
	if err != nil {
		return nil, fmt.Errorf("derive key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("derive key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("derive key: %w", err)
	}
	return &stream{aead: aead}, nil
}

// nonce is that of the next chunk. The key serves this stream only.
func (s *stream) nonce(last bool) ([]byte, error) {
	nonce := make([]byte, s.aead.NonceSize())
	binary.BigEndian.PutUint32(nonce[7:], s.chunk)
	if last {
		nonce[11] = 1
	}
	if s.chunk++; s.chunk == 0 {
		return nil, errNonces
	}
	return nonce, nil
}

// SealWriter seals what is written to it. Without Close the stream has no end.
type SealWriter struct {
	*stream
	w     io.Writer
	plain []byte // waits until it is known not to be the last chunk
}

// NewSealWriter begins a sealed stream on w.
func NewSealWriter(master []byte, w io.Writer) (*SealWriter, error) {
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // never fails: it ends the program instead
	s, err := newStream(master, salt)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(append([]byte(Magic), salt...)); err != nil {
		return nil, err
	}
	return &SealWriter{stream: s, w: w, plain: make([]byte, 0, chunkSize)}, nil
}

func (w *SealWriter) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		if len(w.plain) == chunkSize {
			if err := w.flush(false); err != nil {
				return n, err
			}
		}
		taken := copy(w.plain[len(w.plain):chunkSize], p)
		w.plain = w.plain[:len(w.plain)+taken]
		p, n = p[taken:], n+taken
	}
	return n, nil
}

func (w *SealWriter) flush(last bool) error {
	nonce, err := w.nonce(last)
	if err != nil {
		return err
	}
	_, err = w.w.Write(w.aead.Seal(nil, nonce, w.plain, nil))
	w.plain = w.plain[:0]
	return err
}

// Close writes the end of the stream; it does not close what is below.
func (w *SealWriter) Close() error { return w.flush(true) }

// SealReader reads a sealed stream. Bytes that it returns are what was sealed,
// but only io.EOF says that they are all.
type SealReader struct {
	*stream
	r      io.Reader
	sealed []byte // one byte more than a chunk: whether there is another
	have   int
	plain  []byte
	err    error
}

// NewSealReader reads the stream that r begins with. The error of it and of
// Read is ErrSealed when another key sealed the stream or it was changed, ErrCut
// when it ends too early.
func NewSealReader(master []byte, r io.Reader) (*SealReader, error) {
	head := make([]byte, len(Magic)+saltSize)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, cut(err)
	}
	if !bytes.HasPrefix(head, []byte(Magic)) {
		return nil, ErrSealed
	}
	s, err := newStream(master, head[len(Magic):])
	if err != nil {
		return nil, err
	}
	return &SealReader{stream: s, r: r, sealed: make([]byte, chunkSize+tagSize+1)}, nil
}

func (r *SealReader) Read(p []byte) (int, error) {
	for len(r.plain) == 0 && r.err == nil {
		r.err = r.next()
	}
	if len(r.plain) == 0 && len(p) > 0 {
		return 0, r.err
	}
	n := copy(p, r.plain)
	r.plain = r.plain[n:]
	return n, nil
}

// next opens a chunk; after the last one it returns io.EOF.
func (r *SealReader) next() error {
	n, err := io.ReadFull(r.r, r.sealed[r.have:])
	last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	if err != nil && !last {
		return err
	}
	r.have += n
	chunk := r.sealed[:min(r.have, chunkSize+tagSize)]
	nonce, err := r.nonce(last)
	if err != nil {
		return err
	}
	first := r.chunk == 1
	plain, err := r.aead.Open(nil, nonce, chunk, nil)
	if err != nil {
		if last && !first {
			return r.judge(chunk)
		}
		return ErrSealed
	}
	r.plain = plain
	if last {
		return io.EOF
	}
	r.have = copy(r.sealed, r.sealed[len(chunk):r.have])
	return nil
}

// judge tells why what the stream ends with is not its end: the key is right,
// the chunks before it opened.
func (r *SealReader) judge(chunk []byte) error {
	if len(chunk) < chunkSize+tagSize {
		return ErrCut
	}
	r.chunk--
	nonce, err := r.nonce(false)
	if err != nil {
		return err
	}
	if _, err := r.aead.Open(nil, nonce, chunk, nil); err == nil {
		return ErrCut // whole, but not the last
	}
	return ErrSealed
}

func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrCut
	}
	return err
}
