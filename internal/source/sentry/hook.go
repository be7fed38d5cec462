package sentry

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

// What hooks are about, by Sentry's words.
const (
	ofIssue  = "issue"
	ofEvent  = "event_alert"
	ofMetric = "metric_alert"
)

// taken are the actions that something is made of.
var taken = map[string]map[string]bool{
	ofIssue: {
		"created": true, "resolved": true, "ignored": true, "archived": true, "unresolved": true, "assigned": true,
	},
	ofEvent:  {"triggered": true},
	ofMetric: {"critical": true, "warning": true, "resolved": true},
}

// Verify is part of source.Receiver. With allow_unsigned a request without a
// signature passes, but none with a wrong one.
func (s *Source) Verify(header http.Header, body []byte) error {
	signature := header.Get("Sentry-Hook-Signature")
	switch {
	case signature == "" && s.allowUnsigned:
		return nil
	case signature == "":
		return source.ErrUnsigned
	case s.webhookSecret == "": // it would verify anybody's
		return source.ErrSignature
	}
	sum, err := hex.DecodeString(signature)
	if err != nil {
		return source.ErrSignature
	}
	mac := hmac.New(sha256.New, []byte(s.webhookSecret))
	mac.Write(body)
	if !hmac.Equal(sum, mac.Sum(nil)) {
		return source.ErrSignature
	}
	return nil
}

var (
	resourceName = regexp.MustCompile(`^[a-z0-9_]{1,100}$`)
	requestName  = regexp.MustCompile(`^[\x21-\x7e]{1,200}$`)
)

// Hook is part of source.Receiver. Its event is what it is about and what happened:
// issue.resolved.
func (s *Source) Hook(header http.Header, body []byte) (source.Hook, error) {
	resource := header.Get("Sentry-Hook-Resource")
	if !resourceName.MatchString(resource) {
		return source.Hook{}, wrongBody("the header Sentry-Hook-Resource does not say what it is about")
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(body, &object) != nil || object == nil {
		return source.Hook{}, wrongBody("is not a JSON object")
	}
	h := source.Hook{Event: resource, Body: stamped(body, header)}
	var action string
	if json.Unmarshal(object["action"], &action) == nil && resourceName.MatchString(action) {
		h.Event += "." + action
	}
	h.Ignored = !taken[resource][action]
	// Sentry sends a request again under its id; of an id of its own making another
	// body is another hook.
	sum := sha256.Sum256([]byte(h.Event + "\n" + string(body)))
	h.Key = "sha256:" + hex.EncodeToString(sum[:])
	if id := header.Get("Request-ID"); requestName.MatchString(id) {
		h.Key = id + ":" + hex.EncodeToString(sum[:8])
	}
	return h, nil
}

// sentField is where a body that is kept says when it was sent, which Sentry says in a
// header.
const sentField = "hook_timestamp"

// stamped is a body, an object, with when it was sent in milliseconds, if that is said.
func stamped(body []byte, header http.Header) []byte {
	sent, err := strconv.ParseInt(strings.TrimSpace(header.Get("Sentry-Hook-Timestamp")), 10, 64)
	switch {
	case err != nil || sent <= 0:
		return body
	case sent < 1e11: // whole seconds: it was in the second
		sent = sent*1000 + 999
	}
	rest := bytes.TrimSpace(body)[1:]
	comma := ","
	if bytes.HasPrefix(bytes.TrimSpace(rest), []byte("}")) {
		comma = ""
	}
	return append(fmt.Appendf(nil, `{"%s":%d%s`, sentField, sent, comma), rest...)
}

// mostLate is how long Sentry goes on sending what was not taken, and more.
const mostLate = 7 * day

// sentAt is when a kept body was sent, and when it came where that is not said or cannot
// be.
func sentAt(fields map[string]json.RawMessage, received delivery.Instant) delivery.Instant {
	var sent int64
	if json.Unmarshal(fields[sentField], &sent) != nil || sent <= 0 {
		return received
	}
	if at := delivery.Instant(sent); at < received && at > received-mostLate {
		return at
	}
	return received
}

// split is what a hook is about, and what happened.
func split(event string) (resource, action string) {
	resource, action, _ = strings.Cut(event, ".")
	return resource, action
}

func wrongBody(message string) error { return &source.BodyError{Path: "$", Message: message} }
