package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

const qualityPath = "/quality"

// qualityRoutes say what is wrong with the data behind the numbers.
func (s *Server) qualityRoutes(r chi.Router) {
	r.Group(func(r chi.Router) {
		r.Use(middleware.Compress(gzipLevel, "text/html"))
		r.Get(qualityPath, s.qualityPage)
		r.Get(qualityPath+"/badge", s.qualityBadge)
		r.Get(qualityPath+"/{kind}", s.qualityKindPage)
	})
}

// qualityKindOf is the kind of a name.
func qualityKindOf(name string) (delivery.QualityKind, bool) {
	for _, k := range delivery.QualityKinds() {
		if string(k) == name {
			return k, true
		}
	}
	return "", false
}

// qualityPage shows every kind of which there is something, and names those of which
// there is nothing.
func (s *Server) qualityPage(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), panelDeadline)
	defer cancel()
	f, q, err := s.pageFilter(r, delivery.OfQuality)
	view := views.Quality{Page: s.page(r, i18n.T(ctx, "quality.title"), "quality"), Query: views.QualityQuery(q), Zone: s.zone(ctx)}
	if err == nil {
		err = s.fillQuality(ctx, f, &view)
	}
	status, ferr := s.qualityFilter(ctx, qualityPath, q, err, &view.Filter)
	if ferr != nil {
		s.fail(w, r, ferr)
		return
	}
	view.Scripts = []string{"charts.js"} // for the filter
	s.render(w, r, status, views.QualityPage(view))
}

// qualityFilter is the filter bar of a page, and what the page is answered with; err is
// what became of the page, which is returned unless the bar can say it.
func (s *Server) qualityFilter(ctx context.Context, action string, q url.Values, err error, into *views.FlowFilter) (status int, other error) {
	if err != nil && len(filterDetails(err)) == 0 {
		return 0, err
	}
	status = http.StatusOK
	if err != nil {
		status = http.StatusBadRequest
	}
	*into, other = s.filterBar(ctx, delivery.OfQuality, action, q, err)
	into.Bucket, into.Clock = "", "" // nothing is cut or measured here
	into.Dirty = into.Range != defaultRange
	for _, g := range into.Groups {
		into.Dirty = into.Dirty || g.Chosen > 0
	}
	return status, other
}

// qualityGroups are what all data is narrowed by. While the fact store does not answer,
// teams and connections are known all the same.
func (s *Server) qualityGroups(ctx context.Context, teams delivery.Teams) ([]facetGroup, error) {
	facets, _, err := s.facetsOrNone(ctx)
	if err != nil {
		return nil, err
	}
	all, err := s.db.Connections(ctx)
	var connections []delivery.Facet
	for i := range all {
		connections = append(connections, delivery.Facet{Key: all[i].Name})
	}
	for _, f := range facets.Connections {
		for i := range connections {
			if connections[i].Key == f.Key {
				connections[i].Count = f.Count
			}
		}
	}
	return []facetGroup{{"team", teamFacets(facets, teams), 1}, {"connection", connections, 2}}, err
}

// fillQuality looks at everything, and says what to do first where there is nothing.
func (s *Server) fillQuality(ctx context.Context, f delivery.Filter, view *views.Quality) error {
	found, err := s.quality(ctx, f, pageStale)
	if err != nil {
		return err
	}
	view.Away = found.away
	if found.empty {
		view.Empty = &views.Empty{Reason: "nothing", Fix: settingsPath(ctx, "/settings/connections/new")}
		return nil
	}
	view.NoData = !found.away && found.noFacts
	for _, l := range found.lists {
		if l.total == 0 {
			view.Fine = append(view.Fine, l.kind)
			continue
		}
		part, err := qualityPart(ctx, &found, l, 0, views.QualityShown, view.Query)
		if err != nil {
			return err
		}
		view.Parts = append(view.Parts, part)
	}
	return nil
}

// qualityPart is a kind as a page shows it, with some of its records.
func qualityPart(ctx context.Context, found *qualityFound, l qualityList, offset, limit int, q url.Values) (views.QualityPart, error) {
	p := views.QualityPart{Kind: l.kind, Total: l.total, Query: q}
	for _, slug := range l.kind.Panels() {
		if panel, ok := panelBySlug(slug); ok {
			query := panelQueryOf(panel, q)
			p.Panels = append(p.Panels, views.Tab{Label: i18n.T(ctx, panel.title), Path: panel.page + query + "#panel-" + slug})
		}
	}
	p.Fix, p.FixNeeds = qualityFix(ctx, l.kind)
	rows, err := l.rows(ctx, offset, limit)
	for i := range rows {
		p.Rows = append(p.Rows, qualityRow(ctx, found.now, &rows[i]))
	}
	return p, err
}

