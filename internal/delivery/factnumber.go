package delivery

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
)

// FactNumber is the number of a fact in every store: 63 bits of the digest of its
// kind and what tells it apart.
func FactNumber(kind string, key ...string) int64 {
	h := sha256.New()
	for _, part := range append([]string{kind}, key...) {
		_, _ = fmt.Fprintf(h, "%d:%s", len(part), part) // a digest takes all
	}
	return int64(binary.BigEndian.Uint64(h.Sum(nil)) >> 1)
}

// Number is the deployment's FactNumber, like the other facts'.
func (d *Deployment) Number() int64 {
	return FactNumber("deployment", d.Connection, strings.ToLower(d.Repository), d.Service, d.ID)
}

func (c *Change) FactNumber() int64 {
	return FactNumber("change", c.Connection, strings.ToLower(c.Repository), c.ID)
}

func (i *Incident) Number() int64 { return FactNumber("incident", i.Connection, i.ID) }

func (t *Ticket) Number() int64 { return FactNumber("ticket", t.Connection, t.ID) }
