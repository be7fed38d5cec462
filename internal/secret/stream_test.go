package secret

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"
)

var streamKey = bytes.Repeat([]byte{9}, KeySize)

func sealStream(t *testing.T, plain []byte, piece int) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := NewSealWriter(streamKey, &out)
	if err != nil {
		t.Fatal(err)
	}
	for rest := plain; len(rest) > 0; {
		n := min(piece, len(rest))
		if got, err := w.Write(rest[:n]); got != n || err != nil {
			t.Fatal(got, err)
		}
		rest = rest[n:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func openStream(key, sealed []byte) ([]byte, error) {
	r, err := NewSealReader(key, bytes.NewReader(sealed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func noise(n int) []byte {
	dice := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(dice.Uint32())
	}
	return b
}

func TestStream(t *testing.T) {
	for _, n := range []int{0, 1, chunkSize - 1, chunkSize, chunkSize + 1, 3 * chunkSize, 3*chunkSize + 7} {
		plain := noise(n)
		for _, piece := range []int{1000, chunkSize, n + 1} {
			sealed := sealStream(t, plain, piece)
			got, err := openStream(streamKey, sealed)
			if err != nil || !bytes.Equal(got, plain) {
				t.Errorf("%d bytes in pieces of %d: %d bytes, %v", n, piece, len(got), err)
			}
			chunks := max(1, (n+chunkSize-1)/chunkSize)
			if want := len(Magic) + saltSize + n + chunks*tagSize; len(sealed) != want {
				t.Errorf("%d bytes are sealed to %d, want %d", n, len(sealed), want)
			}
		}
		r, err := NewSealReader(streamKey, iotest.OneByteReader(bytes.NewReader(sealStream(t, plain, n+1))))
		if err != nil {
			t.Fatal(err)
		}
		if err := iotest.TestReader(r, plain); err != nil {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	if bytes.Equal(sealStream(t, nil, 1), sealStream(t, nil, 1)) {
		t.Error("sealed twice to the same bytes")
	}
}

// Whatever is done to a stream, what is read is a beginning of what was sealed,
// and its reader is told that it is not all.
func TestStreamRefuses(t *testing.T) {
	plain := noise(2*chunkSize + 100)
	sealed := sealStream(t, plain, len(plain))
	head, chunk := len(Magic)+saltSize, chunkSize+tagSize
	flipped := func(i int) []byte {
		b := bytes.Clone(sealed)
		b[i] ^= 1
		return b
	}
	swapped := append(append(bytes.Clone(sealed[:head]), sealed[head+chunk:head+2*chunk]...), sealed[head:head+chunk]...)
	tests := []struct {
		name   string
		key    []byte
		sealed []byte
		want   error
	}{
		{"another key", bytes.Repeat([]byte{8}, KeySize), sealed, ErrSealed},
		{"another magic", streamKey, flipped(0), ErrSealed},
		{"another salt", streamKey, flipped(len(Magic)), ErrSealed},
		{"first chunk", streamKey, flipped(head), ErrSealed},
		{"second chunk", streamKey, flipped(head + chunk + 5), ErrSealed},
		{"swapped", streamKey, append(swapped, sealed[head+2*chunk:]...), ErrSealed},
		{"left out", streamKey, append(bytes.Clone(sealed[:head+chunk]), sealed[head+2*chunk:]...), ErrCut},
		{"nothing", streamKey, nil, ErrCut},
		{"head only", streamKey, sealed[:head-1], ErrCut},
		{"cut in a chunk", streamKey, sealed[:head+chunk+10], ErrCut},
		{"cut after a chunk", streamKey, sealed[:head+2*chunk], ErrCut},
		{"longer", streamKey, append(bytes.Clone(sealed), 0), ErrCut},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := openStream(tt.key, tt.sealed)
			if !errors.Is(err, tt.want) {
				t.Errorf("%d bytes, error %v, want %v", len(got), err, tt.want)
			}
			if !bytes.HasPrefix(plain, got) {
				t.Error("bytes that were not sealed")
			}
		})
	}
}
