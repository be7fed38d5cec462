// Package web answers browsers and programs: routes, middleware, handlers and
// panels. It parses, asks the databases and gives what they say to views; there
// is no SQL and no HTML here.
package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/inbox"
	"throughline/internal/source"
	"throughline/static"
	"throughline/views"
)

// Worker is told of what happens in the browser.
type Worker interface {
	// Poke makes it look for due connections now.
	Poke()
	// WorkflowChanged makes it take over the saved workflow.
	WorkflowChanged()
	// Rebuilt is how many issues of how many the rebuild under way has done,
	// zeros while that is not known.
	Rebuilt() (done, total int)
	// Waiting is whether work waits for the fact store to answer.
	Waiting() bool
}

// Config is what a Server needs.
type Config struct {
	BaseURL        *url.URL // nil when not known
	LangDefault    string   // for browsers that ask for no language we speak
	Version        string
	Demo           bool // everybody is signed in as the first user
	DB             *control.DB
	Store          delivery.Store
	Worker         Worker
	Kinds          []source.Kind
	Inbox          *inbox.DB
	Pushes         map[string]source.Push // by kind of the inbox's entries
	Recent         *source.Recent         // told what they came to; may be nil
	Points         source.PointReader     // of custom series
	Client         *http.Client           // for typed-in addresses
	Log            *slog.Logger
	TrustedProxies []netip.Prefix
	Ready          func(ctx context.Context) error // nil: databases that answer are enough
	Observer       Observer                        // nil: nobody measures
	Metrics        Metrics
	Now            func() time.Time
	// Stale is how old an answer may be that took long to compute, while new data
	// comes in; 0 answers from the newest data always.
	Stale time.Duration
}

// Server holds what handlers share.
type Server struct {
	cfg         Config
	db          *control.DB
	store       delivery.Store
	log         *slog.Logger
	now         func() time.Time
	observer    Observer
	base        string // path prefix without a slash at the end
	sessions    *scs.SessionManager
	crossOrigin *http.CrossOriginProtection
	hasUsers    atomic.Bool // once true it stays so
	logins      *throttle
	guesses     *throttle // of API tokens, by address
	reveals     reveals
	receivers   receivers
	largeHooks  chan struct{}
	inflating   chan struct{}
	largePuts   chan struct{}
	series      seriesIndex
	caches      caches
	serials     atomic.Uint64 // of answers that are kept
	uses        embedUses
	// qualityKinds is what the badge of data quality said last, and one more.
	qualityKinds atomic.Int64
}

// gzipLevel costs less than half of the usual one, and what it makes is hardly larger.
const gzipLevel = 2

// New makes a Server; it starts nothing.
func New(cfg Config) *Server {
	s := &Server{cfg: cfg, db: cfg.DB, store: cfg.Store, log: cfg.Log, now: cfg.Now, observer: cfg.Observer, logins: newThrottle(), guesses: newThrottle(), largeHooks: make(chan struct{}, largeHooks), inflating: make(chan struct{}, inflating), largePuts: make(chan struct{}, largePuts)}
	s.caches.drawn.most = drawnBytes
	if s.now == nil {
		s.now = time.Now
	}
	if s.observer == nil {
		s.observer = unobserved{}
	}
	secure := false
	s.crossOrigin = http.NewCrossOriginProtection()
	s.crossOrigin.SetDenyHandler(http.HandlerFunc(s.crossOriginDenied))
	if u := cfg.BaseURL; u != nil {
		s.base = strings.TrimRight(u.Path, "/")
		secure = u.Scheme == "https"
		if err := s.crossOrigin.AddTrustedOrigin(u.Scheme + "://" + u.Host); err != nil {
			s.log.Warn("base URL is no origin; forms of other origins stay refused", "error", err)
		}
	}
	s.sessions = newSessions(cfg.DB, s.base+"/", secure)
	return s
}

// maxBody bounds what a request may send.
const maxBody = 5 << 20

// Handler answers every request of the site.
func (s *Server) Handler() http.Handler {
	root := chi.NewRouter()
	root.Use(clientIP(s.cfg.TrustedProxies))
	root.Use(s.logRequests, s.recoverPanics, s.securityHeaders, s.limitBody, s.needText, middleware.GetHead)
	root.NotFound(s.browser(http.HandlerFunc(s.notFound)).ServeHTTP)
	root.MethodNotAllowed(s.browser(http.HandlerFunc(s.methodNotAllowed)).ServeHTTP)
	root.Get("/healthz", s.healthz)
	root.Get("/readyz", s.readyz)
	s.metricsRoutes(root)
	if s.base == "" {
		s.routes(root)
	} else {
		root.Route(s.base, s.routes)
	}
	return root
}

func (s *Server) routes(r chi.Router) {
	if s.base != "" {
		r.Get("/healthz", s.healthz)
		r.Get("/readyz", s.readyz)
		s.metricsRoutes(r)
	}
	r.Handle("/static/*", http.StripPrefix(s.base, static.Handler()))
	r.Group(func(r chi.Router) {
		r.Use(unstored, s.sessions.LoadAndSave, s.loadUser, s.locale)
		s.apiRoutes(r)
	})
	s.pushRoutes(r)
	s.pointRoutes(r)
	s.hookRoutes(r)
	s.embedRoutes(r)
	r.Group(func(r chi.Router) {
		r.Use(middleware.Compress(gzipLevel, "text/html"), s.browser)
		r.Get("/setup", s.setupPage)
		r.Post("/setup", s.setUp)
		r.Post("/preferences", s.setPreferences)
		r.Get("/invite", s.invitePage)
		r.Post("/invite", s.acceptInvite)
		r.Group(func(r chi.Router) {
			r.Use(s.needUsers)
			r.Get("/login", s.loginPage)
			r.Post("/login", s.logIn)
			r.Post("/logout", s.logOut)
			r.Group(func(r chi.Router) {
				r.Use(s.needViewer)
				s.overviewRoutes(r)
				s.panelRoutes(r)
				s.qualityRoutes(r)
				s.syncRoutes(r)
				s.inboxRoutes(r)
				s.incidentRoutes(r)
			})
			r.With(s.needUser).Route("/account", s.accountRoutes)
			r.With(s.needUser, s.needLead).Route("/settings", s.settingsRoutes)
		})
	})
}

// browser is the middleware of everything a person looks at: the session, who
// they are, their language, and protection against forms of other sites.
func (s *Server) browser(next http.Handler) http.Handler {
	return unstored(s.sessions.LoadAndSave(s.loadUser(s.locale(s.ownForms(next)))))
}

// settingsRoutes are open to leads as far as a group says so.
func (s *Server) settingsRoutes(r chi.Router) {
	r.Get("/", s.settingsIndex)
	r.Group(func(r chi.Router) {
		// These say themselves what a lead may change.
		s.teamRoutes(r)
		s.calendarRoutes(r)
		s.workflowRoutes(r)
		s.serviceRoutes(r)
		s.embedSettingsRoutes(r)
		r.Post("/audit/{id}/undo", s.undo)
	})
	r.Group(func(r chi.Router) {
		r.Use(s.needAdmin)
		s.connectionRoutes(r)
		s.userRoutes(r)
		s.tokenRoutes(r)
		s.auditRoutes(r)
	})
}

// settingsIndex leads to the first page of settings that is open to whoever
// asks.
func (s *Server) settingsIndex(w http.ResponseWriter, r *http.Request) {
	s.redirect(w, r, views.FirstSettings(r.Context()))
}
