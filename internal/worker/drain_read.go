package worker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/inbox"
	"throughline/internal/source"
)

// receivers are the connections that were opened to read hooks, by name.
type receivers map[string]opened

type opened struct {
	kind     string
	receiver source.Receiver
	err      error
}

// errNotOpened is wrapped by the errors of a connection that may be opened later.
var errNotOpened = errors.New("the connection cannot be opened")

// parse reads what was pushed to a connection, or a hook, whose kind names its event,
// too. A fault in what reads it must not end the program.
func (w *Worker) parse(ctx context.Context, c *control.Connection, e *inbox.Entry, open receivers) (pushed source.Pushed, err error) {
	err = w.guard(func() (err error) {
		parse, isPush := w.Pushes[e.Kind]
		reader := e.Connection
		if !isPush {
			reader = c.Reader()
		}
		var known bool
		if pushed, known = w.Recent.Take(e.Kind, reader, e.Body); known {
			return nil
		}
		if isPush {
			pushed, err = parse(e.Body)
			return err
		}
		kind, event, ok := strings.Cut(e.Kind, ".")
		if !ok {
			return fmt.Errorf("nothing of this version reads %q", e.Kind)
		}
		receiver, err := w.receiver(ctx, e.Connection, kind, open)
		if err != nil {
			return err
		}
		pushed, err = receiver.Receive(source.Hook{Event: event, Key: e.Key, Body: e.Body, ReceivedAt: delivery.InstantOf(e.ReceivedAt)})
		return err
	})
	return pushed, err
}

// receiver is the connection that a hook came to, which must still be of that kind.
func (w *Worker) receiver(ctx context.Context, connection, kind string, open receivers) (source.Receiver, error) {
	o, ok := open[connection]
	if !ok {
		o = w.openReceiver(ctx, connection)
		open[connection] = o
	}
	switch {
	case o.err != nil:
		return nil, o.err
	case o.kind != kind:
		return nil, fmt.Errorf("the connection %s is of the kind %s now", connection, o.kind)
	case o.receiver == nil:
		return nil, fmt.Errorf("connections of the kind %s receive nothing", kind)
	}
	return o.receiver, nil
}

func (w *Worker) openReceiver(ctx context.Context, connection string) opened {
	c, err := w.db.Connection(ctx, connection)
	if errors.Is(err, control.ErrNotFound) {
		return opened{err: fmt.Errorf("there is no connection %s any more", connection)}
	}
	if err != nil {
		return opened{err: fmt.Errorf("%w: %w", errNotOpened, err)}
	}
	src, err := w.open(ctx, c, w.store)
	if err != nil {
		return opened{err: fmt.Errorf("%w: %w", errNotOpened, err)}
	}
	receiver, _ := src.(source.Receiver)
	return opened{kind: c.Kind, receiver: receiver}
}

// unread gives up an entry that cannot be read. Where the connection is to blame, it
// waits until that is mended.
func (w *Worker) unread(ctx context.Context, e *inbox.Entry, cause error) error {
	if ctx.Err() != nil {
		return nil //nolint:nilerr // it waits for the next start
	}
	if errors.Is(cause, errNotOpened) {
		return w.Inbox.Failed(ctx, e.ID, cause.Error(), time.Now().Add(drainRetry))
	}
	return w.Inbox.GiveUp(ctx, e.ID, cause.Error())
}
