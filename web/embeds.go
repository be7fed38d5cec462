package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/go-chi/chi/v5"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

const embedsPath = "/settings/embeds"

// revokedShown is how many of the embeds that were revoked are listed.
const revokedShown = 50

func (s *Server) embedSettingsRoutes(r chi.Router) {
	r.Get("/embeds", s.embedsPage)
	r.Post("/embeds", s.createEmbed)
	r.Get("/embeds/new", s.newEmbedPage)
	r.Get("/embeds/preview", s.previewEmbed)
	r.Get("/embeds/{id}", s.editEmbedPage)
	r.Post("/embeds/{id}", s.saveEmbed)
	r.Get("/embeds/{id}/address", s.embedAddressPage)
	r.Get("/embeds/{id}/revoke", s.endEmbedPage("revoke"))
	r.Post("/embeds/{id}/revoke", s.revokeEmbed)
	r.Get("/embeds/{id}/replace", s.endEmbedPage("replace"))
	r.Post("/embeds/{id}/replace", s.replaceEmbed)
}

func embedAt(id int64) string { return embedsPath + "/" + strconv.FormatInt(id, 10) }

// embed reports whether an embed is shown to somebody in the settings, who may change
// it then: an admin sees all, a lead what they made and what shows nothing but teams of
// theirs.
func (r rights) embed(e *control.Embed, user int64) bool {
	teams := e.Teams()
	return r.admin || e.CreatedBy != 0 && e.CreatedBy == user ||
		len(teams) > 0 && !slices.ContainsFunc(teams, func(name string) bool { return !r.team(name) })
}

// embedsOf are the embeds that whoever asks sees.
func (s *Server) embedsOf(ctx context.Context) ([]control.Embed, error) {
	may, err := s.rights(ctx)
	if err != nil {
		return nil, err
	}
	u, _ := userFrom(ctx)
	all, err := s.db.Embeds(ctx)
	return slices.DeleteFunc(all, func(e control.Embed) bool { return !may.embed(&e, u.ID) }), err
}

// namedEmbed is the embed of the path, for whoever may change it as far as it is not
// declared in the file. When there is none, the answer is written.
func (s *Server) namedEmbed(w http.ResponseWriter, r *http.Request) (control.Embed, bool) {
	id, ok := s.pathID(w, r)
	if !ok {
		return control.Embed{}, false
	}
	e, err := s.db.Embed(r.Context(), id)
	if err != nil {
		s.fail(w, r, err)
		return e, false
	}
	may, err := s.rights(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return e, false
	}
	if u, _ := userFrom(r.Context()); !e.RevokedAt.IsZero() || !may.embed(&e, u.ID) {
		s.errorPage(w, r, http.StatusNotFound)
		return e, false
	}
	return e, true
}

// ownEmbed is namedEmbed that people may change.
func (s *Server) ownEmbed(w http.ResponseWriter, r *http.Request) (control.Embed, bool) {
	e, ok := s.namedEmbed(w, r)
	if ok && e.Provisioned {
		s.errorPage(w, r, http.StatusForbidden)
		return e, false
	}
	return e, ok
}

func (s *Server) embedsPage(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	if err := s.flushEmbedUses(ctx); err != nil {
		s.fail(w, r, err)
		return
	}
	all, err := s.embedsOf(ctx)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	list := views.EmbedList{}
	for i := range all {
		if !all[i].RevokedAt.IsZero() {
			if len(list.Revoked) < revokedShown {
				list.Revoked = append(list.Revoked, embedRow(ctx, &all[i]))
			}
			continue
		}
		row := embedRow(ctx, &all[i])
		row.Over = all[i].Over(s.today(ctx))
		if row.Problem, err = s.embedProblem(ctx, &all[i]); err != nil {
			s.fail(w, r, err)
			return
		}
		list.Embeds = append(list.Embeds, row)
	}
	s.render(w, r, http.StatusOK, views.EmbedsPage(s.page(r, i18n.T(ctx, "settings.embeds"), "settings"), list))
}

// embedProblem says why an embed shows nothing: what it is narrowed to is gone, say.
// While the facts cannot be asked nobody knows.
func (s *Server) embedProblem(ctx context.Context, e *control.Embed) (string, error) {
	p, known := panelBySlug(e.Panel)
	if !known {
		return i18n.T(ctx, "mistake.embeds.panel"), nil
	}
	_, _, err := s.filter(ctx, p.of, e.Filter)
	if details := filterDetails(err); len(details) > 0 {
		return mistakeText(ctx, &details[0]), nil
	}
	if errors.Is(err, delivery.ErrUnavailable) {
		return "", nil
	}
	return "", err
}

func embedRow(ctx context.Context, e *control.Embed) views.EmbedRow {
	row := views.EmbedRow{
		ID: e.ID, Name: e.Name, Shows: e.Panel, Sites: e.Ancestors, By: e.CreatedName, Provisioned: e.Provisioned,
		Views: e.Views, UsedAt: e.LastUsedAt, Site: e.LastReferrer, RevokedAt: e.RevokedAt, Queries: e.Filter["q"],
	}
	if p, ok := panelBySlug(e.Panel); ok {
		row.Shows = i18n.T(ctx, p.title)
		row.Words = filterWords(ctx, p.of, e.Filter)
	}
	if !e.Expires.IsZero() {
		row.Expires = dayText(i18n.From(ctx), e.Expires)
	}
	return row
}

// endEmbedPage asks once before an address stops, for good or for another one.
func (s *Server) endEmbedPage(act string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		e, ok := s.ownEmbed(w, r)
		if !ok {
			return
		}
		title := i18n.T(r.Context(), "embeds."+act+".title", "name", e.Name)
		s.render(w, r, http.StatusOK, views.EndEmbedPage(s.page(r, title, "settings"), embedRow(r.Context(), &e), act))
	}
}

func (s *Server) revokeEmbed(w http.ResponseWriter, r *http.Request) {
	e, ok := s.ownEmbed(w, r)
	if !ok {
		return
	}
	if err := s.db.RevokeEmbed(r.Context(), e.ID); err != nil {
		s.fail(w, r, err)
		return
	}
	s.flash(r, "embeds.revoked", "name", e.Name)
	s.redirect(w, r, embedsPath)
}

func (s *Server) replaceEmbed(w http.ResponseWriter, r *http.Request) {
	e, ok := s.ownEmbed(w, r)
	if !ok {
		return
	}
	id, token, err := s.db.ReplaceEmbed(r.Context(), e.ID)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.reveal(w, r, addressPath(id), e.Name, token)
}
