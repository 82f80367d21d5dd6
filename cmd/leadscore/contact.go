package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones of a workweek, where the machine has none

	"github.com/spf13/cobra"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/model"
)

// contactConfig says what waits for the first contact are measured by, in leadscore.yaml and by the flags of budget.
type contactConfig struct {
	SLA      string  `yaml:"sla"`      // within which a lead is to be contacted, such as 8h or 2d
	Workweek string  `yaml:"workweek"` // when the team works, such as mon-fri 9-17 Europe/Berlin
	Decay    float64 `yaml:"decay"`    // what the chance of a sale is assumed to lose a day until then, such as 0.05
}

func (c *contactConfig) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.SLA, "sla", "", "time within which a lead is to be contacted after the hand-off, such as 8h or 2d: the share that was")
	cmd.Flags().StringVar(&c.Workweek, "workweek", "", `when the team works, such as "mon-fri 9-17 Europe/Berlin": waits in working hours, and --sla too`)
	cmd.Flags().Float64Var(&c.Decay, "decay", 0, "what the chance of a sale is assumed to lose a day until the first contact, 0.05 = 5 %: what waits cost")
}

// rules reads what is said; every error names its key, after the prefix of keys or flags.
func (c *contactConfig) rules(prefix string) (r model.ContactRules, err error) {
	var problems []error
	bad := func(key string, err error) {
		if err != nil {
			problems = append(problems, fmt.Errorf("%s%s: %w", prefix, key, err))
		}
	}
	if c.Workweek != "" {
		r.Workweek, err = parseWorkweek(c.Workweek)
		bad("workweek", err)
	}
	if c.SLA != "" {
		r.Agreed, err = parseAgreed(c.SLA, c.Workweek != "")
		bad("sla", err)
	}
	if r.Decay = c.Decay; !(c.Decay >= 0 && c.Decay <= 1) {
		bad("decay", fmt.Errorf("%v is not a share of the chance a day, from 0 to 1", c.Decay))
	}
	return r, errors.Join(problems...)
}

// errNoContact says that waits cannot be measured.
var errNoContact = errors.New("budget: --sla, --workweek, --decay: the leads have no times of a hand-off and a first contact: name their columns under columns.stages, such as {mql: mql_at, contacted: contacted_at}, and train again")

// asked reports whether anything is said.
func (c *contactConfig) asked() bool { return c.SLA != "" || c.Workweek != "" || c.Decay != 0 }

// parseAgreed reads 30m, 8h or 2d; working time is not told in days.
func parseAgreed(text string, working bool) (time.Duration, error) {
	const want = "want a time above 0 such as 30m, 8h or 2d"
	hours, days := strings.CutSuffix(text, "d")
	if days && working {
		return 0, fmt.Errorf("%q counts days, and with a workweek it is working time: say it in hours, such as 8h", text)
	}
	if days {
		n, err := strconv.ParseFloat(hours, 64)
		if err != nil || !(n > 0 && n <= 3650) {
			return 0, fmt.Errorf("%q: %s", text, want)
		}
		return time.Duration(n * 24 * float64(time.Hour)), nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%q: %s", text, want)
	}
	return d, nil
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// parseWorkweek reads days, hours and, if it is not UTC, a zone: mon-fri 9-17, or mon,wed,sat 8:30-16:00 America/New_York.
func parseWorkweek(text string) (*budget.Workweek, error) {
	words := strings.Fields(text)
	fail := func(why string) (*budget.Workweek, error) {
		return nil, fmt.Errorf("%q: %s; want days, hours and a zone, such as mon-fri 9-17 Europe/Berlin", text, why)
	}
	if len(words) < 2 || len(words) > 3 {
		return fail(fmt.Sprintf("it has %d words", len(words)))
	}
	w := &budget.Workweek{Zone: time.UTC}
	for _, part := range strings.Split(strings.ToLower(words[0]), ",") {
		first, last, ranged := strings.Cut(part, "-")
		if !ranged {
			last = first
		}
		from, to := weekday(first), weekday(last)
		if from < 0 || to < 0 {
			return fail(fmt.Sprintf("%q names no days", part))
		}
		for d := from; ; d = (d + 1) % 7 {
			w.Days[d] = true
			if d == to {
				break
			}
		}
	}
	opens, closes, ranged := strings.Cut(words[1], "-")
	var okFrom, okTo bool
	w.From, okFrom = clockTime(opens)
	w.To, okTo = clockTime(closes)
	if !ranged || !okFrom || !okTo || w.From >= w.To {
		return fail(fmt.Sprintf("%q are no hours of a day", words[1]))
	}
	if len(words) == 3 {
		zone, err := time.LoadLocation(words[2])
		if err != nil {
			return fail(fmt.Sprintf("%q is no time zone", words[2]))
		}
		w.Zone = zone
	}
	return w, w.Validate()
}

// weekday is a day by the first three letters of its name, -1 if it is none.
func weekday(name string) int {
	for d, short := range weekdays {
		if name == short || name == strings.ToLower(time.Weekday(d).String()) {
			return d
		}
	}
	return -1
}

// clockTime reads 9, 8:30 or 24 as the time since midnight.
func clockTime(text string) (time.Duration, bool) {
	hours, minutes, parted := strings.Cut(text, ":")
	h, err := strconv.Atoi(hours)
	m := 0
	if err == nil && parted {
		m, err = strconv.Atoi(minutes)
	}
	since := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
	return since, err == nil && h >= 0 && m >= 0 && m < 60 && since <= 24*time.Hour
}

// describeContact says how long leads wait for the first contact, and what that costs.
func describeContact(w io.Writer, x *model.ContactWaits, c budget.Currency) {
	paragraph(w, "first contact: %s", waited(x))
	if x.Working != nil {
		paragraph(w, "in working time: %s", x.Working.Words())
	}
	if x.Service != nil {
		paragraph(w, "agreement: %s", x.Service.Words())
	}
	if x.Stale != nil {
		paragraph(w, "waiting costs: %s", x.Stale.Words(c))
	}
}

// waited says how long leads wait for the first contact.
func waited(c *model.ContactWaits) string {
	median := "fewer than half are contacted"
	if days, known := c.Median.Value(); known {
		median = fmt.Sprintf("half within %.1f days", days)
	}
	return fmt.Sprintf("of %s leads from %s to %s, %s; %s within one day, %s within seven; those that still wait counted",
		budget.Count(c.Leads), c.From, c.To, median, percentFigure(c.Within1), percentFigure(c.Within7))
}
