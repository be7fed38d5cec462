package web

import (
	"errors"
	"net/http"
	"net/url"

	"throughline/internal/control"
	"throughline/internal/i18n"
	"throughline/views"
)

// invitePage is where a one-time link leads: it asks for a password.
func (s *Server) invitePage(w http.ResponseWriter, r *http.Request) {
	keepAddress(w)
	token := r.URL.Query().Get("token")
	if i, ok := s.openLink(w, r, token); ok {
		s.showInvite(w, r, http.StatusOK, i, views.Form{}, token)
	}
}

// keepAddress keeps browsers from telling anybody the address of the page,
// which is a key.
func keepAddress(w http.ResponseWriter) { w.Header().Set("Referrer-Policy", "no-referrer") }

// openLink is what a link is for; when it is of no use, the answer is written.
func (s *Server) openLink(w http.ResponseWriter, r *http.Request, token string) (control.Invite, bool) {
	if s.cfg.Demo { // everybody is signed in as the one user
		s.errorPage(w, r, http.StatusNotFound)
		return control.Invite{}, false
	}
	i, err := s.db.InviteFor(r.Context(), token, s.now())
	if err != nil {
		s.linkIsOver(w, r, err)
		return control.Invite{}, false
	}
	return i, true
}

// linkIsOver says why a link leads nowhere.
func (s *Server) linkIsOver(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusGone
	var why string
	switch {
	case errors.Is(err, control.ErrNotFound):
		status, why = http.StatusNotFound, "unknown"
	case errors.Is(err, control.ErrLinkUsed):
		why = "used"
	case errors.Is(err, control.ErrLinkExpired):
		why = "expired"
	case errors.Is(err, control.ErrLinkRevoked):
		why = "revoked"
	default:
		s.fail(w, r, err)
		return
	}
	p := s.doorPage(r, i18n.T(r.Context(), "invite.over.title"))
	s.render(w, r, status, views.InviteOverPage(p, why))
}

func (s *Server) showInvite(w http.ResponseWriter, r *http.Request, status int, i control.Invite, f views.Form, token string) {
	title := "invite.title"
	if i.Reset {
		title = "invite.reset.title"
	}
	p := s.doorPage(r, i18n.T(r.Context(), title))
	p.Path = "/invite?token=" + url.QueryEscape(token)
	s.render(w, r, status, views.InvitePage(p, f, views.Invitation{
		Token: token, Email: i.Email, Role: string(i.Role), Reset: i.Reset, ExpiresAt: i.ExpiresAt,
	}))
}

func (s *Server) acceptInvite(w http.ResponseWriter, r *http.Request) {
	keepAddress(w)
	if !s.parseForm(w, r) {
		return
	}
	ctx, token, password := r.Context(), r.PostFormValue("token"), r.PostFormValue("password")
	i, ok := s.openLink(w, r, token)
	if !ok {
		return
	}
	u, err := control.User{}, samePassword(password, r.PostFormValue("password2"))
	if err == nil {
		u, err = s.db.AcceptInvite(ctx, token, password, s.now())
	}
	if errs, ok := fieldErrors(ctx, err); ok {
		s.showInvite(w, r, http.StatusUnprocessableEntity, i, views.Form{Errors: errs}, token)
		return
	}
	if err != nil { // somebody else may have been faster
		s.linkIsOver(w, r, err)
		return
	}
	if err := s.signIn(ctx, u); err != nil {
		s.fail(w, r, err)
		return
	}
	if i.Reset {
		s.flash(r, "account.password.saved")
	} else {
		s.flash(r, "invite.done")
	}
	s.redirect(w, r, "/")
}

// samePassword checks a new password that was typed twice.
func samePassword(password, again string) error {
	if password == again {
		return nil
	}
	differs := &control.FieldError{Field: "password2", Code: "differs", Message: "the passwords differ"}
	return errors.Join(control.ValidatePassword(password), differs)
}
