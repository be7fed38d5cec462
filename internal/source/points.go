package source

import (
	"encoding/json"
	"errors"

	"throughline/internal/delivery"
)

// MaxPoints is how many points a body may hold.
const MaxPoints = 50_000

// ErrTooManyPoints is returned for a body of more than MaxPoints.
var ErrTooManyPoints = errors.New("more than 50000 points in one body")

// PointsBody is what a body of points said.
type PointsBody struct {
	Points delivery.Points // those that are right
	Wrong  []WrongPoint    // the others, in order
}

// WrongPoint is a point that cannot be stored.
type WrongPoint struct {
	Index   int             // in the body
	Raw     json.RawMessage // the point as it was sent, cut when it is long
	Message string          // which field, and what is wrong with it
}

// PointReader reads bodies of points, and writes them as the inbox keeps them.
type PointReader struct {
	Kind string // of the inbox's entries that Encode made, which a Push reads
	// Read reads a body as the settings of its connection say. Its error is
	// ErrTooManyPoints, a *BodyError, or a *SettingError.
	Read   func(body []byte, s Settings) (PointsBody, error)
	Encode func(p *delivery.Points) []byte
	// Text is what Encode wrote, for people: a list of points in JSON, cut when it is
	// long. What it did not write stays as it is.
	Text func(encoded []byte) []byte
	// MaxSeries is how many series a token may bring.
	MaxSeries func(s Settings) (int, error)
}
