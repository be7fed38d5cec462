package picture

import (
	"math"
	"slices"
	"testing"
	"time"
)

func TestLinear(t *testing.T) {
	none := math.NaN()
	tests := []struct {
		name              string
		least, most, a, b float64
		steps             int
		whole             bool
		ticks             []float64
	}{
		{"from zero", 2, 17, 0, none, 5, false, []float64{0, 3, 6, 9, 12, 15, 18}},
		{"fractions", 0, 0.32, 0, none, 5, false, []float64{0, 0.1, 0.2, 0.3, 0.4}},
		{"runs", 0, 2, 0, none, 5, true, []float64{0, 1, 2}},
		{"percent", 40, 90, 0, 100, 5, false, []float64{0, 20, 40, 60, 80, 100}},
		{"next to all", 99.2, 99.4, 98, 100, 5, false, []float64{98, 98.5, 99, 99.5, 100}},
		{"free", 112, 187, none, none, 5, false, []float64{100, 120, 140, 160, 180, 200}},
		{"few lines", 0, 7.2, 0, none, 5, false, []float64{0, 2, 4, 6, 8}},
		{"below zero", -30, 10, none, none, 5, false, []float64{-30, -20, -10, 0, 10}},
		{"one value", 5, 5, none, none, 5, false, []float64{2, 3, 4, 5, 6, 7, 8}},
		{"zero", 0, 0, 0, none, 5, false, []float64{0, 0.2, 0.4, 0.6, 0.8, 1}},
		{"nothing", math.Inf(1), math.Inf(-1), none, none, 5, false, []float64{0, 0.2, 0.4, 0.6, 0.8, 1}},
		{"huge", 0, 4e18, 0, none, 2, false, []float64{0, 2e18, 4e18}},
		{"tiny", 0, 3e-9, 0, none, 3, false, []float64{0, 1e-9, 2e-9, 3e-9}},
		{"little room", 0, 100, 0, none, 1, false, []float64{0, 100}},
	}
	for _, tt := range tests {
		s := linear(tt.least, tt.most, tt.a, tt.b, tt.steps, tt.whole)
		same := func(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Max(math.Abs(a), math.Abs(b)) }
		if !slices.EqualFunc(s.ticks, tt.ticks, same) {
			t.Errorf("%s: %v, want %v", tt.name, s.ticks, tt.ticks)
		}
		if !math.IsInf(tt.least, 0) && (s.from > tt.least || s.to < tt.most) {
			t.Errorf("%s: %v–%v does not hold %v–%v", tt.name, s.from, s.to, tt.least, tt.most)
		}
	}
}

func TestLogScale(t *testing.T) {
	for _, tt := range []struct {
		most float64
		want []float64
	}{
		{0.05, []float64{0.1, 1}},
		{10, []float64{0.1, 1, 10}},
		{130, []float64{0.1, 1, 10, 100, 200}},
		{1300, []float64{0.1, 1, 10, 100, 1000, 2000}},
	} {
		if got := logScale(tt.most).ticks; !slices.Equal(got, tt.want) {
			t.Errorf("%v: %v, want %v", tt.most, got, tt.want)
		}
	}
	s := logScale(100)
	for v, want := range map[float64]float64{0: 0, 0.1: 0, 1: 1. / 3, 100: 1, 1e9: 1} {
		if got := s.share(v); math.Abs(got-want) > 1e-9 {
			t.Errorf("%v is at %v, want %v", v, got, want)
		}
	}
}

func TestTimeTicks(t *testing.T) {
	at := func(s string) int64 {
		v, err := time.Parse("2006-01-02 15:04", s)
		if err != nil {
			t.Fatal(err)
		}
		return v.UnixMilli()
	}
	tests := []struct {
		name, from, to string
		limit          int
		want           []string
		months         bool
	}{
		{"hours", "2026-03-04 09:30", "2026-03-04 13:00", 10, []string{"2026-03-04 10:00", "2026-03-04 11:00", "2026-03-04 12:00"}, false},
		{"few hours", "2026-03-03 00:00", "2026-03-05 00:00", 4, []string{"2026-03-03 00:00", "2026-03-03 12:00", "2026-03-04 00:00", "2026-03-04 12:00"}, false},
		{"days", "2026-03-01 00:00", "2026-03-08 00:00", 4, []string{"2026-03-02 00:00", "2026-03-04 00:00", "2026-03-06 00:00"}, false},
		{"weeks begin on Mondays", "2026-03-01 00:00", "2026-03-30 00:00", 10, []string{"2026-03-02 00:00", "2026-03-09 00:00", "2026-03-16 00:00", "2026-03-23 00:00"}, false},
		{"every other", "2026-03-01 00:00", "2026-03-30 00:00", 2, []string{"2026-03-02 00:00", "2026-03-16 00:00"}, false},
		{"months", "2025-09-15 00:00", "2026-05-01 00:00", 4, []string{"2025-10-01 00:00", "2025-12-01 00:00", "2026-02-01 00:00", "2026-04-01 00:00"}, true},
		{"nothing", "2026-03-01 00:00", "2026-03-01 00:00", 4, nil, false},
	}
	for _, tt := range tests {
		ticks, months := timeTicks(at(tt.from), at(tt.to), tt.limit)
		var got []string
		for _, ms := range ticks {
			got = append(got, time.UnixMilli(ms).UTC().Format("2006-01-02 15:04"))
		}
		if !slices.Equal(got, tt.want) || months != tt.months {
			t.Errorf("%s: %v %v, want %v %v", tt.name, got, months, tt.want, tt.months)
		}
	}
}
