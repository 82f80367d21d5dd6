package main

import (
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// bar shows how far a long job is, on a terminal; elsewhere it is silent.
type bar struct{ shown *progressbar.ProgressBar }

// newBar starts a bar for a job of total steps.
func (a *app) newBar(what string, total int) *bar {
	if !isTerminal(a.stderr) {
		return &bar{}
	}
	return &bar{progressbar.NewOptions(total,
		progressbar.OptionSetWriter(a.stderr), progressbar.OptionSetDescription(what), progressbar.OptionShowCount(),
		progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(),
		progressbar.OptionFullWidth())}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// at moves the bar to a step.
func (b *bar) at(step int) {
	if b.shown != nil {
		_ = b.shown.Set(step)
	}
}

// describe changes what the bar says.
func (b *bar) describe(what string) {
	if b.shown != nil {
		b.shown.Describe(what)
	}
}

// done removes the bar.
func (b *bar) done() {
	if b.shown != nil {
		_ = b.shown.Finish()
	}
}
