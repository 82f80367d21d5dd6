package serve

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Reload reads the artifact again and lets it answer from the next request on. When it cannot be read, the
// model that answers stays, and the error says why.
func (s *Server) Reload() error {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	return s.reload()
}

func (s *Server) reload() error {
	next, err := s.load()
	before := s.active.Load()
	switch {
	case err != nil && before != nil:
		s.logger.Error("model refused", "error", err.Error(), "serving", before.identity.Version)
		return err
	case err != nil:
		return err
	}
	s.active.Store(next)
	s.logger.Info("model loaded", "model", next.identity.Version, "id", next.identity.ID)
	return nil
}

// load reads the artifact and remembers which file it saw.
func (s *Server) load() (*active, error) {
	path := s.options.ModelPath
	s.seen = nil
	f, info, err := openRegular(path, s.options.MaxModelBytes)
	if err != nil {
		return nil, fmt.Errorf("serve: model %s: %w", path, err)
	}
	defer f.Close()
	s.seen = info
	next, err := s.decode(io.LimitReader(f, s.options.MaxModelBytes))
	if err != nil {
		return nil, fmt.Errorf("serve: model %s: %w", path, err)
	}
	return next, nil
}

// reloadChanged reloads the artifact when its file is not the one last read.
func (s *Server) reloadChanged() {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	info, err := os.Stat(s.options.ModelPath)
	if err != nil { // between removal and replacement, or gone: the model in memory answers on
		return
	}
	if last := s.seen; last != nil && os.SameFile(last, info) && last.Size() == info.Size() && last.ModTime().Equal(info.ModTime()) {
		return
	}
	_ = s.reload() // it logs
}

// watch reloads the artifact after its file was replaced or rewritten, until ctx is done. The directory is
// watched, for a file that is renamed into place is another file.
func (s *Server) watch(ctx context.Context) {
	watcher, err := fsnotify.NewWatcher()
	if err == nil {
		defer watcher.Close()
		err = watcher.Add(filepath.Dir(s.options.ModelPath))
	}
	if err != nil {
		s.logger.Warn("model file is not watched", "error", err.Error())
		return
	}
	settled := time.NewTimer(0) // the file may have changed since New read it
	defer settled.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case event := <-watcher.Events:
			if s.concerns(event.Name) {
				settled.Reset(s.options.Settle)
			}
		case err := <-watcher.Errors: // events may have been lost
			s.logger.Warn("watching the model file", "error", err.Error())
			settled.Reset(s.options.Settle)
		case <-settled.C:
			s.reloadChanged()
		}
	}
}

// concerns reports whether a change of the named file may be one of the artifact: it is the file itself, or a
// link such as ..data that a volume's owner swings to new content.
func (s *Server) concerns(name string) bool {
	name = filepath.Base(name)
	return name == filepath.Base(s.options.ModelPath) || strings.HasPrefix(name, "..")
}
