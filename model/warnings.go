package model

import "strings"

// Condensed returns the warnings for people: those of one code and column whose details end alike, behind the last
// colon, become one, which says the end once.
func Condensed(warnings []Warning) []Warning {
	type key struct{ code, column, end string }
	at := map[key]int{}
	var condensed []Warning
	for _, w := range warnings {
		i := strings.LastIndex(w.Detail, ": ")
		if i < 0 {
			condensed = append(condensed, w)
			continue
		}
		k := key{w.Code, w.Column, w.Detail[i:]}
		if before, found := at[k]; found {
			first := &condensed[before].Detail
			*first = strings.TrimSuffix(*first, k.end) + "; " + w.Detail
			continue
		}
		at[k] = len(condensed)
		condensed = append(condensed, w)
	}
	return condensed
}
