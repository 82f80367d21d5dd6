package datasets

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/leadscore/leadscore/features"
)

// Dataset is a list of Parquet files of one schema, read as one table. It may be used by several goroutines at
// once, but for Close.
type Dataset struct {
	files   []*file
	columns []Column
	rows    int
}

// file is one open file of a Dataset.
type file struct {
	*footer
	path string
	size int64
	data source
	at   map[string]int // its columns by name
}

// source is where a file's bytes come from.
type source interface {
	io.ReaderAt
	io.Closer
}

// Open opens Parquet files and reads their footers. A path is a file, a glob, or a folder, which stands for its
// *.parquet files but those hidden or beginning with an underscore. Files are in the order of the paths, those of
// one glob or folder in the order of their names. All files must have the same columns of the same types, in any
// order.
func Open(paths []string) (*Dataset, error) {
	d := &Dataset{}
	for _, path := range paths {
		names, err := expand(path)
		if err != nil {
			d.Close()
			return nil, err
		}
		for _, name := range names {
			f, err := openFile(name)
			if err == nil {
				err = d.add(f)
			}
			if err != nil {
				d.Close()
				return nil, err
			}
		}
	}
	if len(d.files) == 0 {
		return nil, errors.New("datasets: no paths to read")
	}
	return d, nil
}

// expand returns the files that a path stands for.
func expand(path string) ([]string, error) {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return folderFiles(path)
	case err == nil && !info.Mode().IsRegular():
		return nil, fmt.Errorf("datasets: %s: it is not a regular file", path)
	case err == nil:
		return []string{path}, nil
	}
	if !strings.ContainsAny(path, "*?[") {
		return nil, fmt.Errorf("datasets: %s: %w", path, rootCause(err))
	}
	names, bad := filepath.Glob(path)
	if bad != nil {
		return nil, fmt.Errorf("datasets: %s: %w", path, bad)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("datasets: %s: no file matches", path)
	}
	slices.Sort(names)
	return names, nil
}

func folderFiles(path string) ([]string, error) {
	entries, err := os.ReadDir(path) // sorted by name
	if err != nil {
		return nil, fmt.Errorf("datasets: %s: %w", path, rootCause(err))
	}
	var names []string
	for _, e := range entries {
		if name := e.Name(); !e.IsDir() && filepath.Ext(name) == ".parquet" && name[0] != '.' && name[0] != '_' {
			names = append(names, filepath.Join(path, name))
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("datasets: %s: the folder has no *.parquet files", path)
	}
	return names, nil
}

// rootCause drops the path that errors of package os repeat.
func rootCause(err error) error {
	var pathError *os.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}

// openFile opens one file and reads its footer.
func openFile(path string) (*file, error) {
	data, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("datasets: %s: %w", path, rootCause(err))
	}
	info, err := data.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is not a regular file")
	}
	if err != nil {
		data.Close()
		return nil, fmt.Errorf("datasets: %s: %w", path, rootCause(err))
	}
	return newFile(path, data, info.Size())
}

// newFile reads the footer of a file. It closes the source if that fails.
func newFile(path string, data source, size int64) (*file, error) {
	footer, err := readFooter(data, size)
	if err != nil {
		data.Close()
		return nil, fmt.Errorf("datasets: %s: %w", path, rootCause(err))
	}
	f := &file{footer: footer, path: path, size: size, data: data, at: map[string]int{}}
	for i, c := range f.columns {
		f.at[c.Name] = i
	}
	return f, nil
}

// add appends a file, which it closes if it does not go with those before it.
func (d *Dataset) add(f *file) error {
	if f.rows > math.MaxInt/2-int64(d.rows) {
		f.data.Close()
		return fmt.Errorf("datasets: %s: its footer claims %d rows", f.path, f.rows)
	}
	if len(d.files) > 0 {
		if err := d.compare(f); err != nil {
			f.data.Close()
			return err
		}
	} else {
		for _, c := range f.columns {
			d.columns = append(d.columns, c.Column)
		}
	}
	d.files = append(d.files, f)
	d.rows += int(f.rows)
	return nil
}

// compare makes sure that a file has the columns of the first.
func (d *Dataset) compare(f *file) error {
	first := d.files[0].path
	for i, c := range d.columns {
		at, found := f.at[c.Name]
		if !found {
			return fmt.Errorf("datasets: %s: column %q: not in the file, but in %s", f.path, c.Name, first)
		}
		have := f.columns[at].Column
		if have.Type != c.Type || have.Unsupported != c.Unsupported {
			return fmt.Errorf("datasets: %s: column %q: is %s, but %s in %s", f.path, c.Name, have.kind(), c.kind(), first)
		}
		d.columns[i].Optional = c.Optional || have.Optional
	}
	for _, c := range f.columns {
		if _, found := d.files[0].at[c.Name]; !found {
			return fmt.Errorf("datasets: %s: column %q: in the file, but not in %s", f.path, c.Name, first)
		}
	}
	return nil
}

// kind names what the column is.
func (c Column) kind() string {
	if c.Unsupported != "" {
		return c.Unsupported
	}
	return c.Type.String()
}

// Columns returns the columns in the order of the first file. The caller must not change them.
func (d *Dataset) Columns() []Column { return d.columns }

// Rows returns the number of rows that the files' footers claim.
func (d *Dataset) Rows() int { return d.rows }

// Files returns the paths of the files in the order in which they are read.
func (d *Dataset) Files() []string {
	paths := make([]string, len(d.files))
	for i, f := range d.files {
		paths[i] = f.path
	}
	return paths
}

// Place returns the file that holds a row of the data set, and which row of it that is, from 0.
func (d *Dataset) Place(row int) (path string, of int) {
	for _, f := range d.files {
		if path = f.path; row < int(f.rows) {
			break
		}
		row -= int(f.rows)
	}
	return path, row
}

// Close closes the files.
func (d *Dataset) Close() error {
	var problems []error
	for _, f := range d.files {
		problems = append(problems, f.data.Close())
	}
	return errors.Join(problems...)
}

// SHA256 returns the hash of the files' bytes, one file after the other, in hexadecimal digits.
func (d *Dataset) SHA256(ctx context.Context) (string, error) {
	hash := sha256.New()
	buffer := make([]byte, 1<<20)
	for _, f := range d.files {
		for section := io.NewSectionReader(f.data, 0, f.size); ; {
			if err := ctx.Err(); err != nil {
				return "", err
			}
			n, err := section.Read(buffer)
			hash.Write(buffer[:n])
			if err == io.EOF {
				break
			}
			if err != nil {
				return "", fmt.Errorf("datasets: %s: %w", f.path, rootCause(err))
			}
		}
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// suggest names the column nearest to one that is not there, for an error message.
func suggest(name string, columns []string) string {
	fields := make([]features.Field, 0, len(columns))
	for _, c := range columns {
		fields = append(fields, features.Field{
			Name: c, Type: features.Type{Base: features.String}, Kind: features.Category, Role: features.RoleExcluded,
		})
	}
	if schema, err := features.NewSchema(fields, nil); err == nil {
		if near := schema.Suggest(name); near != "" {
			return fmt.Sprintf(" (did you mean %q?)", near)
		}
	}
	return ""
}
