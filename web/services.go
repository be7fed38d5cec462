package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

const servicesPath = "/settings/services"

// serviceRoutes say themselves what a lead may change: the services that are of
// their own teams only.
func (s *Server) serviceRoutes(r chi.Router) {
	r.Get("/services", s.servicesPage)
	r.Get("/services/new", s.servicePage)
	r.Post("/services", s.saveService)
	r.Post("/services/preview", s.previewService)
	r.Post("/services/give", s.giveRepository)
	r.Get("/services/{id}", s.servicePage)
	r.Post("/services/{id}", s.saveService)
	r.Post("/services/{id}/preview", s.previewService)
	r.Get("/services/{id}/delete", s.deleteServicePage)
	r.Post("/services/{id}/delete", s.deleteService)
	r.Group(func(r chi.Router) {
		r.Use(s.needAdmin)
		r.Get("/services/rules", s.rulesPage)
		r.Post("/services/rules", s.saveRules)
		r.Post("/services/rules/preview", s.previewRules)
		r.Post("/services/catalog", s.saveCatalog)
	})
}

func servicePath(id int64) string { return servicesPath + "/" + strconv.FormatInt(id, 10) }

// servicesPage lists the declared services, and the repositories in the data that
// nothing maps.
func (s *Server) servicesPage(w http.ResponseWriter, r *http.Request) {
	list, err := s.serviceList(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.showServices(w, r, http.StatusOK, list)
}

func (s *Server) showServices(w http.ResponseWriter, r *http.Request, status int, list views.ServiceList) {
	s.render(w, r, status, views.ServicesPage(s.page(r, i18n.T(r.Context(), "settings.services"), "settings"), list))
}

func (s *Server) serviceList(ctx context.Context) (views.ServiceList, error) {
	may, err := s.rights(ctx)
	if err != nil {
		return views.ServiceList{}, err
	}
	all, err := s.db.Services(ctx)
	if err != nil {
		return views.ServiceList{}, err
	}
	teams, err := s.teams(ctx)
	if err != nil {
		return views.ServiceList{}, err
	}
	facets, away, err := s.doraFacetsOrNone(ctx)
	if err != nil {
		return views.ServiceList{}, err
	}
	list := views.ServiceList{Admin: may.admin, Away: away}
	for i := range all {
		list.Services = append(list.Services, serviceRow(&all[i], teams, may))
	}
	for _, found := range facets.Repositories {
		switch {
		case slices.ContainsFunc(all, func(o control.Service) bool { return strings.EqualFold(o.Repository, found.Key) }):
		case len(teams.OfService(&delivery.Service{Name: found.Key, Repository: found.Key})) > 0:
			list.Implied++
		default:
			list.Implied++
			list.Unknown = append(list.Unknown, views.SeenRepository{Name: found.Key, Deployments: found.Count})
		}
	}
	for _, t := range may.all {
		if may.team(t.Name) && !t.Provisioned {
			list.Targets = append(list.Targets, views.Option{Value: strconv.FormatInt(t.ID, 10), Label: t.Name})
		}
	}
	if may.admin {
		list.Catalog, err = s.catalogForm(ctx)
	}
	return list, err
}

func serviceRow(one *control.Service, teams delivery.Teams, may rights) views.ServiceRow {
	return views.ServiceRow{
		Name: one.Name, Path: servicePath(one.ID), Repository: one.Repository, Paths: one.Paths, Environments: one.Environments,
		Jira: one.JiraProjects, Sentry: one.SentryProjects, Queues: one.Queues, Teams: teams.OfService(&one.Service),
		Provisioned: one.Provisioned, Editable: may.service(&one.Service),
	}
}

// doraFacetsOrNone are the values found in deployments and incidents, none while the
// fact store does not answer.
func (s *Server) doraFacetsOrNone(ctx context.Context) (facets delivery.DoraFacets, away bool, err error) {
	return unlessAway(s.store.DoraFacets(ctx))
}

// pathService is the service of a path, a new one without an id. When the reader may
// not change it, or it is not there, the answer is written.
func (s *Server) pathService(w http.ResponseWriter, r *http.Request) (one control.Service, may rights, ok bool) {
	may, err := s.rights(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return one, may, false
	}
	param := chi.URLParam(r, "id")
	if param == "" {
		if !may.admin {
			s.errorPage(w, r, http.StatusForbidden)
		}
		return one, may, may.admin
	}
	all, err := s.db.Services(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return one, may, false
	}
	id, err := strconv.ParseInt(param, 10, 64)
	i := slices.IndexFunc(all, func(o control.Service) bool { return o.ID == id })
	switch {
	case err != nil || i < 0:
		s.notFound(w, r)
		return one, may, false
	case !may.service(&all[i].Service):
		s.errorPage(w, r, http.StatusForbidden)
		return one, may, false
	}
	return all[i], may, true
}

func (s *Server) deleteServicePage(w http.ResponseWriter, r *http.Request) {
	one, may, ok := s.pathService(w, r)
	switch {
	case !ok:
	case !may.admin || one.Provisioned:
		s.errorPage(w, r, http.StatusForbidden)
	default:
		page := s.page(r, i18n.T(r.Context(), "services.delete.title", "service", one.Name), "settings")
		s.render(w, r, http.StatusOK, views.DeleteServicePage(page, one.Name, servicePath(one.ID)))
	}
}

func (s *Server) deleteService(w http.ResponseWriter, r *http.Request) {
	one, may, ok := s.pathService(w, r)
	if !ok {
		return
	}
	if !may.admin {
		s.errorPage(w, r, http.StatusForbidden)
		return
	}
	audit, err := s.db.DeleteService(r.Context(), one.Name)
	switch {
	case s.notDeleted(w, r, err, servicesPath):
	case err != nil:
		s.fail(w, r, err)
	default:
		s.changed(w, r, audit, servicesPath, "services.deleted")
	}
}

// giveRepository gives a repository that nothing maps to a team.
func (s *Server) giveRepository(w http.ResponseWriter, r *http.Request) {
	if !s.parseForm(w, r) {
		return
	}
	ctx := r.Context()
	list, err := s.serviceList(ctx)
	may, rerr := s.rights(ctx)
	if err := errors.Join(err, rerr); err != nil {
		s.fail(w, r, err)
		return
	}
	id, idErr := strconv.ParseInt(r.PostFormValue("team"), 10, 64)
	repository := r.PostFormValue("repository")
	i := slices.IndexFunc(may.all, func(t control.Team) bool { return t.ID == id })
	switch {
	case idErr != nil || i < 0 || repository == "":
		s.errorPage(w, r, http.StatusBadRequest)
		return
	case !may.team(may.all[i].Name), may.all[i].Provisioned:
		s.errorPage(w, r, http.StatusForbidden)
		return
	case !slices.ContainsFunc(list.Unknown, func(u views.SeenRepository) bool { return u.Name == repository }):
		list.Error = i18n.T(ctx, "mistake.repository.mapped")
		s.showServices(w, r, http.StatusUnprocessableEntity, list)
		return
	}
	t := may.all[i]
	t.Repositories = append(slices.Clone(t.Repositories), repository)
	audit, err := s.db.SaveTeam(ctx, t)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.changedSaying(w, r, audit, servicesPath, i18n.T(ctx, "services.given", "repository", repository, "team", t.Name))
}
