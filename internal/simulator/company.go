// Package simulator is the HTTP APIs of Yandex Tracker, GitHub and Sentry over a
// seeded made-up company: it feeds the demo and the tests.
//
// It follows what is known of the real APIs, not what our clients need of them.
// The same seed, options and now give the same answers, byte for byte. Nothing
// in it is stored: an issue's changelog is made anew from the seed on each
// request.
package simulator

import (
	"container/heap"
	"math"
	"net/http"
	"sync"
	"time"

	"throughline/internal/delivery"
)

// Options of a Company. The zero value is the demo's company without limits,
// faults and credentials.
type Options struct {
	// Issues that exist at now: 1,500 when 0, none when negative.
	Issues int
	// EventsPerIssue is about the mean number of changelog events: 14 when 0.
	// About 6 of them are changes of status; a life without any filling has 9.
	EventsPerIssue int
	// Broken makes three issues unreadable, each in its own way: see Broken.
	Broken bool

	// Token that the Authorization header must carry, as OAuth or Bearer; ""
	// lets everybody in.
	Token string
	// OrgID and CloudOrgID are the organisation's; a request must name one of
	// those that are set.
	OrgID, CloudOrgID string
	// Unseen are keys of queues that the token has no right to.
	Unseen []string

	// Latency is added to every answer.
	Latency time.Duration
	// RatePerSecond answers 429 with Retry-After to more requests than this; 0
	// is no limit.
	RatePerSecond float64
	// MaxPerPage is the largest perPage taken: 1,000 when 0.
	MaxPerPage int
	// ScrollOnce refuses a scroll id that was used before.
	ScrollOnce bool
	// Clock is the wall clock for rates and the life of scrolls: time.Now when
	// nil. The company's own time is moved by Advance only.
	Clock func() time.Time
}

const (
	defaultIssues = 1500
	defaultEvents = 14
	defaultPage   = 50
	maxPage       = 1000
	historyDays   = 548 // 18 months
)

// Company is the made-up company. It is safe for concurrent use.
type Company struct {
	seed   uint64
	opts   Options
	size   int // issues at epoch
	events int // mean of events an issue

	epoch       delivery.Instant // the now it was made for
	start       delivery.Instant
	firstMonday int32
	office      *office
	span        worktime // from start to epoch

	api     http.Handler
	faults  Faults
	limit   limiter
	scrolls scrolls
	books   books

	mu      sync.RWMutex
	now     delivery.Instant
	issues  []*issue // by ordinal
	loaded  []*issue
	byKey   map[string]*issue // present and former keys
	byID    map[string]*issue
	numbers map[string]int // last number given, by queue
	pending schedule
	version int64
	members []person // beside staff
	views   views
}

// issue is the identity of an issue with its present state.
type issue struct {
	c    *Company
	n    int // ordinal; -1 for a loaded one
	born index
	id   string
	keys []string // in the order it had them
	st   *state   // nil until it is created

	extra  []act            // done by hand
	frozen delivery.Instant // the plan is over at the first act by hand
	raw    *loaded
}

// New makes the company with seed as it is at now. Everything in it happened
// before now.
func New(seed uint64, now time.Time, o Options) *Company {
	c := &Company{
		seed: seed, opts: o, epoch: delivery.InstantOf(now), now: delivery.InstantOf(now),
		size: o.Issues, events: o.EventsPerIssue,
		byKey: map[string]*issue{}, byID: map[string]*issue{}, numbers: map[string]int{},
	}
	if c.size == 0 {
		c.size = defaultIssues
	}
	c.size = max(c.size, 0)
	if c.events == 0 {
		c.events = defaultEvents
	}
	if c.opts.MaxPerPage == 0 {
		c.opts.MaxPerPage = maxPage
	}
	if c.opts.Clock == nil {
		c.opts.Clock = time.Now
	}
	c.start = c.epoch - delivery.Instant(historyDays*day)
	c.office = newOffice(c.start, c.epoch+delivery.Instant(4*365*day))
	c.span = max(c.office.of(c.epoch), 1)
	d := localDay(c.start)
	c.firstMonday = d - (d+3)%7 // day 0 was a Thursday
	c.limit = limiter{rate: o.RatePerSecond, clock: c.opts.Clock}
	c.scrolls = newScrolls(c)
	c.books = newBooks()
	c.api = newTracker(c)
	c.grow(c.size)
	c.settle(c.issues)
	return c
}

// grow adds identities up to n issues; none of them exists yet.
func (c *Company) grow(n int) {
	for i := len(c.issues); i < n; i++ {
		is := &issue{c: c, n: i, born: c.queueOf(i), id: c.idOf(i)}
		c.issues = append(c.issues, is)
		c.byID[is.id] = is
	}
}

// mix is a number that depends on the seed, an ordinal and a purpose only.
func (c *Company) mix(n int, purpose uint64) uint64 {
	x := c.seed ^ uint64(n)*0x9e3779b97f4a7c15 ^ purpose*0xd1b54a32d192ed03
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Arrivals grow over the 18 months: from arrivalsAtStart of the mean to as
// much above it.
const arrivalsAtStart = .65

// arrival is when the n-th issue comes in. Past the first size issues they go
// on at the last rate.
func (c *Company) arrival(n int) worktime {
	q := (float64(n) + float64(c.mix(n, 8)%1000)/1000) / float64(max(c.size, 1))
	b := 1 - arrivalsAtStart
	x := 1 + (q-1)/(arrivalsAtStart+2*b)
	if q < 1 {
		x = (math.Sqrt(arrivalsAtStart*arrivalsAtStart+4*b*q) - arrivalsAtStart) / (2 * b)
	}
	return worktime(x * float64(c.span))
}

// The trend of how long things take: one bad month nine months ago, and an
// improvement that began six months ago and was done after four.
const (
	month      = 30 * day
	badFrom    = -9 * month
	badUntil   = -8 * month
	betterFrom = -6 * month
	betterDone = -2 * month
	badPace    = 2.6
	oldPace    = 1.15
	newPace    = .62
)

// pace is the factor on durations that begin at t.
func (c *Company) pace(t delivery.Instant) float64 {
	switch ago := int64(t - c.epoch); {
	case ago >= badFrom && ago < badUntil:
		return badPace
	case ago < betterFrom:
		return oldPace
	case ago >= betterDone:
		return newPace
	default:
		done := float64(ago-betterFrom) / float64(betterDone-betterFrom)
		return oldPace + (newPace-oldPace)*done
	}
}

// schedule is a heap of the issues that have a future, by their next act.
type schedule []due

type due struct {
	at delivery.Instant
	is *issue
}

var _ heap.Interface = (*schedule)(nil)

func (s schedule) Len() int { return len(s) }
func (s schedule) Less(i, j int) bool {
	if s[i].at != s[j].at {
		return s[i].at < s[j].at
	}
	return s[i].is.n < s[j].is.n
}
func (s schedule) Swap(i, j int) { s[i], s[j] = s[j], s[i] }

// Push implements heap.Interface.
func (s *schedule) Push(x any) { *s = append(*s, x.(due)) }

// Pop implements heap.Interface.
func (s *schedule) Pop() any {
	last := (*s)[len(*s)-1]
	*s = (*s)[:len(*s)-1]
	return last
}
