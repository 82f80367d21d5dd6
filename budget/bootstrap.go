package budget

import (
	"math/rand/v2"
	"slices"
)

// Resampling is how a bootstrap draws: part of its result, so that it can be repeated.
type Resampling struct {
	Resamples int    `json:"resamples"`
	Seed      uint64 `json:"seed"`
}

// DefaultResampling is 1,000 resamples from seed 1.
func DefaultResampling() Resampling { return Resampling{Resamples: 1000, Seed: 1} }

// Bootstrap draws whole accounts with replacement and returns the statistic of each resample, ascending; resamples
// whose statistic has no value are left out. account[i] says whose lead i is; an empty one is an account of its own.
// The statistic is told how often each lead was drawn, in a slice that is valid until it returns.
//
// Leads of one account win or lose together, so that drawing leads instead gives intervals that are too narrow.
func (r Resampling) Bootstrap(account []string, statistic func(times []float64) Figure) ([]float64, error) {
	var b bounds
	b.require(r.Resamples > 0, "resamples", r.Resamples, "at least 1")
	b.require(len(account) > 0, "leads", len(account), "at least 1")
	if err := b.err(); err != nil {
		return nil, err
	}
	cluster, clusters := clustersOf(account)
	random := rand.New(rand.NewPCG(r.Seed, 0x6163636f756e74))
	drawn, times := make([]float64, clusters), make([]float64, len(account))
	values := make([]float64, 0, r.Resamples)
	for range r.Resamples {
		clear(drawn)
		for range clusters {
			drawn[random.IntN(clusters)]++
		}
		for i, c := range cluster {
			times[i] = drawn[c]
		}
		if x, known := statistic(times).Value(); known {
			values = append(values, x)
		}
	}
	slices.Sort(values)
	return values, nil
}

// clustersOf numbers the accounts in the order in which they appear.
func clustersOf(account []string) (cluster []int, clusters int) {
	cluster = make([]int, len(account))
	number := make(map[string]int)
	for i, name := range account {
		c, seen := number[name]
		if !seen || name == "" {
			c = clusters
			clusters++
			if name != "" {
				number[name] = c
			}
		}
		cluster[i] = c
	}
	return cluster, clusters
}
