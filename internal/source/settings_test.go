package source_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"throughline/internal/source"
)

var kind = source.Kind{Name: "tracker", Fields: []source.Field{
	{Name: "base_url", Type: source.URL, Default: "https://api.example.com"},
	{Name: "org_id", Type: source.Text},
	{Name: "queues", Type: source.List},
	{Name: "language", Type: source.Choice, Default: "en", Options: []string{"en", "ru"}},
	{Name: "initial_range", Type: source.Duration, Default: "365d"},
	{Name: "changelog", Type: source.Bool, Default: "true"},
}}

func settings(t *testing.T, text string) source.Settings {
	t.Helper()
	var s source.Settings
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func field(name string) source.Field {
	return kind.Fields[slices.IndexFunc(kind.Fields, func(f source.Field) bool { return f.Name == name })]
}

func TestSettingsDefaults(t *testing.T) {
	s := settings(t, `{"queues": null, "changelog": null}`)
	if err := kind.Validate(s); err != nil {
		t.Fatal(err)
	}
	if u, err := s.ParsedURL(field("base_url")); err != nil || u.String() != "https://api.example.com" {
		t.Errorf("base_url %v, %v", u, err)
	}
	if d, err := s.Range(field("initial_range")); err != nil || d != 365*24*time.Hour {
		t.Errorf("initial_range %v, %v", d, err)
	}
	if on, err := s.Bool(field("changelog")); err != nil || !on {
		t.Errorf("changelog %v, %v", on, err)
	}
	if list, err := s.List(field("queues")); err != nil || len(list) != 0 {
		t.Errorf("queues %q, %v", list, err)
	}
}

func TestSettingsValues(t *testing.T) {
	s := settings(t, `{"org_id": 123456789012345678, "queues": " DEV, !TEST,,DEV ", "initial_range": "52w", "base_url": "http://localhost:8080/v2"}`)
	if err := kind.Validate(s); err != nil {
		t.Fatal(err)
	}
	if id, err := s.Text(field("org_id")); err != nil || id != "123456789012345678" {
		t.Errorf("org_id %q, %v", id, err)
	}
	if list, err := s.List(field("queues")); err != nil || !slices.Equal(list, []string{"DEV", "!TEST"}) {
		t.Errorf("queues %q, %v", list, err)
	}
	if d, err := s.Range(field("initial_range")); err != nil || d != 364*24*time.Hour {
		t.Errorf("initial_range %v, %v", d, err)
	}
}

func TestValidateReportsAll(t *testing.T) {
	err := kind.Validate(settings(t, `{"base_url": "ftp://x", "org_id": {}, "queues": 5.5e3, "language": "de", "initial_range": "1y", "changelog": "yes", "quues": []}`))
	want := []string{
		"base_url: not an address like https://example.com",
		"changelog: must be true or false",
		`initial_range: not a number of days, weeks or months like 365d, 52w or 12m: "1y"`,
		"language: not one of en, ru",
		"org_id: must be a text",
		"quues: no such setting of tracker",
	}
	if err == nil || err.Error() != strings.Join(want, "\n") {
		t.Errorf("got\n%v", err)
	}
	var setting *source.SettingError
	if !errors.As(err, &setting) || setting.Field != "base_url" {
		t.Errorf("the first is %+v", setting)
	}
}

func TestParsedURLRefusesWhatCouldHoldASecret(t *testing.T) {
	for _, address := range []string{"https://user:pass@example.com", "https://example.com?token=x", "https://example.com#x", "example.com", "https://", "javascript:alert(1)", ""} {
		b, err := json.Marshal(address)
		if err != nil {
			t.Fatal(err)
		}
		if u, err := (source.Settings{"base_url": b}).ParsedURL(field("base_url")); err == nil {
			t.Errorf("%q: accepted as %s", address, u)
		} else if strings.Contains(err.Error(), "pass") || strings.Contains(err.Error(), "token=x") {
			t.Errorf("%q: the error repeats a secret: %v", address, err)
		}
	}
}

func TestAuthError(t *testing.T) {
	var err error = &source.AuthError{Code: "expired", Message: "The token has expired."}
	if !errors.Is(err, source.ErrAuth) || err.Error() != "The token has expired." {
		t.Errorf("%v", err)
	}
}
