package delivery

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Deriver keeps derived rows up with the facts and the setup.
//
// Run may be called from one goroutine, Of from any.
type Deriver struct {
	Store DoraStore
	Setup func(ctx context.Context) (DoraSetup, error)

	done string // digest of the setup that all was derived by
}

// NoService is the service of what no service has: incidents that name none, whose
// rows are incidents only.
const NoService = ""

// Run derives every service whose facts or setup changed, and reports how many.
// What changes meanwhile is left for the next run.
func (d *Deriver) Run(ctx context.Context) (services int, err error) {
	touched, err := d.Store.DoraTouched(ctx)
	if err != nil {
		return 0, err
	}
	now, err := d.Setup(ctx)
	if err != nil {
		return 0, err
	}
	whole := digestOf(now)
	if len(touched) == 0 && whole == d.done {
		return 0, nil
	}
	setup, all, projects, err := d.services(ctx, now)
	if err != nil {
		return 0, err
	}
	states, err := d.Store.DoraStates(ctx)
	if err != nil {
		return 0, err
	}
	changed := map[string]bool{}
	for _, t := range touched {
		changed[t.Kind+" "+strings.ToLower(t.Key)] = true
	}
	var errs []error
	for i := range all {
		s := &all[i]
		fresh := changed["incidents "] || changed["repository "+strings.ToLower(s.Repository)] ||
			changed["service "+strings.ToLower(s.Name)] || changed["repository "+strings.ToLower(s.Name)] ||
			slices.ContainsFunc(s.errorProjects(projects), func(p string) bool { return changed[TouchedErrors+" "+Key(p)] })
		if state, known := states[s.Name]; known && !fresh && state == setup.digest(s) {
			continue
		}
		if err := d.derive(ctx, s, &setup, projects); err != nil {
			errs = append(errs, fmt.Errorf("deployments of %s: %w", cmp.Or(s.Name, "no service"), err))
			continue
		}
		services++
	}
	if err := d.drop(ctx, states, all); err != nil {
		errs = append(errs, err)
	}
	if len(errs) > 0 {
		return services, errors.Join(errs...)
	}
	d.done = whole
	return services, d.Store.DoraSettled(ctx, touched)
}

// services completes the setup by all services there are; NoService is the last of
// those returned. projects are those of errors.
func (d *Deriver) services(ctx context.Context, setup DoraSetup) (_ DoraSetup, all []Service, projects []Facet, err error) {
	facets, err := d.Store.DoraFacets(ctx)
	if err != nil {
		return setup, nil, nil, err
	}
	setup.Services = setup.AllServices(facets)
	return setup, append(slices.Clone(setup.Services), Service{Name: NoService}), facets.ErrorProjects, nil
}

// errorProjects are the projects of errors that are the service's.
func (s *Service) errorProjects(projects []Facet) []string {
	var out []string
	for _, p := range projects {
		if s.SentryProjects.Match(p.Key) {
			out = append(out, p.Key)
		}
	}
	return out
}

func (d *Deriver) drop(ctx context.Context, states map[string]string, all []Service) error {
	var gone []string
	for name := range states {
		if !slices.ContainsFunc(all, func(s Service) bool { return s.Name == name }) {
			gone = append(gone, name)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	slices.Sort(gone)
	return d.Store.DropDora(ctx, gone)
}

// Of derives one service at once, for a person who waits for it. The error is
// ErrNotFound when there is none of the name.
func (d *Deriver) Of(ctx context.Context, service string) error {
	setup, err := d.Setup(ctx)
	if err != nil {
		return err
	}
	setup, all, projects, err := d.services(ctx, setup)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(s Service) bool { return s.Name == service })
	if i < 0 {
		return ErrNotFound
	}
	return d.derive(ctx, &all[i], &setup, projects)
}

func (d *Deriver) derive(ctx context.Context, s *Service, setup *DoraSetup, projects []Facet) error {
	facts, err := d.facts(ctx, s, projects)
	if err != nil {
		return err
	}
	chunks, err := DeriveService(*s, setup, facts)
	if err != nil {
		return err
	}
	return d.Store.PutDora(ctx, DerivedService{Service: s.Name, Setup: setup.digest(s), Chunks: chunks})
}

// facts are those that a service is derived from.
func (d *Deriver) facts(ctx context.Context, s *Service, projects []Facet) (ServiceFacts, error) {
	keys := ServiceKeys{ErrorProjects: s.errorProjects(projects)}
	if s.Name != NoService {
		keys.Services = []string{s.Name}
	}
	if s.Repository != "" {
		keys.Repositories = []string{s.Repository}
	}
	return d.Store.ServiceFacts(ctx, keys)
}

// digest changes when anything does that a service's rows depend on besides facts.
func (s *DoraSetup) digest(service *Service) string {
	names, own := s.productionOf(service)
	var verdicts []Verdict
	for _, v := range s.Verdicts {
		if strings.EqualFold(v.Service, service.Name) {
			verdicts = append(verdicts, v)
		}
	}
	type scope struct {
		Team     string
		Teams    Patterns
		Services int
	}
	var scopes []scope
	for i := range s.Teams {
		of := scope{s.Teams[i].Name, s.Teams[i].JiraProjects, len(s.Teams.ServicesOf(s.Teams[i].Name, s.Services))}
		if s.Teams[i].HasService(service) || service.Name == NoService {
			scopes = append(scopes, of)
		}
	}
	var others []Service
	if service.Name == NoService {
		others = s.Services
	}
	return digestOf([]any{chunkVersion, service, s.Rules, names, own, verdicts, scopes, others, s.JiraConnected, s.SentryConnected})
}

func digestOf(v any) string {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // of texts and numbers
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:16])
}

