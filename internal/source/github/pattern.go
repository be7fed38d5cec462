package github

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"throughline/internal/source"
)

const maxPattern = 200 // bytes

// pattern is a text in which * stands for any characters and ? for one, whatever
// their case.
type pattern struct {
	whole bool // it has a slash: it is of a full name
	match *regexp.Regexp
}

func readPatterns(s source.Settings, f source.Field, errs *settingErrors) []pattern {
	texts, _ := s.List(f) // Validate has said what cannot be read
	if len(texts) > maxListed {
		errs.refuse(f, "many", fmt.Sprintf("lists more than %d", maxListed), "most", fmt.Sprint(maxListed))
		return nil
	}
	out := make([]pattern, 0, len(texts))
	for _, text := range texts {
		p, ok := patternOf(text)
		if !ok {
			errs.refuse(f, "pattern", fmt.Sprintf("longer than %d bytes", maxPattern), "most", fmt.Sprint(maxPattern))
			continue
		}
		out = append(out, p)
	}
	return out
}

func patternOf(text string) (pattern, bool) {
	if len(text) > maxPattern {
		return pattern{}, false
	}
	quoted := regexp.QuoteMeta(text)
	quoted = strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(quoted)
	match, err := regexp.Compile(`(?is)^` + quoted + `$`)
	return pattern{strings.Contains(text, "/"), match}, err == nil
}

// isE2E reports whether a job of that name is one of the end-to-end tests.
func (set *settings) isE2E(job string) bool {
	return slices.ContainsFunc(set.e2e, func(p pattern) bool { return p.match.MatchString(job) })
}

// excludes reports whether nothing is to be taken of a repository. A pattern
// without a slash is of names in any account.
func (set *settings) excludes(repository string) bool {
	_, name, _ := strings.Cut(repository, "/")
	return slices.ContainsFunc(set.exclude, func(p pattern) bool {
		return p.match.MatchString(repository) || !p.whole && p.match.MatchString(name)
	})
}
