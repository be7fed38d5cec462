package web

import (
	"context"

	"throughline/internal/source"
)

// defaultBranchesField is the setting of every kind that has runs.
var defaultBranchesField = source.Field{Name: "default_branches", Type: source.List}

// defaultBranches are those of the projects whose source does not say, by
// connection: as it is set, or where runs are only pushed, what is usual.
func (s *Server) defaultBranches(ctx context.Context) (map[string][]string, error) {
	usual := []string{"master", "main"}
	out := map[string][]string{usualConnection: usual}
	all, err := s.db.Connections(ctx)
	for _, c := range all {
		branches, err := c.Settings.List(defaultBranchesField)
		switch {
		case err != nil: // refused when it was saved
		case len(branches) > 0:
			out[c.Name] = branches
		case c.Kind == usualConnection:
			out[c.Name] = usual
		}
	}
	return out, err
}
