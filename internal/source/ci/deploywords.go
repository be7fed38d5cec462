package ci

import (
	"strings"

	"throughline/internal/delivery"
)

// deployWords are the words of a deployment's status: ours, which are GitHub's, and
// those that other programs have for the same.
var deployWords = map[string]delivery.DeploymentStatus{
	"queued": delivery.DeployQueued, "waiting": delivery.DeployQueued, "created": delivery.DeployQueued,
	"requested": delivery.DeployQueued, "scheduled": delivery.DeployQueued,
	"pending":     delivery.DeployPending,
	"in_progress": delivery.DeployRunning, "running": delivery.DeployRunning, "started": delivery.DeployRunning,
	"success": delivery.DeploySuccess, "succeeded": delivery.DeploySuccess, "successful": delivery.DeploySuccess,
	"failure": delivery.DeployFailure, "failed": delivery.DeployFailure,
	"error": delivery.DeployError, "cancelled": delivery.DeployError, "canceled": delivery.DeployError,
	"aborted": delivery.DeployError, "timed_out": delivery.DeployError,
	"inactive": delivery.DeployInactive,
}

// deployStatus is a word of a status in any case, "" when not said.
func (f fields) deployStatus(name string) delivery.DeploymentStatus {
	v := f.value(name)
	if v == nil {
		return ""
	}
	text, _ := v.(string)
	status, ok := deployWords[strings.ToLower(text)]
	if !ok {
		f.reject(name, "must be one of queued, pending, in_progress, success, failure, error, inactive")
	}
	return status
}

// deployEnded reports whether a deployment of a status has come to an end of its own.
func deployEnded(s delivery.DeploymentStatus) bool {
	return s == delivery.DeploySuccess || s == delivery.DeployFailure || s == delivery.DeployError
}
