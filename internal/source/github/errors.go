package github

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

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

func expired() error {
	return &source.AccessError{
		AuthError: &source.AuthError{Code: "expired", Message: "GitHub does not accept the token: it has expired, was revoked, or was mistyped"},
		Words:     source.Phrase{ID: "github.expired"},
	}
}

func forbidden(cause error) error {
	said := cause.Error()
	return &source.AccessError{
		AuthError: &source.AuthError{Code: "forbidden", Message: "GitHub does not let the token read any of the repositories: " + said},
		Words:     source.Phrase{ID: "github.forbidden", Args: []string{"said", said}},
	}
}

// refusedApp is about an app; id names the text in the catalogue, below "github.app.".
func refusedApp(id, message string) error {
	return &source.AccessError{AuthError: &source.AuthError{Code: "expired", Message: message}, Words: source.Phrase{ID: "github.app." + id}}
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
	if e.message == "" && source.IsHTML(body) {
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
