package github

import (
	"testing"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

// What GitHub itself sends is never refused for what nothing depends on.
func TestOddHooks(t *testing.T) {
	r := receiver(t, source.Settings{"deployment_rules": []byte(`"release:*=production"`)}, hookSecret)
	const main = "refs/heads/master"
	commit := func(timestamp any) map[string]any {
		return map[string]any{"id": "c1", "message": "A change", "timestamp": timestamp, "author": nil}
	}
	for _, c := range []struct {
		name, event, file    string
		fields               map[string]any
		deployments, changes int
	}{
		{"a commit of a year that none has", "push", "push.json", map[string]any{"ref": main, "deleted": false, "commits": []any{commit("20261-01-01T00:00:00Z")}}, 0, 1},
		{"a commit of a zone that none is", "push", "push.json", map[string]any{"ref": main, "deleted": false, "commits": []any{commit("2026-01-01T00:00:00+30:00")}}, 0, 1},
		{"a commit without a time", "push", "push.json", map[string]any{"ref": main, "deleted": false, "commits": []any{commit(nil)}}, 0, 1},
		{"no commits", "push", "push.json", map[string]any{"ref": main, "deleted": false, "commits": nil}, 0, 0},
		{"a release", "release", "release.published.json", nil, 1, 0},
		{"a draft without a tag", "release", "release.published.json", map[string]any{"release.draft": true, "release.tag_name": ""}, 0, 0},
		{"a release that was taken back", "release", "release.published.json", map[string]any{"action": "unpublished"}, 0, 0},
	} {
		b := factsOf(t, r, c.event, changedBody(t, c.file, c.fields))
		if len(b.Deployments) != c.deployments || len(b.Changes) != c.changes {
			t.Errorf("%s: %+v", c.name, b)
		}
		for _, change := range b.Changes {
			if at := change.Commits[0].AuthoredAt; at.Known() {
				t.Errorf("%s: authored at %v", c.name, at)
			}
		}
	}
}

// Old servers do not say when a job was created.
func TestJobWithoutCreation(t *testing.T) {
	r := receiver(t, nil, hookSecret)
	body := changedBody(t, "workflow_job.in_progress.json", map[string]any{
		"workflow_job.created_at": nil, "workflow_job.started_at": "2026-01-02T03:04:05Z",
	})
	runs := factsOf(t, r, "workflow_job", body).Runs
	if len(runs) != 1 || runs[0].CreatedAt != at(t, "2026-01-02T03:04:05Z") || runs[0].Jobs[0].StartedAt != runs[0].CreatedAt {
		t.Errorf("%+v", runs)
	}
	body = changedBody(t, "workflow_job.in_progress.json", map[string]any{"workflow_job.created_at": nil, "workflow_job.started_at": nil})
	if _, err := r.Receive(source.Hook{Event: "workflow_job", Body: body, ReceivedAt: delivery.Instant(1)}); err == nil {
		t.Error("a job that no time is known of is taken")
	}
}
