// Package ci reads what programs push: CI runs, as the bodies of POST /save_metrics,
// which GitLab workers send, and of POST /api/v1/runs; deployments and incidents. It
// knows nothing of HTTP, tokens or storage, and it pulls from nowhere.
package ci

import (
	"strconv"

	"throughline/internal/delivery"
)

// Bounds of what one body may hold. Lengths are in bytes.
const (
	maxName       = 400
	maxLong       = 2000 // titles and addresses
	maxItems      = 1000 // runs, deployments or incidents
	maxJobs       = 2000
	maxBuilds     = 2000
	maxLabels     = 50
	maxLabelKey   = 100
	maxLabelValue = 400
	maxCommits    = 2000
	maxStates     = 200
	maxMessage    = 64 << 10 // of which little is kept
)

// NaturalKey tells a run apart from all others of its connection. The project is
// quoted, so that no two pairs of project and id have one key.
func NaturalKey(run delivery.Run) string {
	return strconv.Quote(run.Project) + "#" + run.ID
}
