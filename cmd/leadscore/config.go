package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-viper/mapstructure/v2"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/v2"
	"go.yaml.in/yaml/v3"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

// config is leadscore.yaml. A text that is "auto" names the conventional column where the data have it.
type config struct {
	Columns   columnsConfig   `yaml:"columns"`
	Outcome   outcomeConfig   `yaml:"outcome"`
	AsOf      string          `yaml:"as_of"`
	Value     valueConfig     `yaml:"value"`
	Features  featuresConfig  `yaml:"features"`
	Missing   []string        `yaml:"missing"`
	Split     splitConfig     `yaml:"split"`
	Economics economicsConfig `yaml:"economics"`
	Tiers     tiersConfig     `yaml:"tiers"`
	MQL       *gatesConfig    `yaml:"mql"`
	Contact   contactConfig   `yaml:"contact"`
	Spend     string          `yaml:"spend"`
}

type columnsConfig struct {
	ID         string            `yaml:"id"`
	CreatedAt  string            `yaml:"created_at"`
	Source     string            `yaml:"source"`
	Segments   []string          `yaml:"segments"`
	Account    string            `yaml:"account"`
	Cost       string            `yaml:"cost"`
	Stages     map[string]string `yaml:"stages"`
	LostReason string            `yaml:"lost_reason"`
	Weight     string            `yaml:"weight"`
}

type outcomeConfig struct {
	Converted string      `yaml:"converted"`
	Stage     stageConfig `yaml:"stage"`
	At        string      `yaml:"at"`
	Horizon   days        `yaml:"horizon"`
	LagBy     string      `yaml:"lag_by"`  // category whose levels have lag curves of their own
	Trusted   bool        `yaml:"trusted"` // outcomes that look unfinished are taken as they are
}

type stageConfig struct {
	Column string   `yaml:"column"`
	Won    []string `yaml:"won"`
	Lost   []string `yaml:"lost"`
	Open   []string `yaml:"open"`
}

type valueConfig struct {
	Profit      string  `yaml:"profit"`
	Revenue     string  `yaml:"revenue"`
	GrossMargin float64 `yaml:"gross_margin"`
	Currency    string  `yaml:"currency"`
	Cap         float64 `yaml:"cap"` // what one sale counts, at most

	CurrencyColumn string             `yaml:"currency_column"` // what each lead's profit, revenue and cost are in
	Rates          map[string]float64 `yaml:"rates"`           // what one unit of a currency is worth in Currency
	RatesFile      string             `yaml:"rates_file"`      // or that from a day on, beside the configuration
}

type featuresConfig struct {
	Include    []string          `yaml:"include"`
	Exclude    []string          `yaml:"exclude"`
	Fit        []string          `yaml:"fit"`
	Activity   []string          `yaml:"activity"`
	KnownAt    map[string]string `yaml:"known_at"`
	RecordedAt map[string]string `yaml:"recorded_at"`
	Trusted    []string          `yaml:"trusted"`
	Kinds      map[string]string `yaml:"kinds"`
}

type splitConfig struct {
	By      string  `yaml:"by"`
	Holdout float64 `yaml:"holdout"`
	Refit   bool    `yaml:"refit"`
}

type economicsConfig struct {
	TargetROI    float64            `yaml:"target_roi"`
	ROIBasis     string             `yaml:"roi_basis"`
	StageCosts   map[string]float64 `yaml:"stage_costs"`
	HoursPerLead float64            `yaml:"hours_per_lead"`
	HourCost     float64            `yaml:"hour_cost"`
	Discount     float64            `yaml:"annual_discount"` // of profits, from the sale back to the lead
	Nurture      *nurtureConfig     `yaml:"nurture"`
}

type nurtureConfig struct {
	P1    float64 `yaml:"p1"`
	Q     float64 `yaml:"q"`
	Delay float64 `yaml:"delay"`
	Cost  float64 `yaml:"cost"`
}

type tiersConfig struct {
	By   string     `yaml:"by"`
	Cuts cutsConfig `yaml:"cuts"`
}

type cutsConfig struct {
	Shares        []float64 `yaml:"shares"`
	Thresholds    []float64 `yaml:"thresholds"`
	CapacityHours float64   `yaml:"capacity_hours"` // of the team in a month
}

// days is a number of days, written 90d or 90.
type days int

// UnmarshalText reads 90d or 90.
func (d *days) UnmarshalText(text []byte) error {
	n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(string(text)), "d"))
	if err != nil || n < 0 {
		return fmt.Errorf("%q is not a number of days such as 90d", text)
	}
	*d = days(n)
	return nil
}

// UnmarshalYAML reads 90d or 90 and says where it could not.
func (d *days) UnmarshalYAML(node *yaml.Node) error {
	if err := d.UnmarshalText([]byte(node.Value)); err != nil {
		return fmt.Errorf("line %d: %w", node.Line, err)
	}
	return nil
}

// auto stands for the conventional name of a column, used where the data have it.
const auto = "auto"

