package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is the program's version; a release sets it when linking.
var version = "0.1.0-dev"

// tool names the program in artifacts.
func tool() string { return "leadscore " + version }

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  leadscore version",
		Args:    noArguments,
		RunE: func(*cobra.Command, []string) error {
			document := struct {
				Version  string `json:"version"`
				Go       string `json:"go"`
				Platform string `json:"platform"`
				Revision string `json:"revision,omitempty"`
			}{version, runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH, revision()}
			return a.print(document, func(w io.Writer) {
				fmt.Fprintf(w, "leadscore %s (%s, %s)\n", document.Version, document.Go, document.Platform)
			})
		},
	}
}

// revision is the commit that the program was built from, if known.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return ""
}
