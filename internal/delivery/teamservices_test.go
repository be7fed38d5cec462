package delivery

import (
	"errors"
	"reflect"
	"testing"
)

func shopServices() []Service {
	return []Service{
		{Name: "acme/api", Repository: "acme/api"}, {Name: "cart", Repository: "acme/shop"}, {Name: "ledger"}, {Name: "pay", Repository: "acme/shop"},
	}
}

func shopTeams() Teams {
	return Teams{
		{Name: "billing", Services: Patterns{"ledger", "pay"}},
		{Name: "platform"},
		{Name: "shop", Repositories: Patterns{"acme/*"}, Services: Patterns{"ledg*"}},
	}
}

func TestNarrowDora(t *testing.T) {
	tests := []struct {
		name                      string
		filter                    Filter
		wantServices, wantNarrows []string
		all                       bool
	}{
		{"nothing asked for", Filter{}, nil, nil, true},
		{"a service by name, whatever its case", Filter{Services: []string{"PAY"}}, []string{"pay"}, []string{"pay"}, false},
		{"a repository of two", Filter{Services: []string{"acme/Shop"}}, []string{"cart", "pay"}, []string{"cart", "pay"}, false},
		{"what is nowhere", Filter{Services: []string{"x"}}, []string{"x"}, []string{"x"}, false},
		{"a team by services", Filter{Teams: []string{"billing"}}, nil, []string{"ledger", "pay"}, false},
		{"a team by repositories, too", Filter{Teams: []string{"shop"}}, nil, []string{"acme/api", "cart", "ledger", "pay"}, false},
		{"two teams count a service once", Filter{Teams: []string{"billing", "shop"}}, nil, []string{"acme/api", "cart", "ledger", "pay"}, false},
		{"a team without any", Filter{Teams: []string{"platform"}}, nil, []string{}, false},
		{"a team and a repository", Filter{Teams: []string{"billing"}, Services: []string{"acme/shop"}}, []string{"cart", "pay"}, []string{"pay"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := tt.filter
			if err := f.NarrowDora(shopTeams(), shopServices()); err != nil {
				t.Fatal(err)
			}
			names, all := f.ServiceNames()
			if !reflect.DeepEqual(f.Services, tt.wantServices) || !reflect.DeepEqual(names, tt.wantNarrows) || all != tt.all {
				t.Errorf("services %q, narrowed %q, all %v", f.Services, names, all)
			}
		})
	}
	f := Filter{Teams: []string{"nobody"}}
	var wrong *FilterError
	if err := f.NarrowDora(shopTeams(), shopServices()); !errors.As(err, &wrong) || wrong.Param != "team" || len(f.Scope) != 0 || f.Scope == nil {
		t.Errorf("an unknown team: %v, scope %v", err, f.Scope)
	}
}

func TestWithOwners(t *testing.T) {
	teams := shopTeams()
	got := teams.WithOwners(map[string]string{"acme/b": "group:default/Platform", "acme/a": "platform", "else/pay": "billing", "x/y": "group:default/", "z/y": "nobody"})
	if want := (Patterns{"acme/a", "acme/b"}); !reflect.DeepEqual(got[1].Repositories, want) {
		t.Errorf("platform has %q", got[1].Repositories)
	}
	if want := (Patterns{"else/pay"}); !reflect.DeepEqual(got[0].Repositories, want) {
		t.Errorf("billing has %q", got[0].Repositories)
	}
	if !reflect.DeepEqual(teams, shopTeams()) || !reflect.DeepEqual(got[2], teams[2]) {
		t.Error("other teams changed")
	}
	if more := got[3:]; len(more) != 1 || !reflect.DeepEqual(more[0], Team{Name: "nobody", Repositories: Patterns{"z/y"}}) {
		t.Errorf("teams that only the catalogue names: %+v", more)
	}
	if of := got.OfService(&Service{Name: "new", Repository: "ACME/a"}); !reflect.DeepEqual(of, []string{"platform", "shop"}) {
		t.Errorf("the service is of %q", of)
	}
}
