package importer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// stateKey is what tracker-exporter keeps its position under.
const stateKey = "tracker_etl_default"

// maxState bounds a state that is read, in bytes.
const maxState = 1 << 20

// position finds where tracker-exporter stood.
func (p *planner) position() {
	const stateful, storage, strategy = "STATEFUL", "STATE__STORAGE", "STATE__JSONFILE_STRATEGY"
	all := []string{
		stateful, storage, strategy, "STATE__JSONFILE_PATH", "STATE__REDIS_DSN", "STATE__JSONFILE_S3_BUCKET", "STATE__JSONFILE_S3_REGION",
		"STATE__JSONFILE_S3_ENDPOINT", "STATE__JSONFILE_S3_ACCESS_KEY", "STATE__JSONFILE_S3_SECRET_KEY", "STATE__CUSTOM_STORAGE_PARAMS",
	}
	on := p.bool(stateful, false)
	kept := p.choice(storage, "jsonfile", "redis", "custom")
	where := p.choice(strategy, "local", "s3")
	if p.zone == nil {
		return
	}
	switch {
	case p.o.Since != "":
		p.since()
	case p.o.State != "":
		p.stateFile()
	case p.skips(PartPosition):
		p.history("the position was skipped")
	case !on:
		p.taken(stateful, "there is no position to go on from%s", p.suffix(stateful))
		p.history("without one")
	case kept == "redis":
		p.redis(storage)
	case kept == "custom":
		p.notTaken(storage, "the position is in a storage of your own: give it by --since; without it, the first sync reads the whole initial range")
	case where == "s3":
		p.bucket(strategy)
	default:
		p.localState("STATE__JSONFILE_PATH")
	}
	p.notNeeded("the position is kept with the connection, and nowhere else", all...)
}

func (p *planner) choice(name string, options ...string) string {
	text := strings.ToLower(p.word(name, options[0]))
	for _, o := range options {
		if text == o {
			return text
		}
	}
	p.fail(name, "not one of %s", strings.Join(options, ", "))
	return options[0]
}

// history says how far the first sync reaches back when no position is taken.
func (p *planner) history(why string) {
	const name = "STATEFUL_INITIAL_RANGE"
	if !p.has(name) {
		p.taken(name, "%s the first sync reads what was updated in the last 365 days, our own default", why)
	}
}

// begin makes t the beginning of the connection; fault says what is wrong.
func (p *planner) begin(t time.Time) (fault string) {
	switch {
	case t.After(p.o.Now):
		return "lies in the future"
	case t.Year() < 2000:
		return "lies before the year 2000"
	}
	p.plan.Imported.Start = p.o.CursorSince(t)
	return ""
}

// begins is what there is to say of a position that was taken.
func (p *planner) begins(t time.Time) string {
	return fmt.Sprintf("goes on from %s: issues not updated since then are not read, nor their history; for that, give --skip position in place of it",
		t.In(p.zone).Format("2006-01-02 15:04:05 (-07:00)"))
}

func (p *planner) since() {
	t, ok := parseTime(strings.TrimSpace(p.o.Since), p.zone)
	fault := "not a time like 2026-01-31T12:00:00+03:00, 2026-01-31 or 2026-01-31 12:00"
	if ok {
		fault = p.begin(t)
	}
	if fault != "" {
		p.wrong("--since: " + fault)
		return
	}
	p.plan.Imported.Restart = true
	p.report.Taken = append(p.report.Taken, Line{Variable: "--since", Text: p.begins(t)})
}

// stateFile reads the state that --state names.
func (p *planner) stateFile() {
	t, fault := p.readState(p.o.State)
	if fault == "" {
		fault = p.begin(t)
	}
	if fault != "" {
		p.wrong("--state: " + fault)
		return
	}
	p.plan.Imported.Restart = true
	p.report.Taken = append(p.report.Taken, Line{Variable: "--state", Text: p.begins(t)})
}

