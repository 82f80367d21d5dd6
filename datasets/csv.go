package datasets

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf8"

	"github.com/leadscore/leadscore/features"
)

// maxRecordBytes bounds one row of a CSV file or one line of a JSON-lines file.
const maxRecordBytes = 16 << 20

// CSV reads a file of separated values, UTF-8, whose first row names the columns. Rows without a character are
// skipped. It is not safe for concurrent use.
type CSV struct {
	path    string
	file    *os.File
	guard   *guardedReader
	reader  *csv.Reader
	header  []string
	unnamed int // trailing columns without a name, whose cells must be empty
	line    int
}

// ParseSeparator reads a separator as a command line gives it: one character, or tab, or \t.
func ParseSeparator(text string) (rune, error) {
	if text == "tab" || text == `\t` {
		return '\t', nil
	}
	if r, size := utf8.DecodeRuneInString(text); size == len(text) && validSeparator(r) {
		return r, nil
	}
	return 0, fmt.Errorf("datasets: separator: %q is not one character such as , ; | or tab", text)
}

func validSeparator(r rune) bool {
	return r != 0 && r != '"' && r != '\r' && r != '\n' && r != utf8.RuneError && utf8.ValidRune(r)
}

// OpenCSV opens a file and reads its header. The separator is the caller's to know: a header that obviously has
// another one is an error which names it.
func OpenCSV(path string, separator rune) (*CSV, error) {
	if !validSeparator(separator) {
		return nil, fmt.Errorf("datasets: separator: %q cannot separate values", separator)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("datasets: %s: %w", path, rootCause(err))
	}
	c := &CSV{path: path, file: file}
	if err := c.begin(separator); err != nil {
		file.Close()
		return nil, err
	}
	return c, nil
}

func (c *CSV) begin(separator rune) error {
	info, err := c.file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is not a regular file")
	}
	if err != nil {
		return fmt.Errorf("datasets: %s: %w", c.path, rootCause(err))
	}
	c.guard = &guardedReader{source: c.file}
	buffered := bufio.NewReaderSize(c.guard, 1<<16)
	if err := skipMark(buffered); err != nil {
		return fmt.Errorf("datasets: %s: %w", c.path, err)
	}
	first, _ := buffered.Peek(4096)
	c.reader = csv.NewReader(buffered)
	c.reader.Comma, c.reader.ReuseRecord, c.reader.FieldsPerRecord = separator, true, -1
	header, err := c.record()
	if err == io.EOF {
		return fmt.Errorf("datasets: %s: it is empty: the first row must name the columns", c.path)
	}
	if other := likelySeparator(first, separator); other != "" && (err != nil || len(header) == 1) {
		return fmt.Errorf("datasets: %s: line 1: the header is one column with the separator %q: the separator may be another: --separator %s",
			c.path, separator, other)
	}
	if err != nil {
		return err
	}
	c.header = append([]string(nil), header...)
	return c.checkHeader()
}

// skipMark steps over a byte order mark, and refuses the one of UTF-16.
func skipMark(r *bufio.Reader) error {
	start, _ := r.Peek(3)
	switch {
	case bytes.HasPrefix(start, []byte("\xff\xfe")) || bytes.HasPrefix(start, []byte("\xfe\xff")):
		return errors.New("it is UTF-16: save it as UTF-8")
	case bytes.Equal(start, []byte("\ufeff")):
		_, err := r.Discard(len(start))
		return err
	}
	return nil
}

// likelySeparator returns, for a command line, a separator that the first line has while it has none of those given.
func likelySeparator(start []byte, given rune) string {
	line, _, _ := bytes.Cut(start, []byte("\n"))
	if bytes.ContainsRune(line, given) {
		return ""
	}
	best, most := "", 0
	for _, s := range []struct {
		char rune
		name string
	}{{',', "','"}, {';', "';'"}, {'\t', "tab"}, {'|', "'|'"}} {
		if n := bytes.Count(line, []byte(string(s.char))); n > most {
			best, most = s.name, n
		}
	}
	return best
}

