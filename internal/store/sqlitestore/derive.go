package sqlitestore

import (
	"math"

	"throughline/internal/delivery"
)

// forever is an instant after every event, so that histories are not cut.
const forever = delivery.Instant(math.MaxInt64)

// derive replaces the derived rows of an issue.
func (w *writer) derive(pk int64, connection string, rec *delivery.IssueRecord, row *issueRow, events []delivery.Event) error {
	w.issues = append(w.issues, pk)
	h := delivery.HistoryOf(&rec.Issue, events, forever)
	tagged, err := delivery.EncodeTagged(delivery.TaggedOf(&rec.Issue, row.full, events))
	if err != nil {
		return err
	}
	var periods []byte
	var previous delivery.Instant
	for _, p := range h.Periods {
		status, err := w.named(statusTerm, p.Status, p.Start)
		if err != nil {
			return err
		}
		periods = appendStay(periods, stay{status: status, start: p.Start, inferred: p.Inferred}, previous)
		previous = p.Start
	}
	movedBy, err := w.ref(h.MovedBy)
	if err != nil {
		return err
	}
	if _, err := w.exec(putHistorySQL, pk, ms(h.MovedAt), movedBy, periods, tagged); err != nil {
		return err
	}
	labels := flowLabels{row.connection, row.queue, row.typ, row.resolution}
	for _, g := range w.generations {
		f := delivery.FlowOf(rec.CreatedAt, h.Periods, g.Classes(connection, rec.Queue))
		if err := w.putFlow(g.id, pk, labels, f); err != nil {
			return err
		}
	}
	return nil
}

// flowLabels is what a row of flow repeats of its issue, to filter by.
type flowLabels struct{ connection, queue, typ, resolution int64 }

func (w *writer) putFlow(generation, issue int64, l flowLabels, f delivery.Flow) error {
	_, err := w.exec(putFlowSQL, generation, issue, l.connection, l.queue, l.typ, l.resolution,
		ms(f.CreatedAt), ms(f.FirstActiveAt), ms(f.ClosedAt), f.ReopenCount)
	return err
}

// underive removes the derived rows of an issue.
func (w *writer) underive(pk int64) error {
	w.issues = append(w.issues, pk)
	if _, err := w.exec(deleteHistorySQL, pk); err != nil {
		return err
	}
	_, err := w.exec(deleteFlowSQL, pk)
	return err
}
