package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

// maxLeadBytes bounds the file of one lead.
const maxLeadBytes = 1 << 20

func (a *app) explainCommand() *cobra.Command {
	var path, lead, asOf string
	cmd := &cobra.Command{
		Use:   "explain",
		Short: "Print one lead's ledger, from the base to the money",
		Long: `Prints what each feature adds to a lead's log-odds, probability and expected value, what they add up to, the interval,
and what the policy makes of it: tier, maximum cost, action.`,
		Example: `  leadscore explain --model model.json --lead lead.json
  echo '{"source":"referral","employees":250}' | leadscore explain --lead -
  echo '{"source":"referral","created_at":"2026-06-01"}' | leadscore explain --lead - --as-of 2026-06-21 --json`,
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			if err := required("lead", lead); err != nil {
				return err
			}
			at, err := moment(asOf)
			if err != nil {
				return usageError{err}
			}
			m, err := loadModel(path)
			if err != nil {
				return err
			}
			text, err := a.readLead(lead)
			if err != nil {
				return err
			}
			l := m.Schema().NewLead()
			if err := m.Schema().ParseLeadWith(text, features.RequestOptions{Dated: at != nil}, l); err != nil {
				return fmt.Errorf("%s: %w", lead, err)
			}
			score := scoreAt(m, l, at).Top(-1)
			return a.print(score, func(w io.Writer) {
				describeScore(w, &score)
				describeWorth(w, m, l, &score)
				fmt.Fprintf(w, "model %s\n", score.Model.Version)
			})
		},
	}
	cmd.Flags().StringVar(&path, "model", "model.json", "the model")
	cmd.Flags().StringVar(&lead, "lead", "", "file with one lead as a JSON object, - = standard input")
	cmd.Flags().StringVar(&asOf, "as-of", "", "date at which the lead is as old as its created_at says: adds probability_open")
	return cmd
}

func (a *app) readLead(path string) ([]byte, error) {
	in := a.stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, maxLeadBytes+1))
	if err == nil && len(text) > maxLeadBytes {
		err = fmt.Errorf("%s: larger than %d bytes", path, maxLeadBytes)
	}
	return text, err
}

// describeScore writes the ledger: base, each reason, and what they add up to.
func describeScore(w io.Writer, s *model.Score) {
	if s.LeadID != "" {
		fmt.Fprintf(w, "lead %s\n", s.LeadID)
	}
	money, c := s.ExpectedValue != nil, budget.Currency(s.Currency)
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
	line := func(name, value string, logOdds, probability float64, sign string, expected *float64) {
		fmt.Fprintf(t, "%s\t%s\t%"+sign+".4f\t%"+sign+".3f %%\t", name, value, logOdds, 100*probability)
		if money && expected != nil {
			amount := c.Plain
			if sign != "" {
				amount = c.SignedPlain
			}
			fmt.Fprintf(t, "%s\t", amount(*expected))
		}
		fmt.Fprintln(t)
	}
	head := "feature\tvalue\tlog-odds\tprobability\t"
	if money {
		head += "expected value (" + s.Currency + ")\t"
	}
	fmt.Fprintln(t, head)
	line("(base)", "", s.Base.LogOdds, s.Base.Probability, "", s.Base.ExpectedValue)
	idle := 0
	for _, r := range s.Reasons {
		if nothing(&r) {
			idle++
			continue
		}
		line(r.Feature, r.Value, r.LogOdds, r.Probability, "+", r.ExpectedValue)
	}
	if idle > 0 {
		line(fmt.Sprintf("(%d without effect)", idle), "", 0, 0, "+", new(float64))
	}
	line("(score)", "", s.LogOdds, s.Probability, "", s.ExpectedValue)
	_ = t.Flush()
	if s.ProbabilityOpen != nil {
		fmt.Fprintf(w, "after %.1f days without a conversion: %.3f %%\n", *s.AgeDays, 100**s.ProbabilityOpen)
	}
	if ci := s.ProbabilityCI; ci != nil {
		fmt.Fprintf(w, "interval: %.3f %% to %.3f %%,\n%s", 100*ci[0], 100*ci[1], wrapped("  ", model.ProbabilityIntervalMeaning))
	}
	if s.InsufficientEvidence {
		fmt.Fprintln(w, "insufficient evidence: training found nothing better than the base rate, which this is")
	}
	if s.ProfitIfWon != nil {
		fmt.Fprintf(w, "profit if won: %s\n", budget.Currency(s.Currency).Format(*s.ProfitIfWon))
	}
	describeDecision(w, s)
	describeNotes(w, s.Warnings)
}

// describeWorth writes out where cap and action come from.
func describeWorth(w io.Writer, m *model.Model, lead *features.Lead, s *model.Score) {
	if s.MaxCost == nil {
		return
	}
	p, d, c := m.Policy(), m.Decision(lead, s, ""), budget.Currency(s.Currency)
	hours := p.HoursPerLead * p.HourPrice
	paragraph(w, "cap: %s", p.Arithmetic(c, s.Probability, *s.ProfitIfWon, max(d.Cost-hours, 0), hours))
	text := fmt.Sprintf("handing it off brings %s: %s expected − %s of sales cost", c.Format(d.Worth.Now), c.Format(d.Value), c.Format(d.Cost))
	if least, err := budget.Cutoff(*s.ProfitIfWon, d.Cost, 0, 0); err == nil {
		if from, reachable := least.Value(); reachable {
			text += fmt.Sprintf("; it pays from a probability of %s on", budget.Percent(from))
		}
	}
	if later, known := d.Worth.Nurture.Value(); known {
		text += fmt.Sprintf("; nurturing it first brings %s, if it does what is assumed of it", c.Format(later))
	}
	fmt.Fprint(w, wrapped("", text))
}

// nothing reports whether a reason adds what is written as 0 in every column.
func nothing(r *model.Reason) bool {
	return math.Abs(r.LogOdds) < 5e-5 && math.Abs(r.Probability) < 5e-6 && (r.ExpectedValue == nil || math.Abs(*r.ExpectedValue) < 5e-3)
}

// describeNotes writes one line a code for the warnings that only name a feature, and one each for those that say more.
func describeNotes(w io.Writer, warnings []features.Warning) {
	for i, warning := range warnings {
		if warning.Detail != "" {
			fmt.Fprint(w, wrapped("", "note: "+inWords(warning.Code)+": "+join(warning.Feature, warning.Detail)))
			continue
		}
		alike := func(v features.Warning) bool { return v.Code == warning.Code && v.Detail == "" }
		if slices.ContainsFunc(warnings[:i], alike) {
			continue
		}
		var names []string
		for _, v := range warnings[i:] {
			if alike(v) {
				names = append(names, v.Feature)
			}
		}
		fmt.Fprint(w, wrapped("", "note: "+inWords(warning.Code)+": "+strings.Join(names, ", ")))
	}
}

// describeDecision writes what the policy says of the lead.
func describeDecision(w io.Writer, s *model.Score) {
	if s.Tier != "" {
		fmt.Fprintf(w, "tier: %s\n", s.Tier)
	}
	if s.MQL != nil {
		fmt.Fprintf(w, "marketing-qualified: %s\n", yesNo(*s.MQL))
	}
	if s.MaxCost != nil {
		fmt.Fprintf(w, "a lead like this may cost at most: %s\n", budget.Currency(s.Currency).Format(*s.MaxCost))
	}
	if s.Action != "" {
		fmt.Fprintf(w, "action: %s\n", inWords(string(s.Action)))
	}
}
