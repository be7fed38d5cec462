// Package storecopy copies facts from one delivery.Store to another, goes on with
// a copy that was cut off, and compares the two. It knows no kind of store.
package storecopy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"throughline/internal/delivery"
)

// ErrEmpty is returned when there is nothing to copy.
var ErrEmpty = errors.New("it holds no facts")

// ErrPartial is returned for a source that is a copy which was not finished.
var ErrPartial = errors.New("it is itself a copy that was not finished")

// ErrOccupied is returned for a target that holds other facts than those of an
// earlier part of the same copy. It was not touched.
var ErrOccupied = errors.New("it holds facts already")

// Page is how many issues or runs are read, and written, at once: a ClickHouse wants many,
// memory few.
const Page = 1000

// Progress is told how far a copy is: of how many issues, runs and other facts is not known
// exactly.
type Progress func(phase string, done, found int)

// mark is what the target keeps of the copy until it is finished.
type mark struct {
	From    string `json:"from"`    // identity
	Version int64  `json:"version"` // of from
	After   string `json:"after"`   // Export's, of what is there
	Done    int    `json:"done"`    // records before it
}

func (m mark) String() string {
	text, _ := json.Marshal(m) // of texts and numbers
	return string(text)
}

// Copy is a copy under way, or one that was finished before.
type Copy struct {
	from, to delivery.Store
	at       mark
	finished bool
	progress Progress
}

// New looks at both stores and changes neither.
func New(ctx context.Context, from, to delivery.Store, progress Progress) (*Copy, error) {
	c := &Copy{from: from, to: to, progress: progress}
	var err error
	if c.at.From, err = from.Identity(ctx); err != nil {
		return nil, err
	}
	if c.at.Version, err = from.Version(ctx); err != nil {
		return nil, err
	}
	partial, err := from.Mark(ctx)
	if err != nil {
		return nil, err
	}
	if partial != "" {
		return nil, ErrPartial
	}
	own, err := to.Identity(ctx)
	if err != nil {
		return nil, err
	}
	if c.finished = own == c.at.From; c.finished {
		return c, nil
	}
	return c, c.resume(ctx)
}

// resume finds out how far an earlier part of the copy got.
func (c *Copy) resume(ctx context.Context) error {
	text, err := c.to.Mark(ctx)
	if err != nil {
		return err
	}
	if text == "" {
		return c.begin(ctx)
	}
	var before mark
	if err := json.Unmarshal([]byte(text), &before); err != nil || before.From != c.at.From {
		return ErrOccupied
	}
	// Else what was copied may have changed since: all of it is written again,
	// which passes over what is the same.
	if before.Version == c.at.Version {
		c.at = before
	}
	return nil
}

// begin sees that there is something to copy, and a place for it.
func (c *Copy) begin(ctx context.Context) error {
	holds, err := holdsFacts(ctx, c.to)
	switch {
	case err != nil:
		return err
	case holds:
		return ErrOccupied
	}
	if holds, err = holdsFacts(ctx, c.from); err == nil && !holds {
		return ErrEmpty
	}
	return err
}

func holdsFacts(ctx context.Context, s delivery.Store) (bool, error) {
	words, err := s.Words(ctx)
	if err != nil || len(words) > 0 {
		return len(words) > 0, err
	}
	b, _, err := s.Export(ctx, "", 1)
	return b.Len() > 0, err
}

// Finished reports whether the copy was finished before: then there is nothing
// to Run, and nothing to Adopt.
func (c *Copy) Finished() bool { return c.finished }

// Done is the number of records that an earlier part of the copy has written.
func (c *Copy) Done() int { return c.at.Done }

// Run writes what is missing, with statuses meaning what w says. Whenever it
// returns early, the next Copy goes on from there.
func (c *Copy) Run(ctx context.Context, w delivery.Workflows) error {
	if c.finished {
		return nil
	}
	// From here on it is known whose copy this is, whatever is there of it.
	if _, err := c.to.Write(ctx, delivery.Batch{Mark: c.at.String()}); err != nil {
		return err
	}
	if err := c.to.SetWorkflow(ctx, w); err != nil {
		return err
	}
	words, err := c.from.Words(ctx)
	if err != nil {
		return err
	}
	for _, b := range words {
		b.Mark = c.at.String()
		if _, err := c.to.Write(ctx, b); err != nil {
			return err
		}
	}
	if err := c.records(ctx); err != nil {
		return err
	}
	return c.to.Rebuild(ctx, func(done, total int) { c.progress("derive", done, total) })
}

// records copies all that Export reads.
func (c *Copy) records(ctx context.Context) error {
	found, err := estimate(ctx, c.from)
	if err != nil {
		return err
	}
	// Points have no version: those of a copy that had come to its end, and was not
	// taken for a whole one, may have changed since. All of it is written again.
	again := c.endsInSeries()
	for {
		// Points are not estimated.
		c.progress("copy", c.at.Done, max(found, c.at.Done))
		b, next, err := c.from.Export(ctx, c.at.After, Page)
		if err != nil {
			return err
		}
		if b.Len() == 0 && again {
			again, c.at.After, c.at.Done = false, "", 0
			continue
		}
		if b.Len() == 0 {
			return nil
		}
		again = false
		at := c.at
		at.After, at.Done = next, at.Done+b.Len()
		b.Mark = at.String()
		if _, err := c.to.Write(ctx, b); err != nil {
			return err
		}
		c.at = at
	}
}

// endsInSeries reports whether an earlier part of the copy got to points.
func (c *Copy) endsInSeries() bool {
	at, err := delivery.ParseExported(c.at.After)
	return err == nil && at.Series()
}

// estimate is the number of issues but gone ones, of runs and of other facts but those
// of series.
func estimate(ctx context.Context, s delivery.Store) (int, error) {
	n, err := estimateIssues(ctx, s)
	if err != nil {
		return 0, err
	}
	runs, err := s.RunFacets(ctx)
	if err != nil {
		return 0, err
	}
	dora, err := s.DoraFacets(ctx)
	if err != nil {
		return 0, err
	}
	for _, values := range [][]delivery.Facet{runs.Projects, dora.Repositories, dora.Services, dora.Projects} {
		for _, f := range values {
			n += f.Count
		}
	}
	return n, nil
}

func estimateIssues(ctx context.Context, s delivery.Store) (int, error) {
	facets, err := s.Facets(ctx)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, f := range facets.Connections {
		n += f.Count
	}
	return n, nil
}

// Adopt makes the target what it is a copy of. Sums must be the same.
func (c *Copy) Adopt(ctx context.Context) error {
	if c.finished {
		return nil
	}
	if err := c.to.Adopt(ctx, c.at.From); err != nil {
		return fmt.Errorf("finish the copy: %w", err)
	}
	return nil
}
