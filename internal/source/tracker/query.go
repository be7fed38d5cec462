package tracker

import (
	"regexp"
	"strings"
	"time"

	"throughline/internal/delivery"
)

// scope is a condition of the query language that says which issues belong to
// the connection; "" means all.
type scope string

// sortBy finds the order that an own query asks for: a walk needs its own.
var sortBy = regexp.MustCompile(`(?is)"(?:sort by|сортировать)"\s*:\s*` + sortTerm + `(?:\s*,\s*` + sortTerm + `)*`)

const sortTerm = `(?:"[^"]*"|[\pL\pN_.-]+)(?:\s+(?:asc|desc)\b)?`

// scopeOf is the own query without its order, else the queues in and out.
func scopeOf(queues []string, own string) scope {
	if own = strings.TrimSpace(sortBy.ReplaceAllString(own, " ")); own != "" {
		return scope("(" + own + ")")
	}
	var in, conditions []string
	for _, q := range queues {
		if out, not := strings.CutPrefix(q, "!"); not {
			conditions = append(conditions, "Queue: !"+out)
		} else {
			in = append(in, q)
		}
	}
	if len(in) > 0 {
		conditions = append([]string{"Queue: " + strings.Join(in, ", ")}, conditions...)
	}
	return scope(strings.Join(conditions, " AND "))
}

// between is the query for issues of the scope updated in [from, to); to may
// be 0 for no end.
func (s scope) between(from, to delivery.Instant) string {
	q := `Updated: >= "` + queryTime(from) + `"`
	if to.Known() {
		q += ` AND Updated: < "` + queryTime(to) + `"`
	}
	if s != "" {
		q = string(s) + " AND " + q
	}
	return q
}

// queryTime writes an instant for the query language, which knows no zones and
// no fractions: what the server makes of it may be off by zoneSlack.
func queryTime(i delivery.Instant) string {
	return i.Time().Format(time.DateTime)
}

// zoneSlack is how far a time in a query may be misread, with an hour to spare:
// zones reach from UTC−12 to UTC+14.
const zoneSlack = delivery.Instant(15 * time.Hour / time.Millisecond)

// beginning lies before every issue; conditions need some time.
var beginning = delivery.InstantOf(time.Date(1971, 1, 1, 0, 0, 0, 0, time.UTC))
