// Package github takes runs of GitHub Actions, deployments, and the pull requests and
// commits that were deployed: it pulls them from the API, and reads the hooks that
// tell of them as they happen.
//
// A pull lists runs by when they were created and asks for the jobs of those only
// that are new or have changed. Pull requests with all that is in them, and the
// statuses of deployments, are asked for by GraphQL, many at once; where that is
// lacking, REST does it all.
package github

import (
	"net/http"
	"time"

	"throughline/internal/source"
)

const publicAPI = "https://api.github.com"

var (
	fieldRepositories  = source.Field{Name: "repositories", Type: source.List}
	fieldOrganizations = source.Field{Name: "organizations", Type: source.List}
	fieldExclude       = source.Field{Name: "exclude", Type: source.List}
	fieldE2E           = source.Field{Name: "e2e_jobs", Type: source.List}
	fieldRules         = source.Field{Name: "deployment_rules", Type: source.List}
	fieldBranches      = source.Field{Name: "default_branches", Type: source.List, Advanced: true}
	fieldInitialRange  = source.Field{Name: "initial_range", Type: source.Duration, Default: "365d"}
	fieldApp           = source.Field{Name: "app_id", Type: source.Text, Advanced: true}
	fieldInstallation  = source.Field{Name: "installation_id", Type: source.Text, Advanced: true}
	fieldUnsigned      = source.Field{Name: "allow_unsigned", Type: source.Bool, Default: "false", Advanced: true}
	fieldBaseURL       = source.Field{Name: "base_url", Type: source.URL, Default: publicAPI, Advanced: true}

	secretToken   = source.Field{Name: "token", Type: source.Text}
	secretKey     = source.Field{Name: "private_key", Type: source.Text}
	secretWebhook = source.Field{Name: "webhook_secret", Type: source.Text}
)

// Kind describes connections to GitHub. What New makes is a source.Receiver too.
func Kind() source.Kind {
	return source.Kind{
		Name:  "github",
		Title: "GitHub",
		Fields: []source.Field{
			fieldRepositories, fieldOrganizations, fieldExclude, fieldE2E, fieldRules, fieldInitialRange,
			fieldBranches, fieldApp, fieldInstallation, fieldUnsigned, fieldBaseURL,
		},
		Secrets: []source.Field{secretToken, secretKey, secretWebhook},
		New:     open,
		Deploys: deploys,
	}
}

// Source is a connection to GitHub. Its methods may be called one at a time, those
// of source.Receiver at any time.
type Source struct {
	settings

	connection string
	now        func() time.Time
	mapped     func(took time.Duration) // a run, without its jobs
	known      source.Known             // nil when nothing is stored
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
		settings:   set,
		connection: cfg.Connection,
		now:        now,
		mapped:     mapped,
		known:      cfg.Known,
		client:     newClient(client, &set, now),
	}, nil
}
