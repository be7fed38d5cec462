// Package delivery is the domain: the facts that sources report, the rules
// that turn them into numbers, and the Store that keeps them.
//
// It imports the standard library only, does no I/O and reads no clock:
// whoever calls passes now in. Every metric has exactly one implementation,
// here; stores, panels, exports and embeds all use it.
package delivery
