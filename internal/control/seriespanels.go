package control

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"throughline/internal/delivery"
)

// SeriesPanel is a chart of custom series that somebody kept for all.
type SeriesPanel struct {
	ID        int64
	Name      string
	Queries   []string
	Range     string // like 7d
	CreatedBy string // e-mail address
	CreatedAt time.Time
}

// Bounds of saved panels.
const (
	MaxSeriesPanels    = 50
	MaxSeriesPanelName = 80 // characters
)

const seriesPanelObject = "series/"

// seriesPanelState is a panel in the audit log.
type seriesPanelState struct {
	Queries []string `json:"queries"`
	Range   string   `json:"range"`
}

const selectSeriesPanel = `SELECT id, name, queries, range, created_by, created_at FROM series_panels`

func scanSeriesPanel(row scanner) (SeriesPanel, error) {
	var p SeriesPanel
	var queries []byte
	var at int64
	if err := row.Scan(&p.ID, &p.Name, &queries, &p.Range, &p.CreatedBy, &at); err != nil {
		return SeriesPanel{}, err
	}
	p.CreatedAt = fromMillis(at)
	if err := json.Unmarshal(queries, &p.Queries); err != nil {
		return SeriesPanel{}, fmt.Errorf("panel %s: %w", p.Name, err)
	}
	return p, nil
}

// SeriesPanels are the saved panels, the oldest first.
func (db *DB) SeriesPanels(ctx context.Context) ([]SeriesPanel, error) {
	all, err := list(ctx, db.sql.Reader, scanSeriesPanel, selectSeriesPanel+` ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("panels of series: %w", err)
	}
	return all, nil
}

// SeriesPanel is a saved panel, or ErrNotFound.
func (db *DB) SeriesPanel(ctx context.Context, id int64) (SeriesPanel, error) {
	return seriesPanel(ctx, db.sql.Reader, id)
}

func seriesPanel(ctx context.Context, q querier, id int64) (SeriesPanel, error) {
	p, err := scanSeriesPanel(q.QueryRowContext(ctx, selectSeriesPanel+` WHERE id = ?`, id))
	if err != nil {
		return SeriesPanel{}, fmt.Errorf("panel of series %d: %w", id, notFound(err))
	}
	return p, nil
}

// SaveSeriesPanel keeps a panel under a name that no other has. Errors: *FieldError for
// panel_name or queries.
func (db *DB) SaveSeriesPanel(ctx context.Context, p SeriesPanel) error {
	p.Name = strings.TrimSpace(p.Name)
	if err := p.check(); err != nil {
		return err
	}
	queries, err := toJSON(p.Queries)
	if err != nil {
		return err
	}
	return db.tx(ctx, func(tx *sql.Tx) error {
		var same, all int
		row := tx.QueryRowContext(ctx, `SELECT count(*) FILTER (WHERE lower(name) = lower(?)), count(*) FROM series_panels`, p.Name)
		if err := row.Scan(&same, &all); err != nil {
			return fmt.Errorf("panels of series: %w", err)
		}
		switch {
		case same > 0:
			return &FieldError{"panel_name", "taken", "another panel has this name"}
		case all >= MaxSeriesPanels:
			return &FieldError{"panel_name", "many", fmt.Sprintf("there are %d panels already: delete one first", MaxSeriesPanels)}
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO series_panels (name, queries, range, created_by, created_at)
			VALUES (?, ?, ?, coalesce((SELECT email FROM users WHERE id = ?), ''), ?)`, p.Name, queries, p.Range, actor(ctx), millis(db.now()))
		if err != nil {
			return fmt.Errorf("store panel %s: %w", p.Name, err)
		}
		return db.audit(ctx, tx, "series.save", seriesPanelObject+p.Name, nil, seriesPanelState{p.Queries, p.Range})
	})
}

// check finds what is wrong with a panel by itself.
func (p SeriesPanel) check() error {
	var errs []error
	switch {
	case p.Name == "":
		errs = append(errs, &FieldError{"panel_name", "required", "give the panel a name"})
	case badText(p.Name, MaxSeriesPanelName):
		errs = append(errs, &FieldError{"panel_name", "text", fmt.Sprintf("a name has up to %d characters on one line", MaxSeriesPanelName)})
	}
	if len(p.Queries) == 0 || len(p.Queries) > delivery.MaxQueries {
		errs = append(errs, &FieldError{"queries", "length", fmt.Sprintf("a panel has 1 to %d queries", delivery.MaxQueries)})
	}
	for _, text := range p.Queries {
		if _, err := delivery.ParseSeriesQuery(text); err != nil {
			errs = append(errs, &FieldError{"queries", "invalid", err.Error()})
		}
	}
	return errors.Join(errs...)
}

// DeleteSeriesPanel deletes a panel, and returns it as it was. Errors: ErrNotFound.
func (db *DB) DeleteSeriesPanel(ctx context.Context, id int64) (SeriesPanel, error) {
	var p SeriesPanel
	err := db.tx(ctx, func(tx *sql.Tx) (err error) {
		if p, err = seriesPanel(ctx, tx, id); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM series_panels WHERE id = ?`, id); err != nil {
			return fmt.Errorf("delete panel %s: %w", p.Name, err)
		}
		return db.audit(ctx, tx, "series.delete", seriesPanelObject+p.Name, seriesPanelState{p.Queries, p.Range}, nil)
	})
	return p, err
}
