package sentry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"throughline/internal/source"
)

const (
	maxMessage = 300 // bytes of Sentry's own words
	webPage    = "is HTML: the address answered with a web page, not with Sentry's API; is base_url right?"
)

// statusError is an answer that says no.
type statusError struct {
	path    string
	status  int
	message string // Sentry's own words, shortened
	html    bool   // no words but a page: another server answers
}

func (e *statusError) Error() string {
	text := fmt.Sprintf("Sentry answered %d %s to %s", e.status, http.StatusText(e.status), e.path)
	if e.message != "" {
		text += ": " + e.message
	}
	return text
}

// Phrase keeps Sentry's own words, which are English.
func (e *statusError) Phrase() source.Phrase {
	if e.html {
		return source.Phrase{ID: "sentry.status.html", Args: []string{"status", strconv.Itoa(e.status), "path", e.path}}
	}
	return source.Phrase{ID: "sentry.status", Args: []string{"status", strconv.Itoa(e.status), "path", e.path, "said", e.message}}
}

// isStatus reports whether err is an answer with one of the statuses.
func isStatus(err error, statuses ...int) bool {
	e, ok := errors.AsType[*statusError](err)
	return ok && slices.Contains(statuses, e.status)
}

// refused reports whether err is an answer that says that another try would not help.
func refused(err error) bool {
	e, ok := errors.AsType[*statusError](err)
	return ok && e.status < 500
}

// isLack reports whether err says that the server lacks an endpoint, or the token the
// permission for it.
func isLack(err error) bool {
	return isStatus(err, http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound,
		http.StatusMethodNotAllowed, http.StatusGone, http.StatusNotImplemented)
}

// answerError is an answer that is not what was asked for.
type answerError struct {
	path  string
	id    string // of what, in the message catalogue
	what  string // "is not a list"
	again bool   // the next try may do better
}

func (e *answerError) Error() string { return "the answer to " + e.path + " " + e.what }

func (e *answerError) Phrase() source.Phrase {
	if e.id == "html" {
		return source.Phrase{ID: "sentry.page", Args: []string{"path", e.path}}
	}
	return source.Phrase{ID: "answer." + e.id, Args: []string{"path", e.path}}
}

// networkError is a request that got no answer.
type networkError struct {
	path string
	err  error
}

func (e *networkError) Error() string { return "asking Sentry for " + e.path + ": " + e.err.Error() }

func (e *networkError) Unwrap() error { return e.err }

// Phrase is that of the cause where it has one; else the cause is quoted.
func (e *networkError) Phrase() source.Phrase {
	if m := source.MessageOf(e.err, ""); m.ID != "" {
		return m.Phrase
	}
	var blocked interface{ Blocked() netip.Addr } // the client refuses to go there
	var dns *net.DNSError
	switch {
	case errors.As(e.err, &blocked):
		return source.Phrase{ID: "network.blocked", Args: []string{"address", blocked.Blocked().String()}}
	case errors.Is(e.err, syscall.ECONNREFUSED):
		return source.Phrase{ID: "network.refused"}
	case errors.As(e.err, &dns):
		return source.Phrase{ID: "network.name", Args: []string{"name", dns.Name}}
	case errors.Is(e.err, context.DeadlineExceeded):
		return source.Phrase{ID: "sentry.network.slow"}
	}
	return source.Phrase{ID: "sentry.network", Args: []string{"path", e.path, "said", e.err.Error()}}
}

// redirectError is a redirect that is not followed.
type redirectError struct{ to string }

func (e *redirectError) Error() string {
	return "the server redirects to another host, " + e.to + ": set base_url to the address of the API itself"
}

func (e *redirectError) Phrase() source.Phrase {
	return source.Phrase{ID: "redirect", Args: []string{"to", e.to}}
}

// accessError is a *source.AuthError with words of its own for the catalogue.
type accessError struct {
	*source.AuthError
	phrase source.Phrase
}

func (e *accessError) Unwrap() error { return e.AuthError }

func (e *accessError) Phrase() source.Phrase { return e.phrase }

func expired() error {
	return &accessError{
		&source.AuthError{Code: "expired", Message: "Sentry does not accept the token: it has expired, was revoked, or was mistyped"},
		source.Phrase{ID: "sentry.expired"},
	}
}

func forbidden(cause error) error {
	return &accessError{
		&source.AuthError{Code: "forbidden", Message: "Sentry does not let the token read the organisation's projects: " + cause.Error()},
		source.Phrase{ID: "sentry.forbidden", Args: []string{"said", cause.Error()}},
	}
}

func noOrganization(name string) error {
	return &accessError{
		&source.AuthError{Code: "organization", Message: "There is no organisation " + name + ", or the token does not open it"},
		source.Phrase{ID: "sentry.organization", Args: []string{"name", name}},
	}
}

// ofOrganization turns the refusal of what belongs to the organisation itself into
// what a person can do about it.
func (s *Source) ofOrganization(err error) error {
	e, ok := errors.AsType[*statusError](err)
	switch {
	case ok && e.html:
		return err
	case isStatus(err, http.StatusForbidden):
		return forbidden(err)
	case isStatus(err, http.StatusNotFound):
		return noOrganization(s.organization)
	}
	return err
}

// refusal turns an answer with an error status into an error.
func (c *client) refusal(path string, res *http.Response, body []byte) error {
	if res.StatusCode == http.StatusTooManyRequests {
		wait, ok := c.pauseOf(res.Header)
		if !ok {
			wait = 2 * time.Second
		}
		return &source.RateLimitError{RetryAfter: c.now().Add(wait)}
	}
	e := &statusError{path: path, status: res.StatusCode}
	var said struct {
		Detail json.RawMessage `json:"detail"`
	}
	var nested struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(body, &said) == nil && json.Unmarshal(said.Detail, &e.message) != nil && json.Unmarshal(said.Detail, &nested) == nil {
		e.message = nested.Message
	}
	e.message = c.plain(e.message)
	if e.message == "" && isHTML(body) {
		e.message, e.html = "the address answered with a web page (HTML), not with Sentry's API; is base_url right?", true
	}
	if e.status == http.StatusUnauthorized {
		return expired()
	}
	return e
}

// plain is text in one line, without the token.
func (c *client) plain(text string) string {
	if c.token != "" {
		text = strings.ReplaceAll(text, c.token, "***")
	}
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "\ufffd")), " ")
	if len(text) > maxMessage {
		text = strings.ToValidUTF8(text[:maxMessage], "") + "…"
	}
	return text
}
