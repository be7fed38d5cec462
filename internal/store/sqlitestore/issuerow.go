package sqlitestore

import "throughline/internal/delivery"

// issueRow is a row of issues as the source said it; rows are equal when
// nothing changed.
type issueRow struct {
	connection, queue, typ, status, resolution       int64
	id, key                                          string
	version, createdAt, updatedAt, resolvedAt, since int64
	fingerprint                                      int64
	full                                             bool
	title, details                                   string
}

// storedIssue is a row of issues that is there already.
type storedIssue struct {
	issueRow
	pk   int64
	gone bool
}

// issueRow makes the row of a record.
func (w *writer) issueRow(connection int64, rec *delivery.IssueRecord) (issueRow, error) {
	r := issueRow{
		connection: connection, id: rec.ID, key: rec.Key,
		version: rec.Version, createdAt: ms(rec.CreatedAt), updatedAt: ms(rec.UpdatedAt),
		resolvedAt: ms(rec.ResolvedAt), since: ms(rec.StatusStartedAt),
		fingerprint: int64(rec.Fingerprint), full: rec.Full, title: rec.Title,
	}
	var err error
	if r.queue, err = w.term(queueTerm, rec.Queue); err != nil {
		return r, err
	}
	for _, t := range []struct {
		kind string
		ref  delivery.Ref
		id   *int64
	}{
		{typeTerm, rec.Type, &r.typ},
		{statusTerm, rec.Status, &r.status},
		{resolutionTerm, rec.Resolution, &r.resolution},
	} {
		if *t.id, err = w.named(t.kind, t.ref, rec.UpdatedAt); err != nil {
			return r, err
		}
	}
	r.details, err = delivery.EncodeDetails(&rec.Issue)
	return r, err
}

func (w *writer) storedIssue(connection int64, id string) (s storedIssue, found bool, err error) {
	s.connection, s.id = connection, id
	found, err = w.row(storedIssueSQL, []any{connection, id}, []any{
		&s.pk, &s.queue, &s.typ, &s.status, &s.resolution, &s.key, &s.version,
		&s.createdAt, &s.updatedAt, &s.resolvedAt, &s.since, &s.fingerprint, &s.full, &s.gone, &s.title, &s.details,
	})
	return s, found, err
}

func (w *writer) putIssue(r *issueRow, gone bool) error {
	_, err := w.exec(putIssueSQL,
		r.connection, r.queue, r.typ, r.status, r.resolution, r.id, r.key, r.version,
		r.createdAt, r.updatedAt, r.resolvedAt, r.since, r.fingerprint, r.full, gone, r.title, r.details)
	return err
}
