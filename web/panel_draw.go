package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

// drawChart answers a chart, as it was drawn before for somebody who sees the same: many
// readers look at the same few.
func (s *Server) drawChart(w http.ResponseWriter, r *http.Request, view views.Panel, d delivery.PanelData, spec views.ChartSpec) error {
	ctx := r.Context()
	draw := func(ctx context.Context) templ.Component {
		spec.Open, spec.Lists = views.URL(ctx, "/issues/"), view.Lists(ctx, d)
		return views.ChartPanel(view, d, views.ChartOf(d, i18n.From(ctx), spec), spec.Before)
	}
	if d.Serial == 0 || spec.Before != nil && spec.Before.Serial == 0 || !takesGzip(r) {
		s.render(w, r, http.StatusOK, draw(ctx))
		return nil
	}
	before := uint64(0)
	if spec.Before != nil {
		before = spec.Before.Serial
	}
	value, err := s.caches.drawn.get(ctx, question{
		key: fmt.Sprintf("%d %d %q %q %s", d.Serial, before, spec.Types, view.Parts(), views.Eyes(ctx)), now: s.now(), deadline: panelDeadline,
		answer: func(ctx context.Context) (any, int, error) {
			var b bytes.Buffer
			out, err := gzip.NewWriterLevel(&b, gzipLevel)
			if err != nil {
				return nil, 0, err
			}
			if err := draw(ctx).Render(ctx, out); err != nil {
				return nil, 0, err
			}
			err = out.Close()
			return bytes.Clone(b.Bytes()), b.Len(), err
		},
	})
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Encoding", "gzip")
	h.Add("Vary", "Accept-Encoding")
	_, _ = w.Write(value.([]byte)) // a browser that went away
	return nil
}

// takesGzip reports whether whoever asks takes a compressed answer.
func takesGzip(r *http.Request) bool {
	return slices.ContainsFunc(strings.Split(strings.Join(r.Header.Values("Accept-Encoding"), ","), ","), func(accepted string) bool {
		return strings.ToLower(strings.TrimSpace(accepted)) == "gzip"
	})
}
