package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/leadscore/leadscore/datasets"
)

// flat is a text without its line breaks, the words one space apart.
func flat(text string) string { return strings.Join(strings.Fields(text), " ") }

// checkLines makes sure that no line of a text is wider than sentences are.
func checkLines(t *testing.T, text string) {
	t.Helper()
	for line := range strings.SplitSeq(text, "\n") {
		if utf8.RuneCountInString(line) > textWidth && !strings.HasPrefix(line, "model ") && !strings.HasPrefix(line, "report ") {
			t.Errorf("wider than %d: %q", textWidth, line)
		}
	}
}

// Sentences of every verb are broken where a terminal ends; tables, whose cells two spaces part, are as wide as they are.
func TestSentencesFitTheTerminal(t *testing.T) {
	dir, modelPath := sampleLeads(t, "4000")
	leads, spend := filepath.Join(dir, datasets.LeadsFile), filepath.Join(dir, "spend.csv")
	lead := write(t, dir, "lead.json", `{"source":"referral","employees":250,"industry":"manufacturing"}`)
	budget := []string{"budget", "--data", leads, "--spend", spend}
	for _, args := range [][]string{
		append(slices.Clone(budget), "--leaks", "--costs", "cohort", "--explain-arithmetic", "--touch-cost", "25", "--touch-lift", "0.01"),
		append(slices.Clone(budget), "--costs", "calendar", "--target-roi", "0.5", "--capacity-hours", "480"),
		append(slices.Clone(budget), "--profit-goal", "3000000", "--marketing-share", "0.6"),
		{"score", "--data", leads, "--out", filepath.Join(dir, "scores.csv")},
		{"explain", "--lead", lead},
		{"queue", "--data", leads, "--hours", "40"},
		{"evaluate", "--data", leads},
	} {
		for line := range strings.SplitSeq(must(t, append(args, "--model", modelPath)...).stdout, "\n") {
			if utf8.RuneCountInString(line) > textWidth && !strings.Contains(strings.TrimSpace(line), "  ") && !strings.HasPrefix(line, "scores ") {
				t.Errorf("%s: wider than %d: %q", args[0], textWidth, line)
			}
		}
	}
}

// Lines hold the words in their order, none is wider than asked unless it is one word, and no word that has room in a
// line starts the next.
func TestLinesKeepTheirWords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOf(rapid.StringMatching(`[a-zé–]{1,30}`)).Draw(t, "words")
		width := rapid.IntRange(1, 40).Draw(t, "width")
		lines := linesOf(strings.Join(words, " "), width)
		if got := strings.Fields(strings.Join(lines, " ")); !slices.Equal(got, words) {
			t.Fatalf("%q of %q", got, words)
		}
		for i, line := range lines {
			n := utf8.RuneCountInString(line)
			if n > width && strings.Contains(line, " ") {
				t.Fatalf("%q is wider than %d", line, width)
			}
			if i+1 < len(lines) && n+1+utf8.RuneCountInString(strings.Fields(lines[i+1])[0]) <= width {
				t.Fatalf("%q has room for the start of %q", line, lines[i+1])
			}
		}
	})
}

func TestLinesKeepPercentages(t *testing.T) {
	if got, want := linesOf("a rate of 5 % by all, 7 %", 11), []string{"a rate of", "5 % by all,", "7 %"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
