package importer

import (
	"cmp"
	"path/filepath"
	"slices"
	"time"

	"throughline/internal/control"
	"throughline/internal/source"
)

// Parts of an import that can be left out.
const (
	PartCalendar = "calendar"
	PartWorkflow = "workflow"
	PartStore    = "store"
	PartPosition = "position"
)

// Parts are those that can be left out.
func Parts() []string { return []string{PartCalendar, PartWorkflow, PartStore, PartPosition} }

// Options say what to import and how.
type Options struct {
	File string // its name, for people; paths in it are relative to its folder
	Data []byte // what it holds

	Name     string // of the connection
	Database string // of our own facts in ClickHouse
	State    string // a file with the state, instead of the one that File names
	Since    string // a position, instead of the state
	Skip     []string
	DataDir  string

	Lookup      func(name string) (string, bool) // the environment
	ReadFile    func(path string) ([]byte, error)
	Kind        source.Kind // of Tracker
	Sentry      source.Kind // in whose place Kind is put when the file is sentry-prometheus-exporter's
	CursorSince func(time.Time) source.Cursor
	Now         time.Time
}

// Plan is what is to be stored, with a report on where it comes from. It holds
// secrets, but the report does not.
type Plan struct {
	Imported control.Imported
	Files    []File
	Report   Report
}

// File is a secret that the server reads from a file of the data directory.
type File struct{ Name, Text string }

// planner makes a plan.
type planner struct {
	*variables
	o    Options
	plan *Plan
	zone *time.Location // nil when it is wrong
}

// New reads the settings of tracker-exporter or of sentry-prometheus-exporter. The
// error is an *Error with all that is wrong.
func New(o Options) (*Plan, error) {
	entries, problems := ParseDotenv(o.Data, o.Lookup)
	p := &planner{variables: collect(entries), o: o, plan: &Plan{}}
	sentry := isSentry(entries)
	if p.o.Name == "" {
		p.o.Name = p.o.Kind.Name
	}
	if sentry {
		p.variables = collectSentry(entries)
	}
	tracker := len(collect(entries).set) > 0
	p.problems = problems
	var steps []func()
	switch {
	case sentry && tracker:
		p.problems = append(p.problems, Problem{0, "it sets variables of tracker-exporter and of sentry-prometheus-exporter: put each into a file of its own"})
	case sentry:
		p.o.Kind, p.o.Name = o.Sentry, cmp.Or(o.Name, o.Sentry.Name)
		steps = []func(){p.onlyTracker, p.sentryConnection, p.trySentry, p.sentryWeb, p.logLevel, p.sentryRest}
	case tracker:
		steps = []func(){p.connection, p.timezone, p.calendar, p.workflow, p.store, p.tryTracker, p.position, p.monitoring, p.rest}
	case len(problems) == 0:
		p.problems = append(p.problems, Problem{0, "it sets no variable of tracker-exporter, whose names begin with " + prefix + ", nor of sentry-prometheus-exporter, as SENTRY_AUTH_TOKEN"})
	}
	for _, step := range steps {
		step()
	}
	if len(p.problems) > 0 {
		slices.SortStableFunc(p.problems, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
		return nil, &Error{o.File, slices.Compact(p.problems)}
	}
	slices.SortStableFunc(p.report.NotNeeded, func(a, b Line) int { return cmp.Compare(a.Line, b.Line) })
	p.plan.Report = p.report
	return p.plan, nil
}

func (p *planner) skips(part string) bool { return slices.Contains(p.o.Skip, part) }

// wrong reports a flag, or the file as a whole.
func (p *planner) wrong(message string) { p.problems = append(p.problems, Problem{0, message}) }

// beside is a path that the file names, from its folder on.
func (p *planner) beside(path string) string {
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(p.o.File), path)
	}
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

func (p *planner) keep(name, text string) string {
	p.plan.Files = append(p.plan.Files, File{name, text})
	path := filepath.Join(p.o.DataDir, name)
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// timezone is TRACKER__TIMEZONE.
func (p *planner) timezone() {
	name := p.word("TRACKER__TIMEZONE", "Europe/Moscow")
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		p.fail("TRACKER__TIMEZONE", "not a time zone like Europe/Moscow")
		return
	}
	p.zone = zone
}
