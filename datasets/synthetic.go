package datasets

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"
)

// The truth behind the sample leads. Its effects are fixed; a seed moves only the leads.
//
//	η    = intercept + source + campaign + Σ levels of the categories + Σ odds·f(number) + 2 interactions
//	q    = σ(η)                      the lead ever buys; junk: q = .001·σ(fit part of η), whatever the lead did
//	lag  ~ log-normal(26 days · source.lag, .85)     from creation to the sale; one source takes three times as long
//	G(h) = P(lag <= h), by source
//	p    = q·G(horizon)              the truth's p_horizon
//	ln m = log profit + source + Σ levels + Σ value·f(number)       the truth's m_true
//	sale = m·noise, E[noise] = 1     log-normal, with a few sales several times as large
//
// A lead buys when U < q, U = Φ(√ρ·A + √(1-ρ)·Z), A a normal score of its account, Z its own: U is uniform, so q
// stays exact lead by lead, while the leads of an account succeed and fail together. The same U says how far the
// others come: mql below q^.40, sql below q^.65, opportunity below q^.80, so the stage rates multiply up to q.
// Sales speak to an mql after two days on average, before it becomes an sql if it does; to three in ten of the others never.
//
// q and m are functions of what the leads file holds, the missing values included. Nothing is known of a lead
// after the as-of day: later stages, sales and losses are not in the file.
//
// Leads are drawn in blocks of 10,000, block b from PCG(seed, b), and in the order of their creation: lead i of n
// is created at the quantile (i+u)/n of the volume curve. So any number of workers draws the same leads.

// SyntheticOptions says which sample leads to draw.
type SyntheticOptions struct {
	Rows    int
	Seed    uint64
	Start   time.Time // creation of the first leads, a midnight in UTC
	Months  int       // length of the window of creation
	AsOf    time.Time // what happens later is unknown; not before End
	Horizon int       // days within which a sale counts
	Workers int       // goroutines that draw; the leads do not depend on it
}

// DefaultSyntheticOptions returns 100,000 leads of the 24 months until the end of June 2026, as known then.
func DefaultSyntheticOptions() SyntheticOptions {
	o := SyntheticOptions{
		Rows: 100_000, Seed: 1, Start: sampleEpoch, Months: sampleMonths, Horizon: 90, Workers: runtime.GOMAXPROCS(0),
	}
	o.AsOf = o.End()
	return o
}

// End returns the end of the window of creation: the midnight after its last day.
func (o SyntheticOptions) End() time.Time { return o.Start.AddDate(0, o.Months, 0) }

const (
	maxSampleRows    = 1 << 30
	maxSampleMonths  = 120
	maxSampleHorizon = 3650
	maxSampleWorkers = 256
)

// Validate lists every option that cannot be.
func (o SyntheticOptions) Validate() error {
	var problems []error
	within := func(name string, value, low, high int) {
		if value < low || value > high {
			problems = append(problems, fmt.Errorf("datasets: options: %s %d is outside %d to %d", name, value, low, high))
		}
	}
	within("Rows", o.Rows, 1, maxSampleRows)
	within("Months", o.Months, 1, maxSampleMonths)
	within("Horizon", o.Horizon, 1, maxSampleHorizon)
	within("Workers", o.Workers, 1, maxSampleWorkers)
	within("the year of Start", o.Start.Year(), 1970, 2200)
	if !o.Start.Equal(o.Start.UTC().Truncate(24 * time.Hour)) {
		problems = append(problems, fmt.Errorf("datasets: options: Start %v is not a midnight in UTC", o.Start))
	}
	if o.AsOf.Before(o.End()) || o.AsOf.Year() > 2300 {
		problems = append(problems, fmt.Errorf("datasets: options: AsOf %v is outside %v to the year 2300", o.AsOf, o.End()))
	}
	return errors.Join(problems...)
}

// Draw draws the leads that Generate would write and hands them on block by block, in their order. The two
// frames, whose rows correspond, are valid until yield returns. It stops at the first error of yield, and when
// ctx is done.
func Draw(ctx context.Context, opts SyntheticOptions, yield func(leads, truth Frame) error) error {
	return drawBlocks(ctx, opts, func(b *sampleBlock) error { return yield(b.leads, b.truth) })
}

// drawBlocks draws as many blocks at once as there are workers, then hands them on in order.
func drawBlocks(ctx context.Context, opts SyntheticOptions, yield func(*sampleBlock) error) error {
	if err := opts.Validate(); err != nil {
		return err
	}
	calendar := newSampleCalendar(opts.Start.UTC(), opts.End().UTC())
	count := (opts.Rows + sampleBlockRows - 1) / sampleBlockRows
	blocks := make([]*sampleBlock, min(opts.Workers, count))
	for w := range blocks {
		blocks[w] = newSampleBlock(opts, calendar)
	}
	for first := 0; first < count; first += len(blocks) {
		wave := blocks[:min(len(blocks), count-first)]
		var group sync.WaitGroup
		for w, b := range wave {
			group.Go(func() { b.draw(first + w) })
		}
		group.Wait()
		for _, b := range wave {
			if err := ctx.Err(); err != nil {
				return fmt.Errorf("datasets: sample leads: %w", err)
			}
			if err := yield(b); err != nil {
				return err
			}
		}
	}
	return nil
}
