// Package tracker pulls issues and their histories from Yandex Tracker.
//
// It asks for the changelog of an issue at most once, and not at all when the
// search page already shows that nothing it keeps has changed.
package tracker

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"throughline/internal/source"
)

const publicAPI = "https://api.tracker.yandex.net"

var (
	fieldBaseURL      = source.Field{Name: "base_url", Type: source.URL, Default: publicAPI, Advanced: true}
	fieldOrg          = source.Field{Name: "org_id", Type: source.Text}
	fieldCloudOrg     = source.Field{Name: "cloud_org_id", Type: source.Text}
	fieldQueues       = source.Field{Name: "queues", Type: source.List}
	fieldQuery        = source.Field{Name: "query", Type: source.Text, Advanced: true}
	fieldLanguage     = source.Field{Name: "language", Type: source.Choice, Default: "en", Options: []string{"en", "ru"}}
	fieldInitialRange = source.Field{Name: "initial_range", Type: source.Duration, Default: "365d"}
	fieldChangelog    = source.Field{Name: "changelog", Type: source.Bool, Default: "true"}
	fieldCustom       = source.Field{Name: "custom_fields", Type: source.List, Advanced: true}

	secretToken = source.Field{Name: "token", Type: source.Text}
	secretIAM   = source.Field{Name: "iam_token", Type: source.Text}
)

// Kind describes connections to Yandex Tracker.
func Kind() source.Kind {
	return source.Kind{
		Name:  "tracker",
		Title: "Yandex Tracker",
		Fields: []source.Field{
			fieldOrg, fieldCloudOrg, fieldQueues, fieldInitialRange, fieldChangelog,
			fieldLanguage, fieldIncidents, fieldQuery, fieldCustom, fieldBaseURL,
			fieldDropInDatabase, fieldDropInIssues, fieldDropInMetrics, fieldDropInChangelog, fieldDropInCurrent,
		},
		Secrets: []source.Field{secretToken, secretIAM},
		New:     open,
	}
}

// settings are a connection's settings, read and checked.
type settings struct {
	root         *url.URL // of the API, ends in /v2 or /v3
	site         string   // where people read issues; KEY is appended
	header       http.Header
	organization string
	secret       string
	scope        scope
	wanted       []string // queues asked for by name
	initial      time.Duration
	changelog    bool
	custom       []string
	dropIn       DropIn
	incidents    incidentRule
}

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
		known:      cfg.Known,
		now:        now,
		mapped:     mapped,
		client:     newClient(client, set, now),
	}, nil
}

// refusal says that a setting cannot be used; id names the text in the message
// catalogue, below "setting.tracker.".
type refusal func(f source.Field, id, message string, args ...string)

// settingErrors collects refusals.
type settingErrors []error

func (e *settingErrors) refuse(f source.Field, id, message string, args ...string) {
	*e = append(*e, &source.SettingError{Field: f.Name, Message: message, Phrase: source.Phrase{ID: "setting.tracker." + id, Args: args}})
}

func (e *settingErrors) join() error { return errors.Join(*e...) }

// read reports all that is wrong joined, each as a *source.SettingError.
func read(cfg source.Config) (settings, error) {
	kind := Kind()
	errs := settingErrors{kind.Validate(cfg.Settings)}
	refuse := errs.refuse

	var set settings
	s := cfg.Settings // Validate has said what cannot be read
	base, _ := s.ParsedURL(fieldBaseURL)
	queues, _ := s.List(fieldQueues)
	own, _ := s.Text(fieldQuery)
	set.initial, _ = s.Range(fieldInitialRange)
	set.changelog, _ = s.Bool(fieldChangelog)
	set.custom, _ = s.List(fieldCustom)
	language, _ := s.Text(fieldLanguage)
	org, _ := s.Text(fieldOrg)
	cloud, _ := s.Text(fieldCloudOrg)

	for _, q := range queues {
		if !queueKey.MatchString(q) {
			refuse(fieldQueues, "queue", fmt.Sprintf("not the key of a queue, like DEV or !TEST: %q", q), "value", q)
		}
	}
	set.scope = scopeOf(queues, own)
	if own == "" {
		set.wanted = slices.DeleteFunc(queues, func(q string) bool { return q[0] == '!' })
	}

	token := strings.TrimSpace(cfg.Secrets[secretToken.Name])
	iam := strings.TrimSpace(cfg.Secrets[secretIAM.Name])
	switch {
	case token == "" && iam == "":
		refuse(secretToken, "no_token", "give token or iam_token")
	case token != "" && iam != "":
		refuse(secretIAM, "two_tokens", "give only one of token and iam_token")
	case !headerSafe.MatchString(token + iam):
		refuse(secretToken, "token_characters", "holds characters that no token has")
	}
	switch {
	case org == "" && cloud == "":
		refuse(fieldOrg, "no_organization", "give org_id or cloud_org_id")
	case org != "" && cloud != "":
		refuse(fieldCloudOrg, "two_organizations", "give only one of org_id and cloud_org_id")
	case !headerSafe.MatchString(org + cloud):
		refuse(fieldOrg, "organization_characters", "holds characters that no organisation's id has")
	case iam != "" && cloud == "":
		refuse(secretIAM, "iam_cloud", "an IAM token works with cloud_org_id only")
	}
	set.dropIn = readDropIn(s, refuse)
	set.incidents = readIncidents(s, refuse)
	if err := errs.join(); err != nil {
		return set, err
	}

	set.secret = token + iam
	set.organization = org + cloud
	set.root, set.site = apiRoot(base)
	set.header = http.Header{
		"Accept-Language": {language},
		"Content-Type":    {"application/json"},
		"User-Agent":      {"throughline"},
		"Authorization":   {"OAuth " + token},
	}
	if iam != "" {
		set.header.Set("Authorization", "Bearer "+iam)
	}
	if org != "" {
		set.header.Set("X-Org-ID", org)
	} else {
		set.header.Set("X-Cloud-Org-ID", cloud)
	}
	return set, nil
}

var (
	queueKey   = regexp.MustCompile(`^!?[A-Za-z][A-Za-z0-9_-]*$`)
	headerSafe = regexp.MustCompile(`^[\x21-\x7e]*$`)
)

// apiRoot is the versioned root of the API below base, and where its issues
// are shown to people.
func apiRoot(base *url.URL) (root *url.URL, site string) {
	root = base.JoinPath()
	root.Path = strings.TrimRight(root.Path, "/")
	root.RawPath = ""
	if !strings.HasSuffix(root.Path, "/v2") && !strings.HasSuffix(root.Path, "/v3") {
		root.Path += "/v3"
	}
	if root.Host == "api.tracker.yandex.net" {
		return root, "https://tracker.yandex.ru/"
	}
	return root, root.Scheme + "://" + root.Host + "/"
}
