package web

import "context"

// defaultBranches are those of the projects whose source does not say, by
// connection.
func (s *Server) defaultBranches(context.Context) (map[string][]string, error) {
	return map[string][]string{usualConnection: {"master", "main"}}, nil
}
