package importer

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxFile bounds a file of settings, in bytes.
const maxFile = 5 << 20

// Entry is a variable of a dotenv file.
type Entry struct {
	Name  string
	Value string
	Line  int
	Bare  bool // there is no = : the variable is named and not set
}

// Problem is what is wrong with a line. Message holds no value of a secret.
type Problem struct {
	Line    int // 0 when it concerns the whole file
	Message string
}

// Error is all that is wrong with a file.
type Error struct {
	File     string
	Problems []Problem
}

// Error has a line for each problem.
func (e *Error) Error() string {
	var lines []string
	for _, p := range e.Problems {
		line := e.File + ": "
		if p.Line > 0 {
			line += fmt.Sprintf("line %d: ", p.Line)
		}
		lines = append(lines, line+p.Message)
	}
	return strings.Join(lines, "\n")
}

// ParseDotenv reads a file the way python-dotenv does, but that a line which
// that would skip with a warning is a problem here: export, names in single
// quotes, values in single or double quotes over several lines with escapes,
// comments after white space, any line ends, ${NAME} and ${NAME:-default} from
// lookup or the lines above. Entries come in the order of the file.
func ParseDotenv(data []byte, lookup func(string) (string, bool)) ([]Entry, []Problem) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	switch {
	case len(data) > maxFile:
		return nil, []Problem{{0, "larger than 5 MiB: not a file of settings"}}
	case bytes.IndexByte(data, 0) >= 0 || !utf8.Valid(data):
		return nil, []Problem{{0, "not a text in UTF-8"}}
	}
	s := scanner{text: string(data), line: 1}
	x := expander{lookup, map[string]string{}, maxFile}
	var entries []Entry
	for s.toBinding() {
		line := s.line
		e, fault := s.binding()
		if fault == "" {
			e.Value, fault = x.expand(e.Value)
		}
		if fault != "" {
			s.problems = append(s.problems, Problem{line, fault})
			continue
		}
		e.Line = line
		if !e.Bare {
			x.known[e.Name] = e.Value
		}
		entries = append(entries, e)
	}
	return entries, s.problems
}

// scanner goes through a dotenv file.
type scanner struct {
	text     string // what is left
	line     int
	problems []Problem
}

// skip passes over what is matched by f.
func (s *scanner) skip(f func(rune) bool) string {
	n := strings.IndexFunc(s.text, func(r rune) bool { return !f(r) })
	if n < 0 {
		n = len(s.text)
	}
	return s.take(n)
}

// take passes over n bytes, counting lines. A line ends by LF, CR or both.
func (s *scanner) take(n int) string {
	part := s.text[:n]
	s.text = s.text[n:]
	s.line += strings.Count(part, "\n") + strings.Count(part, "\r") - strings.Count(part, "\r\n")
	return part
}

func isBlank(r rune) bool   { return unicode.IsSpace(r) && r != '\n' && r != '\r' }
func inLine(r rune) bool    { return r != '\n' && r != '\r' }
func isNameEnd(r rune) bool { return r == '=' || r == '#' || unicode.IsSpace(r) }

// toBinding passes over white space and comments, and reports whether there is
// anything behind.
func (s *scanner) toBinding() bool {
	for {
		s.skip(unicode.IsSpace)
		if !strings.HasPrefix(s.text, "#") {
			return s.text != ""
		}
		s.skip(inLine)
	}
}

// binding reads NAME=value with what follows on its line. After a fault the
// rest of the line is passed over.
func (s *scanner) binding() (e Entry, fault string) {
	defer func() {
		if fault != "" {
			s.skip(inLine)
		}
	}()
	if rest, ok := strings.CutPrefix(s.text, "export"); ok && rest != "" && isBlank([]rune(rest[:min(len(rest), utf8.UTFMax)])[0]) {
		s.take(len("export"))
		s.skip(isBlank)
	}
	if strings.HasPrefix(s.text, "'") {
		end := strings.IndexByte(s.text[1:], '\'')
		if end < 1 {
			return e, "a name that begins with a quote does not end with one"
		}
		e.Name = s.take(end + 2)[1 : end+1]
	} else if e.Name = s.skip(func(r rune) bool { return !isNameEnd(r) }); e.Name == "" {
		return e, "not NAME=value: the name is missing"
	}
	s.skip(isBlank)
	if !strings.HasPrefix(s.text, "=") {
		e.Bare = true
		return e, s.lineEnd("not NAME=value")
	}
	s.take(1)
	apart := s.skip(isBlank) != ""
	switch {
	case strings.HasPrefix(s.text, "'"):
		e.Value, fault = s.quoted('\'')
	case strings.HasPrefix(s.text, `"`):
		e.Value, fault = s.quoted('"')
	default:
		e.Value = unquoted(s.skip(inLine), apart)
	}
	if fault != "" {
		return e, fault
	}
	return e, s.lineEnd("something follows the quotes: put all of the value into them")
}

