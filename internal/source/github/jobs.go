package github

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

const (
	workers     = 4  // who ask for jobs
	maxJobPages = 50 // of a run
	maxTroubled = 3  // runs in turn whose jobs GitHub may fail to give
	// unfinishedFor is how long a run may go on: GitHub ends it after 35 days.
	unfinishedFor = delivery.Instant(40 * 24 * 3600 * 1000)
)

// outcome is what some runs came to.
type outcome struct {
	runs     []delivery.Run
	bad      []int64 // that could not be read
	problems []source.Problem
	etag     string // of the page; "" when it must be read again
}

// read reads a run without its jobs. name is what it is called when it has no id.
func (p *pull) read(r *repo, raw json.RawMessage, name string, o *outcome) (delivery.Run, bool) {
	began := time.Now()
	var wrong faults
	run := readRun(openObject(raw, "$", &wrong), r.repository)
	run.Connection = p.connection
	p.mapped(time.Since(began))
	if len(wrong) == 0 {
		return run, true
	}
	if run.ID != "0" {
		name = recordName(&run)
		o.bad = append(o.bad, numberOf(&run))
	} else {
		o.etag = "" // it can only be found in its page
	}
	for _, f := range wrong {
		o.problems = append(o.problems, f.problem(name))
	}
	return run, false
}

func recordName(run *delivery.Run) string { return run.Project + " run " + run.ID }

// numberOf is the id of a run that readRun made of a number.
func numberOf(run *delivery.Run) int64 {
	id, err := strconv.ParseInt(run.ID, 10, 64)
	if err != nil {
		return 0
	}
	return id
}

// resolve asks for the jobs of runs, of several at a time. After an error, the
// outcome holds those that are complete.
func (p *pull) resolve(ctx context.Context, r *repo, runs []delivery.Run, o *outcome) error {
	got := make([]resolved, len(runs))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	for i := range runs {
		group.Go(func() error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			got[i] = p.jobs(ctx, r, &runs[i])
			if err := got[i].err; err != nil && !isServerFault(err) && !ofOne(err) {
				return err
			}
			return nil
		})
	}
	err := group.Wait()
	for i := range got {
		if e := p.settle(&runs[i], &got[i], o); err == nil {
			err = e
		}
	}
	return err
}

// resolved is what GitHub said of a run's jobs.
type resolved struct {
	done  bool // that it was asked for them
	jobs  []delivery.Job
	wrong faults
	err   error
}

func isServerFault(err error) bool {
	return isStatus(err, http.StatusInternalServerError, http.StatusBadGateway, http.StatusGatewayTimeout)
}

// settle puts a run where it belongs. Its error is that of too many in turn.
func (p *pull) settle(run *delivery.Run, got *resolved, o *outcome) error {
	switch {
	case !got.done || isStatus(got.err, http.StatusNotFound): // it was deleted meanwhile
	case got.err != nil && !isServerFault(got.err) && !ofOne(got.err): // that ends the pull
	case got.err != nil:
		if isServerFault(got.err) {
			if p.troubled++; p.troubled > maxTroubled {
				return got.err
			}
		}
		o.bad = append(o.bad, numberOf(run))
		o.problems = append(o.problems, problemOf(recordName(run), got.err))
	case len(got.wrong) > 0:
		o.bad = append(o.bad, numberOf(run))
		for _, f := range got.wrong {
			o.problems = append(o.problems, f.problem(recordName(run)))
		}
	default:
		p.troubled = 0
		run.Jobs = got.jobs
		delivery.SortJobs(run.Jobs) // as a hook leaves them
		run.Clock()
		o.runs = append(o.runs, *run)
	}
	return nil
}

// jobs asks for the jobs of a run's last attempt.
func (p *pull) jobs(ctx context.Context, r *repo, run *delivery.Run) resolved {
	out := resolved{done: true}
	for page := 1; page <= maxJobPages; page++ {
		a, err := p.client.do(ctx, request{
			path: "/repos/" + r.name + "/actions/runs/" + run.ID + "/jobs", limit: maxListBody,
			query: url.Values{"filter": {"latest"}, "per_page": {strconv.Itoa(perPage)}, "page": {strconv.Itoa(page)}},
		})
		if err != nil {
			out.err = err
			return out
		}
		var list struct {
			Total int               `json:"total_count"`
			Jobs  []json.RawMessage `json:"jobs"`
		}
		if json.Unmarshal(a.body, &list) != nil || list.Jobs == nil {
			out.err = &answerError{path: a.path, id: "shape", what: "does not hold what was asked for"}
			return out
		}
		for i, raw := range list.Jobs {
			at := fmt.Sprintf("$.jobs[%d]", (page-1)*perPage+i)
			job := p.readJob(openObject(raw, at, &out.wrong))
			// A job that ends while pages are read is on two of them.
			if !slices.ContainsFunc(out.jobs, func(j delivery.Job) bool { return j.ID == job.ID }) {
				out.jobs = append(out.jobs, job)
			}
		}
		if page*perPage >= list.Total || len(list.Jobs) == 0 {
			break
		}
	}
	return out
}

// store yields an outcome, whose unfinished and bad runs are asked for again.
func (p *pull) store(r *repo, o *outcome) error {
	oldest := delivery.InstantOf(p.began) - unfinishedFor
	for i := range o.runs {
		run := &o.runs[i]
		if id := numberOf(run); run.Status.Finished() || run.CreatedAt < oldest {
			r.solved(id)
		} else {
			p.cursor.failed(r.state, id)
		}
	}
	for _, id := range o.bad {
		p.cursor.failed(r.state, id)
	}
	return p.emit(p.batchOf(o.runs), o.problems)
}

// partly yields what came before an error; the cursor stays.
func (p *pull) partly(o *outcome, err error) error {
	if len(o.runs) > 0 {
		if err := p.emit(p.batchOf(o.runs), nil); err != nil {
			return err
		}
	}
	return err
}

// batchOf are runs, and what rules make of them.
func (p *pull) batchOf(runs []delivery.Run) delivery.Batch {
	b := delivery.Batch{Runs: runs}
	for i := range runs {
		for _, d := range p.runDeployments(&runs[i]) {
			d.Connection = p.connection
			b.Deployments = append(b.Deployments, d)
		}
	}
	return b
}
