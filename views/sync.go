package views

import (
	"context"
	"strconv"
	"time"

	"throughline/internal/i18n"
)

// Connection is a configured account as lists show it.
type Connection struct {
	Name        string
	Kind        string // its title
	Every       time.Duration
	Provisioned bool
	Pushed      bool // nothing is pulled
	Received    int  // that were pushed to it
	Paused      *Pause
	NextRunAt   time.Time
	Syncing     bool
	Due         bool  // waits for the worker
	Waiting     bool  // so does all work, for the fact store
	Last        *Sync // the newest, also while it runs; nil before the first
}

// Pause says why nothing is pulled.
type Pause struct {
	Code    string
	Message string // in the words of the source
	At      time.Time
}

// Sync is one run of a pull.
type Sync struct {
	ID         int64
	Connection string
	StartedAt  time.Time
	FinishedAt time.Time
	State      string // running, done, problems, failed, paused, interrupted
	Phase      string
	Found      int // 0 when not known
	Read       int
	Requests   int
	Inserted   int
	Updated    int
	Unchanged  int
	Gone       int
	Problems   int
	Error      string
	RetryAt    time.Time
	Rate       float64       // records read a second
	Left       time.Duration // until it is done; 0 when not known
	Waiting    bool          // for the fact store to answer
	Budgets    []Budget      // that the source lets be used
}

// Budget is what is left of a limit of a source's.
type Budget struct {
	API         string // rest, graphql
	Left, Limit int
	ResetAt     time.Time
}

// Problem is a record that could not be taken.
type Problem struct{ Record, Path, Message string }

// SyncList is what the page of syncs shows.
type SyncList struct {
	Connections []Connection
	Syncs       []Sync
	Connection  string // the one shown, "" for all
	Live        bool   // something runs: ask again soon
	Waiting     bool   // work waits for the fact store
	LiveURL     string
	Newest      string // URLs of other pages, "" for none
	Older       string
	Admin       bool
}

func (s Sync) running() bool { return s.State == "running" }

func (s Sync) path() string { return "/syncs/" + strconv.FormatInt(s.ID, 10) }

// took is how long a sync took, or has taken until now.
func (s Sync) took(ctx context.Context) string {
	end := s.FinishedAt
	if end.IsZero() {
		end = clockOf(ctx).Now
	}
	return i18n.From(ctx).Duration(end.Sub(s.StartedAt).Seconds(), 24)
}

func stateBadge(state string) string {
	switch state {
	case "done":
		return "good"
	case "problems", "paused":
		return "warn"
	case "failed":
		return "bad"
	case "running":
		return "busy"
	default:
		return "plain"
	}
}

// pauseText is what to do about a pause.
func pauseText(ctx context.Context, code string) string {
	if id := "pause." + code; i18n.From(ctx).Has(id) {
		return i18n.T(ctx, id)
	}
	return i18n.T(ctx, "pause.auth")
}

// phaseText names what a running sync is doing.
func phaseText(ctx context.Context, phase string) string {
	if id := "phase." + phase; i18n.From(ctx).Has(id) {
		return i18n.T(ctx, id)
	}
	return i18n.T(ctx, "phase.starting")
}

// progressText counts what a running sync has read, at what speed, and how
// long it may still take.
func (s Sync) progressText(ctx context.Context) string {
	p := i18n.From(ctx)
	text := p.T("sync.read", "n", s.Read)
	if s.Found > 0 {
		text = p.T("sync.read_of", "read", s.Read, "n", s.Found)
	}
	if s.Rate > 0 {
		frac := 0
		if s.Rate < 10 {
			frac = 1
		}
		text += " · " + p.T("sync.rate", "rate", p.Number(s.Rate, frac))
	}
	if s.Left > 0 {
		text += " · " + p.T("sync.left", "time", p.Duration(s.Left.Seconds(), 24))
	}
	return text
}

func interval(ctx context.Context, d time.Duration) string {
	return i18n.From(ctx).Duration(d.Seconds(), 24)
}
