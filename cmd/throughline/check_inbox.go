package main

import (
	"context"
	"strings"
	"time"

	"throughline/internal/inbox"
)

// received looks at what came into the inbox and is not among the facts yet.
func (c *checking) received(ctx context.Context, path string) {
	s, err := inbox.Look(ctx, path)
	if err != nil {
		c.bad("%s: %v", inboxFile, err)
		return
	}
	since := s.Oldest.Local().Format(time.DateTime)
	switch {
	case s.Trouble != "":
		c.open("inbox: received and not stored yet: %d, the first at %s; at the last try: %s; a running server tries again by itself", s.Waiting, since, oneLine(s.Trouble))
	case s.Waiting > 0:
		c.open("inbox: received and not stored yet: %d, the first at %s; a running server stores them by itself", s.Waiting, since)
	}
	if s.Failed > 0 {
		c.bad("inbox: received, but given up and in no chart: %d, the last because: %s; see to the cause, then replay them on the page /inbox?state=failed",
			s.Failed, oneLine(s.Fault))
	}
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
