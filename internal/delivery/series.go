package delivery

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
)

// Bounds of a series: of its names in bytes, and of its tags.
const (
	MaxSeriesName = 400
	MaxTagValue   = 1000
	MaxTags       = 25
)

// Tag is a name that tells series of a metric apart, with its value.
type Tag struct{ Key, Value string }

// SeriesKey is what a series of points is called: a metric and its tags, by key, each
// key once.
type SeriesKey struct {
	Metric string
	Tags   []Tag
}

// ID is the series' number in every store: 63 bits of the digest of its key.
func (k *SeriesKey) ID() int64 {
	var room [512]byte
	b := appendCounted(append(room[:0], "series:"...), k.Metric)
	for _, t := range k.Tags {
		b = appendCounted(appendCounted(b, t.Key), t.Value)
	}
	sum := sha256.Sum256(b)
	return int64(binary.BigEndian.Uint64(sum[:8]) >> 1)
}

func appendCounted(b []byte, s string) []byte {
	return append(append(strconv.AppendInt(b, int64(len(s)), 10), ':'), s...)
}

// Tag is the value of a tag, "" when the series does not have it.
func (k *SeriesKey) Tag(key string) string {
	i, ok := slices.BinarySearchFunc(k.Tags, key, func(t Tag, key string) int { return strings.Compare(t.Key, key) })
	if !ok {
		return ""
	}
	return k.Tags[i].Value
}

// Compare orders series by metric, then by tags.
func (k *SeriesKey) Compare(other *SeriesKey) int {
	return cmp.Or(strings.Compare(k.Metric, other.Metric), slices.CompareFunc(k.Tags, other.Tags, func(a, b Tag) int {
		return cmp.Or(strings.Compare(a.Key, b.Key), strings.Compare(a.Value, b.Value))
	}))
}

// SortTags puts tags in the order of a key.
func SortTags(tags []Tag) {
	slices.SortFunc(tags, func(a, b Tag) int { return strings.Compare(a.Key, b.Key) })
}

// Points are points of several series that came together: Of, At and Values have an
// element for each. Of two points of a series at one time the later one holds, and one
// received later holds against those from before.
type Points struct {
	Series     []SeriesKey
	Of         []uint32  // index in Series
	At         []Instant // at least 1
	Values     []float64 // finite
	Token      string    // name of the token that they came with
	ReceivedAt Instant
}

// SealedHours are roll-ups of hours whose points are gone, of several series: Of, Hours
// and Values have an element for each. One of an hour that is sealed already changes
// nothing.
type SealedHours struct {
	Series     []SeriesKey
	Of         []uint32  // index in Series
	Hours      []Instant // first instants
	Values     []Folded
	Token      string  // of the series
	ReceivedAt Instant // when points of them last came
}

// Prune drops series that no point is of.
func (p *Points) Prune() {
	places := make([]int, len(p.Series))
	for _, of := range p.Of {
		places[of] = 1
	}
	kept := p.Series[:0]
	for i, used := range places {
		if used == 1 {
			places[i] = len(kept)
			kept = append(kept, p.Series[i])
		}
	}
	p.Series = kept
	for i, of := range p.Of {
		p.Of[i] = uint32(places[of])
	}
}

// StoredSeries is a series that is stored.
type StoredSeries struct {
	SeriesKey
	ID    int64
	Token string // that first brought it
}

// Metric is a name with how many series have it.
type Metric struct {
	Name   string
	Series int
}

// SeriesOwner says by which token a series first came.
type SeriesOwner struct {
	ID    int64
	Token string
}

// Hour is the length of what is rolled up, in milliseconds.
const Hour = 60 * 60 * msPerSecond

// SeriesHour is an hour of a series, by its first instant.
type SeriesHour struct {
	Series int64
	Hour   Instant
}

// Hour is the first instant of the hour that i is in.
func (i Instant) Hour() Instant { return i - i%Hour }

// SeriesStore keeps custom series. A point is stored by Store.Write, and replaces one
// of its series and time. Each hour that has ended is rolled up by RollUp, and again
// when points of it come later. Retire drops points that were kept long enough and
// seals their hours: then the roll-up is all there is of them, points of a sealed hour
// that come later are not stored, since none says whether it was counted before.
type SeriesStore interface {
	// Metrics are all metrics by name.
	Metrics(ctx context.Context) ([]Metric, error)
	// SeriesOf are the series of a metric, in the order of their keys.
	SeriesOf(ctx context.Context, metric string) ([]StoredSeries, error)
	// SeriesOwners yields every series, in no order.
	SeriesOwners(ctx context.Context) iter.Seq2[SeriesOwner, error]
	// LastPoints are the times of the newest points of series, by ID; of one without
	// points there is none.
	LastPoints(ctx context.Context, ids []int64) (map[int64]Instant, error)
	// ReadPoints yields points by (Series, At).
	ReadPoints(ctx context.Context, q PointQuery) iter.Seq2[SeriesPoint, error]
	// Sealed are those of the hours that are sealed.
	Sealed(ctx context.Context, hours []SeriesHour) (map[SeriesHour]bool, error)
	// RollUp rolls up what ended before now and is not rolled up.
	RollUp(ctx context.Context, now Instant) error
	// Retire drops what was kept long enough at now, and series that nothing is left
	// of. Time is counted from a point's own time, or from when a point of its hour last
	// came if that was later; raw points go by whole UTC days.
	Retire(ctx context.Context, r Retention, now Instant) error
}

