package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/go-chi/chi/v5"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

// groupsPerPage is how many error groups a page lists.
const groupsPerPage = 100

// askedGroups reads what a list of error groups is asked for; extra names parameters
// that the caller reads itself. What cannot be used are *delivery.FilterError, joined.
func (s *Server) askedGroups(ctx context.Context, q url.Values, extra ...string) (delivery.GroupsAsked, error) {
	single := append([]string{"state", "release", "sort", "cursor"}, extra...)
	f, calendar, err := s.filter(ctx, delivery.OfErrors, without(q, "status", "level"), single...)
	asked := delivery.GroupsAsked{State: q.Get("state"), Release: q.Get("release"), Sort: q.Get("sort"), After: q.Get("cursor")}
	for _, status := range q["status"] {
		if status != "" {
			asked.Statuses = append(asked.Statuses, delivery.GroupStatus(status))
		}
	}
	for _, level := range q["level"] {
		if level != "" {
			asked.Levels = append(asked.Levels, level)
		}
	}
	if err := errors.Join(err, asked.Validate()); err != nil {
		return asked, err
	}
	asked.ErrorsAsked = delivery.NewErrorsAsked(&f, calendar.Zone(), delivery.InstantOf(s.now()))
	return asked, nil
}

// errorGroupsPage is the list of the error groups behind a chart.
func (s *Server) errorGroupsPage(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), panelDeadline)
	defer cancel()
	q, err := query(r)
	for name, values := range q {
		if q[name] = slices.DeleteFunc(values, func(v string) bool { return v == "" }); len(q[name]) == 0 {
			delete(q, name)
		}
	}
	view := views.ErrorGroups{Page: s.page(r, i18n.T(ctx, "error_groups.title"), "errors"), Query: q, Zone: s.zone(ctx)}
	if err == nil {
		var asked delivery.GroupsAsked
		if asked, err = s.askedGroups(ctx, q); err == nil {
			err = s.fillGroups(ctx, asked, &view)
		}
	}
	if err != nil && len(filterDetails(err)) == 0 {
		s.fail(w, r, err)
		return
	}
	status := http.StatusOK
	if view.Problems = filterProblems(ctx, err); len(view.Problems) > 0 {
		status = http.StatusBadRequest
	}
	if view.Filter, err = s.groupsFilter(ctx, q, err); err != nil {
		s.fail(w, r, err)
		return
	}
	view.Scripts = []string{"charts.js"}
	s.render(w, r, status, views.ErrorGroupsPage(view))
}

// groupsFilter is the filter bar of a list of error groups.
func (s *Server) groupsFilter(ctx context.Context, q url.Values, problems error) (views.FlowFilter, error) {
	f, err := s.filterBar(ctx, delivery.OfErrors, "/errors/groups", q, problems, "state", "release", "sort")
	if err != nil {
		return f, err
	}
	facets, err := s.errorFacets(ctx)
	f.Bucket = ""                                                                                                             // nothing is cut here
	for _, g := range []facetGroup{{"status", slices.Clone(facets.Statuses), 1}, {"level", slices.Clone(facets.Levels), 1}} { // facets are shared
		for i := range g.facets {
			if id := "error_group." + g.name + "." + g.facets[i].Key; i18n.From(ctx).Has(id) {
				g.facets[i].Name = i18n.T(ctx, id)
			}
		}
		group := filterGroup(g.name, g.facets, q[g.name])
		if len(group.Choices) >= g.least {
			f.Groups, f.Dirty = append(f.Groups, group), f.Dirty || group.Chosen > 0
		}
	}
	return f, err
}

// fillGroups reads a list, or says why it is empty.
func (s *Server) fillGroups(ctx context.Context, asked delivery.GroupsAsked, view *views.ErrorGroups) error {
	asked.Limit = groupsPerPage
	found, next, err := delivery.ErrorGroupList(ctx, s.store, asked)
	if err != nil {
		return err
	}
	for i := range found {
		view.Rows = append(view.Rows, delivery.ReportErrorGroup(&found[i].ErrorGroup))
	}
	p := i18n.From(ctx)
	days := p.DateSpan(asked.From.Time().In(asked.Zone), (asked.To - 1).Time().In(asked.Zone))
	id := "error_groups.listed."
	if next != "" || asked.After != "" {
		id = "error_groups.part."
	}
	view.Next, view.Sentence = next, p.T(id+cmp.Or(asked.State, "new"), "n", len(found), "days", days)
	if asked.Release != "" {
		view.Sentence = p.T("error_groups.listed.release", "what", view.Sentence, "release", asked.Release)
	}
	if len(found) > 0 {
		return nil
	}
	view.Empty, err = s.whyNoGroups(ctx, &asked, view.Query)
	return err
}

