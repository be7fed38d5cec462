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

// Exported is the place that an export stopped at: the store's number of the last
// issue, or of the last run, as runs are behind all issues, or of the last of the
// other facts, which come then, by connection, or of the series of the last point or,
// behind all else, of the last sealed hour. The zero value is before the first issue.
type Exported struct {
	Runs, Facts, Points, Sealed bool
	Connection                  string // of facts
	Number                      int64
	At                          Instant // of a point, or a sealed hour
}

// Before the number of a run, of a fact and of a series; that of an issue stands alone.
const (
	exportedRun    = "run:"
	exportedFact   = "fact:"
	exportedPoint  = "point:"
	exportedSealed = "sealed:"
)

// Series reports whether it is among points or sealed hours, which change without
// another Version.
func (e Exported) Series() bool { return e.Points || e.Sealed }

// String is empty before the first record.
func (e Exported) String() string {
	number := strconv.FormatInt(e.Number, 10)
	switch {
	case e.Number == 0:
		return ""
	case e.Points:
		return exportedPoint + number + ":" + strconv.FormatInt(int64(e.At), 10)
	case e.Sealed:
		return exportedSealed + number + ":" + strconv.FormatInt(int64(e.At), 10)
	case e.Facts:
		return exportedFact + number + ":" + e.Connection
	case e.Runs:
		return exportedRun + number
	}
	return number
}

// ParseExported reads what String wrote.
func ParseExported(after string) (e Exported, err error) {
	if after == "" {
		return e, nil
	}
	var number string
	at := "0"
	if number, e.Facts = strings.CutPrefix(after, exportedFact); e.Facts {
		number, e.Connection, _ = strings.Cut(number, ":")
	} else if number, e.Points = strings.CutPrefix(after, exportedPoint); e.Points {
		number, at, _ = strings.Cut(number, ":")
	} else if number, e.Sealed = strings.CutPrefix(after, exportedSealed); e.Sealed {
		number, at, _ = strings.Cut(number, ":")
	} else {
		number, e.Runs = strings.CutPrefix(after, exportedRun)
	}
	ms, wrong := strconv.ParseInt(at, 10, 64)
	e.At = Instant(ms)
	if e.Number, err = strconv.ParseInt(number, 10, 64); err != nil || wrong != nil || e.Number <= 0 {
		return Exported{}, fmt.Errorf("not a place that an export stopped at: %q", after)
	}
	return e, nil
}
