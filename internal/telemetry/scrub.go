package telemetry

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// scrubber takes out of texts what looks like a secret or tells of a person.
// Errors are written without either; this is for those of other people's code.
type scrubber struct{ literal *strings.Replacer }

const (
	hidden = "[hidden]"
	// minLiteral is how long a known secret has to be: short ones are words.
	minLiteral  = 4
	maxScrubbed = 2000 // bytes
)

func newScrubber(secrets ...string) scrubber {
	var pairs []string
	secrets = slices.Clone(secrets)
	// Longer ones first: one may hold another.
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	for _, secret := range secrets {
		if len(secret) >= minLiteral {
			pairs = append(pairs, secret, hidden)
		}
	}
	return scrubber{strings.NewReplacer(pairs...)}
}

// Each pattern with what takes its place.
var (
	urlUser   = regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://)[^\s/@]*@`)
	urlQuery  = regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://[^\s?#"']*)[?#][^\s"']*`)
	pathQuery = regexp.MustCompile(`(/[^\s?#"']*)\?[^\s"']*`)
	scheme    = regexp.MustCompile(`(?i)\b(bearer|oauth|basic)\s+[^\s"',;]+`)
	named     = regexp.MustCompile(`(?i)([a-z_-]*(?:password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|secret[_-]?key|authorization|cookie|session|signature|dsn)[a-z_-]*["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s,;&]+)`)
	email     = regexp.MustCompile(`[\p{L}0-9._%+-]+@[\p{L}0-9-]+(\.[\p{L}0-9-]+)+`)
	ipv4      = regexp.MustCompile(`\b\d{1,3}(\.\d{1,3}){3}\b`)
	ipv6      = regexp.MustCompile(`\[?\b[0-9a-fA-F]{0,4}(:[0-9a-fA-F]{0,4}){3,7}\b\]?`)
	word      = regexp.MustCompile(`[A-Za-z0-9_+=~-]{20,}`)
)

// clean is a text on one line, of bounded length, without secrets.
func (s scrubber) clean(text string) string {
	if len(text) > 4*maxScrubbed {
		text = strings.ToValidUTF8(text[:4*maxScrubbed], "")
	}
	if s.literal != nil {
		text = s.literal.Replace(text)
	}
	text = urlUser.ReplaceAllString(text, "$1")
	text = urlQuery.ReplaceAllString(text, "$1")
	text = pathQuery.ReplaceAllString(text, "$1")
	text = scheme.ReplaceAllString(text, "$1 "+hidden)
	text = named.ReplaceAllString(text, "$1"+hidden)
	text = email.ReplaceAllString(text, "[e-mail]")
	text = ipv4.ReplaceAllString(text, "[address]")
	text = ipv6.ReplaceAllString(text, "[address]")
	text = word.ReplaceAllStringFunc(text, func(w string) string {
		if strings.ContainsFunc(w, unicode.IsDigit) && strings.ContainsFunc(w, unicode.IsLetter) {
			return hidden
		}
		return w
	})
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > maxScrubbed {
		text = strings.ToValidUTF8(text[:maxScrubbed], "") + "…"
	}
	return text
}
