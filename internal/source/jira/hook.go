package jira

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"

	"throughline/internal/source"
)

// Events are what a hook is by the address that it is sent to.
const (
	eventIssue       = "issue"        // an incident, if its type is one
	eventRCA         = "rca"          // an incident, with the teams that it is of
	eventTicketNew   = "ticket_new"   // a ticket that is counted
	eventTicketClose = "ticket_close" // its end
)

var events = map[string]string{
	"/incidents/rca": eventRCA,
	"/tickets/new":   eventTicketNew,
	"/tickets/close": eventTicketClose,
}

// Verify is part of source.Receiver: the secret stands in a header, or signs the body
// as Jira Cloud does.
func (s *Source) Verify(header http.Header, body []byte) error {
	signature, secret := header.Get("X-Hub-Signature"), header.Get(source.SecretHeader)
	switch {
	case signature == "" && secret == "" && s.allowUnsigned:
		return nil
	case signature == "" && secret == "":
		return source.ErrUnsigned
	case s.secret == "": // it would verify anybody's
		return source.ErrSignature
	case signature == "":
		given, own := sha256.Sum256([]byte(secret)), sha256.Sum256([]byte(s.secret))
		if subtle.ConstantTimeCompare(given[:], own[:]) != 1 {
			return source.ErrSignature
		}
		return nil
	}
	given, ok := strings.CutPrefix(signature, "sha256=")
	sum, err := hex.DecodeString(given)
	mac := hmac.New(sha256.New, []byte(s.secret))
	mac.Write(body)
	if !ok || err != nil || !hmac.Equal(sum, mac.Sum(nil)) {
		return source.ErrSignature
	}
	return nil
}

var identifier = regexp.MustCompile(`^[\x21-\x7e]{1,200}$`)

// Hook is part of source.Receiver.
func (s *Source) Hook(header http.Header, body []byte) (source.Hook, error) {
	var object map[string]json.RawMessage
	if json.Unmarshal(body, &object) != nil || object == nil {
		return source.Hook{}, &source.BodyError{Path: "$", Message: "is not a JSON object"}
	}
	h := source.Hook{Event: eventOf(header), Body: body, Ignored: elsewhere(object)}
	if id := header.Get("X-Atlassian-Webhook-Identifier"); identifier.MatchString(id) {
		h.Key = h.Event + ":" + id
	} else {
		sum := sha256.Sum256([]byte(h.Event + "\n" + string(body)))
		h.Key = "sha256:" + hex.EncodeToString(sum[:])
	}
	return h, nil
}
