package telemetry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/getsentry/sentry-go"
	"golang.org/x/time/rate"
)

// Sentry is where errors are reported to, and what is said of the program.
type Sentry struct {
	DSN         string // "" reports nothing
	Version     string
	Environment string
	Secrets     []string // taken out wherever they turn up
}

// Reporter sends errors to Sentry: what was logged, where in the program, and
// the text of the error without what looks like a secret. It sends nothing of
// requests, people, the machine or the environment.
type Reporter struct {
	client *sentry.Client // nil when errors are not reported
	scrub  scrubber
	limit  *rate.Limiter
	close  func()
}

const (
	// reportBurst and reportEvery bound what a fault that repeats itself sends.
	reportBurst = 20
	reportEvery = 5 * time.Second
	// reportTimeout bounds one request, flushTimeout all at the end.
	reportTimeout = 10 * time.Second
	flushTimeout  = 2 * time.Second
)

// NewReporter starts to report where o.DSN says, until Close.
func NewReporter(o Sentry) (*Reporter, error) {
	if o.DSN == "" {
		return &Reporter{}, nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	transport := http.DefaultTransport.(*http.Transport).Clone()
	client, err := sentry.NewClient(sentry.ClientOptions{
		Dsn: o.DSN, Release: "throughline@" + o.Version, Environment: o.Environment,
		HTTPClient: &http.Client{
			Transport:     &stoppable{ctx, transport},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		// These would tell of the machine, the environment and every module.
		Integrations:           func([]sentry.Integration) []sentry.Integration { return nil },
		BeforeSend:             func(e *sentry.Event, _ *sentry.EventHint) *sentry.Event { e.ServerName = ""; return e },
		MaxBreadcrumbs:         -1,
		DisableClientReports:   true,
		DisableTelemetryBuffer: true, // its Close waits longer than a stop may take
	})
	if err != nil {
		cancel()
		return nil, errors.New("the DSN of Sentry cannot be used") // err may hold it
	}
	r := &Reporter{
		client: client, scrub: newScrubber(append(slices.Clone(o.Secrets), o.DSN)...),
		limit: rate.NewLimiter(rate.Every(reportEvery), reportBurst),
	}
	r.close = sync.OnceFunc(func() {
		client.Flush(flushTimeout)
		client.Close()
		cancel()
		transport.CloseIdleConnections()
	})
	return r, nil
}

// Close sends what waits, for flushTimeout at most.
func (r *Reporter) Close() {
	if r != nil && r.close != nil {
		r.close()
	}
}

// Report sends an error that is not logged.
func (r *Reporter) Report(message string, err error) {
	if r != nil {
		r.report(fault{message: message, at: time.Now(), err: err})
	}
}

// stoppable sends requests as long as its context lasts.
type stoppable struct {
	ctx  context.Context
	next http.RoundTripper
}

func (s *stoppable) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(s.ctx, reportTimeout)
	res, err := s.next.RoundTrip(r.WithContext(ctx))
	if err != nil {
		cancel()
		return nil, err
	}
	res.Body = &releasing{res.Body, cancel}
	return res, nil
}

// releasing lets go of a request's context with its answer.
type releasing struct {
	io.ReadCloser
	release func()
}

func (r *releasing) Close() error {
	defer r.release()
	return r.ReadCloser.Close()
}

// fault is an error to report.
type fault struct {
	message  string // as logged: constant
	at       time.Time
	err      error             // nil when none was logged
	panicked any               // what was panicked with, nil for no panic
	tags     map[string]string // that are safe
}

// report sends a fault with the stack of whoever calls.
func (r *Reporter) report(f fault) {
	if r.client == nil || !r.limit.Allow() {
		return
	}
	e := sentry.NewEvent()
	e.Level, e.Timestamp, e.Message, e.Logger = sentry.LevelError, f.at, f.message, "throughline"
	e.Contexts = map[string]sentry.Context{"runtime": {"name": "go", "version": runtime.Version()}}
	e.Tags = map[string]string{}
	for name, value := range f.tags {
		e.Tags[name] = r.scrub.clean(value)
	}
	exception := sentry.Exception{Type: f.message, Stacktrace: stack()}
	switch {
	case f.panicked != nil:
		e.Level = sentry.LevelFatal
		exception.Value = r.scrub.clean(fmt.Sprint(f.panicked))
		e.Tags["error_type"] = fmt.Sprintf("%T", f.panicked)
	case f.err != nil:
		exception.Value = r.scrub.clean(f.err.Error())
		e.Tags["error_type"] = typeOf(f.err)
		e.Fingerprint = []string{f.message, e.Tags["error_type"], e.Tags["connection"]}
	}
	e.Exception = []sentry.Exception{exception}
	r.client.CaptureEvent(e, nil, nil)
}

// typeOf is the type of the first error of a chain that is more than a text
// around another.
func typeOf(err error) string {
	wrapped := fmt.Sprintf("%T", fmt.Errorf("%w", err))
	for {
		name := fmt.Sprintf("%T", err)
		inner := errors.Unwrap(err)
		if name != wrapped || inner == nil {
			return name
		}
		err = inner
	}
}

// stack is where the program is, without this package and without paths of the
// machine that it was built on.
func stack() *sentry.Stacktrace {
	s := sentry.NewStacktrace()
	if s == nil {
		return nil
	}
	n := len(s.Frames) // the innermost is the last
	for n > 0 && isLogging(s.Frames[n-1]) {
		n--
	}
	s.Frames = s.Frames[:n]
	for i := range s.Frames {
		f := &s.Frames[i]
		file := f.AbsPath
		if file == "" {
			file = f.Filename
		}
		f.AbsPath, f.Filename = "", path.Join(f.Module, path.Base(file))
	}
	return s
}

// isLogging reports whether a frame is of the way from a log call to here.
func isLogging(f sentry.Frame) bool {
	own := f.Module == "throughline/internal/telemetry"
	return f.Module == "log/slog" || own && (f.Function == "stack" || strings.HasPrefix(f.Function, "(*handler).") || strings.HasPrefix(f.Function, "(*Reporter)."))
}
