package delivery

import (
	"encoding/json"
)

// Word is a text that is written as null when it is empty.
type Word string

// MarshalJSON writes the text, or null when there is none.
func (w Word) MarshalJSON() ([]byte, error) {
	if w == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(w))
}

// IssueReport is an issue as the API answers it: what its source says of it and
// what follows from its history. Lists are never null, texts and instants that
// are not known are.
type IssueReport struct {
	Connection string `json:"connection"`
	Key        string `json:"key"`
	ID         string `json:"id"`
	Queue      string `json:"queue"`
	Title      Word   `json:"title"`
	URL        Word   `json:"url"`

	TypeKey       Word `json:"type_key"`
	Type          Word `json:"type"`
	PriorityKey   Word `json:"priority_key"`
	Priority      Word `json:"priority"`
	StatusKey     Word `json:"status_key"`
	Status        Word `json:"status"`
	ResolutionKey Word `json:"resolution_key"`
	Resolution    Word `json:"resolution"`

	AssigneeID   Word `json:"assignee_id"`
	Assignee     Word `json:"assignee"`
	AuthorID     Word `json:"author_id"`
	Author       Word `json:"author"`
	QAEngineerID Word `json:"qa_engineer_id"`
	QAEngineer   Word `json:"qa_engineer"`

	Tags        []string `json:"tags"`
	Components  []string `json:"components"`
	Project     Word     `json:"project"`
	Sprints     []string `json:"sprints"`
	StoryPoints *float64 `json:"story_points"`
	Deadline    Word     `json:"deadline"` // days, YYYY-MM-DD
	StartDate   Word     `json:"start_date"`
	EndDate     Word     `json:"end_date"`

	ParentKey Word     `json:"parent_issue_key"`
	EpicKey   Word     `json:"epic_issue_key"`
	IsSubtask bool     `json:"is_subtask"`
	Aliases   []string `json:"aliases"`
	Comments  int      `json:"comments"`

	Custom map[string]json.RawMessage `json:"custom_fields"`

	CreatedAt     Instant `json:"created_at"`
	UpdatedAt     Instant `json:"updated_at"`
	ResolvedAt    Instant `json:"resolved_at"`
	ClosedAt      Instant `json:"closed_at"`
	FirstActiveAt Instant `json:"first_active_at"`
	IsClosed      bool    `json:"is_closed"`
	IsResolved    bool    `json:"is_resolved"`
	ReopenCount   int     `json:"reopen_count"`

	LeadTime  *Span `json:"lead_time"`
	CycleTime *Span `json:"cycle_time"`
	Age       *Span `json:"age"`
	WIPAge    *Span `json:"wip_age"`

	WasMoved bool    `json:"was_moved"`
	MovedAt  Instant `json:"moved_at"`
	MovedBy  Word    `json:"moved_by"`
}

// IssueHistoryReport is an issue with its history.
type IssueHistoryReport struct {
	IssueReport
	Periods   []PeriodReport         `json:"periods"`
	Totals    map[string]StatusTotal `json:"totals_by_status_key"`
	Anomalies []Anomaly              `json:"anomalies"`
}

// PeriodReport is a stay in a status, an open one measured up to now.
type PeriodReport struct {
	StatusKey       Word    `json:"status_key"`
	Status          Word    `json:"status"`
	Start           Instant `json:"start"`
	End             Instant `json:"end"`
	IsCurrent       bool    `json:"is_current"`
	IsTerminal      bool    `json:"is_terminal"` // current and closed
	Inferred        bool    `json:"inferred,omitempty"`
	DurationSeconds int64   `json:"duration_seconds"`
	BusinessSeconds int64   `json:"business_seconds"`
}

// ReportListed reports an issue of a list; ages are counted until now.
func ReportListed(l ListedIssue, c *Calendar, now Instant) IssueReport {
	r := reportIssue(&l.Issue)
	r.flow(l.Flow, c, now)
	r.moved(l.MovedAt, l.MovedBy)
	return r
}

