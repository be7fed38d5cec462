package control

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestSeriesPanels(t *testing.T) {
	db := openTest(t)
	query := []string{"fetch('ci.time', host=~'.*')\n.downsample('1h', 'avg')"}
	must(t, db.SaveSeriesPanel(db.ctx, SeriesPanel{Name: " CI time ", Queries: query, Range: "7d"}))
	all, err := db.SeriesPanels(db.ctx)
	must(t, err)
	if len(all) != 1 || all[0].Name != "CI time" || !slices.Equal(all[0].Queries, query) || all[0].Range != "7d" || all[0].CreatedAt.IsZero() {
		t.Fatalf("panels %+v", all)
	}
	for name, p := range map[string]SeriesPanel{
		"panel_name taken":    {Name: "ci TIME", Queries: query},
		"panel_name required": {Name: " ", Queries: query},
		"panel_name text":     {Name: strings.Repeat("я", 81), Queries: query},
		"queries length":      {Name: "x"},
		"queries invalid":     {Name: "x", Queries: []string{"fetch("}},
	} {
		var wrong *FieldError
		if err := db.SaveSeriesPanel(db.ctx, p); !errors.As(err, &wrong) || wrong.Field+" "+wrong.Code != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err = db.DeleteSeriesPanel(db.ctx, all[0].ID+1)
	if !errors.Is(err, ErrNotFound) {
		t.Errorf("deleting none: %v", err)
	}
	for i := len(all); i < MaxSeriesPanels; i++ {
		must(t, db.SaveSeriesPanel(db.ctx, SeriesPanel{Name: fmt.Sprint(i), Queries: query, Range: "7d"}))
	}
	var wrong *FieldError
	if err := db.SaveSeriesPanel(db.ctx, SeriesPanel{Name: "one more", Queries: query}); !errors.As(err, &wrong) || wrong.Code != "many" {
		t.Errorf("one more: %v", err)
	}
	gone, err := db.DeleteSeriesPanel(db.ctx, all[0].ID)
	must(t, err)
	if _, err := db.SeriesPanel(db.ctx, all[0].ID); gone.Name != "CI time" || !errors.Is(err, ErrNotFound) {
		t.Errorf("after %q was deleted: %v", gone.Name, err)
	}
	log, err := db.Audit(db.ctx, AuditQuery{Kind: "series"})
	must(t, err)
	if len(log) != MaxSeriesPanels+1 || log[0].Action != "series.delete" || log[0].Object != "series/CI time" || !strings.Contains(string(log[0].Before), "ci.time") {
		t.Errorf("%d entries, the newest %+v", len(log), log[0])
	}
}
