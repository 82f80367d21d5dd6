package features

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// fitTable is the table of the rows, in one batch.
func fitTable(t testing.TB, s *Schema, rows rowsOf) *Table {
	t.Helper()
	return tableOf(t, s, rows.batches(s, max(len(rows), 1), true))
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-12*(1+math.Abs(a)+math.Abs(b)) }

// sameTerms reports whether terms agree but for rounding.
func sameTerms(a, b []Term) bool {
	return slices.EqualFunc(a, b, func(x, y Term) bool {
		return x.Name == y.Name && x.Missing == y.Missing && slices.Equal(x.Levels, y.Levels) && near(x.Mean, y.Mean) && near(x.SD, y.SD) &&
			x.Min == y.Min && x.Max == y.Max && slices.Equal(x.Edges, y.Edges) && slices.EqualFunc(x.Histogram, y.Histogram, near)
	})
}

// Weight 2 is a row twice, weight 0 is no row, and the order of the rows changes nothing but rounding.
func TestFitLaws(t *testing.T) {
	s := leadSchema(t)
	rapid.Check(t, func(rt *rapid.T) {
		rows := drawRows(rt, s)
		weights := make([]float64, len(rows))
		var repeated rowsOf
		for r := range rows {
			weights[r] = float64(rapid.IntRange(0, 3).Draw(rt, "weight"))
			for range int(weights[r]) {
				repeated = append(repeated, rows[r])
			}
		}
		rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1)).Shuffle(len(repeated), func(i, j int) { repeated[i], repeated[j] = repeated[j], repeated[i] })
		weighted, emptyW, errW := Fit(fitTable(t, s, rows), nil, weights)
		plain, emptyP, errP := Fit(fitTable(t, s, repeated), nil, nil)
		if (errW == nil) != (errP == nil) || !slices.Equal(emptyW, emptyP) {
			rt.Fatalf("weighted: %v, %v; repeated: %v, %v", emptyW, errW, emptyP, errP)
		}
		if errW == nil && !sameTerms(weighted.Terms(), plain.Terms()) {
			rt.Fatalf("weighted: %+v\nrepeated: %+v", weighted.Terms(), plain.Terms())
		}
	})
}

// The chosen rows alone decide.
func TestFitRows(t *testing.T) {
	s := leadSchema(t)
	rapid.Check(t, func(rt *rapid.T) {
		rows := drawRows(rt, s)
		var chosen []int32
		var part rowsOf
		for r := range rows {
			if rapid.Bool().Draw(rt, "chosen") {
				chosen, part = append(chosen, int32(r)), append(part, rows[r])
			}
		}
		if len(part) == 0 {
			return
		}
		a, _, errA := Fit(fitTable(t, s, rows), chosen, nil)
		b, _, errB := Fit(fitTable(t, s, part), nil, nil)
		if (errA == nil) != (errB == nil) || errA == nil && !reflect.DeepEqual(stripped(a), stripped(b)) {
			rt.Fatalf("%v, %v", errA, errB)
		}
	})
}

// stripped returns the terms as they would be read from an artifact, but for the code map.
func stripped(e *Encoder) []Term {
	terms := slices.Clone(e.Terms())
	for i := range terms {
		terms[i].code = nil
	}
	return terms
}

