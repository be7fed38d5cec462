package delivery

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
)

// Which groups a list is of, by the range.
const (
	GroupsNew      = ""         // first seen in it
	GroupsOpen     = "open"     // unresolved at its end, or now if that is earlier
	GroupsResolved = "resolved" // resolved in it, as far as anybody saw when
	GroupsSeen     = "seen"     // with an event in it, as far as first and last seen tell
	GroupsAll      = "all"      // whenever seen
)

// How a list of groups is ordered, the largest or latest first.
const (
	ByFirstSeen = "first_seen"
	ByLastSeen  = "last_seen"
	ByEvents    = "events"
	ByUsers     = "users"
)

// GroupsAsked is the question of a list of error groups.
type GroupsAsked struct {
	ErrorsAsked
	State    string        // one of Groups…
	Statuses []GroupStatus // as it stands now; none: all
	Levels   []string      // none: all
	Release  string        // that it was first seen in, or came back in; "" for any
	Sort     string        // "" is ByFirstSeen
	Limit    int           // 0: all
	After    string        // a cursor of the list
}

// GroupStates, GroupStatuses, GroupLevels and GroupSorts are the values there are.
func GroupStates() []string {
	return []string{GroupsNew, GroupsOpen, GroupsResolved, GroupsSeen, GroupsAll}
}

func GroupStatuses() []string {
	return []string{string(GroupUnresolved), string(GroupResolved), string(GroupIgnored)}
}

func GroupLevels() []string {
	levels := ErrorLevels()
	slices.Reverse(levels)
	return levels
}

func GroupSorts() []string { return []string{ByFirstSeen, ByLastSeen, ByEvents, ByUsers} }

