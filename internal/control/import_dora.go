package control

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"throughline/internal/delivery"
)

// DoraImport is what the settings of dora-exporter come to. It is stored as a whole
// or not at all, but for what it had counted, which follows.
type DoraImport struct {
	Connections []ImportedConnection
	Teams       []Team    // what they map is added to teams of these names
	Services    []Service // those that are not there by name or repository are made
	Catalog     *Catalog  // nil leaves what there is
	Token       string    // of the catalogue

	Counters   []Counter // family, labels and Taken
	CountersAt time.Time // when they were that

	Replace bool // what is stored and differs; teams are only added to
}

// ImportedConnection is a connection, like those of Imported.
type ImportedConnection struct {
	Connection Connection
	Managed    []string
	Secrets    map[string]string
	Missing    map[string]string // secrets to set where there are none
}

// Added is the outcome for a team that something was added to.
const Added Outcome = "added"

// DoraOutcome says what became of each object, by its name.
type DoraOutcome struct {
	Connections, Teams, Services map[string]Outcome
	Missing                      map[string]bool // connections whose missing secrets were set
	Catalog                      Outcome
	Counters                     int // series that were taken over, or again with another value
}

// ImportDora stores what was imported, as Import does. The error is an *ImportError
// when what is stored stands in the way.
func (db *DB) ImportDora(ctx context.Context, in DoraImport, declared Declared) (DoraOutcome, error) {
	i := doraImporting{importing: importing{db: db, declared: declared}, in: in, out: DoraOutcome{
		Connections: map[string]Outcome{}, Teams: map[string]Outcome{}, Services: map[string]Outcome{}, Missing: map[string]bool{},
	}}
	err := db.tx(ctx, func(tx *sql.Tx) error {
		i.tx = tx
		for _, step := range []func(context.Context) error{i.connections, i.teams, i.services, i.catalog} {
			if err := step(ctx); err != nil {
				return err
			}
		}
		if i.conflicts != nil {
			return &ImportError{i.conflicts}
		}
		return nil
	})
	if err == nil {
		i.out.Counters, err = db.takeOver(ctx, in.Counters, in.CountersAt)
	}
	if err != nil {
		return DoraOutcome{}, err
	}
	return i.out, nil
}

// takeOver takes over those counters that are not taken over already.
func (db *DB) takeOver(ctx context.Context, counters []Counter, at time.Time) (int, error) {
	if len(counters) == 0 {
		return 0, nil
	}
	stored, err := db.Counters(ctx)
	if err != nil {
		return 0, err
	}
	fresh := slices.DeleteFunc(slices.Clone(counters), func(c Counter) bool {
		return slices.ContainsFunc(stored, func(s Counter) bool {
			return s.Family == c.Family && slices.Equal(s.Labels, c.Labels) && !s.TakenAt.IsZero() && s.Taken == c.Taken
		})
	})
	return len(fresh), db.TakeOverCounters(ctx, fresh, at)
}

// doraImporting is an ImportDora under way.
type doraImporting struct {
	importing
	in  DoraImport
	out DoraOutcome
}

func (i *doraImporting) connections(ctx context.Context) error {
	for _, c := range i.in.Connections {
		if err := c.Connection.Validate(); err != nil {
			return err
		}
		i.importing.in = Imported{Connection: c.Connection, Managed: c.Managed, Secrets: maps.Clone(c.Secrets), Replace: i.in.Replace}
		if err := i.withMissing(ctx, c.Missing); err != nil {
			return err
		}
		i.out.Connections[c.Connection.Name] = i.importing.out.Connection
	}
	return nil
}

// withMissing imports a connection, and gives it the secrets that it has not.
func (i *doraImporting) withMissing(ctx context.Context, missing map[string]string) error {
	name := i.importing.in.Connection.Name
	before := len(i.conflicts)
	_, err := connectionBy(ctx, i.tx, "name", name)
	fresh := errors.Is(err, ErrNotFound)
	if err != nil && !fresh {
		return err
	}
	if fresh {
		if i.importing.in.Secrets == nil {
			i.importing.in.Secrets = map[string]string{}
		}
		maps.Copy(i.importing.in.Secrets, missing)
	}
	if err := i.connection(ctx); err != nil || len(i.conflicts) > before {
		return err
	}
	if fresh {
		i.out.Missing[name] = len(missing) > 0
		return nil
	}
	now, err := connectionBy(ctx, i.tx, "name", name)
	if err != nil {
		return err
	}
	missing = maps.Clone(missing)
	for _, has := range now.Secrets {
		delete(missing, has)
	}
	if len(missing) == 0 || now.Provisioned {
		return nil
	}
	i.out.Missing[name] = true
	if i.importing.out.Connection == Unchanged {
		i.importing.out.Connection = Added
	}
	_, err = i.db.putConnection(ctx, i.tx, &now, now, missing)
	return err
}

