package web

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"throughline/internal/delivery"
	"throughline/views"
)

// apiDeployment is a deployment: what was told of it, in the shape in which it is
// pushed, and what is derived. Derived fields are null where no service has it, or it
// is not derived yet.
type apiDeployment struct {
	ID              string                     `json:"id"`
	Connection      string                     `json:"connection"`
	Repository      delivery.Word              `json:"repository"`
	Service         delivery.Word              `json:"service"` // as told, else that of its repository
	Environment     delivery.Word              `json:"environment"`
	SHA             delivery.Word              `json:"sha"`
	Ref             delivery.Word              `json:"ref"`
	Version         delivery.Word              `json:"version"`
	Description     delivery.Word              `json:"description"`
	Creator         delivery.Word              `json:"creator"`
	Status          delivery.Word              `json:"status"`
	CreatedAt       delivery.Instant           `json:"created_at"`
	StartedAt       delivery.Instant           `json:"started_at"`
	FinishedAt      delivery.Instant           `json:"finished_at"`
	UpdatedAt       delivery.Instant           `json:"updated_at"`
	Rollback        bool                       `json:"rollback"`
	Hotfix          bool                       `json:"hotfix"`
	Unplanned       bool                       `json:"unplanned"`
	Redeployment    bool                       `json:"redeployment"`
	FixesDeployment delivery.Word              `json:"fixes_deployment"`
	Impact          delivery.Word              `json:"impact"`
	URL             delivery.Word              `json:"url"`
	Commits         []delivery.Commit          `json:"commits"`
	States          []delivery.DeploymentState `json:"states"`

	Number       string           `json:"number"` // that stores have it by
	Rule         delivery.Word    `json:"rule"`   // by which something else was taken for it
	Range        *apiRange        `json:"range"`  // whose commits these are; null when it is not known
	InProduction bool             `json:"in_production"`
	Kind         delivery.Word    `json:"kind"`
	KindReason   delivery.Word    `json:"kind_reason"`
	GroupID      delivery.Word    `json:"group_id"`
	Failed       bool             `json:"failed"`
	Recovered    delivery.Instant `json:"recovered_at"`
	Evidence     []apiEvidence    `json:"evidence"`
	LeadTimes    []apiLeadTime    `json:"change_lead_times"`
}

// apiRange is between which commits a deployment was compared.
type apiRange struct {
	Base   delivery.Word `json:"base"` // null of commits that were pushed with it
	Behind bool          `json:"behind"`
	Cut    bool          `json:"cut"`
}

type apiEvidence struct {
	Method     string           `json:"method"`
	Confidence string           `json:"confidence"`
	Incident   delivery.Word    `json:"incident"`    // its number
	ErrorGroup delivery.Word    `json:"error_group"` // its number
	RemediedBy delivery.Word    `json:"remedied_by"` // a group_id
	At         delivery.Instant `json:"at"`
	Detail     delivery.Word    `json:"detail"`
	By         delivery.Word    `json:"by"`
}

// numberWord is a number of a fact, which is null when there is none: as a text, since
// it is longer than what JavaScript counts.
func numberWord(n int64) delivery.Word {
	if n == 0 {
		return ""
	}
	return delivery.Word(strconv.FormatInt(n, 10))
}

// apiLeadTime is of a change that the deployment was the first to bring.
type apiLeadTime struct {
	Change   string        `json:"change"`
	Seconds  *int64        `json:"seconds"`
	Excluded delivery.Word `json:"excluded"`
}

// groupIndex are groups, and the changes of each, by the deployments in them.
type groupIndex struct {
	groups  map[int64]*delivery.Group
	changes map[string][]delivery.DeployedChange
	evident map[string]bool // that something speaks against, where that is asked for
	asked   *doraAsked
}

// deploymentIndex is of all environments, around the period: what a deployment is in
// may have ended before or after it.
func (s *Server) deploymentIndex(ctx context.Context, a *doraAsked) (*groupIndex, error) {
	f := a.f
	f.From, f.To = max(1, f.From-groupSpan), f.To+groupSpan
	if len(f.Environments) == 0 {
		facets, err := s.doraFacets(ctx)
		if err != nil {
			return nil, err
		}
		f.Environments = append(facetKeys(facets.Environments), delivery.Production)
		f.Environments = slices.DeleteFunc(f.Environments, func(name string) bool { return name == "" })
	}
	data, q, err := s.loadDoraData(ctx, f, delivery.PartGroups, delivery.PartChanges)
	if err != nil {
		return nil, err
	}
	index := &groupIndex{groups: map[int64]*delivery.Group{}, changes: map[string][]delivery.DeployedChange{}, asked: a}
	for i := range data.Groups {
		for _, n := range data.Groups[i].Deployments {
			index.groups[n] = &data.Groups[i]
		}
	}
	if a.failed == views.WithEvidence {
		index.evident = map[string]bool{}
		for _, g := range data.Failed(q) {
			index.evident[g.Service+" "+g.ID] = true
		}
	}
	changes, err := changesOf(data, &q, "")
	for _, c := range changes {
		key := c.Service + " " + c.Group
		index.changes[key] = append(index.changes[key], c)
	}
	return index, err
}

