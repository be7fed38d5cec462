package github

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"throughline/internal/source"
)

const hookSecret = "It's a Secret to Everybody"

// receiver is a connection that only receives hooks.
func receiver(t testing.TB, settings source.Settings, secret string) source.Receiver {
	t.Helper()
	src, err := Kind().New(source.Config{
		Connection: "gh", Settings: settings, Secrets: map[string]string{"webhook_secret": secret},
	}, http.DefaultClient)
	if err != nil {
		t.Fatal(err)
	}
	return src.(source.Receiver)
}

func signed(body, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

func TestVerify(t *testing.T) {
	unsigned := source.Settings{"allow_unsigned": []byte("true")}
	withToken := source.Settings{"repositories": []byte(`"acme/pay"`)}
	// The example of GitHub's documentation.
	const known = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
	for name, c := range map[string]struct {
		settings        source.Settings
		secret          string
		body, signature string
		want            error
	}{
		"right":                        {nil, hookSecret, "Hello, World!", known, nil},
		"another secret":               {nil, "other", "Hello, World!", known, source.ErrSignature},
		"another body":                 {nil, hookSecret, "Hello, World?", known, source.ErrSignature},
		"none":                         {nil, hookSecret, "Hello, World!", "", source.ErrUnsigned},
		"no hex":                       {nil, hookSecret, "Hello, World!", "sha256=zz", source.ErrSignature},
		"another kind":                 {nil, hookSecret, "Hello, World!", "sha1=757107ea", source.ErrSignature},
		"cut short":                    {nil, hookSecret, "Hello, World!", known[:30], source.ErrSignature},
		"empty secret":                 {withToken, "", "Hello, World!", signed("Hello, World!", ""), source.ErrSignature},
		"allowed":                      {unsigned, "", "Hello, World!", "", nil},
		"allowed, a secret, none":      {unsigned, hookSecret, "Hello, World!", "", nil},
		"allowed, a secret, wrong one": {unsigned, hookSecret, "Hello, World!", signed("Hello, World!", "x"), source.ErrSignature},
	} {
		t.Run(name, func(t *testing.T) {
			secrets := map[string]string{"webhook_secret": c.secret, "token": "x"}
			src, err := Kind().New(source.Config{Settings: c.settings, Secrets: secrets}, http.DefaultClient)
			if err != nil {
				t.Fatal(err)
			}
			header := http.Header{}
			if c.signature != "" {
				header.Set("X-Hub-Signature-256", c.signature)
			}
			if got := src.(source.Receiver).Verify(header, []byte(c.body)); !errors.Is(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func recorded(t testing.TB, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func header(event, contentType, delivery string) http.Header {
	h := http.Header{"Content-Type": {contentType}}
	if event != "" {
		h.Set("X-GitHub-Event", event)
	}
	if delivery != "" {
		h.Set("X-GitHub-Delivery", delivery)
	}
	return h
}

func TestHook(t *testing.T) {
	const jsonType, formType = "application/json; charset=utf-8", "application/x-www-form-urlencoded"
	body := string(recorded(t, "workflow_run.completed.json"))
	r := receiver(t, source.Settings{"exclude": []byte(`"octo-org/old-*"`)}, hookSecret)
	h, err := r.Hook(header("workflow_run", jsonType, "72d3162e"), []byte(body))
	if err != nil || h.Event != "workflow_run" || h.Key != "72d3162e" || h.Ignored || string(h.Body) != body {
		t.Errorf("%+v, %v", h, err)
	}
	form := "payload=" + url.QueryEscape(body)
	if h, err := r.Hook(header("workflow_run", formType, "72d3162e"), []byte(form)); err != nil || string(h.Body) != body {
		t.Errorf("a form: %v", err)
	}
	one, err1 := r.Hook(header("workflow_run", jsonType, ""), []byte(body))
	two, err2 := r.Hook(header("workflow_run", formType, ""), []byte(form))
	other, err3 := r.Hook(header("workflow_job", jsonType, strings.Repeat("x", 201)), []byte(body))
	if err := errors.Join(err1, err2, err3); err != nil || one.Key != two.Key || one.Key == other.Key || len(one.Key) != 71 {
		t.Errorf("keys %s, %s, %s, %v", one.Key, two.Key, other.Key, err)
	}
	for event, text := range map[string]string{
		"ping": string(recorded(t, "ping.json")), "issues": string(recorded(t, "issues.opened.json")),
		"workflow_run": `{"repository":{"full_name":"Octo-Org/old-site"}}`,
	} {
		if h, err := r.Hook(header(event, jsonType, "1"), []byte(text)); err != nil || !h.Ignored {
			t.Errorf("%s: %+v, %v", event, h, err)
		}
	}
	for name, c := range map[string][3]string{
		"no event": {"", jsonType, `{}`}, "no type": {"ping", "", `{}`}, "text": {"ping", "text/plain", `{}`},
		"no JSON": {"ping", jsonType, `{`}, "a list": {"ping", jsonType, `[]`}, "null": {"ping", jsonType, `null`},
		"no payload": {"ping", formType, `x=1`}, "two payloads": {"ping", formType, `payload={}&payload={}`},
	} {
		var bad *source.BodyError
		if _, err := r.Hook(header(c[0], c[1], "1"), []byte(c[2])); !errors.As(err, &bad) || bad.Path != "$" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
