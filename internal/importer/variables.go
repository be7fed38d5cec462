package importer

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// prefix begins the names of tracker-exporter's variables, whatever their case.
const prefix = "EXPORTER_"

// variables are what a file sets, and what was said of it so far.
type variables struct {
	prefix   string
	set      map[string]Entry // by name in capitals, without the prefix
	told     map[string]bool
	failed   map[string]bool // a problem was reported
	report   Report
	problems []Problem
}

// collect sorts entries: the last of a name counts.
func collect(entries []Entry) *variables {
	v := &variables{prefix: prefix, set: map[string]Entry{}, told: map[string]bool{}, failed: map[string]bool{}}
	for _, e := range entries {
		name, ours := strings.CutPrefix(strings.ToUpper(e.Name), prefix)
		shownName := e.Name
		if !shown(e.Name) {
			shownName = ""
		}
		switch {
		case e.Bare:
			v.report.NotNeeded = append(v.report.NotNeeded, Line{"", e.Line, "a name without a value, which sets nothing"})
		case !ours || shownName == "":
			v.report.NotNeeded = append(v.report.NotNeeded, Line{shownName, e.Line, foreign(strings.ToUpper(e.Name))})
		default:
			if before, twice := v.set[name]; twice {
				v.report.NotNeeded = append(v.report.NotNeeded, Line{prefix + name, before.Line, fmt.Sprintf("set again on line %d, which counts", e.Line)})
			}
			v.set[name] = e
		}
	}
	return v
}

// foreign says why a variable without the prefix is passed over.
func foreign(name string) string {
	if slices.Contains([]string{
		"TOKEN", "IAM_TOKEN", "ORG_ID", "CLOUD_ORG_ID", "HOST", "PORT", "PROTO", "USERNAME", "PASSWORD", "DATABASE", "TIMEZONE", "LANGUAGE",
		"QUEUES", "QUERY", "RANGE", "STORAGE", "REDIS_DSN", "SENTRY_DSN",
	}, name) {
		return "without " + prefix + " it is no setting; tracker-exporter could take it for one by mistake: if it relied on that, give the variable its full name"
	}
	return "without " + prefix + " it is no setting of tracker-exporter"
}

func (v *variables) fail(name, format string, args ...any) {
	v.told[name], v.failed[name] = true, true
	message := fmt.Sprintf(format, args...)
	if e, ok := v.set[name]; ok {
		v.problems = append(v.problems, Problem{e.Line, v.prefix + name + ": " + message})
		return
	}
	v.problems = append(v.problems, Problem{0, v.prefix + name + ": " + message})
}

// line is a line of the report about a variable.
func (v *variables) line(name, format string, args ...any) Line {
	v.told[name] = true
	return Line{v.prefix + name, v.set[name].Line, fmt.Sprintf(format, args...)}
}

func (v *variables) taken(name, format string, args ...any) {
	v.report.Taken = append(v.report.Taken, v.line(name, format, args...))
}

func (v *variables) notTaken(name, format string, args ...any) {
	v.report.NotTaken = append(v.report.NotTaken, v.line(name, format, args...))
}

// notNeeded says of variables why they are not, as far as they are set and
// nothing was said of them.
func (v *variables) notNeeded(why string, names ...string) {
	for _, name := range names {
		if _, ok := v.set[name]; ok && !v.told[name] {
			v.report.NotNeeded = append(v.report.NotNeeded, v.line(name, "%s", why))
		}
	}
}

// has reports whether a variable is set to something.
func (v *variables) has(name string) bool { return v.text(name, "") != "" }

// text is a value without space around it, or the default of one that is not
// set or empty.
func (v *variables) text(name, fallback string) string {
	if text := strings.TrimSpace(v.set[name].Value); text != "" {
		return text
	}
	return fallback
}

// word is a text on one line that may be shown.
func (v *variables) word(name, fallback string) string {
	text := v.text(name, fallback)
	if len(text) > 500 || strings.ContainsFunc(text, unicode.IsControl) {
		v.fail(name, "not a text of up to 500 bytes on one line")
		return fallback
	}
	return text
}

// bool reads what pydantic takes for one.
func (v *variables) bool(name string, fallback bool) bool {
	switch strings.ToLower(v.text(name, "")) {
	case "":
		return fallback
	case "1", "true", "t", "yes", "y", "on":
		return true
	case "0", "false", "f", "no", "n", "off":
		return false
	}
	v.fail(name, "not true or false")
	return fallback
}

func (v *variables) int(name string, fallback, least, most int) int {
	if !v.has(name) {
		return fallback
	}
	n, err := strconv.Atoi(v.text(name, ""))
	if err != nil || n < least || n > most {
		v.fail(name, "not a number between %d and %d", least, most)
		return fallback
	}
	return n
}

// texts reads a list apart by commas or as JSON.
func (v *variables) texts(name, fallback string) []string {
	text := v.word(name, fallback)
	parts := strings.Split(text, ",")
	if strings.HasPrefix(text, "[") {
		parts = v.json(name, text)
	}
	var out []string
	for _, part := range parts {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// json reads a list of texts or numbers.
func (v *variables) json(name, text string) []string {
	var items []any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&items); err != nil || d.More() {
		v.fail(name, "not a list in JSON, like %s", example(name))
		return nil
	}
	var out []string
	for _, item := range items {
		switch item := item.(type) {
		case string:
			out = append(out, item)
		case json.Number:
			out = append(out, item.String())
		default:
			v.fail(name, "not a list in JSON, like %s", example(name))
			return nil
		}
	}
	return out
}

func example(name string) string {
	if name == "WORKDAYS" {
		return "[0, 1, 2, 3, 4]"
	}
	return `["one", "two"]`
}

// suffix marks what holds though the file does not say so.
func (v *variables) suffix(name string) string {
	switch {
	case v.has(name):
		return ""
	case v.prefix == "":
		return ", the exporter's default"
	}
	return ", tracker-exporter's default"
}
