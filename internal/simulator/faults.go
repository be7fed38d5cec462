package simulator

import (
	"net/http"
	"strings"
	"sync"
	"time"
)

// Kind is what a request asks for.
type Kind string

// The kinds of requests that are told apart.
const (
	Search      Kind = "search" // scrolls too
	Count       Kind = "count"
	ClearScroll Kind = "clear"
	OneIssue    Kind = "issue"
	Changelog   Kind = "changelog"
	Comments    Kind = "comments"
	Dictionary  Kind = "dictionary" // statuses, users, queues and all else
	Myself      Kind = "myself"

	// Those of GitHub.
	ListRepos Kind = "repos"
	OneRepo   Kind = "repo"
	ListRuns  Kind = "runs"
	OneRun    Kind = "run"
	ListJobs  Kind = "jobs"
	GraphQL   Kind = "graphql"
	Work      Kind = "work"    // pull requests, commits, deployments, releases and tags
	Account   Kind = "account" // user, rate_limit and all else
)

// Fault is what goes wrong instead of an answer. Effects but Delay exclude one
// another.
type Fault struct {
	Kind  Kind   // "": any request
	Path  string // "": any; else part of the path and query
	Skip  int    // matching requests that are let through first
	Times int    // how often; 0 is once, negative without end

	Status     int           // 401, 403, 429, 500, 503, 504 …
	RetryAfter time.Duration // with Status or Secondary; 0 sends no header
	Secondary  bool          // 403 as GitHub answers who asks too much at once
	HTML       bool          // 200 with a page; of Sentry with Status, a proxy's page
	WrongJSON  bool          // 200 with JSON of another shape
	CutJSON    bool          // the first half of the answer, as if that were all
	Truncated  bool          // the connection breaks in the middle of the answer
	Reset      bool          // the same, by a reset instead of an end
	Stalled    bool          // half of the answer, and no more until the client goes
	Dropped    bool          // the connection breaks without an answer
	Redirect   string        // 302 to this address
	Huge       bool          // the first object has a field of 10 MB
	Delay      time.Duration // before the effect, or before the answer
}

// Faults injects faults into answers and counts requests. It is safe for
// concurrent use.
type Faults struct {
	// How an API tells requests apart and refuses them; Tracker's ways when nil.
	kindOf func(path string) Kind
	refuse func(rw http.ResponseWriter, fault *Fault)

	mu      sync.Mutex
	queue   []*Fault
	counts  map[Kind]int
	active  int
	highest int
}

// Faults of this company's API.
func (c *Company) Faults() *Faults { return &c.faults }

// Inject adds a fault. The first one that matches a request takes effect; the
// next in line has its turn when that one is used up.
func (f *Faults) Inject(fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if fault.Times == 0 {
		fault.Times = 1
	}
	f.queue = append(f.queue, &fault)
}

// Clear takes back what was not used.
func (f *Faults) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queue = nil
}

// Pending is the number of faults that were not used up.
func (f *Faults) Pending() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.queue)
}

// Requests is the number of requests of a kind, "" for all.
func (f *Faults) Requests(kind Kind) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if kind != "" {
		return f.counts[kind]
	}
	n := 0
	for _, v := range f.counts {
		n += v
	}
	return n
}

// MaxConcurrent is the largest number of requests that were under way at once.
func (f *Faults) MaxConcurrent() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.highest
}

// ResetCounts starts counting anew.
func (f *Faults) ResetCounts() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.counts, f.highest = nil, f.active
}

func kindOf(path string) Kind {
	switch {
	case strings.HasSuffix(path, "/_search"):
		return Search
	case strings.HasSuffix(path, "/_count"):
		return Count
	case strings.HasSuffix(path, "/_clear"):
		return ClearScroll
	case strings.HasSuffix(path, "/changelog"):
		return Changelog
	case strings.HasSuffix(path, "/comments"):
		return Comments
	case strings.HasSuffix(path, "/myself"):
		return Myself
	case strings.Contains(path, "/issues/"):
		return OneIssue
	}
	return Dictionary
}

func (f *Faults) kind(path string) Kind {
	if f.kindOf != nil {
		return f.kindOf(path)
	}
	return kindOf(path)
}

// begin counts a request and takes the fault that is meant for it.
func (f *Faults) begin(r *http.Request) (fault Fault, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	kind := f.kind(r.URL.Path)
	if f.counts == nil {
		f.counts = map[Kind]int{}
	}
	f.counts[kind]++
	f.active++
	f.highest = max(f.highest, f.active)
	for i, q := range f.queue {
		if q.Kind != "" && q.Kind != kind || !strings.Contains(r.URL.RequestURI(), q.Path) {
			continue
		}
		if q.Skip > 0 {
			q.Skip--
			continue
		}
		if q.Times > 0 {
			if q.Times--; q.Times == 0 {
				f.queue = append(f.queue[:i:i], f.queue[i+1:]...)
			}
		}
		return *q, true
	}
	return Fault{}, false
}

func (f *Faults) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.active--
}

func (f *Faults) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		fault, ok := f.begin(r)
		defer f.end()
		if !ok {
			next.ServeHTTP(rw, r)
			return
		}
		if fault.Delay > 0 && !pause(r.Context(), fault.Delay) {
			return
		}
		if f.refuse != nil && (fault.Status != 0 || fault.Secondary) {
			f.refuse(rw, &fault)
			return
		}
		fault.answer(rw, r, next)
	})
}
