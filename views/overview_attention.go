package views

import (
	"context"

	"throughline/internal/delivery"
)

// Attention is what somebody should look at today. Of each kind only the first are
// listed; totals are of all.
type Attention struct {
	Panel       Panel
	Connections []Connection // that bring nothing in
	Late        []LateIssue
	Suspected   []delivery.Group // deployments that may have failed

	ConnectionsTotal, LateTotal, SuspectedTotal int

	Limit                   string // the age from which on issues are late
	LateHref, SuspectedHref string // paths of all of them
	Failed                  bool   // not all could be looked up
}

// LateIssue is an issue in progress for longer than most took.
type LateIssue struct{ Key, Title, Age, Status string }

func (a Attention) nothing() bool { return a.ConnectionsTotal+a.LateTotal+a.SuspectedTotal == 0 }

// sign is the first reason why a deployment is suspected.
func sign(ctx context.Context, g *delivery.Group) string {
	for _, e := range g.Evidence {
		if e.Confidence == delivery.Suspected {
			return t(ctx, "dora.method."+e.Method)
		}
	}
	return ""
}
