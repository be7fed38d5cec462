package web

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"throughline/internal/delivery"
)

// apiIssuesCSV is the whole list of apiIssues, written while it is read.
func (s *Server) apiIssuesCSV(w http.ResponseWriter, r *http.Request) {
	list, flow, ok := s.issueQuery(w, r, "state")
	if !ok {
		return
	}
	list.Limit = 0
	out := csv.NewWriter(w)
	begun := false
	begin := func() error {
		begun = true
		csvHeaders(w, "issues.csv")
		return out.Write(issueColumns())
	}
	for issue, err := range s.store.Issues(r.Context(), list) {
		if err == nil && !begun {
			err = begin()
		}
		if err == nil {
			err = out.Write(issueRow(delivery.ReportListed(issue, flow.CalendarOf(issue.Queue), flow.Now)))
		}
		switch {
		case err == nil:
		case begun:
			s.abort(r, err)
		default:
			s.listFail(w, r, err)
			return
		}
	}
	if !begun {
		if err := begin(); err != nil {
			s.abort(r, err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		s.abort(r, err)
	}
}

// abort breaks off an answer that has begun, so that nobody takes it for whole.
func (s *Server) abort(r *http.Request, err error) {
	if r.Context().Err() == nil {
		s.log.Error("answer broken off", "error", err)
	}
	panic(http.ErrAbortHandler)
}

func csvHeaders(w http.ResponseWriter, name string) {
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
}

// issueColumn is a column of the CSV of issues.
type issueColumn struct {
	name string
	cell func(r *delivery.IssueReport) string
}

func issueColumns() []string {
	var names []string
	for _, c := range issueTable() {
		names = append(names, c.name)
	}
	return names
}

func issueRow(r delivery.IssueReport) []string {
	table := issueTable()
	row := make([]string, len(table))
	for i, c := range table {
		row[i] = c.cell(&r)
	}
	return row
}

// issueTable is the issue object with a column a field: lists are joined,
// durations have a column for each clock.
func issueTable() []issueColumn {
	type report = *delivery.IssueReport
	return []issueColumn{
		{"key", func(r report) string { return r.Key }},
		{"id", func(r report) string { return r.ID }},
		{"connection", func(r report) string { return r.Connection }},
		{"queue", func(r report) string { return r.Queue }},
		{"title", func(r report) string { return csvText(r.Title) }},
		{"url", func(r report) string { return string(r.URL) }},
		{"type_key", func(r report) string { return string(r.TypeKey) }},
		{"type", func(r report) string { return csvText(r.Type) }},
		{"priority_key", func(r report) string { return string(r.PriorityKey) }},
		{"priority", func(r report) string { return csvText(r.Priority) }},
		{"status_key", func(r report) string { return string(r.StatusKey) }},
		{"status", func(r report) string { return csvText(r.Status) }},
		{"resolution_key", func(r report) string { return string(r.ResolutionKey) }},
		{"resolution", func(r report) string { return csvText(r.Resolution) }},
		{"assignee_id", func(r report) string { return string(r.AssigneeID) }},
		{"assignee", func(r report) string { return csvText(r.Assignee) }},
		{"author_id", func(r report) string { return string(r.AuthorID) }},
		{"author", func(r report) string { return csvText(r.Author) }},
		{"qa_engineer_id", func(r report) string { return string(r.QAEngineerID) }},
		{"qa_engineer", func(r report) string { return csvText(r.QAEngineer) }},
		{"tags", func(r report) string { return csvList(r.Tags) }},
		{"components", func(r report) string { return csvList(r.Components) }},
		{"project", func(r report) string { return csvText(r.Project) }},
		{"sprints", func(r report) string { return csvList(r.Sprints) }},
		{"story_points", func(r report) string { return csvFloat(r.StoryPoints) }},
		{"deadline", func(r report) string { return string(r.Deadline) }},
		{"start_date", func(r report) string { return string(r.StartDate) }},
		{"end_date", func(r report) string { return string(r.EndDate) }},
		{"parent_issue_key", func(r report) string { return string(r.ParentKey) }},
		{"epic_issue_key", func(r report) string { return string(r.EpicKey) }},
		{"is_subtask", func(r report) string { return strconv.FormatBool(r.IsSubtask) }},
		{"aliases", func(r report) string { return csvList(r.Aliases) }},
		{"comments", func(r report) string { return strconv.Itoa(r.Comments) }},
		{"created_at", func(r report) string { return r.CreatedAt.String() }},
		{"updated_at", func(r report) string { return r.UpdatedAt.String() }},
		{"resolved_at", func(r report) string { return r.ResolvedAt.String() }},
		{"closed_at", func(r report) string { return r.ClosedAt.String() }},
		{"first_active_at", func(r report) string { return r.FirstActiveAt.String() }},
		{"is_closed", func(r report) string { return strconv.FormatBool(r.IsClosed) }},
		{"is_resolved", func(r report) string { return strconv.FormatBool(r.IsResolved) }},
		{"reopen_count", func(r report) string { return strconv.Itoa(r.ReopenCount) }},
		{"lead_time_seconds", func(r report) string { return csvSeconds(r.LeadTime) }},
		{"lead_time_business_seconds", func(r report) string { return csvBusiness(r.LeadTime) }},
		{"cycle_time_seconds", func(r report) string { return csvSeconds(r.CycleTime) }},
		{"cycle_time_business_seconds", func(r report) string { return csvBusiness(r.CycleTime) }},
		{"age_seconds", func(r report) string { return csvSeconds(r.Age) }},
		{"age_business_seconds", func(r report) string { return csvBusiness(r.Age) }},
		{"wip_age_seconds", func(r report) string { return csvSeconds(r.WIPAge) }},
		{"wip_age_business_seconds", func(r report) string { return csvBusiness(r.WIPAge) }},
		{"was_moved", func(r report) string { return strconv.FormatBool(r.WasMoved) }},
		{"moved_at", func(r report) string { return r.MovedAt.String() }},
		{"moved_by", func(r report) string { return csvText(r.MovedBy) }},
		{"custom_fields", func(r report) string { return csvCustom(r.Custom) }},
	}
}

// csvText guards words that people typed: a spreadsheet would run a text that
// begins like a formula.
func csvText[T ~string](text T) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + string(text)
	}
	return string(text)
}

func csvList(items []string) string { return csvText(strings.Join(items, ", ")) }

func csvFloat(v *float64) string {
	if v == nil {
		return ""
	}
	return strconv.FormatFloat(*v, 'f', -1, 64)
}

func csvSeconds(s *delivery.Span) string {
	if s == nil {
		return ""
	}
	return strconv.FormatInt(s.Seconds, 10)
}

func csvBusiness(s *delivery.Span) string {
	if s == nil {
		return ""
	}
	return strconv.FormatInt(s.BusinessSeconds, 10)
}

// csvCustom is what the source sent, as one JSON text.
func csvCustom(fields map[string]json.RawMessage) string {
	if len(fields) == 0 {
		return ""
	}
	b, err := json.Marshal(fields)
	if err != nil {
		return ""
	}
	return string(b)
}
