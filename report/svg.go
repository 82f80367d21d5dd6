package report

import (
	"bytes"
	"fmt"
	"html/template"
	"image/color"
	"regexp"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// The colours of pictures: Okabe and Ito's blue and vermilion, which every kind of colour sight tells apart and
// which stand out from the paper by more than 3:1, and greys. The style sheet gives each a value for light and
// for dark paper; a picture says only which one.
var (
	ink   = color.RGBA{0x1b, 0x1b, 0x1b, 0xff}
	muted = color.RGBA{0x59, 0x59, 0x59, 0xff}
	grid  = color.RGBA{0xdd, 0xdd, 0xdd, 0xff}
	shade = color.RGBA{0xec, 0xec, 0xec, 0xff}
	blue  = color.RGBA{0x00, 0x72, 0xb2, 0xff}
	band  = color.RGBA{0xc9, 0xe1, 0xf0, 0xff}
	red   = color.RGBA{0xd5, 0x5e, 0x00, 0xff}
)

var variables = map[string]string{
	"#1B1B1B": "var(--ink)", "#595959": "var(--muted)", "#DDDDDD": "var(--grid)", "#ECECEC": "var(--shade)",
	"#0072B2": "var(--blue)", "#C9E1F0": "var(--band)", "#D55E00": "var(--red)",
}

// sheet collects the distinct styles of a page's pictures under class names, in the order of first use.
type sheet struct {
	classes map[string]string
	rules   strings.Builder
}

func newSheet() *sheet { return &sheet{classes: map[string]string{}} }

// css returns the rules of the classes given out so far.
func (s *sheet) css() string { return s.rules.String() }

// class returns the name of the class with the declarations.
func (s *sheet) class(declarations string) string {
	name, found := s.classes[declarations]
	if !found {
		name = fmt.Sprintf("g%d", len(s.classes))
		s.classes[declarations] = name
		fmt.Fprintf(&s.rules, ".%s{%s}\n", name, declarations)
	}
	return name
}

var (
	styles = regexp.MustCompile(`\s+style="([^"]*)"`)
	fonts  = regexp.MustCompile(`(font-family|font-variant|font-style):[^;]*;|font-weight:normal;`)
	hues   = regexp.MustCompile(`#[0-9A-F]{6}`)
)

// svg draws on a canvas of w by h points and returns it as an element that stands in the page: named by title
// and desc for those who do not see it, scaled by the page, its colours and fonts those of the style sheet.
func (s *sheet) svg(id string, w, h vg.Length, title, desc string, paint func(draw.Canvas)) (template.HTML, error) {
	canvas := vgsvg.NewWith(vgsvg.UseWH(w, h))
	paint(draw.New(canvas))
	var drawn bytes.Buffer
	if _, err := canvas.WriteTo(&drawn); err != nil {
		return "", fmt.Errorf("picture %s: %w", id, err)
	}
	_, body, found := strings.Cut(drawn.String(), "<svg")
	if found {
		_, body, found = strings.Cut(body, ">")
	}
	if !found {
		return "", fmt.Errorf("picture %s: the canvas holds no svg element", id)
	}
	var out strings.Builder
	fmt.Fprintf(&out, `<svg class="plot" role="img" viewBox="0 0 %g %g" aria-labelledby="%s-t %s-d"><title id="%s-t">%s</title><desc id="%s-d">%s</desc>`,
		w.Points(), h.Points(), id, id, id, template.HTMLEscapeString(title), id, template.HTMLEscapeString(desc))
	out.WriteString(styles.ReplaceAllStringFunc(body, s.restyle))
	return template.HTML(strings.TrimSpace(out.String())), nil
}

// restyle turns a style attribute into a class attribute.
func (s *sheet) restyle(attribute string) string {
	declarations := styles.FindStringSubmatch(attribute)[1]
	declarations = fonts.ReplaceAllString(declarations, "")
	declarations = hues.ReplaceAllStringFunc(declarations, func(hue string) string {
		if variable, found := variables[hue]; found {
			return variable
		}
		return hue
	})
	return fmt.Sprintf(` class="%s"`, s.class(declarations))
}
