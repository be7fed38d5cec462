package web

import (
	"context"
	"strconv"

	"throughline/internal/delivery"
)

// qualityItem is a record that something is wrong with, as programs see it.
type qualityItem struct {
	Kind       delivery.QualityKind `json:"kind"`
	Reason     string               `json:"reason"`
	Type       string               `json:"type"` // connection, status, issue, run, deployment, change, incident, queue, repository, service, project, error_project
	ID         string               `json:"id"`   // by which it is found among those of its type
	Title      delivery.Word        `json:"title"`
	Connection delivery.Word        `json:"connection"`
	Queue      delivery.Word        `json:"queue"`
	Service    delivery.Word        `json:"service"` // or the repository, of what is of no service
	At         delivery.Instant     `json:"at"`      // of what is wrong
	N          int                  `json:"n"`       // how many it concerns, or how many times
	URL        delivery.Word        `json:"url"`     // in the source
	Message    delivery.Word        `json:"message"` // of the source

	// What follows is for pages.
	name   string                           // shown in place of ID
	path   string                           // its page here
	since  delivery.Instant                 // of an issue, when it was created; of hooks, the oldest
	usual  int64                            // milliseconds between hooks
	typed  string                           // type of a status
	pause  string                           // code of a pause
	said   func(ctx context.Context) string // Message in the reader's language
	leads  bool                             // path and detail are for leads
	detail string
}

// factItems are what is wrong with facts of a kind.
func (s *Server) factItems(k delivery.QualityKind, f *delivery.Filter, facts *qualityFacts) qualityList {
	switch k {
	case delivery.UnmappedStatuses:
		return listOf(k, statusItems(facts.odd.Statuses))
	case delivery.WithoutStart:
		return qualityList{k, facts.notStarted, func(ctx context.Context, offset, limit int) ([]qualityItem, error) {
			return s.notStartedItems(ctx, facts.issues, offset, limit)
		}}
	case delivery.HiddenTransitions:
		return qualityList{k, len(facts.odd.Hidden), func(ctx context.Context, offset, limit int) ([]qualityItem, error) {
			return s.hiddenItems(ctx, cutPage(facts.odd.Hidden, offset, limit))
		}}
	case delivery.ImpossibleTimes:
		return qualityList{k, len(facts.times), func(ctx context.Context, offset, limit int) ([]qualityItem, error) {
			return s.timeItems(ctx, cutPage(facts.times, offset, limit))
		}}
	case delivery.Undeployed:
		return listOf(k, lateItems(facts.late))
	case delivery.UnlinkedIncidents:
		return listOf(k, facts.incidents)
	case delivery.Unassigned:
		return listOf(k, ownerlessItems(facts.unassigned, f))
	}
	return listOf(k, nil)
}

func ownerlessItems(all []qualityItem, f *delivery.Filter) []qualityItem {
	if len(f.Connections) > 0 {
		return nil // whose they are does not depend on where they come from
	}
	return all
}

func statusItems(all []delivery.OddStatus) []qualityItem {
	out := make([]qualityItem, len(all))
	for i, st := range all {
		out[i] = qualityItem{
			Type: "status", ID: st.Key, Title: delivery.Word(st.Name), Connection: delivery.Word(st.Connection), Queue: delivery.Word(st.Queue),
			N: st.Issues, Reason: "no_type", name: st.Name, typed: st.Type,
		}
		switch st.Type {
		case "":
		case "inProgress", "paused", "done", "cancelled":
			out[i].Reason = "left_out"
		default:
			out[i].Reason = "unknown_type"
		}
	}
	return out
}

// issueItem is an issue without what is wrong with it.
func issueItem(i *delivery.ListedIssue) qualityItem {
	return qualityItem{
		Type: "issue", ID: i.Key, Title: delivery.Word(i.Title), Connection: delivery.Word(i.Connection), Queue: delivery.Word(i.Queue),
		URL: delivery.Word(sourceLink(i.URL)), N: 1, since: i.Flow.CreatedAt,
	}
}

func (s *Server) notStartedItems(ctx context.Context, f delivery.Filter, offset, limit int) ([]qualityItem, error) {
	q := delivery.RecordsQuery{FlowQuery: delivery.FlowQuery{Filter: f}, Panel: "cycle-time", Excluded: delivery.NeverActive, Sort: delivery.NewestFirst, Offset: offset, Limit: limit}
	found, _, err := s.records(ctx, q)
	out := make([]qualityItem, len(found.Items))
	for i := range found.Items {
		out[i] = issueItem(&found.Items[i].ListedIssue)
		out[i].At, out[i].Reason = found.Items[i].ClosedAt, delivery.NeverActive
	}
	return out, err
}

