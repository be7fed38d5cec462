package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/go-chi/chi/v5"

	"throughline/internal/control"
	"throughline/internal/i18n"
	"throughline/internal/inbox"
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
	pushed, err := s.pushedList(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	list = append(list, pushed...)
	title := i18n.T(r.Context(), "settings.connections")
	s.render(w, r, http.StatusOK, views.ConnectionsPage(s.page(r, title, "settings"), list, s.cfg.Worker.Waiting()))
}

// pushedList is every connection that only takes what is pushed, with how much
// came; those that are always there are in it without having been made.
func (s *Server) pushedList(ctx context.Context) ([]views.Connection, error) {
	all, err := s.db.Connections(ctx)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(c control.Connection) bool { return !c.Pushed() })
	for _, k := range s.cfg.Kinds {
		if control.BuiltIn(k.Name) && !slices.ContainsFunc(all, func(c control.Connection) bool { return c.Name == k.Name }) {
			all = append(all, control.Connection{Name: k.Name, Kind: k.Name})
		}
	}
	var counts map[string]map[inbox.State]int
	if s.cfg.Inbox != nil {
		if counts, err = s.cfg.Inbox.Counts(ctx); err != nil {
			return nil, err
		}
	}
	out := make([]views.Connection, len(all))
	for i, c := range all {
		out[i] = s.connectionView(c)
		n := counts[c.Name]
		out[i].Received = n[inbox.Waiting] + n[inbox.Done] + n[inbox.Failed]
	}
	return out, nil
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
	c := control.Connection{Name: name, Kind: kind.Name, Every: cmp.Or(kind.Every, control.DefaultEvery)}
	s.showConnection(w, r, http.StatusOK, s.connectionForm(r, kind, c))
}

// freeName proposes the kind's name for its first connection, none after, and none
// where that is always there.
func (s *Server) freeName(ctx context.Context, name string) (string, error) {
	if control.BuiltIn(name) {
		return "", nil
	}
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
	title := i18n.T(r.Context(), "connection.new", "kind", f.KindTitle)
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
	c := control.Connection{Kind: kind.Name, Name: r.PostFormValue("name")}
	if kind.Pushed {
		c.Every = control.DefaultEvery // nobody is asked for it
	}
	s.saveConnection(w, r, kind, c)
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
		s.savedConnection(w, r, kind, typed)
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

// savedConnection leads on from a form that is saved: to what happens next, or back
// to it when hooks have to be set up with what it says.
func (s *Server) savedConnection(w http.ResponseWriter, r *http.Request, kind source.Kind, typed typedConnection) {
	name := typed.connection.Name
	if kind.Pushed {
		s.flash(r, "connection.saved.pushed", "name", name)
		s.redirect(w, r, "/settings/connections")
		return
	}
	s.cfg.Worker.Poke()
	if kind.Receives() && typed.secrets[source.WebhookSecret] != "" {
		s.flash(r, "connection.saved.hooks", "name", name)
		s.redirect(w, r, "/settings/connections/"+name)
		return
	}
	s.flash(r, "connection.saved", "name", name)
	s.redirect(w, r, "/syncs")
}

func (s *Server) deleteConnectionPage(w http.ResponseWriter, r *http.Request) {
	c, _, ok := s.namedConnection(w, r)
	if !ok {
		return
	}
	if control.BuiltIn(c.Name) {
		s.errorPage(w, r, http.StatusForbidden)
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
	case errors.Is(err, control.ErrProvisioned), errors.Is(err, control.ErrBuiltIn):
		s.errorPage(w, r, http.StatusForbidden)
	case err != nil:
		s.fail(w, r, err)
	default:
		s.flash(r, "connection.deleted", "name", name)
		s.redirect(w, r, "/settings/connections")
	}
}
