package tracker

import (
	"encoding/json"
	"slices"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

const (
	cursorVersion = 1
	maxRetries    = 10_000 // bad records kept for another try
)

// cursor is where a pull goes on.
type cursor struct {
	Version int `json:"version"`
	// Since is the newest update that is in: every issue updated before is.
	// 0 until the first walk is complete.
	Since delivery.Instant `json:"since"`
	// Walk is set while a walk is under way.
	Walk *position `json:"walk,omitempty"`
	// Retry are the bad records, in the order in which they are tried.
	Retry []unread `json:"retry,omitempty"`
	// SweptAt is when deletions were last looked for.
	SweptAt delivery.Instant `json:"swept_at"`
	// PageSize of searches and ChangelogStep (an index of changelogSizes) are
	// what the server was last found to bear.
	PageSize      int   `json:"page_size,omitempty"`
	ChangelogStep int32 `json:"changelog_step,omitempty"`
	// Told is the last problem with the dictionary of statuses, reported once.
	Told string `json:"told,omitempty"`
	// ToldPeople is the last problem with the list of people.
	ToldPeople string `json:"told_people,omitempty"`
	// Incidents is the digest of the rules that issues were last read by.
	Incidents string `json:"incidents,omitempty"`
}

// position is how far a walk has come.
type position struct {
	From   delivery.Instant `json:"from"`   // issues updated from then on are walked
	Newest delivery.Instant `json:"newest"` // update read so far
	// At is set while updates arrive in order: all before it are in.
	At delivery.Instant `json:"at"`
	// Window is set when the walk goes by numbered pages.
	Window *window `json:"window,omitempty"`
}

// window is a part of a walk by numbered pages.
type window struct {
	From   delivery.Instant `json:"from"`
	To     delivery.Instant `json:"to"`     // 0: no end
	Offset int              `json:"offset"` // issues read
	Total  int              `json:"total"`  // issues in it when it was begun; -1 when not known
}

// unread is a bad record: one of the two is known.
type unread struct {
	ID  string `json:"id,omitempty"`
	Key string `json:"key,omitempty"`
}

// cursorOf reads a cursor; one that cannot be read begins again, which costs
// search pages only: what is stored is recognised.
func cursorOf(raw source.Cursor) cursor {
	var c cursor
	if len(raw) == 0 || json.Unmarshal(raw, &c) != nil || c.Version != cursorVersion {
		return cursor{Version: cursorVersion}
	}
	if c.ChangelogStep < 0 || int(c.ChangelogStep) >= len(changelogSizes) {
		c.ChangelogStep = 0
	}
	return c
}

// CursorSince is the cursor of a connection in which every issue updated before
// since counts as known: its pull asks for what was updated from then on, with
// some slack, and never for what lies further back.
func CursorSince(since time.Time) source.Cursor {
	c := cursor{Version: cursorVersion, Since: delivery.InstantOf(since)}
	return c.raw()
}

func (c *cursor) raw() source.Cursor {
	text, err := json.Marshal(c)
	if err != nil { // numbers and texts only
		return nil
	}
	return text
}

// failed puts a record at the end of the retry list.
func (c *cursor) failed(u unread) {
	if u == (unread{}) {
		return
	}
	c.solved(u)
	if len(c.Retry) < maxRetries {
		c.Retry = append(c.Retry, u)
	}
}

// solved takes a record from the retry list.
func (c *cursor) solved(u unread) {
	c.Retry = slices.DeleteFunc(c.Retry, func(r unread) bool {
		return r.ID != "" && r.ID == u.ID || r.Key != "" && r.Key == u.Key
	})
}
