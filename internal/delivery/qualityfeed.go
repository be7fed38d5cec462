package delivery

import (
	"slices"
	"time"
)

// Feed is how a connection that is pulled from stands.
type Feed struct {
	Every   time.Duration // from one sync to the next
	Paused  bool
	Syncing bool
	Failed  bool    // the last sync that was not interrupted failed
	Limited bool    // …because the source wants to be left alone
	Missed  int     // records that the last sync could not take
	Success Instant // when a sync last reached its end, 0 for never
	Due     Instant // since when, or from when on, the next one is due
}

// What is wrong with a Feed, the worst first.
const (
	FeedPaused  = "paused"
	FeedLimited = "rate_limited"
	FeedFailed  = "failed"
	FeedStale   = "stale"   // no success for more than staleTimes × Every
	FeedPartial = "partial" // records are missing
)

// staleTimes is how many syncs may be missed before a feed is stale.
const staleTimes = 3

// Trouble is what is wrong with a feed, "" when nothing is. One that has never been
// pulled is waited for as long as one that is late.
func (f *Feed) Trouble(now Instant) string {
	since := f.Success
	if !since.Known() {
		since = f.Due
	}
	late := since.Known() && int64(now-since) > staleTimes*f.Every.Milliseconds()
	switch {
	case f.Paused:
		return FeedPaused
	case f.Failed && f.Limited:
		return FeedLimited
	case f.Failed:
		return FeedFailed
	case late && (!f.Syncing || f.Success.Known()):
		return FeedStale
	case f.Missed > 0:
		return FeedPartial
	}
	return ""
}

// Bounds of Quiet.
const (
	leastGaps    = 10
	leastSilence = time.Hour
	quietTimes   = 3
)

// Quiet judges a sender by the moments at which something of it came. The usual wait
// is the mean length of the gaps, each weighted by its length (Σg² ÷ Σg: how long the
// gap is that a moment picked at random lies in), so that bursts do not make it small
// and nights and weekends count. A sender is quiet when nothing has come for more than
// three such waits, and at least an hour. Of one that sent at fewer than eleven
// moments nothing is said.
func Quiet(came []Instant, now Instant) (usual, silent time.Duration, quiet bool) {
	if len(came) <= leastGaps {
		return 0, 0, false
	}
	came = slices.Clone(came)
	slices.Sort(came)
	var sum, squares float64
	for i, at := range came[1:] {
		gap := float64(at - came[i])
		sum += gap
		squares += gap * gap
	}
	if sum > 0 {
		usual = time.Duration(squares/sum) * time.Millisecond
	}
	silent = time.Duration(max(0, now-came[len(came)-1])) * time.Millisecond
	return usual, silent, silent > max(quietTimes*usual, leastSilence)
}
