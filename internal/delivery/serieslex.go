package delivery

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

type tokenKind int

const (
	tokenEnd tokenKind = iota
	tokenName
	tokenText // in quotes
	tokenNumber
	tokenMark
)

// token is a word of a query. A new line outside of brackets is the mark ";", unless
// the next one goes on with a dot.
type token struct {
	kind         tokenKind
	text         string
	newline      bool
	line, column int
	begin, end   int // bytes of the query
}

func (t *token) is(mark string) bool { return t.kind == tokenMark && t.text == mark }

func (t *token) fail(code string, args []string, format string, a ...any) error {
	return &QueryError{t.line, t.column, code, args, fmt.Sprintf(format, a...)}
}

func (t *token) unexpected(wanted string) error {
	if t.kind == tokenEnd {
		return t.fail("ends", []string{"wanted", wanted}, "the query ends where %s should be", wanted)
	}
	return t.fail("unexpected", []string{"found", t.text, "wanted", wanted}, "%s where %s should be", quoteQuery(t.text), wanted)
}

func quoteQuery(s string) string {
	if s == ";" {
		return "a new line or semicolon"
	}
	return quote(s)
}

// maxSeriesBucket is the length of the longest bucket, in milliseconds.
const maxSeriesBucket = 366 * msPerDay

// interval is a length of time such as 30s, 1m, 1h, 1d or 1w, in milliseconds; 0 for auto.
func (t *token) interval() (int64, error) {
	if t.text == "auto" {
		return 0, nil
	}
	digits := strings.TrimRight(t.text, "abcdefghijklmnopqrstuvwxyz")
	unit := map[string]int64{"ms": 1, "s": msPerSecond, "m": 60 * msPerSecond, "h": Hour, "d": msPerDay, "w": 7 * msPerDay}[t.text[len(digits):]]
	n, err := strconv.ParseUint(digits, 10, 32)
	if err != nil || unit == 0 || n == 0 || int64(n) > maxSeriesBucket/unit {
		return 0, t.fail("interval", []string{"value", t.text}, "%s is not an interval like 30s, 1m, 1h, 1d or auto", quote(t.text))
	}
	return int64(n) * unit, nil
}

// maxPattern is how many instructions a regular expression may come to: each costs a
// moment for each character of a value.
const maxPattern = 1000

// pattern is a regular expression that matches whole values.
func (t *token) pattern() (*regexp.Regexp, error) {
	tree, err := syntax.Parse(t.text, syntax.Perl)
	if err != nil {
		return nil, t.fail("regexp", nil, "not a regular expression: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil || len(program.Inst) > maxPattern {
		return nil, t.fail("long_regexp", nil, "the regular expression comes to too much: make it simpler")
	}
	whole, err := regexp.Compile("^(?:" + t.text + ")$")
	if err != nil {
		return nil, t.fail("regexp", nil, "not a regular expression: %v", err)
	}
	return whole, nil
}

// lex cuts a query into tokens, the last of which is a tokenEnd.
func (p *seriesParser) lex(text string) error {
	l := lexer{text: text, line: 1, column: 1}
	for {
		t, err := l.token()
		if err != nil {
			return err
		}
		for t.is(".") && len(p.tokens) > 0 && p.tokens[len(p.tokens)-1].newline {
			p.tokens = p.tokens[:len(p.tokens)-1] // the line before goes on
		}
		p.tokens = append(p.tokens, t)
		if t.kind == tokenEnd {
			p.tokens = append(p.tokens, t) // one to look ahead at
			return nil
		}
	}
}

type lexer struct {
	text         string
	at           int
	line, column int
	depth        int // of brackets
}

// rune is the next character; it is not passed.
func (l *lexer) rune() (rune, int) {
	r, n := utf8.DecodeRuneInString(l.text[l.at:])
	return r, n
}

func (l *lexer) pass(r rune, n int) {
	l.at += n
	l.column++
	if r == '\n' {
		l.line, l.column = l.line+1, 1
	}
}

// skip passes spaces and comments, and inside of brackets new lines.
func (l *lexer) skip() {
	for l.at < len(l.text) {
		r, n := l.rune()
		switch {
		case r == '#':
			for l.at < len(l.text) && l.text[l.at] != '\n' {
				l.pass(l.rune())
			}
			continue
		case r == '\n' && l.depth == 0, !unicode.IsSpace(r):
			return
		}
		l.pass(r, n)
	}
}

func (l *lexer) token() (token, error) {
	l.skip()
	t := token{line: l.line, column: l.column, begin: l.at, end: l.at}
	if l.at == len(l.text) {
		return t, nil
	}
	r, n := l.rune()
	switch {
	case r == '\'' || r == '"':
		return l.quoted(t, r)
	case nameBegins(r):
		t.kind = tokenName
		t.text = l.while(func(r rune) bool { return nameBegins(r) || unicode.IsDigit(r) || r == '-' || r == '/' })
	case unicode.IsDigit(r):
		t.kind = tokenNumber
		t.text = l.while(func(r rune) bool { return unicode.IsDigit(r) || r == '.' })
	default:
		l.pass(r, n)
		t.kind, t.text = tokenMark, string(r)
		if !strings.ContainsRune("\n;=!~.,()", r) || r == utf8.RuneError {
			return t, t.fail("character", []string{"value", t.text}, "%s has no meaning here", quote(t.text))
		}
		l.mark(&t, r)
	}
	t.end = l.at
	return t, nil
}

func nameBegins(r rune) bool { return unicode.IsLetter(r) || r == '_' }

func (l *lexer) mark(t *token, r rune) {
	switch r {
	case '\n':
		t.text, t.newline = ";", true
	case '(':
		l.depth++
	case ')':
		l.depth = max(0, l.depth-1)
	case '=', '!':
		if l.at < len(l.text) && (l.text[l.at] == '~' || r == '!' && l.text[l.at] == '=') {
			t.text += l.text[l.at : l.at+1]
			l.pass(l.rune())
		}
	}
}

func (l *lexer) while(f func(rune) bool) string {
	begin := l.at
	for l.at < len(l.text) {
		r, n := l.rune()
		if !f(r) {
			break
		}
		l.pass(r, n)
	}
	return l.text[begin:l.at]
}

// quoted reads a text in quotes. A backslash takes a quote or a backslash as it is,
// and stays before anything else: regular expressions are full of them.
func (l *lexer) quoted(t token, quote rune) (token, error) {
	t.kind = tokenText
	l.pass(l.rune())
	var b strings.Builder
	for l.at < len(l.text) {
		r, n := l.rune()
		if r == utf8.RuneError && n == 1 {
			return t, t.fail("utf8", nil, "a text that is not UTF-8")
		}
		if r == '\n' {
			break
		}
		l.pass(r, n)
		if r == quote {
			t.text, t.end = b.String(), l.at
			return t, nil
		}
		if r == '\\' && l.at < len(l.text) {
			if next := rune(l.text[l.at]); next == quote || next == '\\' {
				l.pass(next, 1)
				if next == '\\' {
					b.WriteByte('\\')
				}
				r = next
				if next == '\\' {
					continue
				}
			}
		}
		b.WriteRune(r)
	}
	return t, t.fail("open_quote", nil, "a quote that is not closed")
}
