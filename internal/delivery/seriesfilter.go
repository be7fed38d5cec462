package delivery

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// MaxQueries is how many queries for series may be asked at once.
const MaxQueries = 8

// queries are those for series, each once, in their order.
func (p *filterParser) queries() []string {
	var out []string
	for _, text := range p.q["q"] {
		text = NormalQuery(text)
		if text == "" || slices.Contains(out, text) {
			continue
		}
		if out = append(out, text); len(out) > MaxQueries {
			p.fail("q", "many_queries", fmt.Sprintf("more than %d queries", MaxQueries))
			return nil
		}
		if _, err := ParseSeriesQuery(text); err != nil {
			p.errs = append(p.errs, queryError(len(out)-1, err))
		}
	}
	return out
}

// NormalQuery is a query for series as it is kept: text with plain new lines, and nothing
// after its end.
func NormalQuery(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\r\n", "\n")
	return strings.TrimRightFunc(text, unicode.IsSpace)
}