// lineEnd passes over a comment up to the line's end; anything else is fault.
func (s *scanner) lineEnd(fault string) string {
	s.skip(isBlank)
	if strings.HasPrefix(s.text, "#") {
		s.skip(inLine)
	}
	if s.text != "" && inLine(rune(s.text[0])) {
		return fault
	}
	return ""
}

// quoted reads a value in quotes. A backslash before the quote keeps it from
// ending the value; when no other quote ends it, it does all the same.
func (s *scanner) quoted(quote byte) (value, fault string) {
	end, fallback := -1, -1
	for i := 1; i < len(s.text) && end < 0; i++ {
		switch {
		case s.text[i] != quote:
		case s.text[i-1] == '\\' && i > 1:
			fallback = i
		default:
			end = i
		}
	}
	if end < 0 {
		end = fallback
	}
	if end < 0 {
		return "", "the quote at the beginning of the value is never closed"
	}
	raw := s.take(end + 1)[1:end]
	if quote == '\'' {
		return unescape(raw, `\'`), ""
	}
	return unescape(raw, `\'"abfnrtv`), ""
}

// unescape replaces a backslash and one of the letters after it.
func unescape(s, letters string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) || strings.IndexByte(letters, s[i+1]) < 0 {
			b.WriteByte(s[i])
			continue
		}
		i++
		c := s[i]
		if at := strings.IndexByte("abfnrtv", c); at >= 0 {
			c = "\a\b\f\n\r\t\v"[at]
		}
		b.WriteByte(c)
	}
	return b.String()
}

var comment = regexp.MustCompile(`[\s\p{Z}]+#.*`)

// unquoted is a value without its comment. apart says that blanks precede it:
// then # begins a comment at once.
func unquoted(part string, apart bool) string {
	if apart && strings.HasPrefix(part, "#") {
		return ""
	}
	return strings.TrimRightFunc(comment.ReplaceAllString(part, ""), unicode.IsSpace)
}

var variable = regexp.MustCompile(`\$\{([^}:]*)(?::-([^}]*))?\}`)

// expander replaces ${NAME}. The environment is stronger than the file.
type expander struct {
	lookup func(string) (string, bool)
	known  map[string]string
	left   int // bytes that values may still grow to, in all
}

func (x *expander) expand(value string) (out, fault string) {
	out = variable.ReplaceAllStringFunc(value, func(match string) string {
		parts := variable.FindStringSubmatch(match)
		v, ok := x.lookup(parts[1])
		if !ok {
			v, ok = x.known[parts[1]]
		}
		if !ok {
			v, ok = parts[2], strings.Contains(match, ":-")
		}
		x.left -= len(v)
		switch {
		case x.left < 0:
			fault = "too long once each ${NAME} is replaced"
			return ""
		case !ok && shown(parts[1]):
			fault = fmt.Sprintf("${%s} is set neither above nor in the environment of this command", parts[1])
		case !ok:
			fault = "a ${NAME} in it is set neither above nor in the environment of this command"
		}
		return v
	})
	return out, fault
}

var (
	plainName = regexp.MustCompile(`^(?:[A-Z][A-Z0-9_]{0,39}|[a-z][a-z0-9_]{0,39})$`)
	ourName   = regexp.MustCompile(`^(?i:EXPORTER_[A-Z0-9_]{0,80})$`)
)

// shown reports whether a name may be printed: what stands before an = may also
// be a part of a key that went onto a line of its own.
func shown(name string) bool { return plainName.MatchString(name) || ourName.MatchString(name) }
