package delivery

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// errNotYet marks what the rules' author writes next.
var errNotYet = errors.New("not written yet")

// FactNumber is the number of a fact in every store: 63 bits of the digest of its
// kind and what tells it apart.
func FactNumber(kind string, key ...string) int64 {
	h := sha256.New()
	for _, part := range append([]string{kind}, key...) {
		fmt.Fprintf(h, "%d:%s", len(part), part)
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

// DefaultDoraRules are those of METRICS.
func DefaultDoraRules() DoraRules { return DoraRules{} }

// Validate says what is wrong with rules, joined.
func (r *DoraRules) Validate() error { return nil }

// AllServices are the declared services, and one for each repository and service
// name found in the facts that none declares, by name.
func (s *DoraSetup) AllServices(f DoraFacets) []Service { return s.Services }

// Deriver keeps derived rows up with the facts and the setup.
type Deriver struct {
	Store DoraStore
	Setup func(ctx context.Context) (DoraSetup, error)
}

// Run derives every service whose facts or setup changed, and reports how many.
func (d *Deriver) Run(ctx context.Context) (services int, err error) { return 0, errNotYet }

// Of derives one service at once, for a person who waits for it.
func (d *Deriver) Of(ctx context.Context, service string) error { return errNotYet }

// DeriveService derives all of a service: the chunks are complete, but for Sum they
// depend on nothing else.
func DeriveService(s Service, setup *DoraSetup, f ServiceFacts) ([]DoraChunk, error) {
	return nil, errNotYet
}

// AddChunk decodes a chunk into data.
func (d *DoraData) AddChunk(c DoraChunk) error { return errNotYet }

// DoraParts are the parts that a panel is made from.
func DoraParts(slug string) []DoraPart { return nil }

// Panel is what a panel of DORA shows: deployment-frequency, change-lead-time,
// lead-time-stages, change-fail-rate, recovery-time, rework-rate or incidents.
func (d *DoraData) Panel(slug string, q DoraQuery) (PanelData, error) { return PanelData{}, errNotYet }

// TicketsPanel is the panel tickets: created and closed ones.
func TicketsPanel(tickets []Ticket, q DoraQuery) PanelData { return PanelData{} }

// LoadDora reads what a query needs of the parts: of the query's services, over its
// range and far enough before it that the first deployment is known.
func LoadDora(ctx context.Context, s DoraStore, q DoraQuery, parts ...DoraPart) (*DoraData, error) {
	return nil, errNotYet
}

// Failed are the groups of the query with evidence, newest first, also those whose
// evidence was rejected.
func (d *DoraData) Failed(q DoraQuery) []Group { return nil }

// Level is a benchmark's word for a value.
type Level string // elite, high, medium, low

// LevelOf names the level of a panel's headline by a benchmark; "" when the set has
// none for it. note is the id of a remark on the set, "" when there is none.
func LevelOf(slug string, p PanelData, b Benchmark) (level Level, note string) { return "", "" }
