package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/leadscore/leadscore/internal/pages"
	"github.com/leadscore/leadscore/model"
)

var (
	//go:embed page.html.tmpl
	pageText     string
	pageTemplate = template.Must(template.New("page").Parse(pageText))
)

// maxTableRows bounds the rows of a table, so that a page stays small whatever the data are.
const maxTableRows = 40

// page is what the template shows.
type page struct {
	Title    string
	Subtitle string
	Style    template.CSS
	Policy   string // the content security policy: this style and nothing else
	Sections []*section
	Footer   []string
}

// section is a numbered part of the page.
type section struct {
	ID, Title, Question string
	Lead                string // the one sentence that matters
	Text                []string
	Missing             string // why there is nothing to show, after "because"
	Cards               []card
	Warnings            []warning
	Figures             []figure
	Layout              string // class of the figures' grid: one, two or three columns
	More                []figure
	MoreTitle           string
	Tables              []table
	Facts               []facts
}

// figure is a picture with its caption and the table behind it, or the reason why there is none.
type figure struct {
	ID, Title, Caption string
	SVG                template.HTML
	Missing            string
	Table              *table
	Wide               bool // beside narrow pictures, in a row of its own with its table beside it
}

// table is a table with a caption. Its first column heads the rows; the others are numbers unless Words has them.
type table struct {
	Caption string
	Head    []string
	Words   map[int]bool
	Rows    [][]string
	Note    string
	Open    bool                         // shown without a click
	Shade   func(row, column int) string // class of a cell's colour, which its text says too; nil = none
}

// Crowded reports whether a table has so many columns that they have to move together to fit on a page.
func (t table) Crowded() bool { return len(t.Head) >= 12 }

// longCell is the length in bytes from which on the words of a cell are broken into lines.
const longCell = 60

// Class returns the classes of a cell.
func (t table) Class(row, column int) string {
	switch {
	case t.Word(column) && len(t.Rows[row][column]) > longCell:
		return "word long"
	case t.Word(column):
		return "word"
	case t.Shade != nil:
		return t.Shade(row, column)
	}
	return ""
}

// Word reports whether column i holds words.
func (t table) Word(i int) bool { return i == 0 || t.Words[i] }

// left notes how many rows a table leaves out.
func (t *table) left(n int, what string) {
	if n > 0 {
		t.Note = fmt.Sprintf("And %s more, those of fewest leads.", count(float64(n))+" "+what)
	}
}

// builder makes the sections of one page.
type builder struct {
	t       *model.Training
	options Options
	sheet   *sheet
	err     error // the first picture that could not be drawn
}

// render writes the page.
func render(w io.Writer, t *model.Training, options Options) error {
	b := &builder{t: t, options: options, sheet: newSheet()}
	p := page{Title: clean(options.Title), Subtitle: b.subtitle(), Footer: b.footer()}
	p.Sections = []*section{
		b.verdict(), b.warnings(), b.money(), b.funnel(), b.gains(), b.effects(), b.subScores(), b.lags(), // for who pays
		b.reliability(), b.groups(), b.scores(), b.curves(), b.periods(), b.drift(), b.card(), b.measures(), // for who checks
	}
	p.Sections = slices.DeleteFunc(p.Sections, func(s *section) bool { return s == nil })
	if b.err != nil {
		return b.err
	}
	css := pages.Style + b.sheet.css()
	p.Style, p.Policy = template.CSS(css), pages.Policy(css)
	return pageTemplate.Execute(w, p)
}

// draw returns a figure of a picture. desc says in words what the picture shows.
func (b *builder) draw(id, title, caption, desc string, w, h vg.Length, paint func(draw.Canvas)) figure {
	svg, err := b.sheet.svg(id, w, h, title, desc, paint)
	if err != nil && b.err == nil {
		b.err = err
	}
	return figure{ID: id, Title: title, Caption: caption, SVG: svg}
}

// curvesMissing says why the pictures of the holdout cannot be drawn, "" if they can.
func (b *builder) curvesMissing() string {
	switch {
	case b.t.Holdout == nil:
		return b.holdoutMissing()
	case b.t.Holdout.Curves == nil:
		return "training kept only the figures of the holdout, not its curves"
	}
	return ""
}

// holdoutMissing says why there is no evaluation.
func (b *builder) holdoutMissing() string {
	if b.t.Split.Kind == "none" || b.t.Split.HoldoutRows == 0 {
		return "no leads were held out: every mature lead went into the fit, so the model has not been tested on leads it did not see"
	}
	return "the leads held out were not evaluated"
}

func (b *builder) subtitle() string {
	d := b.t.Data
	text := plural(d.Used, "lead") + " used, " + count(d.Conversions) + " converted (" + percent(d.BaseRate) + ")"
	if d.From != "" && d.To != "" {
		text += ", created " + day(d.From) + " to " + day(d.To)
	}
	return text
}

func (b *builder) footer() []string {
	lines := []string{
		"Model " + recorded(b.options.ModelVersion) + ", content SHA-256 " + recorded(b.options.ModelID),
		"Data SHA-256 " + recorded(b.t.Data.SHA256) + ", as of " + recorded(day(b.t.Data.AsOf)),
		"Made by " + recorded(b.options.ToolVersion),
	}
	if b.options.Command != "" {
		lines = append(lines, "Command: "+clean(b.options.Command))
	}
	return lines
}

// recorded returns the text or says that there is none.
func recorded(text string) string {
	if text = clean(text); text == "" {
		return "not recorded"
	}
	return text
}

// day cuts an RFC 3339 time to its date.
func day(time string) string {
	if len(time) > 10 && time[10] == 'T' {
		return time[:10]
	}
	return time
}