// passes reports whether a list wants a deployment.
func (x *groupIndex) passes(seq int64) bool {
	g := x.groups[seq]
	a := x.asked
	if len(a.kinds) == 0 && a.failed == "" {
		return true
	}
	if a.failed == views.WithEvidence {
		return g != nil && x.evident[g.Service+" "+g.ID]
	}
	return g != nil && (len(a.kinds) == 0 || g.Succeeded && slices.Contains(a.kinds, string(g.Kind))) &&
		(a.failed == "" || strconv.FormatBool(g.Failed(a.f.Suspected)) == a.failed)
}

// report is a deployment with what is derived of it.
func (x *groupIndex) report(d *delivery.ListedDeployment) apiDeployment {
	out := reportDeployment(&d.Deployment)
	out.Number = strconv.FormatInt(d.Seq, 10)
	g := x.groups[d.Seq]
	if g == nil {
		return out
	}
	out.InProduction, out.Kind, out.KindReason = g.Environment == delivery.Production, delivery.Word(g.Kind), delivery.Word(g.Reason)
	out.GroupID, out.Service = delivery.Word(g.ID), delivery.Word(g.Service)
	out.Failed, out.Recovered = g.Failed(x.asked.f.Suspected), g.RecoveredAt
	if x.asked.f.Suspected {
		out.Recovered = g.RecoveredAtAny
	}
	for _, e := range g.Evidence {
		out.Evidence = append(out.Evidence, apiEvidence{
			e.Method, e.Confidence, numberWord(e.Incident), numberWord(e.Errors), delivery.Word(e.Group), e.At, delivery.Word(e.Detail), delivery.Word(e.By),
		})
	}
	for i := range x.changes[g.Service+" "+g.ID] {
		c := &x.changes[g.Service+" "+g.ID][i]
		lead := apiLeadTime{Change: c.Name}
		millis, excluded := c.LeadTime(x.asked.f.Start)
		if lead.Excluded = delivery.Word(excluded); excluded == "" {
			seconds := millis / 1000
			lead.Seconds = &seconds
		}
		out.LeadTimes = append(out.LeadTimes, lead)
	}
	return out
}

// reportDeployment is what was told of a deployment.
func reportDeployment(d *delivery.Deployment) apiDeployment {
	word := func(s string) delivery.Word { return delivery.Word(s) }
	out := apiDeployment{
		ID: d.ID, Connection: d.Connection, Repository: word(d.Repository), Service: word(d.Service), Environment: word(d.Environment),
		SHA: word(d.SHA), Ref: word(d.Ref), Version: word(d.Version), Description: word(d.Description),
		Creator: word(d.Creator), Status: word(string(d.Status)), CreatedAt: d.CreatedAt, StartedAt: d.StartedAt, FinishedAt: d.FinishedAt,
		UpdatedAt: d.UpdatedAt, Rollback: d.Rollback, Hotfix: d.Hotfix, Unplanned: d.Unplanned, Redeployment: d.Redeployment,
		FixesDeployment: word(d.FixesDeployment), Impact: word(d.Impact), URL: word(d.URL), Rule: word(d.Rule),
		Commits: []delivery.Commit{}, States: append([]delivery.DeploymentState{}, d.States...), Evidence: []apiEvidence{}, LeadTimes: []apiLeadTime{},
	}
	if d.Range != nil {
		out.Commits = append(out.Commits, d.Range.Commits...)
		out.Range = &apiRange{word(d.Range.Base), d.Range.Behind, d.Range.Cut}
	}
	return out
}

// doraAPIQuery reads what a program asks of deployments or changes; when it cannot
// be read, the answer is written.
func (s *Server) doraAPIQuery(w http.ResponseWriter, r *http.Request) (a doraAsked, limit int, cursor string, ok bool) {
	q, err := query(r)
	if err != nil {
		badRequest(w, err)
		return a, 0, "", false
	}
	limit, limitErr := limitOf(q)
	inner := r.Clone(r.Context())
	inner.URL = &url.URL{Path: r.URL.Path, RawQuery: without(q, "limit", "cursor", "page").Encode()}
	a, err = s.askedDora(inner)
	if err == nil {
		err = single(q, "limit", "cursor")
	}
	switch {
	case err == nil:
		err = limitErr
	case len(filterDetails(err)) == 0:
		s.apiFail(w, r, err)
		return a, 0, "", false
	}
	if err != nil {
		badRequest(w, err)
		return a, 0, "", false
	}
	return a, limit, q.Get("cursor"), true
}

