package ci

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"throughline/internal/delivery"
)

// fields reads the members of one object. What is wrong goes to the problems and
// reads as not said, so that one reading finds every error.
type fields struct {
	at     string // path of the object
	object *object
	wrong  *problems
}

// fieldsOf reports whether v is an object, and complains unless it is.
func fieldsOf(v any, at string, wrong *problems) (fields, bool) {
	o, ok := v.(*object)
	if !ok {
		wrong.add(at, "must be an object")
		return fields{}, false
	}
	f := fields{at, o, wrong}
	for _, key := range o.repeated {
		f.reject(key, "is given more than once")
	}
	return f, true
}

// value is nil both for null and for what is not there.
func (f fields) value(name string) any { return f.object.values[name] }

func (f fields) has(name string) bool {
	_, ok := f.object.values[name]
	return ok
}

func (f fields) reject(name, message string) { f.wrong.add(f.path(name), message) }

// plainKey reports whether a key needs no quotes in a path. It is asked about each
// object of each push, for which a regular expression is too slow.
func plainKey(key string) bool {
	for i := range len(key) {
		c := key[i]
		letter := c == '_' || 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return key != ""
}

// path is that of a member. A key too long to be a name is cut.
func (f fields) path(key string) string {
	if len(key) > maxName {
		key = strings.ToValidUTF8(key[:maxName], "") + "…"
	}
	if plainKey(key) {
		return f.at + "." + key
	}
	return f.at + "[" + strconv.Quote(key) + "]"
}

// require complains about members that are missing or null.
func (f fields) require(names ...string) {
	f.requireKeys(names...)
	for _, name := range names {
		if f.has(name) && f.value(name) == nil {
			f.reject(name, "must not be null")
		}
	}
}

// requireKeys complains about members that are missing; null will do.
func (f fields) requireKeys(names ...string) {
	for _, name := range names {
		if !f.has(name) {
			f.reject(name, "is required")
		}
	}
}

// only complains about members of other names.
func (f fields) only(names []string) {
	for _, key := range f.object.keys {
		if slices.Contains(names, key) {
			continue
		}
		if near := nearest(names, key); near != "" {
			f.reject(key, fmt.Sprintf("is not a known field, did you mean %q?", near))
		} else {
			f.reject(key, "is not a known field")
		}
	}
}

// text is at most limit bytes long, "" when not said.
func (f fields) text(name string, limit int) string {
	switch v := f.value(name).(type) {
	case nil:
	case string:
		if message := wrongText(v, limit); message != "" {
			f.reject(name, message)
			return ""
		}
		return v
	default:
		f.reject(name, "must be text")
	}
	return ""
}

// wrongText is what is wrong with s, "" for nothing.
func wrongText(s string, limit int) string {
	switch {
	case len(s) > limit:
		return fmt.Sprintf("is longer than %d bytes", limit)
	case strings.ContainsRune(s, 0):
		return "must not hold the character U+0000"
	}
	return ""
}

// wrongName is what is wrong with s as a name, "" for nothing.
func wrongName(s string, limit int) string {
	if strings.TrimSpace(s) == "" {
		return "must not be empty"
	}
	return wrongText(s, limit)
}

// name is a required text that is not blank.
func (f fields) name(name string) string {
	f.require(name)
	s, ok := f.value(name).(string)
	if !ok {
		return f.text(name, maxName)
	}
	if message := wrongName(s, maxName); message != "" {
		f.reject(name, message)
		return ""
	}
	return s
}

// branch is a ref without the prefix that makes a branch of it. It is cut for as
// long as it is there: a branch is never stored under a name that reads otherwise
// the next time.
func (f fields) branch(name string) string {
	s := f.text(name, maxName)
	for {
		rest, cut := strings.CutPrefix(s, "refs/heads/")
		if !cut {
			return s
		}
		s = rest
	}
}

var hexSHA = regexp.MustCompile(`^[0-9a-f]{7,64}$`)

// sha is in lower case, "" when not said.
func (f fields) sha(name string) string {
	s := strings.ToLower(f.text(name, maxName))
	if s != "" && !hexSHA.MatchString(s) {
		f.reject(name, "must be 7 to 64 hexadecimal digits")
		return ""
	}
	return s
}

// flag is false when not said.
func (f fields) flag(name string) bool {
	v := f.value(name)
	b, ok := v.(bool)
	if v != nil && !ok {
		f.reject(name, "must be true or false")
	}
	return b
}

// whole is a whole number, otherwise when not said.
func (f fields) whole(name string, low, high, otherwise int64) int64 {
	v := f.value(name)
	if v == nil {
		return otherwise
	}
	if number, ok := v.(json.Number); ok {
		if n, err := strconv.ParseInt(number.String(), 10, 64); err == nil && low <= n && n <= high {
			return n
		}
	}
	f.reject(name, fmt.Sprintf("must be a whole number from %d to %d", low, high))
	return otherwise
}

// time is 0 when not said.
func (f fields) time(name string) delivery.Instant {
	v := f.value(name)
	if v == nil {
		return 0
	}
	s, ok := v.(string)
	if !ok {
		f.reject(name, wrongTime)
		return 0
	}
	at, message := parseTime(s)
	if message != "" {
		f.reject(name, message)
	}
	return at
}

// ordered complains about an end before its beginning.
func (f fields) ordered(created, started, finished delivery.Instant) {
	switch {
	case !finished.Known():
	case finished < started:
		f.reject("finished_at", "is before started_at")
	case finished < created:
		f.reject("finished_at", "is before created_at")
	}
}

// objects are the elements of an array of objects.
func (f fields) objects(name string, limit int) []fields {
	v := f.value(name)
	if v == nil {
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		f.reject(name, "must be an array")
		return nil
	}
	if len(list) > limit {
		f.reject(name, fmt.Sprintf("has more than %d elements", limit))
		return nil
	}
	var all []fields
	for i, v := range list {
		if element, ok := fieldsOf(v, fmt.Sprintf("%s[%d]", f.path(name), i), f.wrong); ok {
			all = append(all, element)
		}
	}
	return all
}
