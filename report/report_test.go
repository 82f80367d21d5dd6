package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/internal/pages"
	"github.com/leadscore/leadscore/model"
)

// written returns the page about t.
func written(t *testing.T, training *model.Training, options Options) string {
	t.Helper()
	var page bytes.Buffer
	if err := Write(&page, training, options); err != nil {
		t.Fatalf("Write: %v", err)
	}
	return page.String()
}

func samplePage(t *testing.T) string {
	t.Helper()
	training := sampleTraining(20)
	return written(t, training, sampleOptions(training))
}

// element is one element of a page, with the text directly or indirectly inside it.
type element struct {
	name    string
	attrs   map[string]string
	picture bool // inside an svg
	text    string
}

// containers are the elements whose text nobody asks for.
var containers = []string{"html", "head", "body", "main", "section", "figure", "details", "div", "table", "thead", "tbody", "tr", "ul", "ol", "dl", "svg", "g"}

// parse reads a page, which is well-formed XML as well as HTML, and fails the test where it is not.
func parse(t *testing.T, page string) []*element {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(page))
	var all, open []*element
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("the page is not well-formed: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			e := &element{name: token.Name.Local, attrs: map[string]string{}}
			for _, a := range token.Attr {
				e.attrs[a.Name.Local] = a.Value
			}
			for _, o := range open {
				e.picture = e.picture || o.name == "svg"
			}
			all, open = append(all, e), append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			for _, o := range open {
				if !slices.Contains(containers, o.name) {
					o.text += string(token)
				}
			}
		}
	}
	if len(open) != 0 {
		t.Fatalf("%d elements are not closed", len(open))
	}
	return all
}

func elementsNamed(all []*element, name string) (found []*element) {
	for _, e := range all {
		if e.name == name {
			found = append(found, e)
		}
	}
	return found
}

var sectionIDs = []string{"verdict", "warnings", "money", "funnel", "gains", "effects", "subscores", "reliability", "groups", "scores", "curves", "periods", "drift", "card", "measures"}

func TestPageHasEverySectionAndPicture(t *testing.T) {
	all := parse(t, samplePage(t))
	var ids, pictures []string
	for _, e := range all {
		if e.name == "section" {
			ids = append(ids, e.attrs["id"])
		}
		if e.name == "figure" {
			pictures = append(pictures, e.attrs["id"])
		}
	}
	if !slices.Equal(ids, sectionIDs) {
		t.Errorf("sections %q, want %q", ids, sectionIDs)
	}
	for _, id := range []string{"reliability-plot", "gains-plot", "lift-plot", "roc-plot", "precision-plot", "scores-plot", "ranking-plot", "effect-1", "effect-20", "periods-plot"} {
		if !slices.Contains(pictures, id) {
			t.Errorf("no figure %q among %q", id, pictures)
		}
	}
	if n := len(elementsNamed(all, "svg")); n != len(pictures) {
		t.Errorf("%d pictures in %d figures", n, len(pictures))
	}
	if links := len(elementsNamed(all, "a")); links != len(sectionIDs)+1 {
		t.Errorf("%d links, want one a section and the skip link", links)
	}
}

