package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"syscall"
	"time"

	"throughline/internal/config"
	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/secret"
	"throughline/internal/simulator"
	"throughline/internal/source"
)

const (
	demoSeed   = 2026
	demoHost   = "127.0.0.1"
	demoPort   = 8080
	demoPorts  = 10               // tried, from demoPort on
	demoMemory = int64(34 << 20)  // of Go's heap; the collector works harder beyond it
	demoRange  = "80w"            // all of the company's 18 months
	demoEvery  = 30 * time.Minute // between syncs

	demoRunDays  = 185       // of runs of CI: two of the usual periods
	demoRequests = 1_000_000 // to GitHub in an hour: its limit is not what is shown
)

// demo serves a throw-away data directory that is filled by a real sync from
// the built-in simulator.
func demo(ctx context.Context, p program) (err error) {
	cfg, err := readConfig(p.environ)
	if err != nil {
		return configError(err)
	}
	// A closed terminal must not leave the directory behind.
	ctx, stopListening := signal.NotifyContext(ctx, syscall.SIGHUP)
	defer stopListening()
	dir, err := os.MkdirTemp("", "throughline-demo-")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	defer limitMemory(demoMemory)()

	at, stop, err := startCompany(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	log, reports, err := openLog(p.stderr, cfg, p.environ, inDemo)
	if err != nil {
		return err
	}
	defer func() { closeReports(reports, err) }()
	a, err := openApp(ctx, demoConfig(cfg, dir), &control.Provision{}, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if err := a.furnish(ctx, at, cfg.LangDefault); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	listener, err := listenDemo(ctx, p.environ, cfg.Addr)
	if err != nil {
		return err
	}
	say(p.stdout, "Throughline demo: %s\nMade-up data, kept until the program ends; Ctrl+C ends it.\n", siteURL(listener.Addr()))
	return a.serve(ctx, listener, true)
}

// demoConfig is cfg without anything that would outlive the demo or that it
// would have to be told.
func demoConfig(cfg config.Config, dir string) config.Config {
	cfg.DataDir, cfg.Store, cfg.Provision, cfg.SecretKey = dir, sqliteStore, "", nil
	// A user there must be; nobody learns the password.
	cfg.AdminEmail, cfg.AdminPassword = "demo@example.com", secret.NewToken()
	cfg.AllowedNetworks = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	return cfg
}

// companyAt is where the company's systems answer, and what its CI sent by itself.
type companyAt struct {
	tracker, github, sentry string

	forge  *simulator.GitHub // what github answers for
	errors *simulator.Sentry // what sentry answers for
	pushes []simulator.Push
	points []simulator.Push
}

// startCompany serves the simulator's APIs on this machine. The company lives on
// while it is asked.
func startCompany(ctx context.Context) (at companyAt, stop func() error, err error) {
	company := simulator.New(demoSeed, time.Now(), simulator.Options{})
	at.pushes = company.Pushes(demoPushes)
	if at.points, err = company.Points(demoPointDays); err != nil {
		return at, nil, fmt.Errorf("demo: %w", err)
	}
	var stops []func() error
	stop = func() error {
		var err error
		for _, s := range stops {
			err = errors.Join(err, s())
		}
		return err
	}
	for _, s := range []struct {
		url  *string
		make func(url string) http.Handler
	}{
		{&at.tracker, func(string) http.Handler { return company.Tracker() }},
		{&at.github, func(url string) http.Handler {
			at.forge = company.GitHub(simulator.GitHubOptions{URL: url, Limit: demoRequests, Days: demoRunDays})
			return at.forge.Handler()
		}},
		{&at.sentry, func(url string) http.Handler {
			at.errors = company.Sentry(simulator.SentryOptions{URL: url, GitHub: at.forge})
			return at.errors.Handler()
		}},
	} {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(demoHost, "0"))
		if err != nil {
			return at, nil, errors.Join(fmt.Errorf("demo: %w", err), stop())
		}
		*s.url = "http://" + l.Addr().String()
		stops = append(stops, serveCompany(l, company, s.make(*s.url)))
	}
	return at, stop, nil
}

// serveCompany serves one of the company's APIs until it is stopped.
func serveCompany(l net.Listener, company *simulator.Company, api http.Handler) (stop func() error) {
	server := &http.Server{
		ReadHeaderTimeout: 10 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			company.Advance(time.Now())
			api.ServeHTTP(w, r)
		}),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	return func() error {
		err := server.Close()
		if serr := <-served; !errors.Is(serr, http.ErrServerClosed) {
			err = errors.Join(err, serr)
		}
		return err
	}
}

