package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/leadscore/leadscore/datasets"
	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
	"github.com/leadscore/leadscore/serve"
)

// runFlags are the flags of run.
type runFlags struct {
	addr string
	dir  string
	rows int
	once bool
}

func (a *app) runCommand() *cobra.Command {
	f := &runFlags{}
	cmd := &cobra.Command{
		Use:     "run",
		Short:   "The whole of it on sample data: generate, train, report, serve",
		Example: "  leadscore run --rows 100000 --dir leadscore-run --addr 127.0.0.1:8080",
		Args:    noArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.runSample(cmd, f) },
	}
	cmd.Flags().StringVar(&f.addr, "addr", serve.DefaultOptions().Addr, "host:port to listen on")
	cmd.Flags().StringVar(&f.dir, "dir", "leadscore-run", "folder for the sample leads, the model and the report")
	cmd.Flags().IntVar(&f.rows, "rows", datasets.DefaultSyntheticOptions().Rows, "sample leads to make")
	cmd.Flags().BoolVar(&f.once, "once", false, "stop after the server has answered one request")
	return cmd
}

// runOutput is what run prints with --json.
type runOutput struct {
	Sample *datasets.SyntheticReport `json:"sample"`
	Train  *trainOutput              `json:"train"`
	Addr   string                    `json:"addr"`
	Score  json.RawMessage           `json:"score"`
}

func (a *app) runSample(cmd *cobra.Command, f *runFlags) error {
	ctx := cmd.Context()
	say := func(format string, args ...any) {
		if !a.json {
			fmt.Fprintf(a.stdout, format, args...)
		}
	}
	in := func(name string) string { return filepath.Join(f.dir, name) }
	out := &runOutput{}
	var err error

	say("1. sample leads\n\n")
	o := datasets.DefaultSyntheticOptions()
	o.Rows = f.rows
	bar := a.newBar("making leads", f.rows)
	out.Sample, err = datasets.Generate(ctx, f.dir, o, bar.at)
	bar.done()
	if err != nil {
		return err
	}
	if !a.json {
		describeSample(a.stdout, f.dir, out.Sample)
	}

	say("\n2. train\n\n")
	t := &trainFlags{data: []string{in(datasets.LeadsFile)}, config: in(datasets.ConfigFile), out: in("model.json"), report: in("report.html")}
	input, err := t.open(cmd, a.environ)
	if err != nil {
		return err
	}
	defer input.dataset.Close()
	if out.Train, err = a.trainAndWrite(ctx, input, t, startWatch()); err != nil {
		return err
	}
	if !a.json {
		out.Train.text(a.stdout)
	}

	say("\nwhat leads may cost: leadscore budget --model %s --data %s --spend %s\n", in("model.json"), in(datasets.LeadsFile), in(datasets.SpendFile))

	say("\n3. serve\n\n")
	lead, err := sampleLead(ctx, t.out, t.data)
	if err != nil {
		return err
	}
	return a.serveSample(ctx, f, out, lead)
}

// sampleLead returns one of the leads as the body of a request.
func sampleLead(ctx context.Context, modelPath string, data []string) ([]byte, error) {
	m, err := loadModel(modelPath)
	if err != nil {
		return nil, err
	}
	var body []byte
	lead := m.Schema().NewLead()
	stop := fmt.Errorf("one lead is enough")
	err = eachLead(ctx, data[0], ',', m, false, func(l *features.Lead) error {
		lead = l
		body, err = leadJSON(m.Schema(), lead)
		if err != nil {
			return err
		}
		return stop
	})
	if body != nil {
		return body, nil
	}
	return nil, err
}

// leadJSON writes the features and the id of a lead as a request does.
func leadJSON(schema *features.Schema, lead *features.Lead) ([]byte, error) {
	values := map[string]any{}
	for i, f := range schema.Fields() {
		v := lead.Values[i]
		if !v.Present || !f.Role.Feature() && f.Role != features.RoleID {
			continue
		}
		switch {
		case f.Kind == features.Number:
			values[f.Name] = json.Number(f.Type.FormatNumber(v.Number))
		case f.Kind == features.Time:
			values[f.Name] = features.FormatTime(v.Time)
		case f.Type.Base == features.Bool:
			values[f.Name] = v.Text == "true"
		case f.Type.Numeric() && f.Role != features.RoleID:
			values[f.Name] = json.Number(v.Text)
		default:
			values[f.Name] = v.Text
		}
	}
	return json.MarshalIndent(values, "", "  ")
}

// serveSample serves the model and asks it for one score.
func (a *app) serveSample(ctx context.Context, f *runFlags, out *runOutput, lead []byte) error {
	o := serve.DefaultOptions()
	o.Addr, o.ModelPath, o.DrainDelay = f.addr, filepath.Join(f.dir, "model.json"), 0
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	asked := make(chan error, 1)
	err := a.serve(ctx, o, func(addr string) {
		out.Addr = addr
		go func() {
			answer, err := ask(ctx, addr, lead)
			out.Score = answer
			if err == nil && !a.json {
				err = a.showAnswer(addr, lead, answer)
			}
			asked <- err
			if err != nil || f.once {
				stop()
			}
		}()
	})
	if failed := <-asked; failed != nil {
		return failed
	}
	if err == nil && a.json {
		return a.print(out, nil)
	}
	return err
}

// ask posts a lead to the server.
func ask(ctx context.Context, addr string, lead []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addr+"/v1/score?explain=5", bytes.NewReader(lead))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("POST /v1/score: %s: %s", response.Status, answer)
	}
	return answer, err
}

// showAnswer prints a request that a person can repeat, and what came back.
func (a *app) showAnswer(addr string, lead, answer []byte) error {
	var compact bytes.Buffer
	if err := json.Compact(&compact, lead); err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "\ncurl -s http://%s/v1/score -H 'Content-Type: application/json' -d '%s'\n\n", addr, compact.Bytes())
	var score model.Score
	if err := json.Unmarshal(answer, &score); err != nil {
		return fmt.Errorf("POST /v1/score: %w", err)
	}
	describeScore(a.stdout, &score)
	fmt.Fprintf(a.stdout, "\nthe server goes on answering; stop it with Ctrl-C\n")
	return nil
}
