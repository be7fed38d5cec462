package simulator

import (
	"bytes"
	"net"
	"net/http"
	"strconv"
	"time"
)

func (f *Fault) answer(rw http.ResponseWriter, r *http.Request, next http.Handler) {
	switch {
	case f.Status != 0:
		f.retryAfter(rw)
		fail(rw, apiErrorf(f.Status, "%s", http.StatusText(f.Status)))
	case f.HTML:
		writeHTML(rw)
	case f.WrongJSON:
		sendObject(rw, []byte(`{"result":{"items":"none"},"id":17}`))
	case f.Dropped:
		drop(rw)
	case f.Redirect != "":
		http.Redirect(rw, r, f.Redirect, http.StatusFound)
	case f.CutJSON, f.Truncated, f.Huge, f.Reset, f.Stalled:
		f.spoil(rw, r, next)
	default:
		next.ServeHTTP(rw, r)
	}
}

// retryAfter says when to come back, in whole seconds.
func (f *Fault) retryAfter(rw http.ResponseWriter) {
	if f.RetryAfter > 0 {
		rw.Header().Set("Retry-After", strconv.Itoa(int((f.RetryAfter+time.Second-1)/time.Second)))
	}
}

// drop breaks the connection after the first bytes of an answer: without any,
// Go's client quietly repeats a GET on another connection.
func drop(rw http.ResponseWriter) {
	conn, _, err := http.NewResponseController(rw).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	_, _ = conn.Write([]byte("HTTP/1.1"))
	_ = conn.Close()
}

// reset makes the end of the connection a reset.
func reset(rw http.ResponseWriter) {
	conn, _, err := http.NewResponseController(rw).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// hugeField is the size of a field that is too large to be meant.
const hugeField = 10 << 20

// spoil changes the answer that would have been given.
func (f *Fault) spoil(rw http.ResponseWriter, r *http.Request, next http.Handler) {
	kept := &keeper{header: rw.Header(), status: http.StatusOK}
	next.ServeHTTP(kept, r)
	whole := kept.body.Bytes()
	half := whole[:len(whole)/2]
	switch i := bytes.IndexByte(whole, '{'); {
	case f.CutJSON:
		whole = half
	case f.Huge && i >= 0:
		var big bytes.Buffer
		big.Grow(len(whole) + hugeField + 32)
		big.Write(whole[:i+1])
		big.WriteString(`"hugeField":"`)
		big.Write(bytes.Repeat([]byte{'x'}, hugeField))
		big.WriteString(`",`)
		big.Write(whole[i+1:])
		whole = big.Bytes()
	}
	rw.Header().Set("Content-Length", strconv.Itoa(len(whole)))
	rw.WriteHeader(kept.status)
	if !f.Truncated && !f.Reset && !f.Stalled {
		_, _ = rw.Write(whole)
		return
	}
	_, _ = rw.Write(half)
	if flusher, ok := rw.(http.Flusher); ok {
		flusher.Flush()
	}
	switch {
	case f.Stalled:
		<-r.Context().Done()
	case f.Reset:
		reset(rw)
	}
	panic(http.ErrAbortHandler)
}

// keeper holds an answer back.
type keeper struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (k *keeper) Header() http.Header         { return k.header }
func (k *keeper) WriteHeader(status int)      { k.status = status }
func (k *keeper) Write(p []byte) (int, error) { return k.body.Write(p) }
