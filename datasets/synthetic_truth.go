package datasets

import "math"

// The categories of a sample lead, other than source and campaign.
const (
	catIndustry = iota
	catRegion
	catSeniority
	catPersona
	catNeed
	catBudget
	catTimeline
	catCount
)

// The numbers of a sample lead. The first three say who it is, the others what it did.
const (
	numEmployees = iota
	numRevenue
	numCompanyAge
	numPages
	numPricing
	numSeconds
	numOpened
	numClicked
	numAssets
	numDays
	numCount
)

// sampleLevel is one value of a category: how often it occurs, and what it adds to the log-odds and to the log
// profit.
type sampleLevel struct {
	name        string
	share       float64
	odds, value float64
}

// sampleCategory is a category; gone is what a missing value adds to the log-odds.
type sampleCategory struct {
	name   string
	levels []sampleLevel
	gone   float64
}

// sampleEffect is what a number x adds: odds·f(x) to the log-odds and value·f(x) to the log profit, or gone to
// the log-odds when it is missing. form writes f for people.
type sampleEffect struct {
	number      int
	form        string
	f           func(x float64) float64
	odds, value float64
	gone        float64
}

// sampleSource is where leads come from.
type sampleSource struct {
	name        string
	share       [2]float64 // of the leads, in the first month and 24 months later
	odds, value float64
	cost        float64 // of a lead, at the volume that share[0] had in the first month
	elasticity  float64 // leads grow as spend to this power
	lag         float64 // how many times the usual time passes until the sale
	activity    float64 // shift of the latent activity
	nonBuyers   float64 // share of the personas that never buy
	fairs       bool    // busy in spring and autumn
	unknown     sampleUnknown
	campaigns   [campaignsPerSource]sampleCampaign
}

// sampleUnknown holds the shares of values that a source does not know.
type sampleUnknown struct{ firm, contact, intent, web, mail float64 }

// sampleCampaign is active in the months from to until, counted from the epoch.
type sampleCampaign struct {
	name        string
	share, odds float64
	from, until int
}

const (
	campaignsPerSource = 4
	always             = math.MaxInt32
	nonBuyerPersonas   = 3 // the last ones; they never buy for a company
	junkSource         = "prize_draw"
)