// PointQuery asks for points of series in [From, To). A sealed hour is in it when its
// beginning is.
type PointQuery struct {
	Series   []int64
	From, To Instant
	// Every is the length of buckets in milliseconds, which begin at multiples of it;
	// 0 asks for the points themselves. A bucket's At is its beginning, From for the
	// one that From is in.
	Every int64
	Fold  Fold // what a bucket's value is of its points
	// Hourly reads whole hours from their roll-ups, where those are up to date. Every
	// must be a multiple of Hour, and Fold not a quantile.
	Hourly bool
}

// SeriesPoint is a point, or what a bucket came to.
type SeriesPoint struct {
	Series int64
	At     Instant
	Value  float64
	// Rolled says that the points are gone: the value is of their hours' roll-ups, and
	// without buckets an hour's mean. With Lost the hour cannot be told so finely, or
	// not by that Fold: there is no Value, and the point counts for nothing else.
	Rolled, Lost bool
}

// Bucket is the beginning of the bucket that an instant is in.
func (q *PointQuery) Bucket(at Instant) Instant {
	if q.Every == 0 {
		return at
	}
	return max(at-at%Instant(q.Every), q.From)
}

// Tells reports whether the roll-up of an hour can say what is asked.
func (q *PointQuery) Tells() bool {
	switch {
	case q.Fold.Kind == FoldQuantile && q.Every > 0:
		return false
	case q.Every >= Hour && q.Every%Hour == 0 || q.Every == 0:
		return true
	}
	return q.Fold.Kind != FoldSum && q.Fold.Kind != FoldCount
}

// EncodeTags is how stores keep the tags of a series: a JSON list of pairs.
func EncodeTags(tags []Tag) string {
	pairs := make([][2]string, len(tags))
	for i, t := range tags {
		pairs[i] = [2]string{t.Key, t.Value}
	}
	text, _ := json.Marshal(pairs) // of texts
	return string(text)
}

// DecodeTags reads what EncodeTags wrote.
func DecodeTags(text string) ([]Tag, error) {
	var pairs [][2]string
	if err := json.Unmarshal([]byte(text), &pairs); err != nil {
		return nil, fmt.Errorf("tags of a series: %w", err)
	}
	tags := make([]Tag, len(pairs))
	for i, p := range pairs {
		tags[i] = Tag{p[0], p[1]}
	}
	return tags, nil
}

// SeriesExport puts what is exported of series into a batch: what is of a day and a
// token together, received when the last of it was, so that none is dropped before its
// time.
type SeriesExport struct {
	batch  *Batch
	points map[exportedDay]*exportedPart
	sealed map[exportedDay]*exportedPart
}

type exportedDay struct {
	day   Instant
	token string
}

// exportedPart is an element of Batch.Points or Batch.Sealed.
type exportedPart struct {
	n  int              // its index
	of map[int64]uint32 // places of series
}

// NewSeriesExport adds to a batch.
func NewSeriesExport(b *Batch) *SeriesExport {
	return &SeriesExport{b, map[exportedDay]*exportedPart{}, map[exportedDay]*exportedPart{}}
}

// Point adds a point.
func (e *SeriesExport) Point(s *StoredSeries, at, received Instant, v float64) {
	part, isNew := partOf(e.points, s, at)
	if isNew {
		part.n = len(e.batch.Points)
		e.batch.Points = append(e.batch.Points, Points{Token: s.Token})
	}
	p := &e.batch.Points[part.n]
	p.Of, p.At, p.Values = append(p.Of, part.place(s, &p.Series)), append(p.At, at), append(p.Values, v)
	p.ReceivedAt = max(p.ReceivedAt, received)
}

// Sealed adds a sealed hour.
func (e *SeriesExport) Sealed(s *StoredSeries, hour, received Instant, of Folded) {
	part, isNew := partOf(e.sealed, s, hour)
	if isNew {
		part.n = len(e.batch.Sealed)
		e.batch.Sealed = append(e.batch.Sealed, SealedHours{Token: s.Token})
	}
	p := &e.batch.Sealed[part.n]
	p.Of, p.Hours, p.Values = append(p.Of, part.place(s, &p.Series)), append(p.Hours, hour), append(p.Values, of)
	p.ReceivedAt = max(p.ReceivedAt, received)
}

func partOf(parts map[exportedDay]*exportedPart, s *StoredSeries, at Instant) (part *exportedPart, isNew bool) {
	day := exportedDay{at / (24 * Hour), s.Token}
	if part = parts[day]; part == nil {
		part, isNew = &exportedPart{of: map[int64]uint32{}}, true
		parts[day] = part
	}
	return part, isNew
}

func (p *exportedPart) place(s *StoredSeries, keys *[]SeriesKey) uint32 {
	n, ok := p.of[s.ID]
	if !ok {
		n = uint32(len(*keys))
		p.of[s.ID], *keys = n, append(*keys, s.SeriesKey)
	}
	return n
}
