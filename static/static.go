// Package static holds the files that browsers fetch: the stylesheet, scripts
// and icon. Each is served under a name with its own hash, to be kept for ever,
// and compressed once.
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

//go:embed *.css *.js *.svg vendor/*.js
var files embed.FS

type asset struct {
	contentType string
	plain       []byte
	zipped      func() []byte
}

type index struct {
	urls   map[string]string // by file name
	assets map[string]asset  // by hashed name
}

var assets = sync.OnceValue(func() index {
	ix := index{urls: map[string]string{}, assets: map[string]asset{}}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(data)
		ext := path.Ext(name)
		hashed := strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext
		ix.urls[name] = "/static/" + hashed
		ix.assets[hashed] = asset{
			contentType: mime.TypeByExtension(ext),
			plain:       data,
			zipped:      sync.OnceValue(func() []byte { return compress(data) }),
		}
		return nil
	})
	if err != nil {
		panic(err) // embedded files are there
	}
	return ix
})

func compress(data []byte) []byte {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		panic(err) // the level is a constant
	}
	// A bytes.Buffer does not fail.
	_, _ = w.Write(data)
	_ = w.Close()
	return b.Bytes()
}

// URL is the path of a file, below the base path of the site: /static/app.….css
// for app.css. An unknown name gives a path that is not found.
func URL(name string) string {
	if url, ok := assets().urls[name]; ok {
		return url
	}
	return "/static/" + name
}

// Handler serves what URL names. It expects paths that begin with /static/.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := assets().assets[strings.TrimPrefix(r.URL.Path, "/static/")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		body := a.plain
		h := w.Header()
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			body = a.zipped()
			h.Set("Content-Encoding", "gzip")
		}
		h.Set("Vary", "Accept-Encoding")
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("Content-Type", a.contentType)
		h.Set("Content-Length", strconv.Itoa(len(body)))
		if r.Method != http.MethodHead {
			_, _ = w.Write(body) // a browser that went away
		}
	})
}
