package model

import "math"

// exp1 returns e^−x for x ≥ 0, to within 2 units in the last place where the result is a normal number, and 0 below.
//
//	x = k·ln 2 + r, |r| ≤ ln 2/2      e^−x = 2^−k·e^−r
//
// e^−r is its Taylor series to the 13th power, whose remainder is below 2⁻⁵⁸. ln 2 is subtracted in two parts (Cody &
// Waite 1980), so that r keeps its digits.
//
// Note: math.Exp is as exact, but its call costs more than all the rest of a lead's sigmoid.
func exp1(x float64) float64 {
	const (
		log2e  = 1.44269504088896338700e+00
		ln2Hi  = 6.93147180369123816490e-01
		ln2Lo  = 1.90821492927058770002e-10
		shift  = 3 << 51 // adding and subtracting it rounds to a whole number
		lowest = 708     // e^−708 is about the smallest normal number
	)
	if !(x <= lowest) {
		if x != x {
			return x
		}
		return 0
	}
	k := float64(x*log2e) + shift - shift
	r := float64(k*ln2Lo) - (x - float64(k*ln2Hi)) // −r of the formula
	r2 := float64(r * r)
	// Two chains, of the even and the odd powers, run side by side.
	even, odd := 1.0/479001600, 1.0/6227020800
	even, odd = 1.0/3628800+float64(r2*even), 1.0/39916800+float64(r2*odd)
	even, odd = 1.0/40320+float64(r2*even), 1.0/362880+float64(r2*odd)
	even, odd = 1.0/720+float64(r2*even), 1.0/5040+float64(r2*odd)
	even, odd = 1.0/24+float64(r2*even), 1.0/120+float64(r2*odd)
	even, odd = 1.0/2+float64(r2*even), 1.0/6+float64(r2*odd)
	even, odd = 1+float64(r2*even), 1+float64(r2*odd)
	return (even + float64(r*odd)) * math.Float64frombits(uint64(1023-int64(k))<<52)
}