// The sentences that must not be lost: which model the figures are of, and what random folds are worth.
func TestPageSaysWhatItsFiguresAreOf(t *testing.T) {
	page := samplePage(t)
	for _, want := range []string{
		"The holdout figures are those of a model fitted on the 28,831 leads before the holdout and tested on the 12,357 leads after them; the shipped model is refitted on all 41,188 mature leads.",
		"AUC 0.771 over 5 random folds of 41,188 leads, log loss 0.2251 (random folds, shown for comparison only).",
		"its probabilities can be taken at their word",
		"<code>much_missing</code> in column <strong>annual_revenue</strong>: missing on 43 % of the leads",
		"90\u00a0% interval 0.733 to 0.763", "leads that were never worked have no true outcome", "converted is true, within 90 days of creation",
		"USD\u00a04,120.40", "9f86d081884c7d65", "3c0f91d2a94a8fe5",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

// A page may refer to nothing outside itself and run nothing.
func TestPageStandsAlone(t *testing.T) {
	page := samplePage(t)
	for _, e := range parse(t, page) {
		if slices.Contains([]string{"script", "link", "img", "iframe", "object", "embed", "image", "use", "base", "form"}, e.name) {
			t.Errorf("the page has a %s element", e.name)
		}
		for name, value := range e.attrs {
			if strings.HasPrefix(name, "on") || name == "src" || name == "style" {
				t.Errorf("%s has the attribute %s=%q", e.name, name, value)
			}
			if name == "href" && !strings.HasPrefix(value, "#") {
				t.Errorf("a link leads to %q, out of the page", value)
			}
		}
	}
	for _, foreign := range []string{"http://", "https://", "@import", "url(", "javascript:"} {
		if strings.Contains(page, foreign) {
			t.Errorf("the page contains %q", foreign)
		}
	}
}

func TestLinksAndNamesResolve(t *testing.T) {
	all := parse(t, samplePage(t))
	ids := map[string]int{}
	for _, e := range all {
		if id := e.attrs["id"]; id != "" {
			if ids[id]++; ids[id] > 1 {
				t.Errorf("id %q occurs twice", id)
			}
		}
	}
	for _, e := range all {
		if href := e.attrs["href"]; href != "" && ids[href[1:]] == 0 {
			t.Errorf("link to %q, which does not exist", href)
		}
		for _, id := range strings.Fields(e.attrs["aria-labelledby"]) {
			if ids[id] == 0 {
				t.Errorf("%s is named by %q, which does not exist", e.name, id)
			}
		}
	}
}

// Every picture has a title and a description in words; every table a caption and a heading for each column.
func TestPageCanBeReadAloud(t *testing.T) {
	all := parse(t, samplePage(t))
	if root := all[0]; root.name != "html" || root.attrs["lang"] != "en" {
		t.Errorf("the page begins with %s lang=%q, want html in English", root.name, root.attrs["lang"])
	}
	for _, svg := range elementsNamed(all, "svg") {
		if svg.attrs["role"] != "img" || svg.attrs["aria-labelledby"] == "" {
			t.Errorf("a picture is not named: %v", svg.attrs)
		}
	}
	for _, name := range []string{"title", "desc", "caption", "h1", "h2", "h3", "summary"} {
		for _, e := range elementsNamed(all, name) {
			if strings.TrimSpace(e.text) == "" {
				t.Errorf("a %s is empty", name)
			}
		}
	}
	for _, th := range elementsNamed(all, "th") {
		if scope := th.attrs["scope"]; scope != "col" && scope != "row" {
			t.Errorf("heading %q has the scope %q", th.text, scope)
		}
	}
	if n := len(elementsNamed(all, "h1")); n != 1 {
		t.Errorf("%d headings of the first level, want one", n)
	}
}

// All colours of pictures are variables of the style sheet, and every class has its rule.
func TestPicturesAreStyledByTheSheet(t *testing.T) {
	page := samplePage(t)
	style := elementsNamed(parse(t, page), "style")[0].text
	if left := regexp.MustCompile(`\.g\d+\{[^}]*#[0-9A-F]{6}`).FindString(style); left != "" {
		t.Errorf("a colour is not a variable: %s", left)
	}
	if strings.Contains(style, "Liberation;") || strings.Contains(page, "font-family:Liberation") {
		t.Error("a font is named in a picture")
	}
	for _, e := range parse(t, page) {
		if class := e.attrs["class"]; regexp.MustCompile(`^g\d+$`).MatchString(class) && !strings.Contains(style, "."+class+"{") {
			t.Errorf("class %s has no rule", class)
		}
	}
}

// contrast is the WCAG 2 contrast of two colours.
func contrast(a, b string) float64 {
	luminance := func(hex string) float64 {
		var sum float64
		for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
			var v float64
			for _, digit := range hex[1+2*i : 3+2*i] {
				v = 16*v + float64(strings.IndexRune("0123456789abcdef", digit))
			}
			if v /= 255; v <= 0.04045 {
				v /= 12.92
			} else {
				v = math.Pow((v+0.055)/1.055, 2.4)
			}
			sum += weight * v
		}
		return sum
	}
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// Texts stand out from their ground by 4.5:1, lines and markers by 3:1, on light and on dark paper.
func TestColoursStandOut(t *testing.T) {
	if got := contrast("#ffffff", "#000000"); math.Abs(got-21) > 1e-9 {
		t.Fatalf("contrast of white and black is %v, want 21", got)
	}
	for i, block := range regexp.MustCompile(`(?s):root \{(.*?)\}`).FindAllStringSubmatch(pages.Style, -1) {
		colour := map[string]string{}
		for _, m := range regexp.MustCompile(`--(\w+): (#[0-9a-f]{6})`).FindAllStringSubmatch(block[1], -1) {
			colour[m[1]] = m[2]
		}
		for name, least := range map[string]float64{"ink": 4.5, "muted": 4.5, "link": 4.5, "good": 4.5, "doubt": 4.5, "blue": 3, "red": 3} {
			for _, ground := range []string{"paper", "panel", "shade"} {
				if got := contrast(colour[name], colour[ground]); got < least {
					t.Errorf("scheme %d: %s on %s has contrast %.2f, want %v", i, name, ground, got, least)
				}
			}
		}
		if got := contrast(colour["blue"], colour["band"]); got < 3 {
			t.Errorf("scheme %d: a line on its band has contrast %.2f, want 3", i, got)
		}
	}
}

func TestSameInputGivesSameBytes(t *testing.T) {
	first := samplePage(t)
	for range 3 {
		if samplePage(t) != first {
			t.Fatal("two pages of one training differ")
		}
	}
}

func TestInputIsLeftAlone(t *testing.T) {
	training, untouched := sampleTraining(20), sampleTraining(20)
	options := sampleOptions(training)
	before := written(t, untouched, options)
	written(t, training, options)
	if again := written(t, training, options); again != before {
		t.Error("the second page of one training differs from the first: Write changed its input")
	}
}

// Whatever stands in the data is text in the page.
func TestTextsAreEscaped(t *testing.T) {
	const evil = `<script>alert("1")</script>&amp;' onload=x`
	training := sampleTraining(3)
	training.Verdict.Sentence, training.Split.Note, training.Folds.Note = evil, evil, evil
	training.Warnings = []model.Warning{{Code: evil, Column: evil, Detail: evil}}
	for i := range training.Effects {
		training.Effects[i].Feature = evil
		for k := range training.Effects[i].Points {
			training.Effects[i].Points[k].Label = evil
		}
	}
	training.Periods[0].Label, training.Groups[0].By, training.Groups[1].Value = evil, evil, evil
	training.Value.Currency, training.Data.SHA256, training.Fit.Recipe = evil, evil, evil
	options := sampleOptions(training)
	options.Title, options.Command, options.Label, options.ModelID = evil, evil, evil, evil
	options.Fields = []features.Field{{Name: evil, Role: features.RoleStage, Stage: evil, KnownAt: evil}}
	page := written(t, training, options)
	for _, e := range parse(t, page) {
		if e.name == "script" || e.attrs["onload"] != "" {
			t.Fatalf("a text became markup: %+v", e)
		}
	}
	if !strings.Contains(page, "&lt;script&gt;") {
		t.Error("the text is missing from the page")
	}
}

func TestOddTextsStayWellFormed(t *testing.T) {
	for _, odd := range []string{"", " ", "\x00\x01", "\xff\xfe", "a\nb\tc", "\u202eevil", "日本語のレベル", strings.Repeat("x", 5000), "\ufffe\uffff"} {
		training := sampleTraining(4)
		for i := range training.Effects {
			training.Effects[i].Feature = odd
			training.Effects[i].Points[0].Label = odd
		}
		training.Periods[0].Label, training.Groups[0].Value, training.Warnings[0].Detail = odd, odd, odd
		training.Verdict.Sentence = odd
		options := sampleOptions(training)
		options.Label, options.Command = odd, odd
		parse(t, written(t, training, options))
	}
}

// Nothing is left blank: what is missing is said, with the reason.
func TestMissingPartsAreSaid(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*model.Training)
		want   []string
	}{
		{"nothing at all", func(t *model.Training) { *t = model.Training{} }, []string{
			"Training gave no verdict.", "no leads were held out", "Training has no doubts", "no feature whose effect can be drawn",
			"training recorded no base rates", "learnt no profit", "because training drew none"}},
		{"no effects", func(t *model.Training) {
			for i := range t.Effects {
				t.Effects[i].Spread = 0
			}
		}, []string{"no feature moves the score"}},
		{"no holdout", func(t *model.Training) { t.Holdout, t.Split = nil, model.SplitSummary{Kind: "none", FitRows: 41188} }, []string{
			"The shipped model is fitted once, on all 41,188 mature leads; there are no holdout figures.", "no leads were held out"}},
		{"no curves", func(t *model.Training) { t.Holdout.Curves = nil }, []string{"kept only the figures of the holdout"}},
		{"empty curves", func(t *model.Training) { t.Holdout.Curves = &model.Curves{} }, []string{
			"holds no bins of leads", "fewer than two points of the gains curve", "fewer than two points of it", "no histogram of the scores"}},
		{"no periods", func(t *model.Training) { t.Periods = nil }, []string{"training recorded no base rates"}},
		{"one period", func(t *model.Training) { t.Periods = t.Periods[:1] }, []string{"all leads lie in one period, 2024-01"}},
		{"no groups", func(t *model.Training) { t.Groups = nil }, []string{"name neither a source nor a segment"}},
		{"one effect", func(t *model.Training) { t.Effects = t.Effects[:1] }, []string{"a ranking needs two features and the model has one", "The model has one feature: source."}},
		{"effects do not add up", func(t *model.Training) {
			t.Fit.Together = &model.Together{Curvature: -0.2, Error: 0.03, Tilt: 0.4, From: -1, To: 1.4, Leads: 40_000}
		}, []string{"leads at either end are less likely", "−0.200 × (S² − 0.400 × S)", "What all effects come to together", "−0.200 ± 0.030 times the square"}},
		{"effects add up to nothing that can be drawn", func(t *model.Training) {
			t.Fit.Together = &model.Together{Curvature: math.NaN(), From: -1e300, To: math.Inf(1)}
		}, []string{"The score is moved most by"}},
		{"no order in time", func(t *model.Training) { t.Rolling = nil }, []string{"it takes a holdout that comes after the leads of the fit"}},
		{"one origin", func(t *model.Training) { t.Rolling.Origins = t.Rolling.Origins[:1] }, []string{"Over 1 origin the AUC lies between 0.750 and 0.750"}},
		{"a still mix", func(t *model.Training) { t.Rolling.Drift = nil }, []string{"No feature&#39;s mix has moved much"}},
		{"no folds", func(t *model.Training) { t.Folds = nil }, []string{"AUC of random folds, for comparison, is not available"}},
		{"no warnings", func(t *model.Training) { t.Warnings = nil }, []string{"Training has no doubts"}},
		{"not refitted", func(t *model.Training) { t.Split.Refitted = false }, []string{"the shipped model is that same model, not refitted"}},
		{"random split", func(t *model.Training) { t.Split.Kind = "random" }, []string{"drawn at random, not later in time"}},
		{"row order", func(t *model.Training) { t.Split.Kind = "row_order" }, []string{"in the order of the rows"}},
		{"no AUC of a group", func(t *model.Training) { t.Groups[0].AUC = nil }, []string{"one outcome only"}},
		{"no intervals", func(t *model.Training) { t.Holdout.AUCCI = model.Interval{} }, []string{"interval not available"}},
		{"no better than chance", func(t *model.Training) { t.Holdout.AUCCI = model.Interval{0.47, 0.55} }, []string{"not shown to rank better than chance"}},
		{"worse than a constant", func(t *model.Training) { t.Holdout.LogLoss = 0.3 }, []string{"no better than a constant", "higher. Lower is better"}},
		{"folds beside the holdout", func(t *model.Training) {
			t.Holdout.AUCCI = model.Interval{0.47, 0.55}
			t.Evidence = &model.Evidence{AUC: 0.61, SE: 0.02, Z: 5.5, Bound: 2.58, Leads: 900, Folds: 6, Gain: 0.01, GainSE: 0.002}
		}, []string{"ranks better than chance", "Judged by 900 leads in 6 folds, the holdout among them, none seen by its fit: 0.610 ± 0.020", "0.0100 ± 0.0020 lower than that of the base rate known to each fit"}},
		{"folds against the holdout", func(t *model.Training) {
			t.Evidence = &model.Evidence{AUC: 0.51, SE: 0.02, Z: 0.5, Bound: 2.58, Leads: 900, Folds: 6, Gain: -0.01, GainSE: 0.002}
		}, []string{"not shown to rank better than chance", "not shown to be better than a constant", "0.0100 ± 0.0020 higher"}},
		{"better than what was known", func(t *model.Training) {
			t.Holdout.LogLoss = 0.3
			t.Evidence = &model.Evidence{AUC: 0.61, SE: 0.02, Z: 5.5, Bound: 2.58, Leads: 900, Folds: 6, Gain: 0.01, GainSE: 0.002}
		}, []string{"better than a constant, but not than the rate of the holdout itself"}},
		{"too extreme", func(t *model.Training) { t.Holdout.CalibrationSlopeCI = model.Interval{0.5, 0.8} }, []string{"probabilities are too extreme"}},
		{"too timid", func(t *model.Training) { t.Holdout.CalibrationSlopeCI = model.Interval{1.2, 1.8} }, []string{"probabilities are too timid"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			training := sampleTraining(6)
			test.change(training)
			page := written(t, training, DefaultOptions())
			all := parse(t, page)
			if got := len(elementsNamed(all, "section")); got != len(sectionIDs) {
				t.Errorf("%d sections, want %d", got, len(sectionIDs))
			}
			for _, want := range test.want {
				if !strings.Contains(page, want) {
					t.Errorf("the page does not say %q", want)
				}
			}
		})
	}
}

