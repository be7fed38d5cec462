package delivery

import (
	"slices"
	"time"
)

// QualityKind is a kind of what may be wrong with the data behind the numbers.
type QualityKind string

const (
	// StaleConnections are those whose data is old or not whole, see Feed.
	StaleConnections QualityKind = "connections"
	// UnmappedStatuses are in use and get their class from nothing, see Workflow.Unmapped.
	UnmappedStatuses QualityKind = "statuses"
	// WithoutStart are issues closed without ever being active: NeverActive.
	WithoutStart QualityKind = "never_active"
	// HiddenTransitions are issues with a stay that no event entered: Period.Inferred.
	HiddenTransitions QualityKind = "hidden_transitions"
	// ImpossibleTimes are records whose instants contradict each other, see OddTime.
	ImpossibleTimes QualityKind = "impossible_times"
	// Undeployed are changes merged and not deployed for MuchLater, of services that
	// have been deployed to production.
	Undeployed QualityKind = "undeployed"
	// UnlinkedIncidents are those of no service, or of no deployment.
	UnlinkedIncidents QualityKind = "unlinked_incidents"
	// Unassigned are queues, repositories, projects and services that no team maps.
	Unassigned QualityKind = "unassigned"
	// HookGaps are senders that fell silent, see Quiet, and what they sent that could
	// not be taken.
	HookGaps QualityKind = "hooks"
)

// QualityKinds are all there are, in the order in which they are shown: what spoils
// most comes first.
func QualityKinds() []QualityKind {
	return []QualityKind{
		StaleConnections, HookGaps, UnmappedStatuses, WithoutStart, HiddenTransitions, ImpossibleTimes, Undeployed, UnlinkedIncidents, Unassigned,
	}
}

// Panels are the slugs of the panels whose numbers a kind spoils.
func (k QualityKind) Panels() []string {
	switch k {
	case StaleConnections:
		return []string{"cycle-time", "aging", "pipeline-duration", "deployment-frequency", "errors-open"}
	case HookGaps:
		return []string{"pipeline-count", "deployment-frequency", "change-fail-rate", "incidents"}
	case UnmappedStatuses:
		return []string{"cycle-time", "time-in-status", "aging", "cumulative-flow", "flow-efficiency"}
	case WithoutStart:
		return []string{"cycle-time", "cycle-time-trend", "cycle-time-histogram", "control-chart"}
	case HiddenTransitions:
		return []string{"time-in-status", "cycle-time", "cumulative-flow", "flow-efficiency", "blocked-time"}
	case ImpossibleTimes:
		return []string{"cycle-time", "lead-time-trend", "pipeline-duration", "change-lead-time", "lead-time-stages", "recovery-time"}
	case Undeployed:
		return []string{"change-lead-time", "lead-time-stages", "deployment-frequency"}
	case UnlinkedIncidents:
		return []string{"change-fail-rate", "recovery-time"}
	case Unassigned:
		return []string{"cycle-time", "pipeline-duration", "deployment-frequency", "errors-open"}
	}
	return nil
}

// MuchLater is how long after its merge a change may wait before it is said never to
// be deployed.
const MuchLater = 14 * 24 * time.Hour

// Late are the waiting changes merged in [from, to) at least MuchLater before now, the
// newest first: those of bots are out, as they are of lead time, and those of services
// that nobody deploys to production, of which first says nothing.
func Late(waiting []WaitingChange, first map[string]Instant, from, to, now Instant) []WaitingChange {
	to = min(to, now-Instant(MuchLater/time.Millisecond)+1)
	var out []WaitingChange
	for i := range waiting {
		w := &waiting[i]
		if !w.Bot && w.MergedAt.Known() && w.MergedAt >= from && w.MergedAt < to && first[w.Service].Known() {
			out = append(out, *w)
		}
	}
	slices.SortFunc(out, func(a, b WaitingChange) int {
		return compareAt(b.MergedAt, a.MergedAt, b.Service+b.Name, a.Service+a.Name)
	})
	return out
}

// Why an incident is not linked.
const (
	NoServiceOf    = "no_service"
	NoDeploymentOf = "no_deployment"
)

// Unlinked says why an incident speaks against no deployment, "" when it does.
func (d *DoraData) Unlinked(i *LinkedIncident) string {
	switch {
	case i.Service == NoService && !d.Linked[i.Seq]:
		return NoServiceOf
	case !d.Linked[i.Seq]:
		return NoDeploymentOf
	}
	return ""
}
