package tracker

import (
	"encoding/json"
	"fmt"

	"throughline/internal/source"
)

// The functions here split JSON that is known to be valid, without copying it:
// pulls spend most of their time here, and most of what they read is not kept.

// elements are the elements of a list; false when raw is none.
func elements(raw json.RawMessage) ([]json.RawMessage, bool) {
	i := blank(raw, 0)
	if i == len(raw) || raw[i] != '[' {
		return nil, false
	}
	out := []json.RawMessage{}
	for i = blank(raw, i+1); i < len(raw) && raw[i] != ']'; i = blank(raw, i) {
		end := after(raw, i)
		out = append(out, raw[i:end:end])
		if i = blank(raw, end); i < len(raw) && raw[i] == ',' {
			i++
		}
	}
	return out, true
}

// members calls each for every member of an object; false when raw is none.
func members(raw json.RawMessage, each func(name []byte, value json.RawMessage)) bool {
	i := blank(raw, 0)
	if i == len(raw) || raw[i] != '{' {
		return false
	}
	for i = blank(raw, i+1); i < len(raw) && raw[i] != '}'; i = blank(raw, i) {
		end := after(raw, i)
		name := raw[i:end]
		i = blank(raw, blank(raw, end)+1) // behind the colon
		end = after(raw, i)
		each(unquoted(name), raw[i:end:end])
		if i = blank(raw, end); i < len(raw) && raw[i] == ',' {
			i++
		}
	}
	return true
}

// unquoted is the text of a JSON string.
func unquoted(quoted json.RawMessage) []byte {
	for _, c := range quoted {
		if c == '\\' {
			var s string
			_ = json.Unmarshal(quoted, &s) // valid, as all here
			return []byte(s)
		}
	}
	return quoted[1 : len(quoted)-1]
}

// blank is the first index from i on that is not white space.
func blank(raw json.RawMessage, i int) int {
	for i < len(raw) && (raw[i] == ' ' || raw[i] == '\t' || raw[i] == '\r' || raw[i] == '\n') {
		i++
	}
	return i
}

// after is the index behind the value that begins at i.
func after(raw json.RawMessage, i int) int {
	depth := 0
	for ; i < len(raw); i++ {
		switch raw[i] {
		case '"':
			if i = quote(raw, i); depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth < 0 {
				return i // behind a number or a word
			}
			if depth == 0 {
				return i + 1
			}
		case ',', ':', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return i
			}
		}
	}
	return i
}

// quote is the index of the quote that closes the string that begins at i.
func quote(raw json.RawMessage, i int) int {
	for i++; i < len(raw) && raw[i] != '"'; i++ {
		if raw[i] == '\\' {
			i++
		}
	}
	return min(i, len(raw)-1)
}

func isObject(raw json.RawMessage) bool {
	i := blank(raw, 0)
	return i < len(raw) && raw[i] == '{'
}

// isNull is true for what is absent, too.
func isNull(raw json.RawMessage) bool {
	return len(raw) == 0 || string(raw) == "null"
}

// fault is what is wrong with a record, and where: a JSON path below the one
// who tells.
type fault struct {
	path, message string
	phrase        source.Phrase // without the name of the field
}

// wrong is a fault of the value itself; id names it in the message catalogue,
// below "said.field.".
func wrong(id, message string, args ...string) *fault {
	return &fault{message: message, phrase: source.Phrase{ID: "field." + id, Args: args}}
}

func (f *fault) Error() string { return f.sentence() }

// in is the fault as seen from further up; none stays none.
func (f *fault) in(path string) *fault {
	if f == nil {
		return nil
	}
	return &fault{path + f.path, f.message, f.phrase}
}

// at is the fault of the i-th element of a list.
func (f *fault) at(i int) *fault {
	if f == nil {
		return nil
	}
	return f.in(fmt.Sprintf("[%d]", i))
}
