package web

import (
	"net/http"

	"throughline/internal/i18n"
	"throughline/views"
)

// beginPage says where to begin: the steps, and what brings which figures.
func (s *Server) beginPage(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	v := views.Begin{Page: s.page(r, i18n.T(ctx, "begin.title"), "overview")}
	for _, step := range []views.Step{
		{ID: "connect", Path: "/settings/connections/new"},
		{ID: "hours", Path: "/settings/calendars"},
		{ID: "workflow", Path: "/settings/workflow"},
		{ID: "team", Path: "/settings/teams/new"},
	} {
		step.Path = settingsPath(ctx, step.Path)
		v.Steps = append(v.Steps, step)
	}
	v.Sources = append(v.Sources, []views.BeginSource{
		{ID: "flow", Path: "/flow"},
		{ID: "deployments", Path: "/dora"},
		{ID: "failures", Path: "/dora"},
		{ID: "pipelines", Path: "/pipelines"},
		{ID: "errors", Path: "/errors"},
		{ID: "series", Path: "/series"},
	}...)
	s.render(w, r, http.StatusOK, views.BeginPage(v))
}