// defaultConfig is what holds where leadscore.yaml says nothing.
func defaultConfig() config {
	options := model.DefaultOptions()
	return config{
		Columns:   columnsConfig{ID: auto, CreatedAt: auto, Source: auto, Account: auto, Cost: auto, LostReason: auto},
		Outcome:   outcomeConfig{At: auto, Horizon: 90, LagBy: auto},
		Value:     valueConfig{Profit: auto, GrossMargin: 1, Currency: options.Currency},
		Missing:   []string{""},
		Split:     splitConfig{By: options.Split, Holdout: options.Holdout, Refit: options.Refit},
		Economics: economicsConfig{TargetROI: budget.DefaultTarget().ROI},
		Tiers:     tiersConfig{By: string(budget.ByValue)},
	}
}

// conventional are the names that auto stands for.
var conventional = map[features.Role]string{
	features.RoleID: "lead_id", features.RoleCreatedAt: "created_at", features.RoleSource: "source",
	features.RoleAccount: "account_id", features.RoleCost: "acquisition_cost", features.RoleLostReason: "lost_reason",
	features.RoleConvertedAt: "converted_at", features.RoleProfit: "profit",
}

// conventionalStages are the stage columns that need no mention.
var conventionalStages = map[string]string{"mql": "mql_at", "sql": "sql_at", "opportunity": "opportunity_at", "lost": "lost_at"}

// loadConfig reads the file at path ("" = none) over the defaults, and LEADSCORE_ variables of the environment
// over both: LEADSCORE_SPLIT__HOLDOUT=0.2 sets split.holdout. Every error is one of usage and names the line.
func loadConfig(path string, environ []string) (config, error) {
	c := defaultConfig()
	if path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			return c, usageError{fmt.Errorf("config: %w", err)}
		}
		if err := c.decode(path, text); err != nil {
			return c, err
		}
	}
	if err := c.overlay(environ); err != nil {
		return c, usageError{fmt.Errorf("config: environment: %w", err)}
	}
	if err := c.validate(); err != nil {
		return c, usageError{fmt.Errorf("config: %s: %w", cmpOr(path, "defaults"), err)}
	}
	return c, nil
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// What the YAML package says of a line, of a key and of a value that do not fit.
var (
	yamlLine     = regexp.MustCompile(`line (\d+): (.*)`)
	yamlUnknown  = regexp.MustCompile(`field (.+) not found in type .*`)
	yamlNoNumber = regexp.MustCompile("cannot unmarshal !!str `(.*)` into (?:float64|int)")
)

// decode reads YAML strictly.
func (c *config) decode(path string, text []byte) error {
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	err := d.Decode(c)
	if err == nil || errors.Is(err, io.EOF) {
		if err == nil && !errors.Is(d.Decode(new(any)), io.EOF) {
			return usageError{fmt.Errorf("config: %s: only one YAML document is read", path)}
		}
		return nil
	}
	lines := []string{strings.TrimPrefix(err.Error(), "yaml: ")}
	var typed *yaml.TypeError
	if errors.As(err, &typed) {
		lines = typed.Errors
	}
	var problems []error
	for _, text := range lines {
		if m := yamlLine.FindStringSubmatch(text); m != nil {
			text = m[1] + ": " + yamlNoNumber.ReplaceAllString(yamlUnknown.ReplaceAllString(m[2], `unknown key "$1"`), `"$1" is not a number (a share is written 0.25)`)
			problems = append(problems, fmt.Errorf("config: %s:%s", path, text))
			continue
		}
		problems = append(problems, fmt.Errorf("config: %s: %s", path, text))
	}
	return usageError{errors.Join(problems...)}
}

// separator parts the levels of a key; no column name holds it.
const separator = "\x1f"

// overlay sets what LEADSCORE_ variables of the environment say.
func (c *config) overlay(environ []string) error {
	k := koanf.New(separator)
	provider := env.Provider(separator, env.Opt{
		Prefix:      "LEADSCORE_",
		EnvironFunc: func() []string { return environ },
		TransformFunc: func(key, value string) (string, any) {
			return strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(key, "LEADSCORE_")), "__", separator), value
		},
	})
	if err := k.Load(provider, nil); err != nil {
		return err
	}
	return k.UnmarshalWithConf("", c, koanf.UnmarshalConf{Tag: "yaml", DecoderConfig: &mapstructure.DecoderConfig{
		TagName: "yaml", Result: c, WeaklyTypedInput: true, ErrorUnused: true,
		DecodeHook: mapstructure.ComposeDecodeHookFunc(mapstructure.StringToSliceHookFunc(","), mapstructure.TextUnmarshallerHookFunc()),
	}})
}

// faults are the settings of a section that cannot be.
type faults struct {
	section string // such as "value."
	all     []error
}

func (f *faults) bad(key string, value any, want string) {
	f.all = append(f.all, fmt.Errorf("%s%s is %v, want %s", f.section, key, value, want))
}

// validate lists every setting that cannot be.
func (c *config) validate() error {
	problems := append(c.Outcome.validate(), c.Value.validate()...)
	problems = append(problems, c.validateRun()...)
	problems = append(problems, c.Economics.validate()...)
	problems = append(problems, c.Tiers.validate()...)
	problems = append(problems, c.MQL.validate()...)
	_, err := c.Contact.rules("contact.")
	return errors.Join(append(problems, err)...)
}

