package simulator

import "strings"

func lower(s string) string { return strings.ToLower(s) }

func equalFold(a, b string) bool { return strings.EqualFold(a, b) }

// Titles are put together of a verb and what the queue works on.
var verbs = map[index][]string{
	typeBug:         {"Fix wrong", "Repair", "Stop losing", "Correct rounding of", "Handle a timeout in", "Fix a crash in"},
	typeTask:        {"Add", "Extend", "Document", "Clean up", "Upgrade", "Measure", "Prepare"},
	typeImprovement: {"Speed up", "Simplify", "Cache", "Make clearer:", "Reduce load of"},
	typeEpic:        {"New generation of", "Quarter goal:", "Rebuild"},
	typeStory:       {"As a customer I see", "As a manager I export", "As a customer I change", "As an accountant I check"},
	typeIncident:    {"Outage of", "Slow answers from", "Errors in", "Alert on"},
	typeRequest:     {"Grant access to", "Move to a new host:", "Raise quota of", "Renew the certificate of"},
}

var objects = map[string][]string{
	"PAY": {"card payments", "refunds", "receipts", "the payout schedule", "currency rates", "invoice numbers", "the ledger export", "payment retries", "partner fees", "recurring charges"},
	"WEB": {"the cart", "the search page", "the landing page", "the sign-up form", "product filters", "the profile page", "page titles", "the cookie banner", "image loading", "the checkout button"},
	"APP": {"push messages", "the offline mode", "the camera scanner", "dark mode", "deep links", "the onboarding tour", "the wallet screen", "in-app updates", "the map", "background sync"},
	"OPS": {"the payment database", "the build farm", "the message broker", "the staging cluster", "log storage", "the load balancer", "backups", "monitoring", "the VPN", "object storage"},
}

// settings end a title.
var settings = []string{"", "", "", " for partners", " on old phones", " after the upgrade", " in the evening", " for new customers", " in the test environment", " abroad"}

var remarks = []string{
	"Reproduced on staging.", "Looks good to me, one remark in the review.", "Waiting for an answer from support.",
	"Split off the second half, see the link.", "Данные в отчёте сходятся, можно закрывать.", "Retested, still slow on large accounts.",
	"Deployed behind a flag.", "Нужны логи за вчера.", "Agreed with the team: we go without it.", "The numbers are in the attachment.",
}

var tagNames = []string{"backend", "frontend", "regress", "customer", "security", "tech-debt", "quick-win", "release-notes", "research", "blocked"}

var severities = []string{"", "S1", "S2", "S3", "S4"}
