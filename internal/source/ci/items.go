package ci

import (
	"fmt"
	"strings"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

// eachOf calls read for the object that a body is, or for each of the 1 to 1,000 of
// its array, with their paths. The error, of the type Errors, is of a body that is
// neither.
func eachOf(body []byte, noun string, read func(v any, at string)) (batch bool, err error) {
	root, err := decode(body)
	if err != nil {
		return false, err
	}
	switch root := root.(type) {
	case *object:
		read(root, "$")
		return false, nil
	case []any:
		if len(root) == 0 || len(root) > maxItems {
			return true, wrongBody("must have 1 to %d %s, and has %d", maxItems, noun, len(root))
		}
		for i, v := range root {
			read(v, fmt.Sprintf("$[%d]", i))
		}
		return true, nil
	}
	return false, wrongBody("must be an object or an array of objects")
}

// Read is one fact of a body, or what is wrong with it.
type Read[T any] struct {
	Fact T
	ID   string // "" when it is wrong itself
	// Err is of the type Errors, with paths from the body's root, and then of Fact
	// nothing is read; nil when Fact holds.
	Err error
	at  string
}

// readAll reads a body of facts that know their IDs.
func readAll[T any](body []byte, noun string, read func(fields) T, id func(*T) string) (items []Read[T], batch bool, err error) {
	batch, err = eachOf(body, noun, func(v any, at string) {
		item := Read[T]{at: at}
		wrong := &problems{root: at}
		if f, ok := fieldsOf(v, at, wrong); ok {
			fact := read(f)
			item.ID = id(&fact)
			if len(wrong.found) == 0 {
				item.Fact = fact
			}
		}
		item.Err = wrong.err()
		items = append(items, item)
	})
	return items, batch, err
}

// push is what a body of facts comes to; of says how one is stored and told.
func push[T any](items []Read[T], batch bool, of func(T) source.PushedItem) source.Pushed {
	out := source.Pushed{Listed: batch, Items: make([]source.PushedItem, len(items))}
	for i, item := range items {
		if item.Err == nil {
			out.Items[i] = of(item.Fact)
			out.Items[i].Path = item.at
		}
		out.Items[i].ID, out.Items[i].Err = item.ID, item.Err
	}
	return out
}

// madeUp is the id of a fact that was pushed without one: the same for the same key.
func madeUp(kind string, key ...string) string {
	return fmt.Sprintf("auto-%016x", delivery.FactNumber("pushed "+kind, key...))
}

// oneOf complains unless one of the members is said.
func (f fields) oneOf(names ...string) {
	for _, name := range names {
		if v := f.value(name); v != nil && v != "" {
			return
		}
	}
	f.reject(names[0], "or "+strings.Join(names[1:], " or ")+" is required")
}

// label is a text on one line that is not blank, "" when not said.
func (f fields) label(name string) string {
	s := f.text(name, maxName)
	if s == "" {
		return ""
	}
	if message := wrongName(s, maxName); message != "" {
		f.reject(name, message)
		return ""
	}
	return s
}

// after complains about a time that is before another one.
func (f fields) after(late, early string, at, before delivery.Instant) {
	if at.Known() && before.Known() && at < before {
		f.reject(late, "is before "+early)
	}
}
