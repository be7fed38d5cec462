package ci

import (
	"fmt"
	"slices"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

var (
	deploymentFields = slices.Concat([]string{
		"id", "service", "repository", "environment", "production", "sha", "ref", "version", "description", "creator",
		"url", "status", "created_at", "started_at", "finished_at", "updated_at", "rollback", "hotfix", "unplanned",
		"redeployment", "fixes_deployment", "impact", "commits", "states", "connection",
	}, toldDeployment)
	// toldDeployment are the names of what GET /api/v1/deployments answers that is
	// worked out here: they are no mistakes, and are not read.
	toldDeployment = []string{
		"seq", "number", "in_production", "kind", "kind_reason", "reason", "group_id", "group", "target", "failed", "evidence", "succeeded",
		"change_lead_times", "lead_times", "changes", "services", "teams", "environment_class", "recovered_at", "remedy",
		"rule", "range", "head_start", "told_at", "cursor",
	}
	stateFields  = []string{"status", "at", "url", "told_at"}
	commitFields = []string{"sha", "authored_at", "author", "message", "bot"}
)

// ParseDeployments reads the body of POST /api/v1/deployments: one deployment, or a
// batch of 1 to 1,000 in an array. The error, of the type Errors, is of a body that is
// neither; what is wrong with one deployment is in its item and harms no other.
//
// Required are service or repository, and one of started_at, finished_at and
// created_at; of a status that has ended, finished_at. Without status, one with
// finished_at succeeded, one with started_at is in progress, and any other is queued.
// Without id, service, repository, environment, sha, version and the time when it
// started, or else when it ended or was created, tell it from others.
//
// commits are what it brought: texts, each a sha, or objects with author and time.
func ParseDeployments(body []byte) (items []Read[delivery.Deployment], batch bool, err error) {
	return readAll(body, "deployments", readDeployment, func(d *delivery.Deployment) string { return d.ID })
}

func readDeployment(f fields) delivery.Deployment {
	f.only(deploymentFields)
	f.oneOf("service", "repository")
	f.oneOf("finished_at", "started_at", "created_at")
	d := delivery.Deployment{
		Connection:      f.text("connection", maxName),
		ID:              f.optionalID("id"),
		Repository:      f.label("repository"),
		Service:         f.label("service"),
		Environment:     f.label("environment"),
		Production:      f.flag("production"),
		SHA:             f.sha("sha"),
		Ref:             f.branch("ref"),
		Version:         f.label("version"),
		Description:     f.text("description", maxLong),
		Creator:         f.text("creator", maxName),
		URL:             f.url("url"),
		CreatedAt:       f.time("created_at"),
		StartedAt:       f.time("started_at"),
		FinishedAt:      f.time("finished_at"),
		UpdatedAt:       f.time("updated_at"),
		Status:          f.deployStatus("status"),
		States:          readStates(f),
		Rollback:        f.flag("rollback"),
		Hotfix:          f.flag("hotfix"),
		Unplanned:       f.flag("unplanned"),
		Redeployment:    f.flag("redeployment"),
		FixesDeployment: f.numberOrLabel("fixes_deployment"),
		Impact:          f.text("impact", maxLong),
		Range:           readCommits(f),
	}
	f.deployedWhen(&d)
	d.HeadStart = firstAuthored(d.Range)
	if d.ID == "" && f.value("id") == nil {
		at := d.StartedAt
		if !at.Known() {
			at = max(d.FinishedAt, d.CreatedAt)
		}
		d.ID = madeUp("deployment", d.Repository, d.Service, d.Environment, d.SHA, d.Version, at.String())
	}
	return d
}

// deployedWhen fills in the status that follows from the times, and complains about
// times that cannot be.
func (f fields) deployedWhen(d *delivery.Deployment) {
	if f.value("status") == nil {
		switch {
		case d.FinishedAt.Known():
			d.Status = delivery.DeploySuccess
		case d.StartedAt.Known():
			d.Status = delivery.DeployRunning
		default:
			d.Status = delivery.DeployQueued
		}
	}
	switch {
	case deployEnded(d.Status) && f.value("finished_at") == nil:
		f.reject("finished_at", "is required, since status says that it has ended")
	case d.Status != "" && len(d.States) == 0 && !deployEnded(d.Status) && d.Status != delivery.DeployInactive && d.FinishedAt.Known():
		f.reject("finished_at", "must be null while it goes on")
	}
	f.ordered(d.CreatedAt, d.StartedAt, d.FinishedAt)
}

func readStates(f fields) []delivery.DeploymentState {
	var states []delivery.DeploymentState
	for _, s := range f.objects("states", maxStates) {
		s.only(stateFields)
		s.require("status", "at")
		states = append(states, delivery.DeploymentState{
			Status: s.deployStatus("status"), At: s.time("at"), ToldAt: s.time("told_at"), URL: s.url("url"),
		})
	}
	return states
}

// readCommits is nil when none are said: what it brought is not known then.
func readCommits(f fields) *delivery.CommitRange {
	list, ok := f.value("commits").([]any)
	switch {
	case !ok && f.value("commits") != nil:
		f.reject("commits", "must be an array")
		return nil
	case len(list) > maxCommits:
		f.reject("commits", fmt.Sprintf("has more than %d elements", maxCommits))
		return nil
	case len(list) == 0:
		return nil
	}
	r := &delivery.CommitRange{}
	for i, v := range list {
		r.Commits = append(r.Commits, readCommit(f, v, fmt.Sprintf("%s[%d]", f.path("commits"), i)))
	}
	return r
}

// firstAuthored is the earliest time at which a commit was written, 0 when none is said.
func firstAuthored(r *delivery.CommitRange) (first delivery.Instant) {
	if r == nil {
		return 0
	}
	for _, c := range r.Commits {
		if c.AuthoredAt.Known() && (first == 0 || c.AuthoredAt < first) {
			first = c.AuthoredAt
		}
	}
	return first
}

func readCommit(f fields, v any, at string) delivery.Commit {
	if sha, ok := v.(string); ok {
		sha, message := wrongSHA(sha)
		if message != "" {
			f.wrong.add(at, message)
		}
		return delivery.Commit{SHA: sha}
	}
	if _, ok := v.(*object); !ok {
		f.wrong.add(at, "must be a sha, or an object with one")
		return delivery.Commit{}
	}
	c, _ := fieldsOf(v, at, f.wrong)
	c.only(commitFields)
	c.require("sha")
	if c.value("sha") == "" {
		c.reject("sha", "must not be empty")
	}
	return delivery.Commit{
		SHA: c.sha("sha"), AuthoredAt: c.time("authored_at"), Author: c.text("author", maxName),
		Message: shortMessage(c.text("message", maxMessage)), Bot: c.flag("bot"),
	}
}

// deployments may be told again and again, as they go on.
func deployments(body []byte) (source.Pushed, error) {
	items, batch, err := ParseDeployments(body)
	if err != nil {
		return source.Pushed{}, err
	}
	return push(items, batch, func(d delivery.Deployment) source.PushedItem {
		return source.PushedItem{
			Connection: d.Connection,
			Told:       func(b *delivery.Batch) any { return EncodeDeployment(b.Deployments[0]) },
			Add: func(b *delivery.Batch) {
				d := d
				d.Connection = b.Connection
				b.Deployments = append(b.Deployments, d)
			},
		}
	}), nil
}
