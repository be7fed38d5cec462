package web

import (
	"errors"
	"net/http"

	"throughline/internal/control"
	"throughline/internal/i18n"
	"throughline/views"
)

// setupPage asks for the first admin when it is opened by the one-time link,
// and says where to find that link otherwise.
func (s *Server) setupPage(w http.ResponseWriter, r *http.Request) {
	token := r.URL.Query().Get("token")
	if s.setupOpen(w, r, token) {
		s.render(w, r, http.StatusOK, views.SetupPage(s.setupFrame(r), views.Form{}, token))
	}
}

func (s *Server) setUp(w http.ResponseWriter, r *http.Request) {
	if !s.parseForm(w, r) {
		return
	}
	ctx := r.Context()
	token, email, password := r.PostFormValue("token"), r.PostFormValue("email"), r.PostFormValue("password")
	if !s.setupOpen(w, r, token) {
		return
	}
	f := views.Form{Values: map[string]string{"email": email}}
	var u control.User
	var err error
	if password == r.PostFormValue("password2") {
		u, err = s.db.SetUp(ctx, token, email, password)
	} else {
		differs := &control.FieldError{Field: "password2", Code: "differs", Message: "the passwords differ"}
		err = errors.Join(control.CheckAccount(email, password), differs)
	}
	if errs, ok := fieldErrors(ctx, err); ok {
		f.Errors = errs
		s.render(w, r, http.StatusUnprocessableEntity, views.SetupPage(s.setupFrame(r), f, token))
		return
	}
	if err == nil {
		err = s.signIn(ctx, u)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.flash(r, "setup.done")
	s.redirect(w, r, "/settings/connections/new")
}

// setupOpen reports whether the token opens the set-up; if not, the answer is
// written.
func (s *Server) setupOpen(w http.ResponseWriter, r *http.Request, token string) bool {
	err := s.db.CheckSetupToken(r.Context(), token)
	switch {
	case err == nil:
		return true
	case errors.Is(err, control.ErrSetupDone):
		s.redirect(w, r, "/login")
	case errors.Is(err, control.ErrBadToken):
		status := http.StatusOK
		if token != "" {
			status = http.StatusForbidden
		}
		s.render(w, r, status, views.SetupClosedPage(s.setupFrame(r), token != ""))
	default:
		s.fail(w, r, err)
	}
	return false
}

func (s *Server) setupFrame(r *http.Request) views.Page {
	p := s.page(r, i18n.T(r.Context(), "setup.title"), "")
	if r.Method != http.MethodGet {
		p.Path = "/setup"
	}
	return p
}
