package sqlitestore

import (
	"database/sql"

	"throughline/internal/delivery"
)

// generation is the meaning of statuses that a set of flow rows is, or is
// being, derived with.
type generation struct {
	id int64
	delivery.Meaning
	next int64 // issues before it have been derived
}

// scanGeneration reads id, workflow, types and next_issue.
func scanGeneration(scan func(dest ...any) error) (*generation, error) {
	var g generation
	var workflow, types string
	err := scan(&g.id, &workflow, &types, &g.next)
	if err != nil {
		return nil, err
	}
	if g.Meaning, err = delivery.DecodeMeaning([]byte(workflow), []byte(types)); err != nil {
		return nil, err
	}
	return &g, nil
}

func (w *writer) loadGenerations() error {
	w.generations = nil
	return w.rows(func(rows *sql.Rows) error {
		g, err := scanGeneration(rows.Scan)
		w.generations = append(w.generations, g)
		return err
	}, generationsSQL)
}

// current is the generation that answers come from.
func (w *writer) current() *generation { return w.generations[0] }

// filling is the generation being filled, nil when there is none.
func (w *writer) filling() *generation {
	if len(w.generations) < 2 {
		return nil
	}
	return w.generations[1]
}

// target is the newest generation.
func (w *writer) target() *generation { return w.generations[len(w.generations)-1] }

// replaceInputs gives a generation another meaning that makes the same classes.
func (w *writer) replaceInputs(id int64, m *delivery.Meaning) error {
	workflow, types, err := m.Encode()
	if err != nil {
		return err
	}
	_, err = w.exec(setGenerationSQL, id, workflow, types)
	return err
}

// open begins a generation, to be filled by Rebuild.
func (w *writer) open(m *delivery.Meaning) error {
	workflow, types, err := m.Encode()
	if err != nil {
		return err
	}
	_, err = w.exec(addGenerationSQL, workflow, types)
	return err
}
