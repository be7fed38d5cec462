package control

import (
	"context"
	"errors"

	"throughline/internal/delivery"
)

var errDora = errors.New("not written yet")

// Service is a declared service.
type Service struct {
	delivery.Service
	ID          int64
	Provisioned bool
}

// Services are the declared services by name.
func (db *DB) Services(ctx context.Context) ([]Service, error) { return nil, errDora }

// Service is the declared service of this name, or ErrNotFound.
func (db *DB) Service(ctx context.Context, name string) (Service, error) { return Service{}, errDora }

// SaveService creates a service (ID 0) or changes one, and returns the audit entry
// to undo it by, 0 when nothing changed. Errors: *FieldError, joined; ErrProvisioned,
// ErrNameTaken, ErrNotFound.
func (db *DB) SaveService(ctx context.Context, s Service) (audit int64, err error) { return 0, errDora }

// DeleteService deletes a service. Errors: ErrProvisioned, ErrNotFound.
func (db *DB) DeleteService(ctx context.Context, name string) (audit int64, err error) {
	return 0, errDora
}

// SaveVerdicts records what a person says of deployments, in one audited step; a
// verdict takes the place of the one on the same (Service, Group, Incident).
func (db *DB) SaveVerdicts(ctx context.Context, v ...delivery.Verdict) (audit int64, err error) {
	return 0, errDora
}

// DeleteVerdict takes a verdict back. Errors: ErrNotFound.
func (db *DB) DeleteVerdict(ctx context.Context, id int64) (audit int64, err error) {
	return 0, errDora
}

// DoraRules are the rules in force, and each team's own names of production.
func (db *DB) DoraRules(ctx context.Context) (rules delivery.DoraRules, teams map[string][]string, err error) {
	return delivery.DoraRules{}, nil, errDora
}

// SaveDoraRules changes the rules.
func (db *DB) SaveDoraRules(ctx context.Context, rules delivery.DoraRules, teams map[string][]string) (audit int64, err error) {
	return 0, errDora
}

// DoraSetup is all of it: what a delivery.Deriver works by.
func (db *DB) DoraSetup(ctx context.Context) (delivery.DoraSetup, error) {
	return delivery.DoraSetup{}, errDora
}
