package picture

import "math"

// scale is an axis of numbers: where it begins and ends, and its ticks.
type scale struct {
	from, to float64
	ticks    []float64
	log      bool
}

// share is where a value stands, 0–1; what is outside stands at the end.
func (s scale) share(v float64) float64 {
	from, to := s.from, s.to
	if s.log {
		v, from, to = math.Log10(max(v, s.from)), math.Log10(from), math.Log10(to)
	}
	if to <= from || math.IsNaN(v) {
		return 0
	}
	return min(1, max(0, (v-from)/(to-from)))
}

// Of a logarithmic axis, what took less stands at the foot.
const logFloor = 0.1

// logScale goes from logFloor to the least round number that is not below the greatest.
func logScale(most float64) scale {
	s := scale{from: logFloor, to: max(roundUp(max(most, 1)), 1), log: true}
	for v := logFloor; v <= s.to*1.001; v *= 10 {
		s.ticks = append(s.ticks, tidy(v, v))
	}
	if last := s.ticks[len(s.ticks)-1]; s.to >= 2*last {
		s.ticks = append(s.ticks, s.to)
	}
	return s
}

// linear is an axis of about so many steps, one more at most, that holds all values from least to most. Ends
// that are numbers are kept as they are. whole has no ticks between two numbers.
func linear(least, most, from, to float64, steps int, whole bool) scale {
	low, high := least, most
	if !math.IsNaN(from) {
		low = from
	}
	if !math.IsNaN(to) {
		high = to
	}
	if math.IsInf(low, 0) || math.IsNaN(low) || math.IsInf(high, 0) || math.IsNaN(high) {
		low, high = 0, 1
	}
	if high <= low {
		low, high = apart(low, !math.IsNaN(from))
	}
	step := nice((high - low) / float64(max(1, steps)))
	for math.Ceil(high/step-1e-9)-math.Floor(low/step+1e-9) > float64(steps)+1 {
		step = nice(step * 1.6)
	}
	if whole {
		step = max(1, step)
	}
	s := scale{from: low, to: high}
	if math.IsNaN(from) {
		s.from = tidy(math.Floor(low/step+1e-9)*step, step)
	}
	if math.IsNaN(to) {
		s.to = tidy(math.Ceil(high/step-1e-9)*step, step)
	}
	for i := math.Ceil(s.from/step - 1e-9); i*step <= s.to+step*1e-9; i++ {
		s.ticks = append(s.ticks, tidy(i*step, step)+0) // 0, never −0
	}
	return s
}

// apart are ends for the axis of one value.
func apart(v float64, kept bool) (low, high float64) {
	switch {
	case v == 0:
		return 0, 1
	case kept:
		return v, v + math.Abs(v)
	}
	return v - math.Abs(v)/2, v + math.Abs(v)/2
}

// nice is the round number near v that an axis counts in, as ECharts has it.
func nice(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	if power == 0 || math.IsInf(power, 0) {
		return v
	}
	switch f := v / power; {
	case f < 1.5:
		return power
	case f < 2.5:
		return 2 * power
	case f < 4:
		return 3 * power
	case f < 7:
		return 5 * power
	}
	return 10 * power
}

// tidy is v without what adding made of it: a multiple of step has no more digits.
func tidy(v, step float64) float64 {
	digits := 1 - math.Floor(math.Log10(step))
	if digits <= 0 || digits > 300 {
		return v
	}
	power := math.Pow(10, digits)
	if math.Abs(v) > 1e15/power {
		return v
	}
	return math.Round(v*power) / power
}

// roundUp is the least round number that is not below v.
func roundUp(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(max(v, 1))))
	for _, k := range []float64{1, 2, 3, 4, 5, 6, 8} {
		if k*power >= v {
			return k * power
		}
	}
	return 10 * power
}
