package clickhousestore

import (
	"errors"

	"golang.org/x/sync/errgroup"

	"throughline/internal/delivery"
)

// write writes what the batch changes, in the order of the package's comment.
func (w *writer) write() error {
	rows := make([]*issueRow, len(w.order))
	for i, issue := range w.order {
		rows[i] = w.put[issue]
	}
	if err := errors.Join(w.writeNumbers(rows), w.writeRunNumbers(), w.writeTouched()); err != nil {
		return err
	}
	issues, err := w.writeBeside(rows)
	if err == nil {
		err = issues.send()
	}
	if err := errors.Join(err, issues.discard()); err != nil {
		return err
	}
	if !w.quiet {
		w.st.version++
	}
	w.st.learn(w.learned)
	return w.s.putState(w.ctx, w.s.conn, w.st)
}

// writeBeside writes what is of no use without the issues, at the same time, and
// puts the issues into a block meanwhile.
func (w *writer) writeBeside(rows []*issueRow) (issues *block, err error) {
	var g errgroup.Group
	for _, step := range []func() error{
		w.writeKeys,
		w.writeTerms,
		w.writeStatuses,
		w.writePeople,
		w.writeRuns,
		w.writeFacts,
		w.writeDerived,
		func() error { return w.writeFlow(rows) },
	} {
		g.Go(step)
	}
	issues, err = w.prepareIssues(rows)
	return issues, errors.Join(err, g.Wait())
}

func (w *writer) writeNumbers(rows []*issueRow) error {
	var connections, ids []string
	var numbers []int64
	for _, r := range rows {
		connections, ids, numbers = append(connections, r.connection), append(ids, r.id), append(numbers, r.issue)
	}
	return w.insert("numbers", len(rows), column{"connection", connections}, column{"id", ids}, column{"issue", numbers})
}

func (w *writer) writeKeys() error {
	var keys []string
	var issues []int64
	for _, k := range w.keys {
		keys, issues = append(keys, k.key), append(issues, k.issue)
	}
	return w.insert("keys", len(keys), column{"key", keys}, column{"issue", issues})
}

func (w *writer) writeTerms() error {
	var kinds, keys, names []string
	var seen []int64
	for _, k := range w.terms {
		t := w.learned[k]
		kinds, keys, names, seen = append(kinds, k.kind), append(keys, k.key), append(names, t.name), append(seen, int64(t.seen))
	}
	return w.insert("terms", len(keys), column{"kind", kinds}, column{"key", keys}, column{"name", names},
		column{"seen_at", seen}, w.written(len(keys)))
}

func (w *writer) writeStatuses() error {
	var connections, keys, names, types []string
	var positions []int64
	for _, d := range w.dict {
		connections, keys, names = append(connections, d.Connection), append(keys, d.Key), append(names, d.Name)
		types, positions = append(types, d.Type), append(positions, int64(d.Order))
	}
	return w.insert("statuses", len(keys), column{"connection", connections}, column{"key", keys}, column{"name", names},
		column{"type", types}, column{"position", positions}, w.written(len(keys)))
}

func (w *writer) writeFlow(rows []*issueRow) error {
	for i := range w.st.generations {
		g := &w.st.generations[i]
		for _, r := range rows {
			if r.gone {
				w.flows.remove(g.id, r)
				continue
			}
			w.flows.add(g.id, flowLabels{r.issue, r.connection, r.queue, r.typ, r.resolution}, r.createdAt, r.periods,
				g.meaning.Classes(r.connection, r.queue))
		}
	}
	return w.flows.insert(w)
}

// insert writes rows of a table that a batch changes.
func (w *writer) insert(table string, rows int, columns ...column) error {
	return w.s.insert(w.ctx, w.s.conn, table, rows, columns...)
}

// written is the column that tells rows of this batch from those before.
func (w *writer) written(rows int) column {
	values := make([]uint64, rows)
	for i := range values {
		values[i] = w.st.written
	}
	return column{"written", values}
}

func (w *writer) prepareIssues(rows []*issueRow) (*block, error) {
	n := len(rows)
	var (
		numbers, versions, ordinals                                  = make([]int64, n), make([]int64, n), make([]int64, n)
		instants                                                     [5][]int64
		connections, ids, keys, queues, types, statuses, resolutions = texts(n), texts(n), texts(n), texts(n), texts(n), texts(n), texts(n)
		titles, movedID, movedKey, movedName, details, events, last  = texts(n), texts(n), texts(n), texts(n), texts(n), texts(n), texts(n)
		tagged                                                       = texts(n)
		former                                                       = make([][]string, n)
		counts                                                       = make([]uint32, n)
		fingerprints                                                 = make([]uint64, n)
		full, gone                                                   = make([]bool, n), make([]bool, n)
	)
	for i := range instants {
		instants[i] = make([]int64, n)
	}
	for i, r := range rows {
		numbers[i], versions[i], ordinals[i] = r.issue, r.version, r.lastOrdinal
		for k, at := range []delivery.Instant{r.createdAt, r.updatedAt, r.resolvedAt, r.startedAt, r.movedAt} {
			instants[k][i] = int64(at)
		}
		connections[i], ids[i], keys[i], queues[i], types[i] = r.connection, r.id, r.key, r.queue, r.typ
		statuses[i], resolutions[i], titles[i] = r.status, r.resolution, r.title
		movedID[i], movedKey[i], movedName[i] = r.movedBy.ID, r.movedBy.Key, r.movedBy.Name
		details[i], events[i], last[i], former[i], tagged[i] = r.details, r.events, r.lastEvent, r.former, r.tagged
		counts[i], fingerprints[i], full[i], gone[i] = r.eventCount, r.fingerprint, r.full, r.gone
	}
	return w.s.prepare(w.ctx, w.s.conn, "issues", n,
		column{"issue", numbers}, column{"connection", connections}, column{"id", ids}, column{"key", keys}, column{"queue", queues},
		column{"type", types}, column{"status", statuses}, column{"resolution", resolutions}, column{"title", titles},
		column{"version", versions}, column{"created_at", instants[0]}, column{"updated_at", instants[1]},
		column{"resolved_at", instants[2]}, column{"status_started_at", instants[3]}, column{"moved_at", instants[4]},
		column{"moved_by_id", movedID}, column{"moved_by_key", movedKey}, column{"moved_by_name", movedName},
		column{"former_keys", former}, column{"details", details}, column{"events", events}, column{"event_count", counts},
		column{"last_event_id", last}, column{"last_ordinal", ordinals}, column{"full_changelog", full},
		column{"fingerprint", fingerprints}, column{"gone", gone}, column{"tagged", tagged}, w.written(n))
}

func texts(n int) []string { return make([]string, n) }
