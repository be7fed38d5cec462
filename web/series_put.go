package web

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/inbox"
	"throughline/internal/source"
)

const (
	putPath   = "/api/put"
	queryPath = "/api/query"
	// maxPut bounds a body of points, on the wire and inflated.
	maxPut = 20 << 20
	// inflating is how many bodies of points are inflated and read at once: each may
	// come to maxPut.
	inflating = 4
	// largePuts is how many bodies of more than usualHook are read at once, and
	// largePutWait how long others wait for their turn.
	largePuts    = 8
	largePutWait = 10 * time.Second

	// seriesKind is the kind, and the name of the connection, that points go to.
	seriesKind = "series"
)

// pointRoutes are those of apptuit-py and of clients of OpenTSDB.
func (s *Server) pointRoutes(r chi.Router) {
	r.Group(func(r chi.Router) {
		r.Use(unstored, basicToken, s.unlessToken)
		r.With(s.needScope(scopeIngest)).Post(putPath, s.putPoints)
		r.With(middleware.Compress(gzipLevel, "application/json"), s.needScope(scopeRead)).Get(queryPath, s.querySeries)
	})
}

// basicToken takes the user of basic authentication for a token, as xcollector sends
// it; the password where there is no user.
func basicToken(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, ok := r.BasicAuth(); ok {
			if user == "" {
				user = password
			}
			r = r.Clone(r.Context())
			r.Header.Set("Authorization", "Bearer "+user)
		}
		next.ServeHTTP(w, r)
	})
}

// putAnswer is what a client of /api/put is told: apptuit-py reads all three of a 400.
type putAnswer struct {
	Success int        `json:"success"`
	Failed  int        `json:"failed"`
	Errors  []putError `json:"errors"`
	Error   *apiError  `json:"error,omitempty"` // of a body that cannot be read at all
}

type putError struct {
	Datapoint json.RawMessage `json:"datapoint"`
	Error     string          `json:"error"`
}

