package web

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

// result computes what a trial of deployments comes to, or says what is wrong with it.
func (t *doraTrial) result(ctx context.Context) (views.TrialResult, error) {
	p := i18n.From(ctx)
	out := views.TrialResult{
		Of: "deployments", Fields: doraTrialFields[1:], Discard: t.back(),
		Labels: map[string]string{"production": p.T("rules.production"), "window": p.T("whatif.window"), "together": p.T("whatif.together")},
	}
	if errs, isForm := fieldErrors(ctx, t.errs); isForm {
		out.Errors = map[string]string{}
		for name, text := range errs {
			if name == "team."+t.team {
				name = "production"
			}
			out.Errors[name] = text
		}
		return out, nil
	}
	if t.errs != nil {
		return out, t.errs
	}
	q, err := t.doraQuery(ctx)
	if err != nil {
		return out, err
	}
	change, err := t.compare(ctx, q)
	if err != nil {
		return out, err
	}
	out.Tried = t.words(p)
	out.Caption = p.T("whatif.caption.deployments", "days", daysOf(ctx, &q))
	out.Rows = doraRows(p, &change)
	out.Notes = t.notes(p, &change)
	out.Counts = doraCounts(p, &change)
	for i := range change.Items {
		out.Flips = append(out.Flips, doraFlip(p, &change.Items[i], &q))
	}
	out.More = change.Entered + change.Left + change.Failed + change.Mended + change.Other - len(out.Flips)
	out.Said = saidTrial(p, &out, len(out.Flips)+out.More)
	out.Save = t.save(ctx)
	return out, nil
}

func (t *doraTrial) doraQuery(ctx context.Context) (delivery.DoraQuery, error) {
	calendar, err := t.s.teamCalendar(ctx, t.setup.Teams, t.filter.Teams)
	if err != nil {
		return delivery.DoraQuery{}, err
	}
	return t.s.doraQuery(ctx, t.filter, calendar)
}

// compare derives what is tried, or remembers what it came to.
func (t *doraTrial) compare(ctx context.Context, q delivery.DoraQuery) (delivery.DoraChange, error) {
	g, err := t.s.generation(ctx)
	if err != nil {
		return delivery.DoraChange{}, err
	}
	now := t.s.now()
	value, err := t.s.caches.answers.get(ctx, question{
		generation: g, key: panelKey("dora-what-if", t.filter) + " " + t.own.Encode(), now: now, expires: now.Add(nowLifetime), deadline: panelDeadline,
		answer: func(ctx context.Context) (any, int, error) {
			change, err := delivery.DoraWhatIf(ctx, t.s.store, q, t.setup, t.then())
			return change, 1024 * (1 + len(change.Items)), err
		},
	})
	if err != nil {
		return delivery.DoraChange{}, fmt.Errorf("what if of deployments: %w", err)
	}
	return value.(delivery.DoraChange), nil
}

// words are what is tried beside what is saved.
func (t *doraTrial) words(p *i18n.Printer) (out []views.TrialChange) {
	if t.own.Has("production") {
		label := p.T("rules.production")
		if t.team != "" && !t.common {
			label = p.T("rules.team", "team", t.team)
		}
		out = append(out, views.TrialChange{Label: label, Before: strings.Join(t.savedNames(), ", "), After: strings.Join(t.triedNames(), ", ")})
	}
	for _, span := range []struct{ name, unit string }{{"window", "h"}, {"together", "min"}} {
		if t.own.Has(span.name) {
			text := func(rules delivery.DoraRules) string {
				return t.span(rules, span.name) + "\u00a0" + p.T("unit."+span.unit)
			}
			out = append(out, views.TrialChange{Label: p.T("whatif." + span.name), Before: text(t.setup.Rules), After: text(t.rules)})
		}
	}
	return out
}