// localState reads the state file beside tracker-exporter.
func (p *planner) localState(name string) {
	path := p.word(name, "state.json")
	if p.failed[name] {
		return
	}
	if !strings.HasSuffix(path, ".json") {
		path += ".json" // as tracker-exporter does
	}
	path = p.beside(path)
	t, fault := p.readState(path)
	if fault == "" {
		fault = p.begin(t)
	}
	if fault != "" {
		p.notTaken(name, "%s: %s; name the file by --state FILE or the time by --since. Without it, the first sync reads the whole initial range", path, fault)
		p.history("without a position")
		return
	}
	p.taken(name, "%s", p.begins(t))
}

// readState reads {"tracker_etl_default": "2026-01-31 12:00:00"}, or the time
// alone as redis-cli prints it.
func (p *planner) readState(path string) (t time.Time, fault string) {
	data, err := p.o.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return t, "there is no such file"
	case err != nil:
		return t, "cannot be read: " + err.Error()
	case len(data) > maxState || !utf8.Valid(data):
		return t, "not a state of tracker-exporter"
	}
	text := strings.TrimSpace(strings.TrimPrefix(string(data), "\ufeff"))
	var state map[string]json.RawMessage
	if strings.HasPrefix(text, "{") {
		if json.Unmarshal([]byte(text), &state) != nil {
			return t, "not JSON"
		}
		raw, ok := state[stateKey]
		if !ok || string(raw) == "null" {
			return t, "there is no " + stateKey + " in it"
		}
		text = string(raw)
	}
	var quoted string
	if json.Unmarshal([]byte(text), &quoted) == nil {
		text = quoted
	}
	t, ok := parseTime(strings.TrimSpace(text), p.zone)
	if !ok {
		return t, "holds no time like 2026-01-31 12:00:00"
	}
	return t, ""
}

// parseTime reads a moment with its zone, or one in zone.
func parseTime(text string, zone *time.Location) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, time.DateTime, "2006-01-02 15:04", time.DateOnly, "2006-01-02T15:04:05"} {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

const bring = "bring the position here and import with --state FILE: %s\n      " +
	"Without it, the first sync reads the whole initial range"

// redis says how to get at a state in Redis.
func (p *planner) redis(name string) {
	command := "redis-cli"
	u, err := url.Parse(p.text("STATE__REDIS_DSN", "redis://localhost:6379"))
	if err == nil && u.Host != "" && (u.Scheme == "redis" || u.Scheme == "rediss") {
		command += " -u " + quote((&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String())
	}
	hint := ""
	if err == nil && u.User != nil {
		if user := u.User.Username(); user != "" {
			command += " --user " + quote(user)
		}
		hint = " (its password goes into the variable REDISCLI_AUTH)"
	}
	p.notTaken(name, bring, command+" GET tracker_exporter_default:"+stateKey+" > state.txt"+hint)
	p.history("without a position")
}

// bucket says how to get at a state in S3.
func (p *planner) bucket(name string) {
	path := p.word("STATE__JSONFILE_PATH", "state.json")
	if !strings.HasSuffix(path, ".json") {
		path += ".json"
	}
	command := "aws s3 cp"
	if u, err := url.Parse(p.text("STATE__JSONFILE_S3_ENDPOINT", "")); err == nil && u.Host != "" {
		command += " --endpoint-url " + quote((&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String())
	}
	if region := p.word("STATE__JSONFILE_S3_REGION", ""); region != "" {
		command += " --region " + quote(region)
	}
	command += " " + quote("s3://"+p.word("STATE__JSONFILE_S3_BUCKET", "BUCKET")+"/"+path) + " state.json"
	p.notTaken(name, bring, command+" (the keys go into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)")
	p.history("without a position")
}

// plainWord is a word that a shell takes as it is.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=,-]+$`)

// quote makes a word of a shell's command line of text.
func quote(text string) string {
	if plainWord.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
