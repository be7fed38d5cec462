package views

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// IssueView is an issue with its history, and by what that was measured.
type IssueView struct {
	Report    delivery.IssueHistoryReport
	Classes   []delivery.Class // of each period
	Anomalies []IssueAnomaly
	Source    string // address in the source, "" when there is none to open
	Zone      *time.Location
	Day       time.Duration // a working day
	Calendar  string
	Team      string        // whose calendar and statuses apply, "" for the organisation's
	Since     delivery.Date // from when on the workflow in force holds, zero for always
	AsOf      delivery.Instant
	Past      bool // AsOf was asked for
	Long      bool // the page says all periods at once is what was asked for
}

// IssueAnomaly is a contradiction in an issue's history, with what is known of
// the event that shows it.
type IssueAnomaly struct {
	Kind   delivery.AnomalyKind
	Event  int // its place among the changes, from 1; 0 when the issue itself shows it
	At     delivery.Instant
	Actor  string
	From   string
	To     string
	Said   delivery.Instant // when the source says it began
	Period int              // the period it made or moved, from 1; 0 for none
}

// shownPeriods is how many periods a page shows unless asked for all.
const shownPeriods = 50

func (v IssueView) moment(ctx context.Context, i delivery.Instant) string {
	return i18n.From(ctx).DateTime(i.Time().In(v.Zone))
}

// elapsed is a stretch of time round the clock.
func elapsed(ctx context.Context, seconds int64) string {
	return i18n.From(ctx).Duration(float64(seconds), 24)
}

// business is a stretch of working time; none of a stretch that took some time
// is said so.
func (v IssueView) business(ctx context.Context, business, elapsed int64) string {
	if business == 0 && elapsed > 0 {
		return t(ctx, "chart.outside")
	}
	return i18n.From(ctx).Duration(float64(business), v.Day.Hours())
}

// issueFigure is a duration of an issue by both clocks.
type issueFigure struct {
	name string // of its messages
	span *delivery.Span
}

// figures are those that say something of the issue: of a finished one lead and
// cycle time, of an open one its ages.
func (v IssueView) figures() []issueFigure {
	r := v.Report
	if r.IsClosed {
		return []issueFigure{{"lead_time", r.LeadTime}, {"cycle_time", r.CycleTime}}
	}
	return []issueFigure{{"age", r.Age}, {"wip_age", r.WIPAge}}
}

// issueFact is a line of what is known of an issue.
type issueFact struct {
	id    string // message of its name
	texts []string
	keys  bool // the texts are keys of other issues
}

// facts are those that are known.
func (v IssueView) facts(ctx context.Context) []issueFact {
	r, p := v.Report, i18n.From(ctx)
	moment := func(i delivery.Instant) string {
		if !i.Known() {
			return ""
		}
		return v.moment(ctx, i)
	}
	moved := moment(r.MovedAt)
	if moved != "" && r.MovedBy != "" {
		moved = p.T("issue.moved.by", "time", moved, "who", string(r.MovedBy))
	}
	comments := ""
	if r.Comments > 0 {
		comments = p.Number(float64(r.Comments), 0)
	}
	points := ""
	if r.StoryPoints != nil {
		points = p.Number(*r.StoryPoints, 2)
	}
	all := []issueFact{
		{"issue.created", []string{moment(r.CreatedAt)}, false},
		{"issue.first_active", []string{moment(r.FirstActiveAt)}, false},
		{"issue.closed", []string{moment(r.ClosedAt)}, false},
		{"issue.resolution", []string{string(r.Resolution)}, false},
		{"issue.resolved", []string{moment(r.ResolvedAt)}, false},
		{"issue.reopened", []string{p.Number(float64(r.ReopenCount), 0)}, false},
		{"issue.updated", []string{moment(r.UpdatedAt)}, false},
		{"issue.assignee", []string{string(r.Assignee)}, false},
		{"issue.author", []string{string(r.Author)}, false},
		{"issue.qa", []string{string(r.QAEngineer)}, false},
		{"issue.priority", []string{string(r.Priority)}, false},
		{"issue.project", []string{string(r.Project)}, false},
		{"issue.sprints", r.Sprints, false},
		{"issue.components", r.Components, false},
		{"issue.tags", r.Tags, false},
		{"issue.points", []string{points}, false},
		{"issue.start", []string{issueDay(p, r.StartDate)}, false},
		{"issue.end", []string{issueDay(p, r.EndDate)}, false},
		{"issue.deadline", []string{issueDay(p, r.Deadline)}, false},
		{"issue.parent", []string{string(r.ParentKey)}, true},
		{"issue.epic", []string{string(r.EpicKey)}, true},
		{"issue.comments", []string{comments}, false},
		{"issue.moved", []string{moved}, false},
		{"issue.aliases", r.Aliases, false},
	}
	for i := range all {
		all[i].texts = slices.DeleteFunc(slices.Clone(all[i].texts), func(s string) bool { return s == "" })
	}
	return slices.DeleteFunc(all, func(f issueFact) bool { return len(f.texts) == 0 })
}

