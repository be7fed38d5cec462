package sentry

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
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

func expired() error {
	return &source.AccessError{
		AuthError: &source.AuthError{Code: "expired", Message: "Sentry does not accept the token: it has expired, was revoked, or was mistyped"},
		Words:     source.Phrase{ID: "sentry.expired"},
	}
}

func forbidden(cause error) error {
	return &source.AccessError{
		AuthError: &source.AuthError{Code: "forbidden", Message: "Sentry does not let the token read the organisation's projects: " + cause.Error()},
		Words:     source.Phrase{ID: "sentry.forbidden", Args: []string{"said", cause.Error()}},
	}
}

func noOrganization(name string) error {
	return &source.AccessError{
		AuthError: &source.AuthError{Code: "organization", Message: "There is no organisation " + name + ", or the token does not open it"},
		Words:     source.Phrase{ID: "sentry.organization", Args: []string{"name", name}},
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
	if e.message == "" && source.IsHTML(body) {
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
