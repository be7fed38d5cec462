package github

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

const statusesQuery = `query ThroughlineStatuses($ids:[ID!]!){
 nodes(ids:$ids){... on Deployment{databaseId statuses(first:30){totalCount nodes{state createdAt logUrl environmentUrl}}}}` + rateFields + `}`

const (
	statusesAtOnce = 100
	// deploySlack is how long after its creation a deployment's statuses are looked
	// for: the list is ordered by creation.
	deploySlack = delivery.Instant(7 * day * 1000)
)

// restDeployment is a deployment as the REST API lists them.
type restDeployment struct {
	ID          int64           `json:"id"`
	Node        string          `json:"node_id"`
	SHA         string          `json:"sha"`
	Ref         string          `json:"ref"`
	Environment string          `json:"environment"`
	Original    string          `json:"original_environment"`
	Production  bool            `json:"production_environment"`
	Description string          `json:"description"`
	Payload     json.RawMessage `json:"payload"`
	Creator     *account        `json:"creator"`
	Created     moment          `json:"created_at"`
	Updated     moment          `json:"updated_at"`
	URL         string          `json:"url"`
}

// deployment is it without its states.
func (g *restDeployment) deployment(r *repo) delivery.Deployment {
	return delivery.Deployment{
		Repository: r.name, ID: strconv.FormatInt(g.ID, 10), Environment: cmp.Or(g.Environment, g.Original), Production: g.Production,
		SHA: g.SHA, Ref: cutText(strings.TrimSpace(g.Ref), maxTitle), Description: cutText(strings.TrimSpace(g.Description), maxTitle),
		Creator: g.Creator.name(), Version: versionOf(g.Payload),
		CreatedAt: g.Created.at(), UpdatedAt: g.Updated.at(), Redeployment: redeployed(g.Payload),
		Part: true, // its range comes later
	}
}

// redeployed is what a payload, an object or the text of one, says of itself.
func redeployed(payload json.RawMessage) bool {
	var text string
	if json.Unmarshal(payload, &text) == nil {
		payload = json.RawMessage(text)
	}
	var said struct {
		Redeployment any `json:"redeployment"`
	}
	if json.Unmarshal(payload, &said) != nil {
		return false
	}
	return strings.EqualFold(fmt.Sprint(said.Redeployment), "true")
}

// deployState is a status of a deployment, of either API.
type deployState struct {
	State     string `json:"state"`
	Created   moment `json:"createdAt"`
	At        moment `json:"created_at"` // of REST
	LogURL    string `json:"logUrl"`
	Log       string `json:"log_url"`
	TargetURL string `json:"target_url"`
}

func (s *deployState) state() (delivery.DeploymentState, bool) {
	status := deployStatus(s.State)
	at := max(s.Created, s.At).at()
	return delivery.DeploymentState{Status: status, At: at, URL: webAddress(cmp.Or(s.LogURL, s.Log, s.TargetURL))}, status != "" && at.Known()
}

// deployStatus is where a deployment stands, "" for what is not known.
func deployStatus(state string) delivery.DeploymentStatus {
	switch s := delivery.DeploymentStatus(strings.ToLower(state)); s {
	case delivery.DeployQueued, delivery.DeployPending, delivery.DeployRunning, delivery.DeploySuccess,
		delivery.DeployFailure, delivery.DeployError, delivery.DeployInactive:
		return s
	case "waiting":
		return delivery.DeployQueued
	}
	return ""
}

// webAddress is an address that a browser may be sent to, else "".
func webAddress(s string) string {
	if u, err := url.Parse(s); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || len(s) > maxName {
		return ""
	}
	return s
}

