package delivery

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Clock is the clock durations are read from.
type Clock string

const (
	Elapsed  Clock = "elapsed"
	Business Clock = "business"
)

// Subject is what a filter is of: not every name narrows everything.
type Subject string

const (
	OfIssues Subject = "issues"
	OfRuns   Subject = "runs"
	OfDora   Subject = "deployments"
	OfErrors Subject = "errors"
	OfSeries Subject = "series"
	// OfQuality is all data at once: it is narrowed by what they have in common.
	OfQuality Subject = "quality"
)

// AnyBranch, as a value of Branches, is every branch.
const AnyBranch = "*"

// Filter narrows what a panel or list counts. Its names are the same in pages,
// panels, lists and embeds.
type Filter struct {
	Connections []string
	Teams       []string // names, as asked for; Narrow says what they come to
	// Scope are the only queues, or projects of runs or of errors, that count because
	// of the teams (of errors also the services) asked for: nil for every one, empty
	// for none. Teams without a scope count none.
	Scope []string

	Queues []string // of issues
	Types  []string // keys of issue types
	Items  int      // issues to be forecast; 0: those that are open
	// Definition is the day whose definitions count, of issues: versions of the workflow
	// and of calendars that begin later are left out of account. Zero: none are.
	Definition Date

	Projects  []string // of runs, by project= and by repository=; of errors: slugs
	Workflows []string // of runs
	Branches  []string // of runs; none: the default branch of each project
	Restarts  *bool    // of runs: only with, or only without; nil for both

	Services     []string  // of deployments, by service= and by repository=; of errors
	Environments []string  // of deployments; none: production; of errors; none: all
	Suspected    bool      // of deployments: suspected failures count like confirmed ones
	Start        LeadStart // of change lead time
	Benchmark    Benchmark // that levels are named by

	Queries []string // of series, in their order; the rest but the range is of what is marked

	From, To Instant // [From, To)
	Unit     Unit    // never "auto": resolved when parsed
	Clock    Clock
}

// Narrow sets the scope: of the queues known, those that any of the teams asked
// for maps. The error is a *FilterError for each team that there is not, joined.
func (f *Filter) Narrow(teams Teams, queues []string) error {
	return f.narrow(teams, queues, func(t *Team, queue string) bool { return t.Queues.Match(queue) })
}

// NarrowRuns is Narrow for the projects of runs, which teams map as CI projects or
// as repositories.
func (f *Filter) NarrowRuns(teams Teams, projects []string) error {
	return f.narrow(teams, projects, (*Team).RunsCI)
}

func (f *Filter) narrow(teams Teams, known []string, maps func(t *Team, key string) bool) error {
	f.Scope = nil
	if len(f.Teams) == 0 {
		return nil
	}
	f.Scope = []string{}
	var errs []error
	for _, name := range f.Teams {
		team, ok := teams.Named(name)
		if !ok {
			errs = append(errs, &FilterError{Param: "team", Code: "team", Message: "no such team: " + quote(name)})
			continue
		}
		for _, key := range known {
			if maps(&team, key) {
				f.Scope = append(f.Scope, key)
			}
		}
	}
	slices.Sort(f.Scope)
	f.Scope = slices.Compact(f.Scope)
	return errors.Join(errs...)
}

// QueueKeys are the only queues that count, those asked for by themselves and
// by their teams; all says that every queue does.
func (f *Filter) QueueKeys() (keys []string, all bool) { return f.within(f.Queues) }

// ProjectKeys are the only projects whose runs count, like QueueKeys.
func (f *Filter) ProjectKeys() (keys []string, all bool) { return f.within(f.Projects) }

// within is what is left of the keys asked for in the scope.
func (f *Filter) within(asked []string) (keys []string, all bool) {
	switch {
	case f.Scope == nil && len(f.Teams) > 0:
		return nil, false // not narrowed: nobody sees more than was asked for
	case f.Scope == nil:
		return asked, len(asked) == 0
	case len(asked) == 0:
		return f.Scope, false
	}
	for _, key := range asked {
		if slices.Contains(f.Scope, key) {
			keys = append(keys, key)
		}
	}
	return keys, false
}

// FilterError names the parameter of a query that cannot be used.
type FilterError struct {
	Param   string
	Code    string // of the message in the catalogue, "" for parameters of programs
	Message string
	Query   *QueryNote // of q, where it is one of the queries
}

func (e *FilterError) Error() string { return e.Param + ": " + e.Message }

// filterParams are the parameters ParseFilter knows, by what they narrow.
var filterParams = map[Subject][]string{
	OfIssues: {"connection", "team", "from", "to", "range", "bucket", "clock", "queue", "type", "items", "definition"},
	OfRuns:   {"connection", "team", "from", "to", "range", "bucket", "clock", "project", "repository", "workflow", "branch", "restarts"},
	OfErrors: {"connection", "team", "from", "to", "range", "bucket", "clock", "project", "service", "environment"},
	OfSeries: {"connection", "team", "from", "to", "range", "bucket", "clock", "service", "environment", "q"},
	OfDora:   {"connection", "team", "from", "to", "range", "bucket", "clock", "service", "repository", "environment", "links", "start", "benchmark"},

	OfQuality: {"connection", "team", "from", "to", "range"},
}

