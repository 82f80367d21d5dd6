package datasets

import (
	"math"
	"math/rand/v2"

	"github.com/leadscore/leadscore/features"
)

// The columns of the leads file, in its order. Those of the categories and of the numbers stand together.
const (
	colLeadID = iota
	colCreatedAt
	colAccountID
	colSource
	colCampaign
	colCost
	colCategories
	colNumbers = colCategories + catCount
	colWebinar = colNumbers + numCount
)

const (
	colDemo = colWebinar + 1 + iota
	colMQL
	colSQL
	colOpportunity
	colContacted
	colConverted
	colConvertedAt
	colLostAt
	colLostReason
	colProfit
	colRevenue
	colTouches
)

// The columns of the truth file.
const (
	truthID = iota
	truthP
	truthProfit
	truthJunk
)

const leakColumn = "deal_desk_touches"

var (
	textType      = features.Type{Base: features.String}
	boolType      = features.Type{Base: features.Bool}
	timestampType = features.Type{Base: features.Timestamp}
	moneyType     = features.Type{Base: features.Decimal, Scale: 2}
)

// numberColumns names the number features, in the order of numEmployees to numDays.
var numberColumns = [numCount]struct {
	name string
	base features.Base
}{
	numEmployees: {"employees", features.Int32}, numRevenue: {"annual_revenue", features.Float64},
	numCompanyAge: {"company_age", features.Float32}, numPages: {"pages_viewed", features.Int32},
	numPricing: {"pricing_page_views", features.Int32}, numSeconds: {"time_on_site", features.Float32},
	numOpened: {"emails_opened", features.Int32}, numClicked: {"emails_clicked", features.Int32},
	numAssets: {"assets_downloaded", features.Int32}, numDays: {"days_since_last_touch", features.Float32},
}

// leadColumns returns the columns of the leads file with room for rows.
func leadColumns(rows int) []FrameColumn {
	list := []FrameColumn{
		required("lead_id", textType, rows), required("created_at", timestampType, rows), required("account_id", textType, rows),
		coded("source", sourceNames(), false, rows), coded("campaign", campaignNames(), false, rows), required("acquisition_cost", moneyType, rows),
	}
	for c := range planted.categories {
		var names []string
		for _, l := range planted.categories[c].levels {
			names = append(names, l.name)
		}
		list = append(list, coded(planted.categories[c].name, names, true, rows))
	}
	for n, column := range numberColumns {
		c := required(column.name, features.Type{Base: column.base}, rows)
		if n != numAssets {
			c.Valid = make([]bool, rows)
		}
		list = append(list, c)
	}
	return append(list,
		required("webinar_attended", boolType, rows), required("demo_requested", boolType, rows),
		optional("mql_at", timestampType, rows), optional("sql_at", timestampType, rows), optional("opportunity_at", timestampType, rows),
		optional("contacted_at", timestampType, rows),
		required("converted", boolType, rows), optional("converted_at", timestampType, rows),
		optional("lost_at", timestampType, rows), coded("lost_reason", lostReasons, true, rows),
		optional("profit", moneyType, rows), optional("revenue", moneyType, rows),
		required(leakColumn, features.Type{Base: features.Int32}, rows))
}

// truthColumns returns the columns of the truth file.
func truthColumns(rows int) []FrameColumn {
	double := features.Type{Base: features.Float64}
	return []FrameColumn{
		required("lead_id", textType, rows), required("p_horizon", double, rows), required("m_true", double, rows),
		required("junk", boolType, rows),
	}
}

func required(name string, t features.Type, rows int) FrameColumn {
	c := FrameColumn{Name: name, Type: t}
	switch {
	case t.Base == features.String:
		c.Texts = make([]string, rows)
	case t.Base == features.Bool:
		c.Bools = make([]bool, rows)
	case t.Temporal():
		c.Times = make([]int64, rows)
	case t.Integer():
		c.Ints = make([]int64, rows)
	default:
		c.Floats = make([]float64, rows)
	}
	return c
}

func optional(name string, t features.Type, rows int) FrameColumn {
	c := required(name, t, rows)
	c.Valid = make([]bool, rows)
	return c
}

