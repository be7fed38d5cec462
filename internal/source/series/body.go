// Package series reads the points that programs push: the bodies of POST /api/put, as
// apptuit-py and clients of OpenTSDB send them. It knows nothing of HTTP, tokens or
// storage, and it pulls from nowhere.
package series

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

// Parse reads a point or a list of them. Bare NaN and Infinity are read, too, since
// that is how Python writes them. An error is of the whole body: source.ErrTooManyPoints,
// or a *source.BodyError.
func Parse(body []byte, sanitize Sanitize) (source.PointsBody, error) {
	p := parser{reader: reader{b: body}, sanitize: sanitize, known: map[string]int{}}
	err := p.body()
	if err != nil {
		return source.PointsBody{}, err
	}
	return p.out, nil
}

type parser struct {
	reader
	sanitize Sanitize
	out      source.PointsBody
	index    int            // of the point that is read
	known    map[string]int // in out.Points.Series, by the text of metric and tags; -1 -i: refused[i]
	refused  []string       // messages
	tags     []delivery.Tag // scratch
	echoed   int            // bytes of out.Wrong
	key      []byte         // scratch
}

func (p *parser) body() error {
	p.space()
	switch p.peek() {
	case '{':
		if err := p.point(); err != nil {
			return p.at(err)
		}
	case '[':
		if err := p.list(p.element); err != nil {
			return p.at(err)
		}
	default:
		return &source.BodyError{Path: "$", Message: "must be a point or a list of points, in JSON"}
	}
	p.space()
	if p.i < len(p.b) {
		return &source.BodyError{Path: "$", Message: fmt.Sprintf("something follows the JSON at byte %d", p.i)}
	}
	return nil
}

// at says where the JSON is broken.
func (p *parser) at(err error) error {
	if errors.Is(err, source.ErrTooManyPoints) {
		return err
	}
	return &source.BodyError{Path: "$[" + strconv.Itoa(p.index) + "]", Message: fmt.Sprintf("not JSON: %v at byte %d", err, p.i)}
}

func (p *parser) element() error {
	if p.index == source.MaxPoints {
		return source.ErrTooManyPoints
	}
	err := p.point()
	if err == nil {
		p.index++
	}
	return err
}

// said is what the fields of a point are, as they stand in the body.
type said struct{ metric, timestamp, value, tags field }

type field struct {
	kind byte // first character of the value; 0: it is not there
	text []byte
}

func (p *parser) point() error {
	begin := p.i
	if p.peek() != '{' {
		if _, err := p.value(); err != nil {
			return err
		}
		p.wrong(begin, "must be an object with metric, timestamp, value and tags")
		return nil
	}
	var s said
	err := p.object(func(name []byte) (err error) {
		var into *field
		switch string(name) {
		case `"metric"`:
			into = &s.metric
		case `"timestamp"`:
			into = &s.timestamp
		case `"value"`:
			into = &s.value
		case `"tags"`:
			into = &s.tags
		default:
			_, err := p.value()
			return err
		}
		*into, err = p.value()
		return err
	})
	if err != nil {
		return err
	}
	at, message := instant(s.timestamp)
	if message != "" {
		p.wrong(begin, "timestamp: "+message)
		return nil
	}
	value, message := finite(s.value)
	if message != "" {
		p.wrong(begin, "value: "+message)
		return nil
	}
	of, message := p.series(&s)
	if message != "" {
		p.wrong(begin, message)
		return nil
	}
	points := &p.out.Points
	points.Of, points.At, points.Values = append(points.Of, uint32(of)), append(points.At, at), append(points.Values, value)
	return nil
}

// maxRaw is how much is said of a point that is wrong, in bytes.
const maxRaw = 2000

// maxEchoes is how much is said of all points of a body that are wrong, in bytes; of
// those beyond it only their places.
const maxEchoes = 4 << 20

