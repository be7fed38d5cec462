package dropin

import (
	"bytes"
	"cmp"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"throughline/internal/delivery"
)

const (
	maxChange = 100 // characters of a changed text
	// longText is what the predecessor wrote in place of a longer one.
	longText = "text too long, see history in UI"

	isoTime = "2006-01-02T15:04:05.000" // UTC
)

// layouts of the times that a source sends; fractions are accepted by both.
var layouts = [...]string{"2006-01-02T15:04:05Z0700", time.RFC3339}

// parseTime reads a time of a source.
func parseTime(s string) (time.Time, bool) {
	if len(s) < len("2006-01-02T15:04:05Z") || s[4] != '-' || s[10] != 'T' {
		return time.Time{}, false
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// scalar is a JSON text or number as text, "" for all else.
func scalar(raw json.RawMessage) string {
	if len(raw) == 0 {
		return ""
	}
	switch {
	case raw[0] == '"':
		return unquote(raw)
	case raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9':
		return string(raw)
	}
	return ""
}

// unquote is the text of a JSON string; most have nothing to decode.
func unquote(raw []byte) string {
	if n := len(raw); n >= 2 && raw[n-1] == '"' && bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : n-1])
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// reference is an object that names something in the source.
type reference struct {
	self, id, key, display, name, passport, cloud string
}

// person reports whether the reference names one, as far as it tells.
func (r *reference) person() bool {
	return r.self == "" || strings.Contains(r.self, "/users/")
}

// referenceOf reads an object; ok is false when it names nothing.
func referenceOf(raw json.RawMessage) (r reference, ok bool) {
	if !flat(raw, &r) {
		var fields map[string]json.RawMessage
		if json.Unmarshal(raw, &fields) != nil {
			return r, false
		}
		r = reference{}
		for name, value := range fields {
			r.set([]byte(name), scalar(value))
		}
	}
	r.id = cmp.Or(r.id, r.passport, r.cloud)
	return r, r.id != "" || r.key != ""
}

func (r *reference) set(name []byte, value string) {
	switch string(name) {
	case "self":
		r.self = value
	case "id":
		r.id = value
	case "key":
		r.key = value
	case "display":
		r.display = value
	case "name":
		r.name = value
	case "passportUid":
		r.passport = value
	case "cloudUid":
		r.cloud = value
	}
}

// flat reads an object whose members are texts without escapes and plain
// values, as nearly all are; it gives up on any other.
func flat(raw []byte, r *reference) bool {
	if len(raw) < 2 || raw[0] != '{' {
		return false
	}
	raw = raw[1:]
	for {
		if len(raw) == 0 || raw[0] != '"' {
			return len(raw) == 1 && raw[0] == '}'
		}
		name, rest, ok := plainText(raw)
		if !ok || len(rest) < 2 || rest[0] != ':' {
			return false
		}
		rest = rest[1:]
		var value []byte
		if rest[0] == '"' {
			if value, rest, ok = plainText(rest); !ok {
				return false
			}
		} else {
			end := bytes.IndexAny(rest, ",}")
			if end <= 0 || bytes.ContainsAny(rest[:end], "[{\" \n\t") {
				return false
			}
			if first := rest[0]; first == '-' || first >= '0' && first <= '9' {
				value = rest[:end]
			}
			rest = rest[end:]
		}
		r.set(name, string(value))
		if len(rest) == 0 {
			return false
		}
		if rest[0] == ',' {
			rest = rest[1:]
		}
		raw = rest
	}
}

// plainText is a text without escapes at the beginning of raw.
func plainText(raw []byte) (value, rest []byte, ok bool) {
	end := bytes.IndexByte(raw[1:], '"')
	if end < 0 || bytes.IndexByte(raw[1:1+end], '\\') >= 0 {
		return nil, nil, false
	}
	return raw[1 : 1+end], raw[end+2:], true
}

// named is what a reference is called: its key, else the e-mail in lower case,
// else the name, else the id.
func (r *reference) named(people map[string]delivery.Person) string {
	if r.key != "" {
		return r.key
	}
	if r.person() {
		if email := people[r.id].Email; email != "" {
			return strings.ToLower(email)
		}
	}
	return cmp.Or(r.display, r.name, r.id)
}

// changed is a side of a changed field as text.
func changed(raw json.RawMessage, people map[string]delivery.Person) string {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return ""
	}
	switch raw[0] {
	case '"':
		return changedText(unquote(raw))
	case '[':
		return joined(raw, func(item json.RawMessage) string { return changed(item, people) })
	case '{':
		if r, ok := referenceOf(raw); ok {
			return r.named(people)
		}
		return string(raw)
	case 't':
		return "True"
	case 'f':
		return "False"
	case 'n':
		return ""
	}
	return string(raw)
}

func changedText(s string) string {
	if t, ok := parseTime(s); ok {
		return t.Format(isoTime)
	}
	if len(s) > maxChange && utf8.RuneCountInString(s) > maxChange {
		return longText
	}
	return s
}

// joined are the elements of a list with commas between them.
func joined(raw json.RawMessage, text func(json.RawMessage) string) string {
	items := elements(raw)
	if len(items) == 1 {
		return text(items[0])
	}
	parts := make([]string, len(items))
	for i, item := range items {
		parts[i] = text(item)
	}
	return strings.Join(parts, ", ")
}

func elements(raw json.RawMessage) []json.RawMessage {
	if len(raw) == 2 {
		return nil
	}
	if len(raw) > 2 && raw[1] == '{' { // most lists are of one thing
		var r reference
		if flat(raw[1:len(raw)-1], &r) {
			return []json.RawMessage{raw[1 : len(raw)-1]}
		}
	}
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil {
		return nil
	}
	return items
}
