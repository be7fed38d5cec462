package control

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"throughline/internal/delivery"
)

// Service is a declared service.
type Service struct {
	delivery.Service
	ID          int64
	Provisioned bool
}

// Bounds of services, far above what anybody has.
const (
	maxServices    = 2000
	maxServiceName = 100 // characters
	maxRepository  = 200 // bytes
)

const selectService = `SELECT id, name, body, provisioned FROM services`

func scanService(row scanner) (Service, error) {
	var s Service
	var name string
	var body []byte
	if err := row.Scan(&s.ID, &name, &body, &s.Provisioned); err != nil {
		return Service{}, err
	}
	if err := json.Unmarshal(body, &s.Service); err != nil {
		return Service{}, fmt.Errorf("service %s: %w", name, err)
	}
	s.Name = name
	return s, nil
}

// Services are the declared services by name.
func (db *DB) Services(ctx context.Context) ([]Service, error) {
	return services(ctx, db.sql.Reader)
}

func services(ctx context.Context, q querier) ([]Service, error) {
	all, err := list(ctx, q, scanService, selectService+` ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("services: %w", err)
	}
	return all, nil
}

// Service is the declared service of this name, or ErrNotFound.
func (db *DB) Service(ctx context.Context, name string) (Service, error) {
	return serviceNamed(ctx, db.sql.Reader, name)
}

func serviceNamed(ctx context.Context, q querier, name string) (Service, error) {
	s, err := scanService(q.QueryRowContext(ctx, selectService+` WHERE name = ?`, name))
	if err != nil {
		return Service{}, fmt.Errorf("service %s: %w", name, notFound(err))
	}
	return s, nil
}

// SaveService creates a service (ID 0) or changes one, and returns the audit entry
// to undo it by, 0 when nothing changed. Verdicts on a renamed service go with it.
// Errors: *FieldError, joined, for name, repository, paths, environments, jira,
// sentry or queues; ErrProvisioned, ErrNameTaken, ErrNotFound.
func (db *DB) SaveService(ctx context.Context, s Service) (audit int64, err error) {
	if s, err = s.normal(); err != nil {
		return 0, err
	}
	s.Provisioned = false
	err = db.tx(ctx, func(tx *sql.Tx) error {
		all, err := services(ctx, tx)
		if err != nil {
			return err
		}
		name, err := savableService(all, s)
		if err != nil {
			return err
		}
		audit, err = db.recorded(ctx, tx, "service.save", serviceObject(s.Name), func() error { return putService(ctx, tx, s, name) }, serviceObject(name))
		return err
	})
	return audit, err
}

// savableService is the name under which s is stored, "" while it is not.
func savableService(all []Service, s Service) (stored string, err error) {
	found := false
	for _, other := range all {
		switch {
		case other.ID == s.ID:
			stored, found = other.Name, true
			if other.Provisioned {
				return "", ErrProvisioned
			}
		case strings.EqualFold(other.Name, s.Name):
			return "", ErrNameTaken
		}
	}
	switch {
	case s.ID != 0 && !found:
		return "", ErrNotFound
	case s.ID == 0 && len(all) >= maxServices:
		return "", &FieldError{"name", "length", fmt.Sprintf("more than %d services", maxServices)}
	}
	return stored, nil
}

// putService stores a normal, valid service, which was called formerly, "" when it
// was not there.
func putService(ctx context.Context, tx *sql.Tx, s Service, formerly string) error {
	body, err := toJSON(s.Service)
	if err != nil {
		return err
	}
	if s.ID == 0 {
		_, err = tx.ExecContext(ctx, `INSERT INTO services (name, body, provisioned) VALUES (?, ?, ?)`, s.Name, body, s.Provisioned)
	} else {
		_, err = tx.ExecContext(ctx, `UPDATE services SET name = ?, body = ?, provisioned = ? WHERE id = ?`, s.Name, body, s.Provisioned, s.ID)
	}
	if err == nil && formerly != "" && formerly != s.Name {
		_, err = tx.ExecContext(ctx, `UPDATE OR REPLACE verdicts SET service = ? WHERE service = ?`, s.Name, formerly)
	}
	if err != nil {
		return fmt.Errorf("store service %s: %w", s.Name, err)
	}
	return nil
}

// DeleteService deletes a service; its deployments stay, as those of its
// repository. Errors: ErrProvisioned, ErrNotFound.
func (db *DB) DeleteService(ctx context.Context, name string) (audit int64, err error) {
	err = db.tx(ctx, func(tx *sql.Tx) error {
		s, err := serviceNamed(ctx, tx, name)
		if err != nil {
			return err
		}
		if s.Provisioned {
			return ErrProvisioned
		}
		audit, err = db.recorded(ctx, tx, "service.delete", serviceObject(name), func() error { return deleteService(ctx, tx, s.ID) })
		return err
	})
	return audit, err
}

func deleteService(ctx context.Context, tx *sql.Tx, id int64) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM services WHERE id = ?`, id); err != nil {
		return fmt.Errorf("delete service: %w", err)
	}
	return nil
}

