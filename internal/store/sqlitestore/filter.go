package sqlitestore

import (
	"encoding/json"
	"strconv"
	"strings"

	"throughline/internal/delivery"
)

// filterArgs binds ?1 to ?3 of every statement that takes a filter.
func filterArgs(f *delivery.Filter) []any {
	queues, all := f.QueueKeys()
	args := []any{jsonList(f.Connections), jsonList(queues), jsonList(f.Types)}
	if !all && len(queues) == 0 {
		args[1] = "[]" // no queue at all
	}
	return args
}

// jsonList is what json_each reads; nil, which filters nothing, when there are
// no values.
func jsonList[T any](values []T) any {
	if len(values) == 0 {
		return nil
	}
	b, err := json.Marshal(values)
	if err != nil {
		panic(err) // values are strings or integers
	}
	return string(b)
}

// cursor is a place in a list of issues.
type cursor struct {
	createdAt delivery.Instant
	pk        int64
}

func (c cursor) String() string {
	return strconv.FormatInt(int64(c.createdAt), 10) + ":" + strconv.FormatInt(c.pk, 10)
}

// parseCursor reads what String wrote and nothing else. The empty text is
// before the first issue.
func parseCursor(s string) (cursor, error) {
	if s == "" {
		return cursor{createdAt: -forever}, nil
	}
	at, pk, _ := strings.Cut(s, ":")
	createdAt, err1 := strconv.ParseInt(at, 10, 64)
	id, err2 := strconv.ParseInt(pk, 10, 64)
	c := cursor{delivery.Instant(createdAt), id}
	if err1 != nil || err2 != nil || c.String() != s {
		return cursor{}, &delivery.FilterError{Param: "cursor", Message: "not one of this list"}
	}
	return c, nil
}
