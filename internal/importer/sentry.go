package importer

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"throughline/internal/control"
	"throughline/internal/source"
)

// MetricsPasswordFile is the file of the data directory that holds the password of
// /metrics.
const MetricsPasswordFile = "metrics.password"

// Variables of sentry-prometheus-exporter.
const (
	sentryBase     = "SENTRY_BASE_URL"
	sentryToken    = "SENTRY_AUTH_TOKEN"
	sentryOrg      = "SENTRY_EXPORTER_ORG"
	sentryProjects = "SENTRY_EXPORTER_PROJECTS"
	sentryIssues   = "SENTRY_SCRAPE_ISSUE_METRICS"
	sentryEvents   = "SENTRY_SCRAPE_EVENT_METRICS"
	sentryLimits   = "SENTRY_SCRAPE_RATE_LIMIT_METRICS"
	sentryBasic    = "SENTRY_EXPORTER_BASIC_AUTH"
	sentryUser     = "SENTRY_EXPORTER_BASIC_AUTH_USER"
	sentryPassword = "SENTRY_EXPORTER_BASIC_AUTH_PASS"
)

// isSentry reports whether a file is sentry-prometheus-exporter's.
func isSentry(entries []Entry) bool {
	return slices.ContainsFunc(entries, func(e Entry) bool {
		name := strings.ToUpper(e.Name)
		return slices.Contains([]string{sentryBase, sentryToken, sentryIssues, sentryEvents, sentryLimits}, name) || strings.HasPrefix(name, "SENTRY_EXPORTER_")
	})
}

// collectSentry is collect for names without a prefix.
func collectSentry(entries []Entry) *variables {
	v := &variables{set: map[string]Entry{}, told: map[string]bool{}, failed: map[string]bool{}}
	for _, e := range entries {
		name := strings.ToUpper(e.Name)
		switch {
		case e.Bare:
			v.report.NotNeeded = append(v.report.NotNeeded, Line{"", e.Line, "a name without a value, which sets nothing"})
		case !shown(e.Name):
			v.report.NotNeeded = append(v.report.NotNeeded, Line{"", e.Line, "it is no setting of sentry-prometheus-exporter"})
		default:
			if before, twice := v.set[name]; twice {
				v.report.NotNeeded = append(v.report.NotNeeded, Line{name, before.Line, "set again below, which counts"})
			}
			v.set[name] = e
		}
	}
	return v
}

// onlyTracker refuses flags that are about tracker-exporter.
func (p *planner) onlyTracker() {
	if p.o.State+p.o.Since != "" || len(p.o.Skip) > 0 {
		p.wrong("--state, --since and --skip go with settings of tracker-exporter only; these are of sentry-prometheus-exporter")
	}
}

// sentryConnection makes the connection to Sentry.
func (p *planner) sentryConnection() {
	in := &p.plan.Imported
	in.Managed = []string{"base_url", "organization", "projects", "issue_metrics", "event_metrics", "rate_limit_metrics", "ages"}
	in.Secrets = map[string]string{"token": p.text(sentryToken, "")}
	in.Connection = control.Connection{
		Name: p.o.Name, Kind: p.o.Kind.Name, Every: cmp.Or(p.o.Kind.Every, 5*time.Minute), Settings: source.Settings{},
	}
	if p.has(sentryToken) {
		p.taken(sentryToken, "sealed in the connection %s", p.o.Name)
	} else {
		p.fail(sentryToken, "is missing")
	}
	if p.has(sentryOrg) {
		p.setting("organization", p.word(sentryOrg, ""))
		p.taken(sentryOrg, "the organisation")
	} else {
		p.fail(sentryOrg, "is missing")
	}
	if base := strings.TrimRight(p.word(sentryBase, "https://sentry.io/api/0/"), "/"); base != "" {
		p.setting("base_url", base)
		p.taken(sentryBase, "the address of the API%s", p.suffix(sentryBase))
	}
	if projects := p.texts(sentryProjects, ""); len(projects) > 0 {
		p.setting("projects", projects)
		p.taken(sentryProjects, "projects %s; one that is there no more is said under Syncs, and the others go on", strings.Join(projects, ", "))
	} else {
		p.taken(sentryProjects, "all projects that the token can see%s", p.suffix(sentryProjects))
	}
	p.sentrySwitches()
}

