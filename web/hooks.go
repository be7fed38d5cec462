package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/inbox"
	"throughline/internal/source"
)

const (
	githubHooks = "/api/github" // where pipeline-metrics-collector took them
	githubKind  = "github"
	jiraHooks   = "/api/jira" // where dora-exporter took them
	jiraKind    = "jira"
	hooksBelow  = "/hooks/"
	maxHook     = 25 << 20 // bytes; GitHub sends no more
	pingEvent   = "ping"   // which GitHub sends to try an address
	// Whoever sends is known only once a hook is read. The usual size is let in
	// always; of those larger or of no said size a few at a time.
	usualHook  = 1 << 20
	largeHooks = 4
)

// hookRoutes are where sources send hooks; their signature lets them in.
func (s *Server) hookRoutes(r chi.Router) {
	r.Post(githubHooks, s.kindHook(githubKind))
	for _, path := range []string{jiraHooks, jiraHooks + "/incidents/rca", jiraHooks + "/tickets/new", jiraHooks + "/tickets/close"} {
		r.Post(path, s.kindHook(jiraKind))
	}
	r.Post(hooksBelow+"{connection}", s.namedHook)
}

// takesHooks reports whether hooks come to a path.
func takesHooks(path string) bool {
	return path == githubHooks || path == jiraHooks || strings.HasPrefix(path, jiraHooks+"/") || strings.HasPrefix(path, hooksBelow)
}

// receivers are sources that were opened to receive hooks, by connection: opening
// one opens its secrets. The zero value is ready.
type receivers struct {
	mu   sync.Mutex
	byID map[int64]openReceiver
}

type openReceiver struct {
	revision int64 // of the connection
	receiver source.Receiver
}

// receiver opens a connection, once for each of its revisions; nil when its kind
// receives nothing.
func (s *Server) receiver(ctx context.Context, c control.Connection) (source.Receiver, error) {
	s.receivers.mu.Lock()
	defer s.receivers.mu.Unlock()
	if kept, ok := s.receivers.byID[c.ID]; ok && kept.revision == c.Revision {
		return kept.receiver, nil
	}
	kind, ok := s.kind(c.Kind)
	if !ok {
		return nil, nil
	}
	src, err := s.openConnection(ctx, kind, typedConnection{connection: c})
	if err != nil {
		return nil, err
	}
	receiver, _ := src.(source.Receiver)
	if s.receivers.byID == nil {
		s.receivers.byID = map[int64]openReceiver{}
	}
	s.receivers.byID[c.ID] = openReceiver{c.Revision, receiver}
	return receiver, nil
}

// namedHook takes a hook of the connection of its path.
func (s *Server) namedHook(w http.ResponseWriter, r *http.Request) {
	all, err := s.db.KnownConnections(r.Context())
	if err != nil {
		s.apiFail(w, r, err)
		return
	}
	name := chi.URLParam(r, "connection")
	i := slices.IndexFunc(all, func(c control.Connection) bool { return c.Name == name })
	if i < 0 {
		noReceiver(w)
		return
	}
	s.takeHook(w, r, all[i:i+1])
}

// kindHook takes a hook of whichever connection of a kind has its secret.
func (s *Server) kindHook(kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		all, err := s.db.KnownConnections(r.Context())
		if err != nil {
			s.apiFail(w, r, err)
			return
		}
		var of []control.Connection
		for _, c := range all {
			if c.Kind == kind {
				of = append(of, c)
			}
		}
		s.takeHook(w, r, of)
	}
}

// secretParams are where senders that can be told nothing but an address have the
// secret.
var secretParams = []string{"secret", "token"}

// hookParams are those of the address of a hook. The first two Jira adds to any.
var hookParams = append([]string{"user_id", "user_key"}, secretParams...)

// addressed says in headers what the address of a hook says: the path, and a secret.
func addressed(r *http.Request) *http.Request {
	r = r.Clone(r.Context())
	r.Header.Set(source.HookPath, r.URL.Path)
	for _, name := range secretParams {
		if secret := r.URL.Query().Get(name); secret != "" && r.Header.Get(source.SecretHeader) == "" {
			r.Header.Set(source.SecretHeader, secret)
		}
	}
	return r
}

func noReceiver(w http.ResponseWriter) {
	writeAPIError(w, http.StatusNotFound, "not_found", "no connection receives hooks here")
}

// openHook is a connection that may have sent a hook.
type openHook struct {
	connection control.Connection
	receiver   source.Receiver
}

