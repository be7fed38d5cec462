package dropin

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// What the predecessor called its tables.
const (
	DefaultIssues    = "issues"
	DefaultMetrics   = "issue_metrics"
	DefaultChangelog = "issues_changelog"

	viewSuffix = "_view"
	maxName    = 150 // characters: files are called after tables
	maxCustom  = 200
)

// Options say where the tables are and what they hold.
type Options struct {
	Database string
	// Names of the tables, the predecessor's when empty.
	Issues, Metrics, Changelog string
	// CurrentStatus counts the time in the current status of open issues.
	CurrentStatus bool
	// Custom are the fields of Issue.Custom that become columns of the issues,
	// named after their keys in snake_case.
	Custom []string
	// Cluster is where what is missing is made, on every host; none when empty.
	// The tables are replicated then.
	Cluster string
	// Now is the clock, time.Now when nil.
	Now func() time.Time

	// Inserted and Deduplicated are told of what was done to a table and how long
	// it took, one at a time but in no order of tables; they may be nil and must not
	// block.
	Inserted     func(table string, rows int, took time.Duration)
	Deduplicated func(table string, took time.Duration)
}

// withDefaults fills in what is empty.
func (o Options) withDefaults() Options {
	for name, or := range map[*string]string{&o.Issues: DefaultIssues, &o.Metrics: DefaultMetrics, &o.Changelog: DefaultChangelog} {
		if *name == "" {
			*name = or
		}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Inserted == nil {
		o.Inserted = func(string, int, time.Duration) {}
	}
	if o.Deduplicated == nil {
		o.Deduplicated = func(string, time.Duration) {}
	}
	return o
}

// Validate reports all that is wrong with the options, joined.
func (o Options) Validate() error {
	o = o.withDefaults()
	errs := []error{checkName("database", o.Database)}
	used := map[string]string{}
	for _, t := range []struct{ what, name string }{
		{"table of issues", o.Issues}, {"table of metrics", o.Metrics}, {"table of the changelog", o.Changelog},
	} {
		errs = append(errs, checkName(t.what, t.name))
		for _, name := range []string{t.name, t.name + viewSuffix} {
			if other := used[name]; other != "" {
				errs = append(errs, fmt.Errorf("%s: %s is the %s, too", t.what, name, other))
			}
			used[name] = t.what
		}
	}
	if o.Cluster != "" {
		errs = append(errs, checkName("cluster", o.Cluster))
	}
	if len(o.Custom) > maxCustom {
		errs = append(errs, fmt.Errorf("%d custom fields, and at most %d can be columns", len(o.Custom), maxCustom))
	} else if _, err := customColumns(o.Custom); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func checkName(what, name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%s: has no name", what)
	case utf8.RuneCountInString(name) > maxName:
		return fmt.Errorf("%s: the name is longer than %d characters", what, maxName)
	case strings.ContainsFunc(name, unicode.IsControl), !utf8.ValidString(name):
		return fmt.Errorf("%s: the name holds characters that no name has", what)
	}
	return nil
}
