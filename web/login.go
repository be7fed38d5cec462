package web

import (
	"errors"
	"net/http"

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
	s.render(w, r, http.StatusOK, views.LoginPage(s.page(r, i18n.T(r.Context(), "login.title"), ""), views.Form{}, next))
}

func (s *Server) logIn(w http.ResponseWriter, r *http.Request) {
	if !s.parseForm(w, r) {
		return
	}
	ctx := r.Context()
	next := safeNext(r.PostFormValue("next"))
	refuse := func(status int, message string) {
		f := views.Form{Values: map[string]string{"email": r.PostFormValue("email")}, Error: message}
		s.render(w, r, status, views.LoginPage(s.page(r, i18n.T(ctx, "login.title"), ""), f, next))
	}
	if !s.logins.allows(r, s.now()) {
		refuse(http.StatusTooManyRequests, i18n.T(ctx, "login.too_many"))
		return
	}
	u, err := s.db.Authenticate(ctx, r.PostFormValue("email"), r.PostFormValue("password"))
	switch {
	case errors.Is(err, control.ErrCredentials):
		s.logins.failed(r, s.now())
		refuse(http.StatusUnprocessableEntity, i18n.T(ctx, "login.wrong"))
		return
	case err != nil:
		s.fail(w, r, err)
		return
	}
	if err := s.signIn(ctx, u); err != nil {
		s.fail(w, r, err)
		return
	}
	s.redirect(w, r, next)
}

func (s *Server) logOut(w http.ResponseWriter, r *http.Request) {
	if err := s.sessions.Destroy(r.Context()); err != nil {
		s.fail(w, r, err)
		return
	}
	s.redirect(w, r, "/login")
}