// putPoints takes points: those that are right are kept, the others are named one by
// one.
func (s *Server) putPoints(w http.ResponseWriter, r *http.Request) {
	details, summary, err := putQuery(r)
	if err != nil {
		refusePut(w, filterDetails(err)...)
		return
	}
	from := pusherFrom(r.Context())
	c, ok := s.seriesConnection(w, r, from)
	if !ok {
		return
	}
	wire, ok := s.readPut(w, r)
	if !ok {
		return
	}
	entry := inbox.Entry{Connection: c.Name, Kind: s.cfg.Points.Kind, Token: from.token, ReceivedAt: s.now(), Bytes: len(wire)}
	body, ok := s.readPoints(w, r, wire, c, &entry)
	if !ok {
		return
	}
	body.Points.Token, body.Points.ReceivedAt = from.token, delivery.InstantOf(entry.ReceivedAt)
	if err := s.admit(r.Context(), &body, c); err != nil {
		s.apiFail(w, r, err)
		return
	}
	answer := putAnswer{Success: len(body.Points.At), Failed: len(body.Wrong), Errors: make([]putError, 0, len(body.Wrong))}
	for _, wrong := range body.Wrong {
		answer.Errors = append(answer.Errors, putError{wrong.Raw, wrong.Message})
	}
	if answer.Success > 0 {
		entry.Body = s.cfg.Points.Encode(&body.Points)
		if _, _, err := s.cfg.Inbox.Put(r.Context(), entry); err != nil {
			s.log.Error("points are not kept", "error", err, "connection", c.Name)
			retryAfter(w, time.Minute)
			writeAPIError(w, http.StatusServiceUnavailable, "unavailable", "they could not be kept; send them again later")
			return
		}
	}
	switch {
	case answer.Failed > 0:
		s.noteWrong(r, entry, &body, answer)
		writePut(w, http.StatusBadRequest, &answer)
	case details:
		writePut(w, http.StatusOK, &answer)
	case summary:
		writeJSON(w, http.StatusOK, map[string]int{"success": answer.Success, "failed": answer.Failed})
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

// putQuery reads what OpenTSDB's clients ask to be told. sync and sync_timeout change
// nothing: points are kept before the answer.
func putQuery(r *http.Request) (details, summary bool, err error) {
	q, err := query(r)
	if err == nil {
		err = onlyParams(q, "details", "summary", "sync", "sync_timeout", "token")
	}
	if err != nil {
		return false, false, err
	}
	asked := func(name string) bool { return q.Has(name) && q.Get(name) != "false" && q.Get(name) != "0" }
	return asked("details"), asked("summary"), nil
}

// readPut reads a body, of the larger ones a few at a time. When it cannot be read the
// answer is written.
func (s *Server) readPut(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	if r.ContentLength < 0 || r.ContentLength > usualHook {
		select {
		case s.largePuts <- struct{}{}:
			defer func() { <-s.largePuts }()
		case <-time.After(largePutWait):
			retryAfter(w, time.Minute)
			writeAPIError(w, http.StatusServiceUnavailable, "unavailable", "too many large bodies at once; send it again later, or in parts")
			return nil, false
		case <-r.Context().Done():
			return nil, false
		}
	}
	wire := bytes.NewBuffer(make([]byte, 0, max(512, min(r.ContentLength+bytes.MinRead, usualHook))))
	_, err := wire.ReadFrom(r.Body)
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		bodyFail(w, err)
		return nil, false
	}
	if err != nil {
		refusePut(w, apiDetail{Path: "$", Message: "the body cannot be read to its end"})
		return nil, false
	}
	return wire.Bytes(), true
}

// refusePut answers what is wrong with a whole request.
func refusePut(w http.ResponseWriter, details ...apiDetail) {
	message := details[0].Path + ": " + details[0].Message
	writePut(w, http.StatusBadRequest, &putAnswer{
		Errors: []putError{{json.RawMessage("null"), message}},
		Error:  &apiError{Code: "bad_request", Message: message, Path: details[0].Path, Details: details},
	})
}

// writePut writes an answer bit by bit: it may be as large as what was sent.
func writePut(w http.ResponseWriter, status int, a *putAnswer) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	out := bufio.NewWriter(w) // whose error says that the client went away
	_, _ = fmt.Fprintf(out, `{"success":%d,"failed":%d,"errors":[`, a.Success, a.Failed)
	for i := range a.Errors {
		if i > 0 {
			_ = out.WriteByte(',')
		}
		if text, err := json.Marshal(a.Errors[i]); err == nil {
			_, _ = out.Write(text)
		}
	}
	_ = out.WriteByte(']')
	if text, err := json.Marshal(a.Error); a.Error != nil && err == nil {
		_, _ = out.WriteString(`,"error":`)
		_, _ = out.Write(text)
	}
	_, _ = out.WriteString("}\n")
	_ = out.Flush()
}

// seriesConnection is where the points of a pusher go: to the connection of its token
// if that is one of series, else to the one that is always there. When there is none
// the answer is written.
func (s *Server) seriesConnection(w http.ResponseWriter, r *http.Request, from pusher) (control.Connection, bool) {
	all, err := s.db.KnownConnections(r.Context())
	if err != nil {
		s.apiFail(w, r, err)
		return control.Connection{}, false
	}
	named := func(name string) int {
		return slices.IndexFunc(all, func(c control.Connection) bool { return c.Name == name })
	}
	i := named(from.connection)
	if i < 0 && !s.takes(w, r, from) {
		return control.Connection{}, false
	}
	if i < 0 || all[i].Kind != seriesKind {
		i = named(seriesKind)
	}
	if i < 0 {
		return control.Connection{Name: seriesKind, Kind: seriesKind}, true
	}
	return all[i], true
}

