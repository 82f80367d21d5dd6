package model

import "github.com/leadscore/leadscore/features"

// binned is one feature cut into bins for the leads of a turn; bin −1 is of values that the fit never saw.
type binned struct {
	fit, test []int32
	count     int
	missing   int32 // the bin of the missing, −1 = none
}

// binned cuts a feature into its levels, or a number into bins between the edges of its z.
func (t *trainer) binned(encoder *features.Encoder, k int, u turn, edges []float64) binned {
	term := &encoder.Terms()[k]
	b := binned{count: term.Size(), missing: -1}
	of := func(c features.Code) int32 { return c.Level }
	if term.IsNumber() {
		b.count = len(edges) + 1
		of = func(c features.Code) int32 {
			switch c.Level {
			case features.NoLevel:
				return -1
			case 1:
				return b.missing
			}
			return int32(features.BinOf(edges, c.Z))
		}
		if term.Missing {
			b.missing = int32(b.count)
			b.count++
		}
	} else if term.Missing {
		b.missing = int32(len(term.Levels))
	}
	cut := func(rows []int32) []int32 {
		bins := make([]int32, len(rows))
		for i, code := range encoder.Codes(k, t.table, rows, nil) {
			bins[i] = of(code)
		}
		return bins
	}
	b.fit, b.test = cut(u.fit), cut(u.test)
	return b
}

// leakEdges returns the edges of leakBins bins of a number's z over the fit; nil of a category.
func (t *trainer) leakEdges(encoder *features.Encoder, k int, u turn) []float64 {
	if !encoder.Terms()[k].IsNumber() {
		return nil
	}
	var z, weights []float64
	for i, c := range encoder.Codes(k, t.table, u.fit, nil) {
		if c.Level == 0 {
			z, weights = append(z, c.Z), append(weights, t.weight(u.fit[i]))
		}
	}
	return features.QuantileEdges(z, weights, leakBins)
}

// missingOnly keeps only whether the value is missing.
func (b binned) missingOnly() binned {
	flag := func(bins []int32) []int32 {
		out := make([]int32, len(bins))
		for i, bin := range bins {
			if bin == b.missing { // also −1, if the fit misses none: missing as well, or unseen
				out[i] = 1
			}
		}
		return out
	}
	return binned{fit: flag(b.fit), test: flag(b.test), count: 2, missing: 1}
}

// levelRates predicts the smoothed log-odds of each bin of the fit for the leads of the test: its conversions
// and leads plus those of a few average leads.
func (t *trainer) levelRates(b binned, u turn) []float64 {
	const smoothing = 5
	won, n := make([]float64, b.count), make([]float64, b.count)
	var all tally
	for i, r := range u.fit {
		w, y := t.weight(r), float64(t.converted[r])
		won[b.fit[i]] += float64(w * y)
		n[b.fit[i]] += w
		all.add(w, y)
	}
	rate := all.rate()
	eta := make([]float64, len(u.test))
	for i, bin := range b.test {
		p := rate
		if bin >= 0 {
			p = (won[bin] + smoothing*rate) / (n[bin] + smoothing)
		}
		eta[i] = Logit(p)
	}
	return eta
}
