package ci

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds of a document, so that a small body cannot take much memory or stack.
const (
	maxDepth  = 32
	maxValues = 500_000
)

// object is a JSON object that remembers what a map forgets.
type object struct {
	keys     []string // each once, in the document's order
	values   map[string]any
	repeated []string // each once
}

// decode reads a body that is one JSON value: nil, bool, string, json.Number,
// []any or *object. Its error is of the type Errors.
func decode(body []byte) (any, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, wrongBody("is empty, a JSON document is expected")
	}
	if at := invalidUTF8(body); at >= 0 {
		return nil, wrongBody("is not UTF-8 at byte %d (line %d)", at, line(body, at))
	}
	if !json.Valid(body) {
		return nil, invalid(body)
	}
	root, err := (&tree{rest: body}).value(1)
	if err != nil {
		return nil, wrongBody("%v", err)
	}
	return root, nil
}

// invalid says where and why a body is not JSON.
func invalid(body []byte) error {
	err := json.Unmarshal(body, new(json.RawMessage))
	at := len(body)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		at = int(syntax.Offset)
	}
	return wrongBody("is not JSON at byte %d (line %d): %v", at, line(body, at), err)
}

// invalidUTF8 is where body stops being UTF-8, or -1.
func invalidUTF8(body []byte) int {
	if utf8.Valid(body) {
		return -1
	}
	at := 0
	for {
		r, size := utf8.DecodeRune(body[at:])
		if r == utf8.RuneError && size == 1 {
			return at
		}
		at += size
	}
}

// line counts from 1.
func line(body []byte, offset int) int {
	return 1 + bytes.Count(body[:min(offset, len(body))], []byte{'\n'})
}

// tree builds values from a document that is known to be JSON: of such a one
// their bytes are read as they come, in a third of the time that a json.Decoder
// takes for its tokens.
type tree struct {
	rest   []byte
	values int
}

// next is the first byte of what comes next.
func (t *tree) next() byte {
	i := 0
	for t.rest[i] <= ' ' {
		i++
	}
	t.rest = t.rest[i:]
	return t.rest[0]
}

func (t *tree) skip(n int) { t.rest = t.rest[n:] }

func (t *tree) value(depth int) (any, error) {
	if depth > maxDepth {
		return nil, errors.New("is nested too deeply")
	}
	if t.values++; t.values > maxValues {
		return nil, errors.New("has too many values, send it in several parts")
	}
	switch t.next() {
	case '[':
		return t.list(depth)
	case '{':
		return t.object(depth)
	case '"':
		return t.text()
	case 't':
		t.skip(len("true"))
		return true, nil
	case 'f':
		t.skip(len("false"))
		return false, nil
	case 'n':
		t.skip(len("null"))
		return nil, nil
	}
	return t.number(), nil
}

func (t *tree) list(depth int) ([]any, error) {
	t.skip(1)
	list := []any{}
	for t.next() != ']' {
		v, err := t.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		t.comma()
	}
	t.skip(1)
	return list, nil
}

func (t *tree) comma() {
	if t.next() == ',' {
		t.skip(1)
	}
}

func (t *tree) object(depth int) (*object, error) {
	t.skip(1)
	o := &object{values: map[string]any{}}
	for t.next() != '}' {
		key, err := t.text()
		if err != nil {
			return nil, err
		}
		t.next()
		t.skip(1) // the colon
		v, err := t.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if _, twice := o.values[key]; twice {
			o.repeated = append(o.repeated, key)
		} else {
			o.keys = append(o.keys, key)
		}
		o.values[key] = v
		t.comma()
	}
	t.skip(1)
	slices.Sort(o.repeated)
	o.repeated = slices.Compact(o.repeated)
	return o, nil
}

func (t *tree) text() (string, error) {
	end, plain := 1, true
	for ; t.rest[end] != '"'; end++ {
		if t.rest[end] == '\\' {
			plain = false
			end++ // what follows it ends nothing
		}
	}
	quoted := t.rest[:end+1]
	t.skip(end + 1)
	if plain {
		return string(quoted[1:end]), nil
	}
	var s string
	err := json.Unmarshal(quoted, &s)
	return s, err
}

func (t *tree) number() json.Number {
	end := 0
	for end < len(t.rest) && strings.IndexByte("+-.eE0123456789", t.rest[end]) >= 0 {
		end++
	}
	n := json.Number(t.rest[:end])
	t.skip(end)
	return n
}