// hiddenItems reads issues with inferred stays.
func (s *Server) hiddenItems(ctx context.Context, odd []delivery.OddIssue) ([]qualityItem, error) {
	numbers := make([]int64, len(odd))
	for i, o := range odd {
		numbers[i] = o.ID
	}
	issues, err := s.store.IssuesNumbered(ctx, numbers)
	var out []qualityItem
	for _, o := range odd {
		if i, ok := issues[o.ID]; ok { // else it is gone since
			item := issueItem(&i)
			item.At, item.N, item.Reason = o.At, o.N, string(delivery.HiddenTransition)
			out = append(out, item)
		}
	}
	return out, err
}

// timeItems reads records whose instants contradict each other.
func (s *Server) timeItems(ctx context.Context, odd []oddTime) ([]qualityItem, error) {
	var numbers []int64
	for _, o := range odd {
		if o.other == nil {
			numbers = append(numbers, o.issue)
		}
	}
	issues, err := s.store.IssuesNumbered(ctx, numbers)
	var out []qualityItem
	for _, o := range odd {
		var item qualityItem
		if o.other != nil {
			item = *o.other
		} else if i, ok := issues[o.issue]; ok {
			item = issueItem(&i)
		} else {
			continue // gone since
		}
		item.At, item.Reason = o.at, o.reason
		out = append(out, item)
	}
	return out, err
}

func runItem(r *delivery.OddRun) qualityItem {
	number := strconv.FormatInt(r.Seq, 10)
	return qualityItem{
		Type: "run", ID: number, Connection: delivery.Word(r.Connection), Service: delivery.Word(r.Project), N: 1,
		name: r.ID, path: "/runs/" + number,
	}
}

func deploymentItem(d *delivery.ListedDeployment) qualityItem {
	number := strconv.FormatInt(d.Seq, 10)
	of := d.Service
	if of == "" {
		of = d.Repository
	}
	return qualityItem{
		Type: "deployment", ID: number, Title: delivery.Word(d.Environment), Connection: delivery.Word(d.Connection), Service: delivery.Word(of), N: 1,
		At: d.ListedAt(), URL: delivery.Word(sourceLink(d.URL)), name: d.ID, path: "/deployments/" + number,
	}
}

func changeItem(c *delivery.ListedChange) qualityItem {
	name := c.ID
	if c.Number > 0 {
		name = "#" + strconv.FormatInt(c.Number, 10)
	}
	at := c.MergedAt
	if !at.Known() {
		at = c.CreatedAt
	}
	return qualityItem{
		Type: "change", ID: strconv.FormatInt(c.Seq, 10), Title: delivery.Word(c.Title), Connection: delivery.Word(c.Connection),
		Service: delivery.Word(c.Repository), N: 1, At: at, URL: delivery.Word(sourceLink(c.URL)), name: name,
	}
}

func incidentItem(i *delivery.ListedIncident) qualityItem {
	number := strconv.FormatInt(i.Seq, 10)
	return qualityItem{
		Type: "incident", ID: number, Title: delivery.Word(i.Title), Connection: delivery.Word(i.Connection), Service: delivery.Word(i.Service), N: 1,
		At: i.StartedAt, URL: delivery.Word(sourceLink(i.URL)), name: i.ID, path: incidentsPath + "/" + number,
	}
}

func unlinkedItem(i *delivery.LinkedIncident, reason string) qualityItem {
	number := strconv.FormatInt(i.Seq, 10)
	return qualityItem{
		Type: "incident", ID: number, Title: delivery.Word(i.Title), Connection: delivery.Word(i.Connection), Service: delivery.Word(i.Service), N: 1,
		At: i.StartedAt, URL: delivery.Word(sourceLink(i.URL)), Reason: reason, path: incidentsPath + "/" + number,
	}
}

func lateItems(late []delivery.WaitingChange) []qualityItem {
	out := make([]qualityItem, len(late))
	for i, w := range late {
		out[i] = qualityItem{
			Type: "change", ID: strconv.FormatInt(w.Seq, 10), Title: delivery.Word(w.Title), Service: delivery.Word(w.Service), N: 1,
			At: w.MergedAt, URL: delivery.Word(sourceLink(w.URL)), Reason: "not_deployed", name: w.Name,
		}
	}
	return out
}
