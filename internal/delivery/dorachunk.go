package delivery

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"
)

// chunkVersion is the first byte of a chunk's Body. Another one makes everything be
// derived again.
const chunkVersion = 1

var errChunk = errors.New("derived rows that cannot be read")

// coder writes or reads rows: the same code does both, so that they agree. Texts are
// kept once each, in a table before the rows.
type coder struct {
	writing bool
	out     []byte
	texts   []string
	index   map[string]int
	in      string
	base    Instant // instants are written as their distance from it
	failed  bool
}

func (c *coder) number(v *uint64) {
	if c.writing {
		c.out = binary.AppendUvarint(c.out, *v)
		return
	}
	var x uint64
	for i := 0; i < len(c.in) && i < binary.MaxVarintLen64; i++ {
		b := c.in[i]
		x |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			c.in = c.in[i+1:]
			*v = x
			return
		}
	}
	c.failed, c.in = true, ""
	*v = 0
}

func (c *coder) seq(v *int64) {
	u := uint64(*v)
	c.number(&u)
	*v = int64(u)
}

// size codes a length, and bounds it by what can follow.
func (c *coder) size(n int) int {
	u := uint64(n)
	c.number(&u)
	if !c.writing && u > uint64(len(c.in)) {
		c.failed = true
		return 0
	}
	return int(u)
}

func (c *coder) instant(v *Instant) {
	var u uint64
	if c.writing && *v != 0 {
		d := int64(*v - c.base)
		u = uint64(d<<1^d>>63) + 1
	}
	c.number(&u)
	if !c.writing {
		*v = 0
		if u != 0 {
			u--
			*v = c.base + Instant(int64(u>>1)^-int64(u&1))
		}
	}
}

func (c *coder) flag(v *bool) {
	var u uint64
	if *v {
		u = 1
	}
	c.number(&u)
	*v = u == 1
}

func (c *coder) text(v *string) {
	var u uint64
	if c.writing {
		i, ok := c.index[*v]
		if !ok {
			i = len(c.texts)
			c.index[*v] = i
			c.texts = append(c.texts, *v)
		}
		u = uint64(i)
	}
	c.number(&u)
	if !c.writing {
		if u >= uint64(len(c.texts)) {
			c.failed = true
			return
		}
		*v = c.texts[u]
	}
}

// rowsOf codes the elements of a list with one.
func rowsOf[T any](c *coder, v *[]T, one func(*T)) {
	n := c.size(len(*v))
	if !c.writing {
		*v = slices.Grow((*v)[:0], n)[:n]
		if n == 0 {
			*v = nil
		}
	}
	for i := range *v {
		if c.failed {
			return
		}
		one(&(*v)[i])
	}
}

func (g *Group) code(c *coder) {
	c.text(&g.ID)
	c.text(&g.SHA)
	c.text(&g.Version)
	c.text(&g.URL)
	c.instant(&g.FinishedAt)
	c.instant(&g.StartedAt)
	c.flag(&g.Succeeded)
	c.text((*string)(&g.Kind))
	c.text(&g.Reason)
	c.text(&g.Target)
	c.flag(&g.Unplanned)
	c.flag(&g.Remedy)
	c.instant(&g.RecoveredAt)
	c.instant(&g.RecoveredAtAny)
	rowsOf(c, &g.Deployments, c.seq)
	rowsOf(c, &g.Names, c.text)
	rowsOf(c, &g.Connections, c.text)
	rowsOf(c, &g.Evidence, func(e *Evidence) {
		c.text(&e.Method)
		c.text(&e.Confidence)
		c.seq(&e.Incident)
		c.text(&e.Group)
		c.instant(&e.At)
		c.text(&e.Detail)
		c.text(&e.By)
		if e.Method == EvidenceSentry {
			c.seq(&e.Errors)
		} else {
			e.Errors = 0
		}
	})
}

func (d *DeployedChange) code(c *coder) {
	base := c.base
	c.instant(&d.DeployedAt)
	c.base = d.DeployedAt
	c.seq(&d.Seq)
	c.text(&d.Group)
	c.text(&d.Name)
	if d.Seq == 0 { // else the fact has them, and they are most of the bytes
		c.text(&d.SHA)
		c.text(&d.Title)
	} else if !c.writing {
		d.SHA, d.Title = "", ""
	}
	c.flag(&d.Bot)
	c.text(&d.How)
	c.text(&d.Excluded)
	c.instant(&d.StartAt)
	c.instant(&d.CreatedAt)
	c.instant(&d.ReviewedAt)
	c.instant(&d.ApprovedAt)
	c.instant(&d.MergedAt)
	commits := d.Commits
	rowsOf(c, &commits, c.instant)
	d.Commits = commits
	c.base = base
}

