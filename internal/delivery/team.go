package delivery

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Patterns map names, of queues or repositories say, whatever their case: "*"
// stands for any run of characters without "/", "**" for any run at all, "?" for
// one character. A pattern that begins with "!" takes out what another one takes
// in, wherever it stands among them. No pattern maps nothing.
type Patterns []string

// Bounds of Patterns, far above what anybody has.
const (
	maxPatterns     = 200
	maxPatternBytes = 200
)

// Match reports whether the patterns map a name.
func (p Patterns) Match(name string) bool {
	in := false
	folded := fold(name)
	for _, pattern := range p {
		without, exclusion := strings.CutPrefix(pattern, "!")
		if in && !exclusion || !matches(fold(without), folded) {
			continue
		}
		if exclusion {
			return false
		}
		in = true
	}
	return in
}

// Validate names the first pattern that cannot be used.
func (p Patterns) Validate() error {
	if len(p) > maxPatterns {
		return fmt.Errorf("more than %d patterns", maxPatterns)
	}
	only := len(p) > 0
	for _, pattern := range p {
		without, exclusion := strings.CutPrefix(pattern, "!")
		switch {
		case strings.TrimSpace(without) == "":
			return errors.New("a pattern is empty")
		case len(pattern) > maxPatternBytes:
			return fmt.Errorf("longer than %d bytes: %s", maxPatternBytes, quote(pattern))
		case !utf8.ValidString(pattern) || strings.ContainsFunc(pattern, unicode.IsControl):
			return fmt.Errorf("holds control characters: %s", quote(pattern))
		}
		only = only && exclusion
	}
	if only {
		return errors.New("only exclusions: nothing is taken in that they could take out")
	}
	return nil
}

// fold is s with each character replaced by the least of those that differ from
// it by case only.
func fold(s string) []rune {
	out := []rune(s)
	for i, r := range out {
		least := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		out[i] = least
	}
	return out
}

// matches takes time in proportion to the product of the lengths, whatever the
// pattern: at[i] tells whether the pattern up to i matches what was read.
func matches(pattern, name []rune) bool {
	at := make([]bool, len(pattern)+1)
	at[0] = true
	skip := func() { // runs may be empty
		for i, r := range pattern {
			if r == '*' && at[i] {
				at[i+1] = true
			}
		}
	}
	skip()
	for _, c := range name {
		for i := len(pattern); i > 0; i-- {
			switch r := pattern[i-1]; r {
			case '*':
				deep := i > 1 && pattern[i-2] == '*' || i < len(pattern) && pattern[i] == '*'
				at[i] = at[i] && (c != '/' || deep)
			case '?':
				at[i] = at[i-1]
			default:
				at[i] = at[i-1] && r == c
			}
		}
		at[0] = false
		skip()
	}
	return at[len(pattern)]
}

// Team is whose work is whose, as its patterns say. A team without a calendar
// works by the default one.
type Team struct {
	Name     string
	Calendar string // "" for the default one

	Queues         Patterns
	Repositories   Patterns
	SentryProjects Patterns
	CIProjects     Patterns
	JiraProjects   Patterns
	Services       Patterns // by name
}

// RunsCI reports whether the runs of a project are the team's: it maps the project
// as one of CI or as a repository.
func (t *Team) RunsCI(project string) bool {
	return t.CIProjects.Match(project) || t.Repositories.Match(project)
}

// Teams are all teams, by name.
type Teams []Team

// Of names the teams that map a queue, in their order.
func (t Teams) Of(queue string) []string {
	var out []string
	for i := range t {
		if t[i].Queues.Match(queue) {
			out = append(out, t[i].Name)
		}
	}
	return out
}

// Only is the one team that maps a queue: its status lists and its calendar are
// the queue's. A queue that several teams share has none.
func (t Teams) Only(queue string) (Team, bool) {
	found := -1
	for i := range t {
		if !t[i].Queues.Match(queue) {
			continue
		}
		if found >= 0 {
			return Team{}, false
		}
		found = i
	}
	if found < 0 {
		return Team{}, false
	}
	return t[found], true
}

// Named is the team of a name.
func (t Teams) Named(name string) (Team, bool) {
	i := slices.IndexFunc(t, func(team Team) bool { return team.Name == name })
	if i < 0 {
		return Team{}, false
	}
	return t[i], true
}
