package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/go-chi/chi/v5"

	"throughline/internal/control"
	"throughline/internal/i18n"
	"throughline/views"
)

const usersPath = "/settings/users"

func (s *Server) userRoutes(r chi.Router) {
	r.Get("/users", s.usersPage)
	r.Post("/users/invite", s.inviteUser)
	r.Post("/users/invites/{id}/renew", s.renewInvite)
	r.Post("/users/invites/{id}/withdraw", s.withdrawInvite)
	r.Post("/users/anonymous", s.setAnonymous)
	r.Get("/users/{id}", s.userPage)
	r.Post("/users/{id}/role", s.setRole)
	r.Post("/users/{id}/password", s.resetPassword)
	r.Post("/users/{id}/sign-out", s.signOutUser)
	r.Get("/users/{id}/remove", s.removeUserPage)
	r.Post("/users/{id}/remove", s.removeUser)
}

func (s *Server) usersPage(w http.ResponseWriter, r *http.Request) {
	form := views.Form{Values: map[string]string{"role": string(control.Viewer)}}
	s.showUsers(w, r, http.StatusOK, form)
}

func (s *Server) showUsers(w http.ResponseWriter, r *http.Request, status int, invite views.Form) {
	ctx := r.Context()
	users, err := s.db.Users(ctx)
	invites, ierr := s.db.Invites(ctx)
	anonymous, oerr := s.db.Option(ctx, control.AnonymousViewing)
	teams, terr := s.db.Teams(ctx)
	if err := errors.Join(err, ierr, oerr, terr); err != nil {
		s.fail(w, r, err)
		return
	}
	list := views.UserList{Teams: len(teams) > 0, Invite: invite, Roles: roleOptions(ctx), Anonymous: anonymous, Demo: s.cfg.Demo}
	for _, u := range users {
		list.Users = append(list.Users, userRow(ctx, u, teams))
	}
	for _, i := range invites {
		list.Invites = append(list.Invites, views.InviteRow{
			ID: i.ID, Email: i.Email, Role: string(i.Role), CreatedAt: i.CreatedAt, ExpiresAt: i.ExpiresAt,
			Expired: !s.now().Before(i.ExpiresAt),
		})
	}
	if shown, ok := s.revealed(r, usersPath); ok {
		list.Once = &views.Once{Name: shown.name, Value: shown.value}
	}
	s.render(w, r, status, views.UsersPage(s.page(r, i18n.T(ctx, "settings.users"), "settings"), list))
}

func userRow(ctx context.Context, u control.User, teams []control.Team) views.UserRow {
	me, _ := userFrom(ctx)
	row := views.UserRow{
		ID: u.ID, Email: u.Email, Role: string(u.Role), CreatedAt: u.CreatedAt, LastSeenAt: u.LastSeenAt, Self: u.ID == me.ID,
	}
	for _, t := range teams {
		if slices.Contains(t.Members, u.ID) {
			row.Teams = append(row.Teams, t.Name)
		}
	}
	return row
}

func roleOptions(ctx context.Context) []views.Option {
	var out []views.Option
	for _, role := range []control.Role{control.Viewer, control.Lead, control.Admin} {
		out = append(out, views.Option{Value: string(role), Label: i18n.T(ctx, "role.choice."+string(role))})
	}
	return out
}

func (s *Server) inviteUser(w http.ResponseWriter, r *http.Request) {
	if !s.parseForm(w, r) {
		return
	}
	email, role := r.PostFormValue("email"), r.PostFormValue("role")
	token, i, err := s.db.Invite(r.Context(), email, control.Role(role), s.now())
	if errs, ok := fieldErrors(r.Context(), err); ok {
		form := views.Form{Values: map[string]string{"email": email, "role": role}, Errors: errs}
		s.showUsers(w, r, http.StatusUnprocessableEntity, form)
		return
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.reveal(w, r, usersPath, i.Email, s.linkURL(r, token))
}

func (s *Server) renewInvite(w http.ResponseWriter, r *http.Request) {
	id, ok := s.pathID(w, r)
	if !ok {
		return
	}
	token, i, err := s.db.InviteAgain(r.Context(), id, s.now())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.reveal(w, r, usersPath, i.Email, s.linkURL(r, token))
}

func (s *Server) withdrawInvite(w http.ResponseWriter, r *http.Request) {
	id, ok := s.pathID(w, r)
	if !ok {
		return
	}
	if err := s.db.RevokeInvite(r.Context(), id, s.now()); err != nil {
		s.fail(w, r, err)
		return
	}
	s.flash(r, "users.withdrawn")
	s.redirect(w, r, usersPath)
}

func (s *Server) setAnonymous(w http.ResponseWriter, r *http.Request) {
	if !s.parseForm(w, r) {
		return
	}
	on := r.PostFormValue("anonymous") == "on"
	if err := s.db.SetOption(r.Context(), control.AnonymousViewing, on); err != nil {
		s.fail(w, r, err)
		return
	}
	if on {
		s.flash(r, "users.anonymous.on")
	} else {
		s.flash(r, "users.anonymous.off")
	}
	s.redirect(w, r, usersPath)
}

// pathID is the id in the path; when it is none, the answer is written.
func (s *Server) pathID(w http.ResponseWriter, r *http.Request) (int64, bool) {
	id, err := strconv.ParseInt(chi.URLParam(r, "id"), 10, 64)
	if err != nil || id < 1 {
		s.errorPage(w, r, http.StatusNotFound)
		return 0, false
	}
	return id, true
}

// linkURL is the address that a one-time link has for the browser that asked.
func (s *Server) linkURL(r *http.Request, token string) string {
	return s.siteURL(r) + "/invite?token=" + token
}

// siteURL is where the browser that asked finds us: the configured address, else
// the one it sent its form from or asked for.
func (s *Server) siteURL(r *http.Request) string {
	if u := s.cfg.BaseURL; u != nil {
		return u.Scheme + "://" + u.Host + s.base
	}
	if origin := r.Header.Get("Origin"); origin == "https://"+r.Host || r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
