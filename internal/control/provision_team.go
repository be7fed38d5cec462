package control

import (
	"cmp"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"throughline/internal/delivery"
)

type declaredTeam struct {
	delivery.Team
	calendarLine int
}

type declaredWorkflow struct {
	versions []WorkflowVersion
	teams    []declaredName // that it has lists for
}

type declaredName struct {
	name string
	line int
}

// team reads a team. Whether its calendar exists is known when the file is
// applied.
func (d *declarations) team(n yamlNode) {
	m := d.mapping(n, "a team", "name", "calendar", "tracker_queues", "github_repositories", "sentry_projects", "ci_projects", "jira_projects", "services")
	t := Team{Team: delivery.Team{Name: d.text(m["name"]), Calendar: d.text(m["calendar"])}}
	keys := map[string]string{"queues": "tracker_queues", "repositories": "github_repositories", "sentry": "sentry_projects", "ci": "ci_projects", "jira": "jira_projects", "services": "services"}
	patterns := func(field string) delivery.Patterns { return delivery.Patterns(d.texts(m[keys[field]])) }
	t.Queues, t.Repositories = patterns("queues"), patterns("repositories")
	t.SentryProjects, t.CIProjects, t.JiraProjects = patterns("sentry"), patterns("ci"), patterns("jira")
	t.Services = patterns("services")
	t, err := t.normal()
	lineOf := n.lineIn(m)
	d.renamedErrors(err, keys, lineOf)
	if t.Name != "" {
		d.unique("team", strings.ToLower(t.Name), n.line)
	}
	d.out.teams = append(d.out.teams, declaredTeam{t.Team, lineOf("calendar")})
}

// renamedErrors reports mistakes of fields under the names that they have in
// the file.
func (d *declarations) renamedErrors(err error, keys map[string]string, lineOf func(string) int) {
	var renamed []error
	for _, e := range flatten(err) {
		if field, ok := e.(*FieldError); ok { //nolint:errorlint // made by normal, never wrapped
			renamed = append(renamed, &FieldError{cmp.Or(keys[field.Field], field.Field), field.Code, field.Message})
			continue
		}
		renamed = append(renamed, e)
	}
	for _, e := range renamed {
		d.fieldErrors(e, lineOf)
	}
}

// workflows reads the workflow: one, or a list of its versions.
func (d *declarations) workflows(n yamlNode) {
	d.out.workflow = &declaredWorkflow{}
	if _, several := n.node.(*ast.SequenceNode); !several {
		d.workflow(n)
	} else {
		for _, item := range d.list(n) {
			d.workflow(item)
		}
	}
	versions, err := normalVersions(d.out.workflow.versions)
	if len(d.problems) == 0 {
		d.fieldErrors(err, func(string) int { return n.line })
	}
	if len(versions) == 0 {
		versions = []WorkflowVersion{{}}
	}
	for i := range versions {
		versions[i].Provisioned = true
	}
	d.out.workflow.versions = versions
}

// workflow reads a version of the workflow.
func (d *declarations) workflow(n yamlNode) {
	m := d.mapping(n, "the workflow", "waiting", "active", "closed", "excluded_resolutions", "queues", "teams", "from")
	r := workflowReader{d, map[string]int{}}
	v := WorkflowVersion{From: d.date(m["from"])}
	v.Workflow = delivery.Workflow{
		StatusLists: r.lists("", m), ExcludedResolutions: d.texts(m["excluded_resolutions"]),
		Queues: r.overrides("queues", "a queue's workflow", m["queues"]), Teams: r.overrides("teams", "a team's workflow", m["teams"]),
	}
	for _, key := range []string{"excluded_resolutions", "queues", "teams"} {
		r.lines[key] = m[key].line
	}
	w, err := normalWorkflow(v.Workflow)
	d.fieldErrors(err, func(field string) int { return cmp.Or(r.lines[field], n.line) })
	if err := checkFrom(v.From); err != nil {
		d.fieldErrors(err, n.lineIn(m))
	}
	v.Workflow = w
	switch day := v.From.String(); {
	case day != "":
		d.unique("workflow from", day, n.line)
	case m["from"].null() && len(d.out.workflow.versions) > 0:
		d.fail(n.line, "from: is missing; each version but the first needs its day")
	}
	d.out.workflow.versions = append(d.out.workflow.versions, v)
}

// workflowReader notes the lines of the lists it reads.
type workflowReader struct {
	*declarations
	lines map[string]int // by field
}

func (r workflowReader) lists(prefix string, m map[string]yamlNode) delivery.StatusLists {
	for _, class := range []string{"waiting", "active", "closed"} {
		r.lines[prefix+class] = m[class].line
	}
	return delivery.StatusLists{Waiting: r.texts(m["waiting"]), Active: r.texts(m["active"]), Closed: r.texts(m["closed"])}
}

func (r workflowReader) overrides(field, what string, n yamlNode) map[string]delivery.StatusLists {
	var out map[string]delivery.StatusLists
	for _, e := range r.entries(n, field) {
		if out == nil {
			out = map[string]delivery.StatusLists{}
		}
		if field == "teams" {
			r.out.workflow.teams = append(r.out.workflow.teams, declaredName{e.name, e.line})
		}
		out[e.name] = r.lists(field+"."+e.name+".", r.mapping(e, what, "waiting", "active", "closed"))
	}
	return out
}
