package delivery_test

import (
	"slices"
	"testing"

	"throughline/internal/delivery"
)

func TestUnassignedOf(t *testing.T) {
	facet := func(keys ...string) (out []delivery.Facet) {
		for i, key := range keys {
			out = append(out, delivery.Facet{Key: key, Count: len(keys) - i})
		}
		return out
	}
	teams := delivery.Teams{
		{Name: "pay", Queues: delivery.Patterns{"PAY"}, Services: delivery.Patterns{"shop"}, Repositories: delivery.Patterns{"acme/pay-*"}},
		{Name: "ops", CIProjects: delivery.Patterns{"group/**"}, SentryProjects: delivery.Patterns{"edge"}},
	}
	services := []delivery.Service{
		{Name: "shop", Repository: "acme/Shop", SentryProjects: delivery.Patterns{"shop-*"}},
		{Name: "mail", Repository: "acme/mail", SentryProjects: delivery.Patterns{"mail"}},
		{Name: "acme/docs", Repository: "acme/docs"},
	}
	got := delivery.UnassignedOf(teams, services,
		delivery.Facets{Queues: facet("PAY", "OPS", "WEB")},
		delivery.RunFacets{Projects: facet("group/a/b", "acme/pay-api", "acme/shop", "acme/docs")},
		delivery.DoraFacets{
			Repositories: facet("acme/docs", "acme/mail", "ACME/shop", "acme/pay-api"), Services: facet("shop", "mail", "night"),
			ErrorProjects: facet("shop-web", "mail", "edge", "lost"),
		})
	want := []delivery.Ownerless{
		{Type: "queue", Key: "OPS", N: 2},
		{Type: "queue", Key: "WEB", N: 1},
		{Type: "repository", Key: "acme/docs", N: 4},
		{Type: "repository", Key: "acme/mail", Service: "mail", N: 3},
		{Type: "service", Key: "mail", Service: "mail", N: 2},
		{Type: "service", Key: "night", N: 1},
		{Type: "project", Key: "acme/shop", N: 2}, // its deployments are a team's, its runs are nobody's
		{Type: "error_project", Key: "mail", Service: "mail", N: 3},
		{Type: "error_project", Key: "lost", N: 1},
	}
	if !slices.Equal(got, want) {
		t.Errorf("of no team are\n%+v\nwant\n%+v", got, want)
	}
	if none := delivery.UnassignedOf(nil, nil, delivery.Facets{}, delivery.RunFacets{}, delivery.DoraFacets{}); len(none) != 0 {
		t.Errorf("of nothing: %v", none)
	}
}