func (p *parser) wrong(begin int, message string) {
	raw := json.RawMessage(`{"index":` + strconv.Itoa(p.index) + `}`)
	if p.echoed < maxEchoes {
		raw = echo(p.b[begin:p.i])
	}
	p.echoed += len(raw)
	p.out.Wrong = append(p.out.Wrong, source.WrongPoint{Index: p.index, Raw: raw, Message: message})
}

// echo is a value as JSON.
func echo(raw []byte) json.RawMessage {
	if !utf8.Valid(raw) {
		raw = bytes.ToValidUTF8(raw, []byte("\uFFFD"))
	}
	if len(raw) > maxRaw {
		raw = []byte(strings.ToValidUTF8(string(raw[:maxRaw]), "\uFFFD") + "…")
	} else if json.Valid(raw) {
		return slices.Clone(raw)
	} else if plain := withoutNaN(raw); json.Valid(plain) {
		return plain
	}
	text, _ := json.Marshal(string(raw)) // of a text
	return text
}

// withoutNaN puts bare NaN and Infinity into quotes.
func withoutNaN(raw []byte) []byte {
	r := reader{b: raw}
	var out []byte
	for r.i < len(raw) {
		begin := r.i
		switch c := raw[r.i]; {
		case c == '"':
			if _, err := r.text(); err != nil {
				return raw
			}
			out = append(out, raw[begin:r.i]...)
		case c == 'N' || c == 'I' || c == '-' && r.i+1 < len(raw) && raw[r.i+1] == 'I':
			for r.i < len(raw) && (raw[r.i] == '-' || raw[r.i] >= 'A' && raw[r.i] <= 'Z' || raw[r.i] >= 'a' && raw[r.i] <= 'z') {
				r.i++
			}
			out = append(append(append(out, '"'), raw[begin:r.i]...), '"')
		default:
			out = append(out, c)
			r.i++
		}
	}
	return out
}

const (
	// millisFrom is more than any time in seconds that is meant so, and less than any
	// in milliseconds.
	millisFrom = 1e11
	lastMillis = 4102444800000 // 2100
)

// instant is a time in seconds or milliseconds.
func instant(f field) (delivery.Instant, string) {
	v, message := number(f)
	if message != "" {
		return 0, message
	}
	if v < millisFrom {
		v *= 1000
	}
	// Rounded: 1.001 seconds are 1000.9999… milliseconds.
	if v = math.Round(v); !(v >= 1 && v < lastMillis) {
		return 0, "must be seconds or milliseconds since 1970, before the year 2100"
	}
	return delivery.Instant(v), ""
}

func finite(f field) (float64, string) {
	v, message := number(f)
	if message == "" && (math.IsNaN(v) || math.IsInf(v, 0)) {
		message = "not finite"
	}
	return v, message
}

// number is a number, also one in quotes.
func number(f field) (float64, string) {
	text := f.text
	switch f.kind {
	case 0:
		return 0, "is missing"
	case 'N', 'I':
		return math.NaN(), ""
	case '"':
		if text = text[1 : len(text)-1]; len(text) > 40 {
			return 0, "must be a number"
		}
	case '{', '[', 't', 'f', 'n':
		return 0, "must be a number"
	case '-':
		if text[1] == 'I' {
			return math.NaN(), ""
		}
	}
	v, err := strconv.ParseFloat(string(text), 64)
	if err != nil && (v == 0 || !math.IsInf(v, 0)) || strings.ContainsAny(string(text), "xXpP_") {
		return 0, "must be a number"
	}
	return v, ""
}

// series is the place of a point's series, or what is wrong with it.
func (p *parser) series(s *said) (int, string) {
	p.key = append(append(append(p.key[:0], s.metric.text...), 0), s.tags.text...)
	if i, met := p.known[string(p.key)]; met {
		if i < 0 {
			return 0, p.refused[-1-i]
		}
		return i, ""
	}
	key, message := p.newSeries(s)
	if message != "" {
		p.known[string(p.key)] = -1 - len(p.refused)
		p.refused = append(p.refused, message)
		return 0, message
	}
	i := len(p.out.Points.Series)
	p.known[string(p.key)] = i
	p.out.Points.Series = append(p.out.Points.Series, key)
	return i, ""
}

