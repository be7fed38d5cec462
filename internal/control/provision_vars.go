package control

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// variables replaces ${NAME} and ${file:PATH}. Before the YAML is parsed each
// gives way to a mark that is plain text in YAML, and only when a value is read
// is the mark replaced by what it stands for: so `{token: ${TOKEN}}` works,
// values cannot inject YAML, and comments need no variables.
type variables struct {
	lookup   func(string) (string, bool)
	readFile func(string) ([]byte, error)
	names    []string // by number of the mark
	resolved map[string]resolvedVariable
}

type resolvedVariable struct {
	value   string
	problem string
}

// Marks are a number between two characters of private use.
const (
	markStart = '\uE000'
	markEnd   = '\uE001'
)

var (
	// A backslash or doubled dollar sign is not an escape: write a variable.
	variable     = regexp.MustCompile(`\$\{([^{}\r\n]*)\}`)
	mark         = regexp.MustCompile(string(markStart) + `(\d{1,7})` + string(markEnd))
	variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

func newVariables(lookup func(string) (string, bool), readFile func(string) ([]byte, error)) *variables {
	return &variables{lookup: lookup, readFile: readFile, resolved: map[string]resolvedVariable{}}
}

// marked is data with marks for its variables. It fails on data that is not
// text, or holds marks of its own.
func (v *variables) marked(data []byte) (text string, line int, err error) {
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	for i := 0; i < len(data); {
		c, size := utf8.DecodeRune(data[i:])
		if c == utf8.RuneError && size == 1 || c == markStart || c == markEnd || c == 0 {
			return "", 1 + bytes.Count(data[:i], []byte("\n")), fmt.Errorf("not UTF-8 text")
		}
		i += size
	}
	return variable.ReplaceAllStringFunc(string(data), func(s string) string {
		v.names = append(v.names, s[2:len(s)-1])
		return string(markStart) + strconv.Itoa(len(v.names)-1) + string(markEnd)
	}), 0, nil
}

// used reports whether text holds variables.
func (v *variables) used(text string) bool { return strings.ContainsRune(text, markStart) }

// named is text with its variables as they were written.
func (v *variables) named(text string) string {
	return mark.ReplaceAllStringFunc(text, func(s string) string { return "${" + v.name(s) + "}" })
}

func (v *variables) name(marked string) string {
	n, err := strconv.Atoi(mark.FindStringSubmatch(marked)[1])
	if err != nil || n >= len(v.names) {
		return ""
	}
	return v.names[n]
}

// replaced is text with the values of its variables, and what is wrong with
// them.
func (v *variables) replaced(text string) (out string, problems []string) {
	out = mark.ReplaceAllStringFunc(text, func(s string) string {
		name := v.name(s)
		r, ok := v.resolved[name]
		if !ok {
			r = v.resolve(name)
			v.resolved[name] = r
		}
		if r.problem != "" {
			problems = append(problems, r.problem)
		}
		return r.value
	})
	return out, problems
}

func (v *variables) resolve(name string) resolvedVariable {
	if path, ok := strings.CutPrefix(name, "file:"); ok {
		data, err := v.readFile(path)
		value := strings.TrimRight(string(data), "\r\n")
		switch {
		case err != nil:
			return resolvedVariable{problem: fmt.Sprintf("${%s}: the file cannot be read: %v", name, err)}
		case len(data) > maxProvision || !utf8.ValidString(value):
			return resolvedVariable{problem: fmt.Sprintf("${%s}: the file is not a short text", name)}
		case value == "":
			return resolvedVariable{problem: fmt.Sprintf("${%s}: the file is empty", name)}
		}
		return resolvedVariable{value: value}
	}
	if !variableName.MatchString(name) {
		return resolvedVariable{problem: fmt.Sprintf("not ${NAME} or ${file:PATH}: %q", cut("${"+name+"}", 60))}
	}
	value, ok := v.lookup(name)
	if !ok || value == "" {
		return resolvedVariable{problem: fmt.Sprintf("the variable %s is not set", name)}
	}
	return resolvedVariable{value: value}
}

// hidden is a message with the names of variables in place of their values. It
// says nothing more of a message that holds a part of one.
func (v *variables) hidden(message string) string {
	message = v.named(message)
	for name, r := range v.resolved {
		for _, value := range []string{r.value, quotedInside(r.value)} {
			if len(value) >= shortestSecret {
				message = strings.ReplaceAll(message, value, "${"+name+"}")
			}
		}
	}
	for _, r := range v.resolved {
		if shows(message, r.value) {
			field, _, _ := strings.Cut(message, ":")
			return field + ": this value cannot be used"
		}
	}
	return message
}

// shortestSecret is the length of what is worth hiding; shorter values are in
// any message.
const shortestSecret = 4

// shows reports whether a message holds a value or its beginning, also quoted.
func shows(message, value string) bool {
	for _, v := range []string{value, quotedInside(value)} {
		if len(v) >= shortestSecret && strings.Contains(message, v[:min(len(v), 2*shortestSecret)]) {
			return true
		}
	}
	return false
}

// quotedInside is s as it appears within quotes.
func quotedInside(s string) string { return strings.Trim(strconv.Quote(s), `"`) }
