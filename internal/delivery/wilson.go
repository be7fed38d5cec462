package delivery

import "math"

// Wilson is the 95 % score interval of k of n: Wilson (1927), without a correction
// for continuity. Both ends are nil when n is 0.
func Wilson(k, n int) (low, high *float64) {
	if n == 0 {
		return nil, nil
	}
	const z = 1.959963984540054 // of the normal distribution at 97.5 %
	p, size := float64(k)/float64(n), float64(n)
	middle := p + z*z/(2*size)
	half := z * math.Sqrt(p*(1-p)/size+z*z/(4*size*size))
	whole := 1 + z*z/size
	a, b := max(0, (middle-half)/whole), min(1, (middle+half)/whole)
	if k == 0 {
		a = 0
	}
	if k == n {
		b = 1
	}
	return &a, &b
}
