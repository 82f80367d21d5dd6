package budget

import (
	"math"

	"gonum.org/v1/gonum/stat"
)

// Whether new buyers are worth less than they were. Profits are compared as logarithms, because they spread by
// factors; with means a, b and variances A, B of the logarithms of the latest and the earlier sales:
//
//	z = (a − b)/√(A/n_a + B/n_b),   ratio = e^(a−b)
//
// A warning is |z| > 2. Given predicted profits instead of made ones, it warns before the sales are closed.

// Drift compares the profit of the latest first-time buyers with that of earlier ones.
type Drift struct {
	Latest   Figure `json:"latest"`   // mean profit
	Earlier  Figure `json:"earlier"`  // mean profit
	Ratio    Figure `json:"ratio"`    // of typical (geometric mean) profits, latest to earlier
	Z        Figure `json:"z"`        //
	Warning  bool   `json:"warning"`  // |z| > 2
	LeftOut  int    `json:"left_out"` // sales without a profit above 0, which have no logarithm
	LatestN  int    `json:"latest_n"`
	EarlierN int    `json:"earlier_n"`
}

// Compare tells whether the profits of the latest sales, such as this quarter's, differ from those of the earlier
// ones, such as the four quarters before it.
func Compare(latest, earlier []float64) (Drift, error) {
	var b bounds
	for i, x := range latest {
		b.finite(at("latest", i), x)
	}
	for i, x := range earlier {
		b.finite(at("earlier", i), x)
	}
	if err := b.err(); err != nil {
		return Drift{}, err
	}
	a, c := logarithms(latest), logarithms(earlier)
	d := Drift{LatestN: len(latest), EarlierN: len(earlier), LeftOut: len(latest) + len(earlier) - len(a) - len(c)}
	d.Latest, d.Earlier = meanOf(latest), meanOf(earlier)
	d.Ratio, d.Z = Unknown(TooFew), Unknown(TooFew)
	if len(a) < 2 || len(c) < 2 {
		return d, nil
	}
	meanA, varA := stat.MeanVariance(a, nil)
	meanC, varC := stat.MeanVariance(c, nil)
	d.Ratio = Known(math.Exp(meanA - meanC))
	d.Z = over(meanA-meanC, math.Sqrt(varA/float64(len(a))+varC/float64(len(c))), TooFew)
	z, _ := d.Z.Value()
	d.Warning = math.Abs(z) > 2
	return d, nil
}

func logarithms(x []float64) (logs []float64) {
	for _, v := range x {
		if v > 0 {
			logs = append(logs, math.Log(v))
		}
	}
	return logs
}

func meanOf(x []float64) Figure {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return over(sum, float64(len(x)), NoWins)
}
