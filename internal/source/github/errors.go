package github

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

	"throughline/internal/source"
)

const maxMessage = 300 // bytes of GitHub's own words

// statusError is an answer that says no.
type statusError struct {
	path    string
	status  int
	message string // GitHub's own words, shortened
	html    bool   // no words but a page: another server answers
}

func (e *statusError) Error() string {
	text := fmt.Sprintf("GitHub answered %d %s to %s", e.status, http.StatusText(e.status), e.path)
	if e.message != "" {
		text += ": " + e.message
	}
	return text
}

// Phrase keeps GitHub's own words, which are English.
func (e *statusError) Phrase() source.Phrase {
	if e.html {
		return source.Phrase{ID: "github.status.html", Args: []string{"status", strconv.Itoa(e.status), "path", e.path}}
	}
	return source.Phrase{ID: "github.status", Args: []string{"status", strconv.Itoa(e.status), "path", e.path, "said", e.message}}
}

// isStatus reports whether err is an answer with one of the statuses.
func isStatus(err error, statuses ...int) bool {
	var e *statusError
	return errors.As(err, &e) && slices.Contains(statuses, e.status)
}

// answerError is an answer that is not what was asked for.
type answerError struct {
	path  string
	id    string // of what, in the message catalogue
	what  string // "is HTML, not JSON: is base_url right?"
	again bool   // the next try may do better
}

func (e *answerError) Error() string { return "the answer to " + e.path + " " + e.what }

func (e *answerError) Phrase() source.Phrase {
	id := "answer." + e.id
	if e.id == "token" || e.id == "shape" {
		id = "github." + id
	}
	return source.Phrase{ID: id, Args: []string{"path", e.path}}
}

// networkError is a request that got no answer.
type networkError struct {
	path string
	err  error
}

func (e *networkError) Error() string { return "asking GitHub for " + e.path + ": " + e.err.Error() }

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
		return source.Phrase{ID: "github.network.slow"}
	}
	return source.Phrase{ID: "github.network", Args: []string{"path", e.path, "said", e.err.Error()}}
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
		&source.AuthError{Code: "expired", Message: "GitHub does not accept the token: it has expired, was revoked, or was mistyped"},
		source.Phrase{ID: "github.expired"},
	}
}

func forbidden(cause error) error {
	said := cause.Error()
	return &accessError{
		&source.AuthError{Code: "forbidden", Message: "GitHub does not let the token read any of the repositories: " + said},
		source.Phrase{ID: "github.forbidden", Args: []string{"said", said}},
	}
}

// refusedApp is about an app; id names the text in the catalogue, below "github.app.".
func refusedApp(id, message string) error {
	return &accessError{&source.AuthError{Code: "expired", Message: message}, source.Phrase{ID: "github.app." + id}}
}

// problemOf is what err says of a record.
func problemOf(record string, err error) source.Problem {
	m := source.MessageOf(err, err.Error())
	return source.Problem{Record: record, Path: "$", Message: m.Text, Phrase: m.Phrase}
}

// refusal turns an answer with an error status into an error. authorization is what
// the request was let in with.
func (c *client) refusal(path string, res *http.Response, body []byte, authorization string) error {
	e := &statusError{path: path, status: res.StatusCode}
	var said struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(body, &said) == nil {
		e.message = plain(said.Message, strings.TrimPrefix(authorization, "Bearer "))
	}
	if e.message == "" && isHTML(body) {
		e.message, e.html = "the answer is HTML, not JSON: is base_url right?", true
	}
	now := c.now()
	if wait := limited(e.status, res.Header, said.Message, now); wait > 0 {
		return &source.RateLimitError{RetryAfter: now.Add(wait)}
	}
	switch {
	case e.status == http.StatusUnauthorized && c.access.app != nil:
		return refusedApp("key", "GitHub does not accept the app: check app_id and private_key, and that the app is not suspended")
	case e.status == http.StatusUnauthorized:
		return expired()
	}
	return e
}

// plain is text in one line, without the secret.
func plain(text, secret string) string {
	if secret != "" {
		text = strings.ReplaceAll(text, secret, "***")
	}
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "\ufffd")), " ")
	if len(text) > maxMessage {
		text = strings.ToValidUTF8(text[:maxMessage], "") + "…"
	}
	return text
}
