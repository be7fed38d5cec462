package delivery

import "cmp"

// MergeChange is MergeDeployment for a change. The first review and the last
// approval are kept, and of being merged the first telling: it is never undone.
func MergeChange(stored, said Change) Change {
	n := newer(cmp.Compare(stored.UpdatedAt, said.UpdatedAt))
	c := said
	c.Part = false
	for _, f := range [...]struct {
		to   *string
		with string
	}{
		{&c.Title, stored.Title},
		{&c.Author, stored.Author},
		{&c.Head, stored.Head},
		{&c.Base, stored.Base},
		{&c.URL, stored.URL},
		{&c.MergeSHA, stored.MergeSHA},
	} {
		*f.to = n.text(f.with, *f.to)
	}
	c.Number = max(stored.Number, said.Number)
	c.Bot = stored.Bot || said.Bot
	c.Labels, c.Paths = n.texts(stored.Labels, said.Labels), n.texts(stored.Paths, said.Paths)
	c.Commits = n.commits(stored.Commits, said.Commits)
	c.CreatedAt = earliest(stored.CreatedAt, said.CreatedAt)
	c.ReviewedAt = earliest(stored.ReviewedAt, said.ReviewedAt)
	c.ApprovedAt = max(stored.ApprovedAt, said.ApprovedAt)
	c.MergedAt = earliest(stored.MergedAt, said.MergedAt)
	c.ClosedAt = max(stored.ClosedAt, said.ClosedAt)
	c.UpdatedAt = max(stored.UpdatedAt, said.UpdatedAt)
	return c
}
