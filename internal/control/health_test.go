package control

import (
	"reflect"
	"testing"
	"time"

	"throughline/internal/source"
)

func TestLastSuccesses(t *testing.T) {
	db := openTest(t)
	got, err := db.LastSuccesses(db.ctx)
	if err != nil || len(got) != 0 {
		t.Errorf("%v, %v", got, err)
	}
	ends := map[string][]SyncState{
		"good": {Done, Done}, "odd": {Done, Problems}, "stopped": {Done, Interrupted}, "down": {Problems, Failed}, "never": {Failed, Paused}, "busy": {Running},
	}
	for name, states := range ends {
		c := db.save(t, newConnection(name), nil)
		for i, state := range states {
			s, err := db.StartSync(db.ctx, c.ID, testNow)
			must(t, err)
			if state != Running {
				must(t, db.FinishSync(db.ctx, s.ID, state, source.Message{}, testNow, 0, testNow.Add(time.Duration(i+1)*time.Minute)))
			}
		}
	}
	one, two := testNow.Add(time.Minute), testNow.Add(2*time.Minute)
	want := map[string]time.Time{"good": two, "odd": two, "stopped": one, "down": one}
	if got, err := db.LastSuccesses(db.ctx); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	ended := map[string]SyncState{"good": Done, "odd": Problems, "stopped": Done, "down": Failed, "never": Paused}
	if got, err := db.LastOutcomes(db.ctx); err != nil || !reflect.DeepEqual(got, ended) {
		t.Errorf("ended %v, %v", got, err)
	}
}
