package simulator

// Broken is how a record cannot be read.
type Broken int

// The three broken records of a company with Options.Broken, one of each kind.
const (
	Sound Broken = iota
	// BadCreatedAt: createdAt of the issue is 0000-00-00.
	BadCreatedAt
	// ChangelogFails: the changelog answers 500, always.
	ChangelogFails
	// ChangelogHTML: the changelog answers 200 with a page of HTML.
	ChangelogHTML
)

// brokenAs is how the n-th issue is broken.
func (c *Company) brokenAs(n int) Broken {
	if !c.opts.Broken || n < 0 || c.size < 8 {
		return Sound
	}
	switch n {
	case c.size / 4:
		return BadCreatedAt
	case c.size / 2:
		return ChangelogFails
	case c.size * 3 / 4:
		return ChangelogHTML
	}
	return Sound
}

// BrokenKeys are the present keys of the broken records by how they are
// broken; empty without Options.Broken.
func (c *Company) BrokenKeys() map[Broken]string {
	c.mu.RLock()
	defer c.mu.RUnlock()
	out := map[Broken]string{}
	for _, is := range c.issues {
		if how := c.brokenAs(is.n); how != Sound && is.st.listed() {
			out[how] = is.st.key()
		}
	}
	return out
}
