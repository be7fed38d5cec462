package views

import (
	"context"
	"strconv"
	"strings"
	"time"

	"throughline/internal/i18n"
)

// Received is a body that a program sent, as lists show it.
type Received struct {
	ID         int64
	ReceivedAt time.Time
	Connection string
	Kind       string // save_metrics, runs, github.workflow_run
	Token      string // its name; "" when somebody signed in sent it
	State      string // waiting, done, failed, refused, ignored
	Bytes      int
	Taken      int      // facts that were stored of it
	Refused    int      // items of it that were wrong
	IDs        []string // of the first facts
	Error      string
	Attempts   int
	RetryAt    time.Time // of one that waits; zero for at once
	DoneAt     time.Time
	Body       string // "" when it is not shown
	Pruned     bool   // the body is no longer kept
	Replayable bool
}

func (e Received) path() string { return "/inbox/" + strconv.FormatInt(e.ID, 10) }

// hook reports whether a source sent it; those have an event in their kind.
func (e Received) hook() bool { return strings.Contains(e.Kind, ".") }

// more is how many facts there are beside those that are named.
func (e Received) more() int { return max(0, e.Taken-len(e.IDs)) }

// InboxList is what the page of received bodies shows.
type InboxList struct {
	Entries       []Received
	Only          []Only   // what the list is narrowed by
	States        []Choice // to narrow by
	State         string   // "" for all
	Newest, Older string   // URLs of other pages, "" for none
	Waiting       bool     // for the fact store to answer
	Admin         bool
}

// Only is a filter in force and the way to drop it.
type Only struct{ Text, Without string }

// Choice is a link that narrows a list.
type Choice struct {
	URL, Label string
	Current    bool
}

// bytesText is a size in words.
func bytesText(ctx context.Context, n int) string {
	p := i18n.From(ctx)
	switch {
	case n < 1<<10:
		return t(ctx, "size.bytes", "n", n)
	case n < 1<<20:
		return t(ctx, "size.kib", "n", p.Number(float64(n)/(1<<10), 1))
	}
	return t(ctx, "size.mib", "n", p.Number(float64(n)/(1<<20), 1))
}

// receivedBadge is the kind of badge of a state.
func receivedBadge(state string) string {
	switch state {
	case "done":
		return "good"
	case "waiting":
		return "busy"
	case "failed", "refused":
		return "bad"
	}
	return "plain"
}
