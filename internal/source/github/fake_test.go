package github

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

var testNow = time.Date(2026, 9, 20, 12, 0, 0, 0, time.UTC)

// fake is GitHub with some repositories, as far as it is asked for runs.
type fake struct {
	mu       sync.Mutex
	repos    map[string]*fakeRepo
	orgs     map[string][]string // names of repositories
	asked    []string            // method, path and query
	answered map[int]int         // by status
	headers  map[string]string   // of each answer
	login    string
	noGraph  bool
	graph    func(operation string) any // what is answered instead, nil for what there is
}

type fakeRepo struct {
	id       int64
	name     string
	movedTo  string
	hidden   bool // no Actions for this token
	archived bool
	dora     *fakeDora
	runs     []*fakeRun
}

type fakeRun struct {
	id       int64
	created  time.Time
	updated  time.Time
	attempt  int
	status   string
	outcome  string
	raw      string // instead of all that
	jobs     int    // 1 when 0
	brokenBy string // put into its first job
}

// listed is what the repository has besides runs.
func (r *fakeRepo) listed() *fakeDora {
	if r.dora == nil {
		r.dora = &fakeDora{}
	}
	return r.dora
}

func (f *fake) add(id int64, name string, runs ...*fakeRun) *fakeRepo {
	if f.repos == nil {
		f.repos, f.answered, f.headers, f.login = map[string]*fakeRepo{}, map[int]int{}, map[string]string{}, "octo"
	}
	f.repos[name] = &fakeRepo{id: id, name: name, runs: runs}
	return f.repos[name]
}

// run is one that took five minutes, some time ago.
func run(id int64, ago time.Duration) *fakeRun {
	at := testNow.Add(-ago).Truncate(time.Second)
	return &fakeRun{id: id, created: at, updated: at.Add(5 * time.Minute), attempt: 1, status: "completed", outcome: "success"}
}

func runs(first int64, n int, ago, apart time.Duration) []*fakeRun {
	var out []*fakeRun
	for i := range n {
		out = append(out, run(first+int64(i), ago+time.Duration(i)*apart))
	}
	return out
}

func (r *fakeRun) json(repo *fakeRepo) json.RawMessage {
	if r.raw != "" {
		return json.RawMessage(r.raw)
	}
	conclusion := "null"
	if r.outcome != "" {
		conclusion = strconv.Quote(r.outcome)
	}
	return json.RawMessage(fmt.Sprintf(`{"id":%d,"name":"CI","display_title":"Pay #%d","head_branch":"main","head_sha":"abc%d",
		"run_number":%d,"run_attempt":%d,"event":"push","status":%q,"conclusion":%s,"actor":{"login":"ann"},
		"html_url":"https://github.com/%s/actions/runs/%d","created_at":%q,"updated_at":%q,"run_started_at":%q,
		"repository":{"id":%d},"head_repository":{"id":%d}}`,
		r.id, r.id, r.id, r.id, r.attempt, r.status, conclusion, repo.name, r.id,
		stamp(r.created), stamp(r.updated), stamp(r.updated.Add(-5*time.Minute)), repo.id, repo.id))
}

