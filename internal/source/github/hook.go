package github

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"throughline/internal/source"
)

const (
	eventRun = "workflow_run"
	eventJob = "workflow_job"
)

// taken are the events that something is made of.
var taken = map[string]bool{
	eventRun: true, eventJob: true, eventDeployment: true, eventStatus: true, eventPull: true, eventReview: true,
	eventPush: true, eventRelease: true,
}

// Verify is part of source.Receiver. With allow_unsigned a request without a
// signature passes, but none with a wrong one.
func (s *Source) Verify(header http.Header, body []byte) error {
	signature := header.Get("X-Hub-Signature-256")
	switch {
	case signature == "" && s.allowUnsigned:
		return nil
	case signature == "":
		return source.ErrUnsigned
	case s.webhookSecret == "": // it would verify anybody's
		return source.ErrSignature
	}
	given, ok := strings.CutPrefix(signature, "sha256=")
	sum, err := hex.DecodeString(given)
	if !ok || err != nil {
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
	eventName    = regexp.MustCompile(`^[a-z0-9_]{1,100}$`)
	deliveryName = regexp.MustCompile(`^[\x21-\x7e]{1,200}$`)
)

// Hook is part of source.Receiver.
func (s *Source) Hook(header http.Header, body []byte) (source.Hook, error) {
	event := header.Get("X-GitHub-Event")
	if !eventName.MatchString(event) {
		return source.Hook{}, wrongBody("the header X-GitHub-Event does not say what happened")
	}
	payload, err := unwrap(header.Get("Content-Type"), body)
	if err != nil {
		return source.Hook{}, err
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(payload, &object) != nil || object == nil {
		return source.Hook{}, wrongBody("is not a JSON object")
	}
	h := source.Hook{Event: event, Key: header.Get("X-GitHub-Delivery"), Body: payload}
	if !deliveryName.MatchString(h.Key) {
		sum := sha256.Sum256([]byte(event + "\n" + string(payload)))
		h.Key = "sha256:" + hex.EncodeToString(sum[:])
	}
	h.Ignored = !taken[event] || s.excludesHook(object["repository"])
	return h, nil
}

// excludesHook reports whether the settings leave out the repository of a hook.
// Whatever else is wrong with it, Receive says.
func (s *Source) excludesHook(repository json.RawMessage) bool {
	var said struct {
		FullName any `json:"full_name"`
	}
	if len(s.exclude) == 0 || json.Unmarshal(repository, &said) != nil {
		return false
	}
	name, ok := said.FullName.(string)
	return ok && s.excludes(name)
}

// unwrap is the JSON of a body, which GitHub may send as a field of a form.
func unwrap(contentType string, body []byte) ([]byte, error) {
	kind, _, err := mime.ParseMediaType(contentType)
	switch {
	case err == nil && kind == "application/json":
		return body, nil
	case err == nil && kind == "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(body))
		if err != nil || len(form["payload"]) != 1 {
			return nil, wrongBody("is a form without a field payload")
		}
		return []byte(form.Get("payload")), nil
	}
	return nil, wrongBody(fmt.Sprintf("is %.100q, and must be application/json or application/x-www-form-urlencoded", contentType))
}

func wrongBody(message string) error { return &source.BodyError{Path: "$", Message: message} }
