package dropin

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"throughline/internal/delivery"
)

// customColumn is a custom field with the column that it is written to.
type customColumn struct {
	field string // as the connection's settings have it
	name  string
	kind  kind
	null  bool // the column may be NULL
}

// localPrefix is what a queue's own fields have before their key.
var localPrefix = regexp.MustCompile(`^[0-9a-f]{16,}--`)

// fieldKey is the key of a field without what tells a queue's own apart.
func fieldKey(field string) string {
	if !strings.Contains(field, "--") {
		return field
	}
	return localPrefix.ReplaceAllString(field, "")
}

// customColumns are the columns of custom fields. Two fields must not share one,
// nor take one of ours.
func customColumns(fields []string) ([]customColumn, error) {
	var out []customColumn
	for _, field := range fields {
		name := snake(fieldKey(field))
		switch {
		case strings.Trim(name, "_") == "":
			return nil, fmt.Errorf("custom field %q: makes no name of a column", field)
		case slices.ContainsFunc(issueColumns, func(c column) bool { return c.name == name }):
			return nil, fmt.Errorf("custom field %q: its column %s is one that every issue has", field, name)
		}
		for _, c := range out {
			if c.name == name {
				return nil, fmt.Errorf("custom fields %q and %q: both would be column %s", c.field, field, name)
			}
		}
		out = append(out, customColumn{field: field, name: name, kind: text})
	}
	return out, nil
}

// custom adds the value of a custom field; one that the column cannot hold is
// left out.
func (r *row) custom(c *customColumn, rec *Record) {
	raw := bytes.TrimSpace(rec.Custom[c.field])
	null := len(raw) == 0 || string(raw) == "null"
	switch c.kind {
	case list:
		r.list(customTexts(raw, rec.People))
		return
	case instant, day:
		var at delivery.Instant
		at, ok := customTime(raw)
		null = null || !ok
		r.instant(at)
	case whole, flag:
		n, ok := customNumber(raw)
		null = null || !ok
		r.whole(int64(math.Round(min(max(n, math.MinInt64), math.MaxInt64/2))))
	case real:
		n, ok := customNumber(raw)
		null = null || !ok
		r.real(n)
	default:
		r.text(strings.Join(customTexts(raw, rec.People), ", "))
	}
	if cells := &r.f.cells[r.at-1]; c.null {
		cells.nulls = append(cells.nulls, null)
	}
}

// customTexts are a value's elements, or the value, as texts: of a person the
// e-mail, of anything else with a name that.
func customTexts(raw json.RawMessage, people map[string]delivery.Person) []string {
	if len(raw) == 0 {
		return nil
	}
	var out []string
	switch raw[0] {
	case '[':
		for _, item := range elements(raw) {
			out = append(out, customTexts(bytes.TrimSpace(item), people)...)
		}
		return out
	case '{':
		r, ok := referenceOf(raw)
		if !ok {
			return []string{string(raw)}
		}
		if email := people[r.id].Email; email != "" && r.key == "" && r.person() {
			return []string{strings.ToLower(email)}
		}
		return []string{cmp.Or(r.display, r.name, r.key, r.id)}
	case '"':
		s := unquote(raw)
		if t, ok := parseTime(s); ok {
			s = t.Format(isoTime)
		}
		return []string{s}
	case 'n':
		return nil
	}
	return []string{string(raw)}
}

func customTime(raw json.RawMessage) (delivery.Instant, bool) {
	s := scalar(raw)
	if t, ok := parseTime(s); ok {
		return delivery.InstantOf(t), true
	}
	d, err := delivery.ParseDate(s)
	if err != nil {
		return 0, false
	}
	var r row
	r.f = newFrame([]kind{day})
	r.day(d)
	return r.f.cells[0].times[0], true
}

func customNumber(raw json.RawMessage) (float64, bool) {
	switch string(raw) {
	case "true":
		return 1, true
	case "false":
		return 0, true
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(scalar(raw)), 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		return 0, false
	}
	return n, true
}