// planted is the truth. Segments that pay more convert less, which makes profit and probability disagree.
var planted = struct {
	intercept  float64
	categories [catCount]sampleCategory
	numbers    []sampleEffect
	webinar    float64 // webinar_attended
	demo       float64 // demo_requested
	compliance float64 // need = compliance, in a regulated industry
	leader     float64 // times ln(1+pricing_page_views), for a c_level or vp
	junkLimit  float64 // every junk lead's probability is below it

	lagMedian, lagSpread   float64 // days from creation to the sale: median, sd of its logarithm
	lostMedian, lostSpread float64 // days from creation to the loss, likewise
	lostShare              float64 // of those who never buy; the others stay open
	account                float64 // share of an account in the variance of the outcome's normal score

	logProfit, profitSpread float64 // of a lead that adds nothing: ln m, and the sd of the log profit about it
	largeShare, largeSize   float64 // a few sales are several times as large
	margin, marginSpread    float64 // profit over revenue: median, sd of its logarithm
	costSpread              float64 // sd of the logarithm of a lead's cost
}{
	intercept: -3.76,
	categories: [catCount]sampleCategory{
		catIndustry: {"industry", []sampleLevel{
			{"software", .17, .30, -.20}, {"finance", .11, -.20, .35}, {"healthcare", .10, -.10, .15},
			{"manufacturing", .13, -.20, .25}, {"retail", .10, .15, -.30}, {"logistics", .07, .05, -.05},
			{"professional_services", .09, .25, -.25}, {"education", .06, -.25, .05}, {"public_sector", .05, -.50, .35},
			{"energy", .04, -.40, .40}, {"media", .05, .15, -.20}, {"construction", .03, -.05, .05},
		}, -.15},
		catRegion: {"region", []sampleLevel{
			{"north_america", .32, .10, .05}, {"western_europe", .20, .10, .05}, {"northern_europe", .08, .25, -.05},
			{"southern_europe", .09, -.10, -.05}, {"eastern_europe", .07, .15, -.20}, {"latin_america", .07, .05, -.15},
			{"asia_pacific", .09, -.20, .10}, {"middle_east", .03, -.15, .15}, {"not_served", .05, -4.9, .10},
		}, -.10},
		catSeniority: {"seniority", []sampleLevel{
			{"c_level", .10, .25, .05}, {"vp", .12, .35, .05}, {"director", .20, .20, 0},
			{"manager", .30, 0, 0}, {"individual", .28, -.35, 0},
		}, -.15},
		catPersona: {"persona", []sampleLevel{
			{"economic_buyer", .18, .50, -.05}, {"champion", .24, .35, -.05}, {"technical_evaluator", .24, .05, .05},
			{"end_user", .22, -.25, .05}, {"procurement", .12, -.10, .15},
			{"student", .45, -5.0, 0}, {"job_seeker", .30, -5.3, 0}, {"competitor", .25, -5.1, 0},
		}, -.20},
		catNeed: {"need", []sampleLevel{
			{"replace_system", .20, .55, .10}, {"reduce_cost", .22, .25, -.15}, {"compliance", .12, .10, .10},
			{"growth", .18, .10, .05}, {"integration", .12, .20, 0}, {"just_looking", .16, -1.10, 0},
		}, -.20},
		catBudget: {"budget", []sampleLevel{
			{"no_budget", .26, -1.00, .05}, {"under_10k", .26, .55, -.50}, {"10k_to_50k", .26, .40, -.05},
			{"50k_to_200k", .15, .10, .35}, {"over_200k", .07, -.15, .70},
		}, -.10},
		catTimeline: {"timeline", []sampleLevel{
			{"this_month", .10, .95, -.20}, {"this_quarter", .22, .60, -.10}, {"half_year", .24, .05, 0},
			{"next_year", .20, -.50, .10}, {"no_plan", .24, -.90, .15},
		}, -.15},
	},
	numbers: []sampleEffect{
		{numEmployees, "ln x - 4.3", func(x float64) float64 { return math.Log(x) - 4.3 }, -.27, .38, -.15},
		{numEmployees, "(ln x - 4.3)^2", func(x float64) float64 { return squared(math.Log(x) - 4.3) }, -.030, 0, 0},
		{numRevenue, "ln x - 16.2", func(x float64) float64 { return math.Log(x) - 16.2 }, 0, .06, .05},
		{numCompanyAge, "min(4, ((x - 22)/20)^2)", func(x float64) float64 { return min(4, squared((x-22)/20)) }, .20, 0, .15},
		{numPages, "ln(1 + x) - 1.6", func(x float64) float64 { return math.Log1p(x) - 1.6 }, .30, 0, -.20},
		{numPricing, "ln(1 + x)", math.Log1p, .50, 0, 0},
		{numSeconds, "ln(x/120)", func(x float64) float64 { return math.Log(x / 120) }, .12, 0, 0},
		{numOpened, "ln(1 + x)", math.Log1p, .15, 0, .10},
		{numClicked, "ln(1 + x)", math.Log1p, .30, 0, 0},
		{numAssets, "ln(1 + x)", math.Log1p, .25, 0, 0},
		{numDays, "exp(-x/20)", func(x float64) float64 { return math.Exp(-x / 20) }, .90, 0, .30},
	},
	webinar: .40, demo: 1.20, compliance: .60, leader: .30, junkLimit: .001,

	lagMedian: 26, lagSpread: .85, lostMedian: 40, lostSpread: .90, lostShare: .80, account: .10,
	logProfit: 7.95, profitSpread: .50, largeShare: .012, largeSize: 6, margin: .25, marginSpread: .10, costSpread: .35,
}

func squared(x float64) float64 { return x * x }

