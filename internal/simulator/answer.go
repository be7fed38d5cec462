package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
)

// apiError is an error in the API's form.
type apiError struct {
	status   int
	messages []string
	data     map[string]any
}

func (e *apiError) Error() string { return strings.Join(e.messages, "; ") }

func apiErrorf(status int, format string, args ...any) *apiError {
	return &apiError{status: status, messages: []string{fmt.Sprintf(format, args...)}}
}

func fail(rw http.ResponseWriter, err error) {
	var e *apiError
	if !errors.As(err, &e) {
		e = apiErrorf(http.StatusBadRequest, "%s", err.Error())
	}
	body := map[string]any{"errors": map[string]any{}, "errorMessages": e.messages, "statusCode": e.status}
	if e.data != nil {
		body["errorsData"] = e.data
	}
	out := newBody()
	defer out.free()
	out.b = appendJSON(out.b, body)
	out.sendStatus(rw, e.status)
}

// body is an answer that is being written; its memory is used again.
type body struct{ b []byte }

var bodies = sync.Pool{New: func() any { return &body{b: make([]byte, 0, 64<<10)} }}

func newBody() *body {
	out := bodies.Get().(*body)
	out.b = out.b[:0]
	return out
}

func (o *body) free() {
	if cap(o.b) <= 8<<20 {
		bodies.Put(o)
	}
}

func (o *body) send(rw http.ResponseWriter) { o.sendStatus(rw, http.StatusOK) }

func (o *body) sendStatus(rw http.ResponseWriter, status int) {
	rw.Header().Set("Content-Type", "application/json;charset=UTF-8")
	rw.WriteHeader(status)
	// An error here means that the client has gone.
	_, _ = rw.Write(o.b)
}

func writeHTML(rw http.ResponseWriter) {
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = rw.Write([]byte("<!DOCTYPE html><html><head><title>Please wait</title></head><body><h1>Service is being updated</h1></body></html>\n"))
}

// readBody reads a JSON object of a request; an empty body is an empty object.
func readBody(r *http.Request, into any) error {
	d := json.NewDecoder(http.MaxBytesReader(nil, r.Body, 4<<20))
	d.DisallowUnknownFields()
	if r.ContentLength == 0 {
		return nil
	}
	if err := d.Decode(into); err != nil {
		return apiErrorf(http.StatusBadRequest, "Bad request: %s", err)
	}
	return nil
}
