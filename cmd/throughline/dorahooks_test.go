package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const hookSecret = "what-github-signs-with"

// forge is a GitHub that tells of a commit, its pull request and nothing else; while it
// is down it tells of nothing.
func forge(t *testing.T, down *atomic.Bool) *httptest.Server {
	t.Helper()
	const sha = "f95f852bd8fca8fcc58a9a2d6c842781e32a215e"
	commit := map[string]any{"sha": sha, "commit": map[string]any{
		"message": "fix #5: the total (#110)", "author": map[string]any{"name": "ada", "date": "2019-05-15T14:20:55Z"},
		"committer": map[string]any{"name": "ada", "date": "2019-05-15T14:20:55Z"},
	}}
	pull := map[string]any{
		"number": 110, "id": 110, "state": "closed", "title": "the total", "merged_at": "2019-05-15T15:00:00Z", "created_at": "2019-05-15T14:00:00Z",
		"updated_at": "2019-05-15T15:00:00Z", "merge_commit_sha": sha, "user": map[string]any{"login": "ada"},
		"base": map[string]any{"ref": "master", "sha": sha}, "head": map[string]any{"ref": "fix", "sha": sha},
	}
	repo := map[string]any{"id": 186853002, "full_name": "Codertocat/Hello-World", "name": "Hello-World", "default_branch": "master"}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var answer any
		path := strings.TrimPrefix(r.URL.Path, "/repos/Codertocat/Hello-World")
		switch {
		case down.Load():
			w.WriteHeader(http.StatusInternalServerError)
			return
		case path == "":
			answer = repo
		case path == "/commits/"+sha || path == "/git/commits/"+sha:
			answer = commit
		case path == "/commits/"+sha+"/pulls":
			answer = []any{pull}
		case path == "/pulls/110/commits":
			answer = []any{commit}
		case path == "/pulls/110":
			answer = pull
		case strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "/graphql"):
			answer = []any{}
		}
		if answer == nil {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer)
	}))
	t.Cleanup(server.Close)
	return server
}

// TestHooksOnMetrics: a state counts as soon as it is told, once; its duration comes
// when GitHub told of the commits, and is never made up until then.
func TestHooksOnMetrics(t *testing.T) {
	t.Parallel()
	down := &atomic.Bool{}
	down.Store(true)
	server := forge(t, down)
	dir := t.TempDir()
	plant(t, dir, map[string]string{"provision.yaml": fmt.Sprintf(`
connections:
  - name: gh
    kind: github
    every: 1m
    settings: {base_url: %q}
    secrets: {token: t, webhook_secret: %s}
tokens:
  - {name: ci, scopes: [ingest], token: %s}
teams:
  - {name: octo, github_repositories: [codertocat/*]}
`, server.URL, hookSecret, pushToken)})
	s := launch(t, append(dataDir(t), "THROUGHLINE_PROVISION="+filepath.Join(dir, "provision.yaml"), "THROUGHLINE_ALLOWED_NETWORKS=127.0.0.0/8"), "serve")
	hook := func(delivery, state, at string) {
		t.Helper()
		body, err := json.Marshal(map[string]any{
			"action": "created",
			"deployment_status": map[string]any{
				"id": len(delivery), "state": state, "created_at": at, "updated_at": at, "environment": "production", "target_url": "", "description": "",
			},
			"deployment": map[string]any{
				"id": 145988746, "sha": "f95f852bd8fca8fcc58a9a2d6c842781e32a215e", "ref": "master", "environment": "production", "payload": map[string]any{},
				"created_at": "2019-05-15T15:20:53Z", "updated_at": at, "creator": map[string]any{"login": "Codertocat", "type": "User"},
			},
			"repository": map[string]any{"id": 186853002, "name": "Hello-World", "full_name": "Codertocat/Hello-World", "default_branch": "master"},
		})
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/api/github", strings.NewReader(string(body)))
		if err != nil {
			t.Fatal(err)
		}
		mac := hmac.New(sha256.New, []byte(hookSecret))
		_, _ = mac.Write(body)
		req.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
		req.Header.Set("X-GitHub-Event", "deployment_status")
		req.Header.Set("X-GitHub-Delivery", delivery)
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if err := res.Body.Close(); err != nil || res.StatusCode/100 != 2 {
			t.Fatalf("a hook is answered %d %v", res.StatusCode, err)
		}
	}
	sample := func(family, status, value string) string {
		return fmt.Sprintf(`%s{environment="production",redeployment="false",repo="Hello-World",status=%q,team="octo"} %s`, family, status, value)
	}
	shows := func(what string, want ...string) {
		t.Helper()
		want = slices.Sorted(slices.Values(want))
		var got []string
		defer func() {
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s (-want +got):\n%s", what, d)
			}
		}()
		eventually(t, what, func() bool { got, _ = doraLines(t, s); return cmp.Equal(want, got) }, s.log)
	}
	hook("a", "in_progress", "2019-05-15T15:20:54Z")
	hook("b", "success", "2019-05-15T15:20:55Z")
	hook("b", "success", "2019-05-15T15:20:55Z")
	hook("again", "success", "2019-05-15T15:20:55Z")
	hook("c", "inactive", "2019-05-15T16:20:55Z")
	counts := []string{
		sample("github_deployments_total", "in_progress", "1"), sample("github_deployments_total", "success", "1"), sample("github_deployments_total", "inactive", "1"),
	}
	shows("told", slices.Clone(counts)...)
	down.Store(false)
	p := pushTo(t, s.url)
	if status, err := p.post(push{path: "/api/v1/connections/gh/sync"}); err != nil || status >= 400 {
		t.Logf("start of a sync: %d %v", status, err)
	}
	shows("completed", append(counts,
		sample("github_deployments_duration", "in_progress", "3599"), sample("github_deployments_duration", "success", "3600"),
		sample("github_deployments_duration_sum", "in_progress", "3599"), sample("github_deployments_duration_sum", "success", "3600"),
	)...)
}
