package sourcetest

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"sync"
)

// exchange is a recorded request and its answer. Of the request, what is left
// out may be anything.
type exchange struct {
	Request struct {
		Method string            `json:"method"`
		Path   string            `json:"path"`
		Query  map[string]string `json:"query"` // "" for absent
		Body   string            `json:"body"`  // part of it
	} `json:"request"`
	Response struct {
		Status int               `json:"status"` // 200 when left out
		Header map[string]string `json:"header"`
		Body   json.RawMessage   `json:"body"`
	} `json:"response"`
}

// Replay answers requests as they were answered when they were recorded.
type Replay struct {
	mu        sync.Mutex
	exchanges []exchange
	used      []int
	missed    []string
}

// NewReplay reads the lists of exchanges in the .json files of dir.
func NewReplay(dir fs.FS) (*Replay, error) {
	files, err := fs.Glob(dir, "*.json")
	if err != nil {
		return nil, err
	}
	r := &Replay{}
	for _, name := range files {
		text, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, err
		}
		var list []exchange
		if err := json.Unmarshal(text, &list); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		r.exchanges = append(r.exchanges, list...)
	}
	if len(r.exchanges) == 0 {
		return nil, fmt.Errorf("no exchanges recorded")
	}
	r.used = make([]int, len(r.exchanges))
	return r, nil
}

// Missed are the requests that nothing was recorded for; they got a 404.
func (r *Replay) Missed() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.missed
}

// Unused are the recorded requests that nobody sent.
func (r *Replay) Unused() (out []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, n := range r.used {
		if n == 0 {
			out = append(out, r.exchanges[i].Request.Method+" "+r.exchanges[i].Request.Path)
		}
	}
	return out
}

// ServeHTTP gives the answer of the least used of the exchanges that match, so
// that the same request may be answered differently later on.
func (r *Replay) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	found := -1
	for i, e := range r.exchanges {
		if e.matches(req, string(body)) && (found < 0 || r.used[i] < r.used[found]) {
			found = i
		}
	}
	if found < 0 {
		r.missed = append(r.missed, req.Method+" "+req.URL.RequestURI()+" "+string(body))
		http.Error(w, `{"errorMessages":["not recorded"]}`, http.StatusNotFound)
		return
	}
	r.used[found]++
	res := r.exchanges[found].Response
	w.Header().Set("Content-Type", "application/json")
	for name, value := range res.Header {
		w.Header().Set(name, value)
	}
	if res.Status != 0 {
		w.WriteHeader(res.Status)
	}
	_, _ = w.Write(res.Body) // who hung up needs no answer
}

func (e *exchange) matches(r *http.Request, body string) bool {
	want := e.Request
	if want.Method != "" && want.Method != r.Method || want.Path != r.URL.Path || !strings.Contains(body, want.Body) {
		return false
	}
	query := r.URL.Query()
	for name, value := range want.Query {
		if query.Get(name) != value {
			return false
		}
	}
	return true
}
