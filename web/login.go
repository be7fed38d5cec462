package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"throughline/internal/control"
	"throughline/internal/i18n"
	"throughline/views"
)

func (s *Server) loginPage(w http.ResponseWriter, r *http.Request) {
	next := safeNext(r.URL.Query().Get("next"))
	if _, ok := userFrom(r.Context()); ok {
		s.redirect(w, r, next)
		return
	}
	s.showLogin(w, r, http.StatusOK, views.Form{}, next)
}

func (s *Server) showLogin(w http.ResponseWriter, r *http.Request, status int, f views.Form, next string) {
	s.render(w, r, status, views.LoginPage(s.doorPage(r, i18n.T(r.Context(), "login.title")), f, next))
}

// doorPage is the frame of a page before the door, whoever asks.
func (s *Server) doorPage(r *http.Request, title string) views.Page {
	p := s.page(r, title, "")
	p.Guest = false
	return p
}

func (s *Server) logIn(w http.ResponseWriter, r *http.Request) {
	if !s.parseForm(w, r) {
		return
	}
	ctx, email := r.Context(), r.PostFormValue("email")
	next := safeNext(r.PostFormValue("next"))
	refuse := func(status int, message string) {
		s.showLogin(w, r, status, views.Form{Values: map[string]string{"email": email}, Error: message}, next)
	}
	if wait, ok := s.logins.take(r, email, s.now()); !ok {
		retryAfter(w, wait)
		refuse(http.StatusTooManyRequests, tooManyTries(ctx, wait))
		return
	}
	u, err := s.db.Authenticate(ctx, email, r.PostFormValue("password"))
	switch {
	case errors.Is(err, control.ErrCredentials):
		refuse(http.StatusUnprocessableEntity, i18n.T(ctx, "login.wrong"))
		return
	case err != nil:
		s.fail(w, r, err)
		return
	}
	s.logins.forgive(r, email, s.now())
	if err := s.signIn(ctx, u); err != nil {
		s.fail(w, r, err)
		return
	}
	s.redirect(w, r, next)
}

// tooManyTries says when to try again.
func tooManyTries(ctx context.Context, wait time.Duration) string {
	p := i18n.From(ctx)
	return p.T("login.too_many", "wait", p.Duration(roundUp(wait).Seconds(), 24))
}

func (s *Server) logOut(w http.ResponseWriter, r *http.Request) {
	if err := s.sessions.Destroy(r.Context()); err != nil {
		s.fail(w, r, err)
		return
	}
	s.redirect(w, r, "/login")
}