func (c *CSV) checkHeader() error {
	for i, name := range c.header {
		c.header[i] = features.Normalise(name)
	}
	for n := len(c.header); n > 1 && c.header[n-1] == ""; n-- {
		c.header, c.unnamed = c.header[:n-1], c.unnamed+1
	}
	at := map[string]int{}
	for i, name := range c.header {
		if name == "" {
			return fmt.Errorf("datasets: %s: line %d: column %d has no name", c.path, c.line, i+1)
		}
		if first, twice := at[name]; twice {
			return fmt.Errorf("datasets: %s: line %d: column %q: it is there twice, as column %d and as column %d", c.path, c.line, name, first+1, i+1)
		}
		at[name] = i
	}
	return nil
}

// Next returns the cells of the next row and the line that it begins on, or io.EOF. The slice is valid until the
// next call, the texts for ever.
func (c *CSV) Next() (line int, cells []string, err error) {
	cells, err = c.record()
	if err != nil {
		return c.line, nil, err
	}
	if want := len(c.header) + c.unnamed; len(cells) != want {
		return c.line, nil, fmt.Errorf("datasets: %s: line %d: has %d cells, the header %d", c.path, c.line, len(cells), want)
	}
	for i, cell := range cells[len(c.header):] {
		if features.Normalise(cell) != "" {
			return c.line, nil, fmt.Errorf("datasets: %s: line %d: %q stands in column %d, which has no name", c.path, c.line, cell, len(c.header)+i+1)
		}
	}
	return c.line, cells[:len(c.header)], nil
}

// record reads a row of any length.
func (c *CSV) record() ([]string, error) {
	c.guard.left = maxRecordBytes
	cells, err := c.reader.Read()
	if err != nil {
		return nil, c.explain(err)
	}
	c.line, _ = c.reader.FieldPos(0)
	for i, cell := range cells {
		if !utf8.ValidString(cell) {
			line, _ := c.reader.FieldPos(i)
			return nil, fmt.Errorf("datasets: %s: line %d, %s: %s is not valid UTF-8", c.path, line, c.columnName(i), shorten(cell))
		}
	}
	return cells, nil
}

func (c *CSV) columnName(i int) string {
	if i < len(c.header) {
		return fmt.Sprintf("column %q", c.header[i])
	}
	return fmt.Sprintf("column %d", i+1)
}

// shorten quotes a text for a message.
func shorten(text string) string {
	const most = 60
	if len(text) > most {
		return fmt.Sprintf("%q…", text[:most])
	}
	return fmt.Sprintf("%q", text)
}

func (c *CSV) explain(err error) error {
	var parse *csv.ParseError
	switch {
	case err == io.EOF:
		return err
	case errors.Is(err, errLongRecord):
		return fmt.Errorf("datasets: %s: line %d: the row has more than %d bytes: is a quote open?", c.path, c.line+1, maxRecordBytes)
	case errors.As(err, &parse):
		return fmt.Errorf("datasets: %s: line %d, byte %d: %w", c.path, parse.Line, parse.Column, parse.Err)
	}
	return fmt.Errorf("datasets: %s: line %d: %w", c.path, c.line+1, rootCause(err))
}

// Close closes the file.
func (c *CSV) Close() error { return c.file.Close() }

var errLongRecord = errors.New("the row is too long")

// guardedReader fails once a row has taken more bytes than it may; left is set anew for every row.
type guardedReader struct {
	source io.Reader
	left   int
	done   int64 // bytes read in all
}

// Read implements io.Reader.
func (r *guardedReader) Read(p []byte) (int, error) {
	if r.left < 0 {
		return 0, errLongRecord
	}
	n, err := r.source.Read(p)
	r.left -= n
	r.done += int64(n)
	return n, err
}