// buffers are what bodies are inflated into.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// readPoints inflates and reads a body. When it cannot be used the answer is written,
// and the inbox keeps a note of it.
func (s *Server) readPoints(w http.ResponseWriter, r *http.Request, wire []byte, c control.Connection, entry *inbox.Entry) (source.PointsBody, bool) {
	var none source.PointsBody
	select {
	case s.inflating <- struct{}{}:
		defer func() { <-s.inflating }()
	case <-r.Context().Done():
		return none, false
	}
	buffer := buffers.Get().(*bytes.Buffer)
	buffer.Reset()
	defer func() {
		if buffer.Cap() <= maxBody {
			buffers.Put(buffer)
		}
	}()
	text, err := inflate(buffer, wire, strings.Join(r.Header.Values("Content-Encoding"), ", "))
	var body source.PointsBody
	if err == nil {
		body, err = s.cfg.Points.Read(text, c.Settings)
	}
	if err == nil {
		return body, true
	}
	var unknown *encodingError
	wrong, isBody := errors.AsType[*source.BodyError](err)
	entry.Body = slices.Clone(text[:min(len(text), 64<<10)])
	switch {
	case errors.As(err, &unknown):
		writeAPIError(w, http.StatusUnsupportedMediaType, "unsupported", err.Error())
		return none, false
	case errors.Is(err, errInflated), errors.Is(err, source.ErrTooManyPoints):
		writeAPIError(w, http.StatusRequestEntityTooLarge, "too_large", err.Error()+": send it in parts")
	case isBody:
		refusePut(w, apiDetail{Path: wrong.Path, Message: wrong.Message})
	default:
		s.apiFail(w, r, err)
		return none, false
	}
	entry.Error = err.Error()
	s.noteRefused(r, &pushed{entry: *entry})
	return none, false
}

// noteWrong shows in the inbox which points were refused.
func (s *Server) noteWrong(r *http.Request, entry inbox.Entry, body *source.PointsBody, answer putAnswer) {
	const most = 20
	var text strings.Builder
	_, _ = fmt.Fprintf(&text, "%d of %d points were refused", answer.Failed, answer.Failed+answer.Success)
	raw := make([]json.RawMessage, 0, most)
	for _, wrong := range body.Wrong[:min(most, len(body.Wrong))] {
		_, _ = fmt.Fprintf(&text, "; $[%d] %s", wrong.Index, wrong.Message)
		raw = append(raw, wrong.Raw)
	}
	entry.Error = text.String()
	entry.Body, _ = json.Marshal(raw) // of JSON
	s.noteRefused(r, &pushed{entry: entry})
}

// errInflated is returned for a body that is too large once it is inflated.
var errInflated = fmt.Errorf("the body is larger than %d MiB when it is inflated", maxPut>>20)

// encodingError is a Content-Encoding that is not known here.
type encodingError struct{ name string }

func (e *encodingError) Error() string {
	return fmt.Sprintf("the Content-Encoding %q is not known here: send deflate, gzip or the body as it is", e.name)
}

// inflate is a body as it was before it was compressed, into a buffer unless it was
// not.
func inflate(into *bytes.Buffer, wire []byte, encoding string) ([]byte, error) {
	var inflated io.Reader
	var err error
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "", "identity":
		return wire, nil
	case "gzip", "x-gzip":
		inflated, err = gzip.NewReader(bytes.NewReader(wire))
	case "deflate":
		inflated, err = zlib.NewReader(bytes.NewReader(wire))
		if errors.Is(err, zlib.ErrHeader) { // some send it bare
			inflated, err = flate.NewReader(bytes.NewReader(wire)), nil
		}
	default:
		return nil, &encodingError{encoding[:min(len(encoding), 40)]}
	}
	if err == nil {
		_, err = io.Copy(into, io.LimitReader(inflated, maxPut+1))
	}
	switch {
	case into.Len() > maxPut:
		return nil, errInflated
	case err != nil:
		return nil, &source.BodyError{Path: "$", Message: "the body is not " + encoding + ", as Content-Encoding says"}
	}
	return into.Bytes(), nil
}
