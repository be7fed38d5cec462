package sourcetest

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"throughline/internal/source"
)

// fault is something that happens to the system during a pull.
type fault struct {
	name string
	make func(t *Transport) Fault
	// ends checks the error that ends the pull; nil when the pull is to go
	// through as if nothing had happened.
	ends func(r *rig, err error) bool
}

func always(f Fault) func(*Transport) Fault { return func(*Transport) Fault { return f } }

var (
	unauthorized = Answer(http.StatusUnauthorized, `{}`)
	unavailable  = Answer(http.StatusServiceUnavailable, `{}`)
	tooMany      = Answer(http.StatusTooManyRequests, `{}`)
	page         = Answer(http.StatusOK, "<!DOCTYPE html><title>Welcome</title>", "Content-Type", "text/html")
)

func refused(_ *rig, err error) bool { return errors.Is(err, source.ErrAuth) }

func limited(r *rig, err error) bool {
	var e *source.RateLimitError
	return errors.As(err, &e) && e.RetryAfter.After(r.now())
}

// plain is an error that the worker tries again after a while.
func plain(r *rig, err error) bool { return err != nil && !refused(r, err) && !limited(r, err) }

func saying(word string) func(*rig, error) bool {
	return func(r *rig, err error) bool { return plain(r, err) && strings.Contains(err.Error(), word) }
}

func faults() []fault {
	return []fault{
		{"unauthorized", always(unauthorized), refused},
		{"unauthorized on the way", always(After(3, unauthorized)), refused},
		{"forbidden", always(Answer(http.StatusForbidden, `{}`)), refused},
		{"now and then too many requests", always(Every(5, Answer(http.StatusTooManyRequests, `{}`, "Retry-After", "1"))), nil},
		{"too many requests for an hour", always(After(2, Answer(http.StatusTooManyRequests, `{}`, "Retry-After", "3600"))), anHour},
		{"too many requests for ever", always(After(2, tooMany)), limited},
		{"now and then unavailable", always(Every(4, unavailable)), nil},
		{"unavailable", always(unavailable), plain},
		{"unavailable on the way", always(After(4, unavailable)), plain},
		{"now and then refused", always(Every(5, Refused)), nil},
		{"refused", always(Refused), plain},
		{"now and then cut off", func(t *Transport) Fault { return Every(7, t.CutOff) }, nil},
		{"cut off", func(t *Transport) Fault { return t.CutOff }, plain},
		{"HTML", always(page), saying("HTML")},
		{"not JSON", always(Answer(http.StatusOK, `{"oops": `)), saying("JSON")},
		{"another shape", always(Answer(http.StatusOK, `{"items": 5}`)), plain},
		{"a number", always(Answer(http.StatusOK, `5`)), plain},
		{"null", always(Answer(http.StatusOK, `null`)), plain},
		{"elsewhere", always(Answer(http.StatusTemporaryRedirect, ``, "Location", "https://elsewhere.test/stolen")), saying("elsewhere.test")},
	}
}

func anHour(r *rig, err error) bool {
	var e *source.RateLimitError
	return errors.As(err, &e) && e.RetryAfter.Sub(r.now()).Abs() > 59*time.Minute && e.RetryAfter.Sub(r.now()) < 61*time.Minute
}

// faults lets each of them happen, and then lets the pull go on in peace: in
// the end nothing may be missing.
func (c Case) faults(t *testing.T, want undisturbed) {
	for _, f := range faults() {
		t.Run(f.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := c.rig()
				r.transport.Fault = f.make(r.transport)
				err := r.pull(t.Context(), t, everything, false)
				switch {
				case f.ends == nil && err != nil:
					t.Errorf("the pull ended: %v", err)
				case f.ends != nil && (err == nil || !f.ends(r, err)):
					t.Errorf("not the error wanted: %v", err)
				}
				if f.ends == nil {
					r.same(t, want.facts)
				}
				if hosts := r.transport.Foreign(); len(hosts) > 0 {
					t.Errorf("other hosts were asked: %v", hosts)
				}
				r.transport.Fault = nil
				if err := r.pull(t.Context(), t, everything, false); err != nil {
					t.Fatal(err)
				}
				r.same(t, want.facts)
			})
		})
	}
}
