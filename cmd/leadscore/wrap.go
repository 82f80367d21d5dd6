package main

import (
	"strings"
	"unicode/utf8"
)

// textWidth is the most that a line of sentences takes of a terminal.
const textWidth = 80

// linesOf breaks a text between words into lines of at most so many characters; a longer word has a line of its own.
func linesOf(text string, width int) (lines []string) {
	line, length := "", 0
	for _, word := range strings.Fields(text) {
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
