package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"
)

// Metrics is what answers scrapes, and who may.
type Metrics struct {
	Handler        http.Handler // nil: there are none
	User, Password string       // of basic authentication; both or none are set
}

// metricsRoutes have no session: a scrape leaves nothing behind.
func (s *Server) metricsRoutes(r chi.Router) {
	if s.cfg.Metrics.Handler == nil {
		return
	}
	r = r.With(s.needMetrics)
	r.Get("/metrics", s.cfg.Metrics.Handler.ServeHTTP)
	r.Get("/metrics/", s.cfg.Metrics.Handler.ServeHTTP)
}

// needMetrics lets in a token that holds the scope, and who knows user and
// password, or, when there are none, programs on this machine.
func (s *Server) needMetrics(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := r.Header.Get("Authorization")
		scheme, _, _ := strings.Cut(header, " ")
		switch basic := s.cfg.Metrics.User != ""; {
		case basic && strings.EqualFold(scheme, "Basic"):
			if s.knowsPassword(w, r) {
				next.ServeHTTP(w, r)
			}
		case header != "":
			if _, ok := s.tokenHolds(w, r, header, scopeMetrics); ok {
				next.ServeHTTP(w, r)
			}
		case basic:
			s.askForPassword(w, "send user and password, or a token: Authorization: Bearer …")
		case fromHere(r.Context()):
			next.ServeHTTP(w, r)
		default:
			unauthorized(w, "send a token that holds the scope "+scopeMetrics+": Authorization: Bearer …")
		}
	})
}

// knowsPassword reports whether user and password of a request are right; when
// not, the answer is written. Guesses are slowed down like those of tokens.
func (s *Server) knowsPassword(w http.ResponseWriter, r *http.Request) bool {
	user, password, ok := r.BasicAuth()
	// Both are compared, whatever the first says.
	right := same(user, s.cfg.Metrics.User) & same(password, s.cfg.Metrics.Password)
	if ok && right == 1 {
		return true
	}
	if wait, ok := s.guesses.takeAddress(r, s.now()); !ok {
		retryAfter(w, wait)
		writeAPIError(w, http.StatusTooManyRequests, "too_many_requests", "too many wrong passwords from this address; wait a little")
		return false
	}
	s.askForPassword(w, "wrong user or password")
	return false
}

func (s *Server) askForPassword(w http.ResponseWriter, message string) {
	w.Header().Add("WWW-Authenticate", `Basic realm="metrics", charset="UTF-8"`)
	w.Header().Add("WWW-Authenticate", "Bearer")
	writeAPIError(w, http.StatusUnauthorized, "unauthorized", message)
}

// same takes the same time for texts of any length.
func same(a, b string) int {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:])
}
