package delivery

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// AnyReason asks for all records left out, whatever the reason.
const AnyReason = "any"

// Orders of records. Those of the same rank are in the store's order.
const (
	LongestFirst  = "-value"
	ShortestFirst = "value"
	NewestFirst   = "-closed"
	OldestFirst   = "closed"
	ByKey         = "key"
)

// RecordsQuery asks for the issues behind a panel, or behind one mark of it: for
// those of a bucket, the range is the bucket's.
type RecordsQuery struct {
	FlowQuery
	Panel string // any of flow
	// Status is the mark whose issues are asked for: a status of time-in-status or
	// blocked-time, one of cumulative-flow at the end of the range, or there "closed"
	// for what was closed in it. Of aging it may be one of its columns.
	Status string
	// Excluded asks for the issues left out for a reason, or for AnyReason; ""
	// for those counted.
	Excluded string
	Sort     string // "" is LongestFirst; issues that are not closed come last
	Offset   int
	Limit    int // 0: all
}

// Record is an issue that a panel counts or leaves out.
type Record struct {
	ListedIssue
	Value  *float64 // seconds by the query's clock, floored; nil when left out
	Reason string   // why it is left out, "" when it counts
}

// Records are a page of the issues behind a panel.
type Records struct {
	Sample     // of all that the panel, or the mark, was made from
	Total  int // that the query asks for, before Offset and Limit
	Items  []Record
}

// Validate names what makes no sense, as a *FilterError.
func (q *RecordsQuery) Validate() error {
	status, known := recordPanels[q.Panel]
	switch {
	case !known:
		return &FilterError{Param: "panel", Message: "no such panel: " + quote(q.Panel)}
	case status == noStatus && q.Status != "":
		return &FilterError{Param: "status", Message: "this panel has no marks of statuses"}
	case status == hasStatus && q.Status == "":
		return &FilterError{Param: "status", Message: "name the status whose issues are asked for"}
	}
	switch q.Excluded {
	case "", AnyReason, NeverActive, ExcludedResolution, NotStarted, NoTime:
	default:
		return &FilterError{Param: "excluded", Message: "no such reason: " + quote(q.Excluded)}
	}
	switch q.Sort {
	case "", LongestFirst, ShortestFirst, NewestFirst, OldestFirst, ByKey:
	default:
		return &FilterError{Param: "sort", Message: "not value, -value, closed, -closed or key: " + quote(q.Sort)}
	}
	if q.Offset < 0 || q.Limit < 0 {
		return &FilterError{Param: "limit", Message: "less than nothing"}
	}
	return nil
}

// Wants reports whether the query asks for records left out for a reason, or,
// with "", for those counted.
func (q *RecordsQuery) Wants(reason string) bool {
	return q.Excluded == reason || q.Excluded == AnyReason && reason != ""
}

// RecordMark is what the order of a record is made from.
type RecordMark struct {
	ID       int64  // the store's own
	Key      string // needed only ByKey
	ClosedAt Instant
	Seconds  int64
	Reason   string // why it is left out, "" when it counts
}

// Value is what Record.Value is.
func (m *RecordMark) Value() *float64 {
	if m.Reason != "" {
		return nil
	}
	v := float64(m.Seconds)
	return &v
}

// Page cuts the page asked for out of marks, which it reorders.
func (q *RecordsQuery) Page(marks []RecordMark) []RecordMark {
	from, to := min(q.Offset, len(marks)), len(marks)
	if q.Limit > 0 {
		to = from + min(q.Limit, to-from)
	}
	if to > shortPages {
		slices.SortFunc(marks, q.compare)
		return marks[from:to]
	}
	return q.first(marks, to)[from:]
}

// shortPages is how many records are found faster than all are sorted.
const shortPages = 250

// first are the first n marks, in order.
func (q *RecordsQuery) first(marks []RecordMark, n int) []RecordMark {
	out := marks[:n]
	slices.SortFunc(out, q.compare)
	for _, m := range marks[n:] {
		if n == 0 || q.compare(m, out[n-1]) > 0 {
			continue
		}
		i, _ := slices.BinarySearchFunc(out, m, q.compare)
		copy(out[i+1:], out[i:])
		out[i] = m
	}
	return out
}

func (q *RecordsQuery) compare(a, b RecordMark) int {
	var order int
	switch q.Sort {
	case ShortestFirst:
		order = cmp.Compare(a.Seconds, b.Seconds)
	case NewestFirst:
		order = cmp.Compare(b.ClosedAt, a.ClosedAt)
	case OldestFirst:
		order = cmp.Or(compareKnown(a.ClosedAt, b.ClosedAt), cmp.Compare(a.ClosedAt, b.ClosedAt))
	case ByKey:
		order = CompareKeys(a.Key, b.Key)
	default:
		order = cmp.Compare(b.Seconds, a.Seconds)
	}
	return cmp.Or(order, cmp.Compare(a.ID, b.ID))
}

// compareKnown puts what is not known last.
func compareKnown(a, b Instant) int {
	switch {
	case a.Known() == b.Known():
		return 0
	case a.Known():
		return -1
	}
	return 1
}

// CompareKeys orders keys of issues by queue, then by number: DEV-9 comes before
// DEV-10.
func CompareKeys(a, b string) int {
	aQueue, aNumber := cutNumber(a)
	bQueue, bNumber := cutNumber(b)
	return cmp.Or(strings.Compare(aQueue, bQueue), cmp.Compare(aNumber, bNumber), strings.Compare(a, b))
}

func cutNumber(key string) (queue string, number uint64) {
	i := strings.LastIndexByte(key, '-')
	if i < 0 {
		return key, 0
	}
	number, err := strconv.ParseUint(key[i+1:], 10, 64)
	if err != nil {
		return key, 0
	}
	return key[:i], number
}
