package delivery

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds of DoraRules.
const (
	maxTogether   = 120 * time.Minute
	maxWindow     = 30 * 24 * time.Hour
	maxSilence    = 1000 * 24 * time.Hour
	maxProduction = 100
)

// DefaultDoraRules are those of METRICS.
func DefaultDoraRules() DoraRules {
	return DoraRules{
		Production:     []string{"production", "prod", "live"},
		Together:       10 * time.Minute,
		Window:         24 * time.Hour,
		Silence:        60 * 24 * time.Hour,
		HotfixLabels:   Patterns{"hotfix"},
		HotfixBranches: Patterns{"hotfix", "hotfix/**", "hotfix-**"},
		HotfixTitles:   Patterns{"hotfix:**", "hotfix(**", "[hotfix]**"},
		ErrorLevel:     DefaultErrorLevel,
		ErrorUsers:     DefaultErrorUsers,
	}
}

// Validate says what is wrong with rules, joined.
func (r *DoraRules) Validate() error {
	var errs []error
	if len(r.Production) == 0 || len(r.Production) > maxProduction {
		errs = append(errs, fmt.Errorf("production: from one to %d names of environments", maxProduction))
	}
	for _, name := range r.Production {
		if strings.TrimSpace(name) != name || name == "" || len(name) > maxPatternBytes || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
			errs = append(errs, fmt.Errorf("production: not a name of an environment: %s", quote(name)))
		}
	}
	for _, bound := range []struct {
		name     string
		d        time.Duration
		min, max time.Duration
	}{
		{"together", r.Together, 0, maxTogether},
		{"window", r.Window, time.Minute, maxWindow},
		{"silence", r.Silence, 24 * time.Hour, maxSilence},
	} {
		if bound.d < bound.min || bound.d > bound.max {
			errs = append(errs, fmt.Errorf("%s: not from %s to %s", bound.name, bound.min, bound.max))
		}
	}
	errs = append(errs, r.validateErrors())
	for _, p := range []struct {
		name     string
		patterns Patterns
	}{
		{"hotfix_labels", r.HotfixLabels},
		{"hotfix_branches", r.HotfixBranches},
		{"hotfix_titles", r.HotfixTitles},
		{"bots", r.Bots},
	} {
		if err := p.patterns.Validate(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", p.name, err))
		}
	}
	return errors.Join(errs...)
}

// IsProduction reports whether a name of an environment equals one of names or goes
// on behind it with - or /, whatever the case.
func IsProduction(names []string, environment string) bool {
	for _, name := range names {
		if len(environment) < len(name) || !strings.EqualFold(environment[:len(name)], name) {
			continue
		}
		if rest := environment[len(name):]; rest == "" || rest[0] == '-' || rest[0] == '/' {
			return true
		}
	}
	return false
}

// productionOf are the names of production for a service: those of the one team
// that has it, when that has its own; own says so.
func (s *DoraSetup) productionOf(service *Service) (names []string, own bool) {
	if teams := s.Teams.OfService(service); len(teams) == 1 && len(s.TeamProduction[teams[0]]) > 0 {
		return s.TeamProduction[teams[0]], true
	}
	return s.Rules.Production, false
}

// ClassOf is the environment class of a deployment of a service: Production, or the
// environment's name in lower case; "" is unspecified. What the source calls
// production is, unless the team says itself what its production is called.
func (s *DoraSetup) ClassOf(service *Service, d *Deployment) string {
	names, own := s.productionOf(service)
	return classOf(d, names, own)
}

func classOf(d *Deployment, names []string, own bool) string {
	class := strings.ToLower(d.Environment)
	switch {
	case d.Environment != "" && IsProduction(names, d.Environment), d.Production && !own:
		return Production
	case class == Production: // of a team to which that is not production
		return "(" + Production + ")"
	}
	return class
}

// AllServices are the declared services, and one for each repository and service
// name found in the facts that none declares, by name.
func (s *DoraSetup) AllServices(f DoraFacets) []Service {
	all := append([]Service(nil), s.Services...)
	known := map[string]bool{}
	for i := range s.Services {
		known[strings.ToLower(s.Services[i].Name)] = true
		known[strings.ToLower(s.Services[i].Repository)] = true
	}
	known[""] = true
	for _, found := range f.Repositories {
		if key := strings.ToLower(found.Key); !known[key] {
			known[key] = true
			all = append(all, Service{Name: found.Key, Repository: found.Key})
		}
	}
	for _, found := range f.Services {
		if key := strings.ToLower(found.Key); !known[key] {
			known[key] = true
			all = append(all, Service{Name: found.Key})
		}
	}
	sortServices(all)
	return all
}
