package sentry

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"throughline/internal/source"
)

const hookSecret = "client secret"

func receiver(t testing.TB, settings map[string]any) *Source {
	t.Helper()
	all := map[string]any{"organization": "acme"}
	for name, value := range settings {
		all[name] = value
	}
	s := source.Settings{}
	for name, value := range all {
		raw, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		s[name] = raw
	}
	src, err := Kind().New(source.Config{Settings: s, Secrets: map[string]string{"webhook_secret": hookSecret}}, http.DefaultClient)
	if err != nil {
		t.Fatal(err)
	}
	return src.(*Source)
}

func signed(body, secret string) http.Header {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	h := http.Header{}
	h.Set("Sentry-Hook-Signature", hex.EncodeToString(mac.Sum(nil)))
	return h
}

func TestVerify(t *testing.T) {
	body := `{"action":"created"}`
	strict, lax := receiver(t, nil), receiver(t, map[string]any{"allow_unsigned": true})
	for name, c := range map[string]struct {
		s      *Source
		header http.Header
		want   error
	}{
		"signed":                       {strict, signed(body, hookSecret), nil},
		"unsigned":                     {strict, http.Header{}, source.ErrUnsigned},
		"another secret":               {strict, signed(body, "x"), source.ErrSignature},
		"another body":                 {strict, signed(body+" ", hookSecret), source.ErrSignature},
		"no signature at all":          {strict, http.Header{"Sentry-Hook-Signature": {"zz"}}, source.ErrSignature},
		"unsigned where it may be":     {lax, http.Header{}, nil},
		"wrongly signed, if it may be": {lax, signed(body, "x"), source.ErrSignature},
	} {
		if err := c.s.Verify(c.header, []byte(body)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestHook(t *testing.T) {
	s := receiver(t, nil)
	hook := func(resource, id, body string) (source.Hook, error) {
		h := http.Header{}
		h.Set("Sentry-Hook-Resource", resource)
		h.Set("Request-ID", id)
		return s.Hook(h, []byte(body))
	}
	for _, c := range []struct {
		resource, body, event string
		ignored               bool
	}{
		{"issue", `{"action":"created"}`, "issue.created", false},
		{"issue", `{"action":"archived"}`, "issue.archived", false},
		{"issue", `{"action":"seen"}`, "issue.seen", true},
		{"event_alert", `{"action":"triggered"}`, "event_alert.triggered", false},
		{"metric_alert", `{"action":"resolved"}`, "metric_alert.resolved", false},
		{"error", `{"action":"created"}`, "error.created", true},
		{"installation", `{"action":"created"}`, "installation.created", true},
		{"comment", `{"action":5}`, "comment", true},
	} {
		h, err := hook(c.resource, "", c.body)
		if err != nil || h.Event != c.event || h.Ignored != c.ignored || !strings.HasPrefix(h.Key, "sha256:") {
			t.Errorf("%+v: %+v %v", c, h, err)
		}
	}
	a, _ := hook("issue", "r1", `{"action":"created"}`)
	again, _ := hook("issue", "r1", `{"action":"created"}`)
	other, _ := hook("issue", "r1", `{"action":"created","x":1}`)
	later, _ := hook("issue", "r2", `{"action":"created"}`)
	if a.Key != again.Key || a.Key == other.Key || a.Key == later.Key {
		t.Errorf("keys %q %q %q %q", a.Key, again.Key, other.Key, later.Key)
	}
	for _, bad := range [][2]string{{"", "{}"}, {"Issue!", "{}"}, {"issue", "[]"}, {"issue", "null"}, {"issue", "x"}} {
		if _, err := hook(bad[0], "", bad[1]); err == nil {
			t.Errorf("%v is taken", bad)
		}
	}
}
