package tracker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"throughline/internal/source"
)

const (
	maxSearchBody    = 64 << 20
	maxChangelogBody = 32 << 20
	maxOtherBody     = 16 << 20

	requestTimeout = 90 * time.Second
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
			return &source.RedirectError{To: req.URL.Scheme + "://" + req.URL.Host}
		}
		if next != nil {
			return next(req, via)
		}
		if len(via) >= 10 {
			return &source.RedirectError{To: "itself"}
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
	defer func() { _ = res.Body.Close() }() // what was read has been read
	body, err := source.ReadBody(res, r.limit)
	bad := &answerError{path: path, header: res.Header}
	switch {
	case errors.Is(err, source.ErrTooLarge):
		bad.id, bad.what, bad.size = "large", fmt.Sprintf("is larger than %d MiB", r.limit>>20), true
	case err != nil && ctx.Err() != nil:
		return nil, noAnswer(path, err)
	case res.StatusCode >= 300:
		return nil, c.refusal(path, res, body)
	case err != nil:
		bad.id, bad.what, bad.again, bad.size = "cut", "was cut off", true, true
	case source.IsHTML(body):
		bad.id, bad.what = "html", "is HTML, not JSON: is base_url right?"
	case !json.Valid(body):
		bad.id, bad.what, bad.again, bad.size = "not_json", "is not JSON, or was cut off", true, true
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
	return &source.NetworkError{System: "Tracker", Path: path, Err: source.WithoutURL(err)}
}

// list sends r, whose answer is a list, and splits it into its elements.
func (c *client) list(ctx context.Context, r request) ([]json.RawMessage, *answer, error) {
	a, err := c.do(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	items, ok := elements(a.body)
	if !ok {
		return nil, nil, &answerError{path: a.path, id: "not_list", what: "is not a list"}
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
