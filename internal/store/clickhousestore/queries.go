package clickhousestore

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/ClickHouse/clickhouse-go/v2"

	"throughline/internal/delivery"
)

// asked is what the statements on flow are made from: which rows, and how time
// is measured. What users write is bound by name; the rest stands in the text.
type asked struct {
	Generation                          uint32
	Connections, Queues, Types, NoQueue bool
	Clock                               clock
	Calendars                           string // aliases of the clock's arrays, each with a comma behind it
	Exclusions                          bool
	Status                              bool

	args []any
}

func (s *Store) ask(ctx context.Context, st *state, q *delivery.FlowQuery) (*asked, error) {
	a := filtered(st, &q.Filter)
	a.bind("from", int64(q.From))
	a.bind("to", int64(q.To))
	a.bind("known", int64(q.KnownTo(q.Now)))
	a.bind("now", int64(q.Now))
	workflows := q.Workflows
	if workflows != nil && len(st.generations) > 1 {
		// While another workflow is being worked in, numbers must not be by both.
		workflows = &st.current().meaning.Workflows
	}
	a.excluding(workflows)
	if q.Clock != delivery.Business {
		return a, nil
	}
	oldest, err := s.oldest(ctx, st)
	if err != nil {
		return nil, err
	}
	a.Clock, a.Calendars = newClock(q, oldest, max(q.To, q.Now))
	for i, queues := range a.Clock.queues {
		a.bind("measured_"+strconv.Itoa(i), queues)
	}
	return a, nil
}

// filtered are the rows of a filter, but for its range.
func filtered(st *state, f *delivery.Filter) *asked {
	a := &asked{Generation: st.current().id}
	queues, all := f.QueueKeys()
	a.Connections, a.Types = len(f.Connections) > 0, len(f.Types) > 0
	a.Queues, a.NoQueue = len(queues) > 0, !all && len(queues) == 0
	a.bind("connections", f.Connections)
	a.bind("queues", queues)
	a.bind("types", f.Types)
	return a
}

func (a *asked) bind(name string, value any) { a.args = append(a.args, clickhouse.Named(name, value)) }

// excluding leaves resolutions out, by the version in force when an issue closed.
func (a *asked) excluding(w *delivery.Workflows) {
	if w == nil {
		return
	}
	boundaries := []int64{}
	resolutions := [][]string{}
	for i := range w.Versions {
		if i > 0 {
			boundaries = append(boundaries, int64(w.Versions[i].From))
		}
		excluded := w.Versions[i].Workflow.ExcludedResolutions
		a.Exclusions = a.Exclusions || len(excluded) > 0
		resolutions = append(resolutions, append([]string{}, excluded...))
	}
	a.bind("boundaries", boundaries)
	a.bind("exclusions", resolutions)
}

// oldest is an instant before which nothing is measured.
func (s *Store) oldest(ctx context.Context, st *state) (delivery.Instant, error) {
	if at := st.oldest.Load(); at != nil {
		return *at, nil
	}
	var at int64
	err := s.conn.QueryRow(ctx, s.sql("oldest", nil), clickhouse.Named("generation", st.current().id)).Scan(&at)
	if err != nil {
		return 0, fmt.Errorf("oldest issue: %w", err)
	}
	instant := delivery.Instant(at)
	st.oldest.Store(&instant)
	return instant, nil
}

// stopped is more than any instant or working time.
const stopped = 1 << 60

// clock measures time in SQL.
type clock struct {
	business bool
	// queues whose issues are measured by the calendars from the second on.
	queues [][]string
}

