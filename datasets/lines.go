package datasets

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// ReadLines calls fn with the lines of a file, such as JSON lines, and their numbers from 1. Lines of white space
// are left out. The text is valid until fn returns. What a line holds is fn's to check; its errors are returned
// with the file and the line.
func ReadLines(ctx context.Context, path string, fn func(line int, text []byte) error) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("datasets: %s: %w", path, rootCause(err))
	}
	defer file.Close()
	buffered := bufio.NewReaderSize(file, 1<<16)
	if err := skipMark(buffered); err != nil {
		return fmt.Errorf("datasets: %s: %w", path, err)
	}
	lines := bufio.NewScanner(buffered)
	lines.Buffer(nil, maxRecordBytes)
	line := 1
	for ; lines.Scan(); line++ {
		if line%256 == 1 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		text := bytes.TrimSpace(lines.Bytes())
		if len(text) == 0 {
			continue
		}
		if err := fn(line, text); err != nil {
			return fmt.Errorf("datasets: %s: line %d: %w", path, line, err)
		}
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return fmt.Errorf("datasets: %s: line %d: it has more than %d bytes", path, line, maxRecordBytes)
	} else if err != nil {
		return fmt.Errorf("datasets: %s: line %d: %w", path, line, rootCause(err))
	}
	return nil
}

// LineWriter writes lines of text, such as JSON lines, into a file that appears when Close succeeds.
type LineWriter struct {
	file *atomicFile
	err  error
}

// NewLineWriter begins the file at path.
func NewLineWriter(path string) (*LineWriter, error) {
	file, err := createAtomic(path)
	if err != nil {
		return nil, err
	}
	return &LineWriter{file: file}, nil
}

// Write appends one line, which must not hold a line break.
func (w *LineWriter) Write(text []byte) error {
	if w.err != nil {
		return w.err
	}
	if bytes.IndexByte(text, '\n') >= 0 {
		return fmt.Errorf("datasets: %s: a line holds a line break", w.file.path)
	}
	_, err := w.file.Write(text)
	if err == nil {
		_, err = io.WriteString(w.file, "\n")
	}
	if err != nil {
		w.err = fmt.Errorf("datasets: %s: %w", w.file.path, err)
		w.file.abort()
	}
	return w.err
}

// Close puts the file under its name.
func (w *LineWriter) Close() error {
	if w.err != nil {
		return w.err
	}
	w.err = errClosed
	return w.file.commit()
}

// Abort drops the file. After Close it does nothing.
func (w *LineWriter) Abort() {
	if w.err == nil {
		w.err = errClosed
	}
	w.file.abort()
}
