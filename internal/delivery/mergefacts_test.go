package delivery

import (
	"math/rand/v2"
	"reflect"
	"testing"
)

// mergedInAnyOrder merges tellings in many orders, with repeats, and says whether all
// came to the same as the first order did.
func mergedInAnyOrder[T any](t *testing.T, tellings []T, merge func(stored, said T) T) T {
	t.Helper()
	r := rand.New(rand.NewPCG(7, 15))
	var want T
	for _, said := range tellings {
		want = merge(want, said)
	}
	for range 300 {
		var got T
		for _, i := range r.Perm(len(tellings)) {
			got = merge(got, tellings[i])
			if r.IntN(2) == 0 {
				got = merge(got, tellings[r.IntN(i+1)])
			}
			got = merge(got, tellings[i])
		}
		for _, i := range r.Perm(len(tellings)) {
			got = merge(got, tellings[i])
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("in another order\n %+v\nnot\n %+v", got, want)
		}
	}
	return want
}

func TestDeploymentsToldInAnyOrder(t *testing.T) {
	state := func(s DeploymentStatus, at, told Instant) []DeploymentState {
		return []DeploymentState{{Status: s, At: at, ToldAt: told}}
	}
	said := func(d Deployment) Deployment {
		d.Connection, d.Repository, d.ID = "gh", "acme/shop", "1"
		return d
	}
	d := mergedInAnyOrder(t, []Deployment{
		said(Deployment{Part: true, SHA: "a1", Environment: "production", CreatedAt: 10, UpdatedAt: 10, ToldAt: 12, Description: "one"}),
		said(Deployment{Part: true, SHA: "a1", States: state(DeployQueued, 10, 13), UpdatedAt: 11, ToldAt: 13, Description: "one"}),
		said(Deployment{Part: true, States: state(DeployRunning, 20, 21), UpdatedAt: 20, ToldAt: 21, Description: "two"}),
		said(Deployment{Part: true, States: state(DeploySuccess, 30, 31), UpdatedAt: 30, ToldAt: 31, Description: "two"}),
		said(Deployment{Part: true, States: state(DeploySuccess, 30, 44), UpdatedAt: 30, ToldAt: 44, Description: "two"}),
		said(Deployment{Part: true, States: state(DeployInactive, 90, 91), UpdatedAt: 90, ToldAt: 91, Description: "three"}),
		said(Deployment{SHA: "a1", Ref: "main", CreatedAt: 10, UpdatedAt: 20, ToldAt: 25, HeadStart: 3, Description: "two"}),
		said(Deployment{SHA: "a1", Ref: "main", CreatedAt: 10, UpdatedAt: 90, ToldAt: 95, Range: &CommitRange{Base: "a0"}, Description: "three"}),
	}, MergeDeployment)
	if d.Status != DeploySuccess || d.StartedAt != 20 || d.FinishedAt != 30 || d.UpdatedAt != 90 || d.ToldAt != 95 {
		t.Errorf("stands as %s, %d to %d, updated %d, told %d", d.Status, d.StartedAt, d.FinishedAt, d.UpdatedAt, d.ToldAt)
	}
	if len(d.States) != 4 || d.States[2].ToldAt != 31 {
		t.Errorf("states %v", d.States)
	}
	if d.Range == nil || d.HeadStart != 3 || d.Description != "three" || d.Ref != "main" || d.Environment != "production" {
		t.Errorf("lost something: %+v", d)
	}
}

func TestAPushWithoutStates(t *testing.T) {
	for _, c := range []struct {
		name            string
		said            Deployment
		started, ended  Instant
		status          DeploymentStatus
		stateAt         Instant
		numberOfsStates int
	}{
		{"that ended", Deployment{ID: "1", Status: DeploySuccess, StartedAt: 5, FinishedAt: 9}, 5, 9, DeploySuccess, 9, 1},
		{"that failed", Deployment{ID: "1", Status: DeployFailure, CreatedAt: 4, StartedAt: 5, FinishedAt: 9}, 5, 9, DeployFailure, 9, 1},
		{"that goes on", Deployment{ID: "1", Status: DeployRunning, StartedAt: 5}, 5, 0, DeployRunning, 5, 1},
		{"without times", Deployment{ID: "1", Status: DeploySuccess, ToldAt: 7}, 0, 7, DeploySuccess, 7, 1},
		{"that says nothing", Deployment{ID: "1", CreatedAt: 3}, 3, 0, "", 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := MergeDeployment(Deployment{}, c.said)
			if d.StartedAt != c.started || d.FinishedAt != c.ended || d.Status != c.status || len(d.States) != c.numberOfsStates {
				t.Errorf("%+v", d)
			}
			if len(d.States) > 0 && d.States[0].At != c.stateAt {
				t.Errorf("state at %d", d.States[0].At)
			}
			if again := MergeDeployment(d, c.said); !reflect.DeepEqual(again, d) {
				t.Errorf("told again it is %+v", again)
			}
		})
	}
}