// sentrySwitches are what is shown on /metrics. The exporter took only True for true.
func (p *planner) sentrySwitches() {
	issues := p.sentrySwitch(sentryIssues, true, "issue_metrics", "sentry_issues and sentry_open_issue_events")
	p.sentrySwitch(sentryEvents, true, "event_metrics", "sentry_events_total")
	p.sentrySwitch(sentryLimits, false, "rate_limit_metrics", "sentry_rate_limit_events_sec")
	ages := []string{}
	for _, age := range []struct{ variable, name string }{{"SENTRY_ISSUES_1H", "1h"}, {"SENTRY_ISSUES_24H", "24h"}, {"SENTRY_ISSUES_14D", "14d"}} {
		if p.truth(age.variable, issues) {
			ages = append(ages, age.name)
		}
		if p.has(age.variable) {
			p.taken(age.variable, "the bucket %s is %s", age.name, onOff(p.truth(age.variable, issues)))
		}
	}
	if len(ages) < 3 && issues {
		p.setting("ages", ages)
	}
}

func (p *planner) sentrySwitch(name string, fallback bool, setting, families string) bool {
	on := p.truth(name, fallback)
	p.setting(setting, on)
	note := ""
	if text := p.text(name, ""); text != "" && text != "True" && text != "False" {
		note = ", as the exporter took it: only True is true"
	}
	p.taken(name, "%s on /metrics: %s%s%s", families, onOff(on), note, p.suffix(name))
	return on
}

func (p *planner) truth(name string, fallback bool) bool {
	if !p.has(name) {
		return fallback
	}
	return p.text(name, "") == "True"
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

func (p *planner) trySentry() {
	p.tryKind(map[string]string{
		"token": sentryToken, "organization": sentryOrg, "base_url": sentryBase, "projects": sentryProjects, "ages": "SENTRY_ISSUES_14D",
	})
}

// sentryWeb is who may read /metrics.
func (p *planner) sentryWeb() {
	if !p.truth(sentryBasic, false) {
		p.notNeeded("no password was asked for; here /metrics answers programs on this machine and holders of a token, until THROUGHLINE_METRICS_USER and THROUGHLINE_METRICS_PASSWORD are set",
			sentryBasic, sentryUser, sentryPassword)
		return
	}
	user, password := p.word(sentryUser, "prometheus"), p.text(sentryPassword, "prometheus")
	p.report.Set = append(p.report.Set, "THROUGHLINE_METRICS_USER="+quote(user), "THROUGHLINE_METRICS_PASSWORD_FILE="+p.keep(MetricsPasswordFile, password))
	p.taken(sentryBasic, "by THROUGHLINE_METRICS_USER and THROUGHLINE_METRICS_PASSWORD_FILE below")
	p.taken(sentryUser, "the user of /metrics%s", p.suffix(sentryUser))
	note := ""
	if password == "prometheus" {
		note = "; everybody knows that one: choose another"
	}
	p.taken(sentryPassword, "in the file %s%s%s", MetricsPasswordFile, note, p.suffix(sentryPassword))
}

// sentryRest deals with the variables that nothing is made of.
func (p *planner) sentryRest() {
	p.report.Next = append(p.report.Next,
		"Point Prometheus at this server's /metrics; a scrape answers from memory, so scrape_timeout and scrape_interval need not be long any more.",
		"The first sync reads the history in the background; the exporter's families are there after its first page.")
	for _, name := range slices.Sorted(maps.Keys(p.set)) {
		if strings.TrimSpace(p.set[name].Value) == "" {
			p.notNeeded("it is empty, as if not set", name)
		}
	}
	p.notNeeded("requests that fail, are cut off or come too often are tried again by themselves, waiting as long as Sentry says",
		"SENTRY_RETRY_TRIES", "SENTRY_RETRY_DELAY", "SENTRY_RETRY_MAX_DELAY", "SENTRY_RETRY_BACKOFF", "SENTRY_RETRY_JITTER")
	for _, name := range slices.Sorted(maps.Keys(p.set)) {
		p.notNeeded("sentry-prometheus-exporter has no such setting", name)
	}
}
