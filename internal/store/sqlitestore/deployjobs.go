package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"

	"throughline/internal/delivery"
	"throughline/internal/sqlite"
)

// DeployJobs counts the jobs, and the runs, that rules take for deployments.
func (s *Store) DeployJobs(ctx context.Context, q delivery.RunQuery, rules delivery.DeployRules) (delivery.RunCounts, error) {
	out := delivery.NewRunCounts(&q)
	q, some := rules.Narrowed(q)
	if !some {
		return out, ctx.Err()
	}
	err := s.read(ctx, func(tx *sql.Tx) error {
		taken, err := newTakenNames(ctx, tx, rules)
		if err != nil {
			return err
		}
		return countDeployJobs(ctx, tx, &q, taken, &out)
	})
	if err != nil {
		return delivery.RunCounts{}, fmt.Errorf("deployment jobs: %w", err)
	}
	out.N = out.Runs
	return out, nil
}

func countDeployJobs(ctx context.Context, tx *sql.Tx, q *delivery.RunQuery, taken *takenNames, out *delivery.RunCounts) error {
	statuses, err := runStatuses(ctx, tx)
	if err != nil {
		return err
	}
	buckets := delivery.Buckets(q.From, q.To, q.Unit, q.Zone, q.Now)
	return sqlite.Scan(ctx, tx, func(row sqlite.Row) error {
		bucket := &out.Buckets[bucketOf(buckets, delivery.Instant(row.Int(0)))]
		count := func(name takenName, status int64) {
			if taken.has(name) {
				out.Add(statuses[status], false)
				bucket.Add(statuses[status], false)
			}
		}
		connection := row.Int(4)
		count(takenName{connection, row.Int(5), true}, row.Int(1))
		return eachPart(row.Bytes(2), func(p part) { count(takenName{connection, p.name, false}, p.status) })
	}, runPartsSQL, runArgs(q)...)
}

// takenNames tells what rules take for a deployment, having asked once for each name.
type takenNames struct {
	rules                        delivery.DeployRules
	connections, jobs, workflows map[int64]term
	known                        map[takenName]bool
}

// takenName is a job of a connection by its name, or with whole a run by its workflow;
// both are terms.
type takenName struct {
	connection, name int64
	whole            bool
}

func newTakenNames(ctx context.Context, tx *sql.Tx, rules delivery.DeployRules) (*takenNames, error) {
	t := takenNames{rules: rules, known: map[takenName]bool{}}
	for kind, terms := range map[string]*map[int64]term{
		connectionTerm: &t.connections, jobTerm: &t.jobs, workflowTerm: &t.workflows,
	} {
		var err error
		if *terms, err = readTerms(ctx, tx, kind); err != nil {
			return nil, err
		}
	}
	return &t, nil
}

func (t *takenNames) has(name takenName) bool {
	takes, met := t.known[name]
	if !met {
		terms := t.jobs
		if name.whole {
			terms = t.workflows
		}
		takes = t.rules[t.connections[name.connection].key].Takes(terms[name.name].key, name.whole)
		t.known[name] = takes
	}
	return takes
}
