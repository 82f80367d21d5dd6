package model

// tally counts leads of some kind, and how many of them converted.
type tally struct {
	rows                 int
	weight, won, squares float64 // Σw, Σw·y, Σw²
}

// add counts one lead of weight w that converted (y = 1) or not (y = 0).
func (t *tally) add(w, y float64) {
	t.rows++
	t.weight += w
	t.won += float64(w * y)
	t.squares += float64(w * w)
}

// rate is the share that converted.
func (t *tally) rate() float64 { return t.won / t.weight }

// interval is the Wilson interval of the rate, over as many leads as the weights are worth: (Σw)²/Σw² (Kish 1965).
func (t *tally) interval() Interval {
	effective := t.weight * t.weight / t.squares
	return Wilson(t.rate()*effective, effective)
}

// tally counts the rows, which have outcomes.
func (l *leads) tally(rows []int32) tally {
	var all tally
	for _, r := range rows {
		all.add(l.weight(r), float64(l.converted[r]))
	}
	return all
}
