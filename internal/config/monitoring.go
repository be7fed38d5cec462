package config

import (
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of what is sent with every metric: all of it has to fit into a
// datagram.
const (
	maxStatsdPrefix = 100
	maxStatsdTags   = 20
	maxStatsdTag    = 200
	maxUnixPath     = 100 // bytes that every system has room for
	maxCredential   = 200
)

var (
	statsdPrefix = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.]*$`)
	statsdTag    = regexp.MustCompile(`^\p{L}[\p{L}0-9_./-]*(:[^,|#\s\p{C}]+)?$`)
)

// monitoring reads what concerns the program's own monitoring.
func (r *reader) monitoring(v variables, c *Config) {
	c.StatsdAddr = v.StatsdAddr
	if v.StatsdAddr != "" && !validStatsdAddr(v.StatsdAddr) {
		r.fail("STATSD_ADDR", "neither host:port nor unix:// with the path of a socket", "127.0.0.1:8125")
	}
	c.StatsdPrefix = v.StatsdPrefix
	if len(v.StatsdPrefix) > maxStatsdPrefix || !statsdPrefix.MatchString(v.StatsdPrefix) {
		r.fail("STATSD_PREFIX", fmt.Sprintf("not a name of up to %d letters, digits, _ and .", maxStatsdPrefix), "tracker_exporter")
	}
	c.StatsdTags = r.statsdTags(v.StatsdTags)
	c.SentryDSN = v.SentryDSN
	if v.SentryDSN != "" && !validDSN(v.SentryDSN) {
		r.fail("SENTRY_DSN", "not a DSN of Sentry", "https://KEY@sentry.example.com/1")
	}
	c.MetricsUser, c.MetricsPassword = v.MetricsUser, v.MetricsPassword
	r.metricsAccess(v)
}

func validStatsdAddr(addr string) bool {
	if socket, ok := strings.CutPrefix(addr, "unix://"); ok {
		return path.IsAbs(socket) && len(socket) <= maxUnixPath && !strings.ContainsFunc(socket, unicode.IsControl)
	}
	return validAddr(addr) && !strings.HasPrefix(addr, ":") && !strings.HasSuffix(addr, ":0")
}

// statsdTags reads env:prod,team:x.
func (r *reader) statsdTags(text string) []string {
	var out []string
	for item := range strings.SplitSeq(text, ",") {
		item = strings.TrimSpace(item)
		if item == "" {
			continue
		}
		if len(item) > maxStatsdTag || !statsdTag.MatchString(item) {
			r.fail("STATSD_TAGS", "not a list of tags", "env:prod,team:payments")
			return nil
		}
		out = append(out, item)
	}
	if len(out) > maxStatsdTags {
		r.fail("STATSD_TAGS", fmt.Sprintf("more than %d tags", maxStatsdTags), "env:prod,team:payments")
		return nil
	}
	return out
}

// validDSN accepts scheme://key@host/project, with a path before the project and
// a secret behind the key as old ones have.
func validDSN(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User.Username() == "" ||
		u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return false
	}
	_, err = strconv.ParseUint(path.Base(u.Path), 10, 64)
	return err == nil && !strings.HasSuffix(u.Path, "/")
}

func (r *reader) metricsAccess(v variables) {
	const user, password = "prometheus", "a-long-pass-phrase"
	switch {
	case v.MetricsUser == "" && v.MetricsPassword == "":
	case v.MetricsUser == "":
		r.fail("METRICS_USER", "missing: "+Prefix+"METRICS_PASSWORD is set, and they go together", user)
	case v.MetricsPassword == "":
		r.fail("METRICS_PASSWORD", "missing: "+Prefix+"METRICS_USER is set, and they go together", password)
	default:
		if !validCredential(v.MetricsUser) || strings.Contains(v.MetricsUser, ":") {
			r.fail("METRICS_USER", fmt.Sprintf("a name has up to %d characters, and no colon", maxCredential), user)
		}
		if !validCredential(v.MetricsPassword) {
			r.fail("METRICS_PASSWORD", fmt.Sprintf("a password has up to %d characters, on one line", maxCredential), password)
		}
	}
}

// validCredential reports whether basic authentication can carry a text.
func validCredential(text string) bool {
	return utf8.ValidString(text) && utf8.RuneCountInString(text) <= maxCredential && !strings.ContainsFunc(text, unicode.IsControl)
}
