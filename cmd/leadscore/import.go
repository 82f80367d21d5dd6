package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/datasets"
	"github.com/leadscore/leadscore/features"
)

func (a *app) importCommand() *cobra.Command {
	var out, separator, layout string
	var null, types []string
	cmd := &cobra.Command{
		Use:   "import FILE.csv",
		Short: "Turn a CSV file into Parquet; the inferred types are shown",
		Long: `Reads a CSV file twice, infers the type of each column from all of its cells, and writes Parquet. Nothing is guessed
silently: the separator is given, the types are shown, and a bad cell is an error with line and column.`,
		Example: `  leadscore import leads.csv --out leads.parquet
  leadscore import bank-additional-full.csv --separator ';' --out bank.parquet
  leadscore import crm.csv --null '#VALUE!' --null n/a --time-layout '02-01-2006 15:04' --type zip=string`,
		Args: someArguments("CSV file", 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o := datasets.DefaultImportOptions()
			var err error
			if o.Separator, err = datasets.ParseSeparator(separator); err != nil {
				return usageError{err}
			}
			if o.Types, err = parseTypes(types); err != nil {
				return usageError{err}
			}
			o.Null, o.TimeLayout = null, layout
			if out == "" {
				out = strings.TrimSuffix(args[0], filepath.Ext(args[0])) + endingParquet
			}
			bar := a.newBar("importing", 100)
			o.Progress = func(done, total int64) { bar.at(int(100 * done / max(total, 1))) }
			report, err := datasets.ImportCSV(cmd.Context(), args[0], out, o)
			bar.done()
			if err != nil {
				return err
			}
			document := struct {
				*datasets.ImportReport
				Out string `json:"out"`
			}{report, out}
			return a.print(document, func(w io.Writer) { describeImport(w, report, out) })
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "where to write (default: the file's name with .parquet)")
	cmd.Flags().StringVar(&separator, "separator", ",", "what separates the values: one character, or tab")
	cmd.Flags().StringArrayVar(&null, "null", nil, "a text that means missing, besides the empty one (repeatable)")
	cmd.Flags().StringVar(&layout, "time-layout", "", "how times are written, in Go's reference form, such as '02-01-2006 15:04' (default: ISO 8601)")
	cmd.Flags().StringArrayVar(&types, "type", nil, "COLUMN=TYPE for a column whose type is not to be inferred (repeatable)")
	return cmd
}

// parseTypes reads COLUMN=TYPE.
func parseTypes(specs []string) (map[string]features.Type, error) {
	types := map[string]features.Type{}
	for _, spec := range specs {
		cut := strings.LastIndexByte(spec, '=')
		if cut <= 0 {
			return nil, fmt.Errorf("--type: %q is not COLUMN=TYPE", spec)
		}
		var t features.Type
		if err := t.UnmarshalText([]byte(spec[cut+1:])); err != nil {
			return nil, fmt.Errorf("--type: %q: %w", spec, err)
		}
		types[spec[:cut]] = t
	}
	return types, nil
}

func describeImport(w io.Writer, r *datasets.ImportReport, out string) {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "column\ttype\tmissing\tdistinct\texample")
	for _, c := range r.Columns {
		distinct := fmt.Sprint(c.Distinct)
		if c.Distinct >= datasets.MaxDistinct {
			distinct += " or more"
		}
		fmt.Fprintf(t, "%s\t%v\t%d\t%s\t%s\n", c.Column, c.Type, c.Missing, distinct, c.Example)
	}
	_ = t.Flush()
	for _, n := range r.Notes {
		fmt.Fprintf(w, "note: %s\n", n)
	}
	fmt.Fprintf(w, "\n%s rows written to %s\n", budget.Count(r.Rows), out)
}
