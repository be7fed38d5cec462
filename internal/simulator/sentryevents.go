package simulator

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"throughline/internal/delivery"
)

// eventFields are what events can be grouped by, with their types.
var eventFields = map[string]string{
	"issue.id": "integer", "issue": "string", "title": "string", "level": "string", "project": "string", "project.id": "integer",
	"environment": "string", "release": "string", "count()": "integer",
}

// eventRow are the events of one stream and release.
type eventRow struct {
	g   *errGroup
	env string
	rel *errRelease
	n   int
}

// field is one of what events are grouped by.
func (row *eventRow) field(name string) any {
	switch name {
	case "issue.id":
		return row.g.id
	case "issue":
		return row.g.short()
	case "title":
		kind, value := row.g.text()
		return strings.TrimSuffix(kind+": "+value, ": ")
	case "level":
		return row.g.level
	case "project":
		return row.g.p.slug
	case "project.id":
		return row.g.p.id
	case "environment":
		return orNil(row.env)
	case "release":
		if row.rel == nil {
			return nil
		}
		return row.rel.version
	}
	return row.n
}

// rows are a stream's events in a span of time, by the release they are of.
func (g *errGroup) rows(st *errStream, from, to delivery.Instant) []eventRow {
	var out []eventRow
	add := func(a, b delivery.Instant, rel *errRelease) {
		n := st.count(g, b) - st.count(g, a)
		if n == 0 {
			return
		}
		for i := range out {
			if out[i].rel == rel {
				out[i].n += n
				return
			}
		}
		out = append(out, eventRow{g, st.env, rel, n})
	}
	at, rel := from, g.releaseOf(st.env, from)
	for _, use := range g.p.inUse[st.env] {
		if use.at > from && use.at <= to {
			add(at, use.at-1, rel)
			at, rel = use.at-1, use.rel
		}
	}
	add(at, to, rel)
	return out
}

// events answers GET organizations/{org}/events/: counts of errors, most first.
func (a *errAnswer) events() {
	what, err := a.scope()
	fields := a.q["field"]
	switch v := a.q.Get("dataset"); {
	case err != nil:
	case len(fields) == 0:
		err = wrong("No columns selected")
	case v != "" && v != "errors" && v != "discover":
		err = wrong("dataset must be one of: discover, errors")
	}
	types := fieldsOf{}
	for _, f := range fields {
		if types[f] = eventFields[f]; eventFields[f] == "" && err == nil {
			err = wrong("Invalid column: " + f)
		}
	}
	if err != nil {
		a.refuse(err)
		return
	}
	if !what.window {
		what.from = a.now - delivery.Instant(90*day)
	}
	all := a.group(what, fields)
	a.listIn(len(all), func(page []any) any {
		return fieldsOf{"data": page, "meta": fieldsOf{"fields": types, "dataset": cmp.Or(a.q.Get("dataset"), "discover")}}
	}, func(i int) any { return all[i] })
}

// group adds up events that are the same in all fields but their number.
func (a *errAnswer) group(what asked, fields []string) []fieldsOf {
	var rows []eventRow
	for _, p := range what.projects {
		for _, g := range p.until(a.now) {
			for i := range g.streams {
				if st := &g.streams[i]; what.envs == nil || slices.Contains(what.envs, st.env) {
					rows = append(rows, g.rows(st, what.from, what.to)...)
				}
			}
		}
	}
	byKey := map[string]int{}
	var sums []eventRow
	for _, row := range rows {
		var key strings.Builder
		for _, f := range fields {
			if f != "count()" {
				key.Write(appendJSON(nil, row.field(f)))
				key.WriteByte(' ')
			}
		}
		at, ok := byKey[key.String()]
		if !ok {
			byKey[key.String()] = len(sums)
			sums = append(sums, row)
			continue
		}
		sums[at].n += row.n
	}
	slices.SortStableFunc(sums, func(x, y eventRow) int { return cmp.Compare(y.n, x.n) })
	out := make([]fieldsOf, 0, len(sums))
	for i := range sums {
		one := fieldsOf{}
		for _, f := range fields {
			one[f] = sums[i].field(f)
		}
		out = append(out, one)
	}
	return out
}

// listIn sends a page of n things within something else.
func (a *errAnswer) listIn(n int, within func(page []any) any, one func(i int) any) {
	from, to, ok := a.page("per_page", n)
	if !ok {
		return
	}
	page := []any{}
	for i := from; i < to; i++ {
		page = append(page, one(i))
	}
	a.send(within(page))
}

// tooMany refuses what would be too much to count.
func (a *errAnswer) tooMany() {
	a.fail(http.StatusBadRequest, "Your interval and date range would create too many results. Use a larger interval, or a smaller date range.")
}