// spoil puts x wherever a training has a figure that is drawn or written.
func spoil(t *model.Training, x float64) {
	ci := model.Interval{x, x}
	h := t.Holdout
	h.AUC, h.LogLoss, h.LogLossConstant, h.Brier, h.ECE, h.Mean, h.CalibrationSlope, h.TopDecileLift = x, x, x, x, x, x, x, x
	h.AUCCI, h.LogLossCI, h.CalibrationSlopeCI, h.TopDecileLiftCI, h.Level, h.BaseRate, h.AveragePrecision = ci, ci, ci, ci, x, x, x
	h.Conversions = x
	for i := range h.Curves.Reliability {
		h.Curves.Reliability[i].Mean, h.Curves.Reliability[i].Interval[i%2] = x, x
	}
	for i := range h.Curves.Gains {
		h.Curves.Gains[i].Lift = x
		h.Curves.ROC[i].X, h.Curves.Precision[i].Y = x, x
	}
	for i := range h.Curves.Histogram {
		h.Curves.Histogram[i].Won, h.Curves.Histogram[i].High = x, x
	}
	for i := range t.Effects {
		t.Effects[i].Points[0].LogOdds, t.Effects[i].Points[1].CI, t.Effects[i].Points[1].Rows = x, ci, x
	}
	t.Effects[0].Spread = x
	for i := range t.Periods {
		if i%2 == 0 {
			t.Periods[i].Rate = x
		}
	}
	for i := range t.Groups {
		t.Groups[i].Mean, t.Groups[i].RateCI, t.Groups[i].AUC = x, ci, &x
	}
	r := t.Rolling
	r.Origins[0].AUC, r.Origins[1].Mean, r.Origins[2].LogLoss, r.Origins[2].CalibrationSlope, r.Origins[3].Rate = x, x, x, x, x
	r.Drift[0].PSI, r.Drift[1].Before, r.Shift.Expected = x, x, x
	t.Data.BaseRate, t.Data.Conversions, t.Folds.AUC, t.Folds.LogLoss, t.Value.Mean, t.Fit.GradientNorm, t.Fit.L2 = x, x, x, x, x, x, x
	t.Fit.Calibration.Gain = x
}

