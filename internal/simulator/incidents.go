package simulator

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"throughline/internal/delivery"
)

// Incident is something that a deployment broke, as people told of it.
type Incident struct {
	Key        string // of the incident in Jira
	Project    string // of Jira
	Repository string // owner/name
	Title      string
	Severity   string
	SHA        string // of the deployment; "" where nobody found out
	StartedAt  time.Time
	ResolvedAt time.Time
}

var (
	brokenWords = []string{
		"Errors in the checkout", "Orders are not paid", "Search finds nothing", "The app closes by itself",
		"Reports are empty", "Pages take a minute", "Receipts are not printed",
	}
	harms = []string{"critical", "major", "minor"}
)

// incident is what people tell of a bad deployment.
func (g *GitHub) incident(r *repo, d *actDeployment, n int, mended delivery.Instant) *Incident {
	luck := g.c.mix(int(d.commit>>33), 44)
	project := queues[r.queue].key
	at := d.finished() + delivery.Instant(int64(3+luck%18)*minute)
	i := &Incident{
		Key: project + "-" + strconv.Itoa(9000+1000*r.n+n), Project: project, Repository: Organization + "/" + r.name,
		Title: brokenWords[luck%uint64(len(brokenWords))], Severity: harms[luck>>8%3], StartedAt: timeOf(at), ResolvedAt: timeOf(max(mended, at+delivery.Instant(10*minute))),
	}
	if luck%5 < 3 {
		i.SHA = shaOf(d.commit)
	}
	return i
}

// Incidents are those that began before the company's present, in order.
func (g *GitHub) Incidents() []Incident {
	now := g.now()
	var out []Incident
	for _, r := range g.seen() {
		for _, i := range g.deploysOf(r, now).hurt {
			if delivery.InstantOf(i.StartedAt) <= now {
				one := *i
				if delivery.InstantOf(one.ResolvedAt) > now {
					one.ResolvedAt = time.Time{}
				}
				out = append(out, one)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Incident) int { return cmp.Or(a.StartedAt.Compare(b.StartedAt), cmp.Compare(a.Key, b.Key)) })
	return out
}

// JiraHook is a request that Jira's automation sends.
type JiraHook struct {
	At   time.Time
	Path string // below /api/jira
	Body []byte
}

// JiraHooks tell of incidents, when each began and when it was resolved, and of other
// tickets that were created and closed, in order.
func (g *GitHub) JiraHooks() []JiraHook {
	var out []JiraHook
	for _, i := range g.Incidents() {
		out = append(out, i.hook(i.StartedAt, "jira:issue_created", "Open", "new"))
		if !i.ResolvedAt.IsZero() {
			out = append(out, i.hook(i.ResolvedAt, "jira:issue_updated", "Done", "done"))
		}
	}
	out = append(out, g.tickets()...)
	slices.SortStableFunc(out, func(a, b JiraHook) int { return a.At.Compare(b.At) })
	return out
}

const jiraTime = "2006-01-02T15:04:05.000-0700"

// hook is the issue of an incident as it is at an instant.
func (i *Incident) hook(at time.Time, event, status, category string) JiraHook {
	description := ""
	if i.SHA != "" && category == "done" {
		description = "root cause: " + i.SHA
	}
	fields := map[string]any{
		"summary": i.Title, "description": description, "created": i.StartedAt.Format(jiraTime), "updated": at.Format(jiraTime),
		"priority": map[string]any{"name": i.Severity},
	}
	if category == "done" {
		fields["resolutiondate"] = i.ResolvedAt.Format(jiraTime)
	}
	return jiraHook(at, "", event, i.Key, i.Project, "Incident", status, category, fields)
}

func jiraHook(at time.Time, path, event, key, project, kind, status, category string, fields map[string]any) JiraHook {
	fields["project"] = map[string]any{"key": project}
	fields["issuetype"] = map[string]any{"name": kind}
	fields["status"] = map[string]any{"name": status, "statusCategory": map[string]any{"key": category, "name": status}}
	body, err := json.Marshal(map[string]any{
		"timestamp": at.UnixMilli(), "webhookEvent": event, "event": event, "issue": map[string]any{"key": key, "fields": fields},
	})
	if err != nil { // texts only
		panic(err)
	}
	return JiraHook{At: at, Path: path, Body: body}
}

// tickets are those of customers: a few each working day, closed within a week.
func (g *GitHub) tickets() []JiraHook {
	now := g.now()
	var out []JiraHook
	for d := localDay(g.start); d <= localDay(now); d++ {
		for q := range queues {
			n := g.c.mix(int(d), uint64(50+q)) % 3
			for k := range n {
				luck := g.c.mix(int(d), 60+uint64(q)*8+k)
				opened := startOf(d) + delivery.Instant(9*hour+int64(luck%(9*3600))*second)
				closed := opened + delivery.Instant(int64(1+luck>>16%140)*hour)
				key := queues[q].key + "-" + strconv.Itoa(20000+int(d)*10%9000+int(k)*3)
				kind := []string{"Bug", "Task"}[luck>>20%2]
				at := timeOf(opened)
				if opened <= now {
					out = append(out, jiraHook(at, "/tickets/new", "jira:issue_created", key, queues[q].key, kind, "Open", "new", map[string]any{"created": at.Format(jiraTime)}))
				}
				if closed <= now {
					fields := map[string]any{"created": at.Format(jiraTime), "resolutiondate": timeOf(closed).Format(jiraTime)}
					out = append(out, jiraHook(timeOf(closed), "/tickets/close", "jira:issue_updated", key, queues[q].key, kind, "Done", "done", fields))
				}
			}
		}
	}
	return out
}
