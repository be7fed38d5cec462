package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"throughline/internal/i18n"
	"throughline/views"
)

// keptAnswer is a whole answer, as it is kept: texts are packed, pictures of dots are so
// already.
type keptAnswer struct {
	contentType string
	etag        string
	body        []byte
	packed      bool // body is gzip
}

// embedAnswer is an embed in a form, from memory as long as nothing new can be said.
func (s *Server) embedAnswer(ctx context.Context, v embedded, form embedForm) (keptAnswer, error) {
	g, err := s.generation(ctx)
	if err != nil {
		return keptAnswer{}, err
	}
	running, err := s.db.SyncRunning(ctx)
	if err != nil {
		return keptAnswer{}, err
	}
	now := s.now()
	lifetime := embedLifetime
	switch p, _ := panelBySlug(v.Panel); {
	case p.unkept:
		lifetime = pointsLifetime
	case p.now:
		lifetime = nowLifetime
	}
	ask := question{
		generation: g, now: now, expires: now.Add(lifetime), deadline: panelDeadline,
		key: fmt.Sprintf("%d %d %s %s %s", v.ID, v.ChangedAt.UnixMilli(), v.lang, form, s.today(ctx)),
		answer: func(ctx context.Context) (any, int, error) {
			a, err := s.makeEmbed(ctx, v, form)
			return a, len(a.body) + 512, err
		},
	}
	if running {
		ask.stale = s.cfg.Stale
	}
	get := s.caches.embeds.get
	if v.ID == 0 {
		get = s.caches.embeds.apart
	}
	value, err := get(ctx, ask)
	if err != nil {
		return keptAnswer{}, err
	}
	return value.(keptAnswer), nil
}

// makeEmbed makes an answer.
func (s *Server) makeEmbed(ctx context.Context, v embedded, form embedForm) (keptAnswer, error) {
	p, d, err := s.embedLoad(ctx, v)
	if err != nil {
		return keptAnswer{}, err
	}
	if form != embedPage {
		o := v.picture(form)
		o.scope = scopeWords(ctx, p.of, v.Filter)
		body, contentType, err := s.drawPicture(ctx, p, d, i18n.For(v.lang), o)
		if err != nil || form == embedPNG {
			return keptAnswer{contentType: contentType, etag: etagOf(body), body: body}, err
		}
		return packedAnswer(contentType, body)
	}
	view, err := s.embedView(ctx, v, p, d)
	if err != nil {
		return keptAnswer{}, err
	}
	var b bytes.Buffer
	if err := views.EmbedPage(view).Render(ctx, &b); err != nil {
		return keptAnswer{}, fmt.Errorf("page of an embed: %w", err)
	}
	return packedAnswer("text/html; charset=utf-8", b.Bytes())
}

// packedAnswer keeps a text.
func packedAnswer(contentType string, body []byte) (keptAnswer, error) {
	var b bytes.Buffer
	zw := gzip.NewWriter(&b)
	_, err := zw.Write(body)
	if cerr := zw.Close(); err == nil {
		err = cerr
	}
	return keptAnswer{contentType, etagOf(body), b.Bytes(), true}, err
}

func etagOf(body []byte) string {
	sum := sha256.Sum256(body)
	return `W/"` + hex.EncodeToString(sum[:12]) + `"`
}

// write answers a request, shortly when it knows the answer already.
func (a keptAnswer) write(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("ETag", a.etag)
	if knows(r.Header.Get("If-None-Match"), a.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", a.contentType)
	if !a.packed || acceptsGzip(r) {
		if a.packed {
			h.Set("Content-Encoding", "gzip")
		}
		h.Set("Content-Length", strconv.Itoa(len(a.body)))
		_, _ = w.Write(a.body) // a browser that went away
		return
	}
	zr, err := gzip.NewReader(bytes.NewReader(a.body))
	if err == nil {
		_, _ = io.Copy(w, zr) //nolint:gosec // packed by ourselves
	}
}

// knows reports whether a browser has the answer of a tag.
func knows(header, etag string) bool {
	for _, tag := range strings.Split(header, ",") {
		if tag = strings.TrimSpace(tag); tag == etag || tag == "*" || "W/"+tag == etag {
			return true
		}
	}
	return false
}

// acceptsGzip reports whether a client unpacks what is packed.
func acceptsGzip(r *http.Request) bool {
	for _, part := range strings.Split(r.Header.Get("Accept-Encoding"), ",") {
		name, params, _ := strings.Cut(part, ";")
		if strings.TrimSpace(name) != "gzip" {
			continue
		}
		q, given := strings.CutPrefix(strings.TrimSpace(params), "q=")
		weight, err := strconv.ParseFloat(q, 64)
		return !given || err == nil && weight > 0
	}
	return false
}