// Neither infinite nor absurd figures reach a picture or stop the page.
func TestOddFiguresNeverReachAPicture(t *testing.T) {
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, -math.MaxFloat64, 0, -1, math.SmallestNonzeroFloat64} {
		training := sampleTraining(8)
		spoil(training, x)
		page := written(t, training, sampleOptions(training))
		for _, e := range parse(t, page) {
			for name, value := range e.attrs {
				if e.picture && (strings.Contains(value, "NaN") || strings.Contains(value, "Inf")) {
					t.Fatalf("figure %v: %s %s=%q", x, e.name, name, value)
				}
			}
		}
		if strings.Contains(page, "NaN") || strings.Contains(page, "+Inf") || strings.Contains(page, "-Inf") {
			t.Errorf("figure %v: the page shows a figure that is not a number", x)
		}
	}
}

func TestPageStaysSmall(t *testing.T) {
	training := sampleTraining(50)
	for i := range training.Effects { // 3,000 levels each
		for !training.Effects[i].Number && len(training.Effects[i].Points) < 3000 {
			training.Effects[i].Points = append(training.Effects[i].Points, training.Effects[i].Points[0])
		}
	}
	for len(training.Groups) < 5000 {
		training.Groups = append(training.Groups, training.Groups[0])
	}
	page := written(t, training, sampleOptions(training))
	if len(page) > 1_500_000 {
		t.Errorf("the page has %d bytes, want at most 1,500,000", len(page))
	}
	if !strings.Contains(page, "2,988 more") {
		t.Error("the page does not say that levels were left out of a picture")
	}
	if !strings.Contains(page, "And 2,960 levels more, those of fewest leads.") {
		t.Error("the page does not say that levels were left out of a table")
	}
}

