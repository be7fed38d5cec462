package control

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"throughline/internal/delivery"
)

// service reads a service.
func (d *declarations) service(n yamlNode) {
	m := d.mapping(n, "a service", "name", "repository", "paths", "jira_projects", "sentry_projects", "tracker_queues", "environments")
	s := Service{Service: delivery.Service{Name: d.text(m["name"]), Repository: d.text(m["repository"])}, Provisioned: true}
	keys := map[string]string{"jira": "jira_projects", "sentry": "sentry_projects", "queues": "tracker_queues"}
	patterns := func(key string) delivery.Patterns { return delivery.Patterns(d.texts(m[key])) }
	s.Paths, s.Environments = patterns("paths"), patterns("environments")
	s.JiraProjects, s.SentryProjects, s.Queues = patterns("jira_projects"), patterns("sentry_projects"), patterns("tracker_queues")
	s, err := s.normal()
	d.renamedErrors(err, keys, n.lineIn(m))
	if s.Name != "" {
		d.unique("service", strings.ToLower(s.Name), n.line)
	}
	d.out.services = append(d.out.services, s)
}

// declaredCatalog is the catalogue of a file; without an endpoint there is none.
type declaredCatalog struct {
	Catalog
	token string
}

// Modes of a catalogue.
const (
	catalogStatic    = "static" // teams are what is declared
	catalogBackstage = "backstage"
)

// catalog reads where teams are looked up.
func (d *declarations) catalog(n yamlNode) {
	m := d.mapping(n, "the catalog", "mode", "endpoint", "token", "annotation")
	c := declaredCatalog{Catalog: Catalog{Provisioned: true}}
	d.out.catalog = &c
	switch mode := d.required(n, m, "mode"); mode {
	case "":
		return // said already
	case catalogStatic:
		for _, key := range []string{"endpoint", "token", "annotation"} {
			if e, given := m[key]; given {
				d.fail(e.line, "%s: goes with mode: %s only", key, catalogBackstage)
			}
		}
		return
	case catalogBackstage:
	default:
		d.fail(m["mode"].line, "mode: not one of %s, %s: %s", catalogStatic, catalogBackstage, d.echo(m["mode"]))
		return
	}
	c.Endpoint, c.Annotation = d.required(n, m, "endpoint"), d.text(m["annotation"])
	if e, given := m["token"]; given && !e.null() {
		c.token = d.required(n, m, "token")
	}
	normal, err := c.normal()
	d.fieldErrors(err, n.lineIn(m))
	c.Catalog = normal
}

// applyServices makes services as they are declared.
func (db *DB) applyServices(ctx context.Context, tx *sql.Tx, declared []Service) error {
	stored, err := services(ctx, tx)
	if err != nil {
		return err
	}
	put := func(s Service, formerly string) error {
		change := func() error { return putService(ctx, tx, s, formerly) }
		_, err := db.recorded(ctx, tx, "service.save", serviceObject(s.Name), change, serviceObject(formerly))
		return err
	}
	for _, old := range stored {
		next := old
		next.Provisioned = false
		for _, d := range declared {
			if strings.EqualFold(d.Name, old.Name) {
				next.Service, next.Provisioned = d.Service, true
			}
		}
		if err := put(next, old.Name); err != nil {
			return err
		}
	}
	for _, d := range declared {
		if slices.ContainsFunc(stored, func(s Service) bool { return strings.EqualFold(s.Name, d.Name) }) {
			continue
		}
		if err := put(d, ""); err != nil {
			return err
		}
	}
	return nil
}

// applyCatalog makes the catalogue the declared one. One of an earlier file becomes
// editable when none is declared.
func (db *DB) applyCatalog(ctx context.Context, tx *sql.Tx, declared *declaredCatalog) error {
	old, err := catalog(ctx, tx)
	if err != nil {
		return err
	}
	if declared != nil {
		_, err = db.putCatalog(ctx, tx, old, declared.Catalog, declared.token)
		return err
	}
	if !old.Provisioned {
		return nil
	}
	if _, err := tx.ExecContext(ctx, `UPDATE catalog SET provisioned = 0`); err != nil {
		return err
	}
	is, was := catalogState{old.Endpoint, old.Annotation, old.HasToken, false, false}, catalogState{old.Endpoint, old.Annotation, old.HasToken, false, true}
	return db.audit(ctx, tx, "catalog.save", catalogObject, was, is)
}
