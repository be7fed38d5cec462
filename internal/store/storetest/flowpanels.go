package storetest

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"throughline/internal/delivery"
)

// flowPanel asks a store what a panel of flow shows.
type flowPanel struct {
	slug string
	load func(context.Context, delivery.Store, delivery.FlowQuery) (delivery.PanelData, error)
}

// storePanels are those that a store answers by itself, livesPanels those that are
// made from lives.
var (
	storePanels = []flowPanel{
		byStore("cycle-time", delivery.Store.CycleTime),
		byStore("cycle-time-trend", delivery.Store.CycleTimeTrend),
		byStore("time-in-status", delivery.Store.TimeInStatus),
	}
	livesPanels = []livesPanel{
		byLives("cycle-time-histogram", delivery.CycleTimeHistogramOf),
		byLives("control-chart", delivery.ControlChartOf),
		byLives("aging", delivery.AgingOf),
		byLives("throughput", delivery.ThroughputOf),
		byLives("forecast", delivery.ForecastOf),
		byLives("cumulative-flow", delivery.CumulativeFlowOf),
		byLives("lead-time-trend", delivery.LeadTimeTrendOf),
		byLives("flow-efficiency", delivery.FlowEfficiencyOf),
		byLives("blocked-time", delivery.BlockedTimeOf),
	}
)

// livesPanel asks whatever has lives.
type livesPanel struct {
	slug string
	load func(context.Context, delivery.LivesStore, delivery.FlowQuery) (delivery.PanelData, error)
}

type shown interface {
	Panel(q delivery.FlowQuery) delivery.PanelData
}

func byStore[T shown](slug string, ask func(delivery.Store, context.Context, delivery.FlowQuery) (T, error)) flowPanel {
	return flowPanel{slug, func(ctx context.Context, s delivery.Store, q delivery.FlowQuery) (delivery.PanelData, error) {
		answer, err := ask(s, ctx, q)
		return answer.Panel(q), err
	}}
}

func byLives[T shown](slug string, of func(context.Context, delivery.LivesStore, delivery.FlowQuery) (T, error)) livesPanel {
	return livesPanel{slug, func(ctx context.Context, s delivery.LivesStore, q delivery.FlowQuery) (delivery.PanelData, error) {
		answer, err := of(ctx, s, q)
		return answer.Panel(q), err
	}}
}

// flowPanels are all panels of flow.
func flowPanels() []flowPanel {
	all := slices.Clone(storePanels)
	for _, p := range livesPanels {
		all = append(all, flowPanel{p.slug, func(ctx context.Context, s delivery.Store, q delivery.FlowQuery) (delivery.PanelData, error) {
			return p.load(ctx, s, q)
		}})
	}
	return all
}

// recorded are the lives of records, found out one by one by the rules of delivery.
type recorded struct {
	records []delivery.IssueRecord
	meaning delivery.Workflows
}

func (r recorded) Lives(_ context.Context, q delivery.FlowQuery, f func(delivery.Lives) error) error {
	return f(recordedLives{r, &q})
}

type recordedLives struct {
	recorded
	query *delivery.FlowQuery
}

// types are those of the tests' dictionary.
func types() delivery.StatusTypes {
	of := map[string]string{}
	for _, s := range dictionary {
		of[s.Key] = s.Type
	}
	return delivery.StatusTypes{tracker: of}
}

func (r recordedLives) Each(_ context.Context, want delivery.LivesWanted, f func(*delivery.Life)) error {
	meaning := delivery.Meaning{Workflows: r.meaning, Types: types()}
	reader := delivery.NewLifeReader(r.query, want, &meaning, nil, types())
	queues, all := r.query.QueueKeys()
	for n := range r.records {
		rec := &r.records[n]
		if !all && !slices.Contains(queues, rec.Queue) {
			continue
		}
		l := delivery.Life{ID: int64(n), Place: delivery.Place{Connection: tracker, Queue: rec.Queue}, Resolution: rec.Resolution.Key}
		periods := delivery.HistoryOf(&rec.Issue, rec.Events, math.MaxInt64).Periods
		for _, p := range periods {
			l.Stays = append(l.Stays, delivery.Stay{Status: p.Status.Key, Start: p.Start, End: p.End})
		}
		l.Flow = delivery.FlowOf(rec.CreatedAt, periods, meaning.Classes(tracker, rec.Queue))
		if reader.Complete(&l) {
			f(&l)
		}
	}
	return nil
}

func (r recordedLives) Marks(_ context.Context, ids []int64) (map[int64]delivery.Mark, error) {
	out := map[int64]delivery.Mark{}
	for _, id := range ids {
		i := &r.records[id]
		out[id] = delivery.Mark{Key: i.Key, Title: i.Title, TypeKey: i.Type.Key, Type: i.Type.Name}
	}
	return out, nil
}

