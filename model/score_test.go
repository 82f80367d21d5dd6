package model

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/leadscore/leadscore/features"
)

// drawModel draws a model of a few categories and numbers, with a value model by its first category, and
// coefficients of the given size.
func drawModel(t *rapid.T, size float64) *Model {
	random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "model"), 1))
	var fields []features.Field
	var terms []features.Term
	count := rapid.IntRange(1, 6).Draw(t, "features")
	for k := range count {
		name := fmt.Sprintf("f%d", k)
		if k%2 == 0 {
			fields = append(fields, features.Field{Name: name, Type: textType, Kind: features.Category, Role: features.RoleFeature})
			term := features.Term{Name: name, Missing: random.IntN(2) == 0}
			for level := range 1 + random.IntN(4) {
				term.Levels = append(term.Levels, fmt.Sprint(level))
				term.Histogram = append(term.Histogram, float64(1+random.IntN(9)))
			}
			terms = append(terms, term)
		} else {
			fields = append(fields, features.Field{Name: name, Type: doubleType, Kind: features.Number, Role: features.RoleFeature})
			terms = append(terms, features.Term{Name: name, Missing: random.IntN(2) == 0, Mean: random.NormFloat64(), SD: math.Exp(random.NormFloat64()), Max: 3, Histogram: []float64{5}})
		}
		last := &terms[len(terms)-1]
		last.Histogram = append(last.Histogram, float64(b2i(last.Missing)))
	}
	schema, err := features.NewSchema(fields, nil)
	if err != nil {
		t.Fatal(err)
	}
	m := &Model{}
	d := &m.document
	d.Schema, d.Terms, d.Intercept = schema, terms, -2*random.Float64()
	d.Calibration = Calibration{Intercept: 0.1 * random.NormFloat64(), Slope: 0.5 + random.Float64()}
	if m.encoder, err = features.NewEncoder(schema, terms); err != nil {
		t.Fatal(err)
	}
	d.Value = valueModel{Kind: ValueMean, Mean: 3000, Base: 8 + random.NormFloat64(), Currency: "USD"}
	for k := range terms {
		c := coefficients{Feature: terms[k].Name, Mean: 0.1 * size * random.NormFloat64()}
		for range terms[k].Size() {
			c.Values = append(c.Values, size*random.NormFloat64())
		}
		d.Coefficients = append(d.Coefficients, c)
	}
	drawValue(t, random, &d.Value, terms, min(size, 3))
	if rapid.Bool().Draw(t, "together") {
		d.Fit.Together = drawTogether(random)
	}
	if err := m.compile(); err != nil {
		t.Fatal(err)
	}
	return m
}

func drawTogether(random *rand.Rand) *Together {
	together := &Together{From: -3 * random.Float64(), To: 3 * random.Float64(), Tilt: random.NormFloat64(), Intercept: random.NormFloat64()}
	together.bound(random.NormFloat64())
	return together
}

// drawValue draws a value model: one mean, means by the first category, or effects of some terms on the size of a sale,
// with or without some on its being worth something.
func drawValue(t *rapid.T, random *rand.Rand, v *valueModel, terms []features.Term, size float64) {
	effects := func() (drawn []valueTerm) {
		for k := range terms {
			if random.IntN(3) == 0 {
				continue
			}
			term := valueTerm{Feature: terms[k].Name, Mean: 0.1 * random.NormFloat64()}
			for range terms[k].Size() {
				term.Values = append(term.Values, size*random.NormFloat64())
			}
			drawn = append(drawn, term)
		}
		return drawn
	}
	switch rapid.IntRange(0, 3).Draw(t, "value model") {
	case 1:
		v.Feature = terms[0].Name
		for range terms[0].Size() {
			v.Effects = append(v.Effects, size*random.NormFloat64())
		}
	case 2:
		v.Kind, v.Terms, v.Bounds = ValueGamma, effects(), []float64{v.Base - 2, v.Base + 2}
	case 3:
		v.Kind, v.Terms, v.Bounds = ValueLogRidge, effects(), []float64{v.Base + min(3, random.NormFloat64()), v.Base + 4}
		v.Paid = &paidModel{Base: random.NormFloat64(), Terms: effects()}
	}
}

func drawLead(t *rapid.T, m *Model) *features.Lead {
	lead := m.Schema().NewLead()
	for i, f := range m.Schema().Fields() {
		if rapid.IntRange(0, 5).Draw(t, "present") == 0 {
			continue
		}
		lead.Values[i].Present = true
		if f.Kind == features.Category {
			lead.Values[i].Text = fmt.Sprint(rapid.IntRange(0, 5).Draw(t, "level")) // some were never seen
		} else {
			lead.Values[i].Number = rapid.Float64Range(-10, 10).Draw(t, "number")
		}
	}
	return lead
}

// checkSums checks what a score promises of its reasons.
func checkSums(t interface{ Fatalf(string, ...any) }, s *Score) {
	logOdds, probability, money := s.Base.LogOdds, s.Base.Probability, 0.0
	size, sizeOfMoney := math.Abs(logOdds), 0.0
	for _, r := range s.Reasons {
		logOdds += r.LogOdds
		probability += r.Probability
		size += math.Abs(r.LogOdds)
		if (r.ExpectedValue == nil) != (s.ExpectedValue == nil) {
			t.Fatalf("%+v has money, or not, unlike its score", r)
		}
		if r.ExpectedValue != nil {
			money += *r.ExpectedValue
			sizeOfMoney += math.Abs(*r.ExpectedValue)
		}
	}
	if math.Abs(logOdds-s.LogOdds) > 1e-12*max(1, size/100) {
		t.Fatalf("log-odds add up to %v, want %v", logOdds, s.LogOdds)
	}
	if math.Abs(probability-s.Probability) > 1e-12*max(1, size/100) {
		t.Fatalf("probabilities add up to %v, want %v", probability, s.Probability)
	}
	if s.ExpectedValue != nil {
		if *s.ExpectedValue != s.Probability**s.ProfitIfWon {
			t.Fatalf("expected value %v, probability %v, profit %v", *s.ExpectedValue, s.Probability, *s.ProfitIfWon)
		}
		largest := max(*s.ExpectedValue, *s.Base.ExpectedValue)
		if got := *s.Base.ExpectedValue + money; math.Abs(got-*s.ExpectedValue) > 1e-9*largest+1e-12*(sizeOfMoney+*s.ProfitIfWon+*s.Base.ProfitIfWon) { // parts may be far larger than their sum
			t.Fatalf("money adds up to %v, want %v", got, *s.ExpectedValue)
		}
	}
}