func TestSettledByTheFirstSuccess(t *testing.T) {
	d := Deployment{CreatedAt: 1, States: []DeploymentState{
		{Status: DeployInactive, At: 9}, {Status: DeploySuccess, At: 7}, {Status: DeployFailure, At: 5}, {Status: DeploySuccess, At: 8},
	}}
	d.Settle()
	if d.Status != DeploySuccess || d.FinishedAt != 7 || d.StartedAt != 1 {
		t.Errorf("%+v", d)
	}
	d = Deployment{States: []DeploymentState{{Status: DeployInactive, At: 9}}}
	if d.Settle(); d.Status != DeployInactive || d.FinishedAt != 0 {
		t.Errorf("of being inactive alone follows %+v", d)
	}
}

func TestChangesToldInAnyOrder(t *testing.T) {
	commits := []Commit{{SHA: "b1", AuthoredAt: 4}, {SHA: "b2", AuthoredAt: 6}}
	said := func(c Change) Change {
		c.Connection, c.Repository, c.ID, c.Number = "gh", "acme/shop", "12", 12
		return c
	}
	c := mergedInAnyOrder(t, []Change{
		said(Change{Part: true, Title: "Ad", CreatedAt: 10, UpdatedAt: 10, Labels: []string{"wip"}}),
		said(Change{Part: true, Title: "Add", ReviewedAt: 15, UpdatedAt: 15, Labels: []string{"wip"}}),
		said(Change{Part: true, Title: "Add", ReviewedAt: 20, ApprovedAt: 20, UpdatedAt: 20, Labels: []string{}}),
		said(Change{Part: true, Title: "Add it", MergedAt: 30, ClosedAt: 30, MergeSHA: "m", UpdatedAt: 30, Labels: []string{"hotfix"}}),
		said(Change{Title: "Add it", CreatedAt: 10, MergedAt: 30, MergeSHA: "m", UpdatedAt: 30, Labels: []string{"hotfix"}, Commits: commits, Paths: []string{"a"}}),
	}, MergeChange)
	if c.Title != "Add it" || c.ReviewedAt != 15 || c.ApprovedAt != 20 || c.MergedAt != 30 || c.Labels[0] != "hotfix" || len(c.Commits) != 2 || c.Part {
		t.Errorf("%+v", c)
	}
}

func TestIncidentsToldInAnyOrder(t *testing.T) {
	said := func(i Incident) Incident {
		i.Connection, i.ID, i.Service = "push", "7", "shop"
		return i
	}
	open := said(Incident{Title: "Down", StartedAt: 10, UpdatedAt: 10, ToldAt: 50})
	closed := said(Incident{Title: "Down", StartedAt: 10, ResolvedAt: 20, UpdatedAt: 20, ToldAt: 21, Version: "v2"})
	again := said(Incident{Title: "Down again", StartedAt: 10, UpdatedAt: 30, ToldAt: 31})
	if i := mergedInAnyOrder(t, []Incident{open, closed}, MergeIncident); i.ResolvedAt != 20 || i.ToldAt != 50 {
		t.Errorf("closed, it is %+v", i)
	}
	if i := mergedInAnyOrder(t, []Incident{open, closed, again}, MergeIncident); i.ResolvedAt != 0 || i.Title != "Down again" || i.Version != "v2" {
		t.Errorf("opened again, it is %+v", i)
	}
	open.UpdatedAt, closed.UpdatedAt, open.ToldAt = 0, 0, 11
	if i := mergedInAnyOrder(t, []Incident{open, closed}, MergeIncident); i.ResolvedAt != 20 {
		t.Errorf("of a source without a clock it is %+v", i)
	}
	whole := said(Incident{Title: "Slow", StartedAt: 12, UpdatedAt: 40, ToldAt: 41, Whole: true})
	if i := mergedInAnyOrder(t, []Incident{closed, again, whole}, MergeIncident); i.Version != "" || i.StartedAt != 12 || i.Title != "Slow" || i.ToldAt != 41 {
		t.Errorf("told as a whole, it is %+v", i)
	}
}

func TestTicketsToldInAnyOrder(t *testing.T) {
	k := mergedInAnyOrder(t, []Ticket{
		{Connection: "jira", ID: "A-1", Project: "A", Type: "Bug", CreatedAt: 5, ToldAt: 6},
		{Connection: "jira", ID: "A-1", ClosedAt: 9, ToldAt: 10},
	}, MergeTicket)
	if k.CreatedAt != 5 || k.ClosedAt != 9 || k.Type != "Bug" || k.Project != "A" || k.ToldAt != 10 {
		t.Errorf("%+v", k)
	}
}