func (w *WaitingChange) code(c *coder) {
	c.seq(&w.Seq)
	c.text(&w.Name)
	c.text(&w.Title)
	c.text(&w.URL)
	c.flag(&w.Bot)
	c.instant(&w.MergedAt)
}

func (i *LinkedIncident) code(c *coder) {
	c.seq(&i.Seq)
	c.text(&i.Connection)
	c.flag(&i.Own)
	c.text(&i.Title)
	c.text(&i.URL)
	c.text(&i.Severity)
	c.instant(&i.StartedAt)
	c.instant(&i.ResolvedAt)
	c.text(&i.Group)
	c.text(&i.Confidence)
}

// classNote is what is known of a class as a whole: the chunk of groups of month 0.
type classNote struct {
	Watched bool
	First   Instant
}

func (n *classNote) code(c *coder) {
	c.flag(&n.Watched)
	c.instant(&n.First)
}

// encodeRows is the Body of a chunk.
func encodeRows[T any](base Instant, rows []T, code func(*T, *coder)) []byte {
	c := &coder{writing: true, base: base, index: map[string]int{}}
	c.size(len(rows))
	for i := range rows {
		code(&rows[i], c)
	}
	out := binary.AppendUvarint([]byte{chunkVersion}, uint64(len(c.texts)))
	for _, text := range c.texts {
		out = binary.AppendUvarint(out, uint64(len(text)))
		out = append(out, text...)
	}
	return append(out, c.out...)
}

// openRows reads a Body up to its rows, and says how many there are.
func openRows(base Instant, body []byte) (*coder, int, error) {
	c := &coder{in: string(body), base: base}
	if len(c.in) == 0 || c.in[0] != chunkVersion {
		return nil, 0, errChunk
	}
	c.in = c.in[1:]
	texts := make([]string, c.size(0))
	for i := range texts {
		n := c.size(0)
		texts[i], c.in = c.in[:n], c.in[n:]
	}
	c.texts = texts
	n := c.size(0)
	if c.failed {
		return nil, 0, errChunk
	}
	return c, n, nil
}

// decodeRows calls each with every row of a chunk, in the same place each time.
func decodeRows[T any](ch *DoraChunk, code func(*T, *coder), each func(*T) bool) error {
	c, n, err := openRows(monthStart(ch.Month), ch.Body)
	if err != nil {
		return fmt.Errorf("%w: %s of %s", err, ch.Part, ch.Service)
	}
	var row T
	for range n {
		code(&row, c)
		if c.failed {
			return fmt.Errorf("%w: %s of %s", errChunk, ch.Part, ch.Service)
		}
		if !each(&row) {
			break
		}
	}
	return nil
}

// MonthOf is the number of the month of an instant in UTC since 1970-01, which is 1:
// 0 is of what has no time.
func MonthOf(at Instant) int {
	if at == 0 {
		return 0
	}
	t := at.Time()
	return max(1, (t.Year()-1970)*12+int(t.Month()))
}

func monthStart(month int) Instant {
	if month == 0 {
		return 0
	}
	return InstantOf(time.Date(1970, time.Month(month), 1, 0, 0, 0, 0, time.UTC))
}

// chunks are rows of one part, by month.
func chunks[T any](service, class string, part DoraPart, rows []T, at func(*T) Instant, code func(*T, *coder)) []DoraChunk {
	byMonth := map[int][]T{}
	for i := range rows {
		month := MonthOf(at(&rows[i]))
		byMonth[month] = append(byMonth[month], rows[i])
	}
	var out []DoraChunk
	for month, rows := range byMonth {
		out = append(out, newChunk(service, class, part, month, encodeRows(monthStart(month), rows, code)))
	}
	slices.SortFunc(out, func(a, b DoraChunk) int { return a.Month - b.Month })
	return out
}

func newChunk(service, class string, part DoraPart, month int, body []byte) DoraChunk {
	sum := sha256.Sum256(body)
	return DoraChunk{
		Service: service, Environment: class, Part: part, Month: month,
		Sum: binary.BigEndian.Uint64(sum[:]) >> 1, Body: body,
	}
}
