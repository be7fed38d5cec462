package web

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"throughline/internal/control"
	"throughline/internal/i18n"
	"throughline/views"
)

// deletion asks whether the version that is shown is to be deleted; not ok when
// it is not the reader's to delete.
func deletion(ctx context.Context, versions []views.Version) (d views.VersionDeletion, ok bool) {
	i := slices.IndexFunc(versions, func(v views.Version) bool { return v.Current })
	if i < 0 || len(versions) < 2 || !versions[i].Deletable {
		return d, false
	}
	neighbour := i - 1
	if i == 0 {
		neighbour = 1
	}
	d.Title = i18n.T(ctx, "definitions.version_delete.title", "version", versionDay(ctx, versions[i]))
	d.Covers = versionDay(ctx, versions[neighbour])
	d.Hidden = []views.Option{{Value: "version", Label: versions[i].Value}}
	return d, true
}

// deleteWorkflowVersionPage asks once.
func (s *Server) deleteWorkflowVersionPage(w http.ResponseWriter, r *http.Request) {
	ctx, scope := r.Context(), scopeOf(r.URL.Query())
	f, err := s.workflowForm(ctx, scope)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	d, ok := deletion(ctx, f.Versions)
	if !ok || scope.newest {
		s.notFound(w, r)
		return
	}
	d.Tab, d.Action, d.Back, d.Goes = "workflow", "/settings/workflow/delete", scope.path(), i18n.T(ctx, "definitions.version_delete.workflow")
	d.Hidden = append(d.Hidden, views.Option{Value: "queue", Label: scope.queue}, views.Option{Value: "team", Label: scope.team})
	s.render(w, r, http.StatusOK, views.DeleteVersionPage(s.page(r, d.Title, "settings"), d))
}

// deleteCalendarVersionPage asks once.
func (s *Server) deleteCalendarVersionPage(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	e, err := s.calendarOf(ctx, r.URL.Query())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if !e.editable() {
		s.errorPage(w, r, http.StatusForbidden)
		return
	}
	d, ok := deletion(ctx, s.calendarForm(ctx, e, e.Calendar, "").Versions)
	if !ok || !r.URL.Query().Has("version") {
		s.notFound(w, r)
		return
	}
	d.Tab, d.Action, d.Back, d.Goes = "calendars", "/settings/calendars/delete", versionPath(e.Calendar), i18n.T(ctx, "definitions.version_delete.calendar", "name", e.Name)
	d.Hidden = append(d.Hidden, views.Option{Value: "name", Label: e.Name})
	s.render(w, r, http.StatusOK, views.DeleteVersionPage(s.page(r, d.Title, "settings"), d))
}

// notDeleted answers who may delete something that cannot be, and reports
// whether err is why.
func (s *Server) notDeleted(w http.ResponseWriter, r *http.Request, err error, path string) bool {
	status := http.StatusConflict
	var reason string
	switch {
	case errors.Is(err, control.ErrProvisioned):
		status, reason = http.StatusForbidden, "definitions.provisioned"
	case errors.Is(err, control.ErrLastVersion):
		reason = "definitions.last_version"
	case errors.Is(err, control.ErrInUse):
		reason = "definitions.in_use"
	default:
		return false
	}
	s.render(w, r, status, views.RefusedPage(s.page(r, i18n.T(r.Context(), "definitions.not_deleted"), "settings"), reason, path))
	return true
}