func (r recordedLives) Tagged(context.Context) (map[int64][]delivery.TagStay, error) {
	out := map[int64][]delivery.TagStay{}
	for n := range r.records {
		rec := &r.records[n]
		out[int64(n)] = delivery.TaggedOf(&rec.Issue, rec.Full, rec.Events)
	}
	return out, nil
}

func (r recordedLives) Statuses(context.Context) (*delivery.StatusBook, error) {
	b := delivery.StatusBook{Known: delivery.Dictionaries{}, Meaning: &delivery.Meaning{Workflows: r.meaning, Types: types()}}
	if r.query.Supposed != nil {
		b.Meaning.Workflows = *r.query.Supposed
	}
	for _, s := range held {
		b.Known.Add(s)
	}
	return &b, nil
}

// held is the dictionary with a status that blocks, by its name.
var held = append(slices.Clone(dictionary[:len(dictionary)-1]), delivery.Status{Connection: tracker, Key: "limbo", Name: "On hold", Order: 5})

// hold writes records, and the dictionary held.
func (s *store) hold(t *testing.T, records []delivery.IssueRecord) {
	t.Helper()
	for batch := range slices.Chunk(records, 70) {
		s.write(t, batch...)
	}
	s.batch(t, delivery.Batch{Connection: tracker, Statuses: held})
}

// samePanels compares what a store shows with what the records come to.
func (s *store) samePanels(t *testing.T, name string, want recorded, q delivery.FlowQuery) {
	t.Helper()
	for _, p := range livesPanels {
		expected, err := p.load(t.Context(), want, q)
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.load(t.Context(), s, q)
		if err != nil {
			t.Fatalf("%s: %s: %v", name, p.slug, err)
		}
		same(t, name+": "+p.slug, plainPanel(got), plainPanel(expected), near())
	}
}

// plainPanel is what a panel shows, to be compared.
func plainPanel(d delivery.PanelData) any {
	figures := map[string]*float64{}
	for _, f := range d.Headline {
		figures[f.Name] = f.Value
	}
	return map[string]any{"n": d.N, "excluded": d.Excluded, "as_of": d.AsOf, "headline": figures, "series": d.Series}
}

// testFlowPanels compares the panels made from lives with the same records, and with
// what they were before.
func testFlowPanels(t *testing.T, s *store) {
	records := company(600)
	s.hold(t, records)
	for _, clock := range []delivery.Clock{delivery.Elapsed, delivery.Business} {
		for _, queues := range [][]string{nil, {"DEV", "WEB"}} {
			for _, now := range []string{"2026-01-20 11:00", "2027-01-01"} {
				q := companyQuery(clock, nil)
				q.Queues, q.Now = queues, at(now)
				excluding(&q, "duplicate")
				s.samePanels(t, fmt.Sprintf("%s, queues %v, %s", clock, queues, now), recorded{records: records}, q)
			}
		}
	}
	q := companyQuery(delivery.Business, nil)
	q.Now, q.Items = at("2026-02-20 11:00"), 100
	excluding(&q, "duplicate")
	results := map[string]any{}
	for _, p := range livesPanels {
		d, err := p.load(t.Context(), s, q)
		if err != nil {
			t.Fatal(err)
		}
		for i := range d.Series {
			if d.Series[i].Name == "issues" && d.Shape != delivery.Bins {
				d.Series[i].Points = d.Series[i].Points[:5] // enough to see that they are the same
			}
		}
		results[p.slug] = plainPanel(d)
	}
	compareGolden(t, "flow.json", results)
}

// testFlowPanelsOverTime compares them under versions and teams, while these are being
// worked in and after.
func testFlowPanelsOverTime(t *testing.T, s *store) {
	records := company(400)
	w := overTime()
	s.hold(t, records)
	q := companyQuery(delivery.Business, &w)
	q.Now = at("2026-01-20 11:00")
	s.setWorkflows(t, w)
	s.rebuilding(t, true)
	before := q
	before.Workflows = nil // what is in force leaves nothing out
	s.samePanels(t, "being worked in", recorded{records: records}, before)
	d, err := delivery.ThroughputOf(t.Context(), s, q)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "left out by what is in force", d.Panel(q).Series[1].Points[0].Value, new(float64))
	s.rebuild(t)
	s.reopen(t)
	s.samePanels(t, "worked in", recorded{records, w}, q)
	q.Teams = []string{"A"}
	if err := q.Narrow(w.Teams, []string{"DEV", "OPS", "WEB"}); err != nil {
		t.Fatal(err)
	}
	s.samePanels(t, "of a team", recorded{records, w}, q)
}

// testFlowPanelsEmpty asks a store that holds nothing.
func testFlowPanelsEmpty(t *testing.T, s *store) {
	for _, p := range flowPanels() {
		d, err := p.load(t.Context(), s, ask())
		if err != nil {
			t.Errorf("%s: %v", p.slug, err)
		}
		same(t, p.slug, []int{d.N, d.Left()}, []int{0, 0})
	}
}