// ReportIssue reports an issue with its history as it was known at asOf: later
// events are ignored, and so is a resolution given later. Other fields are as
// they are now; sources do not tell what they were. class and c are those of the
// issue's queue.
func ReportIssue(d IssueDetail, class Classes, c *Calendar, asOf Instant) IssueHistoryReport {
	issue := d.Issue
	issue.rewind(d.Events, asOf)
	h := HistoryOf(&d.Issue, d.Events, asOf)
	last := h.Periods[len(h.Periods)-1]
	issue.Status = last.Status
	flow := FlowOf(issue.CreatedAt, h.Periods, class)

	r := IssueHistoryReport{IssueReport: reportIssue(&issue), Anomalies: h.Anomalies}
	r.flow(flow, c, asOf)
	r.moved(h.MovedAt, h.MovedBy)
	r.Totals = StatusTotals(h.Periods, flow.IsClosed(), asOf, c)
	for i, p := range h.Periods {
		r.Periods = append(r.Periods, reportPeriod(p, flow.IsClosed() && i == len(h.Periods)-1, c, asOf))
	}
	if r.Anomalies == nil {
		r.Anomalies = []Anomaly{}
	}
	return r
}

// rewind takes back what the issue says of the time after asOf.
func (i *Issue) rewind(events []Event, asOf Instant) {
	changed := i.UpdatedAt > asOf
	if i.ResolvedAt > asOf || changed && !i.ResolvedAt.Known() {
		i.Resolution = Ref{}
	}
	if !changed {
		return
	}
	i.UpdatedAt = i.CreatedAt
	for _, e := range events {
		if e.At <= asOf {
			i.UpdatedAt = max(i.UpdatedAt, e.At)
		}
	}
}

func reportIssue(i *Issue) IssueReport {
	r := IssueReport{
		Connection: i.Connection, Key: i.Key, ID: i.ID, Queue: i.Queue,
		Title: Word(i.Title), URL: Word(i.URL),
		TypeKey: i.Type.key(), Type: Word(i.Type.Name),
		PriorityKey: i.Priority.key(), Priority: Word(i.Priority.Name),
		StatusKey: i.Status.key(), Status: Word(i.Status.Name),
		ResolutionKey: i.Resolution.key(), Resolution: Word(i.Resolution.Name),
		AssigneeID: Word(i.Assignee.ID), Assignee: Word(i.Assignee.Name),
		AuthorID: Word(i.Author.ID), Author: Word(i.Author.Name),
		QAEngineerID: Word(i.QAEngineer.ID), QAEngineer: Word(i.QAEngineer.Name),
		Tags: list(i.Tags), Components: list(i.Components), Sprints: list(i.Sprints), Aliases: list(i.Aliases),
		Project: Word(i.Project.Name), StoryPoints: i.StoryPoints,
		Deadline: Word(i.Deadline.String()), StartDate: Word(i.StartDate.String()), EndDate: Word(i.EndDate.String()),
		ParentKey: Word(i.ParentKey), EpicKey: Word(i.EpicKey), IsSubtask: i.ParentKey != "",
		Comments: i.Comments, Custom: i.Custom,
		CreatedAt: i.CreatedAt, UpdatedAt: i.UpdatedAt, IsResolved: !i.Resolution.IsZero(),
	}
	if r.IsResolved {
		r.ResolvedAt = i.ResolvedAt
	}
	if r.Custom == nil {
		r.Custom = map[string]json.RawMessage{}
	}
	return r
}

func (r *IssueReport) flow(f Flow, c *Calendar, now Instant) {
	r.ClosedAt, r.FirstActiveAt = f.ClosedAt, f.FirstActiveAt
	r.IsClosed, r.ReopenCount = f.IsClosed(), f.ReopenCount
	r.LeadTime, r.CycleTime = f.LeadTime(c), f.CycleTime(c)
	r.Age, r.WIPAge = f.Age(now, c), f.WIPAge(now, c)
}

func (r *IssueReport) moved(at Instant, by Ref) {
	r.WasMoved, r.MovedAt, r.MovedBy = at.Known(), at, Word(by.Name)
}

func reportPeriod(p Period, terminal bool, c *Calendar, now Instant) PeriodReport {
	return PeriodReport{
		StatusKey: p.Status.key(), Status: Word(p.Status.Name),
		Start: p.Start, End: p.End,
		IsCurrent: !p.End.Known(), IsTerminal: terminal, Inferred: p.Inferred,
		DurationSeconds: p.Length(now) / msPerSecond,
		BusinessSeconds: c.Between(p.Start, p.until(now)) / msPerSecond,
	}
}

// key is the stable name of r: its key, or its id where it has none.
func (r Ref) key() Word {
	if r.Key == "" {
		return Word(r.ID)
	}
	return Word(r.Key)
}

func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
