package simulator

import (
	"strconv"

	"throughline/internal/delivery"
)

// value is what a field holds or held. A nil value is null.
type value interface {
	write(b []byte, w *writer) []byte
}

type (
	statusRef     index
	typeRef       index
	priorityRef   index
	resolutionRef index // 0: null
	personRef     index // 0: null
	queueRef      index // queue + 1
	issueRef      int   // ordinal
	keyRef        struct {
		is  *issue
		nth uint8
	}
	componentSet struct {
		queue index
		set   uint8
	}
	sprintSet struct {
		queue index
		set   uint64
	}
	severity struct {
		queue index
		n     uint8
	}
	tagSet    uint16
	peopleSet uint16
	number    int // 0: null
	text      string
	stamp     delivery.Instant
	date      int32 // 0: null
	span      int32 // minutes; 0: null
)

func null(b []byte) []byte { return append(b, "null"...) }

func (v statusRef) write(b []byte, w *writer) []byte   { return append(b, w.statuses[v]...) }
func (v typeRef) write(b []byte, w *writer) []byte     { return append(b, w.types[v]...) }
func (v priorityRef) write(b []byte, w *writer) []byte { return append(b, w.priorities[v]...) }
func (v queueRef) write(b []byte, w *writer) []byte    { return append(b, w.queues[v-1]...) }
func (v keyRef) write(b []byte, _ *writer) []byte      { return appendText(b, v.is.keys[v.nth]) }
func (v text) write(b []byte, _ *writer) []byte        { return appendText(b, string(v)) }
func (v stamp) write(b []byte, _ *writer) []byte {
	return appendStamp(b, delivery.Instant(v))
}

func (v resolutionRef) write(b []byte, w *writer) []byte {
	if v == 0 {
		return null(b)
	}
	return append(b, w.resolutions[v]...)
}

func (v personRef) write(b []byte, w *writer) []byte {
	if index(v) == nobody {
		return null(b)
	}
	return append(b, w.people[v]...)
}

func (v number) write(b []byte, _ *writer) []byte {
	if v == 0 {
		return null(b)
	}
	return strconv.AppendInt(b, int64(v), 10)
}

func (v date) write(b []byte, _ *writer) []byte {
	if v == 0 {
		return null(b)
	}
	return appendDate(b, int32(v))
}

func (v span) write(b []byte, _ *writer) []byte {
	if v <= 0 {
		return null(b)
	}
	return appendSpan(b, int32(v))
}

func (v severity) write(b []byte, _ *writer) []byte {
	if v.n == 0 {
		return null(b)
	}
	return appendText(b, severities[v.n])
}

// list writes the members of a set as an array.
func list(b []byte, size int, in func(i int) bool, item func(b []byte, i int) []byte) []byte {
	b = append(b, '[')
	n := 0
	for i := range size {
		if !in(i) {
			continue
		}
		if n++; n > 1 {
			b = append(b, ',')
		}
		b = item(b, i)
	}
	return append(b, ']')
}

func (v tagSet) write(b []byte, _ *writer) []byte {
	return list(b, len(tagNames), func(i int) bool { return has(uint16(v), i) },
		func(b []byte, i int) []byte { return appendText(b, tagNames[i]) })
}

func (v peopleSet) write(b []byte, w *writer) []byte {
	return list(b, len(staff), func(i int) bool { return has(uint16(v), i) },
		func(b []byte, i int) []byte { return append(b, w.people[i]...) })
}

func (v componentSet) write(b []byte, w *writer) []byte {
	q := &queues[v.queue]
	return list(b, len(q.components), func(i int) bool { return has(v.set, i) },
		func(b []byte, i int) []byte {
			id := strconv.Itoa(q.id*10 + i)
			return w.appendReference(b, "/components/"+id, id, "", q.components[i])
		})
}

func (v sprintSet) write(b []byte, w *writer) []byte {
	return list(b, maxSprints, func(i int) bool { return has(v.set, i) },
		func(b []byte, i int) []byte {
			id := strconv.Itoa(sprintID(v.queue, i))
			return w.appendReference(b, "/sprints/"+id, id, "", sprintName(v.queue, i))
		})
}

func sprintID(queue index, i int) int { return queues[queue].id*100 + i }

func sprintName(queue index, i int) string {
	return queues[queue].key + " sprint " + strconv.Itoa(i+1)
}

// write names another issue by its present key.
func (v issueRef) write(b []byte, w *writer) []byte {
	s := w.c.issues[v].st
	if s == nil {
		return null(b)
	}
	k := s.key()
	return w.appendReference(b, "/issues/"+k, s.of.id, k, s.summary())
}

func (w *writer) issue(s *state) []byte {
	return w.reference("/issues/"+s.key(), s.of.id, s.key(), s.summary())
}
