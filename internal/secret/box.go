// Package secret seals credentials, keeps the key they are sealed with, and
// makes and hashes tokens. It stores nothing but the key file.
package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
)

// KeySize is the length of a master key in bytes.
const KeySize = 32

// ErrSealed is returned when sealed bytes do not open: another key sealed them,
// they belong to another identity, or they were changed.
var ErrSealed = errors.New("sealed with another key, or changed")

// Box seals small secrets with AES-256-GCM under a key derived from the master
// key. It may be used by several goroutines.
type Box struct{ aead cipher.AEAD }

// NewBox makes a Box of a master key of KeySize bytes.
func NewBox(master []byte) (*Box, error) {
	if len(master) != KeySize {
		return nil, fmt.Errorf("the secret key has %d bytes, not %d", len(master), KeySize)
	}
	// Derived, so that the master key can serve other purposes under other names.
	key, err := hkdf.Key(sha256.New, master, nil, "throughline credentials v1", KeySize)
	if err != nil {
		return nil, fmt.Errorf("derive key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("derive key: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("derive key: %w", err)
	}
	return &Box{aead}, nil
}

// Seal encrypts plain and binds it to identity, which names the place it is
// kept at: sealed bytes moved elsewhere do not open.
func (b *Box) Seal(plain []byte, identity string) []byte {
	return b.aead.Seal(nil, nil, plain, []byte(identity))
}

// Open returns what Seal was given under the same identity; the error is
// ErrSealed.
func (b *Box) Open(sealed []byte, identity string) ([]byte, error) {
	plain, err := b.aead.Open(nil, nil, sealed, []byte(identity))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", identity, ErrSealed)
	}
	return plain, nil
}
