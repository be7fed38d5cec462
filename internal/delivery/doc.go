// Package delivery is the domain: the facts that sources report, the rules
// that turn them into numbers, and the Store that keeps them.
//
// What a status means may change from a day on, see Workflows: every stay is
// classed by what was in force when it began, so that numbers of the past stand.
// Whose queue is whose, see Team, has no history; Filter.Narrow turns teams into
// the queues that they come to, each counted once, and a queue has a team of its
// own, with its rules and its calendar, only where no other maps it.
//
// It imports the standard library only, does no I/O and reads no clock:
// whoever calls passes now in. Every metric has exactly one implementation,
// here; stores, panels, exports and embeds all use it.
package delivery
