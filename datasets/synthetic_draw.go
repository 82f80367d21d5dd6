package datasets

import (
	"math"
	"math/rand/v2"
)

const (
	sampleBlockRows   = 10_000
	leadsPerAccount   = 1.4
	secondsPerDay     = 24 * 60 * 60
	contactStream     = 0xd1b54a32d192ed03 // keeps the bits of first contacts apart from those of names
	accountStream     = 0x9e3779b97f4a7c15 // keeps the accounts' numbers apart from the leads'
	microsPerSecond   = 1_000_000
	centsPerUnit      = 100.
	maxCount          = 500 // of pages, e-mails and the like
	unrecordedReason  = .08
	budgetIsTheReason = .50 // that a lead without a budget is lost for it
)

// sampleAccount is a company that several leads may belong to.
type sampleAccount struct {
	industry, region              int
	employees, revenue, age, luck float64
}

// sampleStage says how far a lead comes.
type sampleStage int

const (
	stageLead sampleStage = iota
	stageMQL
	stageSQL
	stageOpportunity
	stageWon
)

// reachPowers: a lead that buys with probability q reaches a stage with probability q^power.
var reachPowers = [...]float64{stageLead: 0, stageMQL: .40, stageSQL: .65, stageOpportunity: .80, stageWon: 1}

const (
	contactMean  = 2  // days from the mql to the first contact of those who are called
	contactShare = .7 // of those who go no further that are called
)

const junkMQL = .35 // junk looks active enough to be called

// sampleOutcome is what becomes of a lead, whether or not it is known yet: seconds since 1970, 0 = never.
type sampleOutcome struct {
	stage           sampleStage
	reached         [stageWon]int64 // of stageMQL to stageOpportunity
	contacted       int64           // by sales, for the first time
	won, lost       int64
	reason          int // in lostReasons, or absent
	profit, revenue float64
}

var lostReasons = []string{"not_a_buyer", "no_fit", "unreachable", "no_need", "no_budget", "no_decision", "chose_competitor", "price"}

// reasonsAt lists the reasons for which leads are lost at a stage, the usual one first.
var reasonsAt = [...][3]int{stageLead: {2, 1, 3}, stageMQL: {3, 2, 4}, stageSQL: {4, 5, 3}, stageOpportunity: {6, 7, 5}}

var sampleShares = func() (shares [catCount][]float64) {
	for c := range planted.categories {
		for _, l := range planted.categories[c].levels {
			shares[c] = append(shares[c], l.share)
		}
		if c == catPersona { // two groups, each with shares of its own
			cumulate(shares[c][:len(shares[c])-nonBuyerPersonas])
			cumulate(shares[c][len(shares[c])-nonBuyerPersonas:])
		} else {
			cumulate(shares[c])
		}
	}
	return shares
}()

// account draws the account of the number.
func (b *sampleBlock) account(number int) sampleAccount {
	b.accountSource.Seed(scramble(b.opts.Seed^accountStream), scramble(uint64(number)))
	r := b.accountRand
	a := sampleAccount{luck: r.NormFloat64()}
	a.industry = pickShare(sampleShares[catIndustry], r.Float64())
	a.region = pickShare(sampleShares[catRegion], r.Float64())
	a.employees = math.Round(math.Exp(min(max(4.3+1.5*r.NormFloat64(), 0), 10.3)))
	a.revenue = 1000 * math.Ceil(a.employees*150*math.Exp(.5*r.NormFloat64()))
	a.age = float64(float32(math.Round(10*min(1+22*r.ExpFloat64(), 150)) / 10))
	return a
}

// fit draws who the lead is.
func (b *sampleBlock) fit(l *sampleLead, a *sampleAccount) {
	r, source := b.rand, &sampleSources[l.source]
	for c := catNeed; c < catCount; c++ {
		l.categories[c] = pickShare(sampleShares[c], r.Float64())
	}
	l.categories[catIndustry], l.categories[catRegion] = a.industry, a.region
	buyers := len(sampleShares[catPersona]) - nonBuyerPersonas
	if r.Float64() < source.nonBuyers {
		l.categories[catPersona] = buyers + pickShare(sampleShares[catPersona][buyers:], r.Float64())
		l.categories[catSeniority] = len(sampleShares[catSeniority]) - 1
	} else {
		l.categories[catPersona] = pickShare(sampleShares[catPersona][:buyers], r.Float64())
		l.categories[catSeniority] = pickShare(sampleShares[catSeniority], r.Float64())
	}
	l.numbers[numEmployees], l.numbers[numRevenue], l.numbers[numCompanyAge] = a.employees, a.revenue, a.age
}

// activity draws what the lead did.
func (b *sampleBlock) activity(l *sampleLead) {
	r, source := b.rand, &sampleSources[l.source]
	latent := r.NormFloat64() + source.activity
	count := func(x float64) float64 { return min(math.Floor(x), maxCount) }
	l.numbers[numPages] = count(math.Exp(1.35 + .45*latent + .6*r.NormFloat64()))
	l.numbers[numPricing] = count(.6 * r.ExpFloat64() * math.Exp(.45*latent))
	l.numbers[numSeconds] = float64(float32(math.Exp(4.8 + .4*latent + .7*r.NormFloat64())))
	l.numbers[numOpened] = count(math.Exp(.7 + .4*latent + .6*r.NormFloat64()))
	l.numbers[numClicked] = count(l.numbers[numOpened] * r.Float64())
	l.numbers[numAssets] = count(.8 * r.ExpFloat64() * math.Exp(.35*latent))
	l.numbers[numDays] = float64(float32(math.Round(10*min(28*r.ExpFloat64()*math.Exp(-.2*latent), 400)) / 10))
	attends := -2.2
	if source.name == "webinar" {
		attends = 1.2
	}
	l.webinar = r.Float64() < logistic(attends+.4*latent)
	l.demo = r.Float64() < logistic(-2.9+.5*latent)
}

