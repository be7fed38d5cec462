package web

import (
	"net/http"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

func (s *Server) createEmbed(w http.ResponseWriter, r *http.Request) {
	a, ok := s.postedEmbed(w, r, nil)
	if !ok {
		return
	}
	if len(a.errs) == 0 {
		id, token, err := s.db.CreateEmbed(r.Context(), a.embed)
		if err == nil {
			s.reveal(w, r, addressPath(id), a.embed.Name, token)
			return
		}
		if err := a.take(r.Context(), err); err != nil {
			s.fail(w, r, err)
			return
		}
	}
	s.showEmbed(w, r, http.StatusUnprocessableEntity, nil, a.values, &a)
}

func (s *Server) saveEmbed(w http.ResponseWriter, r *http.Request) {
	stored, ok := s.ownEmbed(w, r)
	if !ok {
		return
	}
	a, ok := s.postedEmbed(w, r, &stored)
	if !ok {
		return
	}
	if len(a.errs) == 0 {
		a.embed.ID = stored.ID
		err := s.db.SaveEmbed(r.Context(), a.embed)
		if err == nil {
			s.flash(r, "embeds.saved", "name", a.embed.Name)
			s.redirect(w, r, embedsPath)
			return
		}
		if err := a.take(r.Context(), err); err != nil {
			s.fail(w, r, err)
			return
		}
	}
	s.showEmbed(w, r, http.StatusUnprocessableEntity, &stored, a.values, &a)
}

// postedEmbed reads a form that was sent; when it cannot, the answer is written.
func (s *Server) postedEmbed(w http.ResponseWriter, r *http.Request, stored *control.Embed) (embedAsked, bool) {
	if !s.parseForm(w, r) {
		return embedAsked{}, false
	}
	a, err := s.readEmbed(r.Context(), r.PostForm)
	if err != nil {
		s.fail(w, r, err)
		return a, false
	}
	var before delivery.Date
	if stored != nil {
		before = stored.Expires
	}
	a.mustLast(r.Context(), s.today(r.Context()), before)
	return a, true
}

// previewEmbed answers what a form would show, as a page to be framed by the form's.
// Mistakes are said in its place; those of the name show nowhere.
func (s *Server) previewEmbed(w http.ResponseWriter, r *http.Request) {
	q, err := query(r)
	if err != nil {
		s.errorPage(w, r, http.StatusBadRequest)
		return
	}
	if q.Get("name") == "" {
		q.Set("name", i18n.T(r.Context(), "embeds.preview"))
	}
	a, err := s.readEmbed(r.Context(), q)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	delete(a.errs, "name")
	if len(a.errs) == 0 {
		s.answerEmbedPreview(w, r, a.embed)
		return
	}
	none := embedded{}
	none.headers(w.Header(), embedPage)
	s.render(w, r, http.StatusOK, views.EmbedMistakes(s.lang(r), s.theme(r), views.Form{Errors: a.errs}))
}