// teams adds what imported teams map to those of the same names.
func (i *doraImporting) teams(ctx context.Context) error {
	for _, t := range i.in.Teams {
		t, err := t.normal()
		if err != nil {
			return err
		}
		if err := i.team(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

func (i *doraImporting) team(ctx context.Context, t Team) error {
	all, err := teams(ctx, i.tx)
	if err != nil {
		return err
	}
	next, outcome := t, Created
	if n := slices.IndexFunc(all, func(o Team) bool { return strings.EqualFold(o.Name, t.Name) }); n >= 0 {
		next, outcome = joinedTeam(all[n], t), Added
		if slices.Equal(next.Repositories, all[n].Repositories) && slices.Equal(next.JiraProjects, all[n].JiraProjects) {
			i.out.Teams[t.Name] = Unchanged
			return nil
		}
	}
	if next.Provisioned || slices.Contains(i.declared.Teams, t.Name) {
		return i.conflict(ImportConflict{Object: "team", Name: t.Name, Provisioned: true})
	}
	if next, err = next.normal(); err != nil { // joined, it may be too much
		return err
	}
	i.out.Teams[t.Name] = outcome
	_, err = i.db.recorded(ctx, i.tx, "team.save", teamObject(next.Name), func() error { return i.db.putTeam(ctx, i.tx, next) })
	return err
}

// joinedTeam is a team with what another one maps besides.
func joinedTeam(t, other Team) Team {
	t.Repositories = joinedPatterns(t.Repositories, other.Repositories)
	t.JiraProjects = joinedPatterns(t.JiraProjects, other.JiraProjects)
	return t
}

// joinedPatterns are patterns, and the names among others that they do not map.
func joinedPatterns(p, others delivery.Patterns) delivery.Patterns {
	out := slices.Clone(p)
	for _, name := range others {
		if !p.Match(name) {
			out = append(out, name)
		}
	}
	return out
}

// services makes those that are not there; what is there stays as it is.
func (i *doraImporting) services(ctx context.Context) error {
	for _, s := range i.in.Services {
		s, err := s.normal()
		if err != nil {
			return err
		}
		all, err := services(ctx, i.tx)
		if err != nil {
			return err
		}
		there := func(o Service) bool {
			return strings.EqualFold(o.Name, s.Name) || s.Repository != "" && strings.EqualFold(o.Repository, s.Repository)
		}
		if i.out.Services[s.Name] = Unchanged; slices.ContainsFunc(all, there) || slices.Contains(i.declared.Services, s.Name) {
			continue
		}
		if _, err := savableService(all, s); err != nil {
			return err
		}
		i.out.Services[s.Name] = Created
		if _, err := i.db.recorded(ctx, i.tx, "service.save", serviceObject(s.Name), func() error { return putService(ctx, i.tx, s, "") }); err != nil {
			return err
		}
	}
	return nil
}

func (i *doraImporting) catalog(ctx context.Context) error {
	if i.in.Catalog == nil {
		return nil
	}
	c, err := i.in.Catalog.normal()
	if err != nil {
		return err
	}
	old, err := catalog(ctx, i.tx)
	if err != nil {
		return err
	}
	token, opens, err := i.db.catalogToken(ctx, i.tx)
	if err != nil {
		return err
	}
	var differs []string
	if old.Endpoint != c.Endpoint || old.Annotation != c.Annotation {
		differs = append(differs, "endpoint or annotation")
	}
	if token != i.in.Token || !opens {
		differs = append(differs, "token")
	}
	provisioned := old.Provisioned || i.declared.Catalog
	switch {
	case old.On() && differs == nil:
		i.out.Catalog = Unchanged
		return nil
	case provisioned || old.On() && !i.in.Replace:
		return i.conflict(ImportConflict{Object: "catalog", Provisioned: provisioned, Differs: differs})
	}
	if i.out.Catalog = Created; old.On() {
		i.out.Catalog = Replaced
	}
	_, err = i.db.putCatalog(ctx, i.tx, old, c, i.in.Token)
	return err
}