// whyNoGroups finds what keeps a list of error groups empty, and the way out.
func (s *Server) whyNoGroups(ctx context.Context, asked *delivery.GroupsAsked, q url.Values) (*views.Empty, error) {
	if asked.After != "" {
		return &views.Empty{Reason: "end", Fix: groupsPath(without(q, "cursor"))}, nil
	}
	if empty, err := s.noErrors(ctx); err != nil || empty != nil {
		return empty, err
	}
	wide := delivery.GroupsAsked{ErrorsAsked: delivery.ErrorsAsked{Filter: delivery.Filter{From: asked.From, To: asked.To}, Now: asked.Now}, State: asked.State, Limit: 1}
	if some, _, err := delivery.ErrorGroupList(ctx, s.store, wide); err != nil || len(some) > 0 {
		return &views.Empty{Reason: "filter", Fix: groupsPath(without(q, "team", "connection", "project", "service", "environment", "status", "level", "release"))}, err
	}
	if asked.State == delivery.GroupsOpen {
		return &views.Empty{Reason: "none_open"}, nil
	}
	own := without(q, "from", "to")
	own.Set("range", "12m")
	return &views.Empty{Reason: "no_data", Fix: groupsPath(own)}, nil
}

func groupsPath(q url.Values) string {
	if len(q) == 0 {
		return "/errors/groups"
	}
	return "/errors/groups?" + q.Encode()
}

// errorGroupOf is the group of a number. Whatever is no number names none, nor does one
// that its source no longer has.
func (s *Server) errorGroupOf(r *http.Request) (delivery.ErrorGroup, error) {
	text := chi.URLParam(r, "group")
	seq, err := strconv.ParseInt(text, 10, 64)
	if err != nil || strconv.FormatInt(seq, 10) != text {
		return delivery.ErrorGroup{}, delivery.ErrNotFound
	}
	found, err := s.store.ErrorGroup(r.Context(), seq)
	if err == nil && found.Gone {
		err = delivery.ErrNotFound
	}
	return found.ErrorGroup, err
}

// errorGroupPage is one error group.
func (s *Server) errorGroupPage(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	q, err := query(r)
	if err == nil {
		err = errors.Join(onlyParams(q, "lang"), checkLang(q))
	}
	if err != nil {
		s.errorPage(w, r, http.StatusBadRequest)
		return
	}
	g, err := s.errorGroupOf(r)
	if errors.Is(err, delivery.ErrNotFound) {
		s.render(w, r, http.StatusNotFound, views.NoErrorGroupPage(s.page(r, i18n.T(ctx, "error_group.missing.title"), "errors")))
		return
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	view := views.ErrorGroupView{Group: g, Source: sourceLink(g.URL), Zone: s.zone(ctx), Now: delivery.InstantOf(s.now())}
	s.render(w, r, http.StatusOK, views.ErrorGroupPage(s.page(r, view.Name(), "errors"), view))
}

// errorsNewestSlug is the slug of the newest groups on the page of errors.
const errorsNewestSlug = "errors-newest"

// newestShown is how many groups the page of errors lists.
const newestShown = 15

func newestPanel(ctx context.Context, q url.Values) views.Panel {
	return views.Panel{Slug: errorsNewestSlug, Of: delivery.OfErrors, Title: i18n.T(ctx, "error_groups.newest"), Query: q.Encode()}
}

// newestErrors answers the newest groups of the period as a part of a page.
func (s *Server) newestErrors(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	f, q, err := s.pageFilter(r, delivery.OfErrors)
	if len(filterDetails(err)) > 0 {
		s.errorPage(w, r, http.StatusBadRequest)
		return
	}
	view := newestPanel(ctx, q)
	list := views.ErrorGroups{Query: without(q, "bucket"), Zone: s.zone(ctx)}
	if err == nil {
		asked := delivery.GroupsAsked{ErrorsAsked: delivery.NewErrorsAsked(&f, list.Zone, delivery.InstantOf(s.now())), Limit: newestShown}
		var found []delivery.ListedErrorGroup
		found, list.Next, err = delivery.ErrorGroupList(ctx, s.store, asked)
		for i := range found {
			list.Rows = append(list.Rows, delivery.ReportErrorGroup(&found[i].ErrorGroup))
		}
	}
	if err != nil {
		s.failPanel(w, r, view, err)
		return
	}
	s.render(w, r, http.StatusOK, views.NewestErrorsPanel(view, list))
}