func coded(name string, levels []string, missing bool, rows int) FrameColumn {
	c := FrameColumn{Name: name, Type: textType, Codes: make([]uint32, rows), Levels: levels}
	if missing {
		c.Valid = make([]bool, rows)
	}
	return c
}

func sourceNames() (names []string) {
	for s := range sampleSources {
		names = append(names, sampleSources[s].name)
	}
	return names
}

func campaignNames() (names []string) {
	for s := range sampleSources {
		for _, c := range sampleSources[s].campaigns {
			names = append(names, c.name)
		}
	}
	return names
}

// sampleBlock draws one block after another into the same memory.
type sampleBlock struct {
	opts          SyntheticOptions
	calendar      *sampleCalendar
	source        *rand.PCG
	rand          *rand.Rand
	accountSource *rand.PCG
	accountRand   *rand.Rand
	accounts      int
	within        [len(sampleSources)]float64 // G(horizon) of each source

	leads, truth Frame
	sums         [len(sampleSources)]sourceSums
	spend        [][len(sampleSources)]int64 // cents, by month of the calendar
	ids          []byte
}

func newSampleBlock(opts SyntheticOptions, calendar *sampleCalendar) *sampleBlock {
	rows := min(sampleBlockRows, opts.Rows)
	b := &sampleBlock{
		opts: opts, calendar: calendar, source: rand.NewPCG(0, 0), accountSource: rand.NewPCG(0, 0),
		accounts: max(1, int(float64(opts.Rows)/leadsPerAccount)),
		leads:    Frame{Columns: leadColumns(rows)}, truth: Frame{Columns: truthColumns(rows)},
		spend: make([][len(sampleSources)]int64, len(calendar.months)),
	}
	b.rand, b.accountRand = rand.New(b.source), rand.New(b.accountSource)
	for s := range sampleSources {
		b.within[s] = sampleSources[s].within(float64(opts.Horizon))
	}
	return b
}

// draw draws the block of the number.
func (b *sampleBlock) draw(number int) {
	first := number * sampleBlockRows
	rows := min(sampleBlockRows, b.opts.Rows-first)
	b.source.Seed(b.opts.Seed, uint64(number))
	b.sums = [len(sampleSources)]sourceSums{}
	clear(b.spend)
	b.ids = b.ids[:0]
	b.resize(rows)
	for row := range rows {
		b.drawLead(first, row)
	}
	b.shareIDs(rows)
}

// resize cuts the frames to the rows of the block.
func (b *sampleBlock) resize(rows int) {
	for _, f := range []*Frame{&b.leads, &b.truth} {
		f.Rows = rows
		for i := range f.Columns {
			c := &f.Columns[i]
			c.Texts, c.Codes, c.Bools = cut(c.Texts, rows), cut(c.Codes, rows), cut(c.Bools, rows)
			c.Ints, c.Floats, c.Times, c.Valid = cut(c.Ints, rows), cut(c.Floats, rows), cut(c.Times, rows), cut(c.Valid, rows)
		}
	}
}

func cut[T any](s []T, rows int) []T {
	if s == nil {
		return nil
	}
	return s[:rows]
}

func (b *sampleBlock) drawLead(first, row int) {
	r := b.rand
	created, monthIndex := b.calendar.at((float64(first+row) + r.Float64()) / float64(b.opts.Rows))
	month := &b.calendar.months[monthIndex]
	accountNumber := int(r.Float64() * float64(b.accounts))
	account := b.account(accountNumber)
	var l sampleLead
	l.source = pickShare(month.sources[:], r.Float64())
	l.campaign = pickShare(month.campaigns[l.source][:], r.Float64())
	b.fit(&l, &account)
	b.activity(&l)
	b.forget(&l)
	cost := cents(month.price[l.source] * math.Exp(planted.costSpread*r.NormFloat64()-squared(planted.costSpread)/2))
	q, m := l.buys(), l.profit()
	o := b.outcome(&l, created, account.luck, q, m)
	o.contact(scramble(scramble(b.opts.Seed^contactStream) ^ uint64(first+row)))
	b.addIDs(first+row, accountNumber)
	b.storeLead(row, created, cost, &l)
	won := b.storeOutcome(row, &o)
	p := q * b.within[l.source]
	b.truth.Columns[truthP].Floats[row] = p
	b.truth.Columns[truthProfit].Floats[row] = m
	b.truth.Columns[truthJunk].Bools[row] = l.junk()
	b.spend[monthIndex][l.source] += inCents(cost)
	horizon := int64(b.opts.Horizon) * secondsPerDay
	b.sums[l.source].add(p, m, inCents(cost), won && o.won-created <= horizon, b.opts.AsOf.Unix()-created >= horizon)
}

