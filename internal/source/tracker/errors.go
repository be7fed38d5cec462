package tracker

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

// statusError is an answer that says no.
type statusError struct {
	path    string
	status  int
	message string        // the server's own words, shortened
	html    bool          // no words but a page: another server answers
	after   time.Duration // Retry-After, 0 when not said
}

func (e *statusError) Error() string {
	text := fmt.Sprintf("Tracker answered %d %s to %s", e.status, http.StatusText(e.status), e.path)
	if e.message != "" {
		text += ": " + e.message
	}
	return text
}

// Phrase keeps the server's own words, in whatever language they are.
func (e *statusError) Phrase() source.Phrase {
	if e.html {
		return source.Phrase{ID: "status.html", Args: []string{"status", strconv.Itoa(e.status), "path", e.path}}
	}
	return source.Phrase{ID: "status", Args: []string{"status", strconv.Itoa(e.status), "path", e.path, "said", e.message}}
}

// isStatus reports whether err is an answer with one of the statuses.
func isStatus(err error, statuses ...int) bool {
	var e *statusError
	return errors.As(err, &e) && slices.Contains(statuses, e.status)
}

// answerError is an answer that is not what was asked for.
type answerError struct {
	path   string
	header http.Header
	id     string // of what, in the message catalogue
	what   string // "is HTML, not JSON: is base_url right?"
	again  bool   // the next try may do better
	size   bool   // a smaller page may do better
}

func (e *answerError) Error() string { return "the answer to " + e.path + " " + e.what }

func (e *answerError) Phrase() source.Phrase {
	return source.Phrase{ID: "answer." + e.id, Args: []string{"path", e.path}}
}

// problemOf is what err says of a record.
func problemOf(record string, err error) source.Problem {
	m := source.MessageOf(err, err.Error())
	return source.Problem{Record: record, Path: "$", Message: m.Text, Phrase: m.Phrase}
}

// fatal puts err into words for an admin, where it concerns more than one
// record.
func fatal(err error) error {
	var e *statusError
	if !errors.As(err, &e) || e.status != http.StatusForbidden {
		return err
	}
	return &source.AuthError{
		Code:    "forbidden",
		Message: "the token's owner may not do this in Tracker: " + e.Error(),
	}
}

// refusal turns an answer with an error status into an error.
func (c *client) refusal(path string, res *http.Response, body []byte) error {
	e := &statusError{path: path, status: res.StatusCode, after: c.retryAfter(res.Header)}
	if e.message = c.messageIn(body); e.message == "" && source.IsHTML(body) {
		e.message, e.html = "the answer is HTML, not JSON: is base_url right?", true
	}
	switch {
	case e.status == http.StatusUnauthorized:
		return &source.AuthError{Code: "expired", Message: "Tracker does not accept the token: it has expired, was revoked, or was mistyped"}
	case e.status < 500 && aboutOrganization(e.message):
		return &source.AuthError{Code: "organization", Message: "the token does not open organisation " + c.organization + ": " + e.message}
	}
	return e
}

func aboutOrganization(message string) bool {
	m := strings.ToLower(message)
	return strings.Contains(m, "organization") || strings.Contains(m, "organisation") || strings.Contains(m, "организаци")
}

// maxMessage is how much of a server's own words is shown, in bytes.
const maxMessage = 300

// messageIn finds the server's own words, without the token should it be so
// bold as to repeat it.
func (c *client) messageIn(body []byte) string {
	var said struct {
		ErrorMessages []string                   `json:"errorMessages"`
		Errors        map[string]json.RawMessage `json:"errors"`
	}
	if json.Unmarshal(body, &said) != nil {
		return ""
	}
	parts := said.ErrorMessages
	for field, text := range said.Errors {
		var s string
		if json.Unmarshal(text, &s) == nil {
			parts = append(parts, field+": "+s)
		}
	}
	slices.Sort(parts)
	return c.plain(strings.Join(parts, "; "))
}

func (c *client) plain(text string) string {
	if c.secret != "" {
		text = strings.ReplaceAll(text, c.secret, "***")
	}
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > maxMessage {
		text = strings.ToValidUTF8(text[:maxMessage], "") + "…"
	}
	return text
}

// maxRetryAfter is the longest wait that is believed.
const maxRetryAfter = 24 * time.Hour

// retryAfter reads Retry-After: seconds or a date.
func (c *client) retryAfter(h http.Header) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text == "" {
		return 0
	}
	var d time.Duration
	var seconds float64
	if _, err := fmt.Sscanf(text, "%f", &seconds); err == nil && !strings.Contains(text, ",") {
		d = time.Duration(min(max(seconds, 0), maxRetryAfter.Seconds()) * float64(time.Second))
	} else if t, err := http.ParseTime(text); err == nil {
		d = t.Sub(c.now())
	}
	return min(max(d, 0), maxRetryAfter)
}
