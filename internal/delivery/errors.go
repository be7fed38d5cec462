package delivery

import "time"

// GroupStatus is how an error group stands.
type GroupStatus string

const (
	GroupUnresolved GroupStatus = "unresolved"
	GroupResolved   GroupStatus = "resolved"
	GroupIgnored    GroupStatus = "ignored"
)

// Regressed is the substatus of a group that was resolved and came back.
const Regressed = "regressed"

// ErrorGroup is a kind of error, as a source groups its events; Sentry calls it an
// issue. It is told apart by (Connection, ID).
type ErrorGroup struct {
	Connection string `json:"-"`
	ID         string `json:"-"`
	Project    string `json:"-"` // slug

	ShortID   string      `json:"short_id,omitempty"` // as people see it: PAY-12
	Title     string      `json:"title,omitempty"`
	Culprit   string      `json:"culprit,omitempty"`
	URL       string      `json:"url,omitempty"`
	Level     string      `json:"level,omitempty"` // debug, info, warning, error, fatal
	Status    GroupStatus `json:"status,omitempty"`
	Substatus string      `json:"substatus,omitempty"` // new, ongoing, escalating, regressed, archived_…
	Logger    *string     `json:"logger,omitempty"`    // nil when the source says null
	Platform  *string     `json:"platform,omitempty"`
	Unhandled *bool       `json:"unhandled,omitempty"`

	Events    int64   `json:"events,omitempty"` // since FirstSeen, in every environment
	Users     int64   `json:"users,omitempty"`
	FirstSeen Instant `json:"first_seen,omitempty"`
	LastSeen  Instant `json:"last_seen,omitempty"`

	// Environments are those that it was seen in, by name, of those that were asked
	// for.
	Environments []GroupEnvironment `json:"environments,omitempty"`
	FirstRelease string             `json:"first_release,omitempty"` // the first that it was seen in
	LastRelease  string             `json:"last_release,omitempty"`
	// States are how it stood, by At; the last is Status.
	States []GroupState `json:"states,omitempty"`

	ToldAt Instant `json:"told_at,omitempty"`
	// Gone says that the source no longer has it.
	Gone bool `json:"gone,omitempty"`

	// Part says that it is as a hook tells it: what is empty is not said. AllEnvironments
	// says that Environments are all that the group is in now. Neither is stored.
	Part            bool `json:"-"`
	AllEnvironments bool `json:"-"`
	// ChangedAt is when the group came to its Status, 0 when the source does not say.
	// It is not stored, but in States.
	ChangedAt Instant `json:"-"`
}

// GroupEnvironment is a group in one environment. Counts are of it alone.
type GroupEnvironment struct {
	// Name may be ""; None says that the group's project has no environments at all.
	Name      string  `json:"name"`
	None      bool    `json:"none,omitempty"`
	Events    int64   `json:"events"`
	Users     int64   `json:"users,omitempty"`
	FirstSeen Instant `json:"first_seen,omitempty"`
	LastSeen  Instant `json:"last_seen,omitempty"`
	Release   string  `json:"release,omitempty"` // the last that it was seen in; "" when none or not known
	ToldAt    Instant `json:"told_at,omitempty"` // when it was last told
}

// GroupState is a status that a group came to.
type GroupState struct {
	Status    GroupStatus `json:"status"`
	Regressed bool        `json:"regressed,omitempty"`
	At        Instant     `json:"at"`
	// Before says that it was so by At already: nobody saw since when.
	Before  bool   `json:"before,omitempty"`
	Release string `json:"release,omitempty"` // that a regression was seen in
}

// ErrorProject is a project of a source of errors. It is told apart by (Connection,
// ID).
type ErrorProject struct {
	Connection string `json:"-"`
	ID         string `json:"-"` // slug

	Number       string   `json:"number,omitempty"` // the source's own id
	Name         string   `json:"name,omitempty"`
	Platform     string   `json:"platform,omitempty"`
	URL          string   `json:"url,omitempty"`
	Environments []string `json:"environments,omitempty"`
	Place        int      `json:"place,omitempty"` // in the source's list, from 0

	Month  EventTotals `json:"month,omitzero"`
	Keys   []KeyLimit  `json:"keys,omitempty"` // nil while they are not known; in the source's order
	KeysAt Instant     `json:"keys_at,omitempty"`
	// GroupsAt is when the new groups of all its environments were read, 0 while they
	// never were.
	GroupsAt Instant `json:"groups_at,omitempty"`
	ToldAt   Instant `json:"told_at,omitempty"`
	Gone     bool    `json:"gone,omitempty"` // it is in the source's list no more
}

// EventTotals are events since Since, by outcome, up to At.
type EventTotals struct {
	Since       Instant `json:"since,omitempty"`
	At          Instant `json:"at,omitempty"`
	Accepted    int64   `json:"accepted,omitempty"`
	Filtered    int64   `json:"filtered,omitempty"`
	RateLimited int64   `json:"rate_limited,omitempty"`
	Invalid     int64   `json:"invalid,omitempty"`
}

