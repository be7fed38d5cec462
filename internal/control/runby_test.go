package control

import (
	"testing"
	"time"

	"throughline/internal/source"
)

func TestRunBy(t *testing.T) {
	start := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	regular, at := start.Add(time.Hour), start.Add(10*time.Minute)
	for name, c := range map[string]struct {
		ended  SyncState // how the last sync ended, which began at start
		asked  time.Time
		during bool // asked while it ran
		want   time.Time
	}{
		"after a sync":               {ended: Done, asked: at, want: at},
		"after one with problems":    {ended: Problems, asked: at, want: at},
		"later than the next one":    {ended: Done, asked: start.Add(2 * time.Hour), want: regular},
		"while one is under way":     {ended: Done, asked: at, during: true, want: at},
		"while one is, and it fails": {ended: Failed, asked: at, during: true, want: regular},
		"after a failure":            {ended: Failed, asked: at, want: regular},
	} {
		t.Run(name, func(t *testing.T) {
			db := openTest(t)
			_, err := db.SaveConnection(db.ctx, Connection{Name: "gh", Kind: "tracker", Every: time.Hour}, nil)
			must(t, err)
			gh, err := db.Connection(db.ctx, "gh")
			must(t, err)
			s, err := db.StartSync(db.ctx, gh.ID, start)
			must(t, err)
			if c.during {
				must(t, db.RunBy(db.ctx, gh.ID, c.asked))
			}
			must(t, db.FinishSync(db.ctx, s.ID, c.ended, source.Message{}, regular, 0, start.Add(time.Minute)))
			if !c.during {
				must(t, db.RunBy(db.ctx, gh.ID, c.asked))
			}
			if gh, err = db.Connection(db.ctx, "gh"); err != nil || !gh.NextRunAt.Equal(c.want) {
				t.Errorf("next %s, want %s; %v", gh.NextRunAt, c.want, err)
			}
		})
	}
}
