package picture

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean is a text without what XML cannot hold or what would turn the text around it: line
// breaks are spaces, other control characters go.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r' || r == '\u2028' || r == '\u2029':
			return ' '
		case unicode.IsControl(r) || r == 0xFFFE || r == 0xFFFF || unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// cut is a text that takes no more than a width, its end an ellipsis if need be.
func (f face) cut(s string, width float64) string {
	if f.width(s) <= width {
		return s
	}
	room := width - f.width("…")
	sum, end := 0.0, 0
	for i, r := range s {
		if sum += f.width(string(r)); sum > room {
			break
		}
		end = i + utf8.RuneLen(r)
	}
	return strings.TrimRight(s[:end], " ,.;:·") + "…"
}

// wrap is a text in lines of a width, at most so many; what does not fit is cut.
func (f face) wrap(s string, width float64, most int) []string {
	var lines []string
	now := ""
	words := strings.FieldsFunc(s, func(r rune) bool { return r == ' ' })
	for i, word := range words {
		longer := word
		if now != "" {
			longer = now + " " + word
		}
		if now == "" || f.width(longer) <= width {
			now = longer
			continue
		}
		if len(lines)+1 == most {
			now += " " + strings.Join(words[i:], " ")
			break
		}
		lines, now = append(lines, f.cut(now, width)), word
	}
	if now == "" {
		return nil
	}
	return append(lines, f.cut(now, width))
}

// partsApart is what stands between the parts of a foot.
const partsApart = " · "

// wrapParts is like wrap for a text of parts: one that does not fit is left out, not cut, but
// the first.
func (f face) wrapParts(s string, width float64, most int) []string {
	kept := ""
	for part := range strings.SplitSeq(s, partsApart) {
		if f.width(part) <= width {
			part = strings.ReplaceAll(part, " ", "\u00a0") // lines end between parts
		}
		longer := part
		if kept != "" {
			longer = kept + partsApart + part
		}
		if kept == "" || len(f.wrap(longer, width, most+1)) <= most {
			kept = longer
		}
	}
	return f.wrap(kept, width, most)
}