// testLives asks for lives by when they were created and closed.
func testLives(t *testing.T, s *store) {
	s.write(t,
		issue("1", "DEV-1", "open@2026-03-01", "inProgress@2026-03-02", "closed@2026-03-05"),
		issue("2", "DEV-2", "open@2026-03-03", "limbo@2026-03-04"),
		with(issue("3", "OPS-3", "open@2026-03-04", "review@2026-03-05", "rejected@2026-03-10"), resolved("duplicate")),
		issue("4", "DEV-4", "closed@2026-03-06", "open@2026-03-07", "closed@2026-03-08"),
	)
	const forever = delivery.Forever
	for _, c := range []struct {
		name string
		want delivery.LivesWanted
		keys string
	}{
		{"all", delivery.LivesWanted{CreatedBefore: forever, Open: true, ClosedFrom: -forever, ClosedTo: forever}, "1 2 3 4"},
		{"none", delivery.LivesWanted{}, ""},
		{"created before", delivery.LivesWanted{CreatedBefore: at("2026-03-04"), Open: true, ClosedFrom: -forever, ClosedTo: forever}, "1 2"},
		{"open", delivery.LivesWanted{CreatedBefore: forever, Open: true}, "2"},
		{"closed", delivery.LivesWanted{CreatedBefore: forever, ClosedFrom: -forever, ClosedTo: forever}, "1 3 4"},
		{"closed in", delivery.LivesWanted{CreatedBefore: forever, ClosedFrom: at("2026-03-05"), ClosedTo: at("2026-03-08")}, "1"},
		{"closed from", delivery.LivesWanted{CreatedBefore: forever, Open: true, ClosedFrom: at("2026-03-08"), ClosedTo: forever}, "2 3 4"},
	} {
		for _, stays := range []bool{false, true} {
			c.want.Stays = stays
			got := map[string]delivery.Life{}
			s.lives(t, ask(func(q *delivery.FlowQuery) { excluding(q, "duplicate") }), c.want, got)
			keys := ""
			for _, key := range []string{"1", "2", "3", "4"} {
				if l, ok := got[key]; ok {
					keys += " " + key
					same(t, c.name+": has stays", len(l.Stays) > 0, stays)
				}
			}
			same(t, fmt.Sprintf("%s, %t", c.name, stays), keys, map[bool]string{true: " " + c.keys}[c.keys != ""])
		}
	}
	all := map[string]delivery.Life{}
	s.lives(t, ask(func(q *delivery.FlowQuery) { excluding(q, "duplicate") }), delivery.AllLives(), all)
	same(t, "a life", all["3"], delivery.Life{
		Place: delivery.Place{Connection: tracker, Queue: "OPS"}, Type: "task", Resolution: "duplicate", LeftOut: true,
		Flow: delivery.Flow{CreatedAt: at("2026-03-04"), FirstActiveAt: at("2026-03-05"), ClosedAt: at("2026-03-10")},
		Stays: []delivery.Stay{
			{Status: "open", Class: delivery.Waiting, Start: at("2026-03-04"), End: at("2026-03-05")},
			{Status: "review", Class: delivery.Active, Start: at("2026-03-05"), End: at("2026-03-10")},
			{Status: "rejected", Class: delivery.Closed, Start: at("2026-03-10")},
		},
	})
	same(t, "reopened", []any{all["4"].ReopenCount, all["4"].LeftOut, len(all["4"].Stays)}, []any{1, false, 3})
	same(t, "open", all["2"].Flow, delivery.Flow{CreatedAt: at("2026-03-03")})
	of := map[string]delivery.Life{}
	s.lives(t, ask(func(q *delivery.FlowQuery) { q.Queues = []string{"OPS"} }), delivery.AllLives(), of)
	same(t, "of a queue", []any{len(of), of["3"].LeftOut}, []any{1, false})
}

// lives reads lives by the source's id, without numbers.
func (s *store) lives(t *testing.T, q delivery.FlowQuery, want delivery.LivesWanted, into map[string]delivery.Life) {
	t.Helper()
	err := s.Lives(t.Context(), q, func(lives delivery.Lives) error {
		var ids []int64
		byID := map[int64]delivery.Life{}
		err := lives.Each(t.Context(), want, func(l *delivery.Life) {
			copied := *l
			copied.ID, copied.Stays = 0, slices.Clone(l.Stays)
			byID[l.ID] = copied
			ids = append(ids, l.ID)
		})
		if err != nil {
			return err
		}
		marks, err := lives.Marks(t.Context(), ids)
		for id, l := range byID {
			m := marks[id]
			into[m.Key[len("DEV-"):]] = l
			same(t, "mark", m, delivery.Mark{Key: m.Key, Title: "Title of " + m.Key, TypeKey: "task", Type: "Task"})
		}
		return err
	})
	if err != nil {
		t.Fatalf("lives: %v", err)
	}
}
