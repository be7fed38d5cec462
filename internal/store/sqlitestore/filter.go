package sqlitestore

import (
	"encoding/json"

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

// parseCursor reads where a list goes on; the empty text is before the first
// issue.
func parseCursor(s string) (delivery.Cursor, error) {
	if s == "" {
		return delivery.Cursor{At: -forever}, nil
	}
	return delivery.ParseCursor(s)
}
