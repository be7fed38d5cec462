package github

import (
	"throughline/internal/delivery"
)

// doraState is how far what is made of deployments is in, of a repository.
type doraState struct {
	Changes     listing `json:"changes,omitzero"` // merged pull requests
	Commits     listing `json:"commits,omitzero"` // of the default branch
	Deployments listing `json:"deployments,omitzero"`
	Releases    listing `json:"releases,omitzero"`
	Tags        listing `json:"tags,omitzero"`
	// Again are pull requests of which not all could be read.
	Again []int64 `json:"again,omitempty"`
	// Lost are commits of deployments that GitHub does not know.
	Lost []string `json:"lost,omitempty"`
}

// listing is how far a list is read, the latest first.
type listing struct {
	// Seen is by GitHub's clock when it was last read to its end: what was updated
	// before is in. 0 until it was.
	Seen delivery.Instant `json:"seen,omitempty"`
	// Began is when the reading under way did, and After where it goes on.
	Began delivery.Instant `json:"began,omitempty"`
	After string           `json:"after,omitempty"` // a cursor of GraphQL, or the number of a page
	ETag  string           `json:"etag,omitempty"`  // of the answer that shows whether there is news
	// New is the ETag that becomes valid once all is read.
	New string `json:"new,omitempty"`
}

// begin starts a reading, or goes on with it.
func (l *listing) begin(at delivery.Instant) {
	if !l.Began.Known() {
		l.Began, l.After = at, ""
	}
}

// end says that all was read.
func (l *listing) end() {
	*l = listing{Seen: max(l.Began-seenSlack, 1), ETag: l.New}
}

// until is before what instant nothing is asked for: what was updated then is in, or
// is older than the range.
func (l *listing) until(p *pull) delivery.Instant {
	if l.Seen.Known() {
		return l.Seen
	}
	return p.start()
}

// start is the beginning of the range that is asked for at first.
func (p *pull) start() delivery.Instant { return delivery.InstantOf(p.began.Add(-p.initial)) }

func (st *state) dora() *doraState {
	if st.Dora == nil {
		st.Dora = &doraState{}
	}
	return st.Dora
}