// storeLead writes what is known of the lead when it is created.
func (b *sampleBlock) storeLead(row int, created int64, cost float64, l *sampleLead) {
	columns := b.leads.Columns
	columns[colCreatedAt].Times[row] = created * microsPerSecond
	columns[colSource].Codes[row] = uint32(l.source)
	columns[colCampaign].Codes[row] = uint32(l.source*campaignsPerSource + l.campaign)
	columns[colCost].Floats[row] = cost
	for i, code := range l.categories {
		c := &columns[colCategories+i]
		c.Codes[row], c.Valid[row] = uint32(max(code, 0)), code != absent
	}
	for i, x := range l.numbers {
		c, known := &columns[colNumbers+i], !math.IsNaN(x)
		if !known {
			x = 0
		}
		if c.Valid != nil {
			c.Valid[row] = known
		}
		if c.Ints != nil {
			c.Ints[row] = int64(x)
		} else {
			c.Floats[row] = x
		}
	}
	columns[colWebinar].Bools[row] = l.webinar
	columns[colDemo].Bools[row] = l.demo
}

// storeOutcome writes what is known of the outcome on the as-of day, and reports whether a sale is.
func (b *sampleBlock) storeOutcome(row int, o *sampleOutcome) (won bool) {
	columns, asOf := b.leads.Columns, b.opts.AsOf.Unix()
	instant := func(column int, second int64) bool {
		c := &columns[column]
		known := second != 0 && second <= asOf
		c.Times[row], c.Valid[row] = 0, known
		if known {
			c.Times[row] = second * microsPerSecond
		}
		return known
	}
	stage := stageLead
	for s := stageMQL; s < stageWon; s++ {
		if instant(colMQL+int(s-stageMQL), o.reached[s]) {
			stage = s
		}
	}
	instant(colContacted, o.contacted)
	won = instant(colConvertedAt, o.won)
	columns[colConverted].Bools[row] = won
	lost := instant(colLostAt, o.lost)
	reason := &columns[colLostReason]
	reason.Codes[row], reason.Valid[row] = uint32(max(o.reason, 0)), lost && o.reason != absent
	money := func(column int, amount float64) {
		c := &columns[column]
		c.Floats[row], c.Valid[row] = 0, won
		if won {
			c.Floats[row] = amount
		}
	}
	money(colProfit, o.profit)
	money(colRevenue, o.revenue)
	columns[colTouches].Ints[row] = touches(b.rand, stage, won)
	return won
}

const (
	idDigits = "0123456789abcdef"
	idLength = 17 // a letter and 64 bits
)

// addIDs appends the names of a lead and of its account. They are one-to-one with the numbers and say nothing else.
func (b *sampleBlock) addIDs(lead, account int) {
	b.ids = appendID(b.ids, 'L', scramble(scramble(b.opts.Seed)^uint64(lead)))
	b.ids = appendID(b.ids, 'A', scramble(scramble(b.opts.Seed^accountStream)^uint64(account)))
}

func appendID(text []byte, letter byte, x uint64) []byte {
	text = append(text, letter)
	for shift := 60; shift >= 0; shift -= 4 {
		text = append(text, idDigits[x>>shift&15])
	}
	return text
}

// scramble is the finaliser of splitmix64, a permutation of the 64-bit numbers.
func scramble(x uint64) uint64 {
	x += accountStream
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// shareIDs cuts one text into the names of the block.
func (b *sampleBlock) shareIDs(rows int) {
	text := string(b.ids)
	for row := range rows {
		name := text[2*row*idLength:]
		b.leads.Columns[colLeadID].Texts[row] = name[:idLength]
		b.truth.Columns[truthID].Texts[row] = name[:idLength]
		b.leads.Columns[colAccountID].Texts[row] = name[idLength : 2*idLength]
	}
}
