package sourcetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// Address is where a Transport finds its handler.
const Address = "http://source.test"

// Fault may answer the n-th request, from 0, instead of the system; nil lets
// it through.
type Fault func(n int, r *http.Request) (*http.Response, error)

// Transport hands requests to a handler without a network in between, so that
// time may be a synctest bubble's.
type Transport struct {
	Handler http.Handler
	Fault   Fault

	mu      sync.Mutex
	sent    int
	foreign []string
}

// Client is an http.Client over t. It follows redirects anywhere: not to is the
// source's task.
func (t *Transport) Client() *http.Client { return &http.Client{Transport: t} }

// Sent is how many requests came, to Address or elsewhere.
func (t *Transport) Sent() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sent
}

// Foreign are the hosts other than Address's that were asked.
func (t *Transport) Foreign() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.foreign
}

// RoundTrip answers a request.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	t.mu.Lock()
	n := t.sent
	t.sent++
	if !strings.HasSuffix(Address, "//"+r.URL.Host) {
		t.foreign = append(t.foreign, r.URL.Host)
		t.mu.Unlock()
		return nil, fmt.Errorf("no such host: %s", r.URL.Host)
	}
	t.mu.Unlock()
	if r.Body != nil {
		defer func() { _ = r.Body.Close() }() // a reader in memory
	}
	if t.Fault != nil {
		if res, err := t.Fault(n, r); res != nil || err != nil {
			return res, err
		}
	}
	return t.serve(r)
}

func (t *Transport) serve(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	rec := httptest.NewRecorder()
	in := r.Clone(r.Context())
	in.Body, in.RequestURI, in.Host = io.NopCloser(bytes.NewReader(body)), r.URL.RequestURI(), r.URL.Host
	done := make(chan struct{})
	go func() {
		defer close(done)
		t.Handler.ServeHTTP(rec, in)
	}()
	select {
	case <-done:
		res := rec.Result()
		res.Request = r
		return res, nil
	case <-r.Context().Done():
		return nil, context.Cause(r.Context())
	}
}

// Answer is a Fault that gives every request the same answer. headers are
// names and values in turn.
func Answer(status int, body string, headers ...string) Fault {
	return func(_ int, r *http.Request) (*http.Response, error) {
		return answer(r, status, body, headers...), nil
	}
}

func answer(r *http.Request, status int, body string, headers ...string) *http.Response {
	h := http.Header{"Content-Type": {"application/json"}, "Content-Length": {strconv.Itoa(len(body))}}
	for i := 0; i+1 < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return &http.Response{
		StatusCode: status, Status: strconv.Itoa(status) + " " + http.StatusText(status), Header: h,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: r,
	}
}

// Every lets a fault happen to every k-th request only, and never twice running to
// one that is repeated: with an unlucky order a source would have to give it up.
func Every(k int, f Fault) Fault {
	var mu sync.Mutex
	met := map[string]bool{}
	return func(n int, r *http.Request) (*http.Response, error) {
		if n%k != k-1 {
			return nil, nil //nolint:nilnil // the request goes through
		}
		key := r.Method + " " + r.URL.String()
		mu.Lock()
		spared := met[key]
		met[key] = !spared
		mu.Unlock()
		if spared {
			return nil, nil //nolint:nilnil // its turn was the last one
		}
		return f(n, r)
	}
}

// After lets a fault happen from the k-th request on, counted from 0.
func After(k int, f Fault) Fault {
	return func(n int, r *http.Request) (*http.Response, error) {
		if n < k {
			return nil, nil //nolint:nilnil // the request goes through
		}
		return f(n, r)
	}
}

// Refused is a Fault: nobody listens.
func Refused(int, *http.Request) (*http.Response, error) {
	return nil, fmt.Errorf("dial: %w", syscall.ECONNREFUSED)
}

// CutOff lets the system answer and loses the second half of the body.
func (t *Transport) CutOff(_ int, r *http.Request) (*http.Response, error) {
	res, err := t.serve(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(res.Body)
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return nil, err
	}
	half := strings.NewReader(string(body[:len(body)/2]))
	res.Body = io.NopCloser(io.MultiReader(half, broken{}))
	return res, nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