// sampleSources lists the sources, the prize draw last.
var sampleSources = [...]sampleSource{
	{
		name: "referral", share: [2]float64{.085, .080}, odds: .70, value: .05, elasticity: 1, lag: .8, activity: .1, nonBuyers: .04,
		unknown: sampleUnknown{firm: .10, contact: .08, intent: .20, web: .35, mail: .20},
		campaigns: [campaignsPerSource]sampleCampaign{
			{"customer_referral", .5, .10, 0, always}, {"employee_referral", .2, -.05, 0, always},
			{"advocate_club", .2, .05, 6, always}, {"review_site", .1, -.20, 0, always},
		},
	},
	{
		name: "organic_search", share: [2]float64{.205, .180}, odds: .10, elasticity: 1, lag: 1, activity: .1, nonBuyers: .12,
		unknown: sampleUnknown{firm: .18, contact: .12, intent: .25, web: .03, mail: .30},
		campaigns: [campaignsPerSource]sampleCampaign{
			{"seo_product", .4, .15, 0, always}, {"seo_blog", .35, -.20, 0, always},
			{"seo_compare", .15, .20, 4, always}, {"direct", .1, .05, 0, always},
		},
	},
	{
		name: "paid_search", share: [2]float64{.145, .215}, value: -.05, cost: 150, elasticity: .70, lag: 1, activity: .1, nonBuyers: .09,
		unknown: sampleUnknown{firm: .20, contact: .15, intent: .30, web: .03, mail: .35},
		campaigns: [campaignsPerSource]sampleCampaign{
			{"ps_brand", .25, .30, 0, always}, {"ps_generic", .45, -.15, 0, always},
			{"ps_competitor", .2, .05, 3, always}, {"ps_remarketing", .1, .20, 8, always},
		},
	},
	{
		name: "webinar", share: [2]float64{.110, .125}, odds: -.10, value: .05, cost: 95, elasticity: .65, lag: 1, activity: .4, nonBuyers: .12,
		unknown: sampleUnknown{firm: .12, contact: .05, intent: .30, web: .30, mail: .08},
		campaigns: [campaignsPerSource]sampleCampaign{
			{"wb_product_tour", .3, .20, 0, always}, {"wb_industry", .3, 0, 0, always},
			{"wb_partner", .2, -.10, 5, always}, {"wb_on_demand", .2, -.15, 9, always},
		},
	},
	{
		name: "trade_show", share: [2]float64{.095, .075}, odds: .25, value: .20, cost: 240, elasticity: .60, lag: 3, activity: -.3, nonBuyers: .08, fairs: true,
		unknown: sampleUnknown{firm: .15, contact: .06, intent: .35, web: .75, mail: .40},
		campaigns: [campaignsPerSource]sampleCampaign{
			{"ts_spring_fair", .35, .05, 0, always}, {"ts_autumn_fair", .35, 0, 0, always},
			{"ts_roadshow", .2, .15, 7, always}, {"ts_local", .1, -.20, 0, 15},
		},
	},
	{
		name: "content", share: [2]float64{.155, .150}, odds: -.35, value: -.10, cost: 40, elasticity: .75, lag: 1.1, activity: .3, nonBuyers: .19,
		unknown: sampleUnknown{firm: .22, contact: .10, intent: .40, web: .02, mail: .12},
		campaigns: [campaignsPerSource]sampleCampaign{
			{"ct_whitepaper", .35, 0, 0, always}, {"ct_ebook", .3, -.15, 0, always},
			{"ct_calculator", .2, .25, 5, always}, {"ct_newsletter", .15, -.10, 0, always},
		},
	},
	{
		name: "outbound", share: [2]float64{.080, .065}, odds: -.55, value: .15, cost: 120, elasticity: .85, lag: 1.2, activity: -.6, nonBuyers: .10,
		unknown: sampleUnknown{firm: .05, contact: .08, intent: .55, web: .85, mail: .15},
		campaigns: [campaignsPerSource]sampleCampaign{
			{"ob_enterprise", .3, .10, 0, always}, {"ob_midmarket", .4, .05, 0, always},
			{"ob_social", .2, -.15, 4, always}, {"ob_cold_mail", .1, -.25, 0, 18},
		},
	},
	{
		name: "partner", share: [2]float64{.030, .045}, odds: .55, value: .25, cost: 310, elasticity: .80, lag: 1.1, activity: -.1, nonBuyers: .05,
		unknown: sampleUnknown{firm: .08, contact: .06, intent: .20, web: .65, mail: .40},
		campaigns: [campaignsPerSource]sampleCampaign{
			{"pt_reseller", .5, .05, 0, always}, {"pt_agency", .25, -.10, 0, always},
			{"pt_marketplace", .15, .10, 9, always}, {"pt_alliance", .1, .10, 0, always},
		},
	},
	{
		name: "bought_list", share: [2]float64{.070, .045}, odds: -1.40, cost: 28, elasticity: .85, lag: 1.1, activity: -.9, nonBuyers: .20,
		unknown: sampleUnknown{firm: .45, contact: .55, intent: .94, web: .97, mail: .30},
		campaigns: [campaignsPerSource]sampleCampaign{
			{"bl_directory", .4, .10, 0, always}, {"bl_event_list", .3, .05, 0, always},
			{"bl_broker", .2, -.20, 0, 20}, {"bl_enriched", .1, .15, 10, always},
		},
	},
	{
		name: junkSource, share: [2]float64{.021, .017}, cost: 11, elasticity: .90, lag: 1, activity: 1.3, nonBuyers: .20,
		unknown: sampleUnknown{firm: .45, contact: .30, intent: .55, web: .05, mail: .05},
		campaigns: [campaignsPerSource]sampleCampaign{
			{"pd_tablet", .4, 0, 0, always}, {"pd_headphones", .3, 0, 0, always},
			{"pd_weekend_trip", .2, 0, 6, always}, {"pd_gift_card", .1, 0, 0, always},
		},
	},
}

