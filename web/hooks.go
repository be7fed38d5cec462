package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"

	"github.com/go-chi/chi/v5"

	"throughline/internal/control"
	"throughline/internal/inbox"
	"throughline/internal/source"
)

const (
	githubHooks = "/api/github" // where pipeline-metrics-collector took them
	githubKind  = "github"
	hooksBelow  = "/hooks/"
	maxHook     = 25 << 20 // bytes; GitHub sends no more
	pingEvent   = "ping"   // which GitHub sends to try an address
)

// hookRoutes are where sources send hooks; their signature lets them in.
func (s *Server) hookRoutes(r chi.Router) {
	r.Post(githubHooks, s.githubHook)
	r.Post(hooksBelow+"{connection}", s.namedHook)
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
	c, err := s.db.Connection(r.Context(), chi.URLParam(r, "connection"))
	if errors.Is(err, control.ErrNotFound) {
		noReceiver(w)
		return
	}
	if err != nil {
		s.apiFail(w, r, err)
		return
	}
	s.takeHook(w, r, []control.Connection{c})
}

// githubHook takes a hook of whichever connection to GitHub has its secret.
func (s *Server) githubHook(w http.ResponseWriter, r *http.Request) {
	all, err := s.db.Connections(r.Context())
	if err != nil {
		s.apiFail(w, r, err)
		return
	}
	s.takeHook(w, r, slices.DeleteFunc(all, func(c control.Connection) bool { return c.Kind != githubKind }))
}

func noReceiver(w http.ResponseWriter) {
	writeAPIError(w, http.StatusNotFound, "not_found", "no connection receives hooks here")
}

// takeHook answers a hook for the first of the connections that it is signed for.
func (s *Server) takeHook(w http.ResponseWriter, r *http.Request, connections []control.Connection) {
	dryRun, ok := pushQuery(w, r)
	if !ok {
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		bodyFail(w, err)
		return
	}
	c, receiver, ok := s.signedFor(w, r, connections, body)
	if !ok {
		return
	}
	p := pushed{dryRun: dryRun, entry: inbox.Entry{
		Connection: c.Name, Kind: c.Kind, ReceivedAt: s.now(), Body: body, Bytes: len(body),
	}}
	h, err := receiver.Hook(r.Header, body)
	if err != nil {
		s.refuseBody(w, r, &p, err)
		return
	}
	p.entry.Kind, p.entry.Body = c.Kind+"."+h.Event, h.Body
	switch {
	case h.Event == pingEvent:
		hookStatus(w, http.StatusOK, "pong")
	case h.Ignored:
		s.ignoreHook(w, r, &p)
	default:
		s.keepHook(w, r, &p, receiver, h)
	}
}

// signedFor is the first of the connections whose secret a request was signed
// with; when there is none the answer is written.
func (s *Server) signedFor(w http.ResponseWriter, r *http.Request, connections []control.Connection, body []byte) (control.Connection, source.Receiver, bool) {
	var verdict, fault error
	for _, c := range connections {
		receiver, err := s.receiver(r.Context(), c)
		if err != nil {
			s.log.Error("a connection cannot be opened to receive a hook", "error", err, "connection", c.Name)
			fault = err
			continue
		}
		if receiver == nil {
			continue
		}
		err = receiver.Verify(r.Header, body)
		if err == nil {
			return c, receiver, true
		}
		if verdict == nil || errors.Is(err, source.ErrSignature) {
			verdict = err
		}
	}
	switch {
	case fault != nil: // it may be the one that the hook is for: it has to come again
		writeAPIError(w, http.StatusServiceUnavailable, "unavailable", "a connection cannot be opened; it is in the log")
	case verdict != nil:
		s.wrongSignature(w, r, verdict)
	default:
		noReceiver(w)
	}
	return control.Connection{}, nil, false
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
	if p.Pushed, err = receiver.Receive(h); err != nil {
		s.refuseBody(w, r, p, err)
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
