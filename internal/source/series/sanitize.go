package series

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Sanitize is what becomes of names that metrics and tags cannot have.
type Sanitize string

const (
	SanitizeNone       Sanitize = "none"       // they are refused
	SanitizePrometheus Sanitize = "prometheus" // to [a-zA-Z_][a-zA-Z0-9_]*
	SanitizeApptuit    Sanitize = "apptuit"    // to letters, digits and _ . / -
)

// Name is a name as it is stored, as apptuit-py would make it: what it may not hold
// becomes "_", and several of those in a row become one.
func (s Sanitize) Name(name string) string {
	switch s {
	case SanitizePrometheus:
		if name != "" && name[0] >= '0' && name[0] <= '9' {
			name = "_" + name
		}
		return replaceRuns(name, func(r rune) bool {
			return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		})
	case SanitizeApptuit:
		return replaceRuns(name, func(r rune) bool { return r != '_' && named(r) })
	}
	return name
}

// replaceRuns makes one "_" of each run of what is not kept.
func replaceRuns(name string, kept func(rune) bool) string {
	if plainRuns(name, kept) {
		return name
	}
	var b strings.Builder
	within := false
	for _, r := range name {
		if kept(r) {
			b.WriteRune(r)
		} else if !within {
			b.WriteByte('_')
		}
		within = !kept(r)
	}
	return b.String()
}

// plainRuns reports whether a name stays as it is.
func plainRuns(name string, kept func(rune) bool) bool {
	within := false
	for _, r := range name {
		if !kept(r) && (r != '_' || within) {
			return false
		}
		within = r == '_'
	}
	return true
}

// named reports whether a name may hold r: letters, digits and _ . / -
func named(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '.' || r == '/' || r == '-'
	}
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsNumber(r))
}
