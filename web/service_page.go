package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

// eventsShown is how many events the timeline of a service has.
const eventsShown = 200

// serviceTimeline is what happened to one service: its five figures, deployments and
// incidents.
func (s *Server) serviceTimeline(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	name, err := url.PathUnescape(chi.URLParam(r, "*"))
	if err != nil {
		s.notFound(w, r)
		return
	}
	services, err := s.services(ctx)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	i := slices.IndexFunc(services, func(o delivery.Service) bool { return strings.EqualFold(o.Name, name) })
	if i < 0 {
		s.render(w, r, http.StatusNotFound, views.NoDoraPage(s.page(r, i18n.T(ctx, "service.missing.title"), "dora"), "service.missing.text"))
		return
	}
	name = services[i].Name
	f, q, err := s.pageFilter(r, delivery.OfDora)
	if err != nil && len(filterDetails(err)) == 0 {
		s.fail(w, r, err)
		return
	}
	path := "/services/" + url.PathEscape(name)
	view := views.ServiceView{Name: name, Query: url.Values{}}
	for key, values := range q {
		view.Query[key] = values
	}
	view.Query["service"] = []string{name}
	view.Head = views.Panel{Slug: doraHeadlineSlug, Of: delivery.OfDora, Title: i18n.T(ctx, "flow.headline"), Query: view.Query.Encode()}
	status := http.StatusOK
	if err == nil {
		f.Services, f.Teams, f.Scope = []string{name}, nil, nil
		err = s.fillService(ctx, f, &view)
	} else {
		status = http.StatusBadRequest
	}
	if err != nil && len(filterDetails(err)) == 0 {
		s.fail(w, r, err)
		return
	}
	if view.Filter, err = s.filterBar(ctx, delivery.OfDora, path, q, err); err != nil {
		s.fail(w, r, err)
		return
	}
	view.Filter.Bucket = ""
	view.Filter.Groups = slices.DeleteFunc(view.Filter.Groups, func(g views.FilterGroup) bool { return g.Name == "service" || g.Name == "team" })
	page := s.page(r, name, "dora")
	page.Scripts = []string{"charts.js"}
	s.render(w, r, status, views.ServiceTimelinePage(page, view))
}

// fillService reads the timeline of a service, and when it was last deployed.
func (s *Server) fillService(ctx context.Context, f delivery.Filter, view *views.ServiceView) error {
	data, q, err := s.loadDoraData(ctx, f, delivery.PartGroups, delivery.PartIncidents)
	if err != nil {
		return err
	}
	for i := range data.Groups {
		if g := &data.Groups[i]; g.FinishedAt >= q.From && g.FinishedAt < q.To {
			view.Events = append(view.Events, views.ServiceEvent{At: g.FinishedAt, Group: g})
		}
	}
	for i := range data.Incidents {
		if o := &data.Incidents[i]; o.StartedAt >= q.From && o.StartedAt < q.To {
			view.Events = append(view.Events, views.ServiceEvent{At: o.StartedAt, Incident: o})
		}
	}
	slices.SortStableFunc(view.Events, func(a, b views.ServiceEvent) int { return newestFirst(a.At, b.At, "", "") })
	view.Events = view.Events[:min(len(view.Events), eventsShown)]
	ever := f
	ever.From, ever.To, ever.Environments, ever.Connections = 1, q.Now+1, nil, nil
	all, q, err := s.loadDoraData(ctx, ever, delivery.PartGroups)
	if err != nil {
		return err
	}
	var last delivery.Instant
	for i := range all.Groups {
		if g := &all.Groups[i]; g.Succeeded {
			last = max(last, g.FinishedAt)
		}
	}
	if last != 0 {
		view.Last = i18n.From(ctx).Ago(last.Time(), q.Now.Time())
	}
	return nil
}
