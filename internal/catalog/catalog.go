// Package catalog asks a Backstage catalogue whose repositories are. It keeps
// nothing: who asks remembers the answers, and goes on with those when there are no
// new ones.
package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
	"unicode"
)

const (
	timeout   = 10 * time.Second // of one question
	maxAnswer = 4 << 20          // bytes
	maxOwner  = 200              // bytes; a longer one is no name
)

// Backstage is a catalogue.
type Backstage struct {
	client     *http.Client
	endpoint   string
	annotation string
	token      string
}

// New returns the catalogue at an endpoint, which may have a path. The annotation is
// the one by which entities name their repository; token may be "". Nothing is sent.
func New(client *http.Client, endpoint, annotation, token string) *Backstage {
	return &Backstage{client, strings.TrimRight(endpoint, "/"), annotation, token}
}

// Error says why there is no answer.
type Error struct {
	code   string
	detail string
	err    error
}

// Codes of an Error.
const (
	Unreachable = "unreachable" // no answer, or not in time
	Blocked     = "blocked"     // its address is not one to go to
	Denied      = "denied"      // the token is not accepted, or one is missing
	Status      = "status"      // an answer that is a failure
	Unreadable  = "unreadable"  // an answer that is no list of entities
)

func (e *Error) Error() string { return e.detail }
func (e *Error) Unwrap() error { return e.err }

// Code is one of the codes.
func (e *Error) Code() string { return e.code }

// entity is what is read of one.
type entity struct {
	Spec struct {
		Owner string `json:"owner"`
	} `json:"spec"`
}

// Owner is the owner of the first entity of a repository that has one, as it is
// written there: platform, or group:default/platform. It is "" when there is none.
// Errors are *Error, unless ctx is over.
func (b *Backstage) Owner(ctx context.Context, repository string) (string, error) {
	all, err := b.entities(ctx, "metadata.annotations."+b.annotation+"="+repository)
	if err != nil {
		return "", err
	}
	for _, e := range all {
		if owner := strings.TrimSpace(e.Spec.Owner); owner != "" && len(owner) <= maxOwner && !strings.ContainsFunc(owner, unicode.IsControl) {
			return owner, nil
		}
	}
	return "", nil
}

func (b *Backstage) entities(ctx context.Context, filter string) ([]entity, error) {
	within, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	address := b.endpoint + "/api/catalog/entities?" + url.Values{"filter": {filter}}.Encode()
	req, err := http.NewRequestWithContext(within, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, &Error{Unreachable, "the endpoint is no address", err}
	}
	req.Header.Set("Accept", "application/json")
	if b.token != "" {
		req.Header.Set("Authorization", "Bearer "+b.token)
	}
	res, err := b.client.Do(req)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, unreachable(err)
	}
	defer func() { _ = res.Body.Close() }()
	switch {
	case res.StatusCode == http.StatusUnauthorized || res.StatusCode == http.StatusForbidden:
		return nil, &Error{Denied, res.Status, nil}
	case res.StatusCode != http.StatusOK:
		return nil, &Error{Status, res.Status, nil}
	}
	data, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, unreachable(err)
	}
	return decode(data)
}

// decode reads a list of entities.
func decode(data []byte) ([]entity, error) {
	if len(data) > maxAnswer {
		return nil, &Error{Unreadable, fmt.Sprintf("more than %d MiB", maxAnswer>>20), nil}
	}
	var all []entity
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, &Error{Unreadable, "not a list of entities", err}
	}
	return all, nil
}

// unreachable puts into words why there was no answer, without the address, which is
// known and has the repository in it.
func unreachable(err error) error {
	var blocked interface {
		error
		Blocked() netip.Addr
	}
	if errors.As(err, &blocked) {
		return &Error{Blocked, blocked.Error(), err}
	}
	detail := err.Error()
	var failed *url.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		detail = fmt.Sprintf("no answer within %s", timeout)
	case errors.As(err, &failed):
		detail = failed.Err.Error()
	}
	return &Error{Unreachable, detail, err}
}
