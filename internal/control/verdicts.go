package control

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"throughline/internal/delivery"
)

// A deployment in the audit log is "service #group"; several that one step was
// about stand one after the other.
const (
	verdictGroup = " #"
	verdictNext  = " + "
)

// Bounds of a verdict.
const (
	maxVerdicts = 100  // in one step
	maxNote     = 2000 // characters
	maxKeyText  = 400  // characters of a deployment or an incident
)

const selectVerdict = `SELECT id, service, deployment, incident, decision, note, decided_by, decided_at FROM verdicts`

func scanVerdict(row scanner) (v delivery.Verdict, err error) {
	err = row.Scan(&v.ID, &v.Service, &v.Group, &v.Incident, &v.Decision, &v.Note, &v.By, &v.At)
	return v, err
}

// Verdicts are what people said of deployments, by service, deployment and incident.
func (db *DB) Verdicts(ctx context.Context) ([]delivery.Verdict, error) {
	all, err := list(ctx, db.sql.Reader, scanVerdict, selectVerdict+` ORDER BY service, deployment, incident`)
	if err != nil {
		return nil, fmt.Errorf("verdicts: %w", err)
	}
	return all, nil
}

// SaveVerdicts records what a person says of deployments, in one audited step; a
// verdict takes the place of the one on the same (Service, Group, Incident). By is
// the user of ctx unless it is said, At is now. Errors: *FieldError, joined, for
// service, group, incident, decision or note.
func (db *DB) SaveVerdicts(ctx context.Context, v ...delivery.Verdict) (audit int64, err error) {
	v = slices.Clone(v)
	var errs []error
	for i := range v {
		errs = append(errs, checkVerdict(&v[i]))
	}
	if len(v) == 0 || len(v) > maxVerdicts {
		errs = append(errs, &FieldError{"group", "length", fmt.Sprintf("between 1 and %d verdicts at a time", maxVerdicts)})
	}
	if err := errors.Join(errs...); err != nil {
		return 0, err
	}
	err = db.tx(ctx, func(tx *sql.Tx) error {
		audit, err = db.recorded(ctx, tx, "verdict.save", verdictObject(v...), func() error {
			for _, one := range v {
				if err := db.putVerdict(ctx, tx, one); err != nil {
					return err
				}
			}
			return nil
		})
		return err
	})
	return audit, err
}

func checkVerdict(v *delivery.Verdict) error {
	v.Note = strings.TrimSpace(v.Note)
	bad := func(field, code, message string) error { return &FieldError{field, code, message} }
	held := v.Service + "\x00" + v.Group
	switch {
	case v.Service == "" || v.Group == "":
		return bad("group", "required", "say which deployment it is")
	case badText(v.Service, maxKeyText) || badText(v.Group, maxKeyText) || strings.Contains(held, verdictGroup) || strings.Contains(held, verdictNext):
		return bad("group", "invalid", "not a deployment")
	case badText(v.Incident, maxKeyText):
		return bad("incident", "invalid", "not an incident")
	case len([]rune(v.Note)) > maxNote:
		return bad("note", "length", fmt.Sprintf("longer than %d characters", maxNote))
	case v.Decision == delivery.Link && v.Incident == "":
		return bad("incident", "required", "say which incident is to be linked")
	case v.Decision != delivery.Confirm && v.Decision != delivery.Reject && v.Decision != delivery.Link:
		return bad("decision", "invalid", "not confirm, reject or link")
	}
	return nil
}

