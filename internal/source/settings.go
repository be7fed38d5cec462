package source

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Settings are a connection's settings as JSON values by field name.
type Settings map[string]json.RawMessage

// refuse is the error of a setting that cannot be used; id names the text in
// the message catalogue, below "setting.".
func (f Field) refuse(id, message string, args ...string) error {
	return &SettingError{Field: f.Name, Message: message, Phrase: Phrase{ID: "setting." + id, Args: args}}
}

// Text is a text setting, or the field's default.
func (s Settings) Text(f Field) (string, error) {
	raw, ok := s[f.Name]
	if !ok || string(raw) == "null" {
		return f.Default, nil
	}
	var v string
	if json.Unmarshal(raw, &v) == nil {
		return strings.TrimSpace(v), nil
	}
	var n json.Number // org_id: 123456 is what people write
	if json.Unmarshal(raw, &n) == nil {
		return n.String(), nil
	}
	return "", f.refuse("text", "must be a text")
}

// List is a list of texts; a text is taken as a comma-separated list.
func (s Settings) List(f Field) ([]string, error) {
	var v []string
	if raw, ok := s[f.Name]; ok && json.Unmarshal(raw, &v) != nil {
		text, err := s.Text(f)
		if err != nil {
			return nil, f.refuse("list", "must be a list of texts")
		}
		v = strings.Split(text, ",")
	} else if !ok {
		v = strings.Split(f.Default, ",")
	}
	var out []string
	for _, item := range v {
		if item = strings.TrimSpace(item); item != "" && !slices.Contains(out, item) {
			out = append(out, item)
		}
	}
	return out, nil
}

// Bool is a yes-or-no setting, or the field's default.
func (s Settings) Bool(f Field) (bool, error) {
	raw, ok := s[f.Name]
	if !ok || string(raw) == "null" {
		return f.Default == "true", nil
	}
	var v bool
	if json.Unmarshal(raw, &v) != nil {
		return false, f.refuse("bool", "must be true or false")
	}
	return v, nil
}

// Range is a number of days, weeks or months such as 365d, 52w or 12m.
func (s Settings) Range(f Field) (time.Duration, error) {
	text, err := s.Text(f)
	if err != nil {
		return 0, err
	}
	bad := f.refuse("range", fmt.Sprintf("not a number of days, weeks or months like 365d, 52w or 12m: %q", text), "value", text)
	if len(text) < 2 {
		return 0, bad
	}
	n, err := strconv.ParseUint(text[:len(text)-1], 10, 16)
	days, ok := map[byte]int{'d': 1, 'w': 7, 'm': 30}[text[len(text)-1]]
	if err != nil || !ok || n == 0 || int(n)*days > 36600 {
		return 0, bad
	}
	return time.Duration(n) * time.Duration(days) * 24 * time.Hour, nil
}

// ParsedURL is an http or https address without user, query and fragment.
func (s Settings) ParsedURL(f Field) (*url.URL, error) {
	text, err := s.Text(f)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, f.refuse("url", "not an address like https://example.com")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, f.refuse("url_extra", "an address must not hold a user, a query or a fragment")
	}
	return u, nil
}

// Validate checks names, types and options against the kind's fields, and
// reports all that is wrong joined, each as a *SettingError.
func (k *Kind) Validate(s Settings) error {
	var errs []error
	for name := range s {
		if !slices.ContainsFunc(k.Fields, func(f Field) bool { return f.Name == name }) {
			errs = append(errs, Field{Name: name}.refuse("unknown", "no such setting of "+k.Name))
		}
	}
	for _, f := range k.Fields {
		errs = append(errs, s.validate(f))
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return errors.Join(errs...)
}

func (s Settings) validate(f Field) error {
	var err error
	switch f.Type {
	case List:
		_, err = s.List(f)
	case Bool:
		_, err = s.Bool(f)
	case Duration:
		_, err = s.Range(f)
	case URL:
		_, err = s.ParsedURL(f)
	case Choice:
		var v string
		if v, err = s.Text(f); err == nil && !slices.Contains(f.Options, v) {
			err = f.refuse("choice", "not one of "+strings.Join(f.Options, ", "), "options", strings.Join(f.Options, ", "))
		}
	default:
		_, err = s.Text(f)
	}
	return err
}
