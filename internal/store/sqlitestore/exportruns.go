package sqlitestore

import (
	"context"
	"database/sql"
	"errors"

	"throughline/internal/delivery"
)

// exportRuns reads the next runs of one connection, and the number of the last of
// them, 0 when there are no more.
func exportRuns(ctx context.Context, tx *sql.Tx, last int64, limit int, b *delivery.Batch) (next int64, err error) {
	size := 0
	rows, err := tx.QueryContext(ctx, exportRunsSQL, last, limit)
	err = each(rows, err, func(rows *sql.Rows) error {
		var r delivery.Run
		var parts sql.RawBytes
		pk, err := scanRun(rows, &r, &parts)
		if err != nil {
			return err
		}
		if len(b.Runs) > 0 && r.Connection != b.Connection {
			return errStop
		}
		b.Connection, b.Runs, next = r.Connection, append(b.Runs, r), pk
		if size += sizeOfRun(&r, len(parts)); size >= delivery.ExportBytes {
			return errStop
		}
		return nil
	})
	if errors.Is(err, errStop) {
		err = nil
	}
	return next, err
}

// sizeOfRun is about the size of what may be large of a run.
func sizeOfRun(r *delivery.Run, parts int) int {
	size := len(r.Title) + parts
	for name, value := range r.Labels {
		size += len(name) + len(value)
	}
	return size
}
