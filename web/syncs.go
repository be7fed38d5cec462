package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"

	"throughline/internal/control"
	"throughline/internal/i18n"
	"throughline/internal/source"
	"throughline/views"
)

const (
	syncsPerPage = 50
	problemsSeen = 1000
)

func (s *Server) syncRoutes(r chi.Router) {
	r.Get("/syncs", s.syncsPage)
	r.Get("/syncs/live", s.syncsPart)
	r.Get("/syncs/{id}", s.syncPage)
	r.Get("/syncs/{id}/live", s.syncPart)
	r.With(s.needAdmin).Post("/syncs/act", s.actOnConnection)
}

func (s *Server) syncsPage(w http.ResponseWriter, r *http.Request) {
	list, err := s.syncList(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.render(w, r, http.StatusOK, views.SyncsPage(s.page(r, i18n.T(r.Context(), "nav.syncs"), "syncs"), list))
}

func (s *Server) syncsPart(w http.ResponseWriter, r *http.Request) {
	list, err := s.syncList(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.render(w, r, http.StatusOK, views.SyncsPart(list))
}

func (s *Server) syncList(r *http.Request) (views.SyncList, error) {
	ctx, query := r.Context(), r.URL.Query()
	before, _ := strconv.ParseInt(query.Get("before"), 10, 64) // anything else: the newest
	list := views.SyncList{Connection: query.Get("connection"), Admin: isAdmin(ctx)}
	var err error
	if list.Connections, err = s.connectionList(ctx); err != nil {
		return list, err
	}
	syncs, err := s.db.Syncs(ctx, control.SyncQuery{Connection: list.Connection, Limit: syncsPerPage + 1, Before: before})
	if err != nil {
		return list, err
	}
	page := func(path string, before int64) string {
		q := url.Values{}
		if list.Connection != "" {
			q.Set("connection", list.Connection)
		}
		if before > 0 {
			q.Set("before", strconv.FormatInt(before, 10))
		}
		if len(q) == 0 {
			return path
		}
		return path + "?" + q.Encode()
	}
	if len(syncs) > syncsPerPage {
		syncs = syncs[:syncsPerPage]
		list.Older = s.base + page("/syncs", syncs[syncsPerPage-1].ID)
	}
	if before > 0 {
		list.Newest = s.base + page("/syncs", 0)
	}
	for _, sync := range syncs {
		list.Syncs = append(list.Syncs, s.syncView(r.Context(), sync))
	}
	list.LiveURL = page("/syncs/live", before)
	list.Waiting = s.cfg.Worker.Waiting()
	list.Live = list.Waiting || slices.ContainsFunc(list.Connections, func(c views.Connection) bool { return c.Syncing || c.Due })
	return list, nil
}

// connectionList is every connection that is pulled from, with its newest sync.
func (s *Server) connectionList(ctx context.Context) ([]views.Connection, error) {
	all, err := s.db.Pulled(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]views.Connection, 0, len(all))
	for _, c := range all {
		v := s.connectionView(c)
		v.Waiting = s.cfg.Worker.Waiting()
		last, err := s.db.Syncs(ctx, control.SyncQuery{Connection: c.Name, Limit: 1})
		if err != nil {
			return nil, err
		}
		if len(last) > 0 {
			sync := s.syncView(ctx, last[0])
			v.Last = &sync
		}
		out = append(out, v)
	}
	return out, nil
}

func (s *Server) connectionView(c control.Connection) views.Connection {
	v := views.Connection{
		Name: c.Name, Kind: c.Kind, Every: c.Every, Provisioned: c.Provisioned, NextRunAt: c.NextRunAt, Syncing: c.Syncing,
		Due: !c.Syncing && c.Paused == nil && !c.NextRunAt.After(s.now()),
	}
	if kind, ok := s.kind(c.Kind); ok {
		v.Kind, v.Pushed = kind.Title, kind.Pushed
	}
	if p := c.Paused; p != nil {
		v.Paused = &views.Pause{Code: p.Code, Message: p.Message, At: p.At}
	}
	return v
}

func (s *Server) syncView(ctx context.Context, c control.Sync) views.Sync {
	v := views.Sync{
		ID: c.ID, Connection: c.Connection, StartedAt: c.StartedAt, FinishedAt: c.FinishedAt, State: string(c.State),
		Phase: c.Progress.Phase, Found: c.Progress.Found, Read: c.Progress.Read, Requests: c.Progress.Requests,
		Inserted: c.Written.Inserted, Updated: c.Written.Updated, Unchanged: c.Written.Unchanged, Gone: c.Written.Gone,
		Problems: c.Problems, Error: said(ctx, c.Error), RetryAt: c.RetryAt,
	}
	for _, b := range []struct {
		api string
		source.Budget
	}{{"rest", c.Progress.REST}, {"graphql", c.Progress.GraphQL}} {
		if b.Limit > 0 {
			v.Budgets = append(v.Budgets, views.Budget{API: b.api, Left: b.Left, Limit: b.Limit, ResetAt: b.ResetAt.Time()})
		}
	}
	v.Waiting = c.State == control.Running && s.cfg.Worker.Waiting()
	if c.State == control.Running && c.SavedAt.After(c.StartedAt) {
		v.Rate = float64(v.Read) / c.SavedAt.Sub(c.StartedAt).Seconds()
		if v.Rate > 0 && v.Found > v.Read {
			v.Left = time.Duration(float64(v.Found-v.Read) / v.Rate * float64(time.Second))
		}
	}
	return v
}

func (s *Server) syncPage(w http.ResponseWriter, r *http.Request) {
	sync, problems, ok := s.syncOf(w, r)
	if !ok {
		return
	}
	title := i18n.T(r.Context(), "sync.title", "name", sync.Connection)
	s.render(w, r, http.StatusOK, views.SyncPage(s.page(r, title, "syncs"), sync, problems, syncLive(sync)))
}

func (s *Server) syncPart(w http.ResponseWriter, r *http.Request) {
	if sync, problems, ok := s.syncOf(w, r); ok {
		s.render(w, r, http.StatusOK, views.SyncPart(sync, problems, syncLive(sync)))
	}
}

func syncLive(sync views.Sync) string { return fmt.Sprintf("/syncs/%d/live", sync.ID) }

// syncOf reads the sync of the path; when it cannot, the answer is written.
func (s *Server) syncOf(w http.ResponseWriter, r *http.Request) (views.Sync, []views.Problem, bool) {
	id, err := strconv.ParseInt(chi.URLParam(r, "id"), 10, 64)
	if err != nil {
		s.errorPage(w, r, http.StatusNotFound)
		return views.Sync{}, nil, false
	}
	sync, err := s.db.Sync(r.Context(), id)
	if err != nil {
		s.fail(w, r, err)
		return views.Sync{}, nil, false
	}
	found, err := s.db.Problems(r.Context(), id, problemsSeen)
	if err != nil {
		s.fail(w, r, err)
		return views.Sync{}, nil, false
	}
	problems := make([]views.Problem, 0, len(found))
	for _, p := range found {
		problems = append(problems, views.Problem{Record: p.Record, Path: p.Path, Message: said(r.Context(), source.Message{Text: p.Message, Phrase: p.Phrase})})
	}
	return s.syncView(r.Context(), sync), problems, true
}

// userPause is the code of a pause that a person asked for.
const userPause = "user"

// actOnConnection runs, pauses or resumes a connection.
func (s *Server) actOnConnection(w http.ResponseWriter, r *http.Request) {
	if !s.parseForm(w, r) {
		return
	}
	ctx, name := r.Context(), r.PostFormValue("connection")
	c, err := s.db.Connection(ctx, name)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	act := r.PostFormValue("act")
	switch act {
	case "run":
		err = s.db.RunNow(ctx, name, s.now())
	case "resume":
		err = s.db.Resume(ctx, name, s.now())
	case "pause":
		err = s.db.Pause(ctx, c.ID, userPause, "", s.now())
	default:
		s.errorPage(w, r, http.StatusBadRequest)
		return
	}
	switch {
	case errors.Is(err, control.ErrPushed):
		s.errorPage(w, r, http.StatusConflict)
		return
	case err != nil:
		s.fail(w, r, err)
		return
	}
	if act != "pause" {
		s.cfg.Worker.Poke()
	}
	s.flash(r, "act."+act+".done", "name", name)
	s.redirect(w, r, safeNext(r.PostFormValue("back")))
}

func isAdmin(ctx context.Context) bool {
	u, ok := userFrom(ctx)
	return ok && u.Role == control.Admin
}
