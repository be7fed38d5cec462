package delivery

import (
	"encoding/json"
	"strconv"
	"strings"
)

// plainReader reads JSON as PlainJSON writes it, in a tenth of the time that
// encoding/json takes: panels of errors read ten thousand bodies of facts at once. What
// it does not expect makes it stop, and whoever asked goes the long way.
type plainReader struct {
	s   string
	i   int
	bad bool
}

// next reports whether c comes next, and goes behind it.
func (r *plainReader) next(c byte) bool {
	if r.i < len(r.s) && r.s[r.i] == c {
		r.i++
		return true
	}
	return false
}

func (r *plainReader) want(c byte) {
	if !r.next(c) {
		r.stop()
	}
}

func (r *plainReader) stop() { r.bad, r.i = true, len(r.s) }

// object calls field for each name, which must read the value.
func (r *plainReader) object(field func(name string)) {
	r.want('{')
	for first := true; !r.bad && !r.next('}'); first = false {
		if !first {
			r.want(',')
		}
		name := r.text()
		r.want(':')
		field(name)
	}
}

// list calls item for each value, which must read it; null is none.
func (r *plainReader) list(item func()) {
	if r.null() {
		return
	}
	r.want('[')
	for first := true; !r.bad && !r.next(']'); first = false {
		if !first {
			r.want(',')
		}
		item()
	}
}

// word goes behind a word if it comes next.
func (r *plainReader) word(w string) bool {
	if strings.HasPrefix(r.s[r.i:], w) {
		r.i += len(w)
		return true
	}
	return false
}

func (r *plainReader) null() bool { return r.word("null") }

func (r *plainReader) yes() bool {
	switch {
	case r.word("true"):
		return true
	case !r.word("false"):
		r.stop()
	}
	return false
}

func (r *plainReader) text() string {
	r.want('"')
	from, escaped := r.i, false
	for r.i < len(r.s) {
		switch c := r.s[r.i]; {
		case c == '"':
			r.i++
			if !escaped {
				return r.s[from : r.i-1]
			}
			var out string
			if json.Unmarshal([]byte(r.s[from-1:r.i]), &out) != nil {
				r.stop()
			}
			return out
		case c == '\\':
			escaped = true
			r.i++
		case c < ' ':
			r.stop()
		}
		r.i++
	}
	r.stop()
	return ""
}

// textOrNull is nil for null.
func (r *plainReader) textOrNull() *string {
	if r.null() {
		return nil
	}
	text := r.text()
	return &text
}

func (r *plainReader) digits() string {
	from := r.i
	for r.i < len(r.s) && strings.IndexByte("+-.0123456789Ee", r.s[r.i]) >= 0 {
		r.i++
	}
	return r.s[from:r.i]
}

func (r *plainReader) whole() int64 {
	n, err := strconv.ParseInt(r.digits(), 10, 64)
	if err != nil {
		r.stop()
	}
	return n
}

func (r *plainReader) number() float64 {
	n, err := strconv.ParseFloat(r.digits(), 64)
	if err != nil {
		r.stop()
	}
	return n
}

// instant is 0 for null.
func (r *plainReader) instant() Instant {
	if r.null() {
		return 0
	}
	from := r.i
	r.text()
	at, ok := plainInstant(r.s[from:min(r.i, len(r.s))])
	if !ok && !r.bad && at.UnmarshalJSON([]byte(r.s[from:r.i])) != nil {
		r.stop()
	}
	return at
}

// hours reads a value for each hour of a day.
func hours[T any](r *plainReader, into *[HoursADay]T, read func() T) {
	n := 0
	r.list(func() {
		if n == HoursADay {
			r.stop()
			return
		}
		into[n] = read()
		n++
	})
}

// done reports whether all was read.
func (r *plainReader) done() bool { return !r.bad && r.i == len(r.s) }
