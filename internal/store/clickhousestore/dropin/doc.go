// Package dropin keeps three ClickHouse tables as tracker-exporter kept them, so
// that dashboards built on its issues, issue_metrics and issues_changelog go on
// working. It is not where Throughline answers from.
//
// Rows equal the predecessor's wherever it was right. Deliberately different:
//
//   - Business time is the team's own calendar: its zone, holidays, moved working
//     days and night shifts. The predecessor counted in UTC and with Russian
//     holidays only. Durations are summed in milliseconds and floored once.
//   - Every change of status counts, in whatever event and place it stands, and
//     also one that only a later event or the issue itself gives away.
//   - last_seen is the last exit from a status, not the first.
//   - The time in the current status of an open issue is counted when asked for;
//     last_seen is then the time of writing.
//   - is_closed, closed_at follow the status's meaning, not a list of names: a
//     stale resolution keeps nothing closed. resolved_at comes with a resolution.
//   - Names in other alphabets keep their letters: they do not all become
//     underscores. Titles keep their emoji.
//   - A deleted assignee, sprint or project drops no issue: what the issue says is
//     taken. Custom fields become columns.
//   - Nothing stale stays: rows of deleted issues, of former keys, of statuses that
//     no longer apply and older copies are removed, so that a SELECT without FINAL
//     counts nothing twice.
//
// As in the predecessor the people of issues are e-mails in lower case, and empty
// where the source tells none; the changelog falls back to the name, then the id.
//
// Rows of issues that are not given to Write stay as they are: exports of old reach
// back further than what Throughline may have read.
package dropin
