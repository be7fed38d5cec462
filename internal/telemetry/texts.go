package telemetry

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"time"
)

// Text writes families of other programs that the registry cannot hold, in the text
// format 0.0.4.
type Text func(w io.Writer, now time.Time) error

// ExposeText makes each scrape begin with a text. It has to be at hand.
func (m *Metrics) ExposeText(text Text) { m.texts = append(m.texts, text) }

// textFormat is the only one that all families have.
const textFormat = "text/plain;version=0.0.4"

// answer answers a scrape with the texts and with what all says.
func (m *Metrics) answer(w http.ResponseWriter, r *http.Request, all http.Handler) {
	r = r.Clone(r.Context())
	r.Header.Set("Accept", textFormat)
	said := &heldAnswer{header: w.Header(), status: http.StatusOK}
	all.ServeHTTP(said, r)
	if said.status == http.StatusOK {
		var texts bytes.Buffer
		for _, text := range m.texts {
			if err := text(&texts, time.Now()); err != nil {
				http.Error(w, "metrics cannot be written", http.StatusInternalServerError)
				return
			}
		}
		said.before = texts.Bytes()
	}
	said.sendTo(w, strings.Contains(r.Header.Get("Accept-Encoding"), "gzip"))
}

// heldAnswer is an answer that something is put before.
type heldAnswer struct {
	header http.Header
	status int
	before []byte
	body   bytes.Buffer
}

func (a *heldAnswer) Header() http.Header         { return a.header }
func (a *heldAnswer) WriteHeader(status int)      { a.status = status }
func (a *heldAnswer) Write(b []byte) (int, error) { return a.body.Write(b) }

// sendTo sends the answer. That nobody reads it to its end is nobody's fault here.
func (a *heldAnswer) sendTo(w http.ResponseWriter, zipped bool) {
	if !zipped {
		w.WriteHeader(a.status)
		_, _ = w.Write(a.before)
		_, _ = w.Write(a.body.Bytes())
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	w.WriteHeader(a.status)
	z := gzip.NewWriter(w)
	_, _ = z.Write(a.before)
	_, _ = z.Write(a.body.Bytes())
	_ = z.Close()
}
