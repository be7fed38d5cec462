package views

import (
	"cmp"
	"context"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"throughline/internal/delivery"
)

// ErrorGroups is the page of the error groups behind a chart.
type ErrorGroups struct {
	Page
	Query    url.Values // canonical
	Filter   FlowFilter
	Problems []FilterProblem // with any, nothing is listed
	Zone     *time.Location

	Sentence string
	Rows     []delivery.ErrorGroupReport
	Next     string // cursor of the page behind this one, "" at the end
	Empty    *Empty // a message error_groups.empty.<reason>
}

// path is a list with other values of parameters than now; "" takes one out. It begins
// at the first page.
func (l ErrorGroups) path(ctx context.Context, path string, params ...string) templ.SafeURL {
	q := maps.Clone(l.Query)
	if q == nil {
		q = url.Values{}
	}
	q.Del("cursor")
	for i := 0; i+1 < len(params); i += 2 {
		if q.Del(params[i]); params[i+1] != "" {
			q.Set(params[i], params[i+1])
		}
	}
	return withQuery(ctx, path, q)
}

// dashboard is the page of charts with the same filter.
func (l ErrorGroups) dashboard(ctx context.Context) templ.SafeURL {
	return l.path(ctx, "/errors", "state", "", "status", "", "level", "", "release", "", "sort", "")
}

func (l ErrorGroups) newest(ctx context.Context) string {
	if !l.Query.Has("cursor") {
		return ""
	}
	return string(l.path(ctx, "/errors/groups"))
}

func (l ErrorGroups) older(ctx context.Context) string {
	if l.Next == "" {
		return ""
	}
	return string(l.path(ctx, "/errors/groups", "cursor", l.Next))
}

// states are the ways to list a part of the groups.
func (l ErrorGroups) states(ctx context.Context) []Tab {
	var tabs []Tab
	for _, state := range delivery.GroupStates() {
		tabs = append(tabs, Tab{
			Label: t(ctx, "error_groups.state."+cmp.Or(state, "new")), Current: l.Query.Get("state") == state,
			Path: string(l.path(ctx, "/errors/groups", "state", state)),
		})
	}
	return tabs
}

// groupColumn is a column of the list that it can be sorted by, or not.
type groupColumn struct {
	id   string // message of its name
	sort string // "" when the list is never in this order
	num  bool
}

var groupColumnsShown = []groupColumn{
	{"error_groups.group", "", false},
	{"error_groups.project", "", false},
	{"table.status", "", false},
	{"error_groups.events", delivery.ByEvents, true},
	{"error_groups.users", delivery.ByUsers, true},
	{"error_groups.first_seen", delivery.ByFirstSeen, false},
	{"error_groups.last_seen", delivery.ByLastSeen, false},
}

// sorted reports whether the list is in the order of a column.
func (l ErrorGroups) sorted(c groupColumn) bool {
	return c.sort != "" && cmp.Or(l.Query.Get("sort"), delivery.ByFirstSeen) == c.sort
}

// by is the list in the order of a column.
func (l ErrorGroups) by(ctx context.Context, c groupColumn) templ.SafeURL {
	return l.path(ctx, "/errors/groups", "sort", c.sort)
}

func errorGroupPath(ctx context.Context, number string) templ.SafeURL {
	return templ.SafeURL(URL(ctx, "/errors/groups/"+number))
}

// groupTitle is what an error group is called: by its title, else by its ids.
func groupTitle(title, shortID, id string) string { return cmp.Or(title, shortID, "#"+id) }

// groupStatusKind is the kind of the badge of a status.
func groupStatusKind(status delivery.GroupStatus) string {
	switch status {
	case delivery.GroupResolved:
		return "good"
	case delivery.GroupUnresolved:
		return "warn"
	}
	return "plain"
}

// groupStatus is a status in words; what came back is unresolved, and more.
func groupStatus(ctx context.Context, status delivery.GroupStatus, regressed bool) string {
	switch {
	case status == "":
		return "–"
	case regressed && status == delivery.GroupUnresolved:
		return t(ctx, "error_group.status.regressed")
	}
	return t(ctx, "error_group.status."+string(status))
}

// levelWord is a level in words; one that is not known as its source calls it.
func levelWord(ctx context.Context, level string) string {
	if !slices.Contains(delivery.GroupLevels(), level) {
		return orDash(level)
	}
	return t(ctx, "error_group.level."+level)
}

// ErrorGroupView is one error group.
type ErrorGroupView struct {
	Group  delivery.ErrorGroup
	Source string
	Zone   *time.Location
	Now    delivery.Instant
}

// Name is what people call it.
func (v ErrorGroupView) Name() string {
	return groupTitle(v.Group.Title, v.Group.ShortID, v.Group.ID)
}

// facts are what its source says, without what it does not.
func (v ErrorGroupView) facts(ctx context.Context) []DoraFact {
	g := &v.Group
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	unhandled := ""
	if g.Unhandled != nil {
		unhandled = t(ctx, "error_group.unhandled."+strconv.FormatBool(*g.Unhandled))
	}
	var out []DoraFact
	for _, f := range []DoraFact{
		{"error_groups.project", g.Project},
		{"error_group.short_id", g.ShortID},
		{"error_groups.first_seen", momentIn(ctx, g.FirstSeen, v.Zone)},
		{"error_groups.last_seen", momentIn(ctx, g.LastSeen, v.Zone)},
		{"error_groups.level", levelWord(ctx, g.Level)},
		{"error_group.culprit", g.Culprit},
		{"error_group.first_release", g.FirstRelease},
		{"error_group.last_release", g.LastRelease},
		{"error_group.unhandled", unhandled},
		{"error_group.platform", text(g.Platform)},
		{"error_group.logger", text(g.Logger)},
		{"deployment.connection", g.Connection},
	} {
		if f.Text != "" && f.Text != "–" {
			out = append(out, f)
		}
	}
	return out
}

// figures are its counts, and how long ago it was seen.
func (v ErrorGroupView) figures(ctx context.Context) []DoraFact {
	g := &v.Group
	ago := func(at delivery.Instant) string {
		if !at.Known() || at > v.Now {
			return "–"
		}
		return elapsed(ctx, int64(v.Now-at)/1000)
	}
	return []DoraFact{
		{"error_groups.events", number(ctx, int(g.Events))},
		{"error_groups.users", number(ctx, int(g.Users))},
		{"error_group.since_first", ago(g.FirstSeen)},
		{"error_group.since_last", ago(g.LastSeen)},
	}
}

// history are its states, the last first.
func (v ErrorGroupView) history() []delivery.GroupState {
	states := slices.Clone(v.Group.States)
	slices.Reverse(states)
	return states
}

// environments are those with a name.
func (v ErrorGroupView) environments() []delivery.GroupEnvironment {
	return slices.DeleteFunc(slices.Clone(v.Group.Environments), func(e delivery.GroupEnvironment) bool { return e.None })
}
