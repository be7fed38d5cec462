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
	var at int64
	err := s.conn.QueryRow(ctx, s.sql("oldest", nil), clickhouse.Named("generation", st.current().id)).Scan(&at)
	if err != nil {
		return 0, fmt.Errorf("oldest issue: %w", err)
	}
	return delivery.Instant(at), nil
}

// clock measures time in SQL.
type clock struct {
	business bool
	// queues whose issues are measured by the calendars from the second on.
	queues [][]string
	// empty tells of each calendar whether it has no shifts.
	empty []bool
}

// newClock is the clock of a query between two instants, and the arrays it reads
// from: of each calendar when its shifts begin and end, and the working time
// before them.
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
		c.empty = append(c.empty, len(shifts) == 0)
		if len(shifts) == 0 {
			continue
		}
		begins, ends, before := make([]int64, len(shifts)), make([]int64, len(shifts)), make([]int64, len(shifts))
		for k, s := range shifts {
			begins[k], ends[k], before[k] = int64(s.Start), int64(s.End), s.Before
		}
		fmt.Fprintf(&text, "%s AS begins_%d, %s AS ends_%d, %s AS before_%d,\n", integers(begins), i, integers(ends), i, integers(before), i)
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

// until is the working time before an instant, by a calendar.
func (c *clock) until(calendar int, instant string) string {
	return fmt.Sprintf("(transform(roundDown(%[2]s, begins_%[1]d), begins_%[1]d, before_%[1]d, toInt64(0))"+
		" + greatest(0, least(%[2]s, transform(roundDown(%[2]s, begins_%[1]d), begins_%[1]d, ends_%[1]d, toInt64(0))) - roundDown(%[2]s, begins_%[1]d)))",
		calendar, instant)
}

func (c *clock) between(calendar int, a, b string) string {
	if c.empty[calendar] {
		return "0"
	}
	return fmt.Sprintf("greatest(0, %s - %s)", c.until(calendar, b), c.until(calendar, a))
}

// queryFuncs are what the statements call.
func queryFuncs() template.FuncMap {
	return template.FuncMap{
		// between is the time from one column to another by a clock, in milliseconds.
		"between": func(c clock, a, b string) string {
			if !c.business {
				return fmt.Sprintf("greatest(0, %s - %s)", b, a)
			}
			var branches strings.Builder
			for i := 1; i < len(c.queues); i++ {
				fmt.Fprintf(&branches, "queue IN @measured_%d, %s, ", i, c.between(i, a, b))
			}
			if branches.Len() == 0 {
				return c.between(0, a, b)
			}
			return "multiIf(" + branches.String() + c.between(0, a, b) + ")"
		},
	}
}
