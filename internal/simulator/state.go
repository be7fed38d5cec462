package simulator

import "throughline/internal/delivery"

// state is an issue at an instant. Once published it is never changed:
// whoever searches or scrolls holds on to the one that was current.
type state struct {
	of  *issue
	raw *loaded // nil for a generated issue

	createdAt   delivery.Instant
	updatedAt   delivery.Instant
	statusStart delivery.Instant
	resolvedAt  delivery.Instant
	commentAt   delivery.Instant

	queue         index
	previousQueue index // with moves > 0
	moves         uint8 // past ones: the key is of.keys[moves]
	typ           index
	priority      index
	status        index
	previous      index // status before
	previousBy    index // its assignee
	resolution    index
	resolvedBy    index
	author        index
	updatedBy     index
	assignee      index
	qa            index
	points        uint8
	severity      uint8
	components    uint8  // set of component
	tags          uint16 // set of tag
	followers     uint16 // set of person
	sprints       uint64 // set of sprint
	comments      uint16 // left
	commented     uint16 // ever made
	works         uint16 // records left
	worked        uint16 // ever made
	spent         int32  // minutes
	lastWork      int32  // minutes of the last record
	estimate      int32
	linked        int32 // ordinal of the linked issue + 1
	linkType      uint8
	attachments   uint8
	attached      uint8
	votes         uint8
	checkDone     uint8
	checkTotal    uint8
	deadline      int32 // day since 1970, 0 none
	start         int32
	end           int32
	variant       uint8 // of the title
	described     uint8 // variant of the description
	version       int32
	events        int32
	title         string // given by an edit
	description   string
	deleted       bool
}

func has[T uint8 | uint16 | uint64](set T, i int) bool { return set>>i&1 == 1 }

// key is the issue's present key.
func (s *state) key() string {
	return s.of.keys[s.moves]
}

// listed reports whether the issue is found by searches.
func (s *state) listed() bool { return s != nil && !s.deleted }
