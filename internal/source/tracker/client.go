package tracker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cenkalti/backoff/v5"

	"throughline/internal/source"
)

const (
	maxSearchBody    = 64 << 20
	maxChangelogBody = 32 << 20
	maxOtherBody     = 16 << 20

	requestTimeout = 90 * time.Second
	longWait       = time.Minute // a longer Retry-After ends the pull
	maxTries       = 7
	maxSingle      = 4  // tries for one record that makes the server fail
	maxLimited     = 30 // tries when the server wants a lower rate
	maxBadBodies   = 5  // tries when the answer arrives, but broken
	maxElapsed     = 5 * time.Minute
)

// client sends requests to the API at the rate that it bears, and again where
// that may help.
type client struct {
	http         *http.Client
	root         *url.URL
	header       http.Header
	organization string
	secret       string
	now          func() time.Time
	limits       *limiter
	requests     atomic.Int64 // sent so far
}

func newClient(h *http.Client, set settings, now func() time.Time) *client {
	own := *h
	own.CheckRedirect = sameHost(h.CheckRedirect)
	return &client{
		http: &own, root: set.root, header: set.header, organization: set.organization,
		secret: set.secret, now: now, limits: newLimiter(),
	}
}

// sameHost refuses redirects to another host, whoever made the client: the
// token must not follow them.
func sameHost(next func(*http.Request, []*http.Request) error) func(*http.Request, []*http.Request) error {
	return func(req *http.Request, via []*http.Request) error {
		if first := via[0].URL; req.URL.Scheme != first.Scheme || req.URL.Host != first.Host {
			return &redirectError{to: req.URL.Scheme + "://" + req.URL.Host}
		}
		if next != nil {
			return next(req, via)
		}
		if len(via) >= 10 {
			return &redirectError{to: "itself"}
		}
		return nil
	}
}

// request is one call; path is below the root.
type request struct {
	method string
	path   string
	query  url.Values
	body   any
	limit  int64 // of the answer in bytes
	paged  bool  // a 504 is handed back at once: the page was too large
	once   bool  // not worth a second try
	single bool  // one record only: it will be tried again by another pull
}

// answer is a successful answer: JSON in valid UTF-8.
type answer struct {
	path   string
	header http.Header
	body   []byte
	// doubtful is set when an earlier try may have been carried out although
	// its answer did not arrive.
	doubtful bool
}

// do sends r until it is answered, for a while.
func (c *client) do(ctx context.Context, r request) (*answer, error) {
	wait := backoff.NewExponentialBackOff()
	wait.Multiplier = 2
	wait.MaxInterval = 30 * time.Second
	tries := uint(maxLimited)
	if r.once {
		tries = 1
	}
	failed, broken, doubtful := 0, 0, false
	a, err := backoff.Retry(ctx, func() (*answer, error) {
		a, err := c.send(ctx, r)
		if err == nil {
			return a, nil
		}
		if ctx.Err() != nil {
			return nil, backoff.Permanent(context.Cause(ctx))
		}
		var bad *answerError
		if errors.As(err, &bad) {
			broken++
		}
		after, again := c.again(r, err)
		if !isStatus(err, http.StatusTooManyRequests) {
			failed, doubtful = failed+1, true
		}
		switch {
		case !again || failed == maxTries || broken == maxBadBodies || r.single && failed >= maxSingle && !down(err):
			return nil, backoff.Permanent(err)
		case after > 0:
			// Not all at the same moment: they would only meet again.
			return nil, &laterError{err, after + rand.N(min(after, 5*time.Second)+1)}
		}
		return nil, err
	}, backoff.WithBackOff(wait), backoff.WithMaxTries(tries), backoff.WithMaxElapsedTime(maxElapsed))
	var later *laterError
	if errors.As(err, &later) {
		err = later.err
	}
	if isStatus(err, http.StatusTooManyRequests) {
		var e *statusError
		errors.As(err, &e)
		return nil, &source.RateLimitError{RetryAfter: c.now().Add(max(e.after, longWait))}
	}
	if err != nil {
		return nil, err
	}
	a.doubtful = doubtful
	return a, nil
}

// laterError is an error with the server's own word on when to try again.
type laterError struct {
	err   error
	after time.Duration
}

func (e *laterError) Error() string { return e.err.Error() }

func (e *laterError) Unwrap() []error {
	return []error{e.err, &backoff.RetryAfterError{Duration: e.after}}
}

