package series

import (
	"bytes"
	"errors"
)

// reader cuts JSON into values without making anything of them. It takes bare NaN,
// Infinity and -Infinity for numbers.
type reader struct {
	b     []byte
	i     int
	depth int
}

// maxDepth is how deep values may lie in each other.
const maxDepth = 32

var (
	errEnd      = errors.New("it ends too soon")
	errDeep     = errors.New("lists and objects lie more than 32 deep")
	errValue    = errors.New("a value was expected")
	errName     = errors.New("a name in quotes was expected")
	errColon    = errors.New("a colon was expected")
	errComma    = errors.New("a comma or the end of the list was expected")
	errEscape   = errors.New("an escape that JSON does not have")
	errControl  = errors.New("a control character in a text")
	errNumber   = errors.New("a number that JSON does not have")
	errUnending = errors.New("a text that is not closed")
)

// peek is the next byte, 0 at the end.
func (r *reader) peek() byte {
	if r.i < len(r.b) {
		return r.b[r.i]
	}
	return 0
}

func (r *reader) space() {
	for r.i < len(r.b) {
		switch r.b[r.i] {
		case ' ', '\t', '\n', '\r':
			r.i++
		default:
			return
		}
	}
}

// enter begins a list or an object.
func (r *reader) enter() error {
	if r.depth++; r.depth > maxDepth {
		return errDeep
	}
	r.i++
	r.space()
	return nil
}

// more passes the comma behind an element, or the closing mark.
func (r *reader) more(closing byte) (bool, error) {
	r.space()
	switch r.peek() {
	case ',':
		r.i++
		r.space()
		return true, nil
	case closing:
		r.i++
		r.depth--
		return false, nil
	case 0:
		return false, errEnd
	}
	return false, errComma
}

// list calls f at each element, which f has to pass.
func (r *reader) list(f func() error) error {
	if err := r.enter(); err != nil {
		return err
	}
	if r.peek() == ']' {
		_, err := r.more(']')
		return err
	}
	for {
		if err := f(); err != nil {
			return err
		}
		if more, err := r.more(']'); err != nil || !more {
			return err
		}
	}
}

// object calls f at each value, which f has to pass, with its name in quotes.
func (r *reader) object(f func(name []byte) error) error {
	if err := r.enter(); err != nil {
		return err
	}
	if r.peek() == '}' {
		_, err := r.more('}')
		return err
	}
	for {
		if r.peek() != '"' {
			return errName
		}
		name, err := r.text()
		if err != nil {
			return err
		}
		r.space()
		if r.peek() != ':' {
			return errColon
		}
		r.i++
		r.space()
		if err := f(name); err != nil {
			return err
		}
		if more, err := r.more('}'); err != nil || !more {
			return err
		}
	}
}

// value passes the next value.
func (r *reader) value() (field, error) {
	begin, kind := r.i, r.peek()
	var err error
	switch {
	case kind == '"':
		_, err = r.text()
	case kind == '{':
		err = r.object(func([]byte) error { _, err := r.value(); return err })
	case kind == '[':
		err = r.list(func() error { _, err := r.value(); return err })
	case kind == '-' || kind >= '0' && kind <= '9':
		err = r.number()
	default:
		err = r.word()
	}
	return field{kind, r.b[begin:r.i]}, err
}

func (r *reader) word() error {
	for _, word := range []string{"null", "true", "false", "NaN", "Infinity"} {
		if bytes.HasPrefix(r.b[r.i:], []byte(word)) {
			r.i += len(word)
			return nil
		}
	}
	if r.i == len(r.b) {
		return errEnd
	}
	return errValue
}

// text passes a text in quotes.
func (r *reader) text() ([]byte, error) {
	begin := r.i
	for r.i++; r.i < len(r.b); r.i++ {
		switch c := r.b[r.i]; {
		case c == '"':
			r.i++
			return r.b[begin:r.i], nil
		case c == '\\':
			if err := r.escape(); err != nil {
				return nil, err
			}
		case c < ' ':
			return nil, errControl
		}
	}
	return nil, errUnending
}

// escape passes all but the last byte of what begins with a backslash.
func (r *reader) escape() error {
	if r.i++; r.i == len(r.b) {
		return errUnending
	}
	if r.b[r.i] != 'u' {
		if bytes.IndexByte([]byte(`"\/bfnrt`), r.b[r.i]) < 0 {
			return errEscape
		}
		return nil
	}
	for range 4 {
		if r.i++; r.i == len(r.b) {
			return errUnending
		}
		c := r.b[r.i]
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
			return errEscape
		}
	}
	return nil
}

// number passes a number: as JSON has it, or -Infinity.
func (r *reader) number() error {
	if r.peek() == '-' {
		if r.i++; bytes.HasPrefix(r.b[r.i:], []byte("Infinity")) {
			r.i += len("Infinity")
			return nil
		}
	}
	switch c := r.peek(); {
	case c == '0':
		r.i++
	case r.digits() == 0:
		return errNumber
	}
	if r.peek() == '.' {
		if r.i++; r.digits() == 0 {
			return errNumber
		}
	}
	if c := r.peek(); c == 'e' || c == 'E' {
		r.i++
		if c := r.peek(); c == '+' || c == '-' {
			r.i++
		}
		if r.digits() == 0 {
			return errNumber
		}
	}
	return nil
}

func (r *reader) digits() (n int) {
	for ; r.peek() >= '0' && r.peek() <= '9'; n++ {
		r.i++
	}
	return n
}
