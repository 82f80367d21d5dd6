package model

import "math"

// largest is the probability nearest to 1 that a float64 holds; smallest keeps probabilities off 0.
const (
	largest  = 1 - 1.0/(1<<53)
	smallest = math.SmallestNonzeroFloat64
)

// Sigmoid returns 1/(1+e^−x), to within 2 units in the last place, and strictly between 0 and 1.
func Sigmoid(x float64) float64 {
	var p [1]float64
	sigmoids([]float64{x}, p[:])
	return p[0]
}

// Logit is the inverse of Sigmoid.
func Logit(p float64) float64 { return math.Log(p) - math.Log1p(-p) }

// logLoss returns −y·ln σ(l) − (1−y)·ln(1−σ(l)), accurate at both ends.
func logLoss(l, y float64) float64 {
	// ln(1+e^l) = max(l,0) + ln(1+e^−|l|)
	return max(l, 0) + math.Log1p(math.Exp(-math.Abs(l))) - float64(y*l)
}

// dividedSigmoid returns (σ(x) − σ(y))/(x − y), and its limit σ'(x) at x = y, with every digit: for x ≥ y,
//
//	σ(x) − σ(y) = σ(x)·σ(−y)·(1 − e^−(x−y))
func dividedSigmoid(x, y float64) float64 {
	x, y = max(x, y), min(x, y)
	product := Sigmoid(x) * Sigmoid(-y)
	if d := x - y; d > 0 {
		return product * (-math.Expm1(-d) / d)
	}
	return product
}

// dividedExp returns (e^x − e^y)/(x − y), and its limit e^x at x = y.
func dividedExp(x, y float64) float64 {
	if d := x - y; d != 0 {
		return math.Exp(y) * (math.Expm1(d) / d)
	}
	return math.Exp(x)
}
