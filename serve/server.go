// Package serve turns HTTP requests into scores.
//
// A Server holds one model at a time behind an atomic pointer. A request takes that pointer once, so each
// answer, the whole of a batch included, comes from exactly one model; a new artifact takes the place of the
// old one between requests, and one that does not decode is refused while the old one answers on.
//
// The routes are described by openapi.yaml, which is embedded and served; a test holds the two together.
// Whatever goes wrong is answered as an RFC 9457 problem, mapped from the error in one place. No log line
// carries a body, a query, an address or anything else of a lead.
package serve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
)

// Server answers HTTP requests with the scores of a model. Make it with New; Run may be called once.
type Server struct {
	options  Options
	logger   *slog.Logger
	decode   func(io.Reader) (*active, error)
	active   atomic.Pointer[active]
	draining atomic.Bool
	planning chan struct{} // holds one element while a plan is solved: scores come first

	reloading sync.Mutex  // held while the artifact is read
	seen      os.FileInfo // of the artifact last read, whether it was taken or refused

	engine   *gin.Engine
	http     *http.Server
	listener net.Listener
}

// New loads the model and returns a server of it, which does not listen yet. It fails when an option is out
// of bounds or the model cannot be read.
func New(options Options, logger *slog.Logger) (*Server, error) {
	return newServer(options, logger, decodeModel)
}

func newServer(options Options, logger *slog.Logger, decode func(io.Reader) (*active, error)) (*Server, error) {
	if err := options.Validate(); err != nil {
		return nil, err
	}
	s := &Server{options: options, logger: logger, decode: decode, planning: make(chan struct{}, 1)}
	if err := s.Reload(); err != nil {
		return nil, err
	}
	s.engine = s.routes()
	s.http = &http.Server{
		Handler:           s.engine,
		ReadHeaderTimeout: options.ReadHeaderTimeout,
		ReadTimeout:       options.ReadTimeout,
		WriteTimeout:      options.WriteTimeout,
		IdleTimeout:       options.IdleTimeout,
		MaxHeaderBytes:    options.MaxHeaderBytes - headerSlop,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
	return s, nil
}

// quietGin keeps gin from printing its routes; the mode is gin's own process-wide setting.
var quietGin = sync.OnceFunc(func() { gin.SetMode(gin.ReleaseMode) })

func (s *Server) routes() *gin.Engine {
	quietGin()
	e := gin.New()
	_ = e.SetTrustedProxies(nil) // nil cannot fail to parse
	e.HandleMethodNotAllowed = true
	e.RedirectTrailingSlash = false
	e.Use(s.edge)
	e.NoRoute(func(c *gin.Context) { s.fail(c, &refusal{codeNotFound, "there is nothing at this path"}) })
	e.NoMethod(func(c *gin.Context) {
		s.fail(c, &refusal{codeMethod, "this path takes " + c.Writer.Header().Get("Allow")})
	})
	e.POST("/v1/score", s.score)
	e.POST("/v1/budget", s.plan)
	for path, handler := range map[string]gin.HandlerFunc{
		"/": s.home, "/v1/schema": s.inputs, "/v1/model": s.card, "/v1/tiers": s.tiers, "/livez": s.livez, "/readyz": s.readyz, "/openapi.yaml": s.openapi,
	} {
		e.GET(path, handler)
		e.HEAD(path, handler)
	}
	return e
}

// Handler returns the routes, for a server of one's own or a test.
func (s *Server) Handler() http.Handler { return s.engine }

// Listen takes the address, so that Addr is known before Run.
func (s *Server) Listen() error {
	if s.listener != nil {
		return nil
	}
	listener, err := net.Listen("tcp", s.options.Addr)
	if err != nil {
		return fmt.Errorf("serve: listen: %w", err)
	}
	s.listener = listener
	return nil
}

// Addr returns the address that the server listens on, "" before Listen.
func (s *Server) Addr() string {
	if s.listener == nil {
		return ""
	}
	return s.listener.Addr().String()
}

// Run listens, unless Listen did, and serves until ctx is done. It then reports itself not ready for
// DrainDelay, closes the listener and waits for the answers under way. It returns nil after an orderly end.
func (s *Server) Run(ctx context.Context) error {
	if err := s.Listen(); err != nil {
		return err
	}
	watching, stop := context.WithCancel(ctx)
	var watcher sync.WaitGroup
	if s.options.Watch {
		watcher.Go(func() { s.watch(watching) })
	}
	served := make(chan error, 1)
	go func() { served <- s.http.Serve(s.listener) }()
	s.logger.Info("listening", "addr", s.Addr())

	var err error
	select {
	case err = <-served:
	case <-ctx.Done():
		err = s.drain()
		<-served
	}
	stop()
	watcher.Wait()
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	s.logger.Info("stopped")
	return nil
}

// drain ends the service in order.
func (s *Server) drain() error {
	s.draining.Store(true)
	s.logger.Info("draining", "delay", s.options.DrainDelay.String())
	time.Sleep(s.options.DrainDelay)
	s.http.SetKeepAlivesEnabled(false)
	patience, cancel := context.WithTimeout(context.Background(), s.options.ShutdownTimeout)
	defer cancel()
	err := s.http.Shutdown(patience)
	if err != nil {
		err = fmt.Errorf("requests were cut off: %w", errors.Join(err, s.http.Close()))
	}
	return err
}
