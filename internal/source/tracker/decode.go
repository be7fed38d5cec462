package tracker

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

// maxText is the longest text that is kept of a field, in bytes.
const maxText = 64 << 10

// sentence says what is wrong, beginning with the name of the field.
func (f *fault) sentence() string {
	return cmp.Or(f.field(), "it") + " " + f.message
}

// field is the name of what is wrong, "" where it has none.
func (f *fault) field() string {
	name := f.path[strings.LastIndexByte(f.path, '.')+1:]
	if strings.HasPrefix(name, "$") {
		return ""
	}
	return name
}

func (f *fault) problem(record string) source.Problem {
	return source.Problem{Record: record, Path: "$" + f.path, Message: f.sentence(), Phrase: f.said()}
}

// said is the sentence in the reader's language.
func (f *fault) said() source.Phrase {
	p := f.phrase
	p.Args = append([]string{"field", f.field()}, p.Args...)
	return p
}

// object is a JSON object being read. The first thing wrong stays in fault;
// what is read after it means nothing.
type object struct {
	fields map[string]json.RawMessage
	fault  *fault
}

func openObject(raw json.RawMessage) *object {
	o := &object{fields: map[string]json.RawMessage{}}
	if !members(raw, func(name []byte, value json.RawMessage) { o.fields[string(name)] = value }) {
		o.fault = wrong("object", "is not an object")
	}
	return o
}

// keep notes what is wrong with a field.
func (o *object) keep(name string, f *fault) {
	if o.fault == nil {
		o.fault = f.in("." + name)
	}
}

// text is a text or a number as text; "" when absent.
func (o *object) text(name string) string {
	s, f := textOf(o.fields[name])
	o.keep(name, f)
	return s
}

// required is a text that must be there.
func (o *object) required(name string) string {
	s := strings.TrimSpace(o.text(name))
	if s == "" {
		o.missing(name)
	}
	return s
}

func (o *object) missing(name string) { o.keep(name, wrong("missing", "is missing")) }

func (o *object) instant(name string) delivery.Instant {
	i, f := instantOf(o.fields[name])
	o.keep(name, f)
	return i
}

func (o *object) date(name string) delivery.Date {
	s := o.text(name)
	if s == "" {
		return delivery.Date{}
	}
	day, _, _ := strings.Cut(s, "T")
	d, err := delivery.ParseDate(day)
	if err != nil {
		o.keep(name, wrong("date", "is not a date like 2026-01-31"))
	}
	return d
}

func (o *object) ref(name string) delivery.Ref {
	r, f := refOf(o.fields[name])
	o.keep(name, f)
	return r
}

// number is a count, 0 when absent or negative.
func (o *object) number(name string) int {
	n := o.decimal(name)
	switch {
	case n == nil:
		return 0
	case math.Abs(*n) > math.MaxInt32:
		o.keep(name, wrong("count", "is no count"))
		return 0
	}
	return max(int(*n), 0)
}

// decimal is a number, or a text that holds one; nil when absent.
func (o *object) decimal(name string) *float64 {
	s := strings.TrimSpace(o.text(name))
	if s == "" {
		return nil
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		o.keep(name, wrong("number", "is not a number"))
		return nil
	}
	return &n
}

// list calls each for every element of a list, none when absent.
func (o *object) list(name string, each func(raw json.RawMessage) *fault) {
	if isNull(o.fields[name]) {
		return
	}
	items, ok := elements(o.fields[name])
	if !ok {
		o.keep(name, wrong("list", "is not a list"))
	}
	for i, item := range items {
		o.keep(name, each(item).at(i))
	}
}

func (o *object) texts(name string) []string {
	var out []string
	o.list(name, func(raw json.RawMessage) *fault {
		s, f := textOf(raw)
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
	o.list(name, func(raw json.RawMessage) *fault {
		r, f := refOf(raw)
		if r.Name != "" {
			out = append(out, r.Name)
		}
		return f
	})
	return out
}

func textOf(raw json.RawMessage) (string, *fault) {
	switch {
	case isNull(raw):
		return "", nil
	case raw[0] == '"':
		s := unquoted(raw)
		if len(s) > maxText {
			return "", tooLong(len(s))
		}
		return string(s), nil
	case (raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9') && len(raw) < 64:
		return string(raw), nil
	}
	return "", wrong("text", "is not a text")
}

func tooLong(n int) *fault {
	return wrong("long", fmt.Sprintf("is too long: %d bytes, and at most %d are kept", n, maxText), "bytes", strconv.Itoa(n), "most", strconv.Itoa(maxText))
}

// Times outside these years are slips, not moments of anybody's work.
const firstYear, lastYear = 1980, 2200

// layouts of offsets; fractions of seconds are accepted by all of them.
var layouts = [...]string{
	"2006-01-02T15:04:05Z0700",
	"2006-01-02T15:04:05Z07:00",
	"2006-01-02T15:04:05Z07",
}

func instantOf(raw json.RawMessage) (delivery.Instant, *fault) {
	s, f := textOf(raw)
	if s == "" && f == nil {
		return 0, nil
	}
	for _, layout := range layouts {
		t, err := time.Parse(layout, s)
		if err == nil && t.Year() >= firstYear && t.Year() <= lastYear {
			return delivery.InstantOf(t), nil
		}
	}
	return 0, wrong("time", "is not a time like 2026-01-31T12:00:00.000+0000")
}

// refOf reads a reference to a user, status, queue or the like. It has a name
// whenever it has anything.
func refOf(raw json.RawMessage) (r delivery.Ref, bad *fault) {
	if isNull(raw) {
		return r, nil
	}
	var passport, cloud, name, login string
	var primary json.RawMessage
	isRef := members(raw, func(member []byte, value json.RawMessage) {
		var to *string
		switch string(member) {
		case "id":
			to = &r.ID
		case "key":
			to = &r.Key
		case "display":
			to = &r.Name
		case "name":
			to = &name
		case "login":
			to = &login
		case "passportUid":
			to = &passport
		case "cloudUid":
			to = &cloud
		case "primary": // of an issue's projects
			primary = value
			return
		default:
			return
		}
		var f *fault
		if *to, f = textOf(value); bad == nil {
			bad = f.in("." + string(member))
		}
	})
	if !isRef {
		return r, wrong("object", "is not an object")
	}
	if r == (delivery.Ref{}) && isObject(primary) {
		r, bad = refOf(primary)
		return r, bad.in(".primary")
	}
	r.ID = cmp.Or(r.ID, passport, cloud)
	r.Name = cmp.Or(r.Name, name, login, r.Key, r.ID)
	return r, bad
}

// integer is a whole number, 0 for anything else: organisations may have a
// field of their own where Tracker has its version.
func integer(raw json.RawMessage) int64 {
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// compact is a copy of raw without spaces; null when absent.
func compact(raw json.RawMessage) json.RawMessage {
	if isNull(raw) {
		return json.RawMessage("null")
	}
	b := bytes.NewBuffer(make([]byte, 0, len(raw)))
	if json.Compact(b, raw) != nil { // valid, as all here
		return json.RawMessage("null")
	}
	return b.Bytes()
}

// clean is body in valid UTF-8.
func clean(body []byte) []byte {
	if utf8.Valid(body) {
		return body
	}
	return bytes.ToValidUTF8(body, []byte("\ufffd"))
}
