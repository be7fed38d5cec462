package ci

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"throughline/internal/source"
)

// maxErrors is how many errors are told of one run.
const maxErrors = 100

// FieldError says what is wrong with one value of a body. Its message goes on from
// the path, "must be a number", and never holds the value.
type FieldError = source.BodyError

// Errors is all that is wrong with a body or with one run of it, sorted by path
// with indexes as numbers. There are at most 100: of more, the last says how many
// are not told.
type Errors []*FieldError

func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, field := range e {
		lines[i] = field.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.As find the first FieldError.
func (e Errors) Unwrap() []error {
	errs := make([]error, len(e))
	for i, field := range e {
		errs[i] = field
	}
	return errs
}

// wrongBody is an error of the body as a whole.
func wrongBody(format string, args ...any) error {
	return Errors{{Path: "$", Message: fmt.Sprintf(format, args...)}}
}

// problems collects what is wrong below one path.
type problems struct {
	root  string
	found Errors
	more  int // beyond the first maxErrors, which are enough to begin with
}

func (p *problems) add(path, message string) {
	if len(p.found) == maxErrors {
		p.more++
		return
	}
	p.found = append(p.found, &FieldError{Path: path, Message: message})
}

// err is what was found as Errors, or nil.
func (p *problems) err() error {
	if len(p.found) == 0 {
		return nil
	}
	slices.SortStableFunc(p.found, func(a, b *FieldError) int { return comparePaths(a.Path, b.Path) })
	if p.more > 0 {
		last := fmt.Sprintf("has %d more errors", p.more+1)
		p.found[maxErrors-1] = &FieldError{Path: p.root, Message: last}
	}
	return p.found
}

// comparePaths orders $[2] before $[10].
func comparePaths(a, b string) int {
	for a != "" && b != "" {
		x, y := digits(a), digits(b)
		if x == "" || y == "" {
			if a[0] != b[0] {
				return cmp.Compare(a[0], b[0])
			}
			a, b = a[1:], b[1:]
			continue
		}
		if c := cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(x, y)); c != 0 {
			return c
		}
		a, b = a[len(x):], b[len(y):]
	}
	return cmp.Compare(len(a), len(b))
}

// digits is the number that s begins with.
func digits(s string) string {
	return s[:len(s)-len(strings.TrimLeft(s, "0123456789"))]
}
