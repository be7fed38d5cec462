package control

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"throughline/internal/delivery"
)

// Workflow is what statuses and resolutions mean.
type Workflow struct {
	delivery.Workflow
	Provisioned bool
	Chosen      bool // somebody decided; otherwise status types do
}

// WorkflowVersion is a workflow from a day on.
type WorkflowVersion struct {
	From delivery.Date // zero for the first, which covers all before the second
	delivery.Workflow
	Provisioned bool
}

// workflowRow is a stored workflow. Unlike the domain type's JSON it tells an
// empty list, which says that no status is of the class, from none.
type workflowRow struct {
	Waiting  []string            `json:"waiting"`
	Active   []string            `json:"active"`
	Closed   []string            `json:"closed"`
	Excluded []string            `json:"excluded_resolutions"`
	Queues   map[string]listsRow `json:"queues"`
	Teams    map[string]listsRow `json:"teams,omitempty"`
}

type listsRow struct {
	Waiting []string `json:"waiting"`
	Active  []string `json:"active"`
	Closed  []string `json:"closed"`
}

func rowOf(w delivery.Workflow) workflowRow {
	return workflowRow{
		Waiting: w.Waiting, Active: w.Active, Closed: w.Closed, Excluded: w.ExcludedResolutions,
		Queues: converted[listsRow](w.Queues), Teams: converted[listsRow](w.Teams),
	}
}

func (r workflowRow) workflow() delivery.Workflow {
	return delivery.Workflow{
		StatusLists:         delivery.StatusLists{Waiting: r.Waiting, Active: r.Active, Closed: r.Closed},
		ExcludedResolutions: r.Excluded,
		Queues:              converted[delivery.StatusLists](r.Queues), Teams: converted[delivery.StatusLists](r.Teams),
	}
}

// converted is a map of lists in their other form; none stays none.
func converted[To, From listsRow | delivery.StatusLists](in map[string]From) map[string]To {
	if len(in) == 0 {
		return nil
	}
	out := make(map[string]To, len(in))
	for name, lists := range in {
		out[name] = To(lists)
	}
	return out
}

// Workflow is the newest version of the workflow; until one is chosen, the
// empty one.
func (db *DB) Workflow(ctx context.Context) (Workflow, error) {
	versions, err := db.WorkflowVersions(ctx)
	if err != nil || len(versions) == 0 {
		return Workflow{}, err
	}
	newest := versions[len(versions)-1]
	return Workflow{Workflow: newest.Workflow, Provisioned: newest.Provisioned, Chosen: true}, nil
}

// WorkflowVersions are all versions of the workflow by day, none until one is
// chosen. Either all are provisioned or none is.
func (db *DB) WorkflowVersions(ctx context.Context) ([]WorkflowVersion, error) {
	return workflowVersions(ctx, db.sql.Reader)
}

func workflowVersions(ctx context.Context, q querier) ([]WorkflowVersion, error) {
	all, err := list(ctx, q, scanWorkflow, `SELECT from_date, body, provisioned FROM workflow_versions ORDER BY from_date`)
	if err != nil {
		return nil, fmt.Errorf("workflow: %w", err)
	}
	return all, nil
}

func scanWorkflow(row scanner) (WorkflowVersion, error) {
	var v WorkflowVersion
	var from, body string
	if err := row.Scan(&from, &body, &v.Provisioned); err != nil {
		return v, err
	}
	var r workflowRow
	err := errors.Join(v.From.UnmarshalText([]byte(from)), json.Unmarshal([]byte(body), &r))
	v.Workflow = r.workflow()
	return v, err
}

// SaveWorkflow makes w the newest version of the workflow. Errors are those of
// ChangeWorkflow.
func (db *DB) SaveWorkflow(ctx context.Context, w delivery.Workflow) error {
	_, err := db.ChangeWorkflow(ctx, func(versions []WorkflowVersion) ([]WorkflowVersion, error) {
		if len(versions) == 0 {
			return []WorkflowVersion{{Workflow: w}}, nil
		}
		versions[len(versions)-1].Workflow = w
		return versions, nil
	})
	return err
}

// ChangeWorkflow puts what change makes of the versions of the workflow in
// their place, and returns the audit entry to undo it by, 0 when nothing
// changed. Errors: those of change; *FieldError, joined, for from, waiting,
// active, closed, excluded_resolutions, queues or teams; ErrProvisioned.
func (db *DB) ChangeWorkflow(ctx context.Context, change func([]WorkflowVersion) ([]WorkflowVersion, error)) (audit int64, err error) {
	err = db.tx(ctx, func(tx *sql.Tx) error {
		audit, err = db.changeWorkflow(ctx, tx, change)
		return err
	})
	return audit, err
}

