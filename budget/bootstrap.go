package budget

import "math/rand/v2"

// Bootstrap calls each with how often each of n leads is drawn in one resample after another, with replacement. clusters
// says whose lead each is, by numbers from 0: those of one account win or lose together, so that whole accounts are drawn
// and drawing leads instead would give intervals that are too narrow. nil = each lead by itself. times is valid until each
// returns; the same seed gives the same resamples.
func Bootstrap(n int, clusters []int32, resamples int, seed uint64, each func(times []float64)) {
	random := rand.New(rand.NewPCG(seed, 0x626f6f74))
	times := make([]float64, n)
	accounts := 0
	for _, c := range clusters {
		accounts = max(accounts, int(c)+1)
	}
	drawn := make([]float64, accounts)
	for range resamples {
		if clusters == nil {
			draw(random, times)
		} else {
			draw(random, drawn)
			for i, c := range clusters {
				times[i] = drawn[c]
			}
		}
		each(times)
	}
}

// draw draws as many elements as there are, with replacement, and counts them.
func draw(random *rand.Rand, counts []float64) {
	clear(counts)
	for range counts {
		counts[random.IntN(len(counts))]++
	}
}
