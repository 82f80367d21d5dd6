package features

import (
	"errors"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// scanner reads the grammar of JSON (RFC 8259) from a document in memory. Its methods report whether the
// document could be read on; when not, fatal says why. A fault that leaves the rest readable goes to refusal
// instead, so that the other leads of a batch are not lost by it.
type scanner struct {
	data    []byte
	pos     int
	base    string // points to the lead being read, "" for a document of one
	key     []byte // the member being read, nil between members
	fatal   *InputError
	refusal *InputError // the first fault of the lead being read

	keyText, text []byte // unescaped texts are built here
}

func (s *scanner) fault(code string, offset int, detail string) *InputError {
	pointer := s.base
	if s.key != nil {
		pointer = PointerTo(pointer, string(s.key))
	}
	return &InputError{Code: code, Pointer: pointer, Offset: offset, Detail: detail}
}

// stop ends the reading; it returns false for its caller to return.
func (s *scanner) stop(code, detail string) bool {
	s.fatal = s.fault(code, s.pos, detail)
	return false
}

// refuse notes a fault of the lead being read and lets the reading go on.
func (s *scanner) refuse(code string, offset int, detail string) {
	if s.refusal == nil {
		s.refusal = s.fault(code, offset, detail)
	}
}

func (s *scanner) expected(what string) bool {
	if s.pos >= len(s.data) {
		return s.stop(InputSyntax, "the document ends where "+what+" was expected")
	}
	return s.stop(InputSyntax, "expected "+what)
}

// next skips white space and returns the byte that follows, 0 at the end.
func (s *scanner) next() byte {
	for ; s.pos < len(s.data); s.pos++ {
		switch c := s.data[s.pos]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// member reads the name of a member and the colon, at the quote. The name is valid until the next call with
// the same scratch.
func (s *scanner) member(scratch *[]byte) ([]byte, bool) {
	if s.next() != '"' {
		return nil, s.expected("a field's name")
	}
	name, ok := s.quoted(scratch)
	if !ok {
		return nil, false
	}
	if s.next() != ':' {
		return nil, s.expected("':'")
	}
	s.pos++
	return name, true
}

// quoted reads a text, at the quote.
func (s *scanner) quoted(scratch *[]byte) ([]byte, bool) {
	start := s.pos + 1
	for i := start; i < len(s.data); {
		switch c := s.data[i]; {
		case c == '"':
			s.pos = i + 1
			return s.data[start:i], true
		case c == '\\':
			s.pos = i
			*scratch = append((*scratch)[:0], s.data[start:i]...)
			return s.escaped(scratch)
		case c < utf8.RuneSelf:
			if c < ' ' {
				s.pos = i
				return nil, s.stop(InputSyntax, "a control character in a text must be escaped")
			}
			i++
		default:
			i += s.character(i)
		}
	}
	s.pos = len(s.data)
	return nil, s.expected("'\"'")
}

// character returns the length of the character at i and refuses the lead when it is not UTF-8.
func (s *scanner) character(i int) int {
	r, n := utf8.DecodeRune(s.data[i:])
	if r == utf8.RuneError && n == 1 {
		s.refuse(InputUTF8, i, "the text is not UTF-8")
	}
	return n
}

// escaped reads the rest of a text, from its first backslash on, and appends it to scratch.
func (s *scanner) escaped(scratch *[]byte) ([]byte, bool) {
	text := *scratch
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; {
		case c == '"':
			s.pos++
			*scratch = text
			return text, true
		case c == '\\':
			r, ok := s.escape()
			if !ok {
				return nil, false
			}
			text = utf8.AppendRune(text, r)
		case c < ' ':
			return nil, s.stop(InputSyntax, "a control character in a text must be escaped")
		case c < utf8.RuneSelf:
			text = append(text, c)
			s.pos++
		default:
			n := s.character(s.pos)
			text = append(text, s.data[s.pos:s.pos+n]...)
			s.pos += n
		}
	}
	return nil, s.expected("'\"'")
}

// shortEscapes maps the letter after a backslash to its character.
var shortEscapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escape reads one escape sequence, at the backslash.
func (s *scanner) escape() (rune, bool) {
	start := s.pos
	if s.pos+1 >= len(s.data) {
		s.pos = len(s.data)
		return 0, s.expected("'\"'")
	}
	if c := shortEscapes[s.data[s.pos+1]]; c != 0 {
		s.pos += 2
		return rune(c), true
	}
	r := s.hex(s.pos)
	if r < 0 {
		return 0, s.stop(InputSyntax, "unknown escape sequence")
	}
	s.pos += 6
	switch {
	case r == 0:
		s.refuse(InputCharacter, start, `a text may not contain \u0000`)
	case utf16.IsSurrogate(r):
		if pair := utf16.DecodeRune(r, s.hex(s.pos)); pair != utf8.RuneError {
			s.pos += 6
			return pair, true
		}
		s.refuse(InputUTF8, start, "half of a surrogate pair")
	}
	return r, true
}

// hex returns the code of the escape sequence \uXXXX at i, or -1 when there is none.
func (s *scanner) hex(i int) rune {
	if i+6 > len(s.data) || s.data[i] != '\\' || s.data[i+1] != 'u' {
		return -1
	}
	var r rune
	for _, c := range s.data[i+2 : i+6] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

// literal reads true, false or null.
func (s *scanner) literal(word string) bool {
	end := s.pos + len(word)
	if end > len(s.data) || string(s.data[s.pos:end]) != word {
		return s.expected("a value")
	}
	s.pos = end
	return true
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

// digits skips digits and reports whether there was one.
func (s *scanner) digits() bool {
	start := s.pos
	for s.pos < len(s.data) && digit(s.data[s.pos]) {
		s.pos++
	}
	return s.pos > start || s.expected("a digit")
}

func (s *scanner) at(c byte) bool { return s.pos < len(s.data) && s.data[s.pos] == c }

// numeral skips a number, at its first byte, and returns its text.
func (s *scanner) numeral() ([]byte, bool) {
	start := s.pos
	if s.at('-') {
		s.pos++
	}
	if s.at('0') {
		s.pos++
	} else if !s.digits() {
		return nil, false
	}
	if s.at('.') {
		s.pos++
		if !s.digits() {
			return nil, false
		}
	}
	if s.at('e') || s.at('E') {
		s.pos++
		if s.at('+') || s.at('-') {
			s.pos++
		}
		if !s.digits() {
			return nil, false
		}
	}
	return s.data[start:s.pos], true
}

// number reads a number as the nearest float64; one beyond float64 refuses the lead.
func (s *scanner) number() (float64, bool) {
	start := s.pos
	text, ok := s.numeral()
	if !ok {
		return 0, false
	}
	if x, exact := exactFloat(text); exact {
		return x, true
	}
	x, err := strconv.ParseFloat(string(text), 64)
	if errors.Is(err, strconv.ErrRange) && math.IsInf(x, 0) {
		s.refuse(InputRange, start, "the number is beyond what a double-precision number can hold")
		return 0, true
	}
	return x, true
}

var powersOfTen = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16}

// exactFloat converts a short number without an exponent: its digits, as a whole number below 2⁵³, and the power
// of ten are then exact, so that one division rounds once (Clinger, How to read floating point numbers
// accurately, 1990).
func exactFloat(text []byte) (float64, bool) {
	negative := text[0] == '-'
	if negative {
		text = text[1:]
	}
	if len(text) > 16 {
		return 0, false
	}
	var digits uint64
	point := len(text)
	for i, c := range text {
		switch {
		case digit(c):
			digits = digits*10 + uint64(c-'0')
		case c == '.':
			point = i + 1
		default:
			return 0, false
		}
	}
	if digits >= 1<<53 {
		return 0, false
	}
	x := float64(digits) / powersOfTen[len(text)-point]
	if negative {
		x = -x
	}
	return x, true
}

// skip reads any value and keeps nothing of it; depth is that of the object or array it stands in.
func (s *scanner) skip(depth int) bool {
	switch c := s.next(); {
	case c == '{' || c == '[':
		if depth == MaxDepth {
			return s.stop(InputTooDeep, "nested more than "+strconv.Itoa(MaxDepth)+" deep")
		}
		s.pos++
		if c == '{' {
			return s.skipObject(depth + 1)
		}
		return s.skipArray(depth + 1)
	case c == '"':
		_, ok := s.quoted(&s.text)
		return ok
	case c == '-' || digit(c):
		_, ok := s.numeral()
		return ok
	case c == 't':
		return s.literal("true")
	case c == 'f':
		return s.literal("false")
	case c == 'n':
		return s.literal("null")
	}
	return s.expected("a value")
}

func (s *scanner) skipObject(depth int) bool {
	if s.next() == '}' {
		s.pos++
		return true
	}
	for fields := 1; ; fields++ {
		if fields > MaxFields {
			s.refuse(InputTooManyFields, s.pos, tooManyFields)
		}
		if _, ok := s.member(&s.text); !ok || !s.skip(depth) {
			return false
		}
		if more, ok := s.more('}'); !more {
			return ok
		}
	}
}

func (s *scanner) skipArray(depth int) bool {
	if s.next() == ']' {
		s.pos++
		return true
	}
	for {
		if !s.skip(depth) {
			return false
		}
		if more, ok := s.more(']'); !more {
			return ok
		}
	}
}

// more reads the comma before the next element, or the end of the object or array.
func (s *scanner) more(end byte) (more, ok bool) {
	switch s.next() {
	case ',':
		s.pos++
		return true, true
	case end:
		s.pos++
		return false, true
	}
	if end == '}' {
		return false, s.expected("',' or '}'")
	}
	return false, s.expected("',' or ']'")
}

const tooManyFields = "more than 256 fields in one object"
