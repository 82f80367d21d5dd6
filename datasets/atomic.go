package datasets

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// WriteFile makes the file at path out of what write writes: into a hidden file of the same folder first, which
// is synced and then renamed. After an error, of write too, the folder is as it was before.
func WriteFile(path string, write func(io.Writer) error) error {
	file, err := createAtomic(path)
	if err != nil {
		return err
	}
	if err := write(file); err != nil {
		file.abort()
		return err
	}
	return file.commit()
}

// atomicFile is a file that appears under its name all at once, or never.
type atomicFile struct {
	path    string
	pending *renameio.PendingFile
	buffer  *bufio.Writer
	done    bool
}

const fileMode = 0o644 // before the umask

func createAtomic(path string) (*atomicFile, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("datasets: %s: cannot be written: it is not a regular file", path)
	}
	pending, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(fileMode))
	if err != nil {
		return nil, fmt.Errorf("datasets: %s: cannot be written: %w", path, err)
	}
	return &atomicFile{path: path, pending: pending, buffer: bufio.NewWriterSize(pending, 256<<10)}, nil
}

// Write implements io.Writer.
func (f *atomicFile) Write(p []byte) (int, error) {
	return f.buffer.Write(p)
}

// commit puts the file under its name.
func (f *atomicFile) commit() error {
	if f.done {
		return nil
	}
	err := f.buffer.Flush()
	if err == nil {
		err = f.pending.CloseAtomicallyReplace()
	}
	if err == nil {
		f.done = true
		err = syncFolder(filepath.Dir(f.path))
	}
	if err != nil {
		f.abort()
		return fmt.Errorf("datasets: %s: %w", f.path, err)
	}
	return nil
}

// abort drops the file unless it has been committed. What cannot be removed any more is left to the system: the
// error that led here is the one to tell.
func (f *atomicFile) abort() {
	if !f.done {
		f.done = true
		_ = f.pending.Cleanup()
	}
}

// syncFolder makes a rename in the folder survive a loss of power.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}