// KeyLimit is a key that clients send events with. Without a limit Count and Window
// are 0.
type KeyLimit struct {
	Name     string `json:"name,omitempty"`
	Inactive bool   `json:"inactive,omitempty"`
	Count    int64  `json:"count,omitempty"`
	Window   int64  `json:"window,omitempty"` // seconds
}

// PerSecond is how many events a second the key lets in, 0 when it has no limit.
func (k KeyLimit) PerSecond() float64 {
	if k.Window <= 0 {
		return 0
	}
	return float64(k.Count) / float64(k.Window)
}

// Limit is how many events a second a project lets in: what its active keys do; false
// when one of them has no limit, or none is known.
func (p *ErrorProject) Limit() (perSecond float64, limited bool) {
	for _, k := range p.Keys {
		if k.Inactive {
			continue
		}
		if k.Window <= 0 {
			return 0, false
		}
		perSecond, limited = perSecond+k.PerSecond(), true
	}
	return perSecond, limited
}

// HoursADay are the hours of a day in UTC.
const HoursADay = 24

// Hours say of which hours of a day something is known, a bit each.
type Hours uint32

// Has reports whether an hour, from 0 to 23, is known.
func (h Hours) Has(hour int) bool { return h&(1<<hour) != 0 }

// Add says that an hour is known.
func (h *Hours) Add(hour int) { *h |= 1 << hour }

// EventDay is how many events of a project came on a day in UTC, by hour and outcome.
// It is told apart by (Connection, Project, Day).
type EventDay struct {
	Connection string  `json:"-"`
	Project    string  `json:"-"`
	Day        Instant `json:"-"` // its beginning

	Known       Hours            `json:"known"`
	Accepted    [HoursADay]int64 `json:"accepted"`
	Filtered    [HoursADay]int64 `json:"filtered"`
	RateLimited [HoursADay]int64 `json:"rate_limited"`
	Invalid     [HoursADay]int64 `json:"invalid"` // with all other outcomes
	ToldAt      Instant          `json:"told_at"`
}

// SessionDay is how sessions of a project went in an environment on a day in UTC, by
// hour. It is told apart by (Connection, Project, Environment, Day).
type SessionDay struct {
	Connection  string  `json:"-"`
	Project     string  `json:"-"`
	Environment string  `json:"-"`
	Day         Instant `json:"-"`

	Known    Hours              `json:"known"`
	Sessions [HoursADay]int64   `json:"sessions"`
	Crashed  [HoursADay]float64 `json:"crashed"` // of Sessions: what the source rounded is no whole number
	Users    [HoursADay]int64   `json:"users"`   // seen in the hour
	ToldAt   Instant            `json:"told_at"`
}

// Release is a version of a project, as a source of errors knows it. It is told apart
// by (Connection, Project, Version).
type Release struct {
	Connection string `json:"-"`
	Project    string `json:"-"`
	Version    string `json:"-"` // pay@1.4.2, or a sha

	Short      string          `json:"short,omitempty"` // without the package: 1.4.2
	URL        string          `json:"url,omitempty"`
	SHA        string          `json:"sha,omitempty"` // of its last commit
	CreatedAt  Instant         `json:"created_at,omitempty"`
	ReleasedAt Instant         `json:"released_at,omitempty"`
	Commits    int64           `json:"commits,omitempty"`
	NewGroups  int64           `json:"new_groups,omitempty"` // as the source counts them
	Deploys    []ReleaseDeploy `json:"deploys,omitempty"`    // by ID
	// Health is as of the last day before ToldAt, nil when there is none.
	Health *ReleaseHealth `json:"health,omitempty"`
	ToldAt Instant        `json:"told_at,omitempty"`
}

// ReleaseDeploy is a release put into an environment, as the source of errors was
// told.
type ReleaseDeploy struct {
	ID          string  `json:"id"`
	Environment string  `json:"environment,omitempty"`
	StartedAt   Instant `json:"started_at,omitempty"`
	FinishedAt  Instant `json:"finished_at,omitempty"`
	URL         string  `json:"url,omitempty"`
}

// ReleaseHealth is how the sessions of a release went over a day.
type ReleaseHealth struct {
	At        Instant  `json:"at"`
	Sessions  int64    `json:"sessions"`
	Users     int64    `json:"users,omitempty"`
	CrashFree *float64 `json:"crash_free,omitempty"` // share of sessions, 0–1
}

// At is when a release came to be, by which it is found.
func (r *Release) At() Instant {
	if r.ReleasedAt != 0 {
		return r.ReleasedAt
	}
	return r.CreatedAt
}

// HourOf is the day in UTC that an instant is in, and the hour of it.
func HourOf(at Instant) (day Instant, hour int) {
	const millis = int64(24 * time.Hour / time.Millisecond)
	day = at - at%Instant(millis)
	return day, int(int64(at-day) / int64(time.Hour/time.Millisecond))
}
