package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"throughline/internal/config"
	"throughline/internal/source/series"
	"throughline/web"
)

// staleAnswers is how old a chart of a large installation may be during a sync.
const staleAnswers = 20 * time.Second

// shutdownTimeout is how long requests may take to end at a stop.
const shutdownTimeout = 10 * time.Second

// serve runs the web server and the worker until ctx ends.
func serve(ctx context.Context, p program) (err error) {
	cfg, provision, err := loadConfig(p.environ)
	if err != nil {
		return err
	}
	defer limitMemory(serveMemory)()
	defer spreadThreads()()
	log, reports, err := openLog(p.stderr, cfg, p.environ, inEarnest)
	if err != nil {
		return err
	}
	defer func() { closeReports(reports, err) }()
	signals, stop := hangups()
	defer stop()
	logStart(ctx, log, cfg)
	a, err := openApp(ctx, cfg, provision, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if a.down != nil {
		log.WarnContext(ctx, "the fact store does not answer: starting without it, syncs and charts wait until it does", "store", storeName(cfg), "error", a.down)
	}
	listener, err := listen(ctx, cfg.Addr)
	if err != nil {
		return err
	}
	if err := a.offerSetup(ctx, listener.Addr()); err != nil {
		return errors.Join(err, listener.Close())
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		a.reloads(ctx, signals, p.environ)
	}()
	defer func() { cancel(); <-done }()
	return a.serve(ctx, listener, false)
}

func logStart(ctx context.Context, log *slog.Logger, cfg config.Config) {
	base := ""
	if cfg.BaseURL != nil {
		base = cfg.BaseURL.String()
	}
	log.InfoContext(ctx, "starting", "version", version, "commit", commit(), "go", runtime.Version(),
		"addr", cfg.Addr, "data_dir", cfg.DataDir, "base_url", base, "store", storeName(cfg), "provision", cfg.Provision,
		"own_secret_key", cfg.SecretKey != nil, "admin_email", cfg.AdminEmail,
		"trusted_proxies", cfg.TrustedProxies, "allowed_networks", cfg.AllowedNetworks,
		"log_level", cfg.LogLevel, "log_format", cfg.LogFormat, "lang_default", cfg.LangDefault,
		"statsd_addr", cfg.StatsdAddr, "statsd_prefix", cfg.StatsdPrefix, "statsd_tags", cfg.StatsdTags,
		"reports_errors", cfg.SentryDSN != "", "metrics_password", cfg.MetricsPassword != "")
	if cfg.BaseURL == nil && !isLoopback(cfg.Addr) {
		log.WarnContext(ctx, "links that are given out follow the Host header of requests: set "+config.Prefix+"BASE_URL to the address that people see")
	}
}

// isLoopback reports whether only this machine reaches an address to listen on.
func isLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}

// listen opens the address to serve on.
func listen(ctx context.Context, addr string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("another program listens on %s; stop it or set THROUGHLINE_ADDR to another address: %w", addr, err)
	}
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return l, nil
}

// serve answers requests and works until ctx ends, then lets both finish what
// they are at. It closes the listener.
func (a *app) serve(ctx context.Context, listener net.Listener, demo bool) error {
	g, ctx := errgroup.WithContext(ctx)
	site := web.New(web.Config{
		BaseURL: a.cfg.BaseURL, LangDefault: a.cfg.LangDefault, Version: version, Demo: demo,
		DB: a.db, Store: a.store, Worker: a.worker, Kinds: kindsFor(a.cfg), Client: a.client,
		Inbox: a.inbox, Pushes: pushes(), Recent: a.worker.Recent, Points: series.Reader(),
		Log: a.log, TrustedProxies: a.cfg.TrustedProxies, Now: time.Now, Stale: staleAnswers,
		Ready:    func(context.Context) error { return errors.Join(ctx.Err(), a.counted()) },
		Observer: a.metrics,
		Metrics:  web.Metrics{Handler: a.metrics.Handler(), User: a.cfg.MetricsUser, Password: a.cfg.MetricsPassword},
	})
	server := newServer(site.Handler(), a.log)
	a.countSoon(ctx)
	g.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve: %w", err)
		}
		return nil
	})
	g.Go(func() error { a.worker.Run(ctx); return nil })
	g.Go(func() error { a.exporter.Run(ctx); return nil })
	g.Go(func() error { a.errors.Run(ctx); return nil })
	g.Go(func() error { giveMemoryBack(ctx); return nil })
	g.Go(func() error {
		<-ctx.Done()
		a.log.InfoContext(ctx, "stopping")
		return shutdown(context.WithoutCancel(ctx), server)
	})
	a.log.InfoContext(ctx, "listening", "addr", listener.Addr().String())
	err := g.Wait()
	if err = errors.Join(err, site.Close(context.WithoutCancel(ctx))); err != nil {
		return err
	}
	a.log.InfoContext(ctx, "stopped")
	return nil
}

// newServer bounds what clients may take of it. Its requests outlive the context
// of serve, whose end stops the server gently, not them.
func newServer(handler http.Handler, faults *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		WriteTimeout:      2 * time.Minute, // a list of every issue; panels bound themselves
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(faults.Handler(), slog.LevelWarn),
	}
}

// shutdown waits for requests to end, and cuts those off that do not.
func shutdown(ctx context.Context, server *http.Server) error {
	ctx, cancel := context.WithTimeout(ctx, shutdownTimeout)
	defer cancel()
	err := server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close()
	}
	if err != nil {
		return fmt.Errorf("stop the server: %w", err)
	}
	return nil
}

// offerSetup logs the link by which the first admin is made, as long as there
// are no users.
func (a *app) offerSetup(ctx context.Context, addr net.Addr) error {
	has, err := a.db.HasUsers(ctx)
	if err != nil || has {
		return err
	}
	token, err := a.db.NewSetupToken(ctx)
	if err != nil {
		return err
	}
	base := siteURL(addr)
	if a.cfg.BaseURL != nil {
		base = strings.TrimRight(a.cfg.BaseURL.String(), "/")
	}
	a.log.InfoContext(ctx, "set-up: open this link once to make the first admin", "url", base+"/setup?token="+token)
	return nil
}

// siteURL is where a browser on this machine finds the server.
func siteURL(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || tcp.IP.IsUnspecified() {
		_, port, _ := net.SplitHostPort(addr.String())
		return "http://" + net.JoinHostPort("localhost", port)
	}
	return "http://" + addr.String()
}
