package web

import (
	"errors"
	"net/http"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

// runPage is one run with its jobs.
func (s *Server) runPage(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	q, err := query(r)
	if err == nil {
		err = errors.Join(onlyParams(q, "lang"), checkLang(q))
	}
	if err != nil {
		s.errorPage(w, r, http.StatusBadRequest)
		return
	}
	run, err := s.runOf(r)
	switch {
	case errors.Is(err, delivery.ErrNotFound):
		s.render(w, r, http.StatusNotFound, views.NoRunPage(s.page(r, i18n.T(ctx, "run.missing.title"), "pipelines")))
		return
	case err != nil:
		s.fail(w, r, err)
		return
	}
	view := s.runView(r, &run)
	s.render(w, r, http.StatusOK, views.RunPage(s.page(r, view.Name(), "pipelines"), view))
}

func (s *Server) runView(r *http.Request, run *delivery.RunDetail) views.RunView {
	v := views.RunView{
		Run: run.Run, Report: delivery.ReportRun(&run.Run, run.Seq), Source: sourceLink(run.URL),
		Zone: s.zone(r.Context()), Now: delivery.InstantOf(s.now()),
	}
	for _, j := range run.Jobs {
		v.Jobs = append(v.Jobs, views.RunJob{Job: j, Source: sourceLink(j.URL)})
	}
	return v
}