// panelQueryOf is the query of a page of panels that has the filter of this one.
func panelQueryOf(p panel, q url.Values) string {
	own := without(q, "lang")
	if p.page == "" || len(own) == 0 {
		return ""
	}
	return "?" + own.Encode()
}

// qualityFix is where a kind is mended, and who may go there, admin or lead: path is ""
// for anybody else. What is wrong in the source alone is mended nowhere here.
func qualityFix(ctx context.Context, k delivery.QualityKind) (path, needs string) {
	switch k {
	case delivery.StaleConnections:
		path, needs = "/syncs", "admin"
	case delivery.HiddenTransitions:
		path, needs = "/settings/connections", "admin"
	case delivery.HookGaps:
		path, needs = "/inbox", "lead"
	case delivery.UnmappedStatuses, delivery.WithoutStart:
		path, needs = "/settings/workflow", "lead"
	case delivery.Undeployed, delivery.UnlinkedIncidents:
		path, needs = servicesPath, "lead"
	case delivery.Unassigned:
		path, needs = "/settings/teams", "lead"
	}
	if needs == "admin" && !isAdmin(ctx) || needs == "lead" && !isLead(ctx) {
		path = ""
	}
	return path, needs
}

// qualityPerPage is how many records a page of a kind lists.
const qualityPerPage = 100

// qualityKindPage lists all records of a kind.
func (s *Server) qualityKindPage(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), panelDeadline)
	defer cancel()
	kind, ok := qualityKindOf(chi.URLParam(r, "kind"))
	if !ok {
		s.notFound(w, r)
		return
	}
	f, q, err := s.pageFilter(r, delivery.OfQuality, "page")
	page, perr := pageNumber(q)
	err = errors.Join(err, perr)
	title := i18n.T(ctx, "quality.kind."+string(kind))
	view := views.QualityList{Page: s.page(r, title, "quality"), Kind: kind, PerPage: qualityPerPage, Number: page, Zone: s.zone(ctx)}
	view.Query = views.QualityQuery(without(q, "page"))
	if err == nil {
		err = s.fillQualityList(ctx, f, &view)
	}
	status, ferr := s.qualityFilter(ctx, qualityPath+"/"+string(kind), without(q, "page"), err, &view.Filter)
	if ferr != nil {
		s.fail(w, r, ferr)
		return
	}
	view.Scripts = []string{"charts.js"}
	s.render(w, r, status, views.QualityListPage(view))
}

func (s *Server) fillQualityList(ctx context.Context, f delivery.Filter, view *views.QualityList) error {
	found, err := s.quality(ctx, f, pageStale)
	if err != nil {
		return err
	}
	l, err := found.list(view.Kind)
	if err != nil {
		return err
	}
	view.Part, err = qualityPart(ctx, &found, l, (view.Number-1)*view.PerPage, view.PerPage, view.Query)
	return err
}

// qualityBadge is how many kinds there is something of, as the rail shows it. It must
// not get in the way: what it cannot find out it leaves out.
func (s *Server) qualityBadge(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), panelDeadline)
	defer cancel()
	f, _, err := s.filter(ctx, delivery.OfQuality, url.Values{})
	var found qualityFound
	if err == nil {
		found, err = s.quality(ctx, f, badgeStale)
	}
	if err != nil {
		if !errors.Is(err, context.Canceled) && !errors.Is(err, delivery.ErrUnavailable) {
			s.log.WarnContext(ctx, "badge of data quality", "error", err)
		}
		w.WriteHeader(http.StatusNoContent)
		return
	}
	n := found.kinds()
	if !found.away {
		s.qualityKinds.Store(int64(n) + 1)
	}
	s.render(w, r, http.StatusOK, views.QualityBadge(n))
}

// lastQuality is how many kinds the badge said last, -1 before it said anything.
func (s *Server) lastQuality() int { return int(s.qualityKinds.Load()) - 1 }

// pageNumber reads the parameter page, 1 when there is none.
func pageNumber(q url.Values) (int, error) {
	text := q.Get("page")
	if text == "" {
		return 1, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxRecordsPage {
		return 1, &delivery.FilterError{Param: "page", Code: "page", Message: "not the number of a page"}
	}
	return n, nil
}

// among reports whether a connection counts.
func among(f *delivery.Filter, connection string) bool {
	return len(f.Connections) == 0 || slices.Contains(f.Connections, connection)
}
