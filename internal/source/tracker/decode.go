package tracker

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

// maxText is the longest text that is kept of a field, in bytes.
const maxText = 64 << 10

// fault is what is wrong with a record, and where: a JSON path.
type fault struct{ path, message string }

func (f *fault) Error() string { return f.path + " " + f.message }

// object is a JSON object being read. The first thing wrong stays in fault;
// what is read after it means nothing.
type object struct {
	path   string
	fields map[string]json.RawMessage
	fault  *fault
}

func openObject(path string, raw json.RawMessage) *object {
	o := &object{path: path}
	if !isObject(raw) || json.Unmarshal(raw, &o.fields) != nil {
		o.fault = &fault{path, "is not an object"}
	}
	return o
}

func isObject(raw json.RawMessage) bool {
	raw = bytes.TrimLeft(raw, " \t\r\n")
	return len(raw) > 0 && raw[0] == '{'
}

// isNull is true for what is absent, too.
func isNull(raw json.RawMessage) bool {
	return len(raw) == 0 || string(bytes.TrimSpace(raw)) == "null"
}

func (o *object) at(name string) string { return o.path + "." + name }

func (o *object) keep(f *fault) {
	if o.fault == nil {
		o.fault = f
	}
}

// text is a text or a number as text; "" when absent.
func (o *object) text(name string) string {
	s, f := textOf(o.at(name), o.fields[name])
	o.keep(f)
	return s
}

// required is a text that must be there.
func (o *object) required(name string) string {
	s := o.text(name)
	if strings.TrimSpace(s) == "" {
		o.keep(&fault{o.at(name), "is missing"})
	}
	return s
}

func (o *object) instant(name string) delivery.Instant {
	i, f := instantOf(o.at(name), o.fields[name])
	o.keep(f)
	return i
}

func (o *object) date(name string) delivery.Date {
	s := o.text(name)
	if s == "" {
		return delivery.Date{}
	}
	if len(s) > len(time.DateOnly) && s[len(time.DateOnly)] == 'T' {
		s = s[:len(time.DateOnly)]
	}
	d, err := delivery.ParseDate(s)
	if err != nil {
		o.keep(&fault{o.at(name), "is not a date like 2026-01-31"})
	}
	return d
}

func (o *object) ref(name string) delivery.Ref {
	r, f := refOf(o.at(name), o.fields[name])
	o.keep(f)
	return r
}

// key is the key of a reference, "" when absent.
func (o *object) key(name string) string { return o.ref(name).Key }

// number is a count, 0 when absent; negative ones are 0.
func (o *object) number(name string) int {
	raw := o.fields[name]
	if isNull(raw) {
		return 0
	}
	var n float64
	if json.Unmarshal(raw, &n) != nil || math.Abs(n) > math.MaxInt32 {
		o.keep(&fault{o.at(name), "is not a number"})
		return 0
	}
	return max(int(n), 0)
}

func (o *object) decimal(name string) *float64 {
	raw := o.fields[name]
	if isNull(raw) {
		return nil
	}
	var n float64
	if json.Unmarshal(raw, &n) != nil {
		o.keep(&fault{o.at(name), "is not a number"})
		return nil
	}
	return &n
}

// list calls each for every element of a list, none when absent.
func (o *object) list(name string, each func(path string, raw json.RawMessage) *fault) {
	raw := o.fields[name]
	if isNull(raw) || o.fault != nil {
		return
	}
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil {
		o.keep(&fault{o.at(name), "is not a list"})
		return
	}
	for i, item := range items {
		o.keep(each(fmt.Sprintf("%s[%d]", o.at(name), i), item))
	}
}

func (o *object) texts(name string) []string {
	var out []string
	o.list(name, func(path string, raw json.RawMessage) *fault {
		s, f := textOf(path, raw)
		if s != "" {
			out = append(out, s)
		}
		return f
	})
	return out
}

// names are the names of a list of references.
func (o *object) names(name string) []string {
	var out []string
	o.list(name, func(path string, raw json.RawMessage) *fault {
		r, f := refOf(path, raw)
		if !r.IsZero() {
			out = append(out, r.Name)
		}
		return f
	})
	return out
}