func TestFitMoments(t *testing.T) {
	s, err := NewSchema([]Field{
		{Name: "x", Type: Type{Base: Float64}, Kind: Number, Role: RoleFeature},
		{Name: "constant", Type: Type{Base: Float64}, Kind: Number, Role: RoleFeature},
		{Name: "empty", Type: Type{Base: Float64}, Kind: Number, Role: RoleFeature},
		{Name: "day", Type: Type{Base: Date}, Kind: Time, Role: RoleFeature},
		{Name: "c", Type: Type{Base: String}, Kind: Category, Role: RoleFeature},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	row := func(x, constant Value, day int64, c Value) []Value {
		return []Value{x, constant, {}, {Present: true, Time: day * microsPerDay}, c}
	}
	const far = 1e9 // far from 0: a one-pass variance would be all rounding
	rows := rowsOf{
		row(number(far+1), number(0.1), 10, text("b")), row(number(far+2), number(0.1), 11, text("a")),
		row(number(far+6), number(0.1), 12, Value{}), row(Value{}, number(0.1), 13, text("b")),
	}
	e, empty, err := Fit(fitTable(t, s, rows), nil, nil)
	if err != nil || !slices.Equal(empty, []string{"empty"}) {
		t.Fatalf("%v, %v", empty, err)
	}
	want := []Term{
		{Name: "x", Missing: true, Mean: far + 3, SD: math.Sqrt(14.0 / 3), Min: far + 1, Max: far + 6, Histogram: []float64{1, 1, 1, 1}, Edges: []float64{far + 2, far + 6}},
		{Name: "constant", Mean: 0.1, SD: 1, Min: 0.1, Max: 0.1, Histogram: []float64{4, 0}},
		{Name: "day", Mean: 11.5, SD: math.Sqrt(1.25), Min: 10, Max: 13, Histogram: []float64{1, 1, 1, 1, 0}, Edges: []float64{11, 12, 13}},
		{Name: "c", Missing: true, Levels: []string{"a", "b"}, Histogram: []float64{1, 2, 1}},
	}
	if got := e.Terms(); !sameTerms(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	if c := e.Terms()[1]; c.Mean != 0.1 || c.Standardise(0.1) != 0 {
		t.Errorf("a constant has mean %v and z %v", c.Mean, c.Standardise(0.1))
	}
	for i, size := range []int{2, 1, 1, 3} {
		if got := e.Terms()[i].Size(); got != size {
			t.Errorf("%s has size %d, want %d", e.Terms()[i].Name, got, size)
		}
	}
	if names := []string{e.Terms()[0].LevelName(0), e.Terms()[0].LevelName(1), e.Terms()[3].LevelName(0), e.Terms()[3].LevelName(2)}; !slices.Equal(names, []string{"slope", "(missing)", "a", "(missing)"}) {
		t.Errorf("names %q", names)
	}
}

// The histogram of a large table is made of a part of its rows, but counts all of them.
func TestFitManyRows(t *testing.T) {
	s, err := NewSchema([]Field{
		{Name: "x", Type: Type{Base: Float64}, Kind: Number, Role: RoleFeature}, {Name: "rare", Type: Type{Base: Float64}, Kind: Number, Role: RoleFeature},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	const n = 2*histogramRows + 17
	x, rare := make([]float64, n), make([]float64, n)
	var sum, squares float64
	for r := range n {
		x[r], rare[r] = 1e6+float64(r%1000), math.NaN()
		if r%10 == 3 {
			x[r] = math.NaN()
		}
	}
	rare[n-2] = 5 // between the rows that the histogram is made of
	sum = 0
	present := 0.0
	for _, v := range x {
		if !math.IsNaN(v) {
			sum += v - 1e6
			present++
		}
	}
	mean := sum / present
	for _, v := range x {
		if !math.IsNaN(v) {
			squares += (v - 1e6 - mean) * (v - 1e6 - mean)
		}
	}
	table := tableOf(t, s, []*Batch{{Schema: s, Rows: n, Vectors: []Vector{{Numbers: x}, {Numbers: rare}}}})
	e, empty, err := Fit(table, nil, nil)
	if err != nil || empty != nil {
		t.Fatal(empty, err)
	}
	for i, want := range []Term{{Mean: 1e6 + mean, SD: math.Sqrt(squares / present), Min: 1e6, Max: 1e6 + 999}, {Mean: 5, SD: 1, Min: 5, Max: 5}} {
		got := e.Terms()[i]
		if !near(got.Mean, want.Mean) || !near(got.SD, want.SD) || got.Min != want.Min || got.Max != want.Max || math.Abs(got.Weight()-n) > 1e-6 {
			t.Errorf("%+v, weight %v, want %+v", got, got.Weight(), want)
		}
	}
	if got := e.Terms()[0]; got.MissingWeight() != n-present || len(got.Edges) != 9 || math.Abs(got.Histogram[4]/present-0.1) > 0.01 {
		t.Errorf("%+v", got)
	}
}

func TestFitRefuses(t *testing.T) {
	s := leadSchema(t)
	none := rowsOf{make([]Value, len(s.fields))}
	huge := rowsOf{make([]Value, len(s.fields)), make([]Value, len(s.fields))}
	huge[0][5], huge[1][5] = number(1e308), number(-1e308)
	for name, c := range map[string]struct {
		rows    rowsOf
		weights []float64
		want    string
	}{
		"no rows":   {nil, nil, "no rows"},
		"no weight": {huge, []float64{0, 0}, "no rows"},
		"no value":  {none, nil, "no feature has a value"},
		"overflow":  {huge, nil, `"score"`},
	} {
		if _, _, err := Fit(fitTable(t, s, c.rows), nil, c.weights); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A lead's codes are those of its row, bit for bit, and what the solver is given is the same design.
func TestCodesOfTableAndLead(t *testing.T) {
	s := leadSchema(t)
	rapid.Check(t, func(rt *rapid.T) {
		rows := drawRows(rt, s)
		table := fitTable(t, s, rows)
		fitted := make([]int32, 0, len(rows))
		for r := range rows {
			if rapid.IntRange(0, 2).Draw(rt, "fitted") > 0 {
				fitted = append(fitted, int32(r))
			}
		}
		e, _, err := Fit(table, fitted, nil)
		if err != nil {
			return
		}
		design := e.Design(table, fitted)
		all := AllRows(len(rows))
		var lead Lead
		for i, term := range e.Terms() {
			codes := e.Codes(i, table, all, nil)
			for r, code := range codes {
				table.Lead(r, &lead)
				if got := e.Code(i, &lead); got.Level != code.Level || math.Float64bits(got.Z) != math.Float64bits(code.Z) {
					rt.Fatalf("%s, row %d: lead %+v, table %+v", term.Name, r, got, code)
				}
			}
			for k, r := range fitted {
				if got := design.Columns[i].code(k); got != codes[r] {
					rt.Fatalf("%s, row %d: design %+v, code %+v", term.Name, r, got, codes[r])
				}
			}
		}
	})
}

// code is what the solver makes of a row: the formula of DesignColumn.
func (d *DesignColumn) code(row int) Code {
	if d.Levels > 0 {
		return Code{Level: int32(d.Codes.At(row)), Z: 1}
	}
	switch x := d.Numbers.At(row); {
	case !math.IsNaN(x):
		return Code{Z: (x - d.Center) * (1 / d.Scale)}
	case d.Flag:
		return Code{Level: 1, Z: 1}
	}
	return Code{Level: NoLevel, Z: 1}
}

// A row that the encoder was not fitted on has a code that no solver takes, also where a byte could not hold it.
func TestDesignOfOtherRows(t *testing.T) {
	s, err := NewSchema([]Field{{Name: "c", Type: Type{Base: String}, Kind: Category, Role: RoleFeature}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, levels := range []int{1, 255, 256, 65536} {
		var rows rowsOf
		for k := range levels {
			rows = append(rows, []Value{text(fmt.Sprint(k))})
		}
		rows = append(rows, []Value{{}}, []Value{text("other")})
		d := &Dictionary{}
		var codes []uint32
		for k, row := range rows {
			code := uint32(NoCode)
			if row[0].Present {
				code, d.Levels = uint32(len(d.Levels)), append(d.Levels, row[0].Text)
			}
			if codes = append(codes, code); k > levels+1 {
				t.Fatal("too many rows")
			}
		}
		table := tableOf(t, s, []*Batch{{Schema: s, Rows: len(rows), Vectors: []Vector{{Codes: codes, Dictionary: d}}}})
		e, _, err := Fit(table, AllRows(levels), nil)
		if err != nil {
			t.Fatal(err)
		}
		design := e.Design(table, nil).Columns[0]
		for r := range rows {
			if code := design.Codes.At(r); (code < design.Levels) != (r < levels) {
				t.Errorf("%d levels, row %d: code %d of %d", levels, r, code, design.Levels)
			}
		}
	}
}

func TestUnseenAndMissing(t *testing.T) {
	s := leadSchema(t)
	rows := make(rowsOf, 3)
	for r := range rows {
		rows[r] = make([]Value, len(s.fields))
		rows[r][2] = text([]string{"web", "fair", "web"}[r])
		rows[r][3] = number(float64(10 * r))
		rows[r][6] = Value{Present: true, Time: int64(r) * microsPerDay}
	}
	rows[2][3] = Value{} // employees are missing once, source and seen never
	e, empty, err := Fit(fitTable(t, s, rows), nil, nil)
	if err != nil || !slices.Equal(empty, []string{"score"}) {
		t.Fatalf("%v, %v", empty, err)
	}
	lead := s.NewLead()
	for i, want := range []Code{{NoLevel, 1}, {1, 1}, {NoLevel, 1}} {
		if got := e.Code(i, lead); got != want {
			t.Errorf("%s missing: %+v, want %+v", e.Terms()[i].Name, got, want)
		}
	}
	codesOf := func(ws []Warning) (out []string) {
		for _, w := range ws {
			out = append(out, strings.TrimSuffix(w.Code+" "+w.Feature, " "))
		}
		return out
	}
	if got := codesOf(e.Warnings(lead, nil)); !slices.Equal(got, []string{"missing_field source", "missing_field employees", "missing_field seen", "mostly_missing"}) {
		t.Errorf("warnings %q", got)
	}
	lead.Values[2], lead.Values[3], lead.Values[6] = text("Web"), number(10.5), Value{Present: true, Time: -microsPerDay}
	if got := e.Code(0, lead); got != (Code{NoLevel, 1}) {
		t.Errorf("unseen: %+v", got)
	}
	warnings := e.Warnings(lead, []Warning{{Code: WarnUnknownField}})
	if got := codesOf(warnings); !slices.Equal(got, []string{"unknown_field", "unseen_level source", "out_of_range employees", "out_of_range seen"}) {
		t.Errorf("warnings %q", got)
	}
	if got := warnings[3].Detail; got != "outside 1970-01-01T00:00:00Z to 1970-01-03T00:00:00Z, the range of training" {
		t.Errorf("detail %q", got)
	}
	lead.Values[2], lead.Values[3], lead.Values[6] = text("web"), number(10), Value{Present: true, Time: microsPerDay}
	if got := e.Warnings(lead, nil); got != nil {
		t.Errorf("a usual lead: %v", got)
	}
	if got := []string{e.Text(0, lead), e.Text(1, lead), e.Text(2, lead), e.Text(0, s.NewLead())}; !slices.Equal(got, []string{"web", "10", "1970-01-02T00:00:00Z", "(missing)"}) {
		t.Errorf("texts %q", got)
	}
}

// Numbers astronomically far away, and tiny spreads, stay finite.
func TestStandardiseIsFinite(t *testing.T) {
	s := leadSchema(t)
	rapid.Check(t, func(t *rapid.T) {
		sd := math.Pow(10, rapid.Float64Range(-300, 300).Draw(t, "log sd"))
		term := Term{Name: "score", Mean: rapid.Float64().Draw(t, "mean"), SD: sd, Histogram: []float64{1, 0}}
		e, err := NewEncoder(s, []Term{term})
		if err != nil {
			t.Fatal(err)
		}
		x := rapid.Float64().Draw(t, "x")
		z := e.Terms()[0].Standardise(x)
		if want := (x - term.Mean) / sd; !(math.Abs(z) <= Reach) || math.Abs(want) < Reach/2 && math.Abs(z-want) > 1e-15*math.Abs(want)+1e-307 {
			t.Fatalf("z = %v, want %v", z, want)
		}
	})
}

func TestTermsRoundTrip(t *testing.T) {
	s := leadSchema(t)
	rapid.Check(t, func(rt *rapid.T) {
		e, _, err := Fit(fitTable(t, s, drawRows(rt, s)), nil, nil)
		if err != nil {
			return
		}
		data, err := json.Marshal(e.Terms())
		if err != nil {
			rt.Fatal(err)
		}
		var terms []Term
		if err := json.Unmarshal(data, &terms); err != nil {
			rt.Fatal(err)
		}
		back, err := NewEncoder(s, terms)
		if err != nil {
			rt.Fatal(err)
		}
		if again, err := json.Marshal(back.Terms()); err != nil || string(again) != string(data) {
			rt.Fatalf("%s\nread and written again: %s, %v", data, again, err)
		}
	})
}

func TestEncoderRefuses(t *testing.T) {
	s := leadSchema(t)
	category := func(change func(*Term)) Term {
		c := Term{Name: "source", Levels: []string{"fair", "web"}, Histogram: []float64{1, 2, 0}}
		change(&c)
		return c
	}
	num := func(change func(*Term)) Term {
		n := Term{Name: "score", Mean: 1, SD: 2, Max: 5, Missing: true, Edges: []float64{1, 3}, Histogram: []float64{1, 2, 1, 4}}
		change(&n)
		return n
	}
	if _, err := NewEncoder(s, []Term{category(func(*Term) {}), num(func(*Term) {})}); err != nil {
		t.Fatal(err)
	}
	for name, term := range map[string]Term{
		"not in schema": category(func(c *Term) { c.Name = "sauce" }),
		"not a feature": category(func(c *Term) { c.Name = "converted" }),
		"no levels":     category(func(c *Term) { c.Levels, c.Histogram = nil, []float64{0} }),
		"only missing":  category(func(c *Term) { c.Levels, c.Histogram, c.Missing = nil, []float64{3}, true }),
		"twice":         category(func(c *Term) { c.Levels = []string{"web", "web"} }),
		"unsorted":      category(func(c *Term) { c.Levels = []string{"web", "fair"} }),
		"blank level":   category(func(c *Term) { c.Levels = []string{"", "web"} }),
		"missing text":  category(func(c *Term) { c.Levels = []string{"?", "web"} }),
		"unnormal":      category(func(c *Term) { c.Levels = []string{" fair", "web"} }),
		"not UTF-8":     category(func(c *Term) { c.Levels = []string{"fair", "web\xff"} }),
		"sd":            category(func(c *Term) { c.SD = 1 }),
		"edges":         category(func(c *Term) { c.Edges = []float64{1} }),
		"counts":        category(func(c *Term) { c.Histogram = []float64{1, 2} }),
		"negative":      category(func(c *Term) { c.Histogram = []float64{3, -1, 0} }),
		"NaN count":     category(func(c *Term) { c.Histogram = []float64{3, math.NaN(), 0} }),
		"all zero":      category(func(c *Term) { c.Histogram = []float64{0, 0, 0} }),
		"overflow":      category(func(c *Term) { c.Histogram = []float64{1e308, 1e308, 0} }),
		"flag":          category(func(c *Term) { c.Missing = true }),
		"sd 0":          num(func(n *Term) { n.SD = 0 }),
		"sd < 0":        num(func(n *Term) { n.SD = -1 }),
		"sd tiny":       num(func(n *Term) { n.SD = 5e-324 }),
		"sd Inf":        num(func(n *Term) { n.SD = math.Inf(1) }),
		"mean NaN":      num(func(n *Term) { n.Mean = math.NaN() }),
		"range":         num(func(n *Term) { n.Min = 6 }),
		"levels":        num(func(n *Term) { n.Levels = []string{"a"} }),
		"edge order":    num(func(n *Term) { n.Edges = []float64{3, 1} }),
		"edge count":    num(func(n *Term) { n.Edges = []float64{3} }),
		"no flag":       num(func(n *Term) { n.Missing = false }),
	} {
		if _, err := NewEncoder(s, []Term{term}); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("feature %q", term.Name)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := NewEncoder(s, []Term{num(func(*Term) {}), num(func(*Term) {})}); err == nil || !strings.Contains(err.Error(), `"score" appears twice`) {
		t.Errorf("one name twice: %v", err)
	}
}

func TestEncoderFits(t *testing.T) {
	s := leadSchema(t)
	rows := rowsOf{make([]Value, len(s.fields))}
	rows[0][5] = number(1)
	e, _, err := Fit(fitTable(t, s, rows), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	change := func(i int, f func(*Field)) *Schema {
		fields := leadFields()
		f(&fields[i])
		other, err := NewSchema(fields, nil)
		if err != nil {
			t.Fatal(err)
		}
		return other
	}
	if err := e.Fits(change(5, func(f *Field) { f.Role = RoleExcluded })); err != nil {
		t.Error(err)
	}
	if err := e.Fits(change(2, func(f *Field) { f.Name = "sauce" })); err != nil { // not a term
		t.Error(err)
	}
	for _, other := range []*Schema{
		change(5, func(f *Field) { f.Name = "other" }), change(5, func(f *Field) { f.Type.Base = Float32 }), change(5, func(f *Field) { f.Kind = Category }), new(Schema),
	} {
		if err := e.Fits(other); err == nil {
			t.Errorf("no error for %+v", other.fields)
		}
	}
}

func BenchmarkCode(b *testing.B) {
	s := leadSchema(b)
	rows := rowsOf{make([]Value, len(s.fields))}
	rows[0][2], rows[0][3], rows[0][5] = text("web"), number(1), number(2)
	e, _, err := Fit(fitTable(b, s, rows), nil, nil)
	if err != nil {
		b.Fatal(err)
	}
	lead := &Lead{Values: rows[0]}
	b.ReportAllocs()
	for b.Loop() {
		for i := range e.Terms() {
			e.Code(i, lead)
		}
	}
}
