package source

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// What sources that ask over HTTP have in common.

// NetworkError is a request that got no answer.
type NetworkError struct {
	System string // that was asked, as people call it
	Words  string // begins the ids of the system's own texts in the catalogue: "github."; "" for none of its own
	Path   string
	Err    error
}

func (e *NetworkError) Error() string {
	return "asking " + e.System + " for " + e.Path + ": " + e.Err.Error()
}

func (e *NetworkError) Unwrap() error { return e.Err }

// Phrase is that of the cause where it has one; else the cause is quoted.
func (e *NetworkError) Phrase() Phrase {
	if m := MessageOf(e.Err, ""); m.ID != "" {
		return m.Phrase
	}
	var blocked interface{ Blocked() netip.Addr } // the client refuses to go there
	var dns *net.DNSError
	switch {
	case errors.As(e.Err, &blocked):
		return Phrase{ID: "network.blocked", Args: []string{"address", blocked.Blocked().String()}}
	case errors.Is(e.Err, syscall.ECONNREFUSED):
		return Phrase{ID: "network.refused"}
	case errors.As(e.Err, &dns):
		return Phrase{ID: "network.name", Args: []string{"name", dns.Name}}
	case errors.Is(e.Err, context.DeadlineExceeded):
		return Phrase{ID: e.Words + "network.slow"}
	}
	return Phrase{ID: e.Words + "network", Args: []string{"path", e.Path, "said", e.Err.Error()}}
}

// WithoutURL is an error of a client without the address, whose query may hold what is
// nobody's business.
func WithoutURL(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}

// RedirectError is a redirect that is not followed.
type RedirectError struct{ To string }

func (e *RedirectError) Error() string {
	return "the server redirects to another host, " + e.To + ": set base_url to the address of the API itself"
}

// Phrase says it in the reader's language.
func (e *RedirectError) Phrase() Phrase {
	return Phrase{ID: "redirect", Args: []string{"to", e.To}}
}

// AccessError is an AuthError with words of its own for the catalogue.
type AccessError struct {
	*AuthError
	Words Phrase
}

func (e *AccessError) Unwrap() error { return e.AuthError }

// Phrase says it in the reader's language.
func (e *AccessError) Phrase() Phrase { return e.Words }

// LaterError is an error with the server's own word on when to try again, for
// backoff.Retry.
type LaterError struct {
	Err   error
	After time.Duration
}

func (e *LaterError) Error() string { return e.Err.Error() }

func (e *LaterError) Unwrap() []error {
	return []error{e.Err, &backoff.RetryAfterError{Duration: e.After}}
}

// Transient tells failures of the network that may pass from those that will not,
// such as a refused address or certificate.
func Transient(err error) bool {
	var n net.Error
	var op *net.OpError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, context.DeadlineExceeded),
		errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return true
	case errors.As(err, &n) && n.Timeout():
		return true
	case errors.As(err, &op):
		return op.Op != "dial"
	}
	return strings.Contains(err.Error(), "server closed idle connection")
}

// ErrTooLarge is of a body that ReadBody did not read to its end.
var ErrTooLarge = errors.New("too large")

// ReadBody reads at most limit bytes. Of a larger body it is ErrTooLarge.
func ReadBody(res *http.Response, limit int64) ([]byte, error) {
	size := min(max(res.ContentLength, 16<<10), 1<<20)
	buf := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead))
	n, err := buf.ReadFrom(io.LimitReader(res.Body, limit+1))
	if err == nil && n > limit {
		err = ErrTooLarge
	}
	return buf.Bytes(), err
}

// IsHTML reports whether a body looks like a page instead of JSON.
func IsHTML(body []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(body[:min(len(body), 256)], " \t\r\n\ufeff"), []byte("<"))
}
