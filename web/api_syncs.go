package web

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/source"
)

// apiSync is a run of a pull as programs see it.
type apiSync struct {
	ID         int64             `json:"id"`
	Connection string            `json:"connection"`
	State      control.SyncState `json:"state"`
	StartedAt  delivery.Instant  `json:"started_at"`
	FinishedAt delivery.Instant  `json:"finished_at"`
	Progress   source.Progress   `json:"progress"`
	Written    apiWritten        `json:"written"`
	Problems   int               `json:"problems"`
	Error      delivery.Word     `json:"error"`
	RetryAt    delivery.Instant  `json:"retry_at"`
}

type apiWritten struct {
	Inserted  int `json:"inserted"`
	Updated   int `json:"updated"`
	Unchanged int `json:"unchanged"`
	Gone      int `json:"gone"`
}

// apiConnection is a connection without its settings.
type apiConnection struct {
	Name     string           `json:"name"`
	Kind     string           `json:"kind"`
	Every    int64            `json:"every_seconds"`
	NextRun  delivery.Instant `json:"next_run_at"`
	Failures int              `json:"failures"`
	Syncing  bool             `json:"syncing"`
	Paused   bool             `json:"paused"`
}

// apiSyncs lists syncs, the newest first.
func (s *Server) apiSyncs(w http.ResponseWriter, r *http.Request) {
	q, err := query(r)
	if err != nil {
		badRequest(w, err)
		return
	}
	limit, limitErr := limitOf(q)
	before, cursorErr := syncCursor(q.Get("cursor"))
	if err := errors.Join(onlyParams(q, "connection", "limit", "cursor"), limitErr, cursorErr); err != nil {
		badRequest(w, err)
		return
	}
	syncs, err := s.db.Syncs(r.Context(), control.SyncQuery{Connection: q.Get("connection"), Limit: limit + 1, Before: before})
	if err != nil {
		s.apiFail(w, r, err)
		return
	}
	answer := apiList[apiSync]{Items: []apiSync{}}
	if len(syncs) > limit {
		syncs = syncs[:limit]
		answer.NextCursor = strconv.FormatInt(syncs[limit-1].ID, 10)
	}
	for _, sync := range syncs {
		answer.Items = append(answer.Items, syncReport(sync))
	}
	writeJSON(w, http.StatusOK, answer)
}

func syncCursor(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		return 0, &delivery.FilterError{Param: "cursor", Message: "not a cursor of this list"}
	}
	return n, nil
}

func syncReport(s control.Sync) apiSync {
	w := s.Written
	return apiSync{
		ID: s.ID, Connection: s.Connection, State: s.State,
		StartedAt: delivery.InstantOf(s.StartedAt), FinishedAt: delivery.InstantOf(s.FinishedAt),
		Progress: s.Progress, Written: apiWritten{w.Inserted, w.Updated, w.Unchanged, w.Gone},
		Problems: s.Problems, Error: delivery.Word(s.Error.Text), RetryAt: delivery.InstantOf(s.RetryAt),
	}
}

// apiStartSync makes a connection due now.
func (s *Server) apiStartSync(w http.ResponseWriter, r *http.Request) {
	q, err := query(r)
	if err == nil {
		err = onlyParams(q)
	}
	if err != nil {
		badRequest(w, err)
		return
	}
	if !s.emptyBody(w, r) {
		return
	}
	ctx, name := r.Context(), chi.URLParam(r, "name")
	c, err := s.db.Connection(ctx, name)
	switch {
	case control.BuiltIn(name), err == nil && c.Pushed():
		writeAPIError(w, http.StatusConflict, "pushed", "nothing is pulled from this connection: it takes what is pushed")
		return
	case errors.Is(err, control.ErrNotFound):
		writeAPIError(w, http.StatusNotFound, "not_found", "there is no such connection", apiDetail{Path: "name", Message: "no connection has this name"})
		return
	case err != nil:
		s.apiFail(w, r, err)
		return
	case c.Paused != nil:
		writeAPIError(w, http.StatusConflict, "paused", pausedMessage(*c.Paused))
		return
	case c.Syncing:
		writeAPIError(w, http.StatusConflict, "running", "a sync of this connection is running")
		return
	}
	if err := s.db.RunNow(ctx, name, s.now()); err != nil {
		s.apiFail(w, r, err)
		return
	}
	s.cfg.Worker.Poke()
	if c, err = s.db.Connection(ctx, name); err != nil {
		s.apiFail(w, r, err)
		return
	}
	writeJSON(w, http.StatusAccepted, connectionReport(c))
}

// emptyBody reads past a body that means nothing here. When it is too large, or
// cannot be read, the answer is written.
func (s *Server) emptyBody(w http.ResponseWriter, r *http.Request) bool {
	_, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		bodyFail(w, err)
	}
	return err == nil
}

// bodyFail answers a body that is too large, or did not come.
func bodyFail(w http.ResponseWriter, err error) {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		writeAPIError(w, http.StatusRequestEntityTooLarge, "too_large", fmt.Sprintf("the body is larger than %d bytes", tooLarge.Limit))
		return
	}
	writeAPIError(w, http.StatusBadRequest, "bad_request", "the body cannot be read")
}

func pausedMessage(p control.Pause) string {
	if p.Code == userPause {
		return "the connection is paused by hand"
	}
	return "the connection is paused: " + p.Message
}

func connectionReport(c control.Connection) apiConnection {
	return apiConnection{
		Name: c.Name, Kind: c.Kind, Every: int64(c.Every / time.Second), NextRun: delivery.InstantOf(c.NextRunAt),
		Failures: c.Failures, Syncing: c.Syncing, Paused: c.Paused != nil,
	}
}
