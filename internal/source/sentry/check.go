package sentry

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"throughline/internal/source"
)

// probe is a cheap call that shows whether the token may read something.
type probe struct {
	to        endpoint
	path      string
	query     url.Values
	otherwise string // below a project: it will do as well; "" when nothing will
	message   func(said string) source.Message
}

// probes are those of what a pull reads.
func probes() []probe {
	one := func(name string, more ...string) url.Values {
		v := url.Values{name: {"1"}}
		for i := 0; i+1 < len(more); i += 2 {
			v[more[i]] = append(v[more[i]], more[i+1])
		}
		return v
	}
	return []probe{
		{toGroups, "issues/", one("limit", "query", "age:-1h", "project", "-1", "collapse", "stats"), "", func(said string) source.Message {
			return source.Message{
				Text:   "The error groups cannot be read; the token may lack event:read: " + said,
				Phrase: source.Phrase{ID: "sentry.lacks.groups", Args: []string{"said", said}},
			}
		}},
		{toEvents, "events/", one("per_page", "dataset", "errors", "field", "issue.id", "field", "count()", "statsPeriod", "1h", "project", "-1"), "", func(said string) source.Message {
			return source.Message{
				Text:   "The releases of error groups cannot be read at once; the server may lack it, or the token org:read: " + said,
				Phrase: source.Phrase{ID: "sentry.lacks.events", Args: []string{"said", said}},
			}
		}},
		{toStats, "stats_v2/", url.Values{"field": {"sum(quantity)"}, "groupBy": {"outcome"}, "category": {"error"}, "statsPeriod": {"1h"}, "interval": {"1h"}}, "stats/?stat=received", func(said string) source.Message {
			return source.Message{
				Text:   "The counts of events cannot be read; the token may lack org:read: " + said,
				Phrase: source.Phrase{ID: "sentry.lacks.stats", Args: []string{"said", said}},
			}
		}},
		{toKeys, "project-keys/", one("per_page"), "keys/?per_page=1", func(said string) source.Message {
			return source.Message{
				Text:   "The limits of keys cannot be read; the token may lack project:read: " + said,
				Phrase: source.Phrase{ID: "sentry.lacks.keys", Args: []string{"said", said}},
			}
		}},
		{toReleases, "releases/", one("per_page", "project", "-1"), "", func(said string) source.Message {
			return source.Message{
				Text:   "The releases cannot be read; the token may lack project:releases: " + said,
				Phrase: source.Phrase{ID: "sentry.lacks.releases", Args: []string{"said", said}},
			}
		}},
		{toSessions, "sessions/", url.Values{"field": {"sum(session)"}, "statsPeriod": {"1h"}, "interval": {"1h"}, "project": {"-1"}, "includeSeries": {"0"}}, "", func(said string) source.Message {
			return source.Message{
				Text:   "The sessions cannot be read; the server may lack them, or the token org:read: " + said,
				Phrase: source.Phrase{ID: "sentry.lacks.sessions", Args: []string{"said", said}},
			}
		}},
	}
}

// Check asks which organisation and projects the token opens, and what of all that is
// read it may not read. Somebody waits for the answer: nothing is tried twice.
func (s *Source) Check(ctx context.Context) (source.Report, error) {
	var report source.Report
	if s.token == "" { // only hooks are received
		report.HooksOnly = true
		return report, nil
	}
	var organization struct {
		Name string `json:"name"`
		Slug string `json:"slug"`
	}
	a, err := s.client.do(ctx, request{to: toOrganization, path: s.org(""), once: true})
	switch {
	case refused(err): // a token may see projects and not this
		report.Organization = s.organization
	case err != nil:
		return report, err
	default:
		if err := a.into(&organization); err != nil {
			return report, err
		}
		report.Organization = organization.Name
		if report.Organization == "" {
			report.Organization = s.organization
		}
	}
	all, _, err := s.allProjects(ctx, true)
	if err != nil {
		return report, s.ofOrganization(err)
	}
	seen := map[string]bool{}
	for i := range all {
		seen[all[i].ID] = true
		if s.chooses(all[i].ID) {
			report.Scope = append(report.Scope, all[i].ID)
		}
	}
	for _, slug := range s.projects {
		if !seen[slug] {
			report.Missing = append(report.Missing, noProject(slug))
		}
	}
	for _, name := range s.environments {
		if !slices.ContainsFunc(all, func(p project) bool { return s.chooses(p.ID) && slices.Contains(p.Environments, name) }) {
			report.Missing = append(report.Missing, source.Message{
				Text:   "environment " + strconv.Quote(name) + " is in none of the projects",
				Phrase: source.Phrase{ID: "sentry.environment", Args: []string{"name", name}},
			})
		}
	}
	for _, probe := range probes() {
		missing, err := s.probe(ctx, probe, report.Scope)
		if err != nil {
			return report, err
		}
		report.Missing = append(report.Missing, missing...)
	}
	return report, nil
}

// probe is what cannot be read, none when it can.
func (s *Source) probe(ctx context.Context, p probe, scope []string) ([]source.Message, error) {
	_, err := s.client.do(ctx, request{to: p.to, path: s.org(p.path), query: p.query, once: true})
	if p.otherwise != "" && isLack(err) && len(scope) > 0 {
		path, text, _ := strings.Cut(p.otherwise, "?")
		query, _ := url.ParseQuery(text) // of our own
		_, err = s.client.do(ctx, request{to: p.to + " of a project", path: s.ofProject(scope[0], path), query: query, once: true})
	}
	if errors.Is(err, source.ErrAuth) || err != nil && !refused(err) {
		return nil, err
	}
	if err != nil {
		return []source.Message{p.message(err.Error())}, nil
	}
	return nil, nil
}