func issueDay(p *i18n.Printer, day delivery.Word) string {
	d, err := delivery.ParseDate(string(day))
	if err != nil {
		return ""
	}
	return p.Date(d.In(time.UTC).Time())
}

// customField is a field of the source's own.
type customField struct{ name, text string }

// maxCustom bounds what a page shows of one field.
const maxCustom = 200

func (v IssueView) custom() []customField {
	var out []customField
	for _, name := range slices.Sorted(maps.Keys(v.Report.Custom)) {
		raw := v.Report.Custom[name]
		text := string(raw)
		var plain string
		if json.Unmarshal(raw, &plain) == nil {
			text = plain
		}
		if text == "" || text == "null" {
			continue
		}
		if runes := []rune(text); len(runes) > maxCustom {
			text = string(runes[:maxCustom-1]) + "…"
		}
		out = append(out, customField{name, text})
	}
	return out
}

// statusTotal is the time in one status, in the order in which statuses were
// first entered.
type statusTotal struct {
	name  string
	class delivery.Class
	delivery.StatusTotal
	share float64 // of all time that is summed
}

func (v IssueView) totals() []statusTotal {
	var out []statusTotal
	seen := map[delivery.Word]bool{}
	all := int64(0)
	for i, p := range v.Report.Periods {
		total, ok := v.Report.Totals[string(p.StatusKey)]
		if !ok || seen[p.StatusKey] {
			continue
		}
		seen[p.StatusKey] = true
		all += total.DurationSeconds
		out = append(out, statusTotal{statusName(p), v.Classes[i], total, 0})
	}
	for i := range out {
		if all > 0 {
			out[i].share = float64(out[i].DurationSeconds) / float64(all)
		}
	}
	return out
}

func statusName(p delivery.PeriodReport) string {
	if p.Status != "" {
		return string(p.Status)
	}
	return string(p.StatusKey)
}

// class is the class of the status the issue is in.
func (v IssueView) class() delivery.Class { return v.Classes[len(v.Classes)-1] }

// marks are what a period is besides its length, as messages.
func (v IssueView) marks(p delivery.PeriodReport) []string {
	var out []string
	switch {
	case p.IsTerminal:
		out = append(out, "issue.terminal")
	case p.IsCurrent:
		out = append(out, "issue.current")
	}
	if p.Inferred {
		out = append(out, "issue.inferred")
	}
	return out
}

func periodID(n int) string { return "period-" + strconv.Itoa(n) }

// explained says what an anomaly is, and what it does to the numbers.
func (v IssueView) explained(ctx context.Context, a IssueAnomaly) string {
	name := func(s string) string {
		if s == "" {
			return "–"
		}
		return s
	}
	said := ""
	if a.Said.Known() {
		said = v.moment(ctx, a.Said)
	}
	at := ""
	if a.At.Known() {
		at = v.moment(ctx, a.At)
	}
	id := "issue.anomaly." + string(a.Kind)
	if said == "" && i18n.From(ctx).Has(id+".undated") {
		id += ".undated"
	}
	return t(ctx, id, "from", name(a.From), "to", name(a.To), "said", said, "at", at)
}

// path is the page with other parameters than now.
func (v IssueView) path(all bool) string {
	var q []string
	if v.Past {
		q = append(q, "as_of="+v.AsOf.String())
	}
	if all {
		q = append(q, "periods=all")
	}
	path := "/issues/" + v.Report.Key
	if len(q) > 0 {
		path += "?" + strings.Join(q, "&")
	}
	return path
}