// The reasons add up, for tiny and huge effects, in full and cut short.
func TestReasonsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t, math.Pow(10, rapid.Float64Range(-12, 2.5).Draw(t, "log size")))
		for range 5 {
			lead := drawLead(t, m)
			s := m.Score(lead)
			checkSums(t, &s)
			if _, err := json.Marshal(&s); err != nil {
				t.Fatal(err)
			}
			if s.LogOdds != m.LogOdds(lead) || s.Probability != Sigmoid(s.LogOdds) {
				t.Fatalf("log-odds %v and %v", s.LogOdds, m.LogOdds(lead))
			}
			for n := 1; n <= len(s.Reasons)+1; n++ {
				top := s.Top(n)
				checkSums(t, &top)
				if len(top.Reasons) > n+1 || n >= len(s.Reasons) && len(top.Reasons) != len(s.Reasons) {
					t.Fatalf("Top(%d) has %d reasons of %d", n, len(top.Reasons), len(s.Reasons))
				}
				if n < len(s.Reasons) && top.Reasons[n].Feature != OtherReasons {
					t.Fatalf("Top(%d) ends with %+v", n, top.Reasons[n])
				}
			}
		}
	})
}

func TestTop(t *testing.T) {
	s := Score{Reasons: []Reason{{Feature: "a", LogOdds: 0.1}, {Feature: "b", LogOdds: -2}, {Feature: "c", LogOdds: 1}, {Feature: "d", LogOdds: -0.1}}}
	names := func(s Score) (out []string) {
		for _, r := range s.Reasons {
			out = append(out, r.Feature)
		}
		return out
	}
	for n, want := range map[int][]string{0: nil, 1: {"b", OtherReasons}, 3: {"b", "c", "a", OtherReasons}, 4: {"b", "c", "a", "d"}, 9: {"b", "c", "a", "d"}, -1: {"b", "c", "a", "d"}} {
		if got := names(s.Top(n)); !slices.Equal(got, want) {
			t.Errorf("Top(%d) is %q, want %q", n, got, want)
		}
	}
	if got := names(s); !slices.Equal(got, []string{"a", "b", "c", "d"}) {
		t.Errorf("Top changed its score: %q", got)
	}
}

// What training never saw contributes exactly nothing, and is said.
func TestUnseenContributesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t, 1)
		lead := m.Schema().NewLead()
		for i, f := range m.Schema().Fields() {
			if f.Kind == features.Category {
				lead.Values[i] = features.Value{Present: true, Text: "never seen"}
			}
		}
		s := m.Score(lead)
		for k, term := range m.encoder.Terms() {
			r := s.Reasons[k]
			if unseen := !term.IsNumber() || !term.Missing; unseen && (r.LogOdds != 0 || r.Probability != 0) {
				t.Fatalf("%+v of %+v", r, term)
			}
		}
		if len(s.Warnings) < len(m.encoder.Terms()) {
			t.Fatalf("warnings %v", s.Warnings)
		}
	})
}

func TestReasonText(t *testing.T) {
	money := 82.554
	for want, r := range map[string]Reason{
		"lead source = referral raises the probability by 1.69 points (+82.55 USD)":                                 {Feature: "lead_source", Value: "referral", LogOdds: 0.28, Probability: 0.0169, ExpectedValue: &money},
		"size = (missing) lowers the probability by 0.50 points":                                                    {Feature: "size", Value: "(missing)", LogOdds: -0.1, Probability: -0.005},
		"fit = a changes only what a sale is worth (+82.55 USD)":                                                    {Feature: "fit", Value: "a", ExpectedValue: &money},
		"a b = x makes no difference":                                                                               {Feature: "a.b", Value: "x"},
		"all of it together makes a conversion less likely than the effects add up to, by 2.00 points (+82.55 USD)": {Feature: TogetherReason, LogOdds: -0.1, Probability: -0.02, ExpectedValue: &money},
	} {
		if got := reasonText(&r, "USD"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A reason that changes little but what the sale is worth stands where its money puts it; without money the log-odds decide.
func TestTopCountsMoney(t *testing.T) {
	amount := func(x float64) *float64 { return &x }
	s := Score{Probability: 0.1, ExpectedValue: amount(100), Reasons: []Reason{
		{Feature: "small", LogOdds: 0.1, Probability: 0.01, ExpectedValue: amount(5)},
		{Feature: "likely", LogOdds: -0.4, Probability: -0.04, ExpectedValue: amount(1)},
		{Feature: "dear", LogOdds: 0, Probability: 0, ExpectedValue: amount(-60)},
	}}
	for _, c := range []struct {
		score Score
		want  string
	}{{s, "dear likely small"}, {Score{Probability: 0.1, Reasons: s.Reasons}, "likely small dear"}} {
		var names []string
		for _, r := range c.score.Top(-1).Reasons {
			names = append(names, r.Feature)
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
