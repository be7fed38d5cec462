package ci

import (
	"cmp"

	"throughline/internal/delivery"
)

// outcomes are the words of a status or conclusion: ours, and those of GitHub and
// GitLab for the same.
var outcomes = map[string]delivery.RunStatus{
	"waiting": delivery.RunWaiting, "queued": delivery.RunWaiting, "pending": delivery.RunWaiting,
	"requested": delivery.RunWaiting, "created": delivery.RunWaiting, "scheduled": delivery.RunWaiting,
	"preparing": delivery.RunWaiting, "waiting_for_resource": delivery.RunWaiting, "manual": delivery.RunWaiting,
	"running": delivery.RunRunning, "in_progress": delivery.RunRunning,
	"success": delivery.RunSuccess,
	"failed":  delivery.RunFailed, "failure": delivery.RunFailed, "timed_out": delivery.RunFailed, "startup_failure": delivery.RunFailed,
	"cancelled": delivery.RunCancelled, "canceled": delivery.RunCancelled,
	"skipped": delivery.RunSkipped, "neutral": delivery.RunSkipped, "stale": delivery.RunSkipped,
	"action_required": delivery.RunWaiting,
	"unknown":         delivery.RunUnknown, "completed": delivery.RunUnknown,
}

// outcome is how a run or a job stands, by its status, or once it has ended by its
// conclusion. What says neither is RunUnknown; with a conclusion of null, and neither
// an end nor a duration, it goes on.
func (f fields) outcome() delivery.RunStatus {
	status, conclusion := f.word("status"), f.word("conclusion")
	switch {
	case status == "" && conclusion == "":
		if f.has("conclusion") && f.value("finished_at") == nil && f.value("duration") == nil {
			return delivery.RunRunning
		}
		return delivery.RunUnknown
	case conclusion == "" || status == conclusion:
		return status
	case !conclusion.Finished() && conclusion != delivery.RunWaiting || status != "" && !status.Finished():
		f.reject("conclusion", "must be null while it goes on")
	case status != "" && status != delivery.RunUnknown:
		f.reject("conclusion", "is not what status says")
	}
	return cmp.Or(conclusion, status)
}

// word is one of outcomes, "" when not said.
func (f fields) word(name string) delivery.RunStatus {
	v := f.value(name)
	if v == nil {
		return ""
	}
	text, _ := v.(string)
	status, ok := outcomes[text]
	if !ok {
		f.reject(name, "must be one of waiting, running, success, failed, cancelled, skipped, unknown")
	}
	return status
}