// repositoryName is owner/name, or a path of groups that ends in a name.
var repositoryName = regexp.MustCompile(`^[\w.-]+(/[\w.-]+)+$`)

// Check finds what is wrong with a service by itself, as SaveService does.
func (s Service) Check() error {
	_, err := s.normal()
	return err
}

// normal is s in the form it is stored in, checked.
func (s Service) normal() (Service, error) {
	s.Name, s.Repository = strings.TrimSpace(s.Name), strings.TrimSpace(s.Repository)
	errs := []error{s.checkName()}
	for _, kind := range []struct {
		field    string
		patterns *delivery.Patterns
	}{{"paths", &s.Paths}, {"environments", &s.Environments}, {"jira", &s.JiraProjects}, {"sentry", &s.SentryProjects}, {"queues", &s.Queues}} {
		*kind.patterns = normalPatterns(*kind.patterns)
		if err := kind.patterns.Validate(); err != nil {
			errs = append(errs, &FieldError{kind.field, "patterns", err.Error()})
		}
	}
	switch {
	case s.Repository == "" && len(s.Paths) > 0:
		errs = append(errs, &FieldError{"repository", "required", "say which repository the paths are of"})
	case s.Repository != "" && (len(s.Repository) > maxRepository || !repositoryName.MatchString(s.Repository)):
		errs = append(errs, &FieldError{"repository", "invalid", "not a repository like owner/name"})
	}
	return s, errors.Join(errs...)
}

func (s Service) checkName() error {
	switch {
	case s.Name == "":
		return &FieldError{"name", "required", "give the service a name"}
	case badText(s.Name, maxServiceName):
		return &FieldError{"name", "text_long", "a name has up to 100 characters on one line"}
	case strings.Contains(s.Name, verdictGroup) || strings.Contains(s.Name, verdictNext):
		return &FieldError{"name", "signs", `a name has no " #" and no " + " in it`}
	}
	return nil
}

// badText reports whether a text is longer than a number of characters, or no
// single line.
func badText(text string, characters int) bool {
	return utf8.RuneCountInString(text) > characters || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl)
}

// serviceState is a service in the audit log.
type serviceState struct {
	delivery.Service
	Provisioned bool `json:"provisioned,omitempty"`
}

func stateOfService(ctx context.Context, q querier, name string) (string, error) {
	s, err := serviceNamed(ctx, q, name)
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return toJSON(serviceState{s.Service, s.Provisioned})
}

func (db *DB) restoreService(ctx context.Context, tx *sql.Tx, c Change) (int64, error) {
	before, after, err := decoded[serviceState](c)
	if err != nil {
		return 0, err
	}
	if before.Provisioned || after.Provisioned {
		return 0, ErrProvisioned
	}
	s := Service{Service: before.Service}
	if c.After != "" {
		stored, err := serviceNamed(ctx, tx, after.Name)
		if err != nil {
			return 0, err
		}
		s.ID = stored.ID
	}
	if c.Before == "" {
		return db.recorded(ctx, tx, "service.undo", c.Object, func() error { return deleteService(ctx, tx, s.ID) })
	}
	all, err := services(ctx, tx)
	if err != nil {
		return 0, err
	}
	if _, err := savableService(all, s); err != nil {
		return 0, err
	}
	return db.recorded(ctx, tx, "service.undo", serviceObject(s.Name), func() error { return putService(ctx, tx, s, after.Name) }, serviceObject(after.Name))
}
