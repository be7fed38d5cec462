package delivery

import (
	"cmp"
	"iter"
	"slices"
	"strings"
)

// ErrorAge is how long ago a group was first seen, in classes that do not overlap.
type ErrorAge string

const (
	AgeHour      ErrorAge = "1h"    // at most an hour
	AgeDay       ErrorAge = "24h"   // over an hour, at most 24
	AgeFortnight ErrorAge = "14d"   // over 24 hours, at most 14 days
	AgeOlder     ErrorAge = "older" // over 14 days
)

// ErrorAges are all classes, the youngest first.
func ErrorAges() []ErrorAge { return []ErrorAge{AgeHour, AgeDay, AgeFortnight, AgeOlder} }

// AgeOf is the class of a group first seen so long ago, in milliseconds.
func AgeOf(millis Instant) ErrorAge {
	switch {
	case millis <= msPerHour:
		return AgeHour
	case millis <= msPerDay:
		return AgeDay
	case millis <= 14*msPerDay:
		return AgeFortnight
	}
	return AgeOlder
}

// StatusAt is how a group stood at a moment since it was first seen; false when the
// next that is known of it was so before anybody looked: since when, nobody knows.
func (g *ErrorGroup) StatusAt(at Instant) (GroupStatus, bool) {
	status := cmp.Or(g.Status, GroupUnresolved)
	if len(g.States) > 0 {
		status = GroupUnresolved // as all begin
	}
	for _, s := range g.States {
		if s.At > at {
			return status, !s.Before || s.Status == status
		}
		status = s.Status
	}
	return status, true
}

// mostProjects is how many projects a panel tells apart.
const mostProjects = 30

// OtherProjects is the X of what is not told apart.
const OtherProjects = "*"

// OpenErrors is the panel errors-open: groups that stand unresolved at the end of the
// range, or now if that is earlier, by project and by age = end − first seen. With
// environments, those seen in them, by when they were first seen there. The headline's
// new are all groups first seen in the range, however they stand.
func OpenErrors(groups iter.Seq2[ListedErrorGroup, error], q ErrorsAsked) (PanelData, error) {
	type row struct {
		project string
		ages    [4]int
		n       int
	}
	rows := map[string]*row{}
	ages, all := ErrorAges(), row{}
	fresh, excluded, until := 0, map[string]int{}, q.Until()
	err := eachOf(groups, func(g *ListedErrorGroup) {
		first, seen := q.FirstSeen(&g.ErrorGroup)
		if first > until {
			return
		}
		status, known := g.StatusAt(until)
		if !seen {
			if q.environmentUnknown(&g.ErrorGroup) && status == GroupUnresolved { // n is of open ones
				excluded[EnvironmentUnknown]++
			}
			return
		}
		if first >= q.From {
			fresh++
		}
		if !known {
			excluded[StatusUnknown]++
			return
		}
		if status != GroupUnresolved {
			return
		}
		r := rows[g.Project]
		if r == nil {
			r = &row{project: g.Project}
			rows[g.Project] = r
		}
		age := slices.Index(ages, AgeOf(until-first))
		for _, r := range [...]*row{r, &all} {
			r.ages[age]++
			r.n++
		}
	})
	if err != nil {
		return PanelData{}, err
	}
	sorted := make([]*row, 0, len(rows))
	for _, r := range rows {
		sorted = append(sorted, r)
	}
	slices.SortFunc(sorted, func(a, b *row) int { return cmp.Or(b.n-a.n, strings.Compare(a.project, b.project)) })
	if len(sorted) > mostProjects {
		other := &row{project: OtherProjects}
		for _, r := range sorted[mostProjects:] {
			other.n += r.n
			for i := range r.ages {
				other.ages[i] += r.ages[i]
			}
		}
		sorted = append(sorted[:mostProjects:mostProjects], other)
	}
	var figures []Figure
	var series []Series
	for i, age := range ages {
		figures = append(figures, Figure{string(age), number(all.ages[i])})
		s := Series{Name: string(age), Points: []Point{}}
		for _, r := range sorted {
			s.Points = append(s.Points, Point{X: r.project, Value: number(r.ages[i]), N: &r.n, Category: &Category{Name: r.project}})
		}
		series = append(series, s)
	}
	panel := q.panel("errors-open", Bars, GroupCounts, Sample{N: all.n, Excluded: excluded}, append(figures, Figure{"new", number(fresh)})...)
	panel.Series = series
	return panel, nil
}
