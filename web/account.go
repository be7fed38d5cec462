package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/go-chi/chi/v5"

	"throughline/internal/control"
	"throughline/internal/i18n"
	"throughline/views"
)

func (s *Server) accountRoutes(r chi.Router) {
	r.Get("/", s.accountPage)
	r.Post("/password", s.changePassword)
	r.Post("/sign-out", s.signOutEverywhere)
}

func (s *Server) accountPage(w http.ResponseWriter, r *http.Request) {
	s.showAccount(w, r, http.StatusOK, views.Form{})
}

func (s *Server) showAccount(w http.ResponseWriter, r *http.Request, status int, f views.Form) {
	u, _ := userFrom(r.Context())
	teams, err := s.db.Teams(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	p := s.page(r, i18n.T(r.Context(), "account.title"), "account")
	p.Path = "/account"
	s.render(w, r, status, views.AccountPage(p, views.Account{UserRow: userRow(r.Context(), u, teams), Form: f}))
}

func (s *Server) changePassword(w http.ResponseWriter, r *http.Request) {
	if s.cfg.Demo {
		s.errorPage(w, r, http.StatusNotFound)
		return
	}
	if !s.parseForm(w, r) {
		return
	}
	ctx, now := r.Context(), s.now()
	u, _ := userFrom(ctx)
	// Apart from those of the login: whoever guesses there cannot lock out who
	// is in already.
	key := fmt.Sprintf("account/%d", u.ID)
	wait, ok := s.logins.take(r, key, now)
	if !ok {
		retryAfter(w, wait)
		s.showAccount(w, r, http.StatusTooManyRequests, views.Form{Error: tooManyTries(ctx, wait)})
		return
	}
	err := s.db.CheckPassword(ctx, u.ID, r.PostFormValue("current"))
	if errors.Is(err, control.ErrCredentials) {
		err = &control.FieldError{Field: "current", Code: "wrong", Message: "not the current password"}
	} else if err == nil {
		s.logins.forgive(r, key, now)
		err = s.replacePassword(ctx, u, r.PostFormValue("current"), r.PostFormValue("password"), r.PostFormValue("password2"))
	}
	if errs, ok := fieldErrors(ctx, err); ok {
		s.showAccount(w, r, http.StatusUnprocessableEntity, views.Form{Errors: errs})
		return
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.flash(r, "account.password.saved")
	s.redirect(w, r, "/account")
}

// replacePassword is takePassword for who has one, which is right: the same again
// would end all other sessions for nothing.
func (s *Server) replacePassword(ctx context.Context, u control.User, current, password, again string) error {
	if password == current {
		return &control.FieldError{Field: "password", Code: "same", Message: "this is the password you have"}
	}
	return s.takePassword(ctx, u, password, again)
}

// takePassword sets a password, which ends every session, and begins this one
// anew.
func (s *Server) takePassword(ctx context.Context, u control.User, password, again string) error {
	if err := samePassword(password, again); err != nil {
		return err
	}
	u, err := s.db.SetPassword(ctx, u.ID, password, s.now())
	if err != nil {
		return err
	}
	return s.signIn(ctx, u)
}

// signOutEverywhere ends every session of whoever asks, this one too.
func (s *Server) signOutEverywhere(w http.ResponseWriter, r *http.Request) {
	if s.cfg.Demo {
		s.errorPage(w, r, http.StatusNotFound)
		return
	}
	ctx := r.Context()
	u, _ := userFrom(ctx)
	if err := s.db.SignOutEverywhere(ctx, u.ID); err != nil {
		s.fail(w, r, err)
		return
	}
	if err := s.sessions.Clear(ctx); err != nil {
		s.fail(w, r, err)
		return
	}
	if err := s.sessions.RenewToken(ctx); err != nil {
		s.fail(w, r, err)
		return
	}
	s.flash(r, "account.signed_out")
	s.redirect(w, r, "/login")
}
