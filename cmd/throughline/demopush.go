package main

import (
	"context"
	"time"

	"throughline/internal/inbox"
	"throughline/internal/simulator"
	"throughline/internal/source/ci"
)

const (
	demoPushes  = demoRunDays
	demoPushing = "gitlab"
)

// receivePushes puts what the company's own CI told of its runs into the inbox, as
// if each had been posted when it ended; the worker stores them like any other.
func (a *app) receivePushes(ctx context.Context, pushes []simulator.Push) error {
	const kind = "runs"
	read := ci.Pushes()[kind]
	var entries []inbox.Entry
	for _, p := range pushes {
		e := inbox.Entry{
			Connection: ci.Kind().Name, Kind: kind, Token: demoPushing, ReceivedAt: p.At.Truncate(time.Millisecond), Body: p.Body, Bytes: len(p.Body),
		}
		pushed, err := read(p.Body)
		if err == nil {
			err = pushed.Items[0].Err
		}
		if err == nil {
			entries = append(entries, e)
			continue
		}
		e.Error = err.Error()
		if err := a.inbox.Refuse(ctx, e); err != nil {
			return err
		}
	}
	_, err := a.inbox.PutAll(ctx, entries)
	return err
}