func (db *DB) changeWorkflow(ctx context.Context, tx *sql.Tx, change func([]WorkflowVersion) ([]WorkflowVersion, error)) (audit int64, err error) {
	return db.recorded(ctx, tx, "workflow.save", workflowObject, func() error {
		old, err := workflowVersions(ctx, tx)
		if err != nil {
			return err
		}
		if len(old) > 0 && old[0].Provisioned {
			return ErrProvisioned
		}
		versions, err := change(slices.Clone(old))
		if err != nil {
			return err
		}
		if versions, err = normalVersions(versions); err != nil {
			return err
		}
		return putWorkflow(ctx, tx, versions)
	})
}

// putWorkflow stores normal, valid versions as all there are.
func putWorkflow(ctx context.Context, tx *sql.Tx, versions []WorkflowVersion) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM workflow_versions`); err != nil {
		return fmt.Errorf("store workflow: %w", err)
	}
	for _, v := range versions {
		body, err := toJSON(rowOf(v.Workflow))
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO workflow_versions (from_date, body, provisioned) VALUES (?, ?, ?)`, v.From.String(), body, v.Provisioned)
		if err != nil {
			return fmt.Errorf("store workflow: %w", err)
		}
	}
	return nil
}

// Bounds of a workflow, far above what anybody has.
const (
	maxStatuses  = 1000 // of a list
	maxOverrides = 1000 // queues or teams with lists of their own
	maxVersions  = 200
	maxKey       = 200 // bytes
)

// normalWorkflow is w with trimmed keys and without repetitions, checked.
func normalWorkflow(w delivery.Workflow) (delivery.Workflow, error) {
	var errs []error
	out := delivery.Workflow{}
	out.StatusLists, errs = normalLists(w.StatusLists, "")
	var err error
	out.ExcludedResolutions, err = normalKeys("excluded_resolutions", w.ExcludedResolutions)
	errs = append(errs, err)
	out.Queues, err = normalOverrides("queues", "a queue needs a key", w.Queues)
	errs = append(errs, err)
	out.Teams, err = normalOverrides("teams", "a team needs a name", w.Teams)
	return out, errors.Join(append(errs, err)...)
}

// normalOverrides cleans the lists of queues or teams.
func normalOverrides(field, nameless string, in map[string]delivery.StatusLists) (out map[string]delivery.StatusLists, err error) {
	if len(in) > maxOverrides {
		return nil, &FieldError{field, "length", fmt.Sprintf("more than %d %s", maxOverrides, field)}
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(in)) {
		key := strings.TrimSpace(name)
		if key == "" || len(key) > maxKey {
			errs = append(errs, &FieldError{field, "invalid", nameless})
			continue
		}
		lists, more := normalLists(in[name], field+"."+key+".")
		errs = append(errs, more...)
		if out == nil {
			out = map[string]delivery.StatusLists{}
		}
		out[key] = lists
	}
	return out, errors.Join(errs...)
}

// normalLists cleans lists; prefix goes before the names of their fields.
func normalLists(l delivery.StatusLists, prefix string) (out delivery.StatusLists, errs []error) {
	seen := map[string]string{} // status → its class
	for _, c := range []struct {
		class string
		in    []string
		out   *[]string
	}{{"waiting", l.Waiting, &out.Waiting}, {"active", l.Active, &out.Active}, {"closed", l.Closed, &out.Closed}} {
		field := prefix + c.class
		keys, err := normalKeys(field, c.in)
		errs = append(errs, err)
		for _, key := range keys {
			if other, ok := seen[key]; ok {
				errs = append(errs, &FieldError{field, "conflict", fmt.Sprintf("status %q is both %s and %s", key, other, c.class)})
			}
			seen[key] = c.class
		}
		*c.out = keys
	}
	return out, errs
}

// normalKeys keeps nil nil and an empty list empty.
func normalKeys(field string, in []string) ([]string, error) {
	if in == nil {
		return nil, nil
	}
	if len(in) > maxStatuses {
		return nil, &FieldError{field, "length", fmt.Sprintf("more than %d entries", maxStatuses)}
	}
	out := []string{}
	for _, key := range in {
		key = strings.TrimSpace(key)
		switch {
		case len(key) > maxKey:
			return nil, &FieldError{field, "length", fmt.Sprintf("a key has more than %d bytes", maxKey)}
		case key != "" && !slices.Contains(out, key):
			out = append(out, key)
		}
	}
	return out, nil
}
