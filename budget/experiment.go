package budget

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// The experiment reserve tries arms, such as a source with a tier. What an arm brings for a dollar is p·m/c, with p
// known as a Beta distribution, m the value of a success and c the price of a lead. Until sales arrive, a success is
// a first stage and m what a lead at that stage is worth. By Thompson sampling an arm gets the share of the reserve
// with which it is the best in draws from the posteriors, but no less than a floor f ≤ 1/n of n arms:
//
//	share = f + (1 − n·f)·P(best)

// Arm is something to try.
type Arm struct {
	Name  string  `json:"name"`
	Rate  Beta    `json:"rate"`  // posterior of p
	Value float64 `json:"value"` // m, of a success
	Price float64 `json:"price"` // c, of a lead
}

// ArmShare is what an arm gets of the reserve.
type ArmShare struct {
	Name  string  `json:"name"`
	Best  float64 `json:"best"`  // probability that it brings the most for a dollar
	Share float64 `json:"share"` // of the reserve
}

// DefaultFloor is the least share of the reserve for an arm, where there are no more than 20 of them: of n arms none
// can be promised more than 1/n.
const DefaultFloor = 0.05

// floorOf is the least share that each of n arms can be promised.
func floorOf(floor float64, n int) float64 {
	return min(floor, 1/float64(n))
}

// Thompson splits the reserve for the next batch, from so many draws: the floor, or the n-th part for each of n arms
// if that is less, and the rest by the chance of being the best. A floor above [DefaultFloor] that n arms cannot all
// have is refused.
func Thompson(arms []Arm, floor float64, draws int, seed uint64) ([]ArmShare, error) {
	var b bounds
	checkArms(&b, "", arms, floor)
	b.require(draws > 0, "draws", draws, "at least 1")
	if err := b.err(); err != nil {
		return nil, err
	}
	shares := make([]ArmShare, len(arms))
	floor = floorOf(floor, len(arms))
	for i, wins := range bestCounts(arms, draws, seed) {
		best := wins / float64(draws)
		shares[i] = ArmShare{Name: arms[i].Name, Best: best, Share: floor + (1-floor*float64(len(arms)))*best}
	}
	return shares, nil
}

func checkArms(b *bounds, prefix string, arms []Arm, floor float64) {
	b.require(len(arms) > 0, prefix+"arms", len(arms), "at least one")
	b.require(floor >= 0 && (floor <= DefaultFloor || floor*float64(len(arms)) <= 1), prefix+"floor", floor, "from 0 to 0.05, or more if all arms together get at most 1")
	for i, a := range arms {
		name := at(prefix+"arms", i)
		b.positive(name+".rate.alpha", a.Rate.Alpha)
		b.positive(name+".rate.beta", a.Rate.Beta)
		b.finite(name+".value", a.Value)
		b.positive(name+".price", a.Price)
	}
}

// bestCounts counts in how many draws each arm brings the most for a dollar.
func bestCounts(arms []Arm, draws int, seed uint64) []float64 {
	source := rand.NewPCG(seed, 0x61726d73)
	rates := make([]distuv.Beta, len(arms))
	for i, a := range arms {
		rates[i] = distuv.Beta{Alpha: a.Rate.Alpha, Beta: a.Rate.Beta, Src: source}
	}
	wins := make([]float64, len(arms))
	for range draws {
		best, most := 0, math.Inf(-1)
		for i, a := range arms {
			if reward := rates[i].Rand() * a.Value / a.Price; reward > most {
				best, most = i, reward
			}
		}
		wins[best]++
	}
	return wins
}

// Beats is the probability that rate b is above rate a. It is a finite sum where b's alpha is a whole number, as
// after counted successes:
//
//	P(b > a) = Σ_i<α_b B(α_a + i, β_a + β_b) / ((β_b + i)·B(1 + i, β_b)·B(α_a, β_a))
//
// and otherwise an integral over the quantiles of b, good to about six digits. Both must be valid.
func (b Beta) Beats(a Beta) float64 {
	if b.Alpha == math.Trunc(b.Alpha) && b.Alpha <= 1e5 {
		sum := 0.0
		for i := range int(b.Alpha) {
			k := float64(i)
			sum += math.Exp(mathext.Lbeta(a.Alpha+k, a.Beta+b.Beta)-mathext.Lbeta(1+k, b.Beta)-mathext.Lbeta(a.Alpha, a.Beta)) / (b.Beta + k)
		}
		return min(sum, 1)
	}
	const cells = 2000
	sum := 0.0
	for i := range cells {
		sum += mathext.RegIncBeta(a.Alpha, a.Beta, b.Quantile((float64(i)+0.5)/cells))
	}
	return sum / cells
}

// Verdicts on an arm.
type ArmVerdict string

// What to do with an arm.
const (
	Graduate ArmVerdict = "graduate" // move it to the core budget
	StopArm  ArmVerdict = "stop"
	GoOn     ArmVerdict = "go_on"
)

// JudgeArm decides on an arm from the probability that its cap is above its price: above 95 % it graduates, below
// 5 % it stops.
func JudgeArm(capAbovePrice float64) (ArmVerdict, error) {
	var b bounds
	b.share("P(cap > price)", capAbovePrice)
	switch {
	case capAbovePrice > 0.95:
		return Graduate, b.err()
	case capAbovePrice < 0.05:
		return StopArm, b.err()
	}
	return GoOn, b.err()
}

// LeadsPerArm is how many leads each of two arms needs to tell a rate p1 from p2 with a power such as 0.8 at a
// two-sided level such as 0.05, rounded up (normal approximation, pooled under no difference). Equal rates cannot be
// told apart: [OutOfReach].
func LeadsPerArm(p1, p2, power, level float64) (Figure, error) {
	var b bounds
	b.share("p1", p1)
	b.share("p2", p2)
	b.inside("power", power)
	b.inside("level", level)
	if err := b.err(); err != nil {
		return Figure{}, err
	}
	mean, difference := (p1+p2)/2, p1-p2
	root := distuv.UnitNormal.Quantile(1-level/2)*math.Sqrt(2*mean*(1-mean)) +
		distuv.UnitNormal.Quantile(power)*math.Sqrt(p1*(1-p1)+p2*(1-p2))
	return over(root*root, difference*difference, OutOfReach).then(roundUp), nil
}

// PowerRow says how many leads an arm needs to see a lift.
type PowerRow struct {
	Lift  float64 `json:"lift"`  // relative: 0.2 is 20 % more
	Rate  float64 `json:"rate"`  // with the lift
	Leads Figure  `json:"leads"` // per arm
}

// PowerTable is [LeadsPerArm] for relative lifts over a rate. A lift beyond a rate of 1 is [OutOfReach].
func PowerTable(rate float64, lifts []float64, power, level float64) ([]PowerRow, error) {
	rows := make([]PowerRow, len(lifts))
	for i, lift := range lifts {
		rows[i] = PowerRow{Lift: lift, Rate: rate * (1 + lift), Leads: Unknown(OutOfReach)}
		if rows[i].Rate > 1 {
			continue
		}
		leads, err := LeadsPerArm(rows[i].Rate, rate, power, level)
		if err != nil {
			return nil, err
		}
		rows[i].Leads = leads
	}
	return rows, nil
}
