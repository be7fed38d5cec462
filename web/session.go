package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"

	"throughline/internal/control"
	"throughline/internal/i18n"
	"throughline/views"
)

const (
	sessionUser     = "user"
	sessionSignOuts = "sign_outs" // of the user, when the session began
	sessionFlash    = "flash"

	sessionLifetime = 30 * 24 * time.Hour

	langCookie  = "throughline_lang"
	themeCookie = "throughline_theme"
)

// newSessions is written out, since scs.New starts a store of its own that
// never ends.
func newSessions(db *control.DB, path string, secure bool) *scs.SessionManager {
	return &scs.SessionManager{
		Lifetime:         sessionLifetime,
		Store:            db.SessionStore(),
		Codec:            scs.GobCodec{},
		HashTokenInStore: true,
		ErrorFunc: func(w http.ResponseWriter, _ *http.Request, _ error) {
			http.Error(w, "The control database does not answer.", http.StatusServiceUnavailable)
		},
		Cookie: scs.SessionCookie{
			Name:     "throughline",
			Path:     path,
			HttpOnly: true,
			Secure:   secure,
			SameSite: http.SameSiteLaxMode,
			Persist:  true,
		},
	}
}

type userKey struct{}

// userFrom is who is signed in, if anybody.
func userFrom(ctx context.Context) (control.User, bool) {
	u, ok := ctx.Value(userKey{}).(control.User)
	return u, ok
}

// demoUser is who everybody is in the demo: its data directory is new, and its
// admin the first user in it.
const demoUser = 1

// loadUser puts the session's user into the context, or that whoever asks may
// look without being one. Roles are read at each request, so that a change of
// them holds at once.
func (s *Server) loadUser(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		u, ok, err := s.sessionUser(ctx)
		switch {
		case err != nil:
		case ok:
			ctx = control.WithActor(context.WithValue(ctx, userKey{}, u), u.ID)
			if err := s.db.Seen(ctx, u, s.now()); err != nil {
				s.log.WarnContext(ctx, "cannot note that a user was here", "error", err)
			}
		default:
			var guest bool
			guest, err = s.db.Option(ctx, control.AnonymousViewing)
			ctx = context.WithValue(ctx, guestKey{}, guest)
		}
		if err != nil {
			s.fail(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// sessionUser is who the session belongs to, unless it was ended since by a
// sign-out everywhere.
func (s *Server) sessionUser(ctx context.Context) (u control.User, ok bool, err error) {
	id := s.sessions.GetInt64(ctx, sessionUser)
	if s.cfg.Demo {
		id = demoUser
	}
	if id == 0 {
		return control.User{}, false, nil
	}
	u, err = s.db.User(ctx, id)
	if errors.Is(err, control.ErrNotFound) {
		return control.User{}, false, nil
	}
	ended := u.SignOuts != s.sessions.GetInt64(ctx, sessionSignOuts)
	return u, err == nil && (!ended || s.cfg.Demo), err
}

type guestKey struct{}

// isGuest reports whether somebody who is not signed in may look.
func isGuest(ctx context.Context) bool {
	guest, _ := ctx.Value(guestKey{}).(bool)
	return guest
}

// hasRole reports whether whoever is signed in has one of these roles.
func hasRole(ctx context.Context, roles ...control.Role) bool {
	u, ok := userFrom(ctx)
	return ok && slices.Contains(roles, u.Role)
}

// signIn gives the session a new token, so that one known to somebody else
// before is worth nothing after.
func (s *Server) signIn(ctx context.Context, u control.User) error {
	if err := s.sessions.RenewToken(ctx); err != nil {
		return err
	}
	s.sessions.Put(ctx, sessionUser, u.ID)
	s.sessions.Put(ctx, sessionSignOuts, u.SignOuts)
	s.logins.welcome(ctx, u.Email, s.now())
	return nil
}

// flash is said once, on the next page.
func (s *Server) flash(r *http.Request, id string, args ...any) {
	s.sessions.Put(r.Context(), sessionFlash, i18n.T(r.Context(), id, args...))
}

func loginPath(r *http.Request, base string) string {
	if r.Method != http.MethodGet {
		return "/login"
	}
	here := strings.TrimPrefix(r.URL.RequestURI(), base)
	if here == "" || here == "/" {
		return "/login"
	}
	return "/login?next=" + url.QueryEscape(here)
}

// safeNext is where to go on, as a path of this site; "/" for anything that a
// browser could take for another site.
func safeNext(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.Opaque != "" {
		return "/"
	}
	bad := func(r rune) bool { return r < ' ' || r == '\\' || r == 0x7f }
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsFunc(next, bad) {
		return "/"
	}
	return next
}

// setPreferences saves language and theme: with the user, else in cookies.
func (s *Server) setPreferences(w http.ResponseWriter, r *http.Request) {
	if !s.parseForm(w, r) {
		return
	}
	lang, theme := r.PostFormValue("lang"), r.PostFormValue("theme")
	if !slices.Contains(append(i18n.Langs(), ""), lang) || !slices.Contains([]string{"", "auto", "light", "dark"}, theme) {
		s.errorPage(w, r, http.StatusBadRequest)
		return
	}
	if u, ok := userFrom(r.Context()); ok {
		if lang != "" {
			u.Lang = lang
		}
		if theme != "" {
			u.Theme = theme
		}
		if err := s.db.SetPreferences(r.Context(), u.ID, u.Lang, u.Theme); err != nil {
			s.fail(w, r, err)
			return
		}
	} else {
		s.setChoice(w, langCookie, lang)
		s.setChoice(w, themeCookie, theme)
	}
	s.redirect(w, r, safeNext(r.PostFormValue("back")))
}

func (s *Server) setChoice(w http.ResponseWriter, name, value string) {
	if value == "" {
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: s.base + "/", MaxAge: int(sessionLifetime.Seconds()),
		HttpOnly: true, Secure: s.sessions.Cookie.Secure, SameSite: http.SameSiteLaxMode,
	})
}

func cookieChoice(r *http.Request, name string, allowed []string) string {
	c, err := r.Cookie(name)
	if err != nil || !slices.Contains(allowed, c.Value) {
		return ""
	}
	return c.Value
}

func (s *Server) theme(r *http.Request) string {
	theme := cookieChoice(r, themeCookie, []string{"light", "dark"})
	if u, ok := userFrom(r.Context()); ok && u.Theme != "" {
		theme = u.Theme
	}
	if theme == "" {
		return "auto"
	}
	return theme
}

// page is the frame of a page for whoever asks.
func (s *Server) page(r *http.Request, title, nav string) views.Page {
	p := views.Page{
		Title: title, Nav: nav, Lang: i18n.From(r.Context()).Lang(), Theme: s.theme(r), Demo: s.cfg.Demo,
		Path:  strings.TrimPrefix(r.URL.RequestURI(), s.base),
		Flash: s.sessions.PopString(r.Context(), sessionFlash), Quality: s.lastQuality(),
	}
	p.Undo, _ = s.sessions.Pop(r.Context(), sessionUndo).(int64)
	p.Also, _ = s.sessions.Pop(r.Context(), sessionUndoAlso).([]int64)
	if r.Method != http.MethodGet {
		p.Path = safeNext(strings.TrimPrefix(r.URL.Path, s.base))
	}
	p.User, p.Guest = who(r.Context())
	return p
}

// who is whoever looks at a page.
func who(ctx context.Context) (u *views.User, guest bool) {
	if u, ok := userFrom(ctx); ok {
		return &views.User{Email: u.Email, Admin: u.Role == control.Admin, Lead: u.Role == control.Lead}, false
	}
	return nil, isGuest(ctx)
}