// deployments reads the deployments that were created or updated since they were
// read, with all their statuses.
func (p *pull) deployments(ctx context.Context, r *repo) error {
	l := &r.dora().Deployments
	first, news, err := p.newsOf(ctx, r, l, "/deployments", url.Values{"per_page": {strconv.Itoa(perPage)}})
	if err != nil || !news {
		return err
	}
	var bad bool
	for page := l.page(); ; page++ {
		var raws []json.RawMessage
		var more bool
		if page == 1 && first != nil {
			raws, more, err = listIn[json.RawMessage](first)
		} else {
			raws, more, err = getList[json.RawMessage](ctx, p, r, "/deployments", nil, page)
		}
		if err != nil {
			return err
		}
		oldest := delivery.InstantOf(p.began) + 1
		var wanted []restDeployment
		var problems []source.Problem
		for i, raw := range raws {
			var d restDeployment
			if err := json.Unmarshal(raw, &d); err != nil || d.ID == 0 || !d.Created.at().Known() {
				e := &answerError{path: "/repos/" + r.name + "/deployments", id: "shape", what: "does not hold what was asked for"}
				problems = append(problems, problemOf(fmt.Sprintf("%s page %d, deployment %d", r.name, page, i+1), e))
				continue
			}
			oldest = min(oldest, d.Created.at())
			if max(d.Updated, d.Created).at() >= l.until(p) {
				wanted = append(wanted, d)
			}
		}
		if err := p.deploymentPage(ctx, r, wanted, problems); err != nil {
			return err
		}
		until := l.until(p)
		if l.Seen.Known() {
			until -= deploySlack
		}
		done := !more || oldest < until
		bad = bad || len(problems) > 0
		if l.After = strconv.Itoa(page + 1); done {
			if l.end(); bad {
				l.ETag = "" // they are asked for again
			}
			return nil
		}
	}
}

// deploymentPage yields deployments with their statuses.
func (p *pull) deploymentPage(ctx context.Context, r *repo, list []restDeployment, problems []source.Problem) error {
	states, err := p.statuses(ctx, r, list)
	if err != nil {
		return err
	}
	var b delivery.Batch
	for i := range list {
		d := list[i].deployment(r)
		d.Connection, d.States = p.connection, states[list[i].ID]
		b.Deployments = append(b.Deployments, d)
		if r.fresh == nil {
			r.fresh = map[int64]bool{}
		}
		r.fresh[list[i].ID] = true
	}
	p.progress.Read += len(list)
	if len(list)+len(problems) == 0 {
		return nil
	}
	return p.emit(b, problems)
}

// statuses are those of deployments, by their ids.
func (p *pull) statuses(ctx context.Context, r *repo, list []restDeployment) (map[int64][]delivery.DeploymentState, error) {
	out := map[int64][]delivery.DeploymentState{}
	for _, some := range chunks(list, statusesAtOnce) {
		if !p.rest {
			if err := p.graphStatuses(ctx, some, out); err != nil && !p.noGraph(err) && !isPartly(err) {
				return nil, err
			}
		}
		for i := range some {
			if _, ok := out[some[i].ID]; ok {
				continue
			}
			states, err := p.restStatuses(ctx, r, some[i].ID)
			if err != nil {
				return nil, err
			}
			out[some[i].ID] = states
		}
	}
	return out, nil
}

func (p *pull) graphStatuses(ctx context.Context, some []restDeployment, out map[int64][]delivery.DeploymentState) error {
	ids := []string{}
	for i := range some {
		if some[i].Node != "" {
			ids = append(ids, some[i].Node)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	var got struct {
		Nodes []*struct {
			ID       int64              `json:"databaseId"`
			Statuses *list[deployState] `json:"statuses"`
		} `json:"nodes"`
	}
	_, err := p.client.graph(ctx, graphQuery{operation: "ThroughlineStatuses", text: statusesQuery, variables: map[string]any{"ids": ids}}, &got)
	if err != nil && !isPartly(err) {
		return err
	}
	for _, n := range got.Nodes {
		if n != nil && n.ID != 0 && n.Statuses != nil && n.Statuses.Total <= len(n.Statuses.Nodes) {
			out[n.ID] = readStates(n.Statuses.Nodes)
		}
	}
	return err
}

func readStates(list []deployState) []delivery.DeploymentState {
	out := []delivery.DeploymentState{}
	for i := range list {
		if s, ok := list[i].state(); ok {
			out = append(out, s)
		}
	}
	return out
}

func (p *pull) restStatuses(ctx context.Context, r *repo, id int64) ([]delivery.DeploymentState, error) {
	list, err := allOf[deployState](ctx, p, r, "/deployments/"+strconv.FormatInt(id, 10)+"/statuses", maxListPages)
	if err != nil {
		return nil, err
	}
	return readStates(list), nil
}
