package github

import (
	"cmp"
	"fmt"
	"strings"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

// What a rule may take for a deployment.
const (
	ruleJob      = "job"      // a job that succeeded, by its name
	ruleWorkflow = "workflow" // a run that succeeded, by its workflow's name
	ruleRelease  = "release"  // a published one that is not a prerelease, by its tag
	ruleTag      = "tag"      // by its name
	ruleMerge    = "merge"    // a merged pull request, by the branch that it went to
)

const maxEnvironment = 200 // bytes of its name

// deployRule takes something else for a deployment: job:deploy*=production.
type deployRule struct {
	text        string
	kind        string
	match       pattern
	environment string
}

// readRules reads them in their order: of one kind, the first that matches counts.
func readRules(s source.Settings, errs *settingErrors) []deployRule {
	texts, _ := s.List(fieldRules) // Validate has said what cannot be read
	if len(texts) > maxListed {
		errs.refuse(fieldRules, "many", fmt.Sprintf("lists more than %d", maxListed), "most", fmt.Sprint(maxListed))
		return nil
	}
	var out []deployRule
	for _, text := range texts {
		rule, id, message := parseRule(text)
		if id != "" {
			errs.refuse(fieldRules, "rule."+id, fmt.Sprintf("%s: %q", message, text), "value", text)
			continue
		}
		out = append(out, rule)
	}
	return out
}

// parseRule reads KIND:PATTERN=ENVIRONMENT. id names what is wrong with it, "" when
// nothing is, and message says it.
func parseRule(text string) (rule deployRule, id, message string) {
	equals := strings.LastIndexByte(text, '=')
	if equals < 0 {
		return rule, "environment", "does not end with an environment, like =production"
	}
	kind, match, named := strings.Cut(text[:equals], ":")
	kind, match = strings.ToLower(strings.TrimSpace(kind)), strings.TrimSpace(match)
	environment := strings.TrimSpace(text[equals+1:])
	switch kind {
	case ruleJob, ruleWorkflow, ruleMerge:
		if match == "" {
			return rule, "name", "does not say of which name, like job:deploy*=production"
		}
	case ruleRelease, ruleTag:
		if named && match == "" {
			return rule, "name", "does not say of which name, like release:v*=production"
		}
		match = cmp.Or(match, "*")
	default:
		return rule, "kind", "does not begin with job:, workflow:, release, tag or merge:"
	}
	if environment == "" || len(environment) > maxEnvironment {
		return rule, "environment", "does not end with an environment, like =production"
	}
	p, ok := patternOf(match)
	if !ok {
		return rule, "pattern", fmt.Sprintf("has a pattern longer than %d bytes", maxPattern)
	}
	return deployRule{text: text, kind: kind, match: p, environment: environment}, "", ""
}

// rule is the first of a kind that matches name, nil when none does.
func (set *settings) rule(kind, name string) *deployRule {
	for i := range set.rules {
		if r := &set.rules[i]; r.kind == kind && r.match.match.MatchString(name) {
			return r
		}
	}
	return nil
}

// hasRule reports whether there is one of a kind.
func (set *settings) hasRule(kind string) bool {
	for i := range set.rules {
		if set.rules[i].kind == kind {
			return true
		}
	}
	return false
}

// deploys is Kind.Deploys.
func deploys(s source.Settings) delivery.DeployRule {
	var errs settingErrors
	set := settings{rules: readRules(s, &errs)}
	takes := func(kind string) func(string) bool {
		if len(errs) > 0 || !set.hasRule(kind) {
			return nil
		}
		return func(name string) bool { return set.rule(kind, name) != nil }
	}
	return delivery.DeployRule{Job: takes(ruleJob), Workflow: takes(ruleWorkflow)}
}

// done is the deployment of a rule, which succeeded at an instant.
func (r *deployRule) done(repository, id, sha string, at delivery.Instant, url string) delivery.Deployment {
	return delivery.Deployment{
		Repository: repository, ID: id, Environment: r.environment, SHA: sha, URL: url, Rule: r.text,
		CreatedAt: at, UpdatedAt: at,
		States: []delivery.DeploymentState{{Status: delivery.DeploySuccess, At: at, URL: url}},
		Part:   true, // its range comes later
	}
}

// jobDeployment is the deployment that a job of a run is, if a rule takes it for one
// and it succeeded. One that failed or was cancelled is none.
func (set *settings) jobDeployment(run *delivery.Run, job *delivery.Job) (delivery.Deployment, bool) {
	if job.Status != delivery.RunSuccess || !job.FinishedAt.Known() {
		return delivery.Deployment{}, false
	}
	rule := set.rule(ruleJob, job.Name)
	if rule == nil {
		return delivery.Deployment{}, false
	}
	d := rule.done(run.Project, "job:"+run.ID+":"+job.Name, run.SHA, job.FinishedAt, job.URL)
	d.CreatedAt = cmp.Or(job.CreatedAt, run.CreatedAt, d.CreatedAt)
	return ofRun(d, run, job.StartedAt), true
}

// runDeployment is jobDeployment for a run, by its workflow.
func (set *settings) runDeployment(run *delivery.Run) (delivery.Deployment, bool) {
	at := cmp.Or(run.FinishedAt, run.UpdatedAt)
	if run.Status != delivery.RunSuccess || !at.Known() {
		return delivery.Deployment{}, false
	}
	rule := set.rule(ruleWorkflow, run.Workflow)
	if rule == nil {
		return delivery.Deployment{}, false
	}
	d := rule.done(run.Project, "run:"+run.ID, run.SHA, at, run.URL)
	d.CreatedAt = cmp.Or(run.CreatedAt, d.CreatedAt)
	return ofRun(d, run, cmp.Or(run.AttemptAt, run.CreatedAt)), true
}

// ofRun says of which run a deployment is, and when it began.
func ofRun(d delivery.Deployment, run *delivery.Run, began delivery.Instant) delivery.Deployment {
	if began.Known() && began <= d.UpdatedAt {
		running := delivery.DeploymentState{Status: delivery.DeployRunning, At: began}
		d.States = append([]delivery.DeploymentState{running}, d.States...)
	}
	d.Ref, d.Creator, d.Description = run.Branch, run.Actor, run.Title
	return d
}

// runDeployments are all that rules make of a run and its jobs.
func (set *settings) runDeployments(run *delivery.Run) []delivery.Deployment {
	var out []delivery.Deployment
	if d, ok := set.runDeployment(run); ok {
		out = append(out, d)
	}
	for i := range run.Jobs {
		if d, ok := set.jobDeployment(run, &run.Jobs[i]); ok {
			out = append(out, d)
		}
	}
	return out
}

// mergeDeployment is the deployment that a merged pull request is by a rule.
func (set *settings) mergeDeployment(c *delivery.Change) (delivery.Deployment, bool) {
	if c.Number == 0 || !c.MergedAt.Known() {
		return delivery.Deployment{}, false
	}
	rule := set.rule(ruleMerge, c.Base)
	if rule == nil {
		return delivery.Deployment{}, false
	}
	d := rule.done(c.Repository, "merge:"+c.ID, c.MergeSHA, c.MergedAt, c.URL)
	d.Ref, d.Description = c.Base, c.Title
	return d, true
}

// release is one of GitHub's, with the commit of its tag where that is known.
type release struct {
	id            int64
	tag, name     string
	sha           string
	author, url   string
	publishedAt   delivery.Instant
	draft, before bool // before: a prerelease
}

// releaseDeployment is the deployment that a release is by a rule. The commit of one
// that a hook tells of is asked for by the next pull.
func (set *settings) releaseDeployment(repository string, r *release) (delivery.Deployment, bool) {
	if r.draft || r.before || !r.publishedAt.Known() {
		return delivery.Deployment{}, false
	}
	rule := set.rule(ruleRelease, r.tag)
	if rule == nil {
		return delivery.Deployment{}, false
	}
	d := rule.done(repository, "release:"+idText(r.id), r.sha, r.publishedAt, r.url)
	d.Ref, d.Version, d.Creator, d.Description = r.tag, r.tag, r.author, r.name
	return d, true
}

// tagDeployment is the deployment that a tag is by a rule.
func (set *settings) tagDeployment(repository, tag, sha string, at delivery.Instant) (delivery.Deployment, bool) {
	rule := set.rule(ruleTag, tag)
	if rule == nil || !at.Known() {
		return delivery.Deployment{}, false
	}
	d := rule.done(repository, "tag:"+tag, sha, at, "")
	d.Ref, d.Version = tag, tag
	return d, true
}
