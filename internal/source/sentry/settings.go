package sentry

import (
	"errors"
	"fmt"
	"hash/fnv"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"throughline/internal/source"
)

const (
	maxListed      = 1000 // names in a list of the settings
	maxEnvironment = 200  // bytes
)

// settings are a connection's settings, read and checked.
type settings struct {
	root          *url.URL // of the API
	organization  string
	projects      []string // slugs; none: all
	environments  []string // none: all
	incidents     incidentRule
	token         string // "" when only hooks are received
	webhookSecret string
	allowUnsigned bool
}

// settingErrors collects what cannot be used. id names the text in the message
// catalogue, below "setting.sentry.".
type settingErrors []error

func (e *settingErrors) refuse(f source.Field, id, message string, args ...string) {
	*e = append(*e, &source.SettingError{Field: f.Name, Message: message, Phrase: source.Phrase{ID: "setting.sentry." + id, Args: args}})
}

var (
	slugText  = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_-]{0,99}$`)
	tokenText = regexp.MustCompile(`^[\x21-\x7e]*$`)
	control   = regexp.MustCompile(`[\x00-\x1f\x7f]`)
)

// read reports all that is wrong joined, each as a *source.SettingError.
func read(cfg source.Config) (settings, error) {
	kind := Kind()
	errs := settingErrors{kind.Validate(cfg.Settings)}
	s := cfg.Settings // Validate has said what cannot be read
	var set settings
	set.root, _ = s.ParsedURL(fieldBaseURL)
	set.allowUnsigned, _ = s.Bool(fieldUnsigned)
	set.organization, _ = s.Text(fieldOrganization)
	switch {
	case set.organization == "":
		errs.refuse(fieldOrganization, "no_organization", "give the organisation's slug, as in the address of its pages")
	case !slugText.MatchString(set.organization):
		errs.refuse(fieldOrganization, "organization", fmt.Sprintf("not the slug of an organisation like acme: %q", set.organization), "value", set.organization)
	}
	set.readScope(s, &errs)
	set.incidents = readIncidents(s, &errs)
	ages, _ := s.List(fieldAges)
	for _, age := range ages {
		if !slices.Contains(Ages(), age) {
			errs.refuse(fieldAges, "age", fmt.Sprintf("not one of 1h, 24h and 14d: %q", age), "value", age)
		}
	}
	set.webhookSecret = strings.TrimSpace(cfg.Secrets[secretWebhook.Name])
	set.token = strings.TrimSpace(cfg.Secrets[secretToken.Name])
	if !tokenText.MatchString(set.token) {
		errs.refuse(secretToken, "token_characters", "holds characters that no token has")
	}
	if set.token == "" && set.webhookSecret == "" && !set.allowUnsigned {
		errs.refuse(secretToken, "no_access", "give a token to read the organisation with, or a webhook_secret to receive hooks")
	}
	if err := errors.Join(errs...); err != nil {
		return set, err
	}
	root := *set.root
	root.Path, root.RawPath = strings.TrimRight(root.Path, "/"), ""
	set.root = &root
	return set, nil
}

func (set *settings) readScope(s source.Settings, errs *settingErrors) {
	set.projects, _ = s.List(fieldProjects)
	for _, slug := range set.projects {
		if !slugText.MatchString(slug) {
			errs.refuse(fieldProjects, "project", fmt.Sprintf("not the slug of a project like pay-api: %q", slug), "value", slug)
		}
	}
	set.environments, _ = s.List(fieldEnvironments)
	for _, name := range set.environments {
		if len(name) > maxEnvironment || control.MatchString(name) {
			errs.refuse(fieldEnvironments, "environment", fmt.Sprintf("not the name of an environment: %.50q", name), "value", name)
		}
	}
	if len(set.projects) > maxListed {
		errs.refuse(fieldProjects, "many", fmt.Sprintf("lists more than %d", maxListed), "most", strconv.Itoa(maxListed))
	}
	if len(set.environments) > maxListed {
		errs.refuse(fieldEnvironments, "many", fmt.Sprintf("lists more than %d", maxListed), "most", strconv.Itoa(maxListed))
	}
}

// chooses reports whether the settings take a project.
func (set *settings) chooses(slug string) bool {
	return len(set.projects) == 0 || slices.Contains(set.projects, slug)
}

// wants reports whether the settings take an environment.
func (set *settings) wants(environment string) bool {
	return len(set.environments) == 0 || slices.Contains(set.environments, environment)
}

// digest tells apart what is read: another digest begins anew.
func (set *settings) digest() string {
	return digest(set.root.String(), set.organization, fmt.Sprintf("%q", set.projects), fmt.Sprintf("%q", set.environments))
}

// access tells tokens apart, and says nothing of them: another may see more.
func (set *settings) access() string { return digest(set.token)[:4] }

func digest(parts ...string) string {
	h := fnv.New64a()
	for _, part := range parts {
		_, _ = h.Write([]byte(part + "\x00")) // a hash takes all
	}
	return fmt.Sprintf("%016x", h.Sum64())
}

// Metrics says which families of metrics the settings ask for.
type Metrics struct {
	Issues, Events, RateLimits bool
	Ages                       []string // of 1h, 24h and 14d, the shortest first
}

// Ages are the ages that groups can be counted by.
func Ages() []string { return []string{"1h", "24h", "14d"} }

// MetricsOf reads valid settings.
func MetricsOf(s source.Settings) Metrics {
	var m Metrics
	m.Issues, _ = s.Bool(fieldIssues)
	m.Events, _ = s.Bool(fieldEvents)
	m.RateLimits, _ = s.Bool(fieldRateLimits)
	wanted, _ := s.List(fieldAges)
	m.Ages = slices.DeleteFunc(Ages(), func(age string) bool { return !slices.Contains(wanted, age) })
	return m
}
