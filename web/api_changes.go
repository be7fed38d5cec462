package web

import (
	"context"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"

	"throughline/internal/delivery"
	"throughline/views"
)

// apiChange is a change that was deployed in the period, or with state=waiting one
// merged in it that was not: all that its lead time and stages are computed from.
type apiChange struct {
	Service    string            `json:"service"`
	Repository string            `json:"repository"`
	Number     int64             `json:"number"` // of a pull request; 0 of a commit
	Name       string            `json:"name"`
	Title      string            `json:"title"`
	Author     string            `json:"author"`
	Bot        bool              `json:"bot"`
	SHA        string            `json:"sha"`
	URL        string            `json:"url"`
	Group      string            `json:"group_id"`
	How        string            `json:"contained_by"` // range, commits, ancestor or time
	StartAt    delivery.Instant  `json:"authored_at"`
	CreatedAt  delivery.Instant  `json:"created_at"`
	ReviewedAt delivery.Instant  `json:"reviewed_at"`
	ApprovedAt delivery.Instant  `json:"approved_at"`
	MergedAt   delivery.Instant  `json:"merged_at"`
	DeployedAt delivery.Instant  `json:"deployed_at"`
	Commits    []delivery.Commit `json:"commits"`
	Excluded   string            `json:"excluded"`
	LeadTime   *int64            `json:"lead_time_seconds"`
	Stages     map[string]*int64 `json:"stages,omitempty"` // seconds
}

func changeReport(row *views.ChangeRow) apiChange {
	c := &row.DeployedChange
	out := apiChange{
		Service: c.Service, Name: c.Name, Title: c.Title, Bot: c.Bot, SHA: c.SHA, Group: c.Group, How: c.How, StartAt: c.StartAt,
		CreatedAt: c.CreatedAt, ReviewedAt: c.ReviewedAt, ApprovedAt: c.ApprovedAt, MergedAt: c.MergedAt, DeployedAt: c.DeployedAt,
		Excluded: row.Reason, Commits: []delivery.Commit{}, Stages: map[string]*int64{},
	}
	if row.Reason == "" {
		seconds := row.Lead / 1000
		out.LeadTime = &seconds
	}
	if f := row.Fact; f != nil {
		out.Repository, out.Number, out.Title, out.Author, out.SHA, out.URL = f.Repository, f.Number, f.Title, f.Author, f.MergeSHA, f.URL
		out.Commits = append(out.Commits, f.Commits...)
	}
	if len(out.Commits) == 0 {
		for _, at := range c.Commits {
			out.Commits = append(out.Commits, delivery.Commit{SHA: c.SHA, AuthoredAt: at}) // of one commit only, without Seq
		}
	}
	stages, _ := c.Stages()
	for i, name := range delivery.Stages {
		if millis := stages[i]; millis >= 0 {
			seconds := millis / 1000
			out.Stages[name] = &seconds
		}
	}
	return out
}

// waitingReport is a change that no deployment has brought: nothing of it is measured
// yet.
func waitingReport(row *views.ChangeRow) apiChange {
	out := changeReport(row)
	out.LeadTime, out.Excluded, out.Stages = nil, "", nil
	if f := row.Fact; f != nil {
		out.CreatedAt, out.ReviewedAt, out.ApprovedAt = f.CreatedAt, f.ReviewedAt, f.ApprovedAt
		for _, c := range f.Commits {
			if out.StartAt == 0 || c.AuthoredAt != 0 && c.AuthoredAt < out.StartAt {
				out.StartAt = c.AuthoredAt
			}
		}
	}
	return out
}

