package simulator

import "throughline/internal/delivery"

// Truth is what really happened to an issue, whatever the API tells of it.
type Truth struct {
	Key       string
	ID        string
	Aliases   []string
	Queue     string
	Type      string
	Status    string
	CreatedAt delivery.Instant
	UpdatedAt delivery.Instant
	// Resolution may be stale; "" for none.
	Resolution string
	Summary    string
	Version    int
	Comments   int
	Events     int               // in the changelog
	Periods    []delivery.Period // English names; the last one is open
	Deleted    bool
}

// Issue is the truth about the issue with a present or former key. It reports
// false for loaded issues and unknown keys.
func (c *Company) Issue(key string) (Truth, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	is := c.byKey[key]
	if is == nil || is.st == nil || is.raw != nil {
		return Truth{}, false
	}
	return is.truth(), true
}

// Issues is the truth about every generated issue that is not deleted, in the
// order of their creation.
func (c *Company) Issues() []Truth {
	c.mu.RLock()
	defer c.mu.RUnlock()
	var out []Truth
	for _, is := range c.issues {
		if is.st.listed() {
			out = append(out, is.truth())
		}
	}
	return out
}

func (is *issue) truth() Truth {
	s := is.st
	return Truth{
		Key: s.key(), ID: is.id, Aliases: is.keys[:s.moves:s.moves], Queue: s.queueKey(), Type: issueTypes[s.typ].key,
		Status: statuses[s.status].key, Resolution: resolutions[s.resolution].key, CreatedAt: s.createdAt, UpdatedAt: s.updatedAt,
		Summary: s.summary(), Version: int(s.version), Comments: int(s.comments), Events: int(s.events), Deleted: s.deleted,
		Periods: is.periods(),
	}
}

func (is *issue) periods() []delivery.Period {
	var out []delivery.Period
	s := state{of: is}
	var e event
	for _, a := range is.acts() {
		if a.at >= is.c.now {
			break
		}
		before := s.statusStart
		s.apply(a, &e)
		if s.statusStart == before {
			continue
		}
		if n := len(out); n > 0 {
			out[n-1].End = s.statusStart
		}
		st := statuses[s.status]
		out = append(out, delivery.Period{Status: delivery.Ref{ID: itoa(st.id), Key: st.key, Name: st.en}, Start: s.statusStart})
	}
	return out
}
