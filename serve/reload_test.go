package serve

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/leadscore/leadscore/model"
)

func version(t testing.TB, content []byte) string {
	t.Helper()
	m, err := model.Decode(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	return m.Identity().Version
}

// TestReloadUnderLoad swaps two models, and broken files between them, under requests: none fails, and each
// answer is, to the byte, what one of the models gives.
func TestReloadUnderLoad(t *testing.T) {
	s := testServer(t, nil)
	h := s.Handler()
	requests := []string{goodLead, `{"leads":[` + strings.Repeat(goodLead+",", 20) + `{}]}`}
	var want [2][2][]byte // request, model
	for m, content := range artifacts() {
		install(t, s.options.ModelPath, content)
		if err := s.Reload(); err != nil {
			t.Fatal(err)
		}
		for r, text := range requests {
			want[r][m] = send(t, h, body(text)).body
		}
	}
	var answered [2]atomic.Int64 // by model
	var clients sync.WaitGroup
	ticks, stop := make(chan struct{}), make(chan struct{})
	for r, text := range requests {
		clients.Go(func() {
			for {
				select {
				case ticks <- struct{}{}:
				case <-stop:
					return
				}
				switch got := send(t, h, body(text)); {
				case bytes.Equal(got.body, want[r][0]):
					answered[0].Add(1)
				case bytes.Equal(got.body, want[r][1]):
					answered[1].Add(1)
				default:
					t.Errorf("an answer of neither model: %d %.200s", got.status, got.body)
				}
			}
		})
	}
	broken := artifacts()[0][:len(artifacts()[0])/2]
	for i := range 40 {
		content, fine := artifacts()[i%2], true
		if i%5 == 4 {
			content, fine = broken, false
		}
		install(t, s.options.ModelPath, content)
		if err := s.Reload(); (err == nil) != fine {
			t.Errorf("reload %d: %v", i, err)
		}
		for range 2*len(requests) + 1 { // so that a client has begun and ended a request meanwhile
			<-ticks
		}
	}
	close(stop)
	clients.Wait()
	if answered[0].Load() == 0 || answered[1].Load() == 0 {
		t.Errorf("answers by model: %d, %d", answered[0].Load(), answered[1].Load())
	}
}

// eventLog is a log whose messages, with the model they speak of, come out of a channel.
type eventLog struct{ events chan string }

func (l eventLog) Enabled(context.Context, slog.Level) bool { return true }
func (l eventLog) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l eventLog) WithGroup(string) slog.Handler            { return l }
func (l eventLog) Handle(_ context.Context, r slog.Record) error {
	text := r.Message
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "model" && r.Message == "model loaded" {
			text += " " + a.Value.String()
		}
		return true
	})
	l.events <- text
	return nil
}

// await reads the log until the message comes.
func (l eventLog) await(t *testing.T, message string) {
	t.Helper()
	patience := time.After(10 * time.Second)
	for {
		select {
		case got := <-l.events:
			if got == message {
				return
			}
		case <-patience:
			t.Fatalf("no log line %q", message)
		}
	}
}

func TestWatch(t *testing.T) {
	o := testOptions(t)
	o.Watch, o.Settle = true, 20*time.Millisecond
	log := eventLog{make(chan string, 1000)}
	s, err := New(o, slog.New(log))
	if err != nil {
		t.Fatal(err)
	}
	first, second := version(t, artifacts()[0]), version(t, artifacts()[1])
	log.await(t, "model loaded "+first)
	run(t, s)
	log.await(t, "listening")

	install(t, o.ModelPath, artifacts()[1]) // renamed into place
	log.await(t, "model loaded "+second)
	if err := os.WriteFile(o.ModelPath, artifacts()[0], 0o600); err != nil { // rewritten in place
		t.Fatal(err)
	}
	log.await(t, "model loaded "+first)
	install(t, o.ModelPath, []byte(`{"format":"leadscore-model"}`))
	log.await(t, "model refused")
	if got := send(t, s.Handler(), body(goodLead)).score(t); got.Model.Version != first {
		t.Errorf("after a refused file %s answers, want %s", got.Model.Version, first)
	}
	if err := os.Remove(o.ModelPath); err != nil {
		t.Fatal(err)
	}
	install(t, o.ModelPath, artifacts()[1])
	log.await(t, "model loaded "+second)
}

// TestWatchFollowsLinks swings a link as volumes of configuration do: model.json → ..data/model.json.
func TestWatchFollowsLinks(t *testing.T) {
	dir := t.TempDir()
	for i, name := range []string{"..1", "..2"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		install(t, filepath.Join(dir, name, "model.json"), artifacts()[i])
	}
	link := func(from, to string) {
		t.Helper()
		if err := os.Symlink(to, filepath.Join(dir, from)); err != nil {
			t.Fatal(err)
		}
	}
	link("..data", "..1")
	link("model.json", "..data/model.json")
	o := testOptions(t)
	o.Watch, o.Settle, o.ModelPath = true, 20*time.Millisecond, filepath.Join(dir, "model.json")
	log := eventLog{make(chan string, 1000)}
	s, err := New(o, slog.New(log))
	if err != nil {
		t.Fatal(err)
	}
	run(t, s)
	log.await(t, "listening")
	link("..data_tmp", "..2")
	if err := os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")); err != nil {
		t.Fatal(err)
	}
	log.await(t, "model loaded "+version(t, artifacts()[1]))
}

func TestModelFilesThatAreRefused(t *testing.T) {
	good := artifacts()[0]
	flipped := bytes.Clone(good)
	flipped[len(flipped)/2] ^= 1
	for name, make := range map[string]func(path string) error{
		"missing":     func(string) error { return nil },
		"empty":       func(path string) error { return os.WriteFile(path, nil, 0o600) },
		"cut off":     func(path string) error { return os.WriteFile(path, good[:len(good)-10], 0o600) },
		"bit flipped": func(path string) error { return os.WriteFile(path, flipped, 0o600) },
		"too large":   func(path string) error { return os.WriteFile(path, append(bytes.Clone(good), good...), 0o600) },
		"directory":   func(path string) error { return os.Mkdir(path, 0o700) },
		"pipe":        func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"device":      func(path string) error { return os.Symlink(os.DevNull, path) },
	} {
		o := testOptions(t)
		o.ModelPath, o.MaxModelBytes = filepath.Join(t.TempDir(), "m.json"), int64(len(good))
		if err := make(o.ModelPath); err != nil {
			t.Fatal(err)
		}
		if _, err := New(o, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), o.ModelPath) {
			t.Errorf("%s: error %v, want one that names the file", name, err)
		}
	}
}
