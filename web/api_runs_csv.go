package web

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"strconv"

	"throughline/internal/delivery"
)

// apiRunsCSV is the whole list of apiRuns without jobs, written while it is read.
func (s *Server) apiRunsCSV(w http.ResponseWriter, r *http.Request) {
	list, ok := s.runListQuery(w, r)
	if !ok {
		return
	}
	list.Limit = 0
	out := csv.NewWriter(w)
	begun := false
	begin := func() error {
		begun = true
		csvHeaders(w, "runs.csv")
		return out.Write(runColumns())
	}
	for run, err := range s.store.Runs(r.Context(), list) {
		if err == nil && !begun {
			err = begin()
		}
		if err == nil {
			err = out.Write(runRow(delivery.ReportRun(&run.Run, run.Seq)))
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

// runColumn is a column of the CSV of runs.
type runColumn struct {
	name string
	cell func(r *delivery.RunReport) string
}

func runColumns() []string {
	var names []string
	for _, c := range runTable() {
		names = append(names, c.name)
	}
	return names
}

func runRow(r delivery.RunReport) []string {
	table := runTable()
	row := make([]string, len(table))
	for i, c := range table {
		row[i] = c.cell(&r)
	}
	return row
}

// runTable is the run object with a column a field.
func runTable() []runColumn {
	type report = *delivery.RunReport
	return []runColumn{
		{"run", func(r report) string { return strconv.FormatInt(r.Run, 10) }},
		{"id", func(r report) string { return csvText(r.ID) }},
		{"connection", func(r report) string { return csvText(r.Connection) }},
		{"project", func(r report) string { return csvText(r.Project) }},
		{"workflow", func(r report) string { return csvText(r.Workflow) }},
		{"number", func(r report) string { return csvWhole(r.Number) }},
		{"title", func(r report) string { return csvText(r.Title) }},
		{"branch", func(r report) string { return csvText(r.Branch) }},
		{"default_branch", func(r report) string { return csvText(r.DefaultBranch) }},
		{"sha", func(r report) string { return csvText(r.SHA) }},
		{"event", func(r report) string { return csvText(r.Event) }},
		{"actor", func(r report) string { return csvText(r.Actor) }},
		{"status", func(r report) string { return csvText(r.Status) }},
		{"conclusion", func(r report) string { return csvText(r.Conclusion) }},
		{"attempt", func(r report) string { return strconv.Itoa(r.Attempt) }},
		{"has_restarts", func(r report) string { return strconv.FormatBool(r.HasRestarts) }},
		{"created_at", func(r report) string { return r.CreatedAt.String() }},
		{"started_at", func(r report) string { return r.StartedAt.String() }},
		{"finished_at", func(r report) string { return r.FinishedAt.String() }},
		{"updated_at", func(r report) string { return r.UpdatedAt.String() }},
		{"duration_seconds", func(r report) string { return csvWhole(r.Duration) }},
		{"duration_e2e_seconds", func(r report) string { return csvWhole(r.DurationE2E) }},
		{"queue_time_seconds", func(r report) string { return csvWhole(r.QueueTime) }},
		{"labels", func(r report) string { return csvLabels(r.Labels) }},
		{"url", func(r report) string { return csvText(r.URL) }},
	}
}

func csvWhole(n *int64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatInt(*n, 10)
}

// csvLabels are the labels as one JSON text, nothing for none.
func csvLabels(labels map[string]string) string {
	if len(labels) == 0 {
		return ""
	}
	b, err := json.Marshal(labels)
	if err != nil {
		return ""
	}
	return string(b)
}