// factQuery is the question of a list of facts by a filter of deployments.
func (s *Server) factQuery(ctx context.Context, a *doraAsked, cursor string) (delivery.DoraListQuery, error) {
	list := delivery.DoraListQuery{From: a.f.From, To: a.f.To, Connections: a.f.Connections, Environments: a.f.Environments, After: cursor}
	if len(a.f.Teams)+len(a.f.Services) == 0 {
		return list, nil
	}
	services, err := s.services(ctx)
	list.Keys = &delivery.ServiceKeys{}
	asked, all := a.f.ServiceNames()
	for i := range services {
		if o := &services[i]; all || slices.Contains(asked, o.Name) {
			list.Keys.Services = append(list.Keys.Services, o.Name)
			if o.Repository != "" {
				list.Keys.Repositories = append(list.Keys.Repositories, o.Repository)
			}
		}
	}
	return list, err
}

// apiDeployments lists the deployments of the period, newest first.
func (s *Server) apiDeployments(w http.ResponseWriter, r *http.Request) {
	a, limit, cursor, ok := s.doraAPIQuery(w, r)
	if !ok {
		return
	}
	answer := apiList[apiDeployment]{Items: []apiDeployment{}}
	last := ""
	err := s.eachDeployment(r.Context(), &a, cursor, func(d apiDeployment, at string) bool {
		if len(answer.Items) == limit {
			answer.NextCursor = last
			return false
		}
		answer.Items, last = append(answer.Items, d), at
		return true
	})
	if err != nil {
		s.listFail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

func (s *Server) eachDeployment(ctx context.Context, a *doraAsked, cursor string, yield func(d apiDeployment, cursor string) bool) error {
	list, err := s.factQuery(ctx, a, cursor)
	if err != nil {
		return err
	}
	index, err := s.deploymentIndex(ctx, a)
	if err != nil {
		return err
	}
	for d, err := range s.store.Deployments(ctx, list) {
		if err != nil {
			return err
		}
		if g := index.groups[d.Seq]; !index.passes(d.Seq) || list.Keys != nil && g != nil && !a.wants(g.Service) {
			continue
		}
		if !yield(index.report(&d), d.Cursor) {
			return nil
		}
	}
	return nil
}

// wants reports whether a service is asked for.
func (a *doraAsked) wants(service string) bool {
	names, all := a.f.ServiceNames()
	return all || slices.Contains(names, service)
}

// apiDeploymentsCSV is the whole list of apiDeployments, a row a deployment.
func (s *Server) apiDeploymentsCSV(w http.ResponseWriter, r *http.Request) {
	a, _, _, ok := s.doraAPIQuery(w, r)
	if !ok {
		return
	}
	rows := [][]string{{
		"number", "id", "connection", "repository", "service", "environment", "in_production", "sha", "version", "status",
		"created_at", "started_at", "finished_at", "kind", "kind_reason", "group_id", "failed", "recovered_at", "evidence", "change_lead_times", "url",
	}}
	err := s.eachDeployment(r.Context(), &a, "", func(d apiDeployment, _ string) bool {
		rows = append(rows, []string{
			d.Number, csvText(d.ID), csvText(d.Connection), csvText(string(d.Repository)), csvText(string(d.Service)), csvText(string(d.Environment)),
			strconv.FormatBool(d.InProduction), csvText(string(d.SHA)), csvText(string(d.Version)), string(d.Status),
			instantCell(d.CreatedAt), instantCell(d.StartedAt), instantCell(d.FinishedAt), string(d.Kind), string(d.KindReason), string(d.GroupID),
			strconv.FormatBool(d.Failed), instantCell(d.Recovered), jsonCell(d.Evidence), jsonCell(d.LeadTimes), csvText(string(d.URL)),
		})
		return true
	})
	if err != nil {
		s.listFail(w, r, err)
		return
	}
	s.writeRows(w, r, "deployments.csv", rows)
}

func (s *Server) writeRows(w http.ResponseWriter, r *http.Request, name string, rows [][]string) {
	csvHeaders(w, name)
	if err := csv.NewWriter(w).WriteAll(rows); err != nil {
		s.abort(r, err)
	}
}

// instantCell is an instant, nothing where it is not known.
func instantCell(at delivery.Instant) string {
	if !at.Known() {
		return ""
	}
	return at.String()
}

// jsonCell is a list as one JSON text, nothing for none.
func jsonCell(v any) string {
	b, err := json.Marshal(v)
	if err != nil || strings.TrimSpace(string(b)) == "[]" {
		return ""
	}
	return string(b)
}
