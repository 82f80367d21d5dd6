package serve

import (
	"errors"
	"fmt"
	"time"
)

// Options says how to serve. Start from DefaultOptions.
type Options struct {
	Addr      string // host:port to listen on; port 0 takes a free one
	ModelPath string // the artifact that answers

	Watch         bool          // load the artifact again when its file is replaced or rewritten
	Settle        time.Duration // how long the file must be left alone before it is read again
	MaxModelBytes int64

	MaxBody        int64 // bytes of a request with one lead
	MaxBatchBody   int64 // bytes of a request with a batch
	MaxLeads       int   // of a batch
	MaxPlanBody    int64 // bytes of a request with a plan
	MaxHeaderBytes int   // request line and headers
	MaxHeaders     int

	ReadHeaderTimeout time.Duration
	ReadTimeout       time.Duration // of the whole request
	WriteTimeout      time.Duration
	IdleTimeout       time.Duration // of a connection between requests
	ScoreTimeout      time.Duration // of scoring one batch
	PlanTimeout       time.Duration // of solving one plan, the wait for its turn included

	DrainDelay      time.Duration // how long to answer on, no longer ready, before the listener closes
	ShutdownTimeout time.Duration // how long to wait for answers under way after that
}

// headerSlop is what net/http reads beyond its limit before it refuses a header.
const headerSlop = 4 << 10

// DefaultOptions are the options of a server with nothing configured. It listens on the loopback interface
// only: there is no authentication in front of it.
func DefaultOptions() Options {
	return Options{
		Addr:  "127.0.0.1:8080",
		Watch: true, Settle: 200 * time.Millisecond, MaxModelBytes: 256 << 20,
		MaxBody: 64 << 10, MaxBatchBody: 4 << 20, MaxLeads: 1000, MaxPlanBody: 256 << 10, MaxHeaderBytes: 16 << 10, MaxHeaders: 100,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 15 * time.Second,
		IdleTimeout: 75 * time.Second, ScoreTimeout: 5 * time.Second, PlanTimeout: 10 * time.Second,
		DrainDelay: 5 * time.Second, ShutdownTimeout: 20 * time.Second,
	}
}

// Validate lists every option that is out of bounds.
func (o Options) Validate() error {
	var problems []error
	check := func(ok bool, name string, value any, want string) {
		if !ok {
			problems = append(problems, fmt.Errorf("serve: %s: %v: want %s", name, value, want))
		}
	}
	check(o.Addr != "", "Addr", `""`, "host:port")
	check(o.ModelPath != "", "ModelPath", `""`, "the path of a model")
	check(o.MaxModelBytes > 0, "MaxModelBytes", o.MaxModelBytes, "at least 1")
	check(o.MaxBody > 0, "MaxBody", o.MaxBody, "at least 1")
	check(o.MaxBatchBody >= o.MaxBody, "MaxBatchBody", o.MaxBatchBody, "at least MaxBody")
	check(o.MaxLeads > 0, "MaxLeads", o.MaxLeads, "at least 1")
	check(o.MaxPlanBody > 0, "MaxPlanBody", o.MaxPlanBody, "at least 1")
	check(o.MaxHeaderBytes > headerSlop, "MaxHeaderBytes", o.MaxHeaderBytes, fmt.Sprintf("more than %d", headerSlop))
	check(o.MaxHeaders > 0, "MaxHeaders", o.MaxHeaders, "at least 1")
	for _, d := range []struct {
		name     string
		value    time.Duration
		positive bool
	}{
		{"ReadHeaderTimeout", o.ReadHeaderTimeout, true}, {"ReadTimeout", o.ReadTimeout, true}, {"WriteTimeout", o.WriteTimeout, true},
		{"IdleTimeout", o.IdleTimeout, true}, {"ScoreTimeout", o.ScoreTimeout, true}, {"PlanTimeout", o.PlanTimeout, true}, {"ShutdownTimeout", o.ShutdownTimeout, true},
		{"Settle", o.Settle, false}, {"DrainDelay", o.DrainDelay, false},
	} {
		check(d.value > 0 || !d.positive && d.value == 0, d.name, d.value, "a positive duration")
	}
	return errors.Join(problems...)
}
