package source

import (
	"errors"
	"net/http"
	"slices"

	"throughline/internal/delivery"
)

// HookPath is a header that the web server sets, and nobody else can: the path that
// a hook was sent to.
const HookPath = "X-Throughline-Path"

// SecretHeader may hold the webhook secret of senders that cannot sign; the web
// server moves ?secret= and ?token= of the address into it.
const SecretHeader = "X-Webhook-Secret"

// Receiver is a Source that also sends hooks: requests of its own accord.
type Receiver interface {
	// Verify checks in constant time that a request was signed with the
	// connection's secret. Errors: ErrUnsigned, ErrSignature.
	Verify(header http.Header, body []byte) error
	// Hook says what a verified request is about. Its error is a *BodyError, joined.
	Hook(header http.Header, body []byte) (Hook, error)
	// Receive reads a hook, first when it comes, to say at once what is wrong with
	// it, and again when it is stored. Pushed.Key is not used: a hook has its own.
	Receive(h Hook) (Pushed, error)
}

// WebhookSecret is the name of the secret that hooks are signed with: of every kind
// whose sources are Receivers, and of no other.
const WebhookSecret = "webhook_secret"

// Receives reports whether the kind's sources are Receivers.
func (k *Kind) Receives() bool {
	return slices.ContainsFunc(k.Secrets, func(f Field) bool { return f.Name == WebhookSecret })
}

// Hook is a received request.
type Hook struct {
	Event string // what happened, as the source calls it: workflow_run
	// Key is the same when it is sent again: the delivery's id.
	Key  string
	Body []byte // JSON, however it was wrapped
	// ReceivedAt is when it came.
	ReceivedAt delivery.Instant
	// Ignored says that nothing is made of such events, and is shown so.
	Ignored bool
}

var (
	// ErrUnsigned: a request has no signature, and the connection wants one.
	ErrUnsigned = errors.New("the request is not signed")
	// ErrSignature: a request was signed with another secret, or changed on the way.
	ErrSignature = errors.New("the signature does not verify")
)
