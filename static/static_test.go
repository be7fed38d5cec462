package static

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
)

func get(t *testing.T, path, encoding string) *http.Response {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	req.Header.Set("Accept-Encoding", encoding)
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, req)
	return w.Result()
}

func TestFilesAreServedUnderTheirHash(t *testing.T) {
	for name, contentType := range map[string]string{
		"app.css":                      "text/css; charset=utf-8",
		"app.js":                       "text/javascript; charset=utf-8",
		"icon.svg":                     "image/svg+xml",
		"vendor/htmx.min.js":           "text/javascript; charset=utf-8",
		"vendor/echarts.common.min.js": "text/javascript; charset=utf-8",
	} {
		url := URL(name)
		if !regexp.MustCompile(`^/static/[a-z./]+\.[0-9a-f]{12}\.[a-z]+$`).MatchString(url) {
			t.Errorf("URL(%q) = %q", name, url)
		}
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		plain := get(t, url, "")
		body, err := io.ReadAll(plain.Body)
		if err != nil || string(body) != string(want) {
			t.Errorf("%s differs from its file: %v", name, err)
		}
		if got := plain.Header.Get("Content-Type"); got != contentType {
			t.Errorf("%s is %q", name, got)
		}
		if got := plain.Header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
			t.Errorf("%s is kept as %q", name, got)
		}
		zipped := get(t, url, "gzip, br")
		if zipped.Header.Get("Content-Encoding") != "gzip" {
			t.Fatalf("%s is not compressed", name)
		}
		r, err := gzip.NewReader(zipped.Body)
		if err != nil {
			t.Fatal(err)
		}
		if body, err = io.ReadAll(r); err != nil || string(body) != string(want) {
			t.Errorf("%s compressed differs from its file: %v", name, err)
		}
	}
}

func TestUnknownFiles(t *testing.T) {
	for _, path := range []string{"/static/app.css", "/static/app.000000000000.css", "/static/", "/static/../static.go", URL("nothing.css")} {
		if res := get(t, path, ""); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s answers %d", path, res.StatusCode)
		}
	}
}

// Vendored files are what LICENSES.txt says they are.
func TestVendoredFilesAreUnchanged(t *testing.T) {
	notes, err := os.ReadFile("vendor/LICENSES.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"htmx.min.js", "echarts.common.min.js"} {
		data, err := os.ReadFile("vendor/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(data); !strings.Contains(string(notes), hex.EncodeToString(sum[:])) {
			t.Errorf("%s has another hash than LICENSES.txt", name)
		}
	}
}

func TestStylesheetFetchesNothing(t *testing.T) {
	data, err := os.ReadFile("app.css")
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"url(", "@import", "http:", "https:"} {
		if strings.Contains(string(data), bad) {
			t.Errorf("app.css holds %q", bad)
		}
	}
}

// TestStylesheetIsWhole: blocks that are closed where they should be. A brace
// that is lost hides what follows from wide windows or from screens, and no
// browser complains.
func TestStylesheetIsWhole(t *testing.T) {
	data, err := files.ReadFile("app.css")
	if err != nil {
		t.Fatal(err)
	}
	depth := 0
	for i, line := range strings.Split(string(data), "\n") {
		if depth != 0 && (strings.HasPrefix(line, "/* ") || strings.HasPrefix(line, "@")) {
			t.Errorf("line %d begins inside of a block: %s", i+1, line)
			depth = 0
		}
		depth += strings.Count(line, "{") - strings.Count(line, "}")
		if depth < 0 || depth > 2 {
			t.Errorf("line %d: %d blocks are open: %s", i+1, depth, line)
			depth = 0
		}
	}
	if depth != 0 {
		t.Errorf("%d blocks are open at the end", depth)
	}
}
