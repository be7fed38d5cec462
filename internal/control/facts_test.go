package control

import (
	"reflect"
	"testing"
	"time"

	"throughline/internal/source"
)

func TestBindFacts(t *testing.T) {
	db := openTest(t)
	a, b := db.save(t, newConnection("a"), nil), db.save(t, newConnection("b"), nil)
	if has, err := db.HasCursors(db.ctx); err != nil || has {
		t.Errorf("cursors %v, %v", has, err)
	}
	s, err := db.StartSync(db.ctx, a.ID, testNow)
	must(t, err)
	must(t, db.SaveProgress(db.ctx, s.ID, source.Cursor(`2`), source.Progress{}, noneWritten, nil, testNow))
	later := testNow.Add(time.Hour)
	must(t, db.FinishSync(db.ctx, s.ID, Failed, source.Message{}, later, 3, testNow))
	for _, step := range []struct {
		identity  string
		restart   bool
		restarted []string
		has       bool
	}{{"one", false, nil, true}, {"two", true, []string{"a"}, false}, {"three", true, nil, false}} {
		restarted, err := db.BindFacts(db.ctx, step.identity, step.restart, testNow)
		if err != nil || !reflect.DeepEqual(restarted, step.restarted) {
			t.Errorf("%s: restarted %q, %v", step.identity, restarted, err)
		}
		if got, err := db.FactsIdentity(db.ctx); err != nil || got != step.identity {
			t.Errorf("identity %q, %v, want %q", got, err, step.identity)
		}
		if has, err := db.HasCursors(db.ctx); err != nil || has != step.has {
			t.Errorf("%s: cursors %v, %v", step.identity, has, err)
		}
	}
	got, err := db.Connection(db.ctx, "a")
	if err != nil || !got.NextRunAt.Equal(testNow) || got.Failures != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if cursor, err := db.Cursor(db.ctx, b.ID); err != nil || cursor != nil {
		t.Errorf("cursor %s, %v", cursor, err)
	}
}
