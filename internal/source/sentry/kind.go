// Package sentry takes error groups, counts of events, releases and the health of
// sessions from Sentry: it pulls them from the API, and reads the hooks that tell of
// groups and alerts as they happen.
//
// Each pull first reads what changes by the minute in a few calls: projects, groups
// that are new, the month's events and the limits of keys. What takes more calls has
// a cadence of its own. Servers lack endpoints, and tokens permissions: each piece
// degrades alone.
package sentry

import (
	"net/http"
	"time"

	"throughline/internal/source"
)

const (
	publicAPI    = "https://sentry.io/api/0"
	defaultEvery = 5 * time.Minute
)

var (
	fieldOrganization = source.Field{Name: "organization", Type: source.Text}
	fieldProjects     = source.Field{Name: "projects", Type: source.List}
	fieldEnvironments = source.Field{Name: "environments", Type: source.List}
	fieldIncidents    = source.Field{Name: "incidents", Type: source.List}
	fieldIssues       = source.Field{Name: "issue_metrics", Type: source.Bool, Default: "true", Advanced: true}
	fieldEvents       = source.Field{Name: "event_metrics", Type: source.Bool, Default: "true", Advanced: true}
	fieldRateLimits   = source.Field{Name: "rate_limit_metrics", Type: source.Bool, Default: "false", Advanced: true}
	fieldAges         = source.Field{Name: "ages", Type: source.List, Default: "1h,24h,14d", Advanced: true}
	fieldUnsigned     = source.Field{Name: "allow_unsigned", Type: source.Bool, Default: "false", Advanced: true}
	fieldBaseURL      = source.Field{Name: "base_url", Type: source.URL, Default: publicAPI, Advanced: true}

	secretToken   = source.Field{Name: "token", Type: source.Text}
	secretWebhook = source.Field{Name: source.WebhookSecret, Type: source.Text, Given: true}
)

// Kind describes connections to Sentry. What New makes is a source.Receiver too.
func Kind() source.Kind {
	return source.Kind{
		Name:  "sentry",
		Title: "Sentry",
		Every: defaultEvery,
		Fields: []source.Field{
			fieldOrganization, fieldProjects, fieldEnvironments, fieldIncidents, fieldIssues, fieldEvents,
			fieldRateLimits, fieldAges, fieldUnsigned, fieldBaseURL,
		},
		Secrets: []source.Field{secretToken, secretWebhook},
		New:     open,
	}
}

// Source is a connection to Sentry. Its methods may be called one at a time, those
// of source.Receiver at any time.
type Source struct {
	settings

	connection string
	now        func() time.Time
	mapped     func(took time.Duration)
	known      source.Known // nil when nothing is stored
	client     *client
}

var (
	_ source.Source   = (*Source)(nil)
	_ source.Receiver = (*Source)(nil)
)

// open is Kind.New.
func open(cfg source.Config, client *http.Client) (source.Source, error) {
	set, err := read(cfg)
	if err != nil {
		return nil, err
	}
	now := cfg.Now
	if now == nil {
		now = time.Now
	}
	mapped := cfg.Mapped
	if mapped == nil {
		mapped = func(time.Duration) {}
	}
	return &Source{
		settings: set, connection: cfg.Connection, now: now, mapped: mapped, known: cfg.Known,
		client: newClient(client, &set, now),
	}, nil
}
