package github

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

const receivedAt = delivery.Instant(1_700_000_000_000)

// factsOf are what a hook tells.
func factsOf(t *testing.T, r source.Receiver, event string, body []byte) delivery.Batch {
	t.Helper()
	p, err := r.Receive(source.Hook{Event: event, Body: body, ReceivedAt: receivedAt})
	if err != nil {
		t.Fatal(err)
	}
	b := delivery.Batch{Connection: "gh"}
	for _, item := range p.Items {
		item.Add(&b)
		if _, err := json.Marshal(item.Told(&b)); err != nil || item.ID == "" {
			t.Errorf("item %q: %v", item.ID, err)
		}
	}
	return b
}

// changed is a recorded body with fields replaced, by their paths.
func changedBody(t *testing.T, name string, fields map[string]any) []byte {
	t.Helper()
	var whole map[string]any
	if err := json.Unmarshal(recorded(t, name), &whole); err != nil {
		t.Fatal(err)
	}
	for path, value := range fields {
		at := whole
		names := strings.Split(path, ".")
		for _, name := range names[:len(names)-1] {
			at = at[name].(map[string]any)
		}
		at[names[len(names)-1]] = value
	}
	body, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestReceiveDeployment(t *testing.T) {
	r := receiver(t, nil, hookSecret)
	want := delivery.Deployment{
		Repository: "Codertocat/Hello-World", ID: "145988746", Environment: "production", Ref: "master", Creator: "Codertocat",
		SHA: "f95f852bd8fca8fcc58a9a2d6c842781e32a215e", CreatedAt: at(t, "2019-05-15T15:20:53Z"), UpdatedAt: at(t, "2019-05-15T15:20:53Z"),
		ToldAt: receivedAt, Part: true,
	}
	if d := cmp.Diff([]delivery.Deployment{want}, factsOf(t, r, "deployment", recorded(t, "deployment.json")).Deployments); d != "" {
		t.Errorf("deployment (-want +got):\n%s", d)
	}
	want.UpdatedAt = at(t, "2019-05-15T15:20:55Z")
	want.States = []delivery.DeploymentState{{Status: delivery.DeploySuccess, At: want.UpdatedAt, ToldAt: receivedAt}}
	if d := cmp.Diff([]delivery.Deployment{want}, factsOf(t, r, "deployment_status", recorded(t, "deployment_status.json")).Deployments); d != "" {
		t.Errorf("status (-want +got):\n%s", d)
	}
	pages := factsOf(t, r, "deployment_status", recorded(t, "deployment_status.gh-pages.json")).Deployments[0]
	if pages.Environment != "github-pages" || pages.Production || pages.States[0].Status != delivery.DeployRunning {
		t.Errorf("%+v", pages)
	}
	told := factsOf(t, r, "deployment_status", changedBody(t, "deployment_status.json", map[string]any{
		"deployment.payload": `{"redeployment":true,"version":"1.4"}`, "deployment.production_environment": true, "deployment.ref": 7,
		"deployment_status.log_url": "javascript:alert(1)", "deployment.creator": nil,
	})).Deployments[0]
	if !told.Redeployment || told.Version != "1.4" || !told.Production || told.Ref != "" || told.States[0].URL != "" || told.Creator != "" {
		t.Errorf("%+v", told)
	}
	if b := factsOf(t, r, "deployment_status", changedBody(t, "deployment_status.json", map[string]any{"deployment_status.state": "abandoned"})); b.Len() != 0 {
		t.Errorf("of a state that is not known %+v", b)
	}
}

// In whatever order the hooks of a deployment come, and however often, it comes to
// the same.
func TestHooksInAnyOrder(t *testing.T) {
	r := receiver(t, nil, hookSecret)
	var tellings []delivery.Deployment
	for i, state := range []string{"queued", "in_progress", "success", "inactive"} {
		b := factsOf(t, r, "deployment_status", changedBody(t, "deployment_status.json", map[string]any{
			"deployment_status.state": state, "deployment_status.created_at": fmt.Sprintf("2019-05-15T15:2%d:00Z", i+1),
		}))
		tellings = append(tellings, b.Deployments...)
	}
	tellings = append(tellings, factsOf(t, r, "deployment", recorded(t, "deployment.json")).Deployments...)
	merged := func(order []int) (d delivery.Deployment) {
		for _, i := range order {
			d = delivery.MergeDeployment(d, tellings[i])
		}
		return d
	}
	want := merged([]int{4, 0, 1, 2, 3})
	if want.Status != delivery.DeploySuccess || want.StartedAt != at(t, "2019-05-15T15:22:00Z") || want.FinishedAt != at(t, "2019-05-15T15:23:00Z") || len(want.States) != 4 {
		t.Errorf("%+v", want)
	}
	for _, order := range [][]int{{3, 2, 1, 0, 4}, {2, 2, 4, 3, 0, 1, 0}, {1, 3, 0, 2, 4, 4}} {
		if d := cmp.Diff(want, merged(order)); d != "" {
			t.Errorf("in the order %v (-want +got):\n%s", order, d)
		}
	}
}

func TestReceivePull(t *testing.T) {
	r := receiver(t, source.Settings{"deployment_rules": []byte(`"merge:master=production"`)}, hookSecret)
	want := delivery.Change{
		Repository: "Codertocat/Hello-World", ID: "2", Number: 2, Title: "Update the README with new information.", Author: "Codertocat",
		Head: "changes", Base: "master", Labels: []string{"bug"}, URL: "https://github.com/Codertocat/Hello-World/pull/2",
		CreatedAt: at(t, "2019-05-15T15:20:33Z"), UpdatedAt: at(t, "2019-05-15T15:21:18Z"), ClosedAt: at(t, "2019-05-15T15:21:18Z"), Part: true,
	}
	b := factsOf(t, r, "pull_request", recorded(t, "pull_request.closed.json"))
	if d := cmp.Diff([]delivery.Change{want}, b.Changes); d != "" || len(b.Deployments) != 0 {
		t.Errorf("closed (-want +got):\n%s", d)
	}
	b = factsOf(t, r, "pull_request", changedBody(t, "pull_request.closed.json", map[string]any{
		"pull_request.merged_at": "2019-05-15T15:21:18Z", "pull_request.user": map[string]any{"login": "renovate[bot]", "type": "Bot"},
	}))
	c := b.Changes[0]
	if c.MergedAt != at(t, "2019-05-15T15:21:18Z") || c.MergeSHA != "c4295bd74fb0f4fda03689c3df3f2803b658fd85" || !c.Bot {
		t.Errorf("merged: %+v", c)
	}
	if len(b.Deployments) != 1 || b.Deployments[0].Environment != "production" || b.Deployments[0].Rule != "merge:master=production" {
		t.Errorf("by a rule: %+v", b.Deployments)
	}
	for _, name := range []string{"pull_request.opened.json", "pull_request.opened.with-null-body.json"} {
		if b := factsOf(t, r, "pull_request", recorded(t, name)); len(b.Changes) != 1 || b.Changes[0].MergedAt != 0 {
			t.Errorf("%s: %+v", name, b)
		}
	}
}

func TestReceiveReview(t *testing.T) {
	r := receiver(t, nil, hookSecret)
	const name = "pull_request_review.submitted.json"
	if c := factsOf(t, r, "pull_request_review", recorded(t, name)).Changes[0]; c.Number != 2 || c.ReviewedAt != 0 {
		t.Errorf("by its author: %+v", c)
	}
	other := map[string]any{"review.user": map[string]any{"login": "ann"}, "review.state": "approved"}
	if c := factsOf(t, r, "pull_request_review", changedBody(t, name, other)).Changes[0]; c.ReviewedAt != at(t, "2019-05-15T15:20:38Z") || c.ApprovedAt != c.ReviewedAt {
		t.Errorf("approved: %+v", c)
	}
	other["review.state"] = "dismissed"
	if c := factsOf(t, r, "pull_request_review", changedBody(t, name, other)).Changes[0]; c.ReviewedAt == 0 || c.ApprovedAt != 0 {
		t.Errorf("dismissed: %+v", c)
	}
}

func TestReceivePush(t *testing.T) {
	r := receiver(t, source.Settings{"deployment_rules": []byte(`"tag:v*=live"`)}, hookSecret)
	if b := factsOf(t, r, "push", recorded(t, "push.json")); b.Len() != 0 {
		t.Errorf("a deleted tag: %+v", b)
	}
	commits := []any{
		map[string]any{"id": "aa", "message": "One\n\nmore", "timestamp": "2019-05-15T18:20:38+03:00", "author": map[string]any{"name": "Ann", "username": "ann"}, "distinct": true},
		map[string]any{"id": "bb", "message": "Two (#7)", "timestamp": "2019-05-15T15:20:39Z", "distinct": false},
		map[string]any{"id": "cc", "message": "Three", "author": map[string]any{"name": "dependabot[bot]"}},
	}
	main := map[string]any{"ref": "refs/heads/master", "deleted": false, "commits": commits}
	b := factsOf(t, r, "push", changedBody(t, "push.json", main))
	pushed := delivery.Instant(1557933657_000)
	want := []delivery.Change{
		{
			Repository: "Codertocat/Hello-World", ID: "aa", Title: "One", Author: "ann", Base: "master", MergedAt: pushed, UpdatedAt: pushed, MergeSHA: "aa", Part: true,
			Commits: []delivery.Commit{{SHA: "aa", AuthoredAt: at(t, "2019-05-15T15:20:38Z"), Author: "ann", Message: "One"}},
		},
		{
			Repository: "Codertocat/Hello-World", ID: "cc", Title: "Three", Author: "dependabot[bot]", Bot: true, Base: "master", MergedAt: pushed, UpdatedAt: pushed, MergeSHA: "cc", Part: true,
			Commits: []delivery.Commit{{SHA: "cc", Author: "dependabot[bot]", Message: "Three", Bot: true}},
		},
	}
	if d := cmp.Diff(want, b.Changes); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	main["ref"] = "refs/heads/topic"
	if b := factsOf(t, r, "push", changedBody(t, "push.json", main)); b.Len() != 0 {
		t.Errorf("another branch: %+v", b)
	}
	main["ref"], main["head_commit"] = "refs/tags/v1.2", map[string]any{"id": "dd"}
	b = factsOf(t, r, "push", changedBody(t, "push.json", main))
	if len(b.Deployments) != 1 || b.Deployments[0].SHA != "dd" || b.Deployments[0].Version != "v1.2" || b.Deployments[0].Environment != "live" {
		t.Errorf("a tag: %+v", b)
	}
}

func TestReceiveRelease(t *testing.T) {
	body := recorded(t, "release.published.json")
	if b := factsOf(t, receiver(t, nil, hookSecret), "release", body); b.Len() != 0 {
		t.Errorf("without a rule: %+v", b)
	}
	r := receiver(t, source.Settings{"deployment_rules": []byte(`"release=production"`)}, hookSecret)
	b := factsOf(t, r, "release", body)
	if len(b.Deployments) != 1 || b.Deployments[0].Version != "0.0.1" || b.Deployments[0].Status != "" || b.Deployments[0].States[0].At != at(t, "2019-05-15T15:20:53Z") {
		t.Errorf("%+v", b.Deployments)
	}
	for field, value := range map[string]any{"release.draft": true, "release.prerelease": true, "action": "deleted"} {
		if b := factsOf(t, r, "release", changedBody(t, "release.published.json", map[string]any{field: value})); b.Len() != 0 {
			t.Errorf("%s: %+v", field, b)
		}
	}
}

func TestReceiveDeployJob(t *testing.T) {
	r := receiver(t, source.Settings{"deployment_rules": []byte(`["job:lint*=production","workflow:test=staging"]`)}, hookSecret)
	b := factsOf(t, r, "workflow_job", recorded(t, "workflow_job.completed.success.with-organization.json"))
	if len(b.Runs) != 1 || len(b.Deployments) != 1 || b.Deployments[0].Environment != "production" || b.Deployments[0].ToldAt != receivedAt {
		t.Errorf("%+v", b)
	}
	b = factsOf(t, r, "workflow_run", recorded(t, "workflow_run.completed.json"))
	if len(b.Deployments) != 1 || b.Deployments[0].Environment != "staging" {
		t.Errorf("%+v", b)
	}
}

// What is needed must be there and of its kind; each fault is named with its place.
func TestReceiveFaults(t *testing.T) {
	r := receiver(t, nil, hookSecret)
	for _, c := range []struct {
		event, name, path string
		value             any
	}{
		{"deployment", "deployment.json", "deployment.id", nil},
		{"deployment", "deployment.json", "deployment.id", "x"},
		{"deployment", "deployment.json", "deployment.sha", nil},
		{"deployment", "deployment.json", "deployment.created_at", "yesterday"},
		{"deployment", "deployment.json", "deployment", []any{}},
		{"deployment", "deployment.json", "repository", nil},
		{"deployment", "deployment.json", "repository.full_name", "../etc"},
		{"deployment_status", "deployment_status.json", "deployment_status", nil},
		{"deployment_status", "deployment_status.json", "deployment_status.state", 7},
		{"deployment_status", "deployment_status.json", "deployment_status.created_at", nil},
		{"pull_request", "pull_request.closed.json", "pull_request.number", -1},
		{"pull_request", "pull_request.closed.json", "pull_request.merged_at", "soon"},
		{"pull_request_review", "pull_request_review.submitted.json", "review", "x"},
		{"pull_request_review", "pull_request_review.submitted.json", "review.state", nil},
		{"push", "push.json", "ref", nil},
		{"release", "release.published.json", "release.tag_name", nil},
	} {
		_, err := r.Receive(source.Hook{Event: c.event, Body: changedBody(t, c.name, map[string]any{c.path: c.value})})
		var wrong *source.BodyError
		if !errors.As(err, &wrong) || wrong.Path != "$."+c.path {
			t.Errorf("%s of %s as %v: %v", c.path, c.event, c.value, err)
		}
	}
	for event := range taken {
		if _, err := r.Receive(source.Hook{Event: event, Body: []byte(`{}`)}); err == nil || !strings.Contains(err.Error(), "$.repository: repository is missing") {
			t.Errorf("%s of nothing: %v", event, err)
		}
	}
}

func FuzzReceiveDora(f *testing.F) {
	events := []string{"deployment", "deployment_status", "pull_request", "pull_request_review", "push", "release", "workflow_job", "workflow_run"}
	for _, seed := range []struct{ event, name string }{
		{"deployment", "deployment.json"},
		{"deployment_status", "deployment_status.json"},
		{"pull_request", "pull_request.closed.json"},
		{"pull_request_review", "pull_request_review.submitted.json"},
		{"push", "push.json"},
		{"release", "release.published.json"},
	} {
		f.Add(uint8(slices.Index(events, seed.event)), recorded(f, seed.name))
	}
	r := receiver(f, source.Settings{"deployment_rules": []byte(`["release=a","tag=b","merge:*=c","job:*=d","workflow:*=e"]`)}, hookSecret)
	f.Fuzz(func(t *testing.T, event uint8, body []byte) {
		p, err := r.Receive(source.Hook{Event: events[int(event)%len(events)], Body: body, ReceivedAt: receivedAt})
		if err != nil {
			return
		}
		b := delivery.Batch{Connection: "gh"}
		for _, item := range p.Items {
			item.Add(&b)
		}
		if _, err := b.Facts(); err != nil {
			t.Errorf("no store can keep what was taken: %v", err)
		}
	})
}
