package github

import (
	"cmp"
	"encoding/json"
	"strings"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

// Events of deployments and of what they bring.
const (
	eventDeployment = "deployment"
	eventStatus     = "deployment_status"
	eventPull       = "pull_request"
	eventReview     = "pull_request_review"
	eventPush       = "push"
	eventRelease    = "release"
)

const (
	branchRef = "refs/heads/"
	tagPrefix = "refs/tags/"
	noSHA     = "0000000000000000000000000000000000000000"
)

// loose is a text that nothing depends on: "" when it is none, cut when it is long.
func (o *object) loose(name string) string {
	var s string
	if json.Unmarshal(o.fields[name], &s) != nil {
		return ""
	}
	return cutText(strings.TrimSpace(s), maxTitle)
}

// looseInstant is a moment that nothing depends on, 0 when it is none; as a text, or
// in seconds since 1970.
func (o *object) looseInstant(name string) delivery.Instant {
	var m moment
	if json.Unmarshal(o.fields[name], &m) == nil && m != 0 {
		return m.at()
	}
	var seconds int64
	if json.Unmarshal(o.fields[name], &seconds) != nil || seconds <= 0 || seconds > 1<<33 {
		return 0
	}
	return delivery.Instant(seconds * 1000)
}

// looseMoment is a moment that git may have been told anything about: 0 when it is
// none, and the commit is one all the same.
type looseMoment moment

func (m *looseMoment) UnmarshalJSON(raw []byte) error {
	if (*moment)(m).UnmarshalJSON(raw) != nil {
		*m = 0
	}
	return nil
}

// account is who did something, as far as that can be read.
func (o *object) account(name string) *account {
	var a account
	if json.Unmarshal(o.fields[name], &a) != nil {
		return nil
	}
	return &a
}

// hookFacts are what a hook of deployments, pull requests or commits tells.
func (s *Source) hookFacts(h source.Hook, o *object) delivery.Batch {
	var b delivery.Batch
	repo := s.told(o)
	if s.excludes(repo.name) {
		return b
	}
	switch h.Event {
	case eventDeployment:
		b.Deployments = append(b.Deployments, readDeployment(o, repo.name))
	case eventStatus:
		d := readDeployment(o, repo.name)
		if state, ok := readState(o.object("deployment_status"), &d); ok {
			d.States = append(d.States, state)
			b.Deployments = append(b.Deployments, d)
		}
	case eventPull:
		s.tellChange(&b, readPull(o.object("pull_request"), repo.name))
	case eventReview:
		c := readPull(o.object("pull_request"), repo.name)
		o.object("review").review(&c)
		b.Changes = append(b.Changes, c)
	case eventPush:
		s.readPush(o, repo, h.ReceivedAt, &b)
	case eventRelease:
		s.readRelease(o, repo.name, &b)
	}
	for i := range b.Deployments {
		d := &b.Deployments[i]
		d.Part, d.ToldAt = true, h.ReceivedAt
		for k := range d.States {
			d.States[k].ToldAt = h.ReceivedAt
		}
	}
	return b
}

// readDeployment is the deployment of a hook, without states.
func readDeployment(o *object, repository string) delivery.Deployment {
	d := o.object("deployment")
	out := delivery.Deployment{
		Repository:   repository,
		ID:           idText(d.id("id")),
		SHA:          d.required("sha"),
		Environment:  cmp.Or(d.loose("environment"), d.loose("original_environment")),
		Ref:          d.loose("ref"),
		Description:  d.loose("description"),
		Creator:      d.account("creator").name(),
		CreatedAt:    d.requiredInstant("created_at"),
		UpdatedAt:    d.looseInstant("updated_at"),
		Redeployment: redeployed(d.fields["payload"]),
		Version:      versionOf(d.fields["payload"]),
	}
	out.UpdatedAt = max(out.UpdatedAt, out.CreatedAt)
	_ = json.Unmarshal(d.fields["production_environment"], &out.Production) // false when it is not said
	return out
}

// versionOf is the version that a payload, an object or the text of one, names.
func versionOf(payload json.RawMessage) string {
	var text string
	if json.Unmarshal(payload, &text) == nil {
		payload = json.RawMessage(text)
	}
	var said struct {
		Version any `json:"version"`
	}
	if json.Unmarshal(payload, &said) != nil {
		return ""
	}
	version, _ := said.Version.(string)
	return cutText(strings.TrimSpace(version), maxTitle)
}

// readState is the state that a hook tells of a deployment; ok is false of one that
// is not known.
func readState(o *object, d *delivery.Deployment) (state delivery.DeploymentState, ok bool) {
	state = delivery.DeploymentState{Status: deployStatus(o.required("state")), At: o.requiredInstant("created_at")}
	state.URL = webAddress(cmp.Or(o.loose("log_url"), o.loose("target_url")))
	d.UpdatedAt = max(d.UpdatedAt, state.At, o.looseInstant("updated_at"))
	return state, state.Status != "" || len(*o.wrong) > 0
}

// readPull is the pull request of a hook, without its commits.
func readPull(o *object, repository string) delivery.Change {
	number := o.id("number")
	by := o.account("user")
	c := delivery.Change{
		Repository: repository, ID: idText(number), Number: number, Part: true,
		Title: o.loose("title"), Author: by.name(), Bot: by.bot(), URL: webAddress(o.loose("html_url")),
		Head: o.optional("head").loose("ref"), Base: o.optional("base").loose("ref"),
		CreatedAt: o.requiredInstant("created_at"), UpdatedAt: o.looseInstant("updated_at"),
		MergedAt: o.instant("merged_at"), ClosedAt: o.instant("closed_at"),
	}
	if c.MergedAt.Known() { // of others it is a commit to try the merge with
		c.MergeSHA = o.loose("merge_commit_sha")
	}
	var labels []struct {
		Name string `json:"name"`
	}
	if json.Unmarshal(o.fields["labels"], &labels) == nil && labels != nil {
		c.Labels = []string{}
		for _, l := range labels {
			c.Labels = append(c.Labels, l.Name)
		}
	}
	return c
}

// tellChange adds a pull request, and the deployment that a rule takes it for.
func (s *Source) tellChange(b *delivery.Batch, c delivery.Change) {
	b.Changes = append(b.Changes, c)
	if d, ok := s.mergeDeployment(&c); ok {
		b.Deployments = append(b.Deployments, d)
	}
}

// review notes the review of a hook. One that was dismissed was a review still, and
// no approval.
func (o *object) review(c *delivery.Change) {
	state := strings.ToUpper(o.required("state"))
	if state == "PENDING" {
		return
	}
	by := o.account("user")
	if by == nil {
		by = &account{}
	}
	reviewed(c, []review{{State: state, At: moment(o.instant("submitted_at")), User: by}})
}

// readPush adds the commits that were pushed to the default branch, each as a change
// of its own: those of pull requests are known by them. A pushed tag is a deployment
// where a rule says so.
func (s *Source) readPush(o *object, repo repository, received delivery.Instant, b *delivery.Batch) {
	ref := o.required("ref")
	pushedAt := cmp.Or(o.optional("repository").looseInstant("pushed_at"), received)
	if deleted := false; json.Unmarshal(o.fields["deleted"], &deleted) == nil && deleted {
		return
	}
	if tag, ok := strings.CutPrefix(ref, tagPrefix); ok {
		sha := cmp.Or(o.optional("head_commit").loose("id"), o.loose("after"))
		if d, ok := s.tagDeployment(repo.name, tag, sha, pushedAt); ok && sha != noSHA {
			b.Deployments = append(b.Deployments, d)
		}
		return
	}
	branch, ok := strings.CutPrefix(ref, branchRef)
	if !ok || branch != repo.branch {
		return
	}
	var commits []struct {
		ID        string      `json:"id"`
		Message   string      `json:"message"`
		Timestamp looseMoment `json:"timestamp"`
		Distinct  *bool       `json:"distinct"`
		URL       string      `json:"url"`
		Author    struct {
			Name     string `json:"name"`
			Username string `json:"username"`
		} `json:"author"`
	}
	if o.has("commits") && json.Unmarshal(o.fields["commits"], &commits) != nil {
		o.refuse("commits", "list", "is not a list of commits")
		return
	}
	for i := range commits {
		c := &commits[i]
		if c.ID == "" || c.Distinct != nil && !*c.Distinct {
			continue // it was there already, on another branch
		}
		commit := madeCommit(c.ID, moment(c.Timestamp).at(), cmp.Or(c.Author.Username, c.Author.Name), c.Message)
		title, _, _ := strings.Cut(commit.Message, "\n")
		b.Changes = append(b.Changes, delivery.Change{
			Repository: repo.name, ID: c.ID, Title: title, Author: commit.Author, Bot: commit.Bot, Base: branch, URL: webAddress(c.URL),
			MergedAt: pushedAt, UpdatedAt: pushedAt, MergeSHA: c.ID, Commits: []delivery.Commit{commit}, Part: true,
		})
	}
}

// readRelease adds the deployment that a published release is by a rule.
func (s *Source) readRelease(o *object, repository string, b *delivery.Batch) {
	r := o.object("release")
	draft, action := false, o.loose("action")
	if json.Unmarshal(r.fields["draft"], &draft) == nil && draft || action == "deleted" || action == "unpublished" {
		return // a draft need not have a tag yet
	}
	published := release{
		id: r.id("id"), tag: r.required("tag_name"), name: r.loose("name"), author: r.account("author").name(),
		url: webAddress(r.loose("html_url")), publishedAt: r.instant("published_at"),
	}
	_ = json.Unmarshal(r.fields["prerelease"], &published.before)
	if d, ok := s.releaseDeployment(repository, &published); ok {
		b.Deployments = append(b.Deployments, d)
	}
}

// toldFact is what a hook comes to, for people.
type toldFact struct {
	Kind        string `json:"kind"` // deployment or change
	ID          string `json:"id"`
	Repository  string `json:"repository"`
	Environment string `json:"environment,omitempty"`
	SHA         string `json:"sha,omitempty"`
	Status      string `json:"status,omitempty"`
	Title       string `json:"title,omitempty"`
	MergedAt    string `json:"merged_at,omitempty"`
}

// hookItems are the facts of a hook, as they are pushed.
func (s *Source) hookItems(facts *delivery.Batch) []source.PushedItem {
	var items []source.PushedItem
	for _, d := range facts.Deployments {
		t := toldFact{Kind: "deployment", ID: d.ID, Repository: d.Repository, Environment: d.Environment, SHA: d.SHA}
		if n := len(d.States); n > 0 {
			t.Status = string(d.States[n-1].Status)
		}
		items = append(items, source.PushedItem{
			ID: d.ID, Told: func(*delivery.Batch) any { return t },
			Add: func(b *delivery.Batch) { b.Deployments = append(b.Deployments, d) },
		})
	}
	for _, c := range facts.Changes {
		t := toldFact{Kind: "change", ID: c.ID, Repository: c.Repository, SHA: c.MergeSHA, Title: c.Title, MergedAt: c.MergedAt.String()}
		items = append(items, source.PushedItem{
			ID: c.ID, Told: func(*delivery.Batch) any { return t },
			Add: func(b *delivery.Batch) { b.Changes = append(b.Changes, c) },
		})
	}
	return items
}

// ofRules are the deployments that rules make of a run, as they are pushed.
func (s *Source) ofRules(run *delivery.Run, at delivery.Instant) []source.PushedItem {
	b := delivery.Batch{Deployments: s.runDeployments(run)}
	for i := range b.Deployments {
		b.Deployments[i].ToldAt = at
	}
	return s.hookItems(&b)
}
