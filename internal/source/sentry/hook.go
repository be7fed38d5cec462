package sentry

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"

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
	h := source.Hook{Event: resource, Body: body}
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

// split is what a hook is about, and what happened.
func split(event string) (resource, action string) {
	resource, action, _ = strings.Cut(event, ".")
	return resource, action
}

func wrongBody(message string) error { return &source.BodyError{Path: "$", Message: message} }
