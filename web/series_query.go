package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"throughline/internal/delivery"
)

// rawPoint is a point as it could be sent again.
func rawPoint(p *delivery.Points, i int) json.RawMessage {
	k := &p.Series[p.Of[i]]
	text, _ := json.Marshal(map[string]any{ // of texts and finite numbers
		"metric": k.Metric, "timestamp": epochSeconds(p.At[i]), "value": p.Values[i], "tags": tagMap(k.Tags),
	})
	return text
}

// epochSeconds is an instant in seconds: a whole number where it is one.
func epochSeconds(at delivery.Instant) json.Number {
	return json.Number(strconv.FormatFloat(float64(at)/1000, 'f', -1, 64))
}

func tagMap(tags []delivery.Tag) map[string]string {
	out := map[string]string{}
	for _, t := range tags {
		out[t.Key] = t.Value
	}
	return out
}

// seriesAnswer is what /api/query answers, in the shape that apptuit-py reads.
type seriesAnswer struct {
	Outputs []seriesOutput `json:"outputs"`
	Hints   []string       `json:"hints"`
	Query   seriesAsked    `json:"query"`
	Stats   seriesStats    `json:"query_stats"`
	Timing  []seriesTiming `json:"timing_diagnostics"`
}

type seriesOutput struct {
	ID     string         `json:"id"`
	Result []seriesResult `json:"result"`
}

type seriesResult struct {
	Metric     string            `json:"metric"`
	Tags       map[string]string `json:"tags"`
	Aggregated []string          `json:"aggregatedTags"`
	Points     seriesPoints      `json:"dps"`
}

// seriesPoints are pairs of seconds and values.
type seriesPoints []delivery.SeriesValue

// MarshalJSON writes [[1406829600,23050],…].
func (p seriesPoints) MarshalJSON() ([]byte, error) {
	b := make([]byte, 0, 2+28*len(p))
	b = append(b, '[')
	for i, v := range p {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '[')
		b = append(b, epochSeconds(v.At)...)
		b = append(b, ',')
		b = strconv.AppendFloat(b, v.Value, 'g', -1, 64)
		b = append(b, ']')
	}
	return append(b, ']'), nil
}

type seriesAsked struct {
	Text  string      `json:"querytext"`
	Start json.Number `json:"startTime"`
	End   json.Number `json:"endTime"`
}

type seriesStats struct {
	Series int   `json:"numSeries"`
	Points int   `json:"dataPointsProcessed"`
	Millis int64 `json:"queryTimeMillis"`
}

type seriesTiming struct {
	Tag    string `json:"tag"`
	Count  int    `json:"instanceCount"`
	Millis int64  `json:"totalElapsedTimeMillis"`
}

// querySeries answers a query for series.
func (s *Server) querySeries(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	q, err := query(r)
	if err == nil {
		err = onlyParams(q, "start", "end", "q")
	}
	if err != nil {
		badRequest(w, err)
		return
	}
	from, to, err := seriesSpan(q, delivery.InstantOf(s.now()))
	program, qerr := seriesProgram(q.Get("q"))
	if err := errors.Join(err, qerr); err != nil {
		badRequest(w, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), panelDeadline)
	defer cancel()
	s.awaitPoints(ctx)
	answer, err := program.Run(ctx, s.store, from, to)
	if wrong, ok := errors.AsType[*delivery.QueryError](err); ok {
		badRequest(w, &delivery.FilterError{Param: "q", Message: wrong.Error()})
		return
	}
	if err != nil {
		s.apiFail(w, r, err)
		return
	}
	took := time.Since(began).Milliseconds()
	out := seriesAnswer{
		Outputs: make([]seriesOutput, 0, len(answer.Outputs)), Hints: []string{},
		Query:  seriesAsked{q.Get("q"), epochSeconds(from), epochSeconds(to)},
		Stats:  seriesStats{answer.Series, answer.Points, took},
		Timing: []seriesTiming{{"QUERY_EXECUTION_TOTAL_TIME", 1, took}},
	}
	for _, h := range answer.Hints {
		out.Hints = append(out.Hints, h.String())
	}
	for _, o := range answer.Outputs {
		one := seriesOutput{o.ID, make([]seriesResult, 0, len(o.Series))}
		for _, series := range o.Series {
			one.Result = append(one.Result, seriesResult{series.Metric, tagMap(series.Tags), texts(series.Aggregated), series.Points})
		}
		out.Outputs = append(out.Outputs, one)
	}
	writeJSON(w, http.StatusOK, out)
}