// newClock is the clock of a query between two instants, and the arrays it reads
// from. Of each calendar they are the instants at which working time begins or
// stops to pass, and what each of them says of the instants up to the next one:
// what to take from them while time passes, or else the working time before them
// less stopped, which tells the two apart.
func newClock(q *delivery.FlowQuery, from, to delivery.Instant) (clock, string) {
	c := clock{business: true}
	calendars := []*delivery.Calendar{q.Calendar}
	c.queues = [][]string{nil}
	if q.ByQueue() {
		for queue, calendar := range q.Calendars {
			i := slices.Index(calendars, calendar)
			if i < 0 {
				i = len(calendars)
				calendars, c.queues = append(calendars, calendar), append(c.queues, nil)
			}
			if i > 0 {
				c.queues[i] = append(c.queues[i], queue)
			}
		}
	}
	var text strings.Builder
	for i, calendar := range calendars {
		shifts := calendar.Shifts(from, to)
		turns := make([]int64, 0, 2*len(shifts)+1)
		says := make([]int64, 0, 2*len(shifts)+1)
		first := delivery.WorkShift{Start: from}
		if len(shifts) > 0 {
			first = shifts[0]
		}
		turns, says = append(turns, int64(first.Start)-1), append(says, first.Before-stopped)
		for k, s := range shifts {
			turns, says = append(turns, int64(s.Start)), append(says, int64(s.Start)-s.Before)
			if k+1 == len(shifts) || s.End < shifts[k+1].Start {
				turns, says = append(turns, int64(s.End)), append(says, s.Before+int64(s.End-s.Start)-stopped)
			}
		}
		// As scalar queries: a literal would be in the plan wherever it is named.
		fmt.Fprintf(&text, "(SELECT %s) AS turns_%d, (SELECT %s) AS says_%d,\n", integers(turns), i, integers(says), i)
	}
	return c, text.String()
}

// integers is an array of Int64.
func integers(values []int64) string {
	b := []byte("CAST([")
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, v, 10)
	}
	return string(append(b, "], 'Array(Int64)')"...))
}

// says is what a calendar's arrays say of an instant.
func (c *clock) says(calendar int, instant string) string {
	return fmt.Sprintf("transform(roundDown(%[2]s, turns_%[1]d), turns_%[1]d, says_%[1]d, toInt64(0))", calendar, instant)
}

// worked is the working time before an instant of which a calendar says this.
func worked(instant, says string) string {
	return fmt.Sprintf("if(%[1]s < -%[3]d, %[1]s + %[4]d, %[2]s - %[1]s)", says, instant, stopped/2, stopped)
}

// at is the time before an instant by a clock, from which other times may be
// taken.
func (c *clock) at(instant string) string {
	return c.measured(instant, func(calendar int) string { return worked(instant, c.says(calendar, instant)) })
}

// marks is an array of what at is of each of an array. Looking up what is said of
// them all first is faster than doing it within one expression.
func (c *clock) marks(instants string) string {
	return c.measured(instants, func(calendar int) string {
		return fmt.Sprintf("arrayMap((x, say) -> %s, %s, arrayMap(x -> %s, %s))",
			worked("x", "say"), instants, c.says(calendar, "x"), instants)
	})
}

// measured is an expression by the calendar of a row's queue.
func (c *clock) measured(elapsed string, by func(calendar int) string) string {
	if !c.business {
		return elapsed
	}
	var branches strings.Builder
	for i := 1; i < len(c.queues); i++ {
		fmt.Fprintf(&branches, "queue IN @measured_%d, %s, ", i, by(i))
	}
	if branches.Len() == 0 {
		return by(0)
	}
	return "multiIf(" + branches.String() + by(0) + ")"
}

// queryFuncs are what the statements call.
func queryFuncs() template.FuncMap {
	return template.FuncMap{
		// marks are the times before each of an array of instants by a clock, and
		// between is that from one instant to another, in milliseconds.
		"marks": func(c clock, instants string) string { return c.marks(instants) },
		"between": func(c clock, a, b string) string {
			return fmt.Sprintf("greatest(0, %s - %s)", c.at(b), c.at(a))
		},
		"quantiles": func(sorted, at string) quantiles { return quantiles{sorted, at} },
	}
}

// quantiles is what quantiles.sql is made from: an expression that is a sorted
// array, and of what parts of it.
type quantiles struct{ Sorted, At string }
