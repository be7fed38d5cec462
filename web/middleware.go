package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

// logRequests writes one line a request. It holds the route's pattern, never
// the path with its ids and never the query.
func (s *Server) logRequests(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		ww := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		next.ServeHTTP(ww, r)
		route := "unmatched"
		if rctx := chi.RouteContext(r.Context()); rctx != nil && rctx.RoutePattern() != "" {
			route = rctx.RoutePattern()
		}
		status := ww.Status()
		if status == 0 {
			status = http.StatusOK
		}
		took := time.Since(start)
		s.observer.Answered(route, r.Method, status, took)
		s.log.Info("request", "method", r.Method, "route", route, "status", status,
			"bytes", ww.BytesWritten(), "duration", took, "ip", middleware.GetClientIP(r.Context()))
	})
}

// recoverPanics turns a panic into a logged 500.
func (s *Server) recoverPanics(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(v) // asks the server to close the connection
			}
			s.log.Error("panic", "value", v, "stack", string(debug.Stack()))
			s.errorPage(w, r, http.StatusInternalServerError)
		}()
		next.ServeHTTP(w, r)
	})
}

// contentPolicy allows what we serve ourselves, and nothing inline.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// strictTransport is what a site that is reached by https says of it.
const strictTransport = "max-age=31536000"

func (s *Server) securityHeaders(next http.Handler) http.Handler {
	https := s.cfg.BaseURL != nil && s.cfg.BaseURL.Scheme == "https"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		if https {
			h.Set("Strict-Transport-Security", strictTransport)
		}
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// unstored keeps no-store the only word on caching where the session adds its
// own to it with the cookie.
func unstored(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(&unstoredWriter{ResponseWriter: w}, r)
	})
}

type unstoredWriter struct {
	http.ResponseWriter
	begun bool
}

func (w *unstoredWriter) WriteHeader(status int) {
	if h := w.Header(); !w.begun && h.Get("Set-Cookie") != "" {
		h.Set("Cache-Control", "no-store")
	}
	w.begun = true
	w.ResponseWriter.WriteHeader(status)
}

func (w *unstoredWriter) Write(b []byte) (int, error) {
	if !w.begun {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (w *unstoredWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// limitBody bounds what is read of a request; of a hook more than of others.
func (s *Server) limitBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limit := int64(maxBody)
		if path := strings.TrimPrefix(r.URL.Path, s.base); takesHooks(path) {
			limit = maxHook
		} else if path == putPath {
			limit = maxPut
		}
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		next.ServeHTTP(w, r)
	})
}

// needText refuses paths and queries that are no text: what cannot be written cannot be
// answered about.
func (s *Server) needText(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, err := url.QueryUnescape(r.URL.RawQuery) // what is not well formed is told elsewhere
		if !utf8.ValidString(r.URL.Path) || err == nil && !utf8.ValidString(query) {
			if s.isAPI(r) {
				writeAPIError(w, http.StatusBadRequest, "bad_request", "the address is not UTF-8")
			} else {
				s.errorPage(w, r, http.StatusBadRequest)
			}
			return
		}
		next.ServeHTTP(w, r)
	})
}

// locale puts into the context what pages are written with: language, base
// path, and the clock of the default calendar.
func (s *Server) locale(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(s.localized(r)))
	})
}

func (s *Server) localized(r *http.Request) context.Context {
	ctx := i18n.With(r.Context(), i18n.For(s.lang(r)))
	ctx = views.WithBase(ctx, s.base)
	ctx = views.WithAdmin(ctx, hasRole(ctx, control.Admin))
	ctx = views.WithLead(ctx, hasRole(ctx, control.Admin, control.Lead))
	return views.WithClock(ctx, views.Clock{Now: s.now(), Zone: s.zone(ctx)})
}

// zone is where days begin and clocks are read: that of the default calendar,
// UTC while it cannot be read.
func (s *Server) zone(ctx context.Context) *time.Location {
	calendar, err := s.calendar(ctx)
	if err != nil {
		return time.UTC
	}
	return calendar.Zone()
}