// putVerdict stores a verdict, unless it says what is stored.
func (db *DB) putVerdict(ctx context.Context, tx *sql.Tx, v delivery.Verdict) error {
	if v.At == 0 {
		v.At = delivery.InstantOf(db.now())
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO verdicts (service, deployment, incident, decision, note, decided_by, decided_at)
		VALUES (?1, ?2, ?3, ?4, ?5, coalesce(nullif(?6, ''), (SELECT email FROM users WHERE id = ?7), ''), ?8)
		ON CONFLICT (service, deployment, incident) DO UPDATE SET decision = excluded.decision, note = excluded.note,
			decided_by = excluded.decided_by, decided_at = excluded.decided_at
		WHERE decision <> excluded.decision OR note <> excluded.note`,
		v.Service, v.Group, v.Incident, v.Decision, v.Note, v.By, actor(ctx), v.At)
	if err != nil {
		return fmt.Errorf("store verdict on %s: %w", v.Service, err)
	}
	return nil
}

// DeleteVerdict takes a verdict back. Errors: ErrNotFound.
func (db *DB) DeleteVerdict(ctx context.Context, id int64) (audit int64, err error) {
	err = db.tx(ctx, func(tx *sql.Tx) error {
		v, err := scanVerdict(tx.QueryRowContext(ctx, selectVerdict+` WHERE id = ?`, id))
		if err != nil {
			return fmt.Errorf("verdict %d: %w", id, notFound(err))
		}
		audit, err = db.recorded(ctx, tx, "verdict.delete", verdictObject(v), func() error {
			_, err := tx.ExecContext(ctx, `DELETE FROM verdicts WHERE id = ?`, id)
			return err
		})
		return err
	})
	return audit, err
}

// verdictObject names the deployments of verdicts, each once.
func verdictObject(verdicts ...delivery.Verdict) string {
	var names []string
	for _, v := range verdicts {
		if name := v.Service + verdictGroup + v.Group; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return verdictPrefix + strings.Join(names, verdictNext)
}

// JudgedServices are the services whose deployments a change of verdicts was about.
func JudgedServices(c Change) []string {
	var out []string
	for name := range strings.SplitSeq(strings.TrimPrefix(c.Object, verdictPrefix), verdictNext) {
		if service, _, _ := strings.Cut(name, verdictGroup); !slices.Contains(out, service) {
			out = append(out, service)
		}
	}
	return out
}

// verdictState are all verdicts on the deployments of an entry, as the audit log
// holds them.
type verdictState struct {
	Verdicts []verdictRow `json:"verdicts"`
}

// verdictRow is a Verdict without the id, which another one has when it comes back.
type verdictRow struct {
	Service  string            `json:"service"`
	Group    string            `json:"deployment"`
	Incident string            `json:"incident,omitempty"`
	Decision delivery.Decision `json:"decision"`
	Note     string            `json:"note,omitempty"`
	By       string            `json:"by"`
	At       delivery.Instant  `json:"at"`
}

func stateOfVerdicts(ctx context.Context, q querier, object string) (string, error) {
	var s verdictState
	for name := range strings.SplitSeq(strings.TrimPrefix(object, verdictPrefix), verdictNext) {
		service, group, _ := strings.Cut(name, verdictGroup)
		all, err := list(ctx, q, scanVerdict, selectVerdict+` WHERE service = ? AND deployment = ? ORDER BY incident`, service, group)
		if err != nil {
			return "", fmt.Errorf("verdicts on %s: %w", service, err)
		}
		for _, v := range all {
			s.Verdicts = append(s.Verdicts, verdictRow{v.Service, v.Group, v.Incident, v.Decision, v.Note, v.By, v.At})
		}
	}
	if s.Verdicts == nil {
		return "", nil
	}
	return toJSON(s)
}

func (db *DB) restoreVerdicts(ctx context.Context, tx *sql.Tx, c Change) (int64, error) {
	before, after, err := decoded[verdictState](c)
	if err != nil {
		return 0, err
	}
	return db.recorded(ctx, tx, "verdict.undo", c.Object, func() error {
		for _, v := range after.Verdicts {
			_, err := tx.ExecContext(ctx, `DELETE FROM verdicts WHERE service = ? AND deployment = ? AND incident = ?`, v.Service, v.Group, v.Incident)
			if err != nil {
				return fmt.Errorf("verdict on %s: %w", v.Service, err)
			}
		}
		for _, v := range before.Verdicts {
			if err := db.putVerdict(ctx, tx, delivery.Verdict{
				Service: v.Service, Group: v.Group, Incident: v.Incident, Decision: v.Decision, Note: v.Note, By: v.By, At: v.At,
			}); err != nil {
				return err
			}
		}
		return nil
	})
}
