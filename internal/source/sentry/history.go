package sentry

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"throughline/internal/delivery"
)

const (
	changesEvery    = time.Hour
	mostHours       = 14 * 24 // that changes are asked for
	maxHistoryPages = 200     // in one pull
)

// history reads the groups that are not young: all of them once, and then those that
// are open or were seen since.
func (p *pull) history(ctx context.Context) error {
	if len(p.projects) == 0 {
		return nil
	}
	h := &p.cursor.History
	var err error
	switch {
	case !h.Done:
		err = p.wholeHistory(ctx)
	case p.due(h.At, changesEvery):
		err = p.changes(ctx)
	}
	if err := p.alone(ctx, "history", "", err); err != nil {
		return err
	}
	return p.askAlone(ctx)
}

// everywhere is a query for groups in all environments that are asked for; false
// when there are none.
func (p *pull) everywhere(query string) (url.Values, bool) {
	out := p.scope(url.Values{"query": {query}})
	if len(p.environments) == 0 {
		return out, true
	}
	for _, a := range p.areas() {
		out.Add("environment", a.name)
	}
	return out, len(out["environment"]) > 0
}

// wholeHistory goes on reading all groups, the latest first.
func (p *pull) wholeHistory(ctx context.Context) error {
	h := &p.cursor.History
	if !h.Began.Known() {
		h.Began = p.at()
	}
	query, any := p.everywhere("")
	if !any {
		h.Done, h.At = true, h.Began
		return nil
	}
	query.Set("sort", "new")
	if h.Page != "" {
		query.Set("cursor", h.Page)
	}
	cut, err := p.listGroups(ctx, query, maxHistoryPages, func(list []seen, next string) (bool, error) {
		if h.Page = next; next == "" {
			h.Done, h.At = true, h.Began
		}
		return true, p.emit(delivery.Batch{ErrorGroups: p.olderGroups(list)})
	})
	if isStatus(err, http.StatusBadRequest) && h.Page != "" { // the place is not known any more
		h.Page = ""
		return err
	}
	if err == nil && !cut {
		h.Done, h.At, h.Page = true, h.Began, "" // it led back to itself
	}
	return err
}

// olderGroups are groups as lists of all environments tell them.
func (p *pull) olderGroups(list []seen) []delivery.ErrorGroup {
	groups := map[string]delivery.ErrorGroup{}
	for _, s := range list {
		g := s.group
		g.ToldAt = s.told
		for _, before := range [...]delivery.ErrorGroup{p.stored[g.ID], p.fresh.groups[g.ID]} {
			g.Events, g.Users = max(g.Events, before.Events), max(g.Users, before.Users)
		}
		groups[g.ID] = g
	}
	return p.tellGroups(groups)
}

// changes asks for the groups that are open and not young, and for those that were
// seen since it last did. Of those that are stored as open and are in neither, each
// is asked for.
func (p *pull) changes(ctx context.Context) error {
	h := &p.cursor.History
	hours := min(max(int64((p.at()-h.At)/millis(time.Hour))+2, 2), mostHours)
	whole := true
	for _, text := range []string{"is:unresolved age:+14d", "lastSeen:-" + strconv.FormatInt(hours, 10) + "h"} {
		query, any := p.everywhere(text)
		if !any {
			continue
		}
		cut, err := p.listGroups(ctx, query, maxPages, func(list []seen, _ string) (bool, error) {
			return true, p.emit(delivery.Batch{ErrorGroups: p.olderGroups(list)})
		})
		if err != nil {
			return err
		}
		if cut {
			p.problem(tooMany("error groups"))
			whole = false
		}
	}
	h.At = p.at()
	for _, id := range p.cursor.Unread {
		p.cursor.ask(id)
	}
	p.cursor.Unread = nil
	if !whole {
		return nil
	}
	return p.missingOpen(ctx)
}

// missingOpen are the groups that are stored as open and were not told.
func (p *pull) missingOpen(ctx context.Context) error {
	stored, err := p.storedGroups(ctx, 0)
	if err != nil {
		return err
	}
	var ids []string
	for id, g := range stored {
		old := g.FirstSeen < p.fresh.at-millis(young) || len(g.Environments) == 0
		if g.Status == delivery.GroupUnresolved && old && !p.listed[id] && p.chooses(g.Project) {
			ids = append(ids, id)
			p.stored[id] = g
		}
	}
	slices.Sort(ids)
	for _, id := range ids {
		p.cursor.ask(id)
	}
	return nil
}
