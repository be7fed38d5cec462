package control

import (
	"context"
	"database/sql"
)

// incidentObject begins the object of an entry of the audit log.
const incidentObject = "incident/"

// NoteIncident writes down that a person recorded, changed or withdrew an incident:
// before and after are as it was and as it is, nil for none. The incident itself is a
// fact, and not kept here.
func (db *DB) NoteIncident(ctx context.Context, name string, before, after any) error {
	action := "incident.save"
	if after == nil {
		action = "incident.withdraw"
	}
	return db.tx(ctx, func(tx *sql.Tx) error {
		return db.audit(ctx, tx, action, incidentObject+cut(name, maxKeyText), before, after)
	})
}
