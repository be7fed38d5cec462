package web

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/inbox"
	"throughline/internal/source"
)

// lastSyncs is how many syncs of a connection are looked at for one that came to its
// end by itself.
const lastSyncs = 10

// feedItems are the connections whose data is old or not whole; connected says whether
// there are any at all. Teams share them: they count whatever team is asked for.
func (s *Server) feedItems(ctx context.Context, f *delivery.Filter) (out []qualityItem, connected bool, err error) {
	all, err := s.db.Pulled(ctx)
	if err != nil {
		return nil, false, err
	}
	successes, err := s.db.LastSuccesses(ctx)
	if err != nil {
		return nil, false, err
	}
	for i := range all {
		c := &all[i]
		if !among(f, c.Name) {
			continue
		}
		item, err := s.feedItem(ctx, c, successes[c.Name])
		if err != nil {
			return nil, false, err
		}
		if item.Reason != "" {
			out = append(out, item)
		}
	}
	return out, len(all) > 0, nil
}

// feedItem is a connection with what is wrong with it, if anything.
func (s *Server) feedItem(ctx context.Context, c *control.Connection, success time.Time) (qualityItem, error) {
	feed := delivery.Feed{
		Every: c.Every, Paused: c.Paused != nil, Syncing: c.Syncing,
		Success: delivery.InstantOf(success), Due: delivery.InstantOf(c.NextRunAt),
	}
	item := qualityItem{Type: "connection", ID: c.Name, Connection: delivery.Word(c.Name), Title: delivery.Word(c.Kind), At: feed.Success, N: 1, path: connectionSyncs(c.Name)}
	if kind, ok := s.kind(c.Kind); ok {
		item.Title = delivery.Word(kind.Title)
	}
	syncs, err := s.db.Syncs(ctx, control.SyncQuery{Connection: c.Name, Limit: lastSyncs})
	if err != nil {
		return item, err
	}
	last := slices.IndexFunc(syncs, func(s control.Sync) bool { return s.State != control.Running && s.State != control.Interrupted })
	var said source.Message
	if last >= 0 {
		sync := &syncs[last]
		feed.Failed, feed.Limited = sync.State == control.Failed, sync.State == control.Failed && sync.Error.ID == source.RateLimited
		said = sync.Error
		if sync.State == control.Problems {
			feed.Missed = sync.Problems
		}
	}
	item.Reason = feed.Trouble(delivery.InstantOf(s.now()))
	switch item.Reason {
	case delivery.FeedPaused:
		item.Message, item.pause = delivery.Word(c.Paused.Message), c.Paused.Code
	case delivery.FeedFailed, delivery.FeedLimited:
		item.Message, item.said = delivery.Word(said.Text), sayer(said)
	case delivery.FeedPartial:
		item.N, item.path = feed.Missed, syncPath(syncs[last].ID)
	}
	return item, nil
}

// sayer says what a source said in the language of whoever reads it.
func sayer(m source.Message) func(context.Context) string {
	return func(ctx context.Context) string { return said(ctx, m) }
}

// Bounds of what is looked at of the inbox.
const (
	hookMemory = 30 * 24 * time.Hour // in which the usual interval is learned
	hookStuck  = 15 * time.Minute    // from which on what waits is stuck
)

// hookItems are senders that fell silent and what they sent that is not worked in. Like
// connections, they are nobody's own.
func (s *Server) hookItems(ctx context.Context, f *delivery.Filter) ([]qualityItem, error) {
	g, err := s.generation(ctx)
	if errors.Is(err, delivery.ErrUnavailable) {
		return s.loadHookItems(ctx, f) // the fact store does not answer, the inbox does
	}
	if err != nil {
		return nil, err
	}
	now := s.now()
	value, err := s.caches.answers.get(ctx, question{
		generation: g, key: panelKey("quality hooks", *f), now: now, expires: now.Add(hookLifetime), deadline: panelDeadline,
		answer: func(ctx context.Context) (any, int, error) {
			items, err := s.loadHookItems(ctx, f)
			return items, 1024 + 512*len(items), err
		},
	})
	if err != nil {
		return nil, err
	}
	return value.([]qualityItem), nil
}

// hookLifetime is how long what is said of hooks is said again.
const hookLifetime = 10 * time.Second

func (s *Server) loadHookItems(ctx context.Context, f *delivery.Filter) ([]qualityItem, error) {
	now := s.now()
	all, err := s.db.Connections(ctx)
	if err != nil {
		return nil, err
	}
	counts, err := s.cfg.Inbox.Counts(ctx)
	if err != nil {
		return nil, err
	}
	var out []qualityItem
	for i := range all {
		name := all[i].Name
		if counts[name] == nil || !among(f, name) {
			continue
		}
		came, err := s.cfg.Inbox.Came(ctx, name, now.Add(-hookMemory))
		if err != nil {
			return nil, err
		}
		if item, quiet := quietItem(name, came, now); quiet {
			out = append(out, item)
		}
	}
	troubles, err := s.cfg.Inbox.Troubles(ctx, f.From.Time(), f.To.Time(), now.Add(-hookStuck))
	for _, t := range troubles {
		if among(f, t.Connection) {
			out = append(out, troubleItem(&t))
		}
	}
	slices.SortStableFunc(out, func(a, b qualityItem) int { return cmp.Compare(a.ID, b.ID) })
	return out, err
}

func quietItem(connection string, came []time.Time, now time.Time) (qualityItem, bool) {
	moments := make([]delivery.Instant, len(came))
	for i, at := range came {
		moments[i] = delivery.InstantOf(at)
	}
	usual, _, quiet := delivery.Quiet(moments, delivery.InstantOf(now))
	if !quiet {
		return qualityItem{}, false
	}
	return qualityItem{
		Type: "connection", ID: connection, Connection: delivery.Word(connection), Reason: "silent", N: 1,
		At: moments[len(moments)-1], usual: usual.Milliseconds(), path: inboxOf(connection, ""), leads: true,
	}, true
}

func troubleItem(t *inbox.Trouble) qualityItem {
	item := qualityItem{
		Type: "connection", ID: t.Connection, Connection: delivery.Word(t.Connection), Reason: string(t.State), N: t.N,
		At: delivery.InstantOf(t.Last), since: delivery.InstantOf(t.Oldest), path: inboxOf(t.Connection, t.State), leads: true, detail: t.Error,
	}
	if t.State == inbox.Waiting {
		item.Reason, item.At = "stuck", item.since
	}
	return item
}
