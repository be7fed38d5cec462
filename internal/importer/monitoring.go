package importer

import (
	"net"
	"net/url"
	"strconv"
	"strings"
)

// DSNFile is the file of the data directory that holds the address of Sentry.
const DSNFile = "sentry.dsn"

// monitoring makes variables of ours from those about the program's own metrics
// and errors.
func (p *planner) monitoring() {
	p.statsd()
	p.sentry()
	p.logLevel()
}

func (p *planner) statsd() {
	const enabled, host, port = "MONITORING__METRICS_ENABLED", "MONITORING__METRICS_HOST", "MONITORING__METRICS_PORT"
	const name, labels = "MONITORING__METRICS_BASE_PREFIX", "MONITORING__METRICS_BASE_LABELS"
	if !p.bool(enabled, false) {
		p.notNeeded("no metrics were sent; Prometheus can scrape /metrics", enabled, host, port, name, labels)
		return
	}
	to := strings.Trim(p.word(host, "localhost"), "[]")
	if !hostName.MatchString(to) && net.ParseIP(to) == nil {
		p.fail(host, "not the name or the IP address of a host")
	}
	number := p.int(port, 8125, 1, 65535)
	p.report.Set = append(p.report.Set, "THROUGHLINE_STATSD_ADDR="+net.JoinHostPort(to, strconv.Itoa(number)))
	p.taken(enabled, "by THROUGHLINE_STATSD_ADDR below")
	p.notNeeded("in THROUGHLINE_STATSD_ADDR", host, port)
	if p.has(name) {
		p.report.Set = append(p.report.Set, "THROUGHLINE_STATSD_PREFIX="+quote(p.word(name, "")))
		p.taken(name, "by THROUGHLINE_STATSD_PREFIX below")
	}
	if !p.has(labels) {
		return
	}
	tags := p.json(labels, p.word(labels, "[]"))
	for _, tag := range tags {
		if strings.ContainsAny(tag, ",|\n\r") {
			p.fail(labels, "a label holds a comma, a bar or a line's end")
			return
		}
	}
	if len(tags) > 0 {
		p.report.Set = append(p.report.Set, "THROUGHLINE_STATSD_TAGS="+quote(strings.Join(tags, ",")))
		p.taken(labels, "by THROUGHLINE_STATSD_TAGS below")
	}
	p.notNeeded("it is empty", labels)
}

func (p *planner) sentry() {
	const enabled, dsn = "MONITORING__SENTRY_ENABLED", "MONITORING__SENTRY_DSN"
	if !p.bool(enabled, false) {
		p.notNeeded("no errors were sent", enabled, dsn)
		return
	}
	u, err := url.Parse(p.text(dsn, ""))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User == nil {
		p.fail(dsn, "not an address like https://KEY@sentry.example.com/1")
		return
	}
	p.report.Set = append(p.report.Set, "THROUGHLINE_SENTRY_DSN_FILE="+p.keep(DSNFile, p.text(dsn, "")))
	p.taken(enabled, "by THROUGHLINE_SENTRY_DSN_FILE below")
	p.taken(dsn, "in the file %s", DSNFile)
}

func (p *planner) logLevel() {
	name := "LOGLEVEL"
	if p.prefix == "" {
		name = "LOG_LEVEL" // of sentry-prometheus-exporter
	}
	if !p.has(name) {
		return
	}
	level, ok := map[string]string{"debug": "debug", "info": "info", "warning": "warn", "warn": "warn", "error": "error", "exception": "error", "critical": "error"}[strings.ToLower(p.text(name, ""))]
	switch {
	case !ok:
		p.fail(name, "not one of debug, info, warning, error, critical")
	case level == "info":
		p.notNeeded("info is our own default", name)
	default:
		p.report.Set = append(p.report.Set, "THROUGHLINE_LOG_LEVEL="+level)
		p.taken(name, "by THROUGHLINE_LOG_LEVEL below")
	}
}
