package ci

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
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
	// The tokens below are checked one by one only; this checks the whole.
	if err := json.Unmarshal(body, new(json.RawMessage)); err != nil {
		at := len(body)
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			at = int(syntax.Offset)
		}
		return nil, wrongBody("is not JSON at byte %d (line %d): %v", at, line(body, at), err)
	}
	t := tree{tokens: json.NewDecoder(bytes.NewReader(body))}
	t.tokens.UseNumber()
	root, err := t.value(1)
	if err != nil {
		return nil, wrongBody("%v", err)
	}
	return root, nil
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

// tree builds values from the tokens of a document.
type tree struct {
	tokens *json.Decoder
	values int
}

func (t *tree) value(depth int) (any, error) {
	if depth > maxDepth {
		return nil, errors.New("is nested too deeply")
	}
	if t.values++; t.values > maxValues {
		return nil, errors.New("has too many values, send it in several parts")
	}
	token, err := t.tokens.Token()
	switch token {
	case json.Delim('['):
		return t.list(depth)
	case json.Delim('{'):
		return t.object(depth)
	}
	return token, err
}

func (t *tree) list(depth int) ([]any, error) {
	list := []any{}
	for t.tokens.More() {
		v, err := t.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := t.tokens.Token()
	return list, err
}

func (t *tree) object(depth int) (*object, error) {
	o := &object{values: map[string]any{}}
	for t.tokens.More() {
		token, err := t.tokens.Token()
		if err != nil {
			return nil, err
		}
		v, err := t.value(depth + 1)
		if err != nil {
			return nil, err
		}
		key, _ := token.(string)
		if _, twice := o.values[key]; twice {
			o.repeated = append(o.repeated, key)
		} else {
			o.keys = append(o.keys, key)
		}
		o.values[key] = v
	}
	slices.Sort(o.repeated)
	o.repeated = slices.Compact(o.repeated)
	_, err := t.tokens.Token()
	return o, err
}