func seriesProgram(text string) (*delivery.SeriesProgram, error) {
	if strings.TrimSpace(text) == "" {
		return nil, &delivery.FilterError{Param: "q", Message: "required: a query such as fetch('name')"}
	}
	program, err := delivery.ParseSeriesQuery(text)
	if err != nil {
		return nil, &delivery.FilterError{Param: "q", Message: err.Error()}
	}
	return program, nil
}

// seriesSpan reads start and end, which is now unless it is said.
func seriesSpan(q url.Values, now delivery.Instant) (from, to delivery.Instant, err error) {
	if from, err = seriesTime(q.Get("start"), now); err != nil || q.Get("start") == "" {
		return 0, 0, &delivery.FilterError{Param: "start", Message: seriesTimes}
	}
	to = now
	if text := q.Get("end"); text != "" {
		if to, err = seriesTime(text, now); err != nil {
			return 0, 0, &delivery.FilterError{Param: "end", Message: seriesTimes}
		}
	}
	if from > to {
		return 0, 0, &delivery.FilterError{Param: "start", Message: "after the end"}
	}
	return from, to, nil
}

const seriesTimes = "not a time in seconds or milliseconds since 1970, or like 1h-ago"

// seriesTime is a time in seconds or milliseconds, now, or such as 1h-ago.
func seriesTime(text string, now delivery.Instant) (delivery.Instant, error) {
	if text == "now" {
		return now, nil
	}
	if ago, ok := strings.CutSuffix(text, "-ago"); ok {
		digits := strings.TrimRight(ago, "msdhwny")
		unit := map[string]float64{"ms": 1, "s": 1e3, "m": 60e3, "h": 3600e3, "d": 86400e3, "w": 7 * 86400e3, "n": 30 * 86400e3, "y": 365 * 86400e3}[ago[len(digits):]]
		n, err := strconv.ParseUint(digits, 10, 40)
		if err != nil || unit == 0 || float64(n)*unit >= float64(now) {
			return 0, fmt.Errorf("%q", text)
		}
		return now - delivery.Instant(float64(n)*unit), nil
	}
	const inMillis, last = 1e11, 4102444800000 // 2100
	v, err := strconv.ParseFloat(text, 64)
	if v < inMillis {
		v *= 1000
	}
	if v = math.Round(v); err != nil || !(v >= 0 && v < last) {
		return 0, fmt.Errorf("%q", text)
	}
	return max(1, delivery.Instant(v)), nil
}

// awaitStored is how long a query waits for points that were taken before it.
const awaitStored = 3 * time.Second

// awaitPoints waits until what was taken so far can be asked for, as far as the store
// keeps up.
func (s *Server) awaitPoints(ctx context.Context) {
	last, err := s.cfg.Inbox.Last(ctx)
	pause := 2 * time.Millisecond
	for end := time.Now().Add(awaitStored); err == nil && time.Now().Before(end); pause = min(2*pause, 50*time.Millisecond) {
		var pending bool
		if pending, err = s.cfg.Inbox.Pending(ctx, s.cfg.Points.Kind, last); err != nil || !pending {
			break
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
	if err != nil && ctx.Err() == nil {
		s.log.Warn("the inbox cannot be asked what waits", "error", err)
	}
}
