package telemetry

import (
	"context"
	"errors"
	"log/slog"
	"slices"
)

// Handler passes log records on to next, and reports those of errors.
func (r *Reporter) Handler(next slog.Handler) slog.Handler {
	if r == nil || r.client == nil {
		return next
	}
	return &handler{next: next, reporter: r}
}

type handler struct {
	next     slog.Handler
	reporter *Reporter
	attrs    []slog.Attr // of all records
	grouped  bool        // what comes now has other names
}

// reported are the attributes that go with an error, besides its text. They
// name things of the program and its settings, never a person, an address or
// what was asked for.
var reported = []string{"connection", "sync", "kind", "state", "route", "method", "status"}

func (h *handler) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelError || h.next.Enabled(ctx, level)
}

func (h *handler) Handle(ctx context.Context, record slog.Record) error {
	if record.Level >= slog.LevelError {
		h.reporter.report(h.fault(record))
	}
	if !h.next.Enabled(ctx, record.Level) {
		return nil
	}
	return h.next.Handle(ctx, record)
}

func (h *handler) fault(record slog.Record) fault {
	f := fault{message: record.Message, at: record.Time, tags: map[string]string{}}
	take := func(a slog.Attr) bool {
		value := a.Value.Resolve()
		switch {
		case a.Key == "error":
			f.err = errorOf(value)
		case a.Key == "value" && record.Message == panicMessage:
			f.panicked = value.Any()
		case slices.Contains(reported, a.Key):
			f.tags[a.Key] = value.String()
		}
		return true
	}
	for _, a := range h.attrs {
		take(a)
	}
	if !h.grouped {
		record.Attrs(take)
	}
	return f
}

// panicMessage is what a panic is logged with, and its value as an attribute.
const panicMessage = "panic"

func errorOf(v slog.Value) error {
	if err, ok := v.Any().(error); ok {
		return err
	}
	if text := v.String(); text != "" {
		return errors.New(text)
	}
	return nil
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	own := *h
	own.next = h.next.WithAttrs(attrs)
	if !h.grouped {
		own.attrs = append(slices.Clone(h.attrs), attrs...)
	}
	return &own
}

func (h *handler) WithGroup(name string) slog.Handler {
	own := *h
	own.next = h.next.WithGroup(name)
	own.grouped = h.grouped || name != ""
	return &own
}
