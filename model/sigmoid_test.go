package model

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

const precision = 400 // bits

// bigExp is e^x by its series, after halving x often enough.
func bigExp(x float64) *big.Float {
	const halvings = 40
	y := new(big.Float).SetPrec(precision).SetMantExp(big.NewFloat(x), -halvings)
	sum, term := big.NewFloat(1).SetPrec(precision), big.NewFloat(1).SetPrec(precision)
	for k := 1; k < 60; k++ {
		term.Mul(term, y)
		term.Quo(term, big.NewFloat(float64(k)))
		sum.Add(sum, term)
	}
	for range halvings {
		sum.Mul(sum, sum)
	}
	return sum
}

func bigSigmoid(x float64) *big.Float {
	e := bigExp(x)
	return new(big.Float).Quo(e, new(big.Float).Add(e, big.NewFloat(1).SetPrec(precision)))
}

// divided is (f(x) − f(y))/(x − y).
func divided(f func(float64) *big.Float, x, y float64) float64 {
	gap := new(big.Float).SetPrec(precision).Sub(big.NewFloat(x), big.NewFloat(y))
	d := new(big.Float).Sub(f(x), f(y))
	q, _ := d.Quo(d, gap).Float64()
	return q
}

func relative(got, want float64) float64 { return math.Abs(got-want) / math.Abs(want) }

// gap draws two numbers of a tiny, usual or huge difference.
func gap(t *rapid.T, limit float64) (x, y float64) {
	x = rapid.Float64Range(-limit, limit).Draw(t, "x")
	size := math.Pow(10, rapid.Float64Range(-17, math.Log10(limit)).Draw(t, "log gap"))
	return x, x - size
}

func TestDividedSigmoid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, y := gap(t, 36) // beyond, Sigmoid is kept below 1
		want := Sigmoid(x) * Sigmoid(-x)
		if x != y {
			want = divided(bigSigmoid, x, y)
		}
		for _, got := range []float64{dividedSigmoid(x, y), dividedSigmoid(y, x)} {
			if relative(got, want) > 1e-14 {
				t.Fatalf("at %v and %v: %v, want %v", x, y, got, want)
			}
		}
	})
}

func TestDividedExp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, y := gap(t, 100)
		want := math.Exp(x)
		if x != y {
			want = divided(bigExp, x, y)
		}
		for _, got := range []float64{dividedExp(x, y), dividedExp(y, x)} {
			if relative(got, want) > 1e-13 {
				t.Fatalf("at %v and %v: %v, want %v", x, y, got, want)
			}
		}
	})
}

// Nothing leaves (0, 1), and differences fit their divided differences, however far out.
func TestSigmoidExtremes(t *testing.T) {
	for _, x := range []float64{0, 1e-300, 1, 36, 37, 40, 700, 745, 746, 800, 1e12, math.MaxFloat64} {
		for _, at := range []float64{x, -x} {
			if p := Sigmoid(at); !(p > 0 && p < 1) {
				t.Errorf("Sigmoid(%v) = %v", at, p)
			}
			for _, other := range []float64{0, -3, 50, -1e12, at} {
				d := dividedSigmoid(at, other)
				if !(d >= 0 && d <= 0.25) {
					t.Errorf("dividedSigmoid(%v, %v) = %v", at, other, d)
				}
				if at != other && math.Abs(d*(at-other)-(Sigmoid(at)-Sigmoid(other))) > 1e-15 {
					t.Errorf("dividedSigmoid(%v, %v) = %v: σ differs by %v", at, other, d, Sigmoid(at)-Sigmoid(other))
				}
			}
			for _, y := range []float64{0, 1, 0.3} {
				if l := logLoss(at, y); !(l >= 0) {
					t.Errorf("logLoss(%v, %v) = %v", at, y, l)
				}
			}
		}
	}
	if p := Sigmoid(0); p != 0.5 {
		t.Errorf("Sigmoid(0) = %v", p)
	}
}

func TestLogitAndLogLoss(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Float64Range(-30, 30).Draw(t, "x")
		if back := Logit(Sigmoid(x)); math.Abs(back-x) > 1e-15*math.Exp(math.Abs(x))+1e-13 {
			t.Fatalf("Logit(Sigmoid(%v)) = %v", x, back)
		}
		y := rapid.Float64Range(0, 1).Draw(t, "y")
		p := Sigmoid(x)
		want := -y*math.Log(p) - (1-y)*math.Log(Sigmoid(-x))
		if got := logLoss(x, y); math.Abs(got-want) > 1e-12*(1+want) {
			t.Fatalf("logLoss(%v, %v) = %v, want %v", x, y, got, want)
		}
	})
}
