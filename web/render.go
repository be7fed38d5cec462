package web

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/a-h/templ"
	"github.com/go-chi/chi/v5"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

// render writes a component whole or not at all.
func (s *Server) render(w http.ResponseWriter, r *http.Request, status int, c templ.Component) {
	var b bytes.Buffer
	if err := c.Render(r.Context(), &b); err != nil {
		if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
			s.log.Debug("cannot render", "error", err)
			return // the browser went away
		}
		s.log.Error("cannot render", "error", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // a browser that went away
}

// redirect sends the browser to a path of this site with GET.
func (s *Server) redirect(w http.ResponseWriter, r *http.Request, path string) {
	http.Redirect(w, r, s.base+path, http.StatusSeeOther)
}

// parseForm reads a form; when it cannot, the answer is written already.
func (s *Server) parseForm(w http.ResponseWriter, r *http.Request) bool {
	err := r.ParseForm()
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil && isText(r.PostForm):
		return true
	case errors.As(err, &tooLarge):
		s.errorPage(w, r, http.StatusRequestEntityTooLarge)
	default:
		s.errorPage(w, r, http.StatusBadRequest)
	}
	return false
}

// isText reports whether all of a form is UTF-8.
func isText(form url.Values) bool {
	for name, values := range form {
		if !utf8.ValidString(name) || slices.ContainsFunc(values, func(v string) bool { return !utf8.ValidString(v) }) {
			return false
		}
	}
	return true
}

// fail answers an error of a database: with a page that says what is wrong as
// far as a person can use it. What went wrong is logged here.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, control.ErrNotFound), errors.Is(err, delivery.ErrNotFound):
		s.errorPage(w, r, http.StatusNotFound)
		return
	case errors.Is(err, context.Canceled) && r.Context().Err() != nil:
		return // the browser went away
	case errors.Is(err, delivery.ErrUnavailable):
		s.awayPage(w, r, err)
		return
	}
	s.log.Error("request failed", "error", err)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), 2*time.Second)
	defer cancel()
	switch {
	case s.databases(ctx) != nil:
		s.errorPage(w, r, http.StatusServiceUnavailable)
		return
	case errors.Is(err, context.DeadlineExceeded):
		s.errorPage(w, r, http.StatusGatewayTimeout)
		return
	}
	s.errorPage(w, r, http.StatusInternalServerError)
}

// errorPage answers a status with a page in the reader's language.
func (s *Server) errorPage(w http.ResponseWriter, r *http.Request, status int) {
	// Errors of the middleware itself come before the language is known.
	r = r.WithContext(s.localized(r))
	p := s.errorFrame(r, status)
	s.render(w, r, status, views.ErrorPage(p, status))
}

func (s *Server) errorFrame(r *http.Request, status int) views.Page {
	p := views.Page{Title: i18n.T(r.Context(), views.ErrorTitle(status)), Lang: s.lang(r), Theme: s.theme(r), Demo: s.cfg.Demo, Path: "/", Quality: s.lastQuality()}
	p.User, p.Guest = who(r.Context())
	return p
}

func (s *Server) notFound(w http.ResponseWriter, r *http.Request) {
	if s.isAPI(r) {
		writeAPIError(w, http.StatusNotFound, "not_found", "no such path")
		return
	}
	s.errorPage(w, r, http.StatusNotFound)
}

func (s *Server) methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Allow", strings.Join(allowedMethods(r), ", "))
	if s.isAPI(r) {
		writeAPIError(w, http.StatusMethodNotAllowed, "method_not_allowed", "this path does not take "+r.Method)
		return
	}
	s.errorPage(w, r, http.StatusMethodNotAllowed)
}

// allowedMethods are those that the path of a request takes.
func allowedMethods(r *http.Request) []string {
	var out []string
	routes := chi.RouteContext(r.Context()).Routes
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		if !routes.Match(chi.NewRouteContext(), method, r.URL.Path) {
			continue
		}
		if out = append(out, method); method == http.MethodGet {
			out = append(out, http.MethodHead)
		}
	}
	return out
}

func (s *Server) isAPI(r *http.Request) bool {
	path, below := strings.CutPrefix(r.URL.Path, s.base)
	return below && (strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, hooksBelow) || strings.HasPrefix(path, savePath))
}

func (s *Server) crossOriginDenied(w http.ResponseWriter, r *http.Request) {
	s.log.Warn("form of another origin refused", "origin", r.Header.Get("Origin"))
	s.render(w, r, http.StatusForbidden, views.CrossOriginPage(s.errorFrame(r, http.StatusForbidden)))
}