// again tells whether another try may help, and when the server wants it. It
// also tells the limiter what the server thinks of the rate.
func (c *client) again(r request, err error) (after time.Duration, again bool) {
	var status *statusError
	if errors.As(err, &status) {
		switch {
		case status.status == http.StatusTooManyRequests:
			c.limits.complain(min(status.after, longWait))
			return status.after, status.after <= longWait
		case status.status == http.StatusGatewayTimeout && r.paged:
			return 0, false
		case status.status == http.StatusInternalServerError:
			return 0, true // a fault of its own, whatever the rate
		case status.status > 500 && status.status != http.StatusNotImplemented:
			c.limits.trouble()
			return min(status.after, longWait), true
		}
		return 0, false
	}
	var bad *answerError
	if errors.As(err, &bad) {
		return 0, bad.again
	}
	return 0, transient(err)
}

// transient tells failures of the network that may pass from those that will
// not, such as a refused address or certificate.
func transient(err error) bool {
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

// down tells failures of the server as a whole from those that the one thing
// asked for may have caused.
func down(err error) bool {
	return isStatus(err, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable) ||
		errors.Is(err, syscall.ECONNREFUSED)
}

// send sends r once.
func (c *client) send(ctx context.Context, r request) (*answer, error) {
	if err := c.limits.wait(ctx); err != nil {
		return nil, err
	}
	defer c.limits.done()
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	req, path, err := c.build(ctx, r)
	if err != nil {
		return nil, err
	}
	c.requests.Add(1)
	res, err := c.http.Do(req)
	if err != nil {
		return nil, noAnswer(path, err)
	}
	body, err := readBody(res, r.limit)
	bad := &answerError{path: path, header: res.Header}
	switch {
	case errors.Is(err, errTooLarge):
		bad.what, bad.size = fmt.Sprintf("is larger than %d MiB", r.limit>>20), true
	case err != nil && ctx.Err() != nil:
		return nil, noAnswer(path, err)
	case res.StatusCode >= 300:
		return nil, c.refusal(path, res, body)
	case err != nil:
		bad.what, bad.again, bad.size = "was cut off", true, true
	case isHTML(body):
		bad.what = "is HTML, not JSON: is base_url right?"
	case !json.Valid(body):
		bad.what, bad.again, bad.size = "is not JSON, or was cut off", true, true
	default:
		bad = nil
	}
	if bad != nil {
		return nil, bad
	}
	return &answer{path: path, header: res.Header, body: clean(body)}, nil
}

func (c *client) build(ctx context.Context, r request) (*http.Request, string, error) {
	u := *c.root
	u.Path += r.path
	u.RawQuery = r.query.Encode()
	var body io.Reader
	if r.body != nil {
		text, err := json.Marshal(r.body)
		if err != nil {
			return nil, u.Path, fmt.Errorf("writing the request to %s: %w", u.Path, err)
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, u.String(), body)
	if err != nil {
		return nil, u.Path, fmt.Errorf("writing the request to %s: %w", u.Path, err)
	}
	req.Header = c.header.Clone()
	return req, u.Path, nil
}

// noAnswer leaves the URL's query out: it may hold scroll tokens.
func noAnswer(path string, err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return &networkError{path, err}
}

var errTooLarge = errors.New("too large")

// readBody reads at most limit bytes and closes the body.
func readBody(res *http.Response, limit int64) (b []byte, err error) {
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	size := min(max(res.ContentLength, 16<<10), 1<<20)
	buf := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead))
	n, err := buf.ReadFrom(io.LimitReader(res.Body, limit+1))
	if err == nil && n > limit {
		err = errTooLarge
	}
	return buf.Bytes(), err
}

// list sends r, whose answer is a list, and splits it into its elements.
func (c *client) list(ctx context.Context, r request) ([]json.RawMessage, *answer, error) {
	a, err := c.do(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	items, ok := elements(a.body)
	if !ok {
		return nil, nil, &answerError{path: a.path, what: "is not a list"}
	}
	return items, a, nil
}

// next returns the query of the answer's Link rel="next"; nil when there is
// none. Only the query is taken: pages never lead to another host.
func (a *answer) next() url.Values {
	for _, line := range a.header.Values("Link") {
		for {
			_, rest, ok := strings.Cut(line, "<")
			if !ok {
				break
			}
			target, rest, _ := strings.Cut(rest, ">")
			params, _, _ := strings.Cut(rest, "<")
			line = rest
			if !strings.Contains(strings.ReplaceAll(strings.ToLower(params), `"`, ""), "rel=next") {
				continue
			}
			if u, err := url.Parse(target); err == nil {
				return u.Query()
			}
		}
	}
	return nil
}