// listedChanges are the changes that a program asks for, newest first: limit of them
// behind a cursor, and the cursor of the next ones.
func (s *Server) listedChanges(ctx context.Context, a *doraAsked, limit int, cursor string) (out []apiChange, next string, err error) {
	out = []apiChange{}
	if a.waiting {
		data, q, err := s.loadDoraData(ctx, a.f, delivery.PartUndeployed)
		if err != nil {
			return nil, "", err
		}
		waiting, next, err := behind(waitingOf(data, &q, true), limit, cursor, func(w *delivery.WaitingChange) string {
			return w.Service + " " + strconv.FormatInt(w.Seq, 10)
		})
		if err != nil {
			return nil, "", err
		}
		changes := make([]delivery.DeployedChange, len(waiting))
		for i, w := range waiting {
			changes[i] = delivery.DeployedChange{Seq: w.Seq, Service: w.Service, Name: w.Name, Title: w.Title, Bot: w.Bot, MergedAt: w.MergedAt}
		}
		rows, err := s.changeRows(ctx, changes, a.f.Start)
		for i := range rows {
			out = append(out, waitingReport(&rows[i]))
		}
		return out, next, err
	}
	data, q, err := s.loadDoraData(ctx, a.f, delivery.PartChanges)
	if err != nil {
		return nil, "", err
	}
	changes, err := changesOf(data, &q, a.excluded)
	if err != nil {
		return nil, "", err
	}
	if changes, next, err = behind(changes, limit, cursor, changeKey); err != nil {
		return nil, "", err
	}
	rows, err := s.changeRows(ctx, changes, a.f.Start)
	for i := range rows {
		out = append(out, changeReport(&rows[i]))
	}
	return out, next, err
}

// behind are limit rows, 0 for all, behind the one that a cursor names.
func behind[T any](all []T, limit int, cursor string, key func(*T) string) (rows []T, next string, err error) {
	if cursor != "" {
		after, err := hex.DecodeString(cursor)
		i := slices.IndexFunc(all, func(row T) bool { return key(&row) == string(after) })
		if err != nil || i < 0 {
			return nil, "", &delivery.FilterError{Param: "cursor", Message: "not a cursor of this list"}
		}
		all = all[i+1:]
	}
	if limit > 0 && len(all) > limit {
		all = all[:limit]
		next = hex.EncodeToString([]byte(key(&all[limit-1])))
	}
	return all, next, nil
}

// apiChanges lists the changes deployed in the period, newest first.
func (s *Server) apiChanges(w http.ResponseWriter, r *http.Request) {
	a, limit, cursor, ok := s.doraAPIQuery(w, r)
	if !ok {
		return
	}
	rows, next, err := s.listedChanges(r.Context(), &a, limit, cursor)
	if err != nil {
		s.listFail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, apiList[apiChange]{rows, next})
}

// apiChangesCSV is the whole list of apiChanges, a row a change.
func (s *Server) apiChangesCSV(w http.ResponseWriter, r *http.Request) {
	a, _, _, ok := s.doraAPIQuery(w, r)
	if !ok {
		return
	}
	changes, _, err := s.listedChanges(r.Context(), &a, 0, "")
	if err != nil {
		s.listFail(w, r, err)
		return
	}
	rows := [][]string{{
		"service", "repository", "number", "name", "title", "author", "bot", "sha", "group_id", "contained_by", "authored_at", "created_at",
		"reviewed_at", "approved_at", "merged_at", "deployed_at", "excluded", "lead_time_seconds", "commits", "url",
	}}
	for i := range changes {
		c := &changes[i]
		rows = append(rows, []string{
			csvText(c.Service), csvText(c.Repository), strconv.FormatInt(c.Number, 10), csvText(c.Name), csvText(c.Title), csvText(c.Author),
			strconv.FormatBool(c.Bot), csvText(c.SHA), c.Group, c.How, instantCell(c.StartAt), instantCell(c.CreatedAt), instantCell(c.ReviewedAt),
			instantCell(c.ApprovedAt), instantCell(c.MergedAt), instantCell(c.DeployedAt), c.Excluded, csvWhole(c.LeadTime), jsonCell(c.Commits), csvText(c.URL),
		})
	}
	s.writeRows(w, r, "changes.csv", rows)
}