func (r *fakeRun) jobsJSON() []json.RawMessage {
	var out []json.RawMessage
	for i := range max(r.jobs, 1) {
		name := "build"
		if i == 1 {
			name = "E2E / chrome"
		}
		start, end := r.updated.Add(time.Duration(min(i, 3)-4)*time.Minute), r.updated
		broken := ""
		if i == 0 {
			broken = r.brokenBy
		}
		out = append(out, json.RawMessage(fmt.Sprintf(`{"id":%d,"run_id":%d,"run_attempt":%d,"name":%q,"status":%q,"conclusion":%q,
			"created_at":%q,"started_at":%q,"completed_at":%q,"runner_name":"r1","html_url":"https://github.com/j/%d"%s}`,
			r.id*1000+int64(i), r.id, r.attempt, name, r.status, r.outcome, stamp(r.created), stamp(start), stamp(end), i, broken)))
	}
	return out
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	query := r.URL.Query()
	f.asked = append(f.asked, strings.TrimSpace(r.Method+" "+r.URL.Path+" "+query.Get("created")+" "+query.Get("page")))
	status, body := f.answer(strings.Split(strings.Trim(r.URL.Path, "/"), "/"), r)
	for name, value := range f.headers {
		w.Header().Set(name, value)
	}
	text, _ := json.Marshal(body)
	etag := fmt.Sprintf("W/%q", fmt.Sprintf("%x", fnv(text)))
	if status == http.StatusOK && r.Header.Get("If-None-Match") == etag {
		f.answered[http.StatusNotModified]++
		w.WriteHeader(http.StatusNotModified)
		return
	}
	f.answered[status]++
	w.Header().Set("ETag", etag)
	if to, ok := body.(redirect); ok {
		w.Header().Set("Location", string(to))
	}
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

type redirect string

func fnv(text []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, b := range text {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return h
}

func message(text string) map[string]string { return map[string]string{"message": text} }

func (f *fake) answer(path []string, r *http.Request) (int, any) {
	switch {
	case len(path) == 1 && path[0] == "graphql":
		return f.graphQL(r)
	case len(path) == 1 && path[0] == "user":
		return http.StatusOK, map[string]string{"login": f.login, "name": "Octo Cat"}
	case len(path) == 3 && (path[0] == "orgs" || path[0] == "users"):
		return f.org(path[0]+"/"+path[1], r)
	case len(path) >= 3 && path[0] == "repos" && f.repos[path[1]+"/"+path[2]] != nil:
		return f.repo(f.repos[path[1]+"/"+path[2]], path[3:], r)
	case len(path) >= 2 && path[0] == "repositories":
		for _, repo := range f.repos {
			if fmt.Sprint(repo.id) == path[1] && repo.movedTo == "" {
				return f.repo(repo, path[2:], r)
			}
		}
	}
	return http.StatusNotFound, message("Not Found")
}

func (f *fake) org(name string, r *http.Request) (int, any) {
	names, ok := f.orgs[name]
	if !ok {
		return http.StatusNotFound, message("Not Found")
	}
	list := []any{}
	for _, name := range names {
		list = append(list, f.repos[name].meta())
	}
	return http.StatusOK, paged(list, r)
}

func (repo *fakeRepo) meta() any {
	return map[string]any{"id": repo.id, "full_name": repo.name, "default_branch": "main", "archived": repo.archived}
}

func paged[T any](list []T, r *http.Request) []T {
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	size, _ := strconv.Atoi(r.URL.Query().Get("per_page"))
	from := min(max(page-1, 0)*size, len(list))
	return append([]T{}, list[from:min(from+size, len(list))]...)
}

func (f *fake) repo(repo *fakeRepo, path []string, r *http.Request) (int, any) {
	switch {
	case repo.movedTo != "":
		return http.StatusMovedPermanently, redirect(fmt.Sprintf("/repositories/%d/%s", repo.id, strings.Join(path, "/")))
	case len(path) == 0 || path[0] == "":
		return http.StatusOK, repo.meta()
	case repo.hidden:
		return http.StatusForbidden, message("Resource not accessible by personal access token")
	case path[0] != "actions":
		return repo.listed().rest(path, r)
	case len(path) == 2:
		return repo.list(r)
	}
	for _, run := range repo.runs {
		if fmt.Sprint(run.id) != path[2] {
			continue
		}
		if len(path) == 4 {
			jobs := run.jobsJSON()
			return http.StatusOK, map[string]any{"total_count": len(jobs), "jobs": paged(jobs, r)}
		}
		return http.StatusOK, run.json(repo)
	}
	return http.StatusNotFound, message("Not Found")
}

func (repo *fakeRepo) list(r *http.Request) (int, any) {
	from, to, _ := strings.Cut(r.URL.Query().Get("created"), "..")
	var in []*fakeRun
	for _, run := range repo.runs {
		if at := stamp(run.created); from == "" || at >= from && at <= to {
			in = append(in, run)
		}
	}
	slices.SortFunc(in, func(a, b *fakeRun) int {
		return cmp.Or(b.created.Compare(a.created), cmp.Compare(b.id, a.id))
	})
	list := []json.RawMessage{}
	for _, run := range in[:min(len(in), maxResults)] {
		list = append(list, run.json(repo))
	}
	return http.StatusOK, map[string]any{"total_count": len(in), "workflow_runs": paged(list, r)}
}
