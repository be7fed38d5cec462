package web

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/inbox"
	"throughline/internal/source"
)

// savePath is where pipeline-metrics-collector took runs.
const savePath = "/save_metrics"

// usualConnection is where what CI pushes goes, unless the token names another.
const usualConnection = "ci"

// pushRoutes are where programs send what they have of their own accord.
func (s *Server) pushRoutes(r chi.Router) {
	r.Group(func(r chi.Router) {
		r.Use(unstored, tokenInURL, s.unlessToken, s.needScope(scopeIngest))
		r.Post(savePath, s.saveMetrics)
	})
}

// tokenInURL takes a token from the query, for programs that can be told nothing
// but an address.
func tokenInURL(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if token := r.URL.Query().Get("token"); token != "" && r.Header.Get("Authorization") == "" {
			r = r.Clone(r.Context())
			r.Header.Set("Authorization", "Bearer "+token)
		}
		next.ServeHTTP(w, r)
	})
}

// unlessToken looks for a session, and for whose it is, where no token is sent:
// looking takes longer than the push itself.
func (s *Server) unlessToken(next http.Handler) http.Handler {
	withSession := s.sessions.LoadAndSave(s.loadUser(next))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			next.ServeHTTP(w, r)
			return
		}
		withSession.ServeHTTP(w, r)
	})
}

type pusherKey struct{}

// pusher is who sends: the name of a token, or nobody's when somebody signed in
// does, and the connection that it goes to.
type pusher struct{ token, connection string }

func withPusher(ctx context.Context, t control.Token) context.Context {
	p := pusher{token: t.Name, connection: t.Connection}
	return context.WithValue(ctx, pusherKey{}, p)
}

func pusherFrom(ctx context.Context) pusher {
	p, _ := ctx.Value(pusherKey{}).(pusher)
	if p.connection == "" {
		p.connection = usualConnection
	}
	return p
}

// pushed is a body that was read.
type pushed struct {
	source.Pushed
	entry  inbox.Entry
	dryRun bool
	reader string // of a hook: what made Pushed of its body
}

// pushQuery reads the query of a push: dry_run, and params, which are not its
// business. When it cannot be used the answer is written.
func pushQuery(w http.ResponseWriter, r *http.Request, params ...string) (dryRun, ok bool) {
	q, err := query(r)
	if err == nil {
		err = onlyParams(q, append(params, "dry_run")...)
	}
	if err == nil && !slices.Contains([]string{"", "0", "1"}, q.Get("dry_run")) {
		err = &delivery.FilterError{Param: "dry_run", Message: "not 0 or 1"}
	}
	if err != nil {
		badRequest(w, err)
		return false, false
	}
	return q.Get("dry_run") == "1", true
}

// receive reads a body of a kind. When it cannot be used the answer is written,
// and the inbox keeps a note of it.
func (s *Server) receive(w http.ResponseWriter, r *http.Request, kind string, params ...string) (pushed, bool) {
	var p pushed
	var ok bool
	if p.dryRun, ok = pushQuery(w, r, params...); !ok {
		return p, false
	}
	if refuseEncoded(w, r) {
		return p, false
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		bodyFail(w, err)
		return p, false
	}
	from := pusherFrom(r.Context())
	if !s.takes(w, r, from) {
		return p, false
	}
	p.entry = inbox.Entry{
		Connection: from.connection, Kind: kind, Token: from.token, ReceivedAt: s.now(), Body: body, Bytes: len(body),
	}
	if p.Pushed, err = s.cfg.Pushes[kind](body); err != nil {
		s.refuseBody(w, r, &p, err)
		return p, false
	}
	p.entry.Key = p.Key
	p.To(from.connection)
	return p, true
}

// takes reports whether the connection of a pusher is there; when it is not the
// answer is written.
func (s *Server) takes(w http.ResponseWriter, r *http.Request, from pusher) bool {
	if control.BuiltIn(from.connection) {
		return true
	}
	_, err := s.db.Connection(r.Context(), from.connection)
	switch {
	case errors.Is(err, control.ErrNotFound):
		writeAPIError(w, http.StatusForbidden, "forbidden",
			"the connection "+from.connection+", which the token "+from.token+" is for, was deleted; make another token")
		return false
	case err != nil:
		s.apiFail(w, r, err)
		return false
	}
	return true
}

// refuseEncoded refuses a body that is compressed.
func refuseEncoded(w http.ResponseWriter, r *http.Request) bool {
	encoding := r.Header.Get("Content-Encoding")
	if encoding == "" || strings.EqualFold(encoding, "identity") {
		return false
	}
	writeAPIError(w, http.StatusUnsupportedMediaType, "unsupported", "send the body as it is, without Content-Encoding")
	return true
}

// refuseBody answers what is wrong with a body, all of it.
func (s *Server) refuseBody(w http.ResponseWriter, r *http.Request, p *pushed, err error) {
	s.refuseAs(w, r, p, http.StatusBadRequest, "bad_request", err)
}

