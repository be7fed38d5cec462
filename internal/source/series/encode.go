package series

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

// PushKind is the kind of the inbox's entries that hold points, encoded.
const PushKind = "series"

// Pushes reads the bodies of those entries.
func Pushes() map[string]source.Push { return map[string]source.Push{PushKind: push} }

func push(body []byte) (source.Pushed, error) {
	p, err := Decode(body)
	if err != nil {
		return source.Pushed{}, err
	}
	item := source.PushedItem{Path: "$", Add: func(b *delivery.Batch) { b.Points = append(b.Points, p) }}
	return source.Pushed{Items: []source.PushedItem{item}, Fleeting: true}, nil
}

// encoding is the version of what Encode writes.
const encoding = 1

// Encode is points in about ten bytes each, for the inbox.
func Encode(p *delivery.Points) []byte {
	b := make([]byte, 0, 64+64*len(p.Series)+14*len(p.At))
	b = append(b, encoding)
	b = appendText(b, p.Token)
	b = binary.AppendVarint(b, int64(p.ReceivedAt))
	b = binary.AppendUvarint(b, uint64(len(p.Series)))
	for i := range p.Series {
		k := &p.Series[i]
		b = appendText(b, k.Metric)
		b = binary.AppendUvarint(b, uint64(len(k.Tags)))
		for _, t := range k.Tags {
			b = appendText(appendText(b, t.Key), t.Value)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(p.At)))
	var before delivery.Instant
	for i, at := range p.At {
		b = binary.AppendUvarint(b, uint64(p.Of[i]))
		b = binary.AppendVarint(b, int64(at-before))
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(p.Values[i]))
		before = at
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

var errEncoded = errors.New("not points as they are kept here")

// Decode reads what Encode wrote.
func Decode(b []byte) (p delivery.Points, err error) {
	d := decoder{b: b}
	if len(b) == 0 || b[0] != encoding {
		return p, errEncoded
	}
	d.b = b[1:]
	p.Token = d.text()
	p.ReceivedAt = delivery.Instant(d.varint())
	p.Series = make([]delivery.SeriesKey, d.count())
	for i := range p.Series {
		k := &p.Series[i]
		k.Metric = d.text()
		if n := d.count(); n > 0 {
			k.Tags = make([]delivery.Tag, n)
		}
		for j := range k.Tags {
			k.Tags[j] = delivery.Tag{Key: d.text(), Value: d.text()}
		}
	}
	n := d.count()
	p.Of, p.At, p.Values = make([]uint32, n), make([]delivery.Instant, n), make([]float64, n)
	var before delivery.Instant
	for i := range n {
		of := d.uvarint()
		if of >= uint64(len(p.Series)) {
			return delivery.Points{}, errEncoded
		}
		before += delivery.Instant(d.varint())
		p.Of[i], p.At[i], p.Values[i] = uint32(of), before, d.float()
	}
	if d.bad || len(d.b) > 0 {
		return delivery.Points{}, errEncoded
	}
	return p, nil
}

// shown is how many points people are shown of a body.
const shown = 1000

// shownPoint is a point as it could be sent.
type shownPoint struct {
	Metric    string            `json:"metric"`
	Timestamp delivery.Instant  `json:"timestamp"`
	Value     float64           `json:"value"`
	Tags      map[string]string `json:"tags"`
}

// text is points in JSON.
func text(encoded []byte) []byte {
	p, err := Decode(encoded)
	if err != nil {
		return encoded
	}
	points := make([]shownPoint, 0, min(shown, len(p.At)))
	for i := range p.At[:min(shown, len(p.At))] {
		key := p.Series[p.Of[i]]
		tags := map[string]string{}
		for _, t := range key.Tags {
			tags[t.Key] = t.Value
		}
		points = append(points, shownPoint{key.Metric, p.At[i], p.Values[i], tags})
	}
	out, err := json.Marshal(points)
	if err != nil {
		return encoded
	}
	return out
}

// decoder reads from b, and nothing more once it is bad.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) take(n int) []byte {
	if n < 0 || n > len(d.b) {
		d.bad, d.b = true, nil
		return nil
	}
	out := d.b[:n]
	d.b = d.b[n:]
	return out
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.bad, d.b = true, nil
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.bad, d.b = true, nil
		return 0
	}
	d.b = d.b[n:]
	return v
}

// count is how many of something follow: each takes a byte at least.
func (d *decoder) count() int {
	n := d.uvarint()
	if n > uint64(len(d.b)) {
		d.bad, d.b = true, nil
		return 0
	}
	return int(n)
}

func (d *decoder) text() string { return string(d.take(d.count())) }

func (d *decoder) float() float64 {
	b := d.take(8)
	if b == nil {
		return 0
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(b))
}