// Validate names each parameter that cannot be used, as *FilterError, joined.
func (q *GroupsAsked) Validate() error {
	var errs []error
	known := func(param, value string, values []string) {
		if !slices.Contains(values, value) {
			errs = append(errs, &FilterError{Param: param, Code: "group_" + param, Message: "not one of " + strings.TrimPrefix(strings.Join(values, ", "), ", ")})
		}
	}
	known("state", q.State, GroupStates())
	known("sort", cmp.Or(q.Sort, ByFirstSeen), GroupSorts())
	for _, s := range q.Statuses {
		known("status", string(s), GroupStatuses())
	}
	for _, l := range q.Levels {
		known("level", l, GroupLevels())
	}
	if _, err := q.offset(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// byStore reports whether the store orders the list as it is asked for.
func (q *GroupsAsked) byStore() bool { return cmp.Or(q.Sort, ByFirstSeen) == ByFirstSeen }

// offsetPrefix begins the cursors of lists that no store orders: how many come before.
const offsetPrefix = "after-"

func (q *GroupsAsked) offset() (int, error) {
	if q.After == "" {
		return 0, nil
	}
	if q.byStore() {
		_, err := ParseCursor(q.After)
		return 0, err
	}
	number, ok := strings.CutPrefix(q.After, offsetPrefix)
	n, err := strconv.ParseUint(number, 10, 31)
	if !ok || err != nil {
		return 0, &FilterError{Param: "cursor", Message: "not one of this list"}
	}
	return int(n), nil
}

// Wants reports whether a group is in the list.
func (q *GroupsAsked) Wants(g *ErrorGroup) bool {
	first, seen := q.FirstSeen(g)
	switch {
	case !seen,
		len(q.Statuses) > 0 && !slices.Contains(q.Statuses, g.Status),
		len(q.Levels) > 0 && !slices.Contains(q.Levels, g.Level):
		return false
	case q.Release != "":
		if isNew, regressed := g.Came(q.Release); !isNew && !regressed {
			return false
		}
	}
	switch q.State {
	case GroupsOpen:
		status, known := g.StatusAt(q.Until())
		return first <= q.Until() && known && status == GroupUnresolved
	case GroupsResolved:
		return slices.ContainsFunc(g.Resolutions(first), func(r Resolution) bool { return !r.Unseen && r.At >= q.From && r.At < q.To })
	case GroupsSeen:
		return first < q.To && g.LastSeen >= q.From
	case GroupsAll:
		return true
	}
	return first >= q.From && first < q.To
}

// facts are those that may be in the list.
func (q *GroupsAsked) facts() ErrorQuery {
	switch {
	case q.State == GroupsAll:
		return q.Facts(0, 0)
	case q.State == GroupsNew && len(q.Environments) == 0:
		return q.Facts(q.From, q.To)
	}
	return q.Facts(0, q.To)
}

// ErrorGroupList is a page of a list, and the cursor of the next one, "" at the end.
func ErrorGroupList(ctx context.Context, s ErrorStore, q GroupsAsked) (page []ListedErrorGroup, next string, err error) {
	facts := q.facts()
	if q.byStore() {
		facts.After = q.After
	}
	for g, err := range s.ErrorGroups(ctx, facts) {
		if err != nil {
			return nil, "", err
		}
		if !q.Wants(&g.ErrorGroup) {
			continue
		}
		if n := len(page); q.byStore() && q.Limit > 0 && n == q.Limit {
			return page, page[n-1].Cursor, nil
		}
		page = append(page, g)
	}
	if q.byStore() {
		return page, "", nil
	}
	by := map[string]func(*ErrorGroup) int64{
		ByLastSeen: func(g *ErrorGroup) int64 { return int64(g.LastSeen) },
		ByEvents:   func(g *ErrorGroup) int64 { return g.Events },
		ByUsers:    func(g *ErrorGroup) int64 { return g.Users },
	}[q.Sort]
	slices.SortStableFunc(page, func(a, b ListedErrorGroup) int { return cmp.Compare(by(&b.ErrorGroup), by(&a.ErrorGroup)) })
	from, err := q.offset()
	page = page[min(from, len(page)):]
	if q.Limit > 0 && len(page) > q.Limit {
		page, next = page[:q.Limit], offsetPrefix+strconv.Itoa(from+q.Limit)
	}
	return page, next, err
}

// ErrorGroupReport is an error group as the API answers it. Lists are never null; texts
// and instants that are not known are.
type ErrorGroupReport struct {
	Number       string             `json:"number"` // that stores have it by
	ID           string             `json:"id"`
	Connection   string             `json:"connection"`
	Project      Word               `json:"project"`
	ShortID      Word               `json:"short_id"`
	Title        Word               `json:"title"`
	Culprit      Word               `json:"culprit"`
	Level        Word               `json:"level"`
	Status       Word               `json:"status"`
	Substatus    Word               `json:"substatus"`
	Events       int64              `json:"events"`
	Users        int64              `json:"users"`
	FirstSeen    Instant            `json:"first_seen"`
	LastSeen     Instant            `json:"last_seen"`
	FirstRelease Word               `json:"first_release"`
	LastRelease  Word               `json:"last_release"`
	Environments []GroupEnvironment `json:"environments"`
	States       []GroupState       `json:"states"`
	URL          Word               `json:"url"`
}

// ReportErrorGroup is a group as the API answers it.
func ReportErrorGroup(g *ErrorGroup) ErrorGroupReport {
	return ErrorGroupReport{
		Number: strconv.FormatInt(g.Number(), 10), ID: g.ID, Connection: g.Connection, Project: Word(g.Project), ShortID: Word(g.ShortID),
		Title: Word(g.Title), Culprit: Word(g.Culprit), Level: Word(g.Level), Status: Word(g.Status), Substatus: Word(g.Substatus),
		Events: g.Events, Users: g.Users, FirstSeen: g.FirstSeen, LastSeen: g.LastSeen,
		FirstRelease: Word(g.FirstRelease), LastRelease: Word(g.LastRelease),
		Environments: append([]GroupEnvironment{}, g.Environments...), States: append([]GroupState{}, g.States...), URL: Word(g.URL),
	}
}
