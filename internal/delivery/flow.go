package delivery

// Flow is what an issue's history and the meaning of its statuses say of how
// it flowed; it holds instants only, so that it does not depend on now.
type Flow struct {
	CreatedAt     Instant
	FirstActiveAt Instant // first entry into an active status, 0 when never
	ClosedAt      Instant // start of the closed run that lasts until now, 0 while open
	ReopenCount   int     // exits from closed to open
}

// IsClosed reports whether the issue is closed.
func (f Flow) IsClosed() bool { return f.ClosedAt.Known() }

// FlowOf reads a history. Each stay is of the class that its status had when the
// stay began: a later definition does not rewrite it.
func FlowOf(createdAt Instant, periods []Period, class Classes) Flow {
	f := flower{Flow: Flow{CreatedAt: createdAt}}
	for _, p := range periods {
		f.enter(class(p.Status.Key, p.Start), p.Start)
	}
	return f.Flow
}

// flower reads a history stay by stay.
type flower struct {
	Flow
	closed bool
}

func (f *flower) enter(class Class, at Instant) {
	if class == Closed {
		if !f.closed {
			f.ClosedAt = at
		}
		f.closed = true
		return
	}
	if class == Active && !f.FirstActiveAt.Known() {
		f.FirstActiveAt = at
	}
	if f.closed {
		f.ReopenCount++
		f.ClosedAt, f.closed = 0, false
	}
}

// Span is a stretch of time by both clocks; each is floored to whole seconds.
type Span struct {
	Seconds         int64 `json:"seconds"`
	BusinessSeconds int64 `json:"business_seconds"`
}

// SpanOf measures [a, b) elapsed and in working time.
func SpanOf(a, b Instant, c *Calendar) Span {
	return Span{max(0, int64(b-a)) / msPerSecond, c.Between(a, b) / msPerSecond}
}

// LeadTime is closed_at − created_at, nil while the issue is open.
func (f Flow) LeadTime(c *Calendar) *Span {
	if !f.IsClosed() {
		return nil
	}
	s := SpanOf(f.CreatedAt, f.ClosedAt, c)
	return &s
}

// CycleTime is closed_at − first_active_at, nil while the issue is open or when
// it was never active.
func (f Flow) CycleTime(c *Calendar) *Span {
	if !f.IsClosed() || !f.FirstActiveAt.Known() {
		return nil
	}
	s := SpanOf(f.FirstActiveAt, f.ClosedAt, c)
	return &s
}

// Age is now − created_at, nil when the issue is closed.
func (f Flow) Age(now Instant, c *Calendar) *Span {
	if f.IsClosed() {
		return nil
	}
	s := SpanOf(f.CreatedAt, now, c)
	return &s
}

// WIPAge is now − first_active_at, nil when the issue is closed or was never
// active.
func (f Flow) WIPAge(now Instant, c *Calendar) *Span {
	if f.IsClosed() || !f.FirstActiveAt.Known() {
		return nil
	}
	s := SpanOf(f.FirstActiveAt, now, c)
	return &s
}

// StatusTotal is the time of an issue in one status over all its stays but the
// terminal one, floored once after summing.
type StatusTotal struct {
	DurationSeconds         int64   `json:"duration_seconds"`
	BusinessSeconds         int64   `json:"business_seconds"`
	FinishedDurationSeconds int64   `json:"finished_duration_seconds"` // of stays that ended
	FinishedBusinessSeconds int64   `json:"finished_business_seconds"`
	Entries                 int     `json:"entries"`
	Exits                   int     `json:"exits"`
	FirstEntered            Instant `json:"first_entered"`
	LastExited              Instant `json:"last_exited"`
}

// StatusTotals sums periods by status key. The terminal period, the last one
// when its status is closed, is left out.
func StatusTotals(periods []Period, closed bool, now Instant, c *Calendar) map[string]StatusTotal {
	totals := map[string]StatusTotal{}
	for i, p := range periods {
		current := i == len(periods)-1
		if current && closed {
			continue
		}
		t, seen := totals[p.Status.Key]
		if !seen {
			t.FirstEntered = p.Start
		}
		length, business := p.Length(now), c.Between(p.Start, p.until(now))
		t.Entries++
		t.DurationSeconds += length
		t.BusinessSeconds += business
		if !current {
			t.Exits++
			t.LastExited = p.End
			t.FinishedDurationSeconds += length
			t.FinishedBusinessSeconds += business
		}
		totals[p.Status.Key] = t
	}
	for key, t := range totals {
		t.DurationSeconds /= msPerSecond
		t.BusinessSeconds /= msPerSecond
		t.FinishedDurationSeconds /= msPerSecond
		t.FinishedBusinessSeconds /= msPerSecond
		totals[key] = t
	}
	return totals
}
