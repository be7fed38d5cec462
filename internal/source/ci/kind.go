package ci

import (
	"context"
	"iter"
	"net/http"
	"slices"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

var (
	fieldDefaultBranches = source.Field{Name: "default_branches", Type: source.List, Default: "master, main"}
	fieldE2E             = source.Field{Name: "e2e_jobs", Type: source.List}
)

// Kind describes what receives the runs that programs push.
func Kind() source.Kind {
	return source.Kind{
		Name: "ci", Title: "CI", Fields: []source.Field{fieldDefaultBranches, fieldE2E}, Pushed: true,
		New: newPushed, Settle: settle,
	}
}

// pushed is a connection that nothing is pulled from.
type pushed struct{}

func newPushed(cfg source.Config, _ *http.Client) (source.Source, error) {
	if _, err := e2eJobs(cfg.Settings); err != nil {
		return nil, err
	}
	return pushed{}, nil
}

// Pull yields nothing: whoever has runs sends them.
func (pushed) Pull(context.Context, source.Cursor) iter.Seq2[source.Page, error] {
	return func(func(source.Page, error) bool) {}
}

// Check has nothing to reach.
func (pushed) Check(context.Context) (source.Report, error) { return source.Report{}, nil }

func e2eJobs(s source.Settings) (delivery.Patterns, error) {
	list, err := s.List(fieldE2E)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	patterns := delivery.Patterns(list)
	if err := patterns.Validate(); err != nil {
		return nil, &source.SettingError{Field: fieldE2E.Name, Message: err.Error(), Phrase: source.Phrase{ID: "setting.patterns"}}
	}
	return patterns, nil
}

// settle tells the time of e2e jobs apart, where a run says when its jobs ran and
// not how long its e2e jobs took.
func settle(s source.Settings, b *delivery.Batch) error {
	patterns, err := e2eJobs(s)
	if err != nil || len(patterns) == 0 {
		return err
	}
	for i := range b.Runs {
		markE2E(&b.Runs[i], patterns)
	}
	return nil
}

// markE2E leaves alone what says of itself which jobs are e2e, or how long they took.
func markE2E(r *delivery.Run, patterns delivery.Patterns) {
	own := func(j delivery.Job) bool { return j.E2E }
	if r.DurationE2E != delivery.NotSaid || slices.ContainsFunc(r.Jobs, own) {
		return
	}
	ended := true
	for i := range r.Jobs {
		j := &r.Jobs[i]
		if j.E2E = patterns.Match(j.Name); j.E2E {
			ended = ended && j.Status.Finished()
		}
	}
	if ended {
		r.DurationE2E = spanE2E(r.Jobs)
	}
}