func (s *Server) refuseAs(w http.ResponseWriter, r *http.Request, p *pushed, status int, code string, err error) {
	details := bodyDetails(err)
	message := details[0].Path + ": " + details[0].Message
	p.entry.Error = allDetails(details)
	s.noteRefused(r, p)
	if len(details) > 1 {
		message = "several things are wrong with the body"
	}
	writeAPIError(w, status, code, message, details...)
}

// allDetails are details in one text.
func allDetails(details []apiDetail) string {
	all := make([]string, len(details))
	for i, d := range details {
		all[i] = d.Path + ": " + d.Message
	}
	return strings.Join(all, "; ")
}

// noteRefused shows in the inbox what was refused, and why.
func (s *Server) noteRefused(r *http.Request, p *pushed) {
	if p.dryRun {
		return
	}
	if err := s.cfg.Inbox.Refuse(r.Context(), p.entry); err != nil {
		s.log.Warn("a refused body is not in the inbox", "error", err)
	}
}

// bodyDetails are the parts of an error that name a place of a body.
func bodyDetails(err error) []apiDetail {
	if joined, ok := errors.AsType[interface {
		error
		Unwrap() []error
	}](err); ok {
		var out []apiDetail
		for _, e := range joined.Unwrap() {
			out = append(out, bodyDetails(e)...)
		}
		return out
	}
	if wrong, ok := errors.AsType[*source.BodyError](err); ok {
		return []apiDetail{{Path: wrong.Path, Message: wrong.Message}}
	}
	return []apiDetail{{Path: "$", Message: err.Error()}}
}

// keep puts a body into the inbox; fresh is whether nothing of its key was there.
// When it cannot be kept the answer is written: it has to be sent again.
func (s *Server) keep(w http.ResponseWriter, r *http.Request, p *pushed) (fresh, ok bool) {
	s.cfg.Recent.Put(p.entry.Kind, cmp.Or(p.reader, p.entry.Connection), p.entry.Body, p.Pushed)
	_, fresh, err := s.cfg.Inbox.Put(r.Context(), p.entry)
	if err != nil {
		s.log.Error("what was pushed is not kept", "error", err, "connection", p.entry.Connection, "kind", p.entry.Kind)
		retryAfter(w, time.Minute)
		writeAPIError(w, http.StatusServiceUnavailable, "unavailable", "it could not be kept; send it again later")
		return false, false
	}
	return fresh, true
}

// saveMetrics takes a run as pipeline-metrics-collector did: 200 when it is new,
// 208 when it is there already, both without a body.
func (s *Server) saveMetrics(w http.ResponseWriter, r *http.Request) {
	p, ok := s.receive(w, r, "save_metrics", "token")
	switch {
	case !ok:
	case p.dryRun:
		s.dryRun(w, r, &p)
	default:
		if fresh, ok := s.keep(w, r, &p); ok && fresh {
			w.WriteHeader(http.StatusOK)
		} else if ok {
			w.WriteHeader(http.StatusAlreadyReported)
		}
	}
}

// pushedItem is the answer about one item of a body.
type pushedItem struct {
	Status string    `json:"status"` // accepted, invalid; of a dry run also would_store, duplicate
	ID     string    `json:"id"`
	Error  *apiError `json:"error"`
	Would  any       `json:"would_store,omitempty"` // of a dry run
}

// pushedItems are the answers about all items, in order, and how many can be used.
func pushedItems(p *pushed, usable string) (items []pushedItem, used int) {
	items = make([]pushedItem, len(p.Items))
	for i, item := range p.Items {
		items[i] = pushedItem{Status: usable, ID: item.ID}
		if item.Err == nil {
			used++
			continue
		}
		details := bodyDetails(item.Err)
		items[i].Status = "invalid"
		items[i].Error = &apiError{Code: "bad_request", Message: details[0].Message, Path: details[0].Path, Details: details}
	}
	return items, used
}

// pushFacts takes facts of a kind of push: one of them, or a list that is answered item
// by item. What is right of a list is kept, whatever else is wrong with it.
func (s *Server) pushFacts(kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { s.takeFacts(w, r, kind) }
}

func (s *Server) takeFacts(w http.ResponseWriter, r *http.Request, kind string) {
	p, ok := s.receive(w, r, kind)
	if !ok {
		return
	}
	items, used := pushedItems(&p, "accepted")
	switch {
	case !p.Listed && used == 0:
		s.refuseBody(w, r, &p, p.Items[0].Err)
		return
	case p.dryRun:
		s.dryRun(w, r, &p)
		return
	case used == 0:
		s.refuseAll(w, r, &p, items)
		return
	}
	if _, ok := s.keep(w, r, &p); ok {
		writeJSON(w, http.StatusOK, map[string]any{"items": items})
	}
}

// refuseAll answers a list nothing of which can be used.
func (s *Server) refuseAll(w http.ResponseWriter, r *http.Request, p *pushed, items []pushedItem) {
	p.entry.Error = items[0].Error.Path + ": " + items[0].Error.Message
	s.noteRefused(r, p)
	writeJSON(w, http.StatusBadRequest, map[string]any{
		"items": items,
		"error": apiError{Code: "bad_request", Message: "no item can be used", Path: items[0].Error.Path, Details: items[0].Error.Details},
	})
}
