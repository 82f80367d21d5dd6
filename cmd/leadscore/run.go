package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// usageError is a wrong command line or configuration, found before any work.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// app is what every verb shares.
type app struct {
	stdin   io.Reader
	stdout  io.Writer
	stderr  io.Writer
	environ []string
	json    bool // print one JSON document instead of text
}

// run is the whole program: it returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, environ []string) int {
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr, environ: environ}
	root := a.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	if ctx.Err() != nil {
		fmt.Fprintln(stderr, "leadscore: interrupted; nothing half-written was left")
		return exitFailed
	}
	fmt.Fprintf(stderr, "leadscore: %v\n", err)
	var usage usageError
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailed
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:                        "leadscore",
		Short:                      "Predictive lead scoring: probability, value and reasons from your own lead history",
		SilenceErrors:              true,
		SilenceUsage:               true,
		SuggestionsMinimumDistance: 2,
		Args:                       noArguments,
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{plainFlagError(err)} })
	root.PersistentFlags().BoolVar(&a.json, "json", false, "print exactly one JSON document to stdout")
	root.AddCommand(
		a.generateCommand(), a.importCommand(), a.inspectCommand(), a.trainCommand(), a.evaluateCommand(), a.scoreCommand(), a.budgetCommand(), a.queueCommand(),
		a.explainCommand(), a.compareCommand(), a.serveCommand(), a.runCommand(), a.versionCommand(),
	)
	return root
}

// wrongValue is how a flag's value that could not be read is told.
var wrongValue = regexp.MustCompile(`^invalid argument (".*") for "(?:-., )?(--[a-z-]+)" flag: strconv\.Parse(Float|Int|Uint): .*$`)

// plainFlagError says what a flag's value should have been, without naming the parser.
func plainFlagError(err error) error {
	m := wrongValue.FindStringSubmatch(err.Error())
	switch {
	case m == nil:
		return err
	case m[3] != "Float":
		return fmt.Errorf("%s: %s is not a whole number", m[2], m[1])
	case strings.HasSuffix(m[1], `%"`):
		return fmt.Errorf("%s: %s is not a number (a share is written 0.25)", m[2], m[1])
	}
	return fmt.Errorf("%s: %s is not a number", m[2], m[1])
}

// noArguments refuses positional arguments, naming the first.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	text := fmt.Sprintf("%s: unexpected argument %q", cmd.CommandPath(), args[0])
	if cmd.HasSubCommands() {
		text = fmt.Sprintf("unknown verb %q; leadscore --help lists them", args[0])
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			text = fmt.Sprintf("unknown verb %q; did you mean %s?", args[0], strings.Join(near, " or "))
		}
	}
	return usageError{errors.New(text)}
}

// someArguments demands at least one positional argument.
func someArguments(what string, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usageError{fmt.Errorf("%s: which %s?", cmd.CommandPath(), what)}
		}
		if most > 0 && len(args) > most {
			return usageError{fmt.Errorf("%s: unexpected argument %q", cmd.CommandPath(), args[most])}
		}
		return nil
	}
}

// required refuses an empty flag.
func required(flag, value string) error {
	if value == "" {
		return usageError{fmt.Errorf("--%s is needed", flag)}
	}
	return nil
}

// print writes the document if --json was given, and otherwise calls text.
func (a *app) print(document any, text func(w io.Writer)) error {
	if !a.json {
		text(a.stdout)
		return nil
	}
	e := json.NewEncoder(a.stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(document)
}