// DeriveService derives all of a service. The chunks are complete and depend on
// nothing but what is given; of NoService they are the incidents that none has.
// setup.Services are all services there are.
func DeriveService(s Service, setup *DoraSetup, f ServiceFacts) ([]DoraChunk, error) {
	if s.Name == NoService {
		rows := unowned(setup, f.Incidents)
		return chunks(s.Name, "", PartIncidents, rows, (*LinkedIncident).at, (*LinkedIncident).code), nil
	}
	d := derive(&s, setup, &f)
	var out []DoraChunk
	noted := false
	for _, c := range d.classes {
		noted = noted || c.class == Production
		out = append(out, c.chunks(&s, d.watched)...)
	}
	if !noted {
		out = append(out, noteChunk(&s, Production, classNote{Watched: d.watched}))
	}
	return append(out, chunks(s.Name, "", PartIncidents, d.incidents, (*LinkedIncident).at, (*LinkedIncident).code)...), nil
}

func (c *classing) chunks(s *Service, watched bool) []DoraChunk {
	note := classNote{Watched: watched}
	groups := make([]Group, len(c.groups))
	for i, g := range c.groups {
		groups[i] = g.Group
		if g.Succeeded {
			note.First = earliest(note.First, g.FinishedAt)
		}
	}
	slices.SortStableFunc(c.rows, func(a, b DeployedChange) int { return cmp.Compare(a.DeployedAt, b.DeployedAt) })
	out := []DoraChunk{noteChunk(s, c.class, note)}
	out = append(out, chunks(s.Name, c.class, PartGroups, groups, (*Group).at, (*Group).code)...)
	out = append(out, chunks(s.Name, c.class, PartChanges, c.rows, func(d *DeployedChange) Instant { return d.DeployedAt }, (*DeployedChange).code)...)
	if c.class == Production {
		never := func(*WaitingChange) Instant { return 0 }
		out = append(out, chunks(s.Name, c.class, PartUndeployed, c.waiting(), never, (*WaitingChange).code)...)
	}
	return out
}

func noteChunk(s *Service, class string, note classNote) DoraChunk {
	return newChunk(s.Name, class, PartGroups, 0, encodeRows(0, []classNote{note}, (*classNote).code))
}

func (i *LinkedIncident) at() Instant { return i.StartedAt }

// unowned are the incidents of no service.
func unowned(setup *DoraSetup, incidents []Incident) []LinkedIncident {
	var out []LinkedIncident
	for i := range incidents {
		incident := &incidents[i]
		has := func(s Service) bool { return setup.HasIncident(&s, incident) }
		if incident.Gone || slices.ContainsFunc(setup.Services, has) {
			continue
		}
		out = append(out, LinkedIncident{
			Seq: incident.Number(), Connection: incident.Connection, Own: true, Title: incident.Title, URL: incident.URL,
			Severity: incident.Severity, StartedAt: cmp.Or(incident.StartedAt, incident.DetectedAt), ResolvedAt: incident.ResolvedAt,
		})
	}
	slices.SortFunc(out, func(a, b LinkedIncident) int {
		return cmp.Or(cmp.Compare(a.StartedAt, b.StartedAt), cmp.Compare(a.Seq, b.Seq))
	})
	return out
}
