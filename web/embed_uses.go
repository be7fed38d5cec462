package web

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"time"

	"throughline/internal/control"
)

// usesKept is how long views are only counted in memory: writing each would cost more
// than showing it. A process that is killed loses as many.
const usesKept = 5 * time.Second

// embedUses are views that are not written down yet.
type embedUses struct {
	mu    sync.Mutex
	byID  map[int64]control.EmbedUse
	timer *time.Timer // runs while there are some
}

// seenEmbed counts a view of an embed by a reader: not that of its own page, which holds
// its picture.
func (s *Server) seenEmbed(r *http.Request, id int64) {
	if id == 0 || r.Method == http.MethodHead || r.Header.Get("Sec-Fetch-Site") == "same-origin" {
		return
	}
	u := &s.uses
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.byID == nil {
		u.byID = map[int64]control.EmbedUse{}
	}
	use := u.byID[id]
	use.Views, use.At = use.Views+1, s.now()
	if site := referrerSite(r.Referer()); site != "" {
		use.Referrer = site
	}
	u.byID[id] = use
	if u.timer == nil {
		u.timer = time.AfterFunc(usesKept, func() {
			if err := s.flushEmbedUses(context.Background()); err != nil {
				s.log.Warn("views of embeds are not counted yet", "error", err)
			}
		})
	}
}

// referrerSite is the site of the page that framed an embed, "" where that is not told:
// never its path, which is nobody's business.
func referrerSite(referer string) string {
	u, err := url.Parse(referer)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	site, err := control.FrameSite(u.Scheme + "://" + u.Host)
	if err != nil {
		return ""
	}
	return site
}

// flushEmbedUses writes down the views that were counted. What cannot be written is
// counted further.
func (s *Server) flushEmbedUses(ctx context.Context) error {
	u := &s.uses
	u.mu.Lock()
	counted := u.byID
	u.byID = nil
	if u.timer != nil {
		u.timer.Stop()
		u.timer = nil
	}
	u.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, usesKept)
	defer cancel()
	err := s.db.AddEmbedUses(ctx, counted)
	if err == nil {
		return nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.byID == nil {
		u.byID = map[int64]control.EmbedUse{}
	}
	for id, use := range counted {
		later := u.byID[id]
		later.Views += use.Views
		if later.At.Before(use.At) {
			later.At, later.Referrer = use.At, use.Referrer
		}
		u.byID[id] = later
	}
	return err
}

// Close writes down what was only counted so far. Nothing may be answered after it.
func (s *Server) Close(ctx context.Context) error { return s.flushEmbedUses(ctx) }