// doraRows are the figures of the five metrics beside each other.
func doraRows(p *i18n.Printer, c *delivery.DoraChange) (rows []views.TrialRow) {
	row := func(label string, slug, figure string, text, difference func(float64) string) {
		b, a := c.Before[slug], c.After[slug]
		before, after := b.Figure(figure), a.Figure(figure)
		r := views.TrialRow{Label: p.T(label), Before: "–", After: "–"}
		if before != nil {
			r.Before = text(*before)
		}
		if after != nil {
			r.After = text(*after)
		}
		compareFigures(p, &r, before, after, difference)
		rows = append(rows, r)
	}
	number := func(frac int) func(float64) string { return func(v float64) string { return p.Number(v, frac) } }
	span := func(v float64) string { return p.Days(v, 24) }
	longer := func(v float64) string { return p.Duration(v, 24) }
	share := func(v float64) string { return p.Percent(v, 1) }
	points := func(v float64) string { return p.T("whatif.points", "n", math.Round(1000*v)/10) }
	row("whatif.row.deployments", "deployment-frequency", "count", number(0), number(0))
	row("whatif.row.frequency", "deployment-frequency", "mean", number(1), number(1))
	row("figure.change-lead-time", "change-lead-time", "p50", span, longer)
	row("figure.change-fail-rate", "change-fail-rate", "rate", share, points)
	row("figure.recovery-time", "recovery-time", "p50", span, longer)
	row("figure.rework-rate", "rework-rate", "rate", share, points)
	for i, slug := range []string{"", "", "", "change-fail-rate", "", "rework-rate"} {
		if slug != "" {
			rows[i].Share = "" // of a share there are points
		}
	}
	return rows
}

// notes say which environments become production and which no longer are, and what
// keeps the names from mattering.
func (t *doraTrial) notes(p *i18n.Printer, c *delivery.DoraChange) (out []string) {
	var in, off, kept []string
	names := maps.Clone(c.Was)
	maps.Copy(names, c.Is)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		said := name + " (" + p.Number(float64(names[name]), 0) + ")"
		switch {
		case c.Was[name] == 0:
			in = append(in, said)
		case c.Is[name] == 0:
			off = append(off, said)
		case delivery.IsProduction(t.savedNames(), name) && !delivery.IsProduction(t.triedNames(), name):
			kept = append(kept, name)
		}
	}
	for _, note := range []struct {
		id    string
		names []string
	}{{"whatif.environments.in", in}, {"whatif.environments.out", off}, {"whatif.environments.kept", kept}} {
		if len(note.names) > 0 {
			out = append(out, p.T(note.id, "names", strings.Join(note.names, ", ")))
		}
	}
	if len(t.filter.Environments) > 0 && t.own.Has("production") {
		out = append(out, p.T("whatif.environments.narrowed"))
	}
	return out
}

// doraCounts say how many deployments become what.
func doraCounts(p *i18n.Printer, c *delivery.DoraChange) (out []string) {
	for _, n := range []struct {
		id string
		n  int
	}{
		{"whatif.deployments.entered", c.Entered},
		{"whatif.deployments.left", c.Left},
		{"whatif.deployments.failed", c.Failed},
		{"whatif.deployments.mended", c.Mended},
		{"whatif.deployments.other", c.Other},
	} {
		if n.n > 0 {
			out = append(out, p.T(n.id, "n", n.n))
		}
	}
	return out
}

func doraFlip(p *i18n.Printer, f *delivery.DoraFlip, q *delivery.DoraQuery) views.TrialFlip {
	text := func(c delivery.DoraClass) string {
		switch {
		case !c.Counts:
			return p.T("whatif.deployment.out")
		case c.With != "":
			return p.T("whatif.deployment.part")
		case c.Failed:
			return p.T("whatif.deployment.failed")
		case c.Kind == delivery.KindNormal:
			return p.T("whatif.deployment.in")
		}
		return p.T("dora.kind." + string(c.Kind))
	}
	names := slices.DeleteFunc(slices.Clone(f.Names), func(name string) bool { return name == "" })
	return views.TrialFlip{
		Path: "/deployments/" + f.ID, Key: cmp.Or(f.Version, f.SHA[:min(len(f.SHA), 9)], p.T("whatif.item.deployments")),
		Title: strings.Join(append([]string{f.Service}, names...), ", "), Note: p.DateTime(f.FinishedAt.Time().In(q.Zone)),
		Before: text(f.Was), After: text(f.Is),
	}
}
