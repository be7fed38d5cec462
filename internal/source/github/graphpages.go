package github

import (
	"context"
	"net/http"
	"slices"
	"strings"
)

// pageSizes are how many records of a query are asked for at once: when GitHub
// takes too long for them, it is asked for fewer.
var pageSizes = []int{50, 25, 10}

// pageInfo is where the next page of a list begins.
type pageInfo struct {
	HasNextPage bool   `json:"hasNextPage"`
	EndCursor   string `json:"endCursor"`
}

// graphPage asks for a page of a list, of as many as GitHub manages.
func (p *pull) graphPage(ctx context.Context, q graphQuery, data any) (http.Header, error) {
	for {
		q.variables["first"] = pageSizes[p.size]
		q.soft = p.size < len(pageSizes)-1
		h, err := p.client.graph(ctx, q, data)
		if err == nil || isPartly(err) || !q.soft || !isTooMuch(err) || ctx.Err() != nil {
			return h, err
		}
		p.size++
	}
}

// noGraph reports whether an error says that the GraphQL API is not to be had, or
// not for this: REST is asked instead.
func (p *pull) noGraph(err error) bool {
	if isStatus(err, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented) {
		p.rest = true
		return true
	}
	return err != nil && !isPartly(err) && ofOne(err)
}

// on are the variables of a query about a repository.
func (r *repo) on(more map[string]any) map[string]any {
	owner, name, _ := strings.Cut(r.name, "/")
	vars := map[string]any{"owner": owner, "name": name}
	for key, value := range more {
		vars[key] = value
	}
	return vars
}

// orNil is a cursor as a variable: null for the first page.
func orNil(after string) any {
	if after == "" {
		return nil
	}
	return after
}

// chunks are parts of at most n.
func chunks[T any](all []T, n int) [][]T { return slices.Collect(slices.Chunk(all, n)) }
