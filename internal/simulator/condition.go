package simulator

import (
	"strconv"
	"strings"

	"throughline/internal/delivery"
)

// searchField makes the predicate of one value of a condition.
type searchField func(p *parser, v valued) (predicate, error)

// searchFields are the fields that queries may name, in lower case.
var searchFields = map[string]searchField{
	"queue":      inQueue,
	"key":        withKey,
	"status":     inDictionary(statuses, func(s *state) index { return s.status }, func(l *loaded) []string { return []string{l.status, l.statusName} }),
	"type":       inDictionary(issueTypes, func(s *state) index { return s.typ }, func(l *loaded) []string { return []string{l.typ} }),
	"priority":   inDictionary(priorities, func(s *state) index { return s.priority }, func(l *loaded) []string { return []string{l.priority} }),
	"resolution": inDictionary(resolutions, func(s *state) index { return s.resolution }, func(l *loaded) []string { return []string{l.resolution} }),
	"assignee":   byPerson(func(s *state) index { return s.assignee }, func(l *loaded) string { return l.assignee }),
	"author":     byPerson(func(s *state) index { return s.author }, func(l *loaded) string { return l.author }),
	"tags":       withTag,
	"created":    atTime(func(s *state) delivery.Instant { return s.createdAt }),
	"updated":    atTime(func(s *state) delivery.Instant { return s.updatedAt }),
	"resolved":   atTime(func(s *state) delivery.Instant { return s.resolvedAt }),
}

func itoa(n int) string { return strconv.Itoa(n) }

// exact refuses comparisons for fields that have no order.
func exact(v valued) error {
	if v.isFar || v.sign != "" && v.sign != "!" && v.sign != "!=" {
		return queryErrorf(v.from.at, "%q cannot be compared", v.from.text)
	}
	return nil
}

// emptiness handles empty() and notEmpty().
func emptiness(v valued, empty predicate) (m predicate, ok bool, err error) {
	if !v.from.call {
		return nil, false, nil
	}
	switch strings.ToLower(v.from.text) {
	case "empty":
		return empty, true, nil
	case "notempty":
		return func(s *state) bool { return !empty(s) }, true, nil
	case "now", "today", "me":
		return nil, false, nil
	}
	return nil, false, queryErrorf(v.from.at, "unknown function %s()", v.from.text)
}

func inQueue(p *parser, v valued) (predicate, error) {
	if err := exact(v); err != nil {
		return nil, err
	}
	key := v.from.text
	if q, ok := queueByKey(key); ok {
		return func(s *state) bool {
			return s.raw == nil && s.queue == q || s.raw != nil && equalFold(s.raw.queue, key)
		}, nil
	}
	for _, is := range p.c.loaded {
		if equalFold(is.raw.queue, key) {
			return func(s *state) bool { return s.raw != nil && equalFold(s.raw.queue, key) }, nil
		}
	}
	return nil, queryErrorf(v.from.at, "there is no queue %s", key)
}

func withKey(p *parser, v valued) (predicate, error) {
	if v.isFar {
		from, to := splitKey(v.from.text), splitKey(v.to.text)
		return func(s *state) bool {
			k := splitKey(s.key())
			return k.queue == from.queue && k.number >= from.number && k.number <= to.number
		}, nil
	}
	if v.sign == "" || v.sign == "!" || v.sign == "!=" {
		is := p.c.byKey[strings.ToUpper(v.from.text)]
		return func(s *state) bool { return s.of == is }, nil
	}
	than := splitKey(v.from.text)
	return func(s *state) bool {
		k := splitKey(s.key())
		return k.queue == than.queue && compares(v.sign, k.number, than.number)
	}, nil
}

func compares[T int | delivery.Instant](sign string, a, b T) bool {
	switch sign {
	case ">":
		return a > b
	case ">=":
		return a >= b
	case "<":
		return a < b
	}
	return a <= b
}

// splitKey splits PAY-12 for comparing.
func splitKey(k string) (out struct {
	queue  string
	number int
},
) {
	i := strings.LastIndexByte(k, '-')
	if i < 0 {
		return out
	}
	out.queue = k[:i]
	out.number, _ = strconv.Atoi(k[i+1:])
	return out
}

func inDictionary(dictionary []entry, of func(*state) index, raw func(*loaded) []string) searchField {
	return func(_ *parser, v valued) (predicate, error) {
		m, ok, err := emptiness(v, func(s *state) bool {
			if s.raw != nil {
				return raw(s.raw)[0] == ""
			}
			return of(s) == 0
		})
		if ok || err != nil {
			return m, err
		}
		if err := exact(v); err != nil {
			return nil, err
		}
		name := v.from.text
		want := lookUp(dictionary, name)
		return func(s *state) bool {
			if s.raw == nil {
				return want != 0 && of(s) == want
			}
			for _, n := range raw(s.raw) {
				if equalFold(n, name) {
					return true
				}
			}
			return false
		}, nil
	}
}

func byPerson(of func(*state) index, raw func(*loaded) string) searchField {
	return func(_ *parser, v valued) (predicate, error) {
		m, ok, err := emptiness(v, func(s *state) bool { return of(s) == nobody && (s.raw == nil || raw(s.raw) == "") })
		if ok || err != nil {
			return m, err
		}
		if err := exact(v); err != nil {
			return nil, err
		}
		want := personNamed(v.from.text)
		if v.from.call && equalFold(v.from.text, "me") {
			want = robot
		}
		if want == nobody && !isDigits(v.from.text) {
			return nil, queryErrorf(v.from.at, "there is nobody called %s", v.from.text)
		}
		return func(s *state) bool {
			if s.raw != nil {
				return raw(s.raw) == v.from.text
			}
			return want != nobody && of(s) == want
		}, nil
	}
}

func isDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// personNamed finds somebody by login, id or name.
func personNamed(name string) index {
	for i, p := range staff[1:] {
		if equalFold(name, p.login) || name == p.id || equalFold(name, p.display) {
			return index(i + 1)
		}
	}
	return nobody
}

func withTag(_ *parser, v valued) (predicate, error) {
	m, ok, err := emptiness(v, func(s *state) bool { return s.tags == 0 && (s.raw == nil || len(s.raw.tags) == 0) })
	if ok || err != nil {
		return m, err
	}
	if err := exact(v); err != nil {
		return nil, err
	}
	want := v.from.text
	return func(s *state) bool {
		if s.raw != nil {
			for _, t := range s.raw.tags {
				if equalFold(t, want) {
					return true
				}
			}
			return false
		}
		for i, t := range tagNames {
			if equalFold(t, want) {
				return has(s.tags, i)
			}
		}
		return false
	}, nil
}
