package github

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

const (
	maxName  = 1000 // bytes of a name
	maxTitle = 500  // bytes that are kept of a title
	// Times outside these years are slips, not moments of anybody's work.
	firstYear, lastYear = 2000, 2200
	maxFaults           = 50 // of one record
)

// fault is what is wrong at a place of a record.
type fault struct {
	path    string // $.workflow_run.head_sha
	message string // "head_sha is not a text"
	phrase  source.Phrase
}

func (f *fault) problem(record string) source.Problem {
	return source.Problem{Record: record, Path: f.path, Message: f.message, Phrase: f.phrase}
}

// faults collects all that is wrong with a record.
type faults []fault

// bodyError is what is wrong, joined; nil when nothing is.
func (fs faults) bodyError() error {
	errs := make([]error, len(fs))
	for i, f := range fs {
		errs[i] = &source.BodyError{Path: f.path, Message: f.message}
	}
	return errors.Join(errs...)
}

// object is a JSON object being read, at a path. What is wrong with it is collected,
// and what is read of it then means nothing.
type object struct {
	fields map[string]json.RawMessage
	path   string
	wrong  *faults
}

// openObject reads raw, which is valid JSON or absent.
func openObject(raw json.RawMessage, path string, wrong *faults) *object {
	o := &object{path: path, wrong: wrong}
	if json.Unmarshal(raw, &o.fields) != nil || o.fields == nil {
		name := path[strings.LastIndexByte(path, '.')+1:]
		o.add(path, name, "object", "is not an object")
	}
	return o
}

// add notes what is wrong with a field; id names the text in the catalogue, below
// "field.".
func (o *object) add(path, name, id, message string, args ...string) {
	if len(*o.wrong) < maxFaults {
		phrase := source.Phrase{ID: "field." + id, Args: append([]string{"field", name}, args...)}
		*o.wrong = append(*o.wrong, fault{path, name + " " + message, phrase})
	}
}

func (o *object) refuse(name, id, message string, args ...string) {
	if o.fields != nil { // of what is no object, that is said
		o.add(o.path+"."+name, name, id, message, args...)
	}
}

func (o *object) has(name string) bool {
	raw := o.fields[name]
	return len(raw) > 0 && string(raw) != "null"
}

// object is an object that must be there.
func (o *object) object(name string) *object {
	if o.fields != nil && !o.has(name) {
		o.refuse(name, "missing", "is missing")
		return &object{path: o.path + "." + name, wrong: o.wrong}
	}
	if o.fields == nil {
		return &object{path: o.path + "." + name, wrong: o.wrong}
	}
	return openObject(o.fields[name], o.path+"."+name, o.wrong)
}

// optional is an object that may be missing.
func (o *object) optional(name string) *object {
	if !o.has(name) {
		return &object{path: o.path + "." + name, wrong: o.wrong}
	}
	return o.object(name)
}

// anyText is a text of any length, "" when absent.
func (o *object) anyText(name string) string {
	if !o.has(name) {
		return ""
	}
	var s string
	if json.Unmarshal(o.fields[name], &s) != nil {
		o.refuse(name, "text", "is not a text")
	}
	return strings.TrimSpace(s)
}

// text is a short text, "" when absent.
func (o *object) text(name string) string {
	s := o.anyText(name)
	if len(s) > maxName {
		o.refuse(name, "long", fmt.Sprintf("is too long: %d bytes, and at most %d are kept", len(s), maxName),
			"bytes", strconv.Itoa(len(s)), "most", strconv.Itoa(maxName))
		return ""
	}
	return s
}

// required is a text that must be there.
func (o *object) required(name string) string {
	if !o.has(name) {
		o.refuse(name, "missing", "is missing")
		return ""
	}
	s := o.text(name)
	if s == "" && string(o.fields[name]) == `""` {
		o.refuse(name, "missing", "is missing")
	}
	return s
}

// title is the first line of a text, cut.
func (o *object) title(name string) string {
	s, _, _ := strings.Cut(o.anyText(name), "\n")
	if len(s) > maxTitle {
		s = strings.ToValidUTF8(s[:maxTitle], "") + "…"
	}
	return s
}

// link is an address that a browser may be sent to, "" when absent.
func (o *object) link(name string) string {
	s := o.text(name)
	if s == "" {
		return ""
	}
	if u, err := url.Parse(s); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		o.refuse(name, "link", "is not an address that begins with http:// or https://")
		return ""
	}
	return s
}

// number is a whole number from 1, 0 when absent.
func (o *object) number(name string) int64 {
	if !o.has(name) {
		return 0
	}
	n, err := strconv.ParseInt(string(o.fields[name]), 10, 64)
	if err != nil || n < 1 {
		o.refuse(name, "count", "is no count")
		return 0
	}
	return n
}

// id is a number that must be there.
func (o *object) id(name string) int64 {
	if !o.has(name) {
		o.refuse(name, "missing", "is missing")
		return 0
	}
	return o.number(name)
}

// attempt is a small number, 1 when absent, as on old servers.
func (o *object) attempt(name string) int {
	n := o.number(name)
	if n > math.MaxInt32 {
		o.refuse(name, "count", "is no count")
	}
	return int(min(max(n, 1), math.MaxInt32))
}

// instant is a moment, 0 when absent.
func (o *object) instant(name string) delivery.Instant {
	s := o.text(name)
	if s == "" {
		return 0
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || t.Year() < firstYear || t.Year() > lastYear {
		o.refuse(name, "time", "is not a time like 2026-01-31T12:00:00Z")
		return 0
	}
	return delivery.InstantOf(t)
}

// requiredInstant is a moment that must be there.
func (o *object) requiredInstant(name string) delivery.Instant {
	if !o.has(name) {
		o.refuse(name, "missing", "is missing")
	}
	return o.instant(name)
}

// order refuses a moment before another that it follows.
func (o *object) order(name string, at, after delivery.Instant) {
	if at.Known() && after.Known() && at < after {
		o.refuse(name, "before", "is a time before that of what came first")
	}
}
