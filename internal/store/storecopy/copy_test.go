package storecopy_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"throughline/internal/delivery"
	"throughline/internal/store/clickhousestore"
	"throughline/internal/store/clickhousestore/chtest"
	"throughline/internal/store/sqlitestore"
	"throughline/internal/store/storecopy"
)

const (
	tracker = "tracker"
	start   = delivery.Instant(1_760_000_000_000)
	hour    = delivery.Instant(3_600_000)
)

var workflows = delivery.OneWorkflow(delivery.Workflow{StatusLists: delivery.StatusLists{Closed: []string{"done"}, Active: []string{"doing"}}})

func sqlite(t *testing.T) delivery.Store {
	t.Helper()
	s, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "facts.db"))
	return opened(t, s, err)
}

func clickhouse(t *testing.T) delivery.Store {
	t.Helper()
	address, err := clickhousestore.ParseAddress(chtest.Open(t))
	if err != nil {
		t.Fatal(err)
	}
	s, err := clickhousestore.Open(t.Context(), address)
	return opened(t, s, err)
}

func opened(t *testing.T, s delivery.Store, err error) delivery.Store {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// fill writes issues from one number up to another, of two connections by turns
// of 500, and a run for every tenth.
func fill(t *testing.T, s delivery.Store, from, to int) {
	t.Helper()
	for ; from < to; from += 500 {
		b := delivery.Batch{Connection: tracker}
		if from/500%2 == 1 {
			b.Connection = "zoo"
		}
		b.Statuses = []delivery.Status{{Connection: b.Connection, Key: "done", Name: "Done", Type: "done", Order: 3}}
		for n := from; n < min(from+500, to); n++ {
			b.Issues = append(b.Issues, record(b.Connection, n))
			if n%10 == 0 {
				b.Runs = append(b.Runs, run(b.Connection, n))
			}
		}
		write(t, s, b)
	}
}

func record(connection string, n int) delivery.IssueRecord {
	at := start + delivery.Instant(n)*hour
	todo, doing, done := delivery.Ref{Key: "todo", Name: "To do"}, delivery.Ref{Key: "doing"}, delivery.Ref{Key: "done", Name: "Done"}
	rec := delivery.IssueRecord{
		Issue: delivery.Issue{
			Connection: connection, ID: fmt.Sprint(n), Key: fmt.Sprintf("DEV-%d", n), Queue: "DEV", Type: delivery.Ref{Key: "task", Name: "Task"},
			Status: done, CreatedAt: at, UpdatedAt: at + 2*hour, Tags: []string{"ж", "<b>"},
		},
		Replace: true, Full: n%2 == 0, Fingerprint: uint64(n) + 1<<63,
	}
	for k, t := range []delivery.Transition{{From: todo, To: doing}, {From: doing, To: done}} {
		rec.Events = append(rec.Events, delivery.Event{ID: fmt.Sprint(n, "-", k), Ordinal: k, At: at + delivery.Instant(k+1)*hour, Type: "IssueWorkflow", Transition: &t})
	}
	if rec.Full {
		rec.Events[1].Fields = []delivery.FieldChange{{Field: "status", From: []byte(`null`), To: []byte(`{"a":1}`)}}
	}
	return rec
}

func run(connection string, n int) delivery.Run {
	return delivery.Run{
		Connection: connection, Project: "acme/shop", ID: fmt.Sprint(n), Status: delivery.RunSuccess, Branch: "ж", Attempt: 1,
		CreatedAt: start + delivery.Instant(n)*hour, Duration: int64(n), DurationE2E: delivery.NotSaid,
		Labels: map[string]string{"a": "<b>"}, Jobs: []delivery.Job{{Name: "test", Status: delivery.RunSuccess, Duration: int64(n)}},
	}
}

func write(t *testing.T, s delivery.Store, b delivery.Batch) {
	t.Helper()
	if _, err := s.Write(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

func begin(t *testing.T, from, to delivery.Store) *storecopy.Copy {
	t.Helper()
	c, err := storecopy.New(t.Context(), from, to, func(string, int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func sums(t *testing.T, s delivery.Store) (facts storecopy.Sum, flow uint64) {
	t.Helper()
	facts, err := storecopy.SumFacts(t.Context(), s, workflows, func(int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	if flow, err = storecopy.SumFlow(t.Context(), s, func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	return facts, flow
}

func identity(t *testing.T, s delivery.Store) string {
	t.Helper()
	id, err := s.Identity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// finish runs a copy to its end and compares.
func finish(t *testing.T, c *storecopy.Copy, from, to delivery.Store) {
	t.Helper()
	if err := c.Run(t.Context(), workflows); err != nil {
		t.Fatal(err)
	}
	want, _ := sums(t, from)
	got, flow := sums(t, to)
	if got != want || flow != want.Flow {
		t.Errorf("the copy has\n%+v, flow %x, and not\n%+v", got, flow, want)
	}
	if err := c.Adopt(t.Context()); err != nil || identity(t, to) != identity(t, from) {
		t.Errorf("not adopted: %v", err)
	}
}

func TestThereAndBack(t *testing.T) {
	first, second, third := sqlite(t), clickhouse(t), sqlite(t)
	fill(t, first, 0, 5200)
	write(t, first, delivery.Batch{Connection: tracker, Gone: []string{"7", "5199"}})
	moved := record(tracker, 3)
	moved.Key, moved.Queue, moved.Version = "OPS-1", "OPS", 2
	write(t, first, delivery.Batch{Connection: tracker, Issues: []delivery.IssueRecord{moved}})

	writePoints(t, first)

	finish(t, begin(t, first, second), first, second)
	finish(t, begin(t, second, third), second, third)
	want, _ := sums(t, first)
	if got, _ := sums(t, third); got != want || got.Issues != 5200 || got.Gone != 1 && got.Gone != 2 || got.Connections != 2 || got.Events != 10400 || got.Runs != 520 ||
		got.Points != 300 || got.SealedHours != 5 || got.Series != 1 {
		t.Errorf("in the end %+v, at first %+v", got, want)
	}
	again := begin(t, first, second)
	if !again.Finished() {
		t.Error("it is not known that the copy is finished")
	}
}

var aSeries = []delivery.SeriesKey{{Metric: "ci.time", Tags: []delivery.Tag{{Key: "host", Value: "a"}}}}

// writePoints leaves 300 points and five sealed hours of a series.
func writePoints(t *testing.T, s delivery.Store) {
	t.Helper()
	day := start - start%(24*hour)
	for _, begin := range []delivery.Instant{day, day + 30*24*hour} {
		p := delivery.Points{Series: aSeries, Token: "ci", ReceivedAt: begin + 6*hour}
		for i := range delivery.Instant(300) {
			p.Of, p.At, p.Values = append(p.Of, 0), append(p.At, begin+i*hour/60), append(p.Values, float64(i)/3)
		}
		write(t, s, delivery.Batch{Points: []delivery.Points{p}})
	}
	now := day + 35*24*hour
	if err := s.RollUp(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	if err := s.Retire(t.Context(), delivery.DefaultRetention(), now); err != nil {
		t.Fatal(err)
	}
}

// TestPointsOnly: points are facts too, and those that came behind the place that a
// copy got to are copied by the next one.
func TestPointsOnly(t *testing.T) {
	for name, open := range map[string]func(*testing.T) delivery.Store{"sqlite": sqlite, "clickhouse": clickhouse} {
		t.Run(name, func(t *testing.T) {
			from, to := open(t), sqlite(t)
			writePoints(t, from)
			if err := begin(t, from, to).Run(t.Context(), workflows); err != nil {
				t.Fatal(err)
			}
			write(t, from, delivery.Batch{Points: []delivery.Points{{Series: aSeries, Of: []uint32{0}, At: []delivery.Instant{start + 20*24*hour}, Values: []float64{1}}}})
			if want, _ := sums(t, from); want.Points != 301 {
				t.Errorf("%+v", want)
			}
			finish(t, begin(t, from, to), from, to)
			if _, err := storecopy.New(t.Context(), open(t), to, nil); !errors.Is(err, storecopy.ErrOccupied) {
				t.Error(err)
			}
		})
	}
}

// failing is a store that takes so many batches only.
type failing struct {
	delivery.Store
	batches int
}

var errFailing = errors.New("no more")

func (f *failing) Write(ctx context.Context, b delivery.Batch) (delivery.Written, error) {
	if f.batches--; f.batches < 0 {
		return delivery.Written{}, errFailing
	}
	return f.Store.Write(ctx, b)
}

// TestResumed cuts the copy off after every batch.
func TestResumed(t *testing.T) {
	for name, open := range map[string]func(*testing.T) delivery.Store{"sqlite": sqlite, "clickhouse": clickhouse} {
		t.Run(name, func(t *testing.T) {
			from, to := sqlite(t), open(t)
			fill(t, from, 0, 1800)
			own := identity(t, to)
			for batches := 1; ; batches++ {
				c := begin(t, from, &failing{to, batches})
				err := c.Run(t.Context(), workflows)
				if err == nil {
					break
				}
				if !errors.Is(err, errFailing) || identity(t, to) != own {
					t.Fatal(err)
				}
			}
			c := begin(t, from, to)
			if c.Done() != 1980 || c.Finished() {
				t.Errorf("%d done, finished %v", c.Done(), c.Finished())
			}
			finish(t, c, from, to)
		})
	}
}

// TestChangedMeanwhile: what was copied changes before the copy goes on.
func TestChangedMeanwhile(t *testing.T) {
	from, to := sqlite(t), clickhouse(t)
	fill(t, from, 0, 1600)
	if err := begin(t, from, &failing{to, 6}).Run(t.Context(), workflows); !errors.Is(err, errFailing) {
		t.Fatal(err)
	}
	if c := begin(t, from, to); c.Done() == 0 {
		t.Fatal("nothing was copied")
	}
	changed := record(tracker, 1)
	changed.Title, changed.Events = "Changed", changed.Events[:1]
	write(t, from, delivery.Batch{Connection: tracker, Issues: []delivery.IssueRecord{changed}, Gone: []string{"2"}})
	c := begin(t, from, to)
	if c.Done() != 0 {
		t.Errorf("it goes on behind %d issues", c.Done())
	}
	finish(t, c, from, to)
}

func TestRefused(t *testing.T) {
	full, empty, other, partial := sqlite(t), sqlite(t), sqlite(t), sqlite(t)
	fill(t, full, 0, 10)
	fill(t, other, 0, 10)
	if err := begin(t, full, &failing{partial, 2}).Run(t.Context(), workflows); !errors.Is(err, errFailing) {
		t.Fatal(err)
	}
	served := sqlite(t)
	if err := begin(t, full, &failing{served, 5}).Run(t.Context(), workflows); err != nil {
		t.Fatal(err)
	}
	fill(t, served, 10, 11)
	for _, tt := range []struct {
		name     string
		from, to delivery.Store
		want     error
	}{
		{"other facts", full, other, storecopy.ErrOccupied},
		{"nothing to copy", empty, sqlite(t), storecopy.ErrEmpty},
		{"part of another copy", other, partial, storecopy.ErrOccupied},
		{"from part of a copy", partial, empty, storecopy.ErrPartial},
		{"synced into since", full, served, storecopy.ErrOccupied},
	} {
		before, _ := sums(t, tt.to)
		if _, err := storecopy.New(t.Context(), tt.from, tt.to, nil); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if after, _ := sums(t, tt.to); after != before {
			t.Errorf("%s: the target changed", tt.name)
		}
	}
}

// TestDifferences: each thing that a store keeps is in the sums.
func TestDifferences(t *testing.T) {
	s := sqlite(t)
	fill(t, s, 0, 3)
	last, lastFlow := sums(t, s)
	for name, b := range map[string]delivery.Batch{
		"title":  {Issues: []delivery.IssueRecord{with(record(tracker, 0), func(r *delivery.IssueRecord) { r.Title = "Another" })}},
		"former": {Issues: []delivery.IssueRecord{with(record(tracker, 1), func(r *delivery.IssueRecord) { r.Former = []string{"OLD-1"} })}},
		"event":  {Issues: []delivery.IssueRecord{with(record(tracker, 2), func(r *delivery.IssueRecord) { r.Events[0].Actor.Name = "Ada" })}},
		"gone":   {Gone: []string{"2"}},
		"status": {Statuses: []delivery.Status{{Connection: tracker, Key: "done", Name: "Fertig", Type: "done", Order: 3}}},
		"name":   {Names: []delivery.Name{{Kind: delivery.QueueName, Key: "GHOST"}}},
		"run":    {Runs: []delivery.Run{run(tracker, 1)}},
		"point":  {Points: []delivery.Points{{Series: aSeries, Of: []uint32{0}, At: []delivery.Instant{start}, Values: []float64{1}}}},
		"sealed": {Sealed: []delivery.SealedHours{{Series: aSeries, Of: []uint32{0}, Hours: []delivery.Instant{start - start%hour - hour}, Values: []delivery.Folded{{N: 1}}}}},
	} {
		b.Connection = tracker
		write(t, s, b)
		now, flow := sums(t, s)
		if now.Facts == last.Facts {
			t.Errorf("%s: the sum is the same", name)
		}
		if (now.Flow == last.Flow) != (flow == lastFlow) {
			t.Errorf("%s: flow %x by facts, %x by lists", name, now.Flow, flow)
		}
		last, lastFlow = now, flow
	}
}

func with(rec delivery.IssueRecord, change func(*delivery.IssueRecord)) delivery.IssueRecord {
	change(&rec)
	return rec
}