func (p *parser) newSeries(s *said) (key delivery.SeriesKey, message string) {
	switch s.metric.kind {
	case '"':
	case 0:
		return key, "metric: is missing"
	default:
		return key, "metric: must be a text"
	}
	if key.Metric, message = p.name(s.metric.text); message != "" {
		return key, "metric: " + message
	}
	if s.tags.kind == 0 || s.tags.kind == 'n' {
		return key, ""
	}
	if s.tags.kind != '{' {
		return key, "tags: must be an object"
	}
	key.Tags, message = p.readTags(s.tags.text)
	return key, message
}

// readTags reads an object that was read before.
func (p *parser) readTags(text []byte) (tags []delivery.Tag, message string) {
	p.tags = p.tags[:0]
	r := reader{b: text}
	n := 0
	_ = r.object(func(name []byte) error { // it was read before
		f, err := r.value()
		if n++; err != nil || message != "" || n > delivery.MaxTags {
			return err
		}
		var t delivery.Tag
		if t.Key, message = p.name(name); message != "" {
			message = "tags: " + message
			return nil
		}
		if t.Value, message = tagValue(f); message != "" {
			message = "tags." + strings.Trim(cutQuote(t.Key), `"`) + ": " + message
		}
		p.tags = append(p.tags, t)
		return nil
	})
	switch {
	case n > delivery.MaxTags:
		return nil, fmt.Sprintf("tags: %d tags, more than %d", n, delivery.MaxTags)
	case message != "":
		return nil, message
	}
	delivery.SortTags(p.tags)
	for i := 1; i < len(p.tags); i++ {
		if p.tags[i].Key == p.tags[i-1].Key {
			return nil, "tags: " + cutQuote(p.tags[i].Key) + " is there twice"
		}
	}
	return slices.Clone(p.tags), ""
}

// name is the name of a metric or a tag, from its quotes.
func (p *parser) name(quoted []byte) (string, string) {
	name, ok := unquote(quoted)
	switch {
	case !ok:
		return "", "not UTF-8"
	case name == "":
		return "", "must not be empty"
	}
	switch name = p.sanitize.Name(name); {
	case len(name) > delivery.MaxSeriesName:
		return "", fmt.Sprintf("longer than %d bytes", delivery.MaxSeriesName)
	case strings.ContainsFunc(name, func(r rune) bool { return !named(r) }):
		return "", cutQuote(name) + " may hold letters, digits and _ . / - only"
	}
	return name, ""
}

// cutQuote is the beginning of a name in quotes: it stands in each of many messages.
func cutQuote(name string) string {
	const most = 60
	if len(name) > most {
		name = strings.ToValidUTF8(name[:most], "") + "…"
	}
	return strconv.Quote(name)
}

func tagValue(f field) (string, string) {
	switch f.kind {
	case '"':
		v, ok := unquote(f.text)
		if !ok {
			return "", "not UTF-8"
		}
		if len(v) > delivery.MaxTagValue {
			return "", fmt.Sprintf("longer than %d bytes", delivery.MaxTagValue)
		}
		return v, ""
	case 't', 'f', 'n', '{', '[', 'N', 'I':
		return "", "must be a text or a number"
	}
	if len(f.text) > 40 || f.text[len(f.text)-1] == 'y' {
		return "", "must be a text or a number"
	}
	return string(f.text), ""
}

// unquote is the text of a JSON string, false when it is not UTF-8.
func unquote(quoted []byte) (string, bool) {
	inner := quoted[1 : len(quoted)-1]
	if slices.Contains(inner, '\\') {
		var s string
		if json.Unmarshal(quoted, &s) != nil || !utf8.Valid(inner) {
			return "", false
		}
		return s, true
	}
	return string(inner), utf8.Valid(inner)
}
