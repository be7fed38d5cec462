package web

import (
	"crypto/rand"
	"net/http"
	"sync"
	"time"
)

const (
	revealLifetime = 10 * time.Minute
	maxReveals     = 100
)

// reveals keep what is shown once, a link or a token, from the POST that made
// it to the page that shows it. They stay in memory: in the database only
// hashes are kept.
type reveals struct {
	mu       sync.Mutex
	byTicket map[string]reveal
}

type reveal struct {
	user  int64 // who may see it
	page  string
	name  string // whom or what it is for
	value string
	until time.Time
}

func (v *reveals) put(r reveal, now time.Time) (ticket string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.byTicket == nil {
		v.byTicket = map[string]reveal{}
	}
	oldest, first := "", now.Add(2*revealLifetime)
	for ticket, old := range v.byTicket {
		if !now.Before(old.until) {
			delete(v.byTicket, ticket)
		} else if old.until.Before(first) {
			oldest, first = ticket, old.until
		}
	}
	if len(v.byTicket) >= maxReveals {
		delete(v.byTicket, oldest)
	}
	r.until = now.Add(revealLifetime)
	ticket = rand.Text()
	v.byTicket[ticket] = r
	return ticket
}

func (v *reveals) take(ticket string, user int64, page string, now time.Time) (reveal, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	r, ok := v.byTicket[ticket]
	if !ok || r.user != user || r.page != page {
		return reveal{}, false
	}
	delete(v.byTicket, ticket)
	return r, now.Before(r.until)
}

const sessionReveal = "reveal"

// reveal sends the browser on to a page of settings, which shows a value once.
func (s *Server) reveal(w http.ResponseWriter, r *http.Request, page, name, value string) {
	u, _ := userFrom(r.Context())
	ticket := s.reveals.put(reveal{user: u.ID, page: page, name: name, value: value}, s.now())
	s.sessions.Put(r.Context(), sessionReveal, ticket)
	s.redirect(w, r, page)
}

// revealed is what the page is to show once, if anything.
func (s *Server) revealed(r *http.Request, page string) (reveal, bool) {
	u, _ := userFrom(r.Context())
	ticket := s.sessions.GetString(r.Context(), sessionReveal)
	if ticket == "" {
		return reveal{}, false
	}
	v, ok := s.reveals.take(ticket, u.ID, page, s.now())
	if ok {
		s.sessions.Remove(r.Context(), sessionReveal)
	}
	return v, ok
}
