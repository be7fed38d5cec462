package delivery

import (
	"cmp"
	"iter"
	"slices"
	"strings"
)

// mostReleases is how many releases a panel shows.
const mostReleases = 25

// ReleaseX is the X of a release of a project: a slug has no space.
func ReleaseX(project, version string) string { return project + " " + version }

// SplitReleaseX is what ReleaseX was made of.
func SplitReleaseX(x string) (project, version string) {
	project, version, _ = strings.Cut(x, " ")
	return project, version
}

// Came says whether a group is new in a release of its project, being first seen in it,
// and whether it came back in it.
func (g *ErrorGroup) Came(version string) (isNew, regressed bool) {
	return g.FirstRelease == version, slices.ContainsFunc(g.States, func(s GroupState) bool { return s.Regressed && s.Release == version })
}

// ErrorsByRelease is the panel errors-by-release: of the newest releases of the range,
// by when they were released or else created, how many groups were first seen in each,
// and how many came back in it after they were resolved. n is of releases.
func ErrorsByRelease(releases iter.Seq2[Release, error], groups iter.Seq2[ListedErrorGroup, error], q ErrorsAsked) (PanelData, error) {
	type row struct {
		Release
		isNew, regressed, n int
	}
	type key struct{ connection, project, version string }
	var rows []*row
	err := eachOf(releases, func(r *Release) { rows = append(rows, &row{Release: *r}) })
	if err != nil {
		return PanelData{}, err
	}
	slices.SortStableFunc(rows, func(a, b *row) int {
		return cmp.Or(cmp.Compare(b.At(), a.At()), strings.Compare(a.Project, b.Project), strings.Compare(a.Version, b.Version))
	})
	excluded := map[string]int{}
	if n := len(rows) - mostReleases; n > 0 {
		excluded[OlderReleases], rows = n, rows[:mostReleases]
	}
	found := map[key]*row{}
	for _, r := range rows {
		found[key{r.Connection, r.Project, r.Version}] = r
	}
	isNew, regressed := 0, 0
	see := func(g *ListedErrorGroup, r *row) {
		first, back := g.Came(r.Version)
		r.n++
		if first {
			r.isNew++
			isNew++
		}
		if back {
			r.regressed++
			regressed++
		}
	}
	err = eachOf(groups, func(g *ListedErrorGroup) {
		_, seen := q.FirstSeen(&g.ErrorGroup)
		unknown := q.environmentUnknown(&g.ErrorGroup)
		if !seen && !unknown {
			return
		}
		versions := []string{g.FirstRelease}
		for _, s := range g.States {
			if s.Regressed && !slices.Contains(versions, s.Release) {
				versions = append(versions, s.Release)
			}
		}
		for _, version := range versions {
			r := found[key{g.Connection, g.Project, version}]
			if r != nil && unknown {
				excluded[EnvironmentUnknown]++
				return
			}
			if r != nil {
				see(g, r)
			}
		}
	})
	panel := q.panel("errors-by-release", Bars, GroupCounts, Sample{N: len(rows), Excluded: excluded}, Figure{"new", number(isNew)}, Figure{"regressed", number(regressed)})
	fresh, back := Series{Name: "new", Points: []Point{}}, Series{Name: "regressed", Points: []Point{}}
	for _, r := range rows {
		point := Point{X: ReleaseX(r.Project, r.Version), N: &r.n, Category: &Category{Name: cmp.Or(r.Short, r.Version) + " " + r.Project}}
		point.Value = number(r.isNew)
		fresh.Points = append(fresh.Points, point)
		point.Value = number(r.regressed)
		back.Points = append(back.Points, point)
	}
	panel.Series = []Series{fresh, back}
	return panel, err
}