func TestOptionsListEveryProblem(t *testing.T) {
	err := Options{Horizon: -1, Levels: 1}.Validate()
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"Title", "Horizon is -1", "Levels is 1, want 2 to 40"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not name %q", err, want)
		}
	}
	if err := DefaultOptions().Validate(); err != nil {
		t.Errorf("default options: %v", err)
	}
}

type brokenWriter struct{ written int }

func (w *brokenWriter) Write(p []byte) (int, error) {
	w.written += len(p)
	return 0, errBroken
}

var errBroken = errors.New("disk full")

func TestWriteReportsErrors(t *testing.T) {
	w := &brokenWriter{}
	if err := Write(w, nil, DefaultOptions()); err == nil || w.written != 0 {
		t.Errorf("no training: error %v, %d bytes written", err, w.written)
	}
	if err := Write(w, sampleTraining(2), Options{}); err == nil || w.written != 0 {
		t.Errorf("bad options: error %v, %d bytes written", err, w.written)
	}
	if err := Write(w, sampleTraining(2), DefaultOptions()); !errors.Is(err, errBroken) {
		t.Errorf("broken writer: error %v, want %v", err, errBroken)
	}
}

func BenchmarkWrite(b *testing.B) {
	training := sampleTraining(50)
	options := sampleOptions(training)
	b.ReportAllocs()
	for b.Loop() {
		if err := Write(io.Discard, training, options); err != nil {
			b.Fatal(err)
		}
	}
}
