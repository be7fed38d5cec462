package simulator

import (
	"encoding/json"
	"strconv"
	"time"

	"throughline/internal/delivery"
)

// apiHost is what self addresses name, whatever host serves them.
const apiHost = "https://api.tracker.yandex.net"

// Languages of display names, by position in a book.
const (
	russian = iota
	english
	languages
)

// book is all that is the same in every answer of one API version and
// language, made once: references ready to be copied.
type book struct {
	base        string // https://api.tracker.yandex.net/v3
	lang        int
	statuses    [][]byte
	types       [][]byte
	priorities  [][]byte
	resolutions [][]byte
	people      [][]byte
	queues      [][]byte
	fields      [][]byte
}

// books are by version (2, 3) and language.
type books [2][languages]*book

func newBooks() books {
	var out books
	for v := range out {
		for lang := range languages {
			out[v][lang] = newBook(apiHost+"/v"+strconv.Itoa(v+2), lang)
		}
	}
	return out
}

func newBook(base string, lang int) *book {
	b := &book{base: base, lang: lang}
	b.statuses = b.references("/statuses/", statuses)
	b.types = b.references("/issuetypes/", issueTypes)
	b.priorities = b.references("/priorities/", priorities)
	b.resolutions = b.references("/resolutions/", resolutions)
	for _, p := range staff {
		b.people = append(b.people, b.person(p))
	}
	for _, q := range queues {
		b.queues = append(b.queues, b.reference("/queues/"+q.key, strconv.Itoa(q.id), q.key, q.name))
	}
	for _, f := range fields {
		b.fields = append(b.fields, b.reference("/fields/"+f.key, f.key, "", b.name(f)))
	}
	return b
}

func (b *book) name(e entry) string {
	if b.lang == english {
		return e.en
	}
	return e.ru
}

func (b *book) references(path string, dictionary []entry) [][]byte {
	var out [][]byte
	for _, e := range dictionary {
		id := strconv.Itoa(e.id)
		out = append(out, b.reference(path+id, id, e.key, b.name(e)))
	}
	return out
}

func (b *book) reference(path, id, key, display string) []byte {
	return b.appendReference(nil, path, id, key, display)
}

func (b *book) appendReference(out []byte, path, id, key, display string) []byte {
	out = append(append(out, `{"self":"`...), b.base...)
	out = append(append(out, path...), `","id":`...)
	out = appendText(out, id)
	if key != "" {
		out = appendText(append(out, `,"key":`...), key)
	}
	out = appendText(append(out, `,"display":`...), display)
	return append(out, '}')
}

func (b *book) person(p person) []byte {
	out := b.reference("/users/"+p.id, p.id, "", p.display)
	out = append(out[:len(out)-1], `,"cloudUid":"aje`...)
	if len(p.id) > 4 {
		out = append(out, p.id[len(p.id)-4:]...)
	}
	out = append(out, `","passportUid":`...)
	out = append(out, p.id...)
	return append(out, '}')
}

// writer writes one answer. The company is locked for reading meanwhile.
type writer struct {
	*book
	c *Company
}

const hexDigits = "0123456789abcdef"

// appendText appends s as a JSON string.
func appendText(b []byte, s string) []byte {
	b = append(b, '"')
	plain := true
	for i := range len(s) {
		plain = plain && s[i] >= ' ' && s[i] != '"' && s[i] != '\\'
	}
	if plain {
		return append(append(b, s...), '"')
	}
	for i := range len(s) {
		switch ch := s[i]; {
		case ch == '"' || ch == '\\':
			b = append(b, '\\', ch)
		case ch == '\n':
			b = append(b, '\\', 'n')
		case ch < ' ':
			b = append(b, '\\', 'u', '0', '0', hexDigits[ch>>4], hexDigits[ch&15])
		default:
			b = append(b, ch)
		}
	}
	return append(b, '"')
}

// appendStamp appends YYYY-MM-DDThh:mm:ss.sss+0000 as a JSON string.
func appendStamp(b []byte, t delivery.Instant) []byte {
	b = appendDay(append(b, '"'), int32(int64(t)/day))
	ms := int(int64(t) % day)
	b = appendDigits(append(b, 'T'), ms/int(hour), 2)
	b = appendDigits(append(b, ':'), ms/int(minute)%60, 2)
	b = appendDigits(append(b, ':'), ms/int(second)%60, 2)
	b = appendDigits(append(b, '.'), ms%int(second), 3)
	return append(b, `+0000"`...)
}

func appendDate(b []byte, d int32) []byte {
	return append(appendDay(append(b, '"'), d), '"')
}

func appendDay(b []byte, d int32) []byte {
	y, m, dd := time.Unix(int64(d)*day/second, 0).UTC().Date()
	b = append(appendDigits(b, y, 4), '-')
	b = append(appendDigits(b, int(m), 2), '-')
	return appendDigits(b, dd, 2)
}

// appendDigits appends the last digits of n.
func appendDigits(b []byte, n, digits int) []byte {
	b = append(b, "0000"[:digits]...)
	for i := len(b) - 1; digits > 0; i, digits = i-1, digits-1 {
		b[i] = '0' + byte(n%10)
		n /= 10
	}
	return b
}

// appendHex appends the last digits of n in hexadecimal.
func appendHex(b []byte, n uint64, digits int) []byte {
	for digits--; digits >= 0; digits-- {
		b = append(b, hexDigits[n>>(4*digits)&15])
	}
	return b
}

// appendSpan appends working minutes as an ISO 8601 duration, with days of
// eight hours.
func appendSpan(b []byte, minutes int32) []byte {
	b = append(b, '"', 'P')
	if d := minutes / 480; d > 0 {
		b = append(strconv.AppendInt(b, int64(d), 10), 'D')
	}
	if minutes%480 > 0 || minutes < 480 {
		b = append(b, 'T')
		h, m := minutes%480/60, minutes%60
		if h > 0 {
			b = append(strconv.AppendInt(b, int64(h), 10), 'H')
		}
		if m > 0 || h == 0 {
			b = append(strconv.AppendInt(b, int64(m), 10), 'M')
		}
	}
	return append(b, '"')
}

// appendJSON appends anything; what cannot be written is null.
func appendJSON(b []byte, v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		return append(b, "null"...)
	}
	return append(b, raw...)
}
