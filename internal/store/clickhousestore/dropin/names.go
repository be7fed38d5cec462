package dropin

import (
	"strconv"
	"strings"
	"unicode"
)

// snake is a display name as the tables have it: "In progress" is in_progress. A
// capital or a digit after a small letter begins a word, and so does a small
// letter after a digit; all that is neither letter nor digit is an underscore.
func snake(name string) string {
	if strings.TrimSpace(name) == "" {
		return ""
	}
	var b strings.Builder
	b.Grow(len(name) + 4)
	var before rune
	for _, r := range name {
		small := unicode.IsLower(before)
		switch {
		case small && (unicode.IsUpper(r) || unicode.IsDigit(r)), unicode.IsDigit(before) && unicode.IsLower(r):
			b.WriteByte('_')
		}
		before = r
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
			r = '_'
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// Years and months are those of the predecessor: 360 and 30 days.
var units = []struct {
	name    string
	seconds int64
}{
	{"y", 360 * 86400}, {"mo", 30 * 86400}, {"w", 7 * 86400}, {"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1},
}

// human is a duration in its two largest units that are not zero: "1y 2mo".
func human(seconds int64) string {
	var parts []string
	for _, u := range units {
		if n := seconds / u.seconds; n > 0 {
			seconds -= n * u.seconds
			if parts = append(parts, strconv.FormatInt(n, 10)+u.name); len(parts) == 2 {
				break
			}
		}
	}
	if len(parts) == 0 {
		return "0s"
	}
	return strings.Join(parts, " ")
}

// memo remembers what an expensive function of few texts returned.
type memo struct {
	of    func(string) string
	known map[string]string
}

const maxMemo = 10_000

func newMemo(of func(string) string) *memo { return &memo{of: of, known: map[string]string{}} }

func (m *memo) get(text string) string {
	out, ok := m.known[text]
	if !ok {
		out = m.of(text)
		if len(m.known) < maxMemo {
			m.known[text] = out
		}
	}
	return out
}
