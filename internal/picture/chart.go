package picture

import "throughline/internal/delivery"

// Chart is what a panel's drawing shows, as it is decided for browsers: views has
// one. Values are of the panel's quantity unless said otherwise; names of inks are those
// of custom properties in static/app.css, hatchings "hatched", "dotted" or "".
type Chart interface {
	// Data is the part of the panel that is drawn, rows by their names in words.
	Data() delivery.PanelData

	// Axis is the unit of the value axis in words, and how much of the quantity one of it is.
	Axis() (name string, per float64)
	// Bounds are where the value axis begins and ends, in its unit; NaN for what is left to
	// the values.
	Bounds() (from, to float64)
	// Log reports whether the value axis is logarithmic.
	Log() bool
	// Whole reports whether the axis counts, so that nothing lies between two numbers.
	Whole() bool
	// Tick is a number on the value axis, in its unit.
	Tick(v float64) string
	// Count is a number of records in short, CountName what they are.
	Count(n float64) string
	CountName() string

	// Wall is an instant's wall clock in the panel's zone, in milliseconds as if it were UTC.
	Wall(at delivery.Instant) int64
	// Span is what a time axis shows, as wall clocks.
	Span() (from, to int64)
	// Moment is a wall clock on a time axis, of whose ticks each begins a month or not.
	Moment(wall int64, months bool) string
	// Bucket is a bucket on an axis.
	Bucket(day delivery.Date) string
	// Verticals are what happened: on a time axis at a wall clock, among buckets at a place
	// where the first begins at 0. A label may be "".
	Verticals(yield func(at float64, label string, event, incident bool))

	// Name is a series in a legend, "" for one that is not drawn. Of ages there are also
	// "late" issues, those above p85 of the headline.
	Name(series string) string
	// Level is a value across all buckets of counts, in the axis' unit, with its name; "" for
	// none.
	Level() (value float64, name string)
	// Look are the colour and the hatching of a series of counts or parts.
	Look(series string) (ink, hatch string)
	// Stroke is how a percentile or a rate is drawn.
	Stroke(series string) (width float64, dashed bool)
	// End names a line at its end, with its last value.
	End(series string, value float64) string
	// Before is the median of the period before by bucket, and its name; nil for none.
	Before() (points []delivery.Point, name string)

	// Groups are the marks by type: its name, the place of its shape and colour, its points.
	Groups(yield func(name string, place int, points []delivery.Point))

	// Signals are the marks of a control chart by the rule they break: its name, the place of
	// its shape, its colour, whether it is plain, its points.
	Signals(yield func(name string, shape int, ink string, plain bool, points []delivery.Point))
	// Edges are the bounds of bins in words, one more than there are bins, and their unit.
	Edges() (words []string, unit string)
	// Falls are verticals in the style of a series: among bins at a place where the first
	// begins at 0, on a time axis at a wall clock.
	Falls(yield func(series string, at float64, label string))
	// Goal is the number that a forecast is asked about, and its name; ok is false where it
	// has no line.
	Goal() (value float64, label string, ok bool)

	// Piled reports whether the parts of a row or a bucket stand one behind the other, or
	// overlap where they are of bars and stand beside each other where they are of buckets.
	Piled() bool
	// LowN reports whether a row of n records is too few for a series.
	LowN(series string, n int) bool
	// Class is how a class of rows is hatched, and its name.
	Class(class string) (hatch, name string)
	// RowEnd is what is written behind the bars of a row.
	RowEnd(row int) string
	// Drawn says that only so many rows are drawn, "" where that is all of them.
	Drawn(rows int) string

	// Area is the i-th of areas: its name, colour and hatching, and how far it covers, 0–1.
	Area(i int) (name, ink, hatch string, opacity float64)

	// Line is the i-th of custom series: its name, colour and dashes (solid, dashed, dotted).
	Line(i int) (name, ink, dash string)
	// Labelled reports whether lines bear their names at their ends, not in a legend.
	Labelled() bool
	// Gaps reports of the points of a line whether there is a gap behind the i-th.
	Gaps(points []delivery.Point) func(i int) bool
}