func textOf(path string, raw json.RawMessage) (string, *fault) {
	if isNull(raw) {
		return "", nil
	}
	if len(raw) > maxText+2 && raw[0] == '"' {
		var s string
		if json.Unmarshal(raw, &s) != nil || len(s) > maxText {
			return "", tooLong(path, len(raw))
		}
	}
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s, nil
	}
	var n json.Number
	if json.Unmarshal(raw, &n) == nil && len(n) < 64 {
		return n.String(), nil
	}
	return "", &fault{path, "is not a text"}
}

func tooLong(path string, n int) *fault {
	return &fault{path, fmt.Sprintf("is too long: %d bytes, at most %d are kept", n, maxText)}
}

// Times outside these years are slips, not moments of anybody's work.
const firstYear, lastYear = 1980, 2200

// layouts of offsets; fractions of seconds are accepted by all of them.
var layouts = [...]string{
	"2006-01-02T15:04:05Z0700",
	"2006-01-02T15:04:05Z07:00",
	"2006-01-02T15:04:05Z07",
}

func instantOf(path string, raw json.RawMessage) (delivery.Instant, *fault) {
	if isNull(raw) {
		return 0, nil
	}
	var s string
	if json.Unmarshal(raw, &s) == nil {
		if s == "" {
			return 0, nil
		}
		for _, layout := range layouts {
			t, err := time.Parse(layout, s)
			if err == nil && t.Year() >= firstYear && t.Year() <= lastYear {
				return delivery.InstantOf(t), nil
			}
		}
	}
	return 0, &fault{path, "is not a time like 2026-01-31T12:00:00.000+0000"}
}

// refOf reads a reference to a user, status, queue or the like. Its name is
// never empty where there is a reference at all.
func refOf(path string, raw json.RawMessage) (delivery.Ref, *fault) {
	var r delivery.Ref
	if isNull(raw) {
		return r, nil
	}
	var o struct {
		ID, Key, Display, Name       json.RawMessage
		Login, CloudUID, PassportUID json.RawMessage
		Primary                      json.RawMessage
	}
	if !isObject(raw) || json.Unmarshal(raw, &o) != nil {
		return r, &fault{path, "is not an object"}
	}
	if isObject(o.Primary) && isNull(o.ID) && isNull(o.Key) {
		return refOf(path+".primary", o.Primary)
	}
	var bad *fault
	first := func(names []string, raws ...json.RawMessage) string {
		for i, raw := range raws {
			s, f := textOf(path+"."+names[i], raw)
			if bad == nil {
				bad = f
			}
			if s != "" {
				return s
			}
		}
		return ""
	}
	r.ID = first([]string{"id", "passportUid", "cloudUid"}, o.ID, o.PassportUID, o.CloudUID)
	r.Key = first([]string{"key"}, o.Key)
	r.Name = first([]string{"display", "name", "login", "key", "id"}, o.Display, o.Name, o.Login, o.Key, o.ID)
	if r.Name == "" {
		r.Name = r.ID
	}
	return r, bad
}

// integer is a whole number, 0 for anything else: organisations may have a
// field of their own where Tracker has its version.
func integer(raw json.RawMessage) int64 {
	n, err := strconv.ParseInt(string(bytes.TrimSpace(raw)), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// compact is raw without spaces; null when absent.
func compact(raw json.RawMessage) json.RawMessage {
	if isNull(raw) {
		return json.RawMessage("null")
	}
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return json.RawMessage("null")
	}
	return b.Bytes()
}

// sentence says what is wrong, beginning with the name of the field.
func (f *fault) sentence() string {
	name := f.path[strings.LastIndexByte(f.path, '.')+1:]
	if strings.HasPrefix(name, "$") {
		name = "it"
	}
	return name + " " + f.message
}

func (f *fault) problem(record string) source.Problem {
	return source.Problem{Record: record, Path: f.path, Message: f.sentence()}
}
