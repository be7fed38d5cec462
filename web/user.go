package web

import (
	"errors"
	"fmt"
	"net/http"

	"throughline/internal/control"
	"throughline/internal/i18n"
	"throughline/views"
)

// namedUser is the user of the path; when there is none, the answer is written.
func (s *Server) namedUser(w http.ResponseWriter, r *http.Request) (control.User, bool) {
	id, ok := s.pathID(w, r)
	if !ok {
		return control.User{}, false
	}
	u, err := s.db.User(r.Context(), id)
	if err != nil {
		s.fail(w, r, err)
		return control.User{}, false
	}
	return u, true
}

func userPath(u control.User) string { return fmt.Sprintf("%s/%d", usersPath, u.ID) }

func (s *Server) userPage(w http.ResponseWriter, r *http.Request) {
	if u, ok := s.namedUser(w, r); ok {
		s.showUser(w, r, http.StatusOK, u, views.Form{Values: map[string]string{"role": string(u.Role)}})
	}
}

func (s *Server) showUser(w http.ResponseWriter, r *http.Request, status int, u control.User, f views.Form) {
	teams, err := s.db.Teams(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	page := views.UserDetails{UserRow: userRow(r.Context(), u, teams), Form: f, Roles: roleOptions(r.Context()), Demo: s.cfg.Demo}
	if shown, ok := s.revealed(r, userPath(u)); ok {
		page.Once = &views.Once{Name: shown.name, Value: shown.value}
	}
	s.render(w, r, status, views.UserPage(s.page(r, u.Email, "settings"), page))
}

func (s *Server) setRole(w http.ResponseWriter, r *http.Request) {
	if !s.parseForm(w, r) {
		return
	}
	u, ok := s.namedUser(w, r)
	if !ok {
		return
	}
	role := r.PostFormValue("role")
	err := s.db.SetRole(r.Context(), u.ID, control.Role(role))
	if errors.Is(err, control.ErrLastAdmin) {
		err = &control.FieldError{Field: "role", Code: "last", Message: err.Error()}
	}
	if errs, ok := fieldErrors(r.Context(), err); ok {
		s.showUser(w, r, http.StatusUnprocessableEntity, u, views.Form{Values: map[string]string{"role": string(u.Role)}, Errors: errs})
		return
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.flash(r, "users.role.saved", "email", u.Email)
	if me, _ := userFrom(r.Context()); me.ID == u.ID && control.Role(role) != control.Admin {
		s.redirect(w, r, "/account") // settings are closed now
		return
	}
	s.redirect(w, r, userPath(u))
}

// resetPassword makes a link by which the user chooses another password.
func (s *Server) resetPassword(w http.ResponseWriter, r *http.Request) {
	if s.cfg.Demo {
		s.errorPage(w, r, http.StatusNotFound)
		return
	}
	u, ok := s.namedUser(w, r)
	if !ok {
		return
	}
	token, _, err := s.db.NewReset(r.Context(), u.ID, s.now())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.reveal(w, r, userPath(u), u.Email, s.linkURL(r, token))
}

func (s *Server) signOutUser(w http.ResponseWriter, r *http.Request) {
	u, ok := s.namedUser(w, r)
	if !ok {
		return
	}
	if err := s.db.SignOutEverywhere(r.Context(), u.ID); err != nil {
		s.fail(w, r, err)
		return
	}
	s.flash(r, "users.signed_out", "email", u.Email)
	s.redirect(w, r, userPath(u))
}

func (s *Server) removeUserPage(w http.ResponseWriter, r *http.Request) {
	if u, ok := s.namedUser(w, r); ok {
		s.showRemoveUser(w, r, http.StatusOK, u, "")
	}
}

func (s *Server) showRemoveUser(w http.ResponseWriter, r *http.Request, status int, u control.User, problem string) {
	title := i18n.T(r.Context(), "user.remove.title", "email", u.Email)
	s.render(w, r, status, views.RemoveUserPage(s.page(r, title, "settings"), userRow(r.Context(), u, nil), problem))
}

func (s *Server) removeUser(w http.ResponseWriter, r *http.Request) {
	u, ok := s.namedUser(w, r)
	if !ok {
		return
	}
	err := s.db.RemoveUser(r.Context(), u.ID, s.now())
	switch {
	case errors.Is(err, control.ErrLastAdmin):
		s.showRemoveUser(w, r, http.StatusUnprocessableEntity, u, i18n.T(r.Context(), "mistake.role.last"))
	case err != nil:
		s.fail(w, r, err)
	default:
		s.flash(r, "users.removed", "email", u.Email)
		s.redirect(w, r, usersPath)
	}
}
