package catalog

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"throughline/internal/safehttp"
)

// backstage answers like one that is under /base and wants a token.
func backstage(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		const filter = "metadata.annotations.github.com/project-slug="
		repository, ok := strings.CutPrefix(r.URL.Query().Get("filter"), filter)
		switch {
		case r.URL.Path != "/base/api/catalog/entities" || !ok || r.Method != http.MethodGet:
			http.Error(w, "not found", http.StatusNotFound)
		case r.Header.Get("Authorization") != "Bearer good":
			http.Error(w, "no", http.StatusUnauthorized)
		case repository == "acme/pay":
			http.ServeFile(w, r, filepath.Join("testdata", "entities.json"))
		default:
			_, _ = io.WriteString(w, "[]")
		}
	}))
	t.Cleanup(server.Close)
	return server
}

func TestOwner(t *testing.T) {
	server := backstage(t)
	tests := []struct {
		name, endpoint, annotation, token, repository string
		owner, code                                   string
	}{
		{"known", "/base", "github.com/project-slug", "good", "acme/pay", "group:default/platform", ""},
		{"a slash behind", "/base/", "github.com/project-slug", "good", "acme/pay", "group:default/platform", ""},
		{"of nobody", "/base", "github.com/project-slug", "good", "acme/new", "", ""},
		{"another token", "/base", "github.com/project-slug", "bad", "acme/pay", "", Denied},
		{"no token", "/base", "github.com/project-slug", "", "acme/pay", "", Denied},
		{"another path", "", "github.com/project-slug", "good", "acme/pay", "", Status},
		{"another annotation", "/base", "gitlab.com/project-slug", "good", "acme/pay", "", Status},
		{"no address", "\x7f", "x", "", "acme/pay", "", Unreachable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := New(server.Client(), server.URL+tt.endpoint, tt.annotation, tt.token)
			owner, err := b.Owner(t.Context(), tt.repository)
			if owner != tt.owner || code(err) != tt.code {
				t.Errorf("owner %q, error %v", owner, err)
			}
		})
	}
}

func code(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return ""
}

func TestOwnerDown(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	_, err := New(http.DefaultClient, server.URL, "a", "secret-token").Owner(t.Context(), "acme/pay")
	if code(err) != Unreachable || strings.Contains(err.Error(), "acme") || strings.Contains(err.Error(), "secret-token") {
		t.Errorf("down: %v", err)
	}
	_, err = New(safehttp.Client(nil, time.Second), "http://127.0.0.1:1", "a", "").Owner(t.Context(), "acme/pay")
	if code(err) != Blocked || !strings.Contains(err.Error(), "THROUGHLINE_ALLOWED_NETWORKS") {
		t.Errorf("blocked: %v", err)
	}
}

func TestOwnerOfWrongAnswers(t *testing.T) {
	for name, answer := range map[string]string{
		"no JSON": "<html>", "no list": `{"items": []}`, "cut off": `[{"spec": {"own`, "a number": `[{"spec": {"owner": 1}}]`,
		"too long": "[" + strings.Repeat(" ", maxAnswer) + "]",
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) }))
			defer server.Close()
			if owner, err := New(server.Client(), server.URL, "a", "").Owner(t.Context(), "acme/pay"); owner != "" || code(err) != Unreadable {
				t.Errorf("owner %q, error %v", owner, err)
			}
		})
	}
}

// silent never answers.
type silent struct{}

func (silent) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestOwnerSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(&http.Client{Transport: silent{}}, "http://backstage.example.com", "a", "")
		begun := time.Now()
		_, err := b.Owner(t.Context(), "acme/pay")
		if code(err) != Unreachable || err.Error() != "no answer within 10s" || time.Since(begun) != timeout {
			t.Errorf("after %s: %v", time.Since(begun), err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := b.Owner(ctx, "acme/pay"); !errors.Is(err, context.Canceled) || code(err) != "" {
			t.Errorf("at a stop: %v", err)
		}
	})
}

func FuzzDecode(f *testing.F) {
	data, err := os.ReadFile(filepath.Join("testdata", "entities.json"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`[{"spec":{"owner":null}},null]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := decode(data); err != nil && code(err) != Unreadable {
			t.Errorf("error %v", err)
		}
	})
}
