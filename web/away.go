package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

// awayWait is when whoever was told that the fact store does not answer may ask
// again.
const awayWait = 30 * time.Second

// unlessAway is what the fact store said, or nothing while it does not answer.
func unlessAway[T any](v T, err error) (said T, away bool, other error) {
	if errors.Is(err, delivery.ErrUnavailable) {
		var none T
		return none, true, nil
	}
	return v, false, err
}

// awayPage is the answer to a page that is nothing without the fact store.
func (s *Server) awayPage(w http.ResponseWriter, r *http.Request, err error) {
	s.log.Warn("page without the fact store", "error", err)
	p := s.errorFrame(r, http.StatusServiceUnavailable)
	p.Lang = i18n.From(r.Context()).Lang() // the query may have chosen it
	p.Title = i18n.T(r.Context(), "error.store.title")
	again := ""
	if r.Method == http.MethodGet {
		again = r.URL.RequestURI()
		p.Path = strings.TrimPrefix(again, s.base)
	}
	switch section, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, s.base), "/"), "/"); section {
	case "flow", "issues":
		p.Nav = "flow"
	case "syncs", "settings":
		p.Nav = section
	}
	retryAfter(w, awayWait)
	s.render(w, r, http.StatusServiceUnavailable, views.AwayPage(p, again))
}

// apiAway tells a program that the fact store does not answer.
func (s *Server) apiAway(w http.ResponseWriter, err error) {
	s.log.Warn("request without the fact store", "error", err)
	retryAfter(w, awayWait)
	writeAPIError(w, http.StatusServiceUnavailable, "unavailable", "the fact store does not answer; try again later")
}

// facetsOrNone are the facets, none while the fact store does not answer.
func (s *Server) facetsOrNone(ctx context.Context) (facets delivery.Facets, away bool, err error) {
	return unlessAway(s.facets(ctx))
}
