package model

import (
	"cmp"
	"math"
	"slices"

	"github.com/leadscore/leadscore/features"
)

// A number may name things rather than measure them: a district, a campaign, a shop by its number. Its order then says
// nothing, and steps of neighbouring numbers mix what has nothing in common. It shows in that the share of conversions
// jumps from each number to the next as far as it varies at all. With r_v the share among the n_v leads of number v, and
// a, b = 1 − a the weights of the line between its neighbours u and w at v,
//
//	d_v = r_v − a·r_u − b·r_w,   E d_v² = s_v² + (1 + a² + b²)·σ²,   s_v² = p(1−p)·(1/n_v + a²/n_u + b²/n_w)
//
// where σ² is the variance of effects that know no order: a line has none, and a smooth curve next to none, whatever their
// leads are. σ̂² is the mean of (d_v² − s_v²)/(1 + a² + b²) weighted by 1/(s_v²/(1+a²+b²) + its median)²; its variance
// without such effects is that of a binomial's square, times 1.94 for neighbours that share shares (their d correlate by
// −2/3 and 1/6). A number is nominal if σ̂² stands out from chance and is most of the variance of the r_v between the numbers.
//
// Only whole numbers are asked, of more values than have a bin each anyway, nearly all of whose leads have a value that
// others have too. One lead of each account speaks. Data of repeated measurements without an account column (one person's
// leads all share its columns) may look nominal in all of them, and are best told apart by such a name.

const (
	nominalZ        = 8.0 // standard errors: far beyond chance, as what is barely told apart gains nothing by a name and loses its order
	nominalShare    = 0.5 // of the variance between the numbers
	nominalLeads    = 5.0 // of a value that is asked,
	nominalCoverage = 0.8 // and how many of the leads have such a value
	nominalWindow   = 5   // values on either side that p is the share of
	neighbourly     = 1.94
)

// NominalNumbers returns the features of a table that are numbers and seem to name things, in its order, but for
// Options.Numbers.
func NominalNumbers(table *features.Table, options Options) ([]string, error) {
	t, err := prepare(table, options)
	if err != nil {
		return nil, err
	}
	return t.nominalNumbers(t.rows), nil
}

func (t *trainer) nominalNumbers(rows []int32) (names []string) {
	rows = t.onePerAccount(t.someOf(rows, learnRows))
	for i, f := range t.table.Schema.Fields() {
		if f.Role.Feature() && f.Kind == features.Number && !slices.Contains(t.options.Numbers, f.Name) &&
			nominal(t.sharesOf(&t.table.Columns[i].Numbers, rows)) {
			names = append(names, f.Name)
		}
	}
	return names
}

// naming returns a trainer of the recipe auto to which the nominal numbers are categories, as the rows tell, and their
// names; t itself where there are none, or another recipe.
func (t *trainer) naming(rows []int32) (*trainer, []string, error) {
	if t.options.Recipe != RecipeAuto {
		return t, nil, nil
	}
	names := t.nominalNumbers(rows)
	if names == nil {
		return t, nil, nil
	}
	fields := slices.Clone(t.table.Schema.Fields())
	for _, name := range names {
		fields[t.table.Schema.Index(name)].Kind = features.Category
	}
	schema, err := features.NewSchema(fields, t.table.Schema.Missing())
	if err != nil {
		return nil, nil, err
	}
	named, leads := *t, *t.leads
	named.leads = &leads
	leads.table, err = t.table.As(schema)
	return &named, names, err
}

// namedNumbers are warnings that numbers are taken as names.
func namedNumbers(names []string) (warnings []Warning) {
	for _, name := range names {
		warnings = append(warnings, Warning{Code: "number_names", Column: name, Detail: "conversions jump from one of its numbers " +
			"to the next: taken as names of things, a category; features.kinds can say that it is a number"})
	}
	return warnings
}

// onePerAccount returns the first row of each account, or all where none are named.
func (l *leads) onePerAccount(rows []int32) []int32 {
	if l.accounts == nil {
		return rows
	}
	seen := map[int32]bool{}
	var first []int32
	for _, r := range rows {
		if a := l.accounts[r]; !seen[a] {
			seen[a] = true
			first = append(first, r)
		}
	}
	return first
}

