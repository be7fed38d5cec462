package web

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/go-chi/chi/v5"

	"throughline/internal/control"
	"throughline/internal/i18n"
	"throughline/internal/source"
	"throughline/views"
)

func (s *Server) connectionRoutes(r chi.Router) {
	r.Get("/connections", s.connectionsPage)
	r.Post("/connections", s.createConnection)
	r.Get("/connections/new", s.newConnectionPage)
	r.Post("/connections/test", s.testConnection)
	r.Get("/connections/{name}", s.connectionPage)
	r.Post("/connections/{name}", s.updateConnection)
	r.Post("/connections/{name}/test", s.testConnection)
	r.Get("/connections/{name}/delete", s.deleteConnectionPage)
	r.Post("/connections/{name}/delete", s.deleteConnection)
}

func (s *Server) kind(name string) (source.Kind, bool) {
	i := slices.IndexFunc(s.cfg.Kinds, func(k source.Kind) bool { return k.Name == name })
	if i < 0 {
		return source.Kind{}, false
	}
	return s.cfg.Kinds[i], true
}

func (s *Server) connectionsPage(w http.ResponseWriter, r *http.Request) {
	list, err := s.connectionList(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	list = s.withBuiltIn(list)
	title := i18n.T(r.Context(), "settings.connections")
	s.render(w, r, http.StatusOK, views.ConnectionsPage(s.page(r, title, "settings"), list, s.cfg.Worker.Waiting()))
}

// withBuiltIn adds the connections that are there without having been made.
func (s *Server) withBuiltIn(list []views.Connection) []views.Connection {
	for _, k := range s.cfg.Kinds {
		there := slices.ContainsFunc(list, func(c views.Connection) bool { return c.Name == k.Name })
		if control.BuiltIn(k.Name) && !there {
			list = append(list, views.Connection{Name: k.Name, Kind: k.Title, Pushed: true})
		}
	}
	return list
}

func (s *Server) newConnectionPage(w http.ResponseWriter, r *http.Request) {
	if len(s.cfg.Kinds) == 0 {
		s.errorPage(w, r, http.StatusNotFound)
		return
	}
	kind, ok := s.kind(r.URL.Query().Get("kind"))
	if !ok {
		kind = s.cfg.Kinds[0]
	}
	name, err := s.freeName(r.Context(), kind.Name)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	c := control.Connection{Name: name, Kind: kind.Name, Every: control.DefaultEvery}
	s.showConnection(w, r, http.StatusOK, s.connectionForm(r, kind, c))
}

// freeName proposes the kind's name for its first connection, none after.
func (s *Server) freeName(ctx context.Context, name string) (string, error) {
	_, err := s.db.Connection(ctx, name)
	switch {
	case errors.Is(err, control.ErrNotFound):
		return name, nil
	case err != nil:
		return "", err
	}
	return "", nil
}

func (s *Server) showConnection(w http.ResponseWriter, r *http.Request, status int, f views.ConnectionForm) {
	title := i18n.T(r.Context(), "connection.new")
	if !f.New {
		title = i18n.T(r.Context(), "connection.title", "name", f.Name)
	}
	s.render(w, r, status, views.ConnectionPage(s.page(r, title, "settings"), f))
}

func (s *Server) connectionPage(w http.ResponseWriter, r *http.Request) {
	if c, kind, ok := s.namedConnection(w, r); ok {
		s.showConnection(w, r, http.StatusOK, s.connectionForm(r, kind, c))
	}
}

// namedConnection is the connection of the path; when there is none, the answer
// is written.
func (s *Server) namedConnection(w http.ResponseWriter, r *http.Request) (control.Connection, source.Kind, bool) {
	name := chi.URLParam(r, "name")
	c, err := s.db.Connection(r.Context(), name)
	if kind, ok := s.kind(name); ok && control.BuiltIn(name) && errors.Is(err, control.ErrNotFound) {
		return control.Connection{Name: name, Kind: name, Every: control.DefaultEvery}, kind, true
	}
	if err != nil {
		s.fail(w, r, err)
		return c, source.Kind{}, false
	}
	kind, ok := s.kind(c.Kind)
	if !ok {
		s.errorPage(w, r, http.StatusNotFound)
	}
	return c, kind, ok
}

func (s *Server) createConnection(w http.ResponseWriter, r *http.Request) {
	if !s.parseForm(w, r) {
		return
	}
	kind, ok := s.kind(r.PostFormValue("kind"))
	if !ok {
		s.errorPage(w, r, http.StatusBadRequest)
		return
	}
	s.saveConnection(w, r, kind, control.Connection{Kind: kind.Name, Name: r.PostFormValue("name")})
}

func (s *Server) updateConnection(w http.ResponseWriter, r *http.Request) {
	if !s.parseForm(w, r) {
		return
	}
	if c, kind, ok := s.namedConnection(w, r); ok {
		s.saveConnection(w, r, kind, c)
	}
}

// saveConnection stores what the form says over c.
func (s *Server) saveConnection(w http.ResponseWriter, r *http.Request, kind source.Kind, c control.Connection) {
	ctx := r.Context()
	typed, err := s.readConnection(r, kind, c)
	if err = errors.Join(err, s.checkConnection(ctx, kind, typed)); err == nil {
		_, err = s.db.SaveConnection(ctx, typed.connection, typed.secrets)
	}
	switch {
	case errors.Is(err, control.ErrNameTaken): // a moment ago
		err = nameTaken()
	case errors.Is(err, control.ErrProvisioned):
		s.errorPage(w, r, http.StatusForbidden)
		return
	case err == nil:
		s.cfg.Worker.Poke()
		s.flash(r, "connection.saved", "name", typed.connection.Name)
		if kind.Pushed {
			s.redirect(w, r, "/settings/connections")
			return
		}
		s.redirect(w, r, "/syncs")
		return
	}
	errs, ok := s.connectionErrors(ctx, kind, err)
	if !ok {
		s.fail(w, r, err)
		return
	}
	f := s.connectionForm(r, kind, typed.connection)
	for i := range f.Secrets {
		if f.Secrets[i].Proposed != "" {
			f.Secrets[i].Proposed = typed.secrets[f.Secrets[i].Name]
		}
	}
	f.Values = typed.values
	f.Errors = errs
	f.Open = f.Open || slices.ContainsFunc(f.Advanced, func(i views.ConnectionInput) bool { return errs[i.Name] != "" })
	s.showConnection(w, r, http.StatusUnprocessableEntity, f)
}

func (s *Server) deleteConnectionPage(w http.ResponseWriter, r *http.Request) {
	c, _, ok := s.namedConnection(w, r)
	if !ok {
		return
	}
	syncs, err := s.db.Syncs(r.Context(), control.SyncQuery{Connection: c.Name, Limit: 1000})
	if err != nil {
		s.fail(w, r, err)
		return
	}
	title := i18n.T(r.Context(), "connection.delete.title")
	s.render(w, r, http.StatusOK, views.DeleteConnectionPage(s.page(r, title, "settings"), s.connectionView(c), len(syncs)))
}

func (s *Server) deleteConnection(w http.ResponseWriter, r *http.Request) {
	name := chi.URLParam(r, "name")
	err := s.db.DeleteConnection(r.Context(), name)
	switch {
	case errors.Is(err, control.ErrProvisioned):
		s.errorPage(w, r, http.StatusForbidden)
	case err != nil:
		s.fail(w, r, err)
	default:
		s.flash(r, "connection.deleted", "name", name)
		s.redirect(w, r, "/settings/connections")
	}
}