// forget takes away what the source does not know of the lead.
func (b *sampleBlock) forget(l *sampleLead) {
	r, unknown := b.rand, &sampleSources[l.source].unknown
	shares := [catCount]float64{
		catIndustry: unknown.firm / 3, catRegion: unknown.firm / 4, catSeniority: unknown.contact, catPersona: unknown.contact,
		catNeed: unknown.intent, catBudget: unknown.intent, catTimeline: unknown.intent,
	}
	for c, share := range shares {
		if r.Float64() < share {
			l.categories[c] = absent
		}
	}
	lose := func(share float64, numbers ...int) {
		if r.Float64() < share {
			for _, n := range numbers {
				l.numbers[n] = math.NaN()
			}
		}
	}
	lose(unknown.firm, numEmployees)
	lose(.35+.6*unknown.firm, numRevenue)
	lose(unknown.firm, numCompanyAge)
	lose(unknown.web, numPages, numPricing, numSeconds)
	lose(unknown.mail, numOpened, numClicked)
	lose(unknown.mail/2, numDays)
}

// outcome draws what becomes of a lead that buys with probability q and then brings the profit m on average.
func (b *sampleBlock) outcome(l *sampleLead, created int64, luck, q, m float64) sampleOutcome {
	r, source := b.rand, &sampleSources[l.source]
	score := math.Sqrt(planted.account)*luck + math.Sqrt(1-planted.account)*r.NormFloat64()
	o := sampleOutcome{stage: reached(normalCDF(score), q, l.junk()), reason: absent}
	median, spread := planted.lostMedian, planted.lostSpread
	if o.stage == stageWon {
		median, spread = planted.lagMedian, planted.lagSpread
	}
	lag := max(3600, int64(secondsPerDay*source.lag*median*math.Exp(spread*r.NormFloat64())))
	step := 0.
	for s := stageMQL; s < stageWon; s++ {
		step += (1 - step) * (.05 + .3*r.Float64())
		if s <= o.stage {
			o.reached[s] = created + int64(step*float64(lag))
		}
	}
	lose, why, noBudget, unrecorded := r.Float64(), r.Float64(), r.Float64(), r.Float64()
	switch {
	case o.stage == stageWon:
		o.won = created + lag
		b.sale(&o, m)
	case lose < planted.lostShare:
		o.lost = created + lag
		if unrecorded >= unrecordedReason {
			o.reason = reason(l, o.stage, why, noBudget)
		}
	}
	return o
}

// contact draws when sales first speak to a lead that has become an mql, from 64 random bits of its own: those who go
// on are spoken to before they do, those who are lost or stay may never be.
func (o *sampleOutcome) contact(bits uint64) {
	from := o.reached[stageMQL]
	if from == 0 {
		return
	}
	u, called := float64(bits>>32)/(1<<32), float64(bits&(1<<32-1))/(1<<32)
	at := from + int64(-secondsPerDay*contactMean*math.Log1p(-u))
	switch next := o.reached[stageSQL]; {
	case next != 0:
		o.contacted = min(at, from+(next-from)*9/10)
	case o.reason != absent && lostReasons[o.reason] == "unreachable":
	case called < contactShare && (o.lost == 0 || at < o.lost):
		o.contacted = at
	}
}

// reached returns how far a lead comes whose uniform number is u.
func reached(u, q float64, junk bool) sampleStage {
	logQ := math.Log(q)
	for s := stageWon; s > stageMQL; s-- {
		if u < math.Exp(reachPowers[s]*logQ) {
			return s
		}
	}
	if junk && u < junkMQL || u < math.Exp(reachPowers[stageMQL]*logQ) {
		return stageMQL
	}
	return stageLead
}

// sale draws the profit and the revenue of a sale.
func (b *sampleBlock) sale(o *sampleOutcome, m float64) {
	r := b.rand
	noise := math.Exp(planted.profitSpread*r.NormFloat64() - squared(planted.profitSpread)/2)
	if r.Float64() < planted.largeShare {
		noise *= planted.largeSize
	}
	noise /= 1 + planted.largeShare*(planted.largeSize-1)
	o.profit = cents(m * noise)
	o.revenue = cents(m * noise / (planted.margin * math.Exp(planted.marginSpread*r.NormFloat64())))
}

// cents rounds an amount to whole cents.
func cents(x float64) float64 { return math.Round(x*centsPerUnit) / centsPerUnit }

// inCents returns an amount of whole cents as a count of them.
func inCents(amount float64) int64 { return int64(math.Round(amount * centsPerUnit)) }

func reason(l *sampleLead, stage sampleStage, why, noBudget float64) int {
	switch {
	case l.junk() || l.categories[catPersona] >= len(sampleShares[catPersona])-nonBuyerPersonas:
		return 0
	case stage > stageLead && l.is(catBudget, "no_budget") && noBudget < budgetIsTheReason:
		return 4
	}
	return reasonsAt[stage][pickShare([]float64{.5, .8, 1}, why)]
}

// touches is the planted leak: how often the desk that closes deals dealt with the lead, filled in after the
// outcome is known. stage and won are as known on the as-of day.
func touches(r *rand.Rand, stage sampleStage, won bool) int64 {
	u, x := r.Float64(), r.ExpFloat64()
	switch {
	case won:
		return 4 + int64(min(3*x, 40))
	case stage == stageOpportunity:
		return int64(5 * u)
	case stage == stageSQL:
		return int64(2 * u)
	}
	return 0
}