// validateRun lists what is wrong with the split, its day and the kinds of the columns.
func (c *config) validateRun() []error {
	var f faults
	if c.AsOf != "" {
		if _, err := features.ParseTime(c.AsOf); err != nil {
			f.bad("as_of", c.AsOf, "a date such as 2026-06-30")
		}
	}
	if !slices.Contains([]string{model.SplitAuto, model.SplitTime, model.SplitRowOrder, model.SplitRandom}, c.Split.By) {
		f.bad("split.by", c.Split.By, "auto, time, row_order or random")
	}
	if h := c.Split.Holdout; !(h >= 0 && h <= 0.9) {
		f.bad("split.holdout", h, "a share from 0 to 0.9")
	}
	for _, column := range sortedKeys(c.Features.Kinds) {
		if kind := c.Features.Kinds[column]; new(features.Kind).UnmarshalText([]byte(kind)) != nil {
			f.bad("features.kinds."+column, kind, "category, number or time")
		}
	}
	return f.all
}

// validate lists what is wrong with the outcome.
func (o *outcomeConfig) validate() []error {
	f := faults{section: "outcome"}
	if o.Converted != "" && o.Stage.Column != "" {
		f.bad("", "given twice", "either converted or stage")
	}
	if o.Stage.Column != "" && len(o.Stage.Won) == 0 {
		f.bad(".stage.won", "empty", "the stages that are a conversion")
	}
	for _, name := range o.Stage.Lost {
		if soundsOpen(name) && !o.Trusted {
			f.bad(".stage.lost", fmt.Sprintf("%q, which sounds as if nothing were decided yet", name),
				"it under outcome.stage.open, or outcome.trusted: true: open leads that count as lost halve every probability")
		}
	}
	return f.all
}

// validate lists what is wrong with the profit of a sale and its currencies.
func (v *valueConfig) validate() []error {
	f := faults{section: "value."}
	if m := v.GrossMargin; !(m > 0 && m <= 1) {
		f.bad("gross_margin", m, "a share above 0 and at most 1")
	}
	if !(v.Cap >= 0) || math.IsInf(v.Cap, 0) {
		f.bad("cap", v.Cap, "an amount ≥ 0; 0 = no limit")
	}
	if budget.Currency(v.Currency).Validate() != nil {
		f.bad("currency", v.Currency, "an ISO 4217 code such as USD")
	}
	for _, name := range sortedKeys(v.Rates) {
		if e := (budget.Exchange{To: budget.Currency(v.Currency), Rates: []budget.Rate{{Currency: budget.Currency(name), Rate: v.Rates[name]}}}); e.Validate() != nil {
			f.bad("rates."+name, v.Rates[name], "what one unit of an ISO 4217 currency other than "+v.Currency+" is worth, above 0")
		}
	}
	if v.RatesFile != "" && len(v.Rates) > 0 {
		f.bad("rates", "given twice", "either rates or rates_file")
	}
	return f.all
}

// mostROI is the greatest target return that is taken for one: above, percent were meant.
const mostROI = 10

// openWords are those of stages in which a lead is still worked.
var (
	openWords   = regexp.MustCompile(`(?i)^((open|pending|ongoing|assigned|working|in progress|in process|nurturing)\b|(new|active)( lead)?$)`)
	closedWords = regexp.MustCompile(`(?i)\b(closed|lost|rejected|disqualified|dead)\b`)
)

// soundsOpen reports whether a stage is named as if its leads could still convert.
func soundsOpen(stage string) bool {
	words := strings.ReplaceAll(strings.ReplaceAll(strings.TrimSpace(stage), "_", " "), "-", " ")
	return openWords.MatchString(words) && !closedWords.MatchString(words)
}

// validate lists what is wrong with the costs.
func (e *economicsConfig) validate() []error {
	f := faults{section: "economics."}
	if !(e.TargetROI > -1 && e.TargetROI <= mostROI) {
		f.bad("target_roi", e.TargetROI, fmt.Sprintf("a share above -1 and up to %d, such as 0.25 for 25 %%", mostROI))
	}
	if !slices.Contains([]string{"", "marketing", "in_investment", "cost_of_sale"}, e.ROIBasis) {
		f.bad("roi_basis", e.ROIBasis, "marketing, in_investment or cost_of_sale")
	}
	for _, stage := range sortedKeys(e.StageCosts) {
		if cost := e.StageCosts[stage]; !(cost >= 0) {
			f.bad("stage_costs."+stage, cost, "an amount ≥ 0")
		}
	}
	if !(e.HoursPerLead >= 0) {
		f.bad("hours_per_lead", e.HoursPerLead, "hours ≥ 0")
	}
	if !(e.Discount >= 0 && e.Discount <= 1) {
		f.bad("annual_discount", e.Discount, "a share from 0 to 1, such as 0.12 for 12 % a year")
	}
	if !(e.HourCost >= 0) {
		f.bad("hour_cost", e.HourCost, "an amount ≥ 0")
	}
	return f.all
}
