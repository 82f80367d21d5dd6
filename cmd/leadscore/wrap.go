package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// textWidth is the most that a line of sentences takes of a terminal.
const textWidth = 80

// wordsOf are the words of a text; a percent sign stays with its number.
func wordsOf(text string) (words []string) {
	for _, word := range strings.Fields(text) {
		if last := len(words) - 1; last >= 0 && strings.HasPrefix(word, "%") {
			words[last] += " " + word
			continue
		}
		words = append(words, word)
	}
	return words
}

// linesOf breaks a text between words into lines of at most so many characters; a longer word has a line of its own.
func linesOf(text string, width int) (lines []string) {
	line, length := "", 0
	for _, word := range wordsOf(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case length == 0:
			line, length = word, n
		case length+1+n > width:
			lines = append(lines, line)
			line, length = word, n
		default:
			line, length = line+" "+word, length+1+n
		}
	}
	return append(lines, line)
}

// wrapped breaks a text into lines, each with the indent.
func wrapped(indent, text string) string {
	var b strings.Builder
	for _, line := range linesOf(text, textWidth-utf8.RuneCountInString(indent)) {
		b.WriteString(indent + line + "\n")
	}
	return b.String()
}

// paragraph prints a text that takes several lines if it is long, those after the first indented.
func paragraph(w io.Writer, format string, args ...any) {
	for i, line := range linesOf(fmt.Sprintf(format, args...), textWidth-2) {
		if i > 0 {
			line = "  " + line
		}
		fmt.Fprintln(w, line)
	}
}
