package web

import (
	"net/http"

	"throughline/internal/control"
)

// answerEmbedPreview answers the page of an embed that is not stored, for a frame on our
// own page.
func (s *Server) answerEmbedPreview(w http.ResponseWriter, r *http.Request, e control.Embed) {
	e.ID, e.Ancestors = 0, nil
	v := s.embedded(r, e)
	ctx := v.context(r.Context(), s)
	answer, err := s.embedAnswer(ctx, v, embedPage)
	if err != nil {
		s.failEmbed(w, r, v, embedPage, err)
		return
	}
	v.headers(w.Header(), embedPage)
	w.Header().Set("Cache-Control", "no-store")
	answer.write(w, r)
}
