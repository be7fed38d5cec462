package sentry

import (
	"encoding/json"
	"errors"
	"math"
	"net/url"
	"strconv"
	"strings"

	"throughline/internal/source"
)

const (
	maxName  = 400 // bytes that are kept of a name
	maxTitle = 500 // and of a title
	// Times outside these years are slips, not moments of anybody's work.
	firstYear, lastYear = 2000, 2200
	// Numbers below are seconds, and those above milliseconds.
	mostSeconds = 1e11
	maxFaults   = 50 // of one record
)

// fault is what is wrong at a place of a record.
type fault struct {
	path    string // $.issue.firstSeen
	message string // "firstSeen is not a time …"
	phrase  source.Phrase
}

// faults collects all that is wrong with a record.
type faults []fault

func (fs faults) problems(record string) []source.Problem {
	out := make([]source.Problem, len(fs))
	for i, f := range fs {
		out[i] = source.Problem{Record: record, Path: f.path, Message: f.message, Phrase: f.phrase}
	}
	return out
}

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
		o.fields = nil
		o.add(path, path[strings.LastIndexByte(path, '.')+1:], "object", "is not an object")
	}
	return o
}

// add notes what is wrong with a field; id names the text in the catalogue, below
// "field.".
func (o *object) add(path, name, id, message string) {
	if len(*o.wrong) < maxFaults {
		*o.wrong = append(*o.wrong, fault{path, name + " " + message, source.Phrase{ID: "field." + id, Args: []string{"field", name}}})
	}
}

func (o *object) refuse(name, id, message string) {
	if o.fields != nil { // of what is no object, that is said
		o.add(o.path+"."+name, name, id, message)
	}
}

func (o *object) has(name string) bool {
	raw := o.fields[name]
	return len(raw) > 0 && string(raw) != "null"
}

// object is an object that must be there.
func (o *object) object(name string) *object {
	inner := o.optional(name)
	if o.fields != nil && !o.has(name) {
		o.refuse(name, "missing", "is missing")
	}
	return inner
}

// optional is an object that may be missing.
func (o *object) optional(name string) *object {
	if !o.has(name) {
		return &object{path: o.path + "." + name, wrong: o.wrong}
	}
	return openObject(o.fields[name], o.path+"."+name, o.wrong)
}

// text is a text on one line or a number as one, "" when absent, cut where it is long.
func (o *object) text(name string) string { return o.cut(name, maxName) }

func (o *object) cut(name string, most int) string {
	if !o.has(name) {
		return ""
	}
	s, ok := textOf(o.fields[name])
	if !ok {
		o.refuse(name, "text", "is not a text")
	}
	s = strings.TrimSpace(control.ReplaceAllString(s, " "))
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// exact is a text as it is, "" when absent: a name that others are compared with.
func (o *object) exact(name string) string {
	var s string
	if o.has(name) && json.Unmarshal(o.fields[name], &s) != nil {
		o.refuse(name, "text", "is not a text")
	}
	return s
}

// textOf reads a text or a number: ids are either.
func textOf(raw json.RawMessage) (string, bool) {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s, true
	}
	var n json.Number
	if json.Unmarshal(raw, &n) == nil {
		return n.String(), true
	}
	return "", false
}

// id is the id of something, safe as a part of a path, which must be there.
func (o *object) id(name string) string {
	s := o.text(name)
	if o.fields != nil && !slugText.MatchString(s) {
		if o.has(name) {
			o.refuse(name, "id", "is no id")
		} else {
			o.refuse(name, "missing", "is missing")
		}
		return ""
	}
	return s
}

// optionalText is a text, nil when it is null, empty or absent.
func (o *object) optionalText(name string) *string {
	s := o.text(name)
	if s == "" {
		return nil
	}
	return &s
}

// optionalBool is yes or no, nil when it is null or absent.
func (o *object) optionalBool(name string) *bool {
	if !o.has(name) {
		return nil
	}
	var b bool
	if json.Unmarshal(o.fields[name], &b) != nil {
		o.refuse(name, "bool", "is not true or false")
		return nil
	}
	return &b
}

// count is a whole number from 0, as a number or a text; 0 when absent.
func (o *object) count(name string) int64 {
	if !o.has(name) {
		return 0
	}
	n, ok := countOf(o.fields[name])
	if !ok {
		o.refuse(name, "count", "is no count")
	}
	return n
}

func countOf(raw json.RawMessage) (int64, bool) {
	s, ok := textOf(raw)
	if !ok {
		return 0, false
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, n >= 0
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !(f >= 0 && f < math.MaxInt64/2) {
		return 0, false
	}
	return int64(f), true
}

// link is an address that a browser may be sent to, "" when it is none.
func (o *object) link(name string) string {
	var s string
	if json.Unmarshal(o.fields[name], &s) != nil || len(s) > 2000 {
		return ""
	}
	if u, err := url.Parse(s); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return ""
	}
	return s
}
