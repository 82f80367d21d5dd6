package model

import (
	"math"
	"slices"
)

// The credible mean of the won leads (Bühlmann & Straub 1970): what a sale is worth where no model of it does better.
// With n_s wins (weighted) of mean x_s from source s, s² the variance within sources and τ² that between them,
//
//	Z_s = n_s/(n_s + s²/τ²)          the credibility of the source's own mean
//	m_s = Z_s·x_s + (1 − Z_s)·x̄      scaled so that Σ n_s·m_s is the profit that was made
//
// In the form of model.go: μ0 = mean of ln m_s over the training leads, d = ln m_s − μ0.

// credibleValue learns the credible means of wins whose mean is positive. leads is the weight of the training leads of
// each level of the source, whose name feature is ("" = no source column).
func credibleValue(w *wins, feature string, leads []float64) (valueModel, *Warning) {
	v := valueModel{Kind: ValueMean, Wins: len(w.profit), Mean: w.mean()}
	v.Base = math.Log(v.Mean)
	if feature == "" {
		return v, nil
	}
	means := credibleMeans(w, len(leads), v.Mean)
	if slices.Min(means) <= 0 {
		return v, &Warning{Code: "value_by_source", Column: feature, Detail: "a source makes a loss per sale: one mean profit is used for all sources"}
	}
	v.Feature, v.Effects = feature, make([]float64, len(means))
	var sum, n float64
	for i, m := range means {
		v.Effects[i] = math.Log(m)
		sum += float64(leads[i] * v.Effects[i])
		n += leads[i]
	}
	v.Base = sum / n
	for i := range v.Effects {
		v.Effects[i] -= v.Base
	}
	return v, nil
}

// credibleMeans returns m_s of each level.
func credibleMeans(w *wins, levels int, overall float64) []float64 {
	w = w.asSeen()
	count, own := make([]float64, levels), make([]float64, levels)
	for i, x := range w.profit {
		if s := w.level[i]; s >= 0 {
			count[s] += w.weight[i]
			own[s] += w.weight[i] * (x - own[s]) / count[s]
		}
	}
	within, between := varianceComponents(w, count, own)
	means := make([]float64, levels)
	var made, predicted float64
	for s := range means {
		z := 0.0
		if between > 0 {
			z = count[s] / (count[s] + within/between)
		}
		means[s] = float64(z*own[s]) + float64((1-z)*overall)
		made += float64(count[s] * own[s])
		predicted += float64(count[s] * means[s])
	}
	if made > 0 && predicted > 0 {
		for s := range means {
			means[s] *= made / predicted
		}
	}
	return means
}

// varianceComponents estimates s² and τ² without bias (Bühlmann & Gisler 2005, §4.8); τ² is at least 0.
func varianceComponents(w *wins, count, own []float64) (within, between float64) {
	var n, groups, squares, grand float64
	for i, x := range w.profit {
		if s := w.level[i]; s >= 0 {
			d := x - own[s]
			within += float64(w.weight[i] * d * d)
		}
	}
	for s, c := range count {
		if c > 0 {
			groups++
			n += c
			squares += float64(c * c)
			grand += float64(c * own[s])
		}
	}
	if groups < 2 || n <= groups {
		return 0, 0
	}
	within /= n - groups
	grand /= n
	for s, c := range count {
		d := own[s] - grand
		between += float64(c * d * d)
	}
	return within, max(0, (between-float64((groups-1)*within))/(n-squares/n))
}