// valueShare is the leads that have a value of a number.
type valueShare struct {
	x              float64
	weight, square float64 // Σ w, Σ w²
	won            float64 // Σ w of the converted
}

// leads are how many of weight 1 would tell as much.
func (v *valueShare) leads() float64 { return v.weight * v.weight / v.square }

// sharesOf returns the values of a whole number in order; nil of another.
func (l *leads) sharesOf(x *features.Numbers, rows []int32) []valueShare {
	var all []valueShare
	for _, r := range rows {
		v := x.At(int(r))
		if math.IsNaN(v) {
			continue
		}
		if v != math.Trunc(v) {
			return nil
		}
		w := l.weight(r)
		all = append(all, valueShare{v, w, w * w, w * float64(l.converted[r])})
	}
	slices.SortFunc(all, func(a, b valueShare) int { return cmp.Compare(a.x, b.x) })
	merged := all[:0]
	for _, v := range all {
		if n := len(merged); n > 0 && merged[n-1].x == v.x {
			m := &merged[n-1]
			m.weight, m.square, m.won = m.weight+v.weight, m.square+v.square, m.won+v.won
		} else {
			merged = append(merged, v)
		}
	}
	return merged
}

// nominal reports whether the values of a number, in order, name things.
func nominal(values []valueShare) bool {
	all, asked := 0.0, 0.0
	var v []valueShare
	for _, x := range values {
		all += x.weight
		if x.leads() >= nominalLeads {
			asked += x.weight
			v = append(v, x)
		}
	}
	if len(v) <= autoBins || asked < nominalCoverage*all {
		return false
	}
	jumps := make([]jump, 0, len(v)-2)
	for i := 1; i < len(v)-1; i++ {
		jumps = append(jumps, jumpAt(v, i))
	}
	noise := make([]float64, len(jumps))
	for i, j := range jumps {
		noise[i] = j.noise
	}
	slices.Sort(noise)
	typical := noise[len(noise)/2]
	var total, sigma, variance, mean float64
	for i := range jumps {
		j := &jumps[i]
		j.weight = 1 / ((j.noise + typical) * (j.noise + typical))
		total += j.weight
		sigma += float64(j.weight * j.excess)
		variance += float64(j.weight * j.weight * j.variance)
		mean += float64(j.weight * j.share)
	}
	if !(total > 0) || math.IsInf(total, 0) { // nobody converted, or everybody did
		return false
	}
	mean /= total
	between := 0.0
	for _, j := range jumps {
		between += float64(j.weight * (float64((j.share-mean)*(j.share-mean)) - j.own))
	}
	return sigma > nominalZ*math.Sqrt(neighbourly*variance) && sigma > nominalShare*between
}

// jump is how far the share of a value is from the line between its neighbours'.
type jump struct {
	share    float64 // r_v
	own      float64 // its variance, p(1−p)/n_v
	excess   float64 // (d² − s²)/(1 + a² + b²)
	noise    float64 // s²/(1 + a² + b²)
	variance float64 // of excess where there are no effects
	weight   float64
}

func jumpAt(v []valueShare, i int) jump {
	u, x, w := &v[i-1], &v[i], &v[i+1]
	a := (w.x - x.x) / (w.x - u.x)
	b := 1 - a
	won, weight := 0.0, 0.0
	for _, near := range v[max(0, i-nominalWindow):min(len(v), i+nominalWindow+1)] {
		won, weight = won+near.won, weight+near.weight
	}
	p := won / weight
	pq := p * (1 - p)
	d := x.won/x.weight - float64(a*u.won/u.weight) - float64(b*w.won/w.weight)
	own := pq / x.leads()
	s := own + float64(a*a*pq/u.leads()) + float64(b*b*pq/w.leads())
	fourth := func(c float64, of *valueShare) float64 { // of c·r, its fourth cumulant
		n := of.leads()
		return float64(c * c * c * c * pq * (1 - float64(6*pq)) / (n * n * n))
	}
	scale := 1 + float64(a*a) + float64(b*b)
	cumulant := fourth(1, x) + fourth(a, u) + fourth(b, w)
	return jump{share: x.won / x.weight, own: own, excess: (float64(d*d) - s) / scale, noise: s / scale, variance: max(0, float64(2*s*s)+cumulant) / (scale * scale)}
}
