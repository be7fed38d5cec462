package simulator

import "strings"

// token of the query language.
type token struct {
	kind tokenKind
	text string
	at   int // position in the query, in bytes
}

type tokenKind uint8

const (
	tokenEnd    tokenKind = iota
	tokenWord             // PAY-1, now, 2h
	tokenQuoted           // "Sort By"
	tokenSign             // : , ( ) ! > < >= <= .. + -
)

const signs = `:,()!><=#~"`

// lex cuts a query into tokens.
func lex(q string) ([]token, error) {
	var out []token
	for i := 0; i < len(q); {
		ch := q[i]
		switch {
		case ch == ' ' || ch == '\t' || ch == '\n' || ch == '\r':
			i++
		case ch == '"':
			text, end, err := quoted(q, i)
			if err != nil {
				return nil, err
			}
			out = append(out, token{tokenQuoted, text, i})
			i = end
		case strings.HasPrefix(q[i:], ".."):
			out = append(out, token{tokenSign, "..", i})
			i += 2
		case (ch == '>' || ch == '<' || ch == '!') && i+1 < len(q) && q[i+1] == '=':
			out = append(out, token{tokenSign, q[i : i+2], i})
			i += 2
		case strings.IndexByte(signs, ch) >= 0:
			out = append(out, token{tokenSign, q[i : i+1], i})
			i++
		default:
			end := i
			for end < len(q) && !strings.ContainsRune(signs+" \t\r\n", rune(q[end])) && !strings.HasPrefix(q[end:], "..") {
				end++
			}
			out = append(out, token{tokenWord, q[i:end], i})
			i = end
		}
	}
	return append(out, token{tokenEnd, "", len(q)}), nil
}

// quoted reads a text in double quotes, in which a backslash takes the next
// character as it is.
func quoted(q string, i int) (text string, end int, err error) {
	var b strings.Builder
	for end = i + 1; end < len(q); end++ {
		switch q[end] {
		case '"':
			return b.String(), end + 1, nil
		case '\\':
			if end++; end < len(q) {
				b.WriteByte(q[end])
			}
		default:
			b.WriteByte(q[end])
		}
	}
	return "", 0, queryErrorf(i, "a quote is not closed")
}