// furnish does what a team lead who reads lang would do at set-up.
func (a *app) furnish(ctx context.Context, at companyAt, lang string) error {
	calendar := control.Calendar{
		Name: control.DefaultCalendarName, Zone: "Europe/Moscow", Holidays: "RU", Hours: []string{"10:00-19:00"},
		Workdays: []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday},
	}
	if err := a.db.SaveCalendar(ctx, calendar); err != nil {
		return err
	}
	if err := errors.Join(a.furnishDefinitions(ctx, lang), a.furnishServices(ctx)); err != nil {
		return err
	}
	for _, c := range demoConnections(at, lang) {
		// A kind that this build does not have is left out.
		if !slices.ContainsFunc(kindsFor(a.cfg), func(k source.Kind) bool { return k.Name == c.Kind }) {
			continue
		}
		if _, err := a.db.SaveConnection(ctx, c, map[string]string{"token": "demo"}); err != nil {
			return err
		}
	}
	if err := errors.Join(a.receiveIncidents(ctx, at.forge), a.receiveErrors(ctx, at)); err != nil {
		return err
	}
	if err := a.furnishSeries(ctx, at, lang); err != nil {
		return err
	}
	return a.receivePushes(ctx, at.pushes)
}

// demoConnections are the company's systems as a team lead would connect them.
func demoConnections(at companyAt, lang string) []control.Connection {
	text := func(s string) json.RawMessage { return json.RawMessage(strconv.Quote(s)) }
	return []control.Connection{
		{
			Name: "demo", Kind: "tracker", Every: demoEvery,
			Settings: source.Settings{
				"base_url": text(at.tracker), "org_id": text("1"), "initial_range": text(demoRange), "language": text(lang),
			},
		},
		{
			Name: "github", Kind: "github", Every: demoEvery,
			Settings: source.Settings{
				"base_url": text(at.github), "organizations": json.RawMessage(`["` + simulator.Organization + `"]`),
				"e2e_jobs": json.RawMessage(`["e2e*"]`), "initial_range": text(fmt.Sprintf("%dd", demoRunDays)),
			},
		},
	}
}

// demoChange is how many days before today the company began to count what
// waits for a release as work: it is drawn on the charts.
const demoChange = 70

// furnishDefinitions makes teams, and a workflow that has changed.
func (a *app) furnishDefinitions(ctx context.Context, lang string) error {
	_, err := a.db.ChangeWorkflow(ctx, func([]control.WorkflowVersion) ([]control.WorkflowVersion, error) {
		before, after := demoWorkflow(), demoWorkflow()
		moved := slices.Index(before.Active, "readyForRelease")
		before.Active = slices.Delete(before.Active, moved, moved+1)
		before.Waiting = append(before.Waiting, "readyForRelease")
		day := delivery.DateOf(time.Now()).AddDays(-demoChange)
		return []control.WorkflowVersion{{Workflow: before}, {From: day, Workflow: after}}, nil
	})
	if err != nil {
		return err
	}
	teams := []struct{ name, ru, queue, repository string }{
		{"Mobile app", "Мобильное приложение", "APP", "mobile-app"},
		{"Operations", "Эксплуатация", "OPS", "operations"},
		{"Payments", "Платежи", "PAY", "payments"},
		{"Web", "Сайт", "WEB", "web-shop"},
	}
	for _, t := range teams {
		if lang == "ru" {
			t.name = t.ru
		}
		team := control.Team{Members: []int64{1}, Team: delivery.Team{
			Name: t.name, Queues: delivery.Patterns{t.queue}, JiraProjects: delivery.Patterns{t.queue},
			Repositories: delivery.Patterns{simulator.Organization + "/" + t.repository}, SentryProjects: delivery.Patterns{t.repository},
		}}
		if t.queue == "WEB" {
			team.CIProjects = delivery.Patterns{simulator.PushedProject}
		}
		if _, err := a.db.SaveTeam(ctx, team); err != nil {
			return err
		}
	}
	return nil
}

// demoWorkflow sorts the company's statuses as a team lead would.
func demoWorkflow() delivery.Workflow {
	return delivery.Workflow{
		StatusLists: delivery.StatusLists{
			Waiting: []string{"open", "backlog", "selectedForDev", "needInfo", "onHold", "triage"},
			Active:  []string{"inProgress", "inReview", "readyForTest", "testing", "readyForRelease", "mitigation", "watching"},
			Closed:  []string{"closed", "resolved", "cancelled", "done"},
		},
		ExcludedResolutions: []string{"duplicate", "wontFix"},
	}
}

// listenDemo listens on ADDR when that is set, else on the first free port from
// demoPort on.
func listenDemo(ctx context.Context, environ []string, addr string) (net.Listener, error) {
	if given, _ := lookupEnv(environ, config.Prefix+"ADDR"); given != "" {
		return listen(ctx, addr)
	}
	var l net.Listener
	var err error
	for port := demoPort; port < demoPort+demoPorts; port++ {
		l, err = listen(ctx, net.JoinHostPort(demoHost, strconv.Itoa(port)))
		if !errors.Is(err, syscall.EADDRINUSE) {
			break
		}
	}
	return l, err
}
