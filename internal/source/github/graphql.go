package github

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"throughline/internal/source"
)

// graphError is what GraphQL says of a query that it could not answer, or not all of.
type graphError struct {
	operation string
	said      string
	slow      bool // it took too long: less may be answered
	partly    bool // the rest was answered
}

func (e *graphError) Error() string {
	return "GitHub answered to the query " + e.operation + ": " + e.said
}

// Phrase keeps GitHub's own words, which are English.
func (e *graphError) Phrase() source.Phrase {
	return source.Phrase{ID: "github.graph", Args: []string{"query", e.operation, "said", e.said}}
}

// graphLimit says that the points of the GraphQL API are used up. The REST API has
// requests of its own.
type graphLimit struct{ *source.RateLimitError }

func (e *graphLimit) Unwrap() error { return e.RateLimitError }

// orNil is e as an error.
func (e *graphLimit) orNil() error {
	if e == nil {
		return nil
	}
	return e.RateLimitError
}

// graphQuery is a query of the GraphQL API.
type graphQuery struct {
	operation string
	text      string
	variables map[string]any
	soft      bool // as of a request
}

// graphAnswer is what all answers of the GraphQL API hold.
type graphAnswer struct {
	Data   json.RawMessage `json:"data"`
	Errors []struct {
		Type    string `json:"type"`
		Message string `json:"message"`
		Path    []any  `json:"path"`
	} `json:"errors"`
	header http.Header
}

// graph asks for q and puts the data of the answer into data. A *graphError that is
// partly so leaves there what was answered; every other error leaves nothing of use.
func (c *client) graph(ctx context.Context, q graphQuery, data any) (http.Header, error) {
	body, err := json.Marshal(map[string]any{"operationName": q.operation, "query": q.text, "variables": q.variables})
	if err != nil {
		return nil, err
	}
	a, err := c.do(ctx, request{
		method: http.MethodPost, path: "/graphql", graph: true, body: body, limit: maxListBody, soft: q.soft,
	})
	if limit, ok := errors.AsType[*source.RateLimitError](err); ok && c.graphs.check(c.now()) != nil {
		return nil, &graphLimit{limit}
	}
	if err != nil {
		return nil, err
	}
	var got graphAnswer
	if json.Unmarshal(a.body, &got) != nil || len(got.Data) == 0 && len(got.Errors) == 0 {
		return nil, &answerError{path: a.path, id: "shape", what: "does not hold what was asked for"}
	}
	got.header = a.header
	failed := c.failedGraph(q.operation, &got)
	if e, ok := failed.(*graphError); failed != nil && (!ok || !e.partly) { //nolint:errorlint // made just now
		return nil, failed
	}
	if json.Unmarshal(got.Data, data) != nil {
		return nil, &answerError{path: a.path, id: "shape", what: "does not hold what was asked for"}
	}
	c.noteGraph(got.Data)
	return a.header, failed
}

// failedGraph is what an answer's errors come to, nil when there are none.
func (c *client) failedGraph(operation string, got *graphAnswer) error {
	if len(got.Errors) == 0 {
		return nil
	}
	first := got.Errors[0]
	said := strings.ToLower(first.Message)
	if first.Type == "RATE_LIMITED" || strings.Contains(said, "secondary rate limit") {
		now := c.now()
		limit := &source.RateLimitError{RetryAfter: now.Add(limited(http.StatusTooManyRequests, got.header, first.Message, now))}
		if first.Type == "RATE_LIMITED" {
			return &graphLimit{limit}
		}
		return limit
	}
	e := &graphError{operation: operation, said: plain(first.Message, c.access.token)}
	e.slow = strings.Contains(said, "timeout") || strings.Contains(said, "something went wrong") || first.Type == "MAX_NODE_LIMIT_EXCEEDED"
	var data map[string]json.RawMessage
	if json.Unmarshal(got.Data, &data) == nil && !e.slow {
		for name, value := range data {
			e.partly = e.partly || name != "rateLimit" && string(value) != "null"
		}
	}
	return e
}

// noteGraph takes the figures of the budget that an answer holds.
func (c *client) noteGraph(data json.RawMessage) {
	var said struct {
		Rate struct {
			Limit     int       `json:"limit"`
			Remaining int       `json:"remaining"`
			ResetAt   time.Time `json:"resetAt"`
		} `json:"rateLimit"`
	}
	if json.Unmarshal(data, &said) == nil && said.Rate.Limit > 0 {
		c.graphs.say(said.Rate.Limit, said.Rate.Remaining, said.Rate.ResetAt)
	}
}

// isPartly reports whether an error left a part of what was asked for.
func isPartly(err error) bool {
	e, ok := err.(*graphError) //nolint:errorlint // of graph itself
	return ok && e.partly
}

// isTooMuch reports whether less may be answered after err.
func isTooMuch(err error) bool {
	if e, ok := err.(*graphError); ok { //nolint:errorlint // of graph itself
		return e.slow
	}
	return again(err)
}
