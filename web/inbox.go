package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-chi/chi/v5"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/internal/inbox"
	"throughline/views"
)

const (
	receivedPerPage = 50
	bodyShown       = 256 << 10 // bytes of a body on its page
)

func (s *Server) inboxRoutes(r chi.Router) {
	r.Group(func(r chi.Router) {
		r.Use(s.needUser, s.needLead)
		r.Get("/inbox", s.inboxPage)
		r.Get("/inbox/{id}", s.receivedPage)
		r.With(s.needAdmin).Post("/inbox/{id}/replay", s.replay)
	})
}

// inboxStates are those that the list is narrowed by.
var inboxStates = []inbox.State{inbox.Waiting, inbox.Done, inbox.Failed, inbox.Refused, inbox.Ignored}

func (s *Server) inboxPage(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	query, before, err := inboxQuery(r)
	if err != nil {
		s.errorPage(w, r, http.StatusBadRequest)
		return
	}
	q := inbox.Query{
		Connection: query.Get("connection"), Token: query.Get("token"), Kind: query.Get("kind"), State: inbox.State(query.Get("state")),
		Before: before, Limit: receivedPerPage + 1,
	}
	entries, err := s.cfg.Inbox.List(ctx, q)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	with := func(name, value string) string {
		u := url.Values{}
		for _, key := range []string{"connection", "token", "kind", "state"} {
			if v := query.Get(key); v != "" {
				u.Set(key, v)
			}
		}
		if u.Del(name); value != "" {
			u.Set(name, value)
		}
		if len(u) == 0 {
			return s.base + "/inbox"
		}
		return s.base + "/inbox?" + u.Encode()
	}
	list := views.InboxList{State: string(q.State), Waiting: s.cfg.Worker.Waiting(), Admin: isAdmin(ctx)}
	list.States = []views.Choice{{URL: with("state", ""), Label: i18n.T(ctx, "inbox.state.all"), Current: q.State == ""}}
	for _, state := range inboxStates {
		list.States = append(list.States, views.Choice{
			URL: with("state", string(state)), Label: i18n.T(ctx, "inbox.state."+string(state)), Current: q.State == state,
		})
	}
	for _, name := range []string{"connection", "token", "kind"} {
		if v := query.Get(name); v != "" {
			list.Only = append(list.Only, views.Only{Text: i18n.T(ctx, "inbox.only."+name, "name", v), Without: with(name, "")})
		}
	}
	if len(entries) > receivedPerPage {
		entries = entries[:receivedPerPage]
		list.Older = with("before", strconv.FormatInt(entries[receivedPerPage-1].ID, 10))
	}
	if before > 0 {
		list.Newest = with("before", "")
	}
	for i := range entries {
		list.Entries = append(list.Entries, receivedView(&entries[i]))
	}
	s.render(w, r, http.StatusOK, views.InboxPage(s.page(r, i18n.T(ctx, "nav.inbox"), "inbox"), list))
}

// inboxQuery reads what the list is asked for.
func inboxQuery(r *http.Request) (q url.Values, before int64, err error) {
	if q, err = query(r); err != nil {
		return nil, 0, err
	}
	if err := onlyParams(q, "connection", "token", "kind", "state", "before", "lang"); err != nil {
		return nil, 0, err
	}
	if state := q.Get("state"); state != "" && !slices.Contains(inboxStates, inbox.State(state)) {
		return nil, 0, &delivery.FilterError{Param: "state", Message: "not a state of what was received"}
	}
	if text := q.Get("before"); text != "" {
		before, err = strconv.ParseInt(text, 10, 64)
	}
	return q, before, err
}

func receivedView(e *inbox.Entry) views.Received {
	v := views.Received{
		ID: e.ID, ReceivedAt: e.ReceivedAt, Connection: e.Connection, Kind: e.Kind, Token: e.Token, State: string(e.State),
		Bytes: e.Bytes, Error: e.Error, Attempts: e.Attempts, RetryAt: e.RetryAt, DoneAt: e.DoneAt, Pruned: e.Pruned,
		Replayable: !e.Pruned && (e.State == inbox.Done || e.State == inbox.Failed),
	}
	if e.Outcome != "" {
		var o struct {
			Taken, Refused int
			IDs            []string
		}
		if json.Unmarshal([]byte(e.Outcome), &o) == nil { // of another version: what it says is not shown
			v.Taken, v.Refused, v.IDs = o.Taken, o.Refused, o.IDs
		}
	}
	return v
}

// entryOf is the entry of the path; when there is none the answer is written.
func (s *Server) entryOf(w http.ResponseWriter, r *http.Request) (inbox.Entry, bool) {
	id, ok := s.pathID(w, r)
	if !ok {
		return inbox.Entry{}, false
	}
	e, err := s.cfg.Inbox.Entry(r.Context(), id)
	switch {
	case errors.Is(err, inbox.ErrNotFound):
		s.errorPage(w, r, http.StatusNotFound)
		return e, false
	case err != nil:
		s.fail(w, r, err)
		return e, false
	}
	return e, true
}

func (s *Server) receivedPage(w http.ResponseWriter, r *http.Request) {
	e, ok := s.entryOf(w, r)
	if !ok {
		return
	}
	ctx := r.Context()
	v := receivedView(&e)
	if isAdmin(ctx) {
		if e.Kind == s.cfg.Points.Kind && s.cfg.Points.Text != nil {
			e.Body = s.cfg.Points.Text(e.Body)
		}
		v.Body = readable(ctx, e.Body)
	}
	title := i18n.T(ctx, "inbox.title", "when", i18n.From(ctx).DateTime(e.ReceivedAt.In(s.zone(ctx))))
	s.render(w, r, http.StatusOK, views.ReceivedPage(s.page(r, title, "inbox"), v, isAdmin(ctx)))
}

// readable is a body as text: indented when it is JSON, and cut when it is long.
func readable(ctx context.Context, body []byte) string {
	var text strings.Builder
	if len(body) <= bodyShown {
		var v json.RawMessage
		if json.Unmarshal(body, &v) == nil {
			if out, err := json.MarshalIndent(v, "", "  "); err == nil {
				body = out
			}
		}
	}
	cut := body[:min(len(body), bodyShown)]
	for len(cut) > 0 {
		r, n := utf8.DecodeRune(cut)
		if r < ' ' && r != '\n' && r != '\t' {
			r = utf8.RuneError
		}
		text.WriteRune(r)
		cut = cut[n:]
	}
	if len(body) > bodyShown {
		text.WriteString("\n… " + i18n.T(ctx, "inbox.body.cut", "size", i18n.T(ctx, "size.kib", "n", bodyShown>>10)))
	}
	return text.String()
}

// replay works an entry in once more.
func (s *Server) replay(w http.ResponseWriter, r *http.Request) {
	if !s.parseForm(w, r) {
		return
	}
	e, ok := s.entryOf(w, r)
	if !ok {
		return
	}
	err := s.cfg.Inbox.Replay(r.Context(), e.ID)
	switch {
	case errors.Is(err, inbox.ErrPruned), errors.Is(err, inbox.ErrRefused):
		s.errorPage(w, r, http.StatusConflict)
		return
	case err != nil:
		s.fail(w, r, err)
		return
	}
	s.flash(r, "inbox.replayed")
	s.redirect(w, r, "/inbox/"+strconv.FormatInt(e.ID, 10))
}
