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

// workflowRow is a stored workflow. Unlike the domain type's JSON it tells an
// empty list, which says that no status is of the class, from none.
type workflowRow struct {
	Waiting  []string            `json:"waiting"`
	Active   []string            `json:"active"`
	Closed   []string            `json:"closed"`
	Excluded []string            `json:"excluded_resolutions"`
	Queues   map[string]listsRow `json:"queues"`
}

type listsRow struct {
	Waiting []string `json:"waiting"`
	Active  []string `json:"active"`
	Closed  []string `json:"closed"`
}

func rowOf(w delivery.Workflow) workflowRow {
	row := workflowRow{Waiting: w.Waiting, Active: w.Active, Closed: w.Closed, Excluded: w.ExcludedResolutions}
	for queue, l := range w.Queues {
		if row.Queues == nil {
			row.Queues = map[string]listsRow{}
		}
		row.Queues[queue] = listsRow(l)
	}
	return row
}

func (r workflowRow) workflow() delivery.Workflow {
	w := delivery.Workflow{ExcludedResolutions: r.Excluded}
	w.StatusLists = delivery.StatusLists{Waiting: r.Waiting, Active: r.Active, Closed: r.Closed}
	for queue, l := range r.Queues {
		if w.Queues == nil {
			w.Queues = map[string]delivery.StatusLists{}
		}
		w.Queues[queue] = delivery.StatusLists(l)
	}
	return w
}

// Workflow is the workflow in force; until one is chosen, the empty one.
func (db *DB) Workflow(ctx context.Context) (Workflow, error) {
	w, _, err := storedWorkflow(ctx, db.sql.Reader)
	return w, err
}

// storedWorkflow also returns the text it is stored as.
func storedWorkflow(ctx context.Context, q querier) (Workflow, string, error) {
	w := Workflow{Chosen: true}
	var body string
	err := q.QueryRowContext(ctx, `SELECT body, provisioned FROM workflow`).Scan(&body, &w.Provisioned)
	if errors.Is(err, sql.ErrNoRows) {
		return Workflow{}, "", nil
	}
	var row workflowRow
	if err == nil {
		err = json.Unmarshal([]byte(body), &row)
	}
	if err != nil {
		return Workflow{}, "", fmt.Errorf("workflow: %w", err)
	}
	w.Workflow = row.workflow()
	return w, body, nil
}

// SaveWorkflow makes w the workflow. Errors: *FieldError, joined, for waiting,
// active, closed, excluded_resolutions or queues; ErrProvisioned.
func (db *DB) SaveWorkflow(ctx context.Context, w delivery.Workflow) error {
	w, err := normalWorkflow(w)
	if err != nil {
		return err
	}
	return db.tx(ctx, func(tx *sql.Tx) error {
		old, _, err := storedWorkflow(ctx, tx)
		if err != nil {
			return err
		}
		if old.Provisioned {
			return ErrProvisioned
		}
		changed, err := db.putWorkflow(ctx, tx, w, false)
		if err != nil || !changed {
			return err
		}
		return bumpSettings(ctx, tx)
	})
}

// putWorkflow stores a normal, valid workflow and reports whether that changed
// anything.
func (db *DB) putWorkflow(ctx context.Context, tx *sql.Tx, w delivery.Workflow, provisioned bool) (bool, error) {
	old, before, err := storedWorkflow(ctx, tx)
	if err != nil {
		return false, err
	}
	after, err := toJSON(rowOf(w))
	if err != nil || (old.Chosen && before == after && old.Provisioned == provisioned) {
		return false, err
	}
	_, err = tx.ExecContext(ctx, `INSERT OR REPLACE INTO workflow (id, body, provisioned) VALUES (1, ?, ?)`, after, provisioned)
	if err != nil {
		return false, fmt.Errorf("store workflow: %w", err)
	}
	var was any
	if old.Chosen {
		was = json.RawMessage(before)
	}
	return true, db.audit(ctx, tx, "workflow.save", "workflow", was, json.RawMessage(after))
}

// Bounds of a workflow, far above what anybody has.
const (
	maxStatuses = 1000 // of a list
	maxQueues   = 1000
	maxKey      = 200 // bytes
)

// normalWorkflow is w with trimmed keys and without repetitions, checked.
func normalWorkflow(w delivery.Workflow) (delivery.Workflow, error) {
	var errs []error
	out := delivery.Workflow{}
	out.StatusLists, errs = normalLists(w.StatusLists, "")
	var err error
	out.ExcludedResolutions, err = normalKeys("excluded_resolutions", w.ExcludedResolutions)
	errs = append(errs, err)
	if len(w.Queues) > maxQueues {
		errs = append(errs, &FieldError{"queues", "length", fmt.Sprintf("more than %d queues", maxQueues)})
		return out, errors.Join(errs...)
	}
	for _, queue := range slices.Sorted(maps.Keys(w.Queues)) {
		key := strings.TrimSpace(queue)
		if key == "" || len(key) > maxKey {
			errs = append(errs, &FieldError{"queues", "invalid", "a queue needs a key"})
			continue
		}
		lists, more := normalLists(w.Queues[queue], key)
		errs = append(errs, more...)
		if out.Queues == nil {
			out.Queues = map[string]delivery.StatusLists{}
		}
		out.Queues[key] = lists
	}
	return out, errors.Join(errs...)
}

// normalLists cleans the lists of a queue, or of all when it is "".
func normalLists(l delivery.StatusLists, queue string) (out delivery.StatusLists, errs []error) {
	seen := map[string]string{} // status → its class
	for _, c := range []struct {
		class string
		in    []string
		out   *[]string
	}{{"waiting", l.Waiting, &out.Waiting}, {"active", l.Active, &out.Active}, {"closed", l.Closed, &out.Closed}} {
		field := c.class
		if queue != "" {
			field = "queues." + queue + "." + c.class
		}
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
