package github

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
	maxListBody  = 64 << 20 // a hundred runs with all that GitHub says of their repositories
	maxOtherBody = 16 << 20

	requestTimeout = 90 * time.Second
)

// client sends requests to the API as long as its limits allow it, and again where
// that may help.
type client struct {
	http     *http.Client
	root     *url.URL
	access   access
	now      func() time.Time
	budget   budget
	graphs   budget       // of GraphQL, in points
	requests atomic.Int64 // sent so far
}

func newClient(h *http.Client, set *settings, now func() time.Time) *client {
	own := *h
	own.CheckRedirect = sameHost(h.CheckRedirect)
	return &client{http: &own, root: set.root, access: access{token: set.token, app: set.app}, now: now}
}

// sameHost follows a renamed repository, and nothing to another host, whoever made
// the client: the token must not go there.
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
	method string // GET when left out
	path   string
	query  url.Values
	etag   string // of the answer that is known
	limit  int64  // of the answer in bytes
	asApp  bool   // of the app itself, not of its installation
	once   bool   // somebody waits: not worth a second try
	body   []byte // JSON of a POST
	graph  bool   // of the GraphQL API, which has a root and a budget of its own
	soft   bool   // when it fails, less is asked for instead of the same again
}

// budgetOf is what a request is counted in, nil for those of an app itself.
func (c *client) budgetOf(r request) *budget {
	switch {
	case r.asApp:
		return nil
	case r.graph:
		return &c.graphs
	}
	return &c.budget
}

// resource is the request's budget as GitHub names it.
func (r *request) resource() string {
	if r.graph {
		return "graphql"
	}
	return "core"
}

// answer is a successful answer: JSON in valid UTF-8, or nothing when it is the
// one known.
type answer struct {
	path   string
	header http.Header
	body   []byte
	same   bool // as the one with the request's etag
}

// send sends r once.
func (c *client) send(ctx context.Context, r request) (*answer, error) {
	budget := c.budgetOf(r)
	if budget != nil {
		if err := budget.check(c.now()); err != nil {
			return nil, err
		}
	}
	authorization, err := c.authorization(ctx, r.asApp)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	req, err := c.build(ctx, r, authorization)
	if err != nil {
		return nil, err
	}
	path := req.URL.Path
	c.requests.Add(1)
	res, err := c.http.Do(req)
	if err != nil {
		return nil, noAnswer(path, err)
	}
	defer func() { _ = res.Body.Close() }() // what was read has been read
	if budget != nil {
		budget.note(res.Header, r.resource())
	}
	if res.StatusCode == http.StatusNotModified && r.etag != "" {
		return &answer{path: path, header: res.Header, same: true}, nil
	}
	body, err := source.ReadBody(res, r.limit)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, noAnswer(path, err)
	case res.StatusCode >= 300:
		return nil, c.refusal(path, res, body, authorization)
	}
	if bad := badBody(path, body, err, r.limit); bad != nil {
		return nil, bad
	}
	return &answer{path: path, header: res.Header, body: bytes.ToValidUTF8(body, []byte("\ufffd"))}, nil
}

func (c *client) build(ctx context.Context, r request, authorization string) (*http.Request, error) {
	u := *c.root
	if r.graph { // of an own server, /api/v3 and /api/graphql
		u.Path = strings.TrimSuffix(u.Path, "/v3")
	}
	u.Path += r.path
	u.RawQuery = r.query.Encode()
	method := r.method
	if method == "" {
		method = http.MethodGet
	}
	var body io.Reader
	if r.body != nil {
		body = bytes.NewReader(r.body)
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, fmt.Errorf("writing the request to %s: %w", u.Path, err)
	}
	req.Header.Set("Accept", "application/vnd.github+json")
	req.Header.Set("X-GitHub-Api-Version", "2022-11-28")
	req.Header.Set("User-Agent", "throughline")
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	if r.etag != "" {
		req.Header.Set("If-None-Match", r.etag)
	}
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// badBody is what is wrong with the body of a successful answer, nil when nothing
// is.
func badBody(path string, body []byte, err error, limit int64) error {
	switch {
	case errors.Is(err, source.ErrTooLarge):
		return &answerError{path: path, id: "large", what: fmt.Sprintf("is larger than %d MiB", limit>>20)}
	case err != nil:
		return &answerError{path: path, id: "cut", what: "was cut off", again: true}
	case source.IsHTML(body):
		return &answerError{path: path, id: "html", what: "is HTML, not JSON: is base_url right?"}
	case !json.Valid(body):
		return &answerError{path: path, id: "not_json", what: "is not JSON, or was cut off", again: true}
	}
	return nil
}

// noAnswer leaves the URL's query out: what is not shown holds no secret.
func noAnswer(path string, err error) error {
	return &source.NetworkError{System: "GitHub", Words: "github.", Path: path, Err: source.WithoutURL(err)}
}

// hasNext reports whether another page follows.
func (a *answer) hasNext() bool {
	return strings.Contains(strings.ReplaceAll(strings.ToLower(a.header.Get("Link")), `"`, ""), "rel=next")
}
