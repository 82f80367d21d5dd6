package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"

	"github.com/spf13/cobra"

	"github.com/leadscore/leadscore/serve"
)

func (a *app) serveCommand() *cobra.Command {
	o := serve.DefaultOptions()
	o.ModelPath = "model.json"
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Answer scores over HTTP",
		Long: `Serves POST /v1/score and /v1/budget, GET /v1/tiers, /v1/model, /v1/schema, /livez, /readyz and /openapi.yaml,
and for people a page at / with the model, its tiers and a form. The model is read again when its file is replaced,
and on SIGHUP; a file that does not check out is refused and the model in use goes on answering.`,
		Example: `  leadscore serve --model model.json --addr 127.0.0.1:8080
  curl -s localhost:8080/v1/score -H 'Content-Type: application/json' -d '{"source":"referral"}'
  curl -s 'localhost:8080/v1/score?explain=all' -H 'Content-Type: application/json' -d '{"leads":[{"source":"referral"}]}'
  curl -s localhost:8080/v1/tiers`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.Validate(); err != nil {
				return usageError{err}
			}
			return a.serve(cmd.Context(), o, nil)
		},
	}
	cmd.Flags().StringVar(&o.Addr, "addr", o.Addr, "host:port to listen on")
	cmd.Flags().StringVar(&o.ModelPath, "model", o.ModelPath, "the model that answers")
	cmd.Flags().DurationVar(&o.DrainDelay, "drain-delay", 0, "how long to answer on, no longer ready, after a signal to stop")
	return cmd
}

// serve listens and answers until ctx is done. ready, if not nil, is called once the server listens.
func (a *app) serve(ctx context.Context, o serve.Options, ready func(addr string)) error {
	s, err := serve.New(o, slog.New(slog.NewJSONHandler(a.stderr, nil)))
	if err != nil {
		return err
	}
	if err := s.Listen(); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if hangup != nil {
		again := make(chan os.Signal, 1)
		signal.Notify(again, hangup)
		defer signal.Stop(again)
		go reloadOn(ctx, again, s)
	}
	if !a.json {
		fmt.Fprintf(a.stdout, "serving %s on http://%s\n", o.ModelPath, s.Addr())
	}
	if ready != nil {
		ready(s.Addr())
	}
	return s.Run(ctx)
}

// reloadOn reads the model again at each signal. The server logs what comes of it.
func reloadOn(ctx context.Context, again <-chan os.Signal, s *serve.Server) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-again:
			_ = s.Reload()
		}
	}
}
