package delivery

import (
	"fmt"
	"strconv"
	"strings"
)

// Cursor is a place in a list that is ordered by an instant and the store's number
// of a record.
type Cursor struct {
	At     Instant
	Number int64
}

func (c Cursor) String() string {
	return strconv.FormatInt(int64(c.At), 10) + ":" + strconv.FormatInt(c.Number, 10)
}

// ParseCursor reads what String wrote and nothing else. The error is a
// *FilterError.
func ParseCursor(s string) (Cursor, error) {
	at, number, _ := strings.Cut(s, ":")
	ms, err1 := strconv.ParseInt(at, 10, 64)
	n, err2 := strconv.ParseInt(number, 10, 64)
	c := Cursor{Instant(ms), n}
	if err1 != nil || err2 != nil || c.String() != s {
		return Cursor{}, &FilterError{Param: "cursor", Message: "not one of this list"}
	}
	return c, nil
}

// ParseExported is the number of the last issue that Store.Export returned next
// for, 0 before the first.
func ParseExported(after string) (int64, error) {
	if after == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(after, 10, 64)
	if err != nil || n <= 0 {
		return 0, fmt.Errorf("not a place that an export stopped at: %q", after)
	}
	return n, nil
}