func (s *Server) calendar(ctx context.Context) (*delivery.Calendar, error) {
	return s.db.DefaultCalendar(ctx)
}

// lang is the language that the query asks for, else the signed-in user's, else the
// one chosen before sign-in, else the browser's, else the configured one.
func (s *Server) lang(r *http.Request) string {
	if lang := r.URL.Query().Get("lang"); slices.Contains(i18n.Langs(), lang) {
		return lang
	}
	if u, ok := userFrom(r.Context()); ok && u.Lang != "" {
		return u.Lang
	}
	if lang := cookieChoice(r, langCookie, i18n.Langs()); lang != "" {
		return lang
	}
	if lang := i18n.Match(r.Header.Get("Accept-Language")); lang != "" {
		return lang
	}
	if s.cfg.LangDefault != "" {
		return s.cfg.LangDefault
	}
	return i18n.Default
}

// needUsers sends everybody to the set-up page until there is a user.
func (s *Server) needUsers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		has, err := s.anyUsers(r.Context())
		switch {
		case err != nil:
			s.fail(w, r, err)
		case !has:
			s.redirect(w, r, "/setup")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func (s *Server) anyUsers(ctx context.Context) (bool, error) {
	if s.hasUsers.Load() {
		return true, nil
	}
	has, err := s.db.HasUsers(ctx)
	if has {
		s.hasUsers.Store(true)
	}
	return has, err
}

// needUser sends whoever is not signed in to the login page. A part of a page
// that htmx asked for sends the whole browser there.
func (s *Server) needUser(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := userFrom(r.Context()); ok {
			next.ServeHTTP(w, r)
			return
		}
		if r.Header.Get("HX-Request") != "" {
			w.Header().Set("HX-Redirect", views.URL(r.Context(), "/login"))
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		s.redirect(w, r, loginPath(r, s.base))
	})
}

// needViewer lets in whoever may look: every user, and everybody where that is
// allowed. Who is not signed in changes nothing.
func (s *Server) needViewer(next http.Handler) http.Handler {
	user := s.needUser(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isGuest(r.Context()) && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			next.ServeHTTP(w, r)
			return
		}
		user.ServeHTTP(w, r)
	})
}

// needRole lets in users with one of the roles.
func (s *Server) needRole(roles ...control.Role) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !hasRole(r.Context(), roles...) {
				s.errorPage(w, r, http.StatusForbidden)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

func (s *Server) needAdmin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if hasRole(r.Context(), control.Admin) {
			next.ServeHTTP(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			s.errorPage(w, r, http.StatusForbidden)
			return
		}
		r = r.WithContext(s.localized(r))
		p := s.errorFrame(r, http.StatusForbidden)
		p.Title = i18n.T(r.Context(), "error.admins")
		s.render(w, r, http.StatusForbidden, views.ForAdminsPage(p))
	})
}

// needLead lets in leads too. What they may change is for the handler to say.
func (s *Server) needLead(next http.Handler) http.Handler {
	return s.needRole(control.Admin, control.Lead)(next)
}

// ownForms refuses forms of other sites. A page that keeps its address to
// itself, as that of a one-time link does, sends forms without an origin; on a
// site without HTTPS nothing else tells where they came from. Of such a page
// come its own form, which holds the link, and the choice of language and theme
// of somebody who is not signed in.
func (s *Server) ownForms(next http.Handler) http.Handler {
	checked := s.crossOrigin.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		untold := r.Header.Get("Origin") == "null" && r.Header.Get("Sec-Fetch-Site") == ""
		_, known := userFrom(r.Context())
		if untold && (r.URL.Path == s.base+"/invite" || r.URL.Path == s.base+"/preferences" && !known) {
			next.ServeHTTP(w, r)
			return
		}
		checked.ServeHTTP(w, r)
	})
}
