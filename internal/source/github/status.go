package github

import "throughline/internal/delivery"

// statusOf is where a run or a job stands. A run that waits for somebody's approval
// is "completed" with the conclusion "action_required": nothing of it has run, it
// goes on under the same id once it is approved, and GitHub deletes it after 30 days
// if it is not. So it waits, and has not failed.
func statusOf(status, conclusion string) delivery.RunStatus {
	switch status {
	case "queued", "waiting", "pending", "requested", "action_required":
		return delivery.RunWaiting
	case "in_progress":
		return delivery.RunRunning
	case "completed":
		return conclusionOf(conclusion)
	}
	return delivery.RunUnknown
}

func conclusionOf(conclusion string) delivery.RunStatus {
	switch conclusion {
	case "success":
		return delivery.RunSuccess
	case "failure", "timed_out", "startup_failure":
		return delivery.RunFailed
	case "action_required":
		return delivery.RunWaiting
	case "cancelled":
		return delivery.RunCancelled
	case "skipped", "neutral", "stale":
		return delivery.RunSkipped
	}
	return delivery.RunUnknown
}
