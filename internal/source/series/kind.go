package series

import (
	"context"
	"iter"
	"net/http"
	"strconv"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

var (
	fieldSanitize  = source.Field{Name: "sanitize", Type: source.Choice, Default: string(SanitizeNone), Options: []string{string(SanitizeNone), string(SanitizePrometheus), string(SanitizeApptuit)}}
	fieldRetention = source.Field{Name: "retention", Type: source.List, Default: "raw 30d, hourly 400d"}
	fieldMaxSeries = source.Field{Name: "max_series", Type: source.Text, Default: "100000", Advanced: true}
)

// maxMaxSeries bounds the setting: what a token may bring is held in memory, too.
const maxMaxSeries = 1_000_000

// Kind describes what receives the points of custom series.
func Kind() source.Kind {
	return source.Kind{
		Name: "series", Title: "Series", Fields: []source.Field{fieldSanitize, fieldRetention, fieldMaxSeries}, Pushed: true,
		New: func(cfg source.Config, _ *http.Client) (source.Source, error) {
			if _, err := ParseSettings(cfg.Settings); err != nil {
				return nil, err
			}
			return pushed{}, nil
		},
	}
}

// Reader reads what is posted to /api/put.
func Reader() source.PointReader {
	return source.PointReader{
		Kind: PushKind,
		Read: func(body []byte, s source.Settings) (source.PointsBody, error) {
			settings, err := ParseSettings(s)
			if err != nil {
				return source.PointsBody{}, err
			}
			return Parse(body, settings.Sanitize)
		},
		Encode: Encode, Text: text,
		MaxSeries: func(s source.Settings) (int, error) {
			settings, err := ParseSettings(s)
			return settings.MaxSeries, err
		},
	}
}

// Retention is how long a connection's settings keep points.
func Retention(s source.Settings) (delivery.Retention, error) {
	settings, err := ParseSettings(s)
	return settings.Retention, err
}

// pushed is a connection that nothing is pulled from.
type pushed struct{}

// Pull yields nothing: whoever has points sends them.
func (pushed) Pull(context.Context, source.Cursor) iter.Seq2[source.Page, error] {
	return func(func(source.Page, error) bool) {}
}

// Check has nothing to reach.
func (pushed) Check(context.Context) (source.Report, error) { return source.Report{}, nil }

// Settings are those of a connection of series.
type Settings struct {
	Sanitize  Sanitize
	Retention delivery.Retention
	MaxSeries int // of a token
}

// ParseSettings reads them. Its error is a *source.SettingError.
func ParseSettings(s source.Settings) (Settings, error) {
	var out Settings
	mode, err := s.Text(fieldSanitize)
	if err != nil {
		return out, err
	}
	out.Sanitize = Sanitize(mode)
	items, err := s.List(fieldRetention)
	if err != nil {
		return out, err
	}
	if out.Retention, err = delivery.ParseRetention(items); err != nil {
		return out, &source.SettingError{Field: fieldRetention.Name, Message: err.Error(), Phrase: source.Phrase{ID: "setting.series.retention", Args: []string{"error", err.Error()}}}
	}
	text, err := s.Text(fieldMaxSeries)
	if err != nil {
		return out, err
	}
	if out.MaxSeries, err = strconv.Atoi(text); err != nil || out.MaxSeries < 1 || out.MaxSeries > maxMaxSeries {
		return out, &source.SettingError{
			Field: fieldMaxSeries.Name, Message: "not a number from 1 to " + strconv.Itoa(maxMaxSeries), Phrase: source.Phrase{ID: "setting.series.max_series", Args: []string{"max", strconv.Itoa(maxMaxSeries)}},
		}
	}
	return out, nil
}
