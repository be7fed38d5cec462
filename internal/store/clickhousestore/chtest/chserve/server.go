package main

import (
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"time"
)

// server is the HTTP interface of ClickHouse over an engine.
type server struct {
	engine         *engine
	user, password string
}

func (s *server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ping", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "Ok.\n") })
	mux.HandleFunc("GET /{$}", s.serve)
	mux.HandleFunc("POST /{$}", s.serve)
	return mux
}

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	a := &answer{ResponseWriter: w, accepted: r.Header.Get("Accept-Encoding")}
	a.end(s.answer(a, r))
}

func (s *server) answer(a *answer, r *http.Request) error {
	if err := s.authenticate(r); err != nil {
		return err
	}
	req, err := readRequest(r, a.ResponseWriter)
	if err != nil {
		return err
	}
	a.req = req
	if req.settings["enable_http_compression"] == "0" {
		a.accepted = ""
	}
	if req.queryID == "" {
		req.queryID = rand.Text()
	}
	a.Header().Set("X-ClickHouse-Query-Id", req.queryID)
	a.Header().Set("X-ClickHouse-Timezone", "UTC")
	sql := req.sql
	if req.data != nil {
		var remove func()
		if sql, remove, err = insert(req.sql, req.data); err != nil {
			return err
		}
		defer remove()
	}
	c, err := s.engine.open()
	if err != nil {
		return err
	}
	defer c.close()
	comment := rand.Text()
	if err := c.exec(req.prologue(comment), "Null", nil, func([]byte) error { return nil }); err != nil {
		return err
	}
	defer s.killWhenGone(r.Context(), comment)()
	return c.run(sql, req.format, req.params, a.part)
}

// killWhenGone ends the statement with the comment when its client has gone
// away, until the returned function is called. It asks again and again, since
// the first time may be before the statement has begun.
func (s *server) killWhenGone(ctx context.Context, comment string) func() {
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		for {
			s.kill(comment)
			select {
			case <-ended:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	return func() {
		stop()
		close(ended)
	}
}

func (s *server) kill(comment string) {
	c, err := s.engine.open()
	if err != nil {
		return
	}
	defer c.close()
	_ = c.exec("KILL QUERY WHERE Settings['log_comment'] = "+quoted('\'', comment)+" ASYNC", "Null", nil,
		func([]byte) error { return nil })
}

// authenticate takes the name and password from where clients put them.
func (s *server) authenticate(r *http.Request) error {
	user, password, ok := r.BasicAuth()
	if !ok {
		q := r.URL.Query()
		user = first(r.Header.Get("X-ClickHouse-User"), q.Get("user"), "default")
		password = first(r.Header.Get("X-ClickHouse-Key"), q.Get("password"))
	}
	if user != s.user || password != s.password {
		return newException(authenticationFailed, "AUTHENTICATION_FAILED",
			"%s: Authentication failed: password is incorrect, or there is no user with such name", user)
	}
	return nil
}
