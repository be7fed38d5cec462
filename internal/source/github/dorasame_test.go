package github

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
)

// recordedPart is a part of a recorded hook.
func recordedPart(t *testing.T, name, part string, into any) {
	t.Helper()
	var whole map[string]json.RawMessage
	if err := json.Unmarshal(recorded(t, name), &whole); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(whole[part], into); err != nil {
		t.Fatal(err)
	}
}

// TestHooksAndPullsTellTheSame: the objects of hooks are those of the API, so what is
// pulled adds nothing to what a hook told of them, whichever comes first.
func TestHooksAndPullsTellTheSame(t *testing.T) {
	r := receiver(t, nil, hookSecret)
	repo := &repo{repository: repository{name: "Codertocat/Hello-World"}}
	t.Run("deployment", func(t *testing.T) {
		told := factsOf(t, r, "deployment_status", recorded(t, "deployment_status.json")).Deployments[0]
		var pulled restDeployment
		var state deployState
		recordedPart(t, "deployment_status.json", "deployment", &pulled)
		recordedPart(t, "deployment_status.json", "deployment_status", &state)
		d := pulled.deployment(repo)
		d.States = readStates([]deployState{state})
		same(t, delivery.MergeDeployment, told, d)
		d.ToldAt, d.States[0].ToldAt = told.ToldAt, told.States[0].ToldAt
		if diff := cmp.Diff(told, d); diff != "" {
			t.Errorf("told (-), pulled (+):\n%s", diff)
		}
	})
	t.Run("pull request", func(t *testing.T) {
		told := factsOf(t, r, "pull_request", recorded(t, "pull_request.closed.json")).Changes[0]
		var pulled restChange
		recordedPart(t, "pull_request.closed.json", "pull_request", &pulled)
		c := pulled.change(repo)
		same(t, delivery.MergeChange, told, c)
		c.Part = true
		if diff := cmp.Diff(told, c); diff != "" {
			t.Errorf("told (-), pulled (+):\n%s", diff)
		}
	})
}

// same checks that two tellings come to the same in either order.
func same[T any](t *testing.T, merge func(stored, said T) T, a, b T) {
	t.Helper()
	var none T
	if diff := cmp.Diff(merge(merge(none, a), b), merge(merge(none, b), a)); diff != "" {
		t.Errorf("told first (-), pulled first (+):\n%s", diff)
	}
}