// absent marks a category without a value; a number without one is NaN.
const absent = -1

// sampleLead is one lead as known when it was created: all that its probability may depend on.
type sampleLead struct {
	source, campaign int
	categories       [catCount]int
	numbers          [numCount]float64
	webinar, demo    bool
}

func (l *sampleLead) junk() bool { return sampleSources[l.source].name == junkSource }

func (l *sampleLead) is(category int, names ...string) bool {
	code := l.categories[category]
	if code == absent {
		return false
	}
	for _, name := range names {
		if planted.categories[category].levels[code].name == name {
			return true
		}
	}
	return false
}

// fitOdds is the part of η that says who the lead is, activityOdds what it did.
func (l *sampleLead) fitOdds() float64 {
	source := &sampleSources[l.source]
	eta := planted.intercept + source.odds + source.campaigns[l.campaign].odds
	for c, code := range l.categories {
		if code == absent {
			eta += planted.categories[c].gone
		} else {
			eta += planted.categories[c].levels[code].odds
		}
	}
	if l.is(catNeed, "compliance") && l.is(catIndustry, "finance", "healthcare", "public_sector") {
		eta += planted.compliance
	}
	return eta + l.numberOdds(numEmployees, numCompanyAge)
}

func (l *sampleLead) activityOdds() float64 {
	eta := l.numberOdds(numPages, numDays)
	if l.webinar {
		eta += planted.webinar
	}
	if l.demo {
		eta += planted.demo
	}
	if views := l.numbers[numPricing]; views > 0 && l.is(catSeniority, "c_level", "vp") {
		eta += planted.leader * math.Log1p(views)
	}
	return eta
}

// numberOdds sums what the numbers first to last add.
func (l *sampleLead) numberOdds(first, last int) (eta float64) {
	for i := range planted.numbers {
		e := &planted.numbers[i]
		switch x := l.numbers[e.number]; {
		case e.number < first || e.number > last:
		case math.IsNaN(x):
			eta += e.gone
		case e.odds != 0:
			eta += e.odds * e.f(x)
		}
	}
	return eta
}

// buys returns the probability that the lead ever buys.
func (l *sampleLead) buys() float64 {
	if l.junk() {
		return planted.junkLimit * logistic(l.fitOdds()-planted.intercept)
	}
	return logistic(l.fitOdds() + l.activityOdds())
}

// profit returns m, the mean profit of the sale if there is one.
func (l *sampleLead) profit() float64 {
	mu := planted.logProfit + sampleSources[l.source].value
	for c, code := range l.categories {
		if code != absent {
			mu += planted.categories[c].levels[code].value
		}
	}
	for i := range planted.numbers {
		e := &planted.numbers[i]
		if x := l.numbers[e.number]; e.value != 0 && !math.IsNaN(x) {
			mu += e.value * e.f(x)
		}
	}
	return math.Exp(mu)
}

// within returns G(days), the share of the source's sales that come within the days.
func (s *sampleSource) within(days float64) float64 {
	return normalCDF((math.Log(days) - math.Log(planted.lagMedian*s.lag)) / planted.lagSpread)
}

func logistic(eta float64) float64 { return 1 / (1 + math.Exp(-eta)) }

func normalCDF(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }
