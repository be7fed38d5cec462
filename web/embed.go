package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/internal/picture"
	"throughline/views"
)

// embedPath is below which embeds stand.
const embedPath = "/embed/"

// embedRoutes are open to whoever knows an address. They neither read a session nor
// set a cookie, and look at no query.
func (s *Server) embedRoutes(r chi.Router) {
	r.Get(embedPath+"{token}", s.embed)
	r.Get(embedPath+"*", func(w http.ResponseWriter, r *http.Request) { s.unknownEmbed(w, r, embedPage) })
}

// embedForm is what an embed is answered as.
type embedForm string

const (
	embedPage embedForm = ""
	embedSVG  embedForm = "svg"
	embedPNG  embedForm = "png"
)

func (s *Server) embed(w http.ResponseWriter, r *http.Request) {
	token, ext, dotted := strings.Cut(chi.URLParam(r, "token"), ".")
	form := embedForm(ext)
	if dotted && form != embedSVG && form != embedPNG || !control.EmbedToken(token) {
		s.unknownEmbed(w, r, embedPage)
		return
	}
	e, err := s.db.EmbedFor(r.Context(), token)
	switch {
	case errors.Is(err, control.ErrNotFound):
		s.unknownEmbed(w, r, form)
	case err != nil:
		s.failEmbed(w, r, s.embedded(r, control.Embed{}), form, err)
	case !e.RevokedAt.IsZero() || e.Over(s.today(r.Context())):
		// Its sites may frame the words too.
		s.sayEmbed(w, r, s.embedded(r, e), form, http.StatusGone, "gone")
	default:
		v := s.embedded(r, e)
		v.address = s.base + embedPath + token
		s.answerEmbed(w, r, v, form)
	}
}

// unknownEmbed refuses an address that nobody gave out, and soon whoever goes on
// guessing. One that is right is answered all the same, as with tokens.
func (s *Server) unknownEmbed(w http.ResponseWriter, r *http.Request, form embedForm) {
	v := s.embedded(r, control.Embed{})
	if wait, ok := s.guesses.takeAddress(r, s.now()); !ok {
		retryAfter(w, wait)
		s.sayEmbed(w, r, v, form, http.StatusTooManyRequests, "slow")
		return
	}
	s.sayEmbed(w, r, v, form, http.StatusNotFound, "unknown")
}

// embedded is an embed for one who asks.
type embedded struct {
	control.Embed
	lang    string // its own, else the reader's
	own     bool   // lang is the reader's
	address string // path of its page, "" for one that is not stored
}

func (s *Server) embedded(r *http.Request, e control.Embed) embedded {
	v := embedded{Embed: e, lang: e.Lang}
	if !slices.Contains(i18n.Langs(), v.lang) {
		v.own = true
		if v.lang = i18n.Match(r.Header.Get("Accept-Language")); v.lang == "" {
			v.lang = s.apiLang("")
		}
	}
	if v.Height == 0 {
		v.Height = control.UsualEmbedHeight(e.Panel)
	}
	return v
}

// context is what its page is written with: its language, no user, no role.
func (v *embedded) context(ctx context.Context, s *Server) context.Context {
	ctx = views.WithBase(i18n.With(ctx, i18n.For(v.lang)), s.base)
	return views.WithClock(ctx, views.Clock{Now: s.now(), Zone: s.zone(ctx)})
}

// Policies of embeds: what a page of ours may do but for forms, and no more than its own
// looks for a picture that is opened by itself.
const (
	embedPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
		"form-action 'none'; base-uri 'none'; frame-ancestors "
	embedPicturePolicy = "default-src 'none'; style-src 'unsafe-inline'; font-src data:; form-action 'none'; base-uri 'none'; frame-ancestors "
)

// headers are those of every answer about an embed.
func (v *embedded) headers(h http.Header, form embedForm) {
	ancestors := "'self'"
	if len(v.Ancestors) > 0 {
		ancestors += " " + strings.Join(v.Ancestors, " ")
	}
	if slices.Contains(v.Ancestors, control.AnySite) {
		ancestors = control.AnySite
	}
	policy := embedPolicy
	if form != embedPage {
		policy = embedPicturePolicy
	}
	h.Set("Content-Security-Policy", policy+ancestors)
	h.Del("X-Frame-Options")
	h.Del("Cross-Origin-Opener-Policy") // a window of ours that a frame opens is no concern of the frame
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Robots-Tag", "noindex")
	h.Add("Vary", "Accept-Encoding")
	if v.own {
		h.Add("Vary", "Accept-Language")
	}
}

// embedFresh lets a browser keep an embed, and show it again after asking only: a chart
// that was revoked is gone at once.
const embedFresh = "private, max-age=0, must-revalidate"

// answerEmbed answers an embed that stands.
func (s *Server) answerEmbed(w http.ResponseWriter, r *http.Request, v embedded, form embedForm) {
	ctx := v.context(r.Context(), s)
	answer, err := s.embedAnswer(ctx, v, form)
	if err != nil {
		s.failEmbed(w, r, v, form, err)
		return
	}
	s.seenEmbed(r, v.ID)
	v.headers(w.Header(), form)
	w.Header().Set("Cache-Control", embedFresh)
	answer.write(w, r)
}

// failEmbed says in the place of a chart why there is none.
func (s *Server) failEmbed(w http.ResponseWriter, r *http.Request, v embedded, form embedForm, err error) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return // the browser went away
	}
	if len(filterDetails(err)) > 0 {
		s.sayEmbed(w, r, v, form, http.StatusNotFound, "wrong")
		return
	}
	status := http.StatusServiceUnavailable
	switch {
	case errors.Is(err, delivery.ErrUnavailable):
		retryAfter(w, awayWait)
	case errors.Is(err, context.DeadlineExceeded):
		status = http.StatusGatewayTimeout
	default:
		status = http.StatusInternalServerError
	}
	s.log.Warn("embed without its chart", "embed", v.Name, "panel", v.Panel, "error", err)
	s.sayEmbed(w, r, v, form, status, "away")
}

// picture is how the picture of an embed looks.
func (v *embedded) picture(form embedForm) pictureOptions {
	o := pictureOptions{ext: string(form), theme: picture.Theme(v.Theme), width: v.Width, height: v.Height, scale: pictureScale, title: v.Titled, alone: true}
	if o.width == 0 {
		o.width = pictureWidth
	}
	if form == embedPNG && o.theme == picture.Auto {
		o.theme = picture.Light
	}
	return o
}

// sayEmbed answers with words, in the form that was asked for: as a picture only to who
// has an address, since drawing is dear.
func (s *Server) sayEmbed(w http.ResponseWriter, r *http.Request, v embedded, form embedForm, status int, what string) {
	r = r.WithContext(v.context(r.Context(), s))
	w.Header().Set("Cache-Control", "no-store")
	if v.ID != 0 && form != embedPage {
		notice, contentType, err := s.drawNotice(r.Context(), i18n.T(r.Context(), "embed.title."+what), i18n.For(v.lang), v.picture(form))
		if err == nil {
			v.headers(w.Header(), form)
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(status)
			_, _ = w.Write(notice) // a browser that went away
			return
		}
		s.log.Warn("embed without a notice", "embed", v.Name, "error", err)
	}
	v.headers(w.Header(), embedPage)
	s.render(w, r, status, views.EmbedMessage(i18n.T(r.Context(), "embed.title."+what), i18n.T(r.Context(), "embed.help."+what), v.lang, v.Theme, v.Height))
}

// embedLoad is the panel of an embed and what it shows.
func (s *Server) embedLoad(ctx context.Context, v embedded) (panel, delivery.PanelData, error) {
	p, ok := panelBySlug(v.Panel)
	if !ok {
		return panel{}, delivery.PanelData{}, &delivery.FilterError{Param: "panel", Message: "no such panel"}
	}
	f, _, err := s.filter(ctx, p.of, v.Filter)
	if err != nil {
		return p, delivery.PanelData{}, err
	}
	d, err := s.loadPanel(ctx, p, f)
	if err == nil && !v.Named {
		d = views.Unnamed(d)
	}
	return p, d, err
}

// embedView is the page of an embed.
func (s *Server) embedView(ctx context.Context, v embedded, p panel, d delivery.PanelData) (views.Embed, error) {
	printer := i18n.From(ctx)
	view := views.Embed{
		Panel: panelView(ctx, p, v.Filter), Data: d, Titled: v.Titled, Scope: scopeWords(ctx, p.of, v.Filter), Named: v.Named, Theme: v.Theme, Lang: v.lang, Width: v.picture(embedSVG).width, Height: v.Height,
		Opens: v.Named && slices.Contains(v.Drill, control.DrillMarks), Alt: views.AltText(d, printer),
	}
	if v.address != "" {
		view.Picture = v.address + ".svg"
	}
	if d.N == 0 {
		return view, nil
	}
	spec, err := s.chartSpec(ctx, p, d, false)
	if err != nil {
		return view, err
	}
	if view.Opens {
		spec.Open = views.URL(ctx, "/issues/")
	}
	if slices.Contains(v.Drill, control.DrillLists) {
		view.Lists = view.Panel.Lists(ctx, d)
		spec.Lists = view.Lists
	}
	view.Chart = views.ChartOf(d, printer, spec)
	return view, nil
}

// embedLifetime is how long an answer is given again while there is no new data: the day
// that its period ends with may be over.
const embedLifetime = 10 * time.Minute

// pointsLifetime is that of series, of which no version tells that there are new points.
const pointsLifetime = 10 * time.Second