// maxFilterValues bounds a repeated parameter, maxRangeDays the range.
const (
	maxFilterValues = 200
	maxItems        = 10_000
	maxFilterBytes  = 400 // of a value
	maxRangeDays    = 36600
	defaultRange    = "90d"
)

// ParseFilter reads a query about a subject. Days are cut in zone; extra names
// parameters that the caller reads itself. Teams are only named: Narrow, by whoever
// knows them. All that is wrong is reported together, each as a *FilterError,
// joined.
func ParseFilter(q url.Values, of Subject, zone *time.Location, now Instant, extra ...string) (Filter, error) {
	p := filterParser{q: q}
	for name := range q {
		if !slices.Contains(filterParams[of], name) && !slices.Contains(extra, name) {
			p.unknown(name, of)
		}
	}
	f := Filter{Connections: p.list("connection"), Teams: p.list("team"), Clock: Elapsed}
	f.From, f.To = p.span(zone, now)
	switch of {
	case OfIssues:
		f.Queues, f.Types, f.Clock, f.Items, f.Definition = p.list("queue"), p.list("type"), p.clock(), p.items(), p.definition()
	case OfRuns:
		f.Projects = p.list("project", "repository")
		f.Workflows, f.Branches, f.Restarts = p.list("workflow"), p.list("branch"), p.yesOrNo("restarts")
		if p.clock() == Business {
			p.fail("clock", "clock_runs", "CI runs are measured round the clock: elapsed")
		}
	case OfErrors:
		f.Projects, f.Services, f.Environments = p.list("project"), p.list("service"), p.list("environment")
		if p.clock() == Business {
			p.fail("clock", "clock_errors", "errors are measured round the clock: elapsed")
		}
	case OfSeries:
		f.Services, f.Environments, f.Queries = p.list("service"), p.list("environment"), p.queries()
		if p.clock() == Business {
			p.fail("clock", "clock_series", "series are measured round the clock: elapsed")
		}
	}
	if of == OfDora {
		p.dora(&f)
	}
	switch unit := p.one("bucket"); Unit(unit) {
	case "", "auto":
		f.Unit = AutoUnit(f.From, f.To)
	case Day, Week, Month:
		f.Unit = Unit(unit)
	default:
		p.fail("bucket", "bucket", "not day, week, month or auto: "+quote(unit))
	}
	// The map above was read in no order.
	slices.SortFunc(p.errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return f, errors.Join(p.errs...)
}

// AskedTeams are the teams that a query names, as ParseFilter reads them; it
// says what is wrong with them.
func AskedTeams(q url.Values) []string {
	p := filterParser{q: q}
	return p.list("team")
}

type filterParser struct {
	q    url.Values
	errs []error
}

func (p *filterParser) fail(param, code, message string) {
	p.errs = append(p.errs, &FilterError{Param: param, Code: code, Message: message})
}

func quote(s string) string { return strconv.Quote(s[:min(len(s), 40)]) }

// unknown refuses a parameter, and says when it is one of something else.
func (p *filterParser) unknown(name string, of Subject) {
	for other, names := range filterParams {
		if slices.Contains(names, name) {
			p.fail(name, "elsewhere", fmt.Sprintf("narrows %s, not %s", other, of))
			return
		}
	}
	p.fail(name, "unknown", "no such filter")
}

func (p *filterParser) clock() Clock {
	switch clock := p.one("clock"); Clock(clock) {
	case "", Elapsed:
	case Business:
		return Business
	default:
		p.fail("clock", "clock", "not elapsed or business: "+quote(clock))
	}
	return Elapsed
}

// definition is the day whose definitions count.
func (p *filterParser) definition() Date {
	text := p.one("definition")
	if text == "" {
		return Date{}
	}
	day, err := ParseDate(text)
	if err != nil || day.Year < 1970 {
		p.fail("definition", "definition", "not a day like 2026-01-31: "+quote(text))
		return Date{}
	}
	return day
}

// items is how many issues are to be forecast.
func (p *filterParser) items() int {
	text := p.one("items")
	if text == "" {
		return 0
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n < 1 || n > maxItems {
		p.fail("items", "items", fmt.Sprintf("not a number from 1 to %d: %s", maxItems, quote(text)))
		return 0
	}
	return int(n)
}

// dora reads what only deployments are narrowed by.
func (p *filterParser) dora(f *Filter) {
	f.Services, f.Environments, f.Clock = p.list("service", "repository"), p.list("environment"), p.clock()
	switch links := p.one("links"); links {
	case "", "confirmed":
	case "suspected":
		f.Suspected = true
	default:
		p.fail("links", "links", "not confirmed or suspected: "+quote(links))
	}
	switch start := LeadStart(p.one("start")); start {
	case "":
		f.Start = FromAuthored
	case FromAuthored, FromMerged, FromCommit:
		f.Start = start
	default:
		p.fail("start", "start", "not authored, merged or commit: "+quote(string(start)))
	}
	switch set := Benchmark(p.one("benchmark")); set {
	case "", "none":
	case Benchmark2021, Benchmark2023, Benchmark2024:
		f.Benchmark = set
	default:
		p.fail("benchmark", "benchmark", "not 2021, 2023, 2024 or none: "+quote(string(set)))
	}
}

func (p *filterParser) yesOrNo(name string) *bool {
	text := p.one(name)
	if text == "" {
		return nil
	}
	v, err := strconv.ParseBool(text)
	if err != nil || text != strconv.FormatBool(v) {
		p.fail(name, "bool", "not true or false: "+quote(text))
		return nil
	}
	return &v
}

// list are the values of a parameter, which has other names too.
func (p *filterParser) list(name string, also ...string) []string {
	var out []string
	values := p.q[name]
	for _, other := range also {
		values = slices.Concat(values, p.q[other])
	}
	for _, v := range values {
		if len(v) > maxFilterBytes || !utf8.ValidString(v) || strings.ContainsFunc(v, unicode.IsControl) {
			p.fail(name, "value", "not a name that anything can have")
			return nil
		}
		if v != "" && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	if len(out) > maxFilterValues {
		p.fail(name, "many", fmt.Sprintf("more than %d values", maxFilterValues))
		return nil
	}
	slices.Sort(out)
	return out
}

func (p *filterParser) one(name string) string {
	if len(p.q[name]) > 1 {
		p.fail(name, "repeated", "given more than once")
	}
	return p.q.Get(name)
}

func (p *filterParser) span(zone *time.Location, now Instant) (from, to Instant) {
	span, first, last := p.one("range"), p.one("from"), p.one("to")
	today := DateOf(now.Time().In(zone))
	if span != "" && (first != "" || last != "") {
		p.fail("range", "both", "give either range or from and to")
		return 0, 0
	}
	to = today.AddDays(1).In(zone)
	end := today
	if last != "" {
		day, at, err := dayOrInstant(last, zone)
		if err != nil {
			p.fail("to", "day", err.Error())
			if _, _, err := dayOrInstant(first, zone); first != "" && err != nil {
				p.fail("from", "day", err.Error())
			}
			return 0, 0
		}
		end, to = day, at
		if at == day.In(zone) && len(last) == len(time.DateOnly) {
			to = day.AddDays(1).In(zone) // a day is included
		}
	}
	if first != "" {
		_, at, err := dayOrInstant(first, zone)
		switch {
		case err != nil:
			p.fail("from", "day", err.Error())
		case at >= to:
			p.fail("from", "order", "not before the end of the range")
		case to-at > maxRangeDays*msPerDay:
			p.fail("from", "long", "more than 100 years before the end of the range")
		}
		return at, to
	}
	if span == "" {
		span = defaultRange
	}
	start, err := rangeStart(end, span)
	if err != nil {
		p.fail("range", "range", err.Error())
	}
	return start.In(zone), to
}

func dayOrInstant(s string, zone *time.Location) (Date, Instant, error) {
	if d, err := ParseDate(s); err == nil && d.Year >= 1970 {
		return d, d.In(zone), nil
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || t.Year() < 1970 || t.Year() > 9999 {
		return Date{}, 0, fmt.Errorf("not a day like 2026-01-31 or an RFC 3339 time since 1970: %s", quote(s))
	}
	return DateOf(t.In(zone)), InstantOf(t), nil
}

// rangeStart is the first day of a range such as 90d, 13w or 6m whose last day
// is end.
func rangeStart(end Date, s string) (Date, error) {
	bad := fmt.Errorf("not a number of days, weeks or months like 90d, 13w or 6m: %s", quote(s))
	if s == "" {
		return end, bad
	}
	n, err := strconv.ParseUint(s[:len(s)-1], 10, 16)
	if err != nil || n == 0 {
		return end, bad
	}
	switch s[len(s)-1] {
	case 'd':
	case 'w':
		n *= 7
	case 'm':
		if n > maxRangeDays/31 {
			return end, errors.New("longer than 100 years")
		}
		first := Date{end.Year, end.Month, 1}
		back := DateOf(time.Date(first.Year, first.Month-time.Month(n), 1, 0, 0, 0, 0, time.UTC))
		days := time.Date(back.Year, back.Month+1, 0, 0, 0, 0, 0, time.UTC).Day()
		back.Day = min(end.Day, days)
		return back.AddDays(1), nil
	default:
		return end, bad
	}
	if n > maxRangeDays {
		return end, errors.New("longer than 100 years")
	}
	return end.AddDays(1 - int(n)), nil
}
