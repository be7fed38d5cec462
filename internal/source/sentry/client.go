package sentry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"throughline/internal/source"
)

const (
	maxBody        = 32 << 20
	requestTimeout = 30 * time.Second
	// maxTrouble is how many endpoints may fail, each tried several times, and none
	// answer, until Sentry is taken to be down.
	maxTrouble = 3
)

// client sends requests to the API as fast as its limits allow, and again where that
// may help. It may be used by several goroutines.
type client struct {
	http     *http.Client
	root     *url.URL
	token    string
	now      func() time.Time
	requests atomic.Int64 // sent so far
	skew     skew

	busy    chan struct{} // full when enough requests are under way
	mu      sync.Mutex
	stopped time.Time // nothing is sent before
	gates   map[endpoint]*gate
	trouble map[endpoint]bool // failed since anything was answered
}

func newClient(h *http.Client, set *settings, now func() time.Time) *client {
	own := *h
	own.CheckRedirect = sameHost(h.CheckRedirect)
	return &client{http: &own, root: set.root, token: set.token, now: now, busy: make(chan struct{}, maxFlying), gates: map[endpoint]*gate{}, trouble: map[endpoint]bool{}}
}

// sameHost follows nothing to another host, whoever made the client: the token must
// not go there.
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

// endpoint names what Sentry limits by itself.
type endpoint string

const (
	toOrganization   endpoint = "organization"
	toProjects       endpoint = "projects"
	toGroups         endpoint = "issues"
	toGroup          endpoint = "issue"
	toCurrentRelease endpoint = "current-release"
	toEvents         endpoint = "events"
	toStats          endpoint = "stats_v2"
	toProjectStats   endpoint = "stats"
	toKeys           endpoint = "project-keys"
	toProjectKeys    endpoint = "keys"
	toReleases       endpoint = "releases"
	toDeploys        endpoint = "deploys"
	toSessions       endpoint = "sessions"
)

// request is one call. path is below the root, escaped.
type request struct {
	to    endpoint
	path  string
	query url.Values
	once  bool // somebody waits: not worth a second try
}

// answer is a successful answer: JSON in valid UTF-8.
type answer struct {
	path   string
	header http.Header
	body   []byte
}

// list is the answer's list.
func (a *answer) list() ([]json.RawMessage, error) {
	var list []json.RawMessage
	if json.Unmarshal(a.body, &list) != nil || list == nil {
		return nil, &answerError{path: a.path, id: "not_list", what: "is not a list"}
	}
	return list, nil
}

// into reads the answer, an object.
func (a *answer) into(v any) error {
	if !bytes.HasPrefix(bytes.TrimSpace(a.body), []byte("{")) || json.Unmarshal(a.body, v) != nil {
		return &answerError{path: a.path, id: "shape", what: "does not hold what was asked for: is base_url right?"}
	}
	return nil
}

// send sends r once, when the endpoint's limit allows it.
func (c *client) send(ctx context.Context, r request) (*answer, error) {
	gate := c.gate(r.to)
	if err := gate.enter(ctx, c); err != nil {
		return nil, err
	}
	defer gate.leave()
	if err := c.begin(ctx); err != nil {
		return nil, err
	}
	defer c.end()
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	target := c.root.String() + r.path
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, fmt.Errorf("writing the request to %s: %w", r.path, err)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "throughline")
	req.Header.Set("Authorization", "Bearer "+c.token)
	path := req.URL.Path
	c.requests.Add(1)
	sent := c.now()
	res, err := c.http.Do(req)
	if err != nil {
		return nil, noAnswer(path, err)
	}
	defer func() { _ = res.Body.Close() }() // what was read has been read
	gate.note(c, res, sent)
	body, err := source.ReadBody(res, maxBody)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, noAnswer(path, err)
	case res.StatusCode >= 300:
		return nil, c.refusal(path, res, body)
	}
	if bad := badBody(path, body, err); bad != nil {
		return nil, bad
	}
	return &answer{path: path, header: res.Header, body: bytes.ToValidUTF8(body, []byte("\ufffd"))}, nil
}

// begin waits until few enough requests are under way: when Sentry begins to refuse
// them, those are refused as well.
func (c *client) begin(ctx context.Context) error {
	select {
	case c.busy <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now().Before(c.stopped) {
		<-c.busy
		return &source.RateLimitError{RetryAfter: c.stopped}
	}
	return nil
}

func (c *client) end() { <-c.busy }

// stop sends nothing more after a pause began that is too long to be waited for.
func (c *client) stop(wait time.Duration) {
	if wait <= longWait {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = c.now().Add(wait)
}

// badBody is what is wrong with the body of a successful answer, nil when nothing is.
func badBody(path string, body []byte, err error) error {
	switch {
	case errors.Is(err, source.ErrTooLarge):
		return &answerError{path: path, id: "large", what: fmt.Sprintf("is larger than %d MiB", maxBody>>20)}
	case err != nil:
		return &answerError{path: path, id: "cut", what: "was cut off", again: true}
	case source.IsHTML(body):
		return &answerError{path: path, id: "html", what: webPage}
	case !json.Valid(body):
		return &answerError{path: path, id: "not_json", what: "is not JSON, or was cut off", again: true}
	}
	return nil
}

// noAnswer leaves the URL's query out: what is not shown holds no secret.
func noAnswer(path string, err error) error {
	return &source.NetworkError{System: "Sentry", Words: "sentry.", Path: path, Err: source.WithoutURL(err)}
}

var (
	linkParts = regexp.MustCompile(`<[^>]*>([^<]*)`)
	linkParam = regexp.MustCompile(`(\w+)="([^"]*)"`)
)

// next is the cursor of the page that follows, "" when none does. The address beside
// it is not followed: it may be of any host.
func (a *answer) next() string {
	for _, link := range linkParts.FindAllStringSubmatch(strings.Join(a.header.Values("Link"), ", "), -1) {
		params := map[string]string{}
		for _, p := range linkParam.FindAllStringSubmatch(link[1], -1) {
			params[p[1]] = p[2]
		}
		if params["rel"] == "next" && params["results"] == "true" {
			return params["cursor"]
		}
	}
	return ""
}
