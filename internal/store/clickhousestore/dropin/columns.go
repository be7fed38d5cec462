package dropin

import (
	"strings"
)

// kind is what the values of a column are.
type kind uint8

const (
	noKind  kind = iota
	text         // a text
	list         // of texts
	instant      // a moment, 1970-01-01 for none
	day          // a date, 1970-01-01 for none
	whole        // a whole number
	real         // a number
	flag         // yes or no
)

// column is a column of one of the tables, as we make it.
type column struct {
	name string
	typ  string
	kind kind
}

const (
	textType    = "String"
	wordType    = "LowCardinality(String)" // few different texts
	listType    = "Array(String)"
	instantType = "DateTime64(3, 'UTC')"
	dayType     = "Date"
	flagType    = "UInt8"

	versionColumn = "version"
	keyColumn     = "issue_key"
)

var issueColumns = []column{
	{versionColumn, instantType, instant},
	{"queue", wordType, text},
	{"title", textType, text},
	{keyColumn, textType, text},
	{"issue_type", wordType, text},
	{"priority", wordType, text},
	{"status", wordType, text},
	{"resolution", wordType, text},
	{"assignee", textType, text},
	{"author", textType, text},
	{"qa_engineer", textType, text},
	{"tags", listType, list},
	{"components", listType, list},
	{"project", wordType, text},
	{"created_at", instantType, instant},
	{"updated_at", instantType, instant},
	{"deadline", dayType, day},
	{"start_date", dayType, day},
	{"end_date", dayType, day},
	{"closed_at", instantType, instant},
	{"resolved_at", instantType, instant},
	{"moved_at", instantType, instant},
	{"is_subtask", flagType, flag},
	{"is_closed", flagType, flag},
	{"is_resolved", flagType, flag},
	{"story_points", "Float32", real},
	{"sprints", listType, list},
	{"parent_issue_key", textType, text},
	{"epic_issue_key", textType, text},
	{"aliases", listType, list},
	{"was_moved", flagType, flag},
	{"moved_by", textType, text},
}

var metricColumns = []column{
	{versionColumn, instantType, instant},
	{"last_seen", instantType, instant},
	{keyColumn, textType, text},
	{"status_name", wordType, text},
	{"status_transitions_count", "UInt8", whole},
	{"duration", "UInt32", whole},
	{"human_readable_duration", textType, text},
	{"busdays_duration", "UInt32", whole},
	{"human_readable_busdays_duration", textType, text},
}

var changeColumns = []column{
	{versionColumn, instantType, instant},
	{"event_time", instantType, instant},
	{keyColumn, textType, text},
	{"queue", wordType, text},
	{"event_type", wordType, text},
	{"transport", wordType, text},
	{"actor", textType, text},
	{"changed_field", textType, text},
	{"changed_from", textType, text},
	{"changed_to", textType, text},
}

// bare is a type without what does not concern its values, and whether it may
// be NULL.
func bare(typ string) (string, bool) {
	null := false
	for {
		if inner, ok := within(typ, "LowCardinality"); ok {
			typ = inner
		} else if inner, ok := within(typ, "Nullable"); ok {
			typ, null = inner, true
		} else {
			return typ, null
		}
	}
}

// within is what stands between the brackets of wrapper(…).
func within(typ, wrapper string) (string, bool) {
	inner, ok := strings.CutPrefix(typ, wrapper+"(")
	if !ok || !strings.HasSuffix(inner, ")") {
		return "", false
	}
	return strings.TrimSpace(inner[:len(inner)-1]), true
}

// kindOf is the kind of values that a column of a type takes, noKind for one
// that we do not write.
func kindOf(typ string) kind {
	typ, _ = bare(typ)
	if inner, ok := within(typ, "Array"); ok {
		if inner, _ = bare(inner); inner == "String" {
			return list
		}
		return noKind
	}
	name, _, _ := strings.Cut(typ, "(")
	switch name {
	case "String":
		return text
	case "DateTime64", "DateTime":
		return instant
	case "Date", "Date32":
		return day
	case "UInt8", "UInt16", "UInt32", "UInt64", "Int8", "Int16", "Int32", "Int64":
		return whole
	case "Float32", "Float64":
		return real
	case "Bool":
		return flag
	}
	return noKind
}

// takes reports whether a column of a type can hold the values of a kind.
func takes(typ string, k kind) bool {
	has := kindOf(typ)
	switch k {
	case flag:
		return has == flag || has == whole
	case day:
		return has == day || has == instant
	}
	return has == k
}