// takeHook answers a hook for the first of the connections that it is signed for.
func (s *Server) takeHook(w http.ResponseWriter, r *http.Request, connections []control.Connection) {
	dryRun, ok := pushQuery(w, r, hookParams...)
	if !ok {
		return
	}
	r = addressed(r)
	open, fault := s.openHooks(r, connections)
	if len(open) == 0 && fault == nil {
		noReceiver(w)
		return
	}
	body, ok := s.readHook(w, r, open)
	if !ok {
		return
	}
	o, err := signedFor(r, open, body)
	if err != nil && fault != nil { // it may be the one that the hook is for: it has to come again
		writeAPIError(w, http.StatusServiceUnavailable, "unavailable", "a connection cannot be opened; it is in the log")
		return
	}
	if err != nil {
		s.wrongSignature(w, r, err)
		return
	}
	p := pushed{dryRun: dryRun, reader: o.connection.Reader(), entry: inbox.Entry{
		Connection: o.connection.Name, Kind: o.connection.Kind + ".unknown", ReceivedAt: s.now(), Body: body, Bytes: len(body),
	}}
	h, err := o.receiver.Hook(r.Header, body)
	if err != nil {
		s.refuseBody(w, r, &p, err)
		return
	}
	p.entry.Kind, p.entry.Body = o.connection.Kind+"."+h.Event, h.Body
	switch {
	case h.Event == pingEvent:
		hookStatus(w, http.StatusOK, "pong")
	case h.Ignored:
		s.ignoreHook(w, r, &p)
	default:
		s.keepHook(w, r, &p, o.receiver, h)
	}
}

// openHooks are those of the connections that receive hooks. One that takes
// whatever comes is after those that look at the signature, and takes none of
// theirs. The error is of the last that cannot be opened.
func (s *Server) openHooks(r *http.Request, connections []control.Connection) (open []openHook, fault error) {
	var anybody []openHook
	for _, c := range connections {
		receiver, err := s.receiver(r.Context(), c)
		switch {
		case err != nil:
			s.log.Error("a connection cannot be opened to receive a hook", "error", err, "connection", c.Name)
			fault = err
		case receiver == nil:
		case receiver.Verify(r.Header, nil) == nil:
			anybody = append(anybody, openHook{c, receiver})
		default:
			open = append(open, openHook{c, receiver})
		}
	}
	return append(open, anybody...), fault
}

// readHook reads a hook that one of the connections may have sent. When it is not
// read the answer is written.
func (s *Server) readHook(w http.ResponseWriter, r *http.Request, open []openHook) ([]byte, bool) {
	unsigned := func(o openHook) bool { return errors.Is(o.receiver.Verify(r.Header, nil), source.ErrUnsigned) }
	if len(open) > 0 && !slices.ContainsFunc(open, func(o openHook) bool { return !unsigned(o) }) {
		writeAPIError(w, http.StatusUnauthorized, "unauthorized", source.ErrUnsigned.Error())
		return nil, false
	}
	if refuseEncoded(w, r) {
		return nil, false
	}
	if r.ContentLength < 0 || r.ContentLength > usualHook {
		select {
		case s.largeHooks <- struct{}{}:
			defer func() { <-s.largeHooks }()
		default:
			retryAfter(w, time.Minute)
			writeAPIError(w, http.StatusServiceUnavailable, "unavailable", "too many large hooks at once; send it again later")
			return nil, false
		}
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		bodyFail(w, err)
		return nil, false
	}
	return body, true
}

// signedFor is the first of the connections whose secret a request was signed
// with. Errors: source.ErrUnsigned, source.ErrSignature.
func signedFor(r *http.Request, open []openHook, body []byte) (openHook, error) {
	verdict := source.ErrUnsigned
	for _, o := range open {
		err := o.receiver.Verify(r.Header, body)
		if err == nil {
			return o, nil
		}
		if errors.Is(err, source.ErrSignature) {
			verdict = err
		}
	}
	return openHook{}, verdict
}

// wrongSignature refuses a hook, and soon whoever goes on guessing.
func (s *Server) wrongSignature(w http.ResponseWriter, r *http.Request, verdict error) {
	if wait, ok := s.guesses.takeAddress(r, s.now()); !ok {
		retryAfter(w, wait)
		writeAPIError(w, http.StatusTooManyRequests, "too_many_requests", "too many wrong signatures from this address; wait a little")
		return
	}
	writeAPIError(w, http.StatusUnauthorized, "unauthorized", verdict.Error())
}

func hookStatus(w http.ResponseWriter, status int, text string) {
	writeJSON(w, status, map[string]string{"status": text})
}

// ignoreHook shows in the inbox that an event came of which nothing is made.
func (s *Server) ignoreHook(w http.ResponseWriter, r *http.Request, p *pushed) {
	if !p.dryRun {
		if err := s.cfg.Inbox.Ignore(r.Context(), p.entry); err != nil {
			s.log.Warn("an ignored hook is not in the inbox", "error", err)
		}
	}
	hookStatus(w, http.StatusAccepted, "ignored")
}

// keepHook keeps a hook that something is made of.
func (s *Server) keepHook(w http.ResponseWriter, r *http.Request, p *pushed, receiver source.Receiver, h source.Hook) {
	var err error
	h.ReceivedAt = delivery.InstantOf(p.entry.ReceivedAt)
	if p.Pushed, err = receiver.Receive(h); err != nil { // it is JSON, and does not say what it should
		s.refuseAs(w, r, p, http.StatusUnprocessableEntity, "unprocessable", err)
		return
	}
	if len(p.Items) == 0 && !p.dryRun {
		s.ignoreHook(w, r, p)
		return
	}
	p.Key, p.entry.Key = h.Key, h.Key
	if p.dryRun {
		s.dryRun(w, r, p)
		return
	}
	if fresh, ok := s.keep(w, r, p); ok && fresh {
		hookStatus(w, http.StatusOK, "accepted")
	} else if ok {
		hookStatus(w, http.StatusOK, "duplicate")
	}
}
