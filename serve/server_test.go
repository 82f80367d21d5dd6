package serve

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// dial opens a connection that ends with the test.
func dial(t *testing.T, url string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// receive reads an answer from a connection.
func receive(t *testing.T, conn net.Conn) answer {
	t.Helper()
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.Close {
		response.Header.Set("Connection", "close")
	}
	return answer{response.StatusCode, response.Header, text}
}

// post sends a request with a true client.
func post(t *testing.T, url, text string) answer {
	t.Helper()
	response, err := http.Post(url+"/v1/score", "application/json", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, got}
}

const head = "POST /v1/score HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"

func TestConnections(t *testing.T) {
	url := run(t, testServer(t, nil))
	t.Run("a lead", func(t *testing.T) {
		if a := post(t, url, goodLead); a.status != 200 {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
	t.Run("row 05: an announced body that is too large is not waited for", func(t *testing.T) {
		conn := dial(t, url)
		fmt.Fprintf(conn, "%sExpect: 100-continue\r\nContent-Length: 1000000000\r\n\r\n", head)
		a := receive(t, conn)
		checkAgainstSpec(t, "POST", "/v1/score", a)
		if a.status != 413 || a.header.Get("Connection") != "close" {
			t.Errorf("%d %v %s", a.status, a.header, a.body)
		}
	})
	t.Run("row 05: an endless chunked body is cut", func(t *testing.T) {
		conn := dial(t, url)
		fmt.Fprintf(conn, "%sTransfer-Encoding: chunked\r\n\r\n", head)
		chunk := fmt.Sprintf("%x\r\n%s\r\n", 32<<10, strings.Repeat(" ", 32<<10))
		sent := 0
		for ; sent < 1<<30; sent += 32 << 10 { // until the server has closed
			if _, err := io.WriteString(conn, chunk); err != nil {
				break
			}
		}
		if sent > 32<<20 {
			t.Errorf("the server took %d bytes", sent)
		}
	})
	t.Run("row 05: a client that sends it all reads the answer", func(t *testing.T) {
		a := post(t, url, `{"x":"`+strings.Repeat("a", 200<<10)+`"}`)
		if a.status != 413 || a.problem(t).Code != "body_too_large" {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
	t.Run("row 05: one that sends much before it reads does too, whatever it is refused for", func(t *testing.T) {
		batch := `{"leads":[{"x":"` + strings.Repeat("a", 10<<20) + `"}]}`
		for code, start := range map[string]string{
			"body_too_large": head, "media_type": strings.Replace(head, "json", "xml", 1), "parameter": strings.Replace(head, "score", "score?x=1", 1),
			"not_found": strings.Replace(head, "score", "scores", 1),
		} {
			conn := dial(t, url)
			if _, err := fmt.Fprintf(conn, "%sContent-Length: %d\r\n\r\n%s", start, len(batch), batch); err != nil {
				t.Fatal(code, err)
			}
			a := receive(t, conn)
			checkAgainstSpec(t, "POST", "/v1/score", a)
			if a.problem(t).Code != code {
				t.Errorf("%s: %d %s", code, a.status, a.body)
			}
		}
	})
	t.Run("row 32: half-closed body", func(t *testing.T) {
		conn := dial(t, url)
		fmt.Fprintf(conn, "%sContent-Length: 100\r\n\r\n{", head)
		conn.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, conn) // whatever it says, it ends
	})
	t.Run("row 33: 20 KB of headers", func(t *testing.T) {
		conn := dial(t, url)
		fmt.Fprintf(conn, "%sX-Long: %s\r\n\r\n", head, strings.Repeat("x", 20<<10))
		if a := receive(t, conn); a.status != 431 {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
	t.Run("row 34: two lengths", func(t *testing.T) {
		for _, framing := range []string{"Content-Length: 2\r\nContent-Length: 3\r\n", "Content-Length: x\r\n", "Transfer-Encoding: gzip\r\n", "Bad Name: 1\r\n"} {
			conn := dial(t, url)
			fmt.Fprintf(conn, "%s%s\r\n{}", head, framing)
			if a := receive(t, conn); a.status != 400 && a.status != 501 {
				t.Errorf("%q: %d", framing, a.status)
			}
		}
	})
	t.Run("row 36: a forwarded address is not believed", func(t *testing.T) {
		conn := dial(t, url)
		fmt.Fprintf(conn, "%sX-Forwarded-For: 1.2.3.4\r\nContent-Length: 2\r\n\r\n{}", head)
		if a := receive(t, conn); a.status != 200 {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
	t.Run("the server is as it was", func(t *testing.T) {
		if a := post(t, url, goodLead); a.status != 200 {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
}

func TestSlowConnections(t *testing.T) {
	url := run(t, testServer(t, func(o *Options) { o.ReadHeaderTimeout, o.ReadTimeout = time.Second, 1500*time.Millisecond }))
	t.Run("row 32", func(t *testing.T) {
		t.Run("slow headers", func(t *testing.T) {
			t.Parallel()
			conn := dial(t, url)
			io.WriteString(conn, "POST /v1/score HTTP/1.1\r\nHost:")
			if _, err := io.ReadAll(conn); err != nil {
				t.Errorf("want the connection closed, got %v", err)
			}
		})
		t.Run("slow body", func(t *testing.T) {
			t.Parallel()
			conn := dial(t, url)
			fmt.Fprintf(conn, "%sContent-Length: 100\r\n\r\n{", head)
			a := receive(t, conn)
			checkAgainstSpec(t, "POST", "/v1/score", a)
			if a.status != 408 || a.problem(t).Code != "body_timeout" {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
		t.Run("others are not held up", func(t *testing.T) {
			t.Parallel()
			if a := post(t, url, goodLead); a.status != 200 {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	})
}

// TestShutdownFinishesAnswers ends the server while a request is under way.
func TestShutdownFinishesAnswers(t *testing.T) {
	log := eventLog{make(chan string, 1000)}
	s, err := New(testOptions(t), slog.New(log))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	log.await(t, "listening")

	conn := dial(t, "http://"+s.Addr())
	fmt.Fprintf(conn, "%sContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", head, len(goodLead))
	under := make([]byte, len("HTTP/1.1 100 Continue\r\n\r\n")) // the handler is reading the body now
	if _, err := io.ReadFull(conn, under); err != nil || !bytes.Contains(under, []byte("100 Continue")) {
		t.Fatalf("%q %v", under, err)
	}
	cancel()
	log.await(t, "draining")
	io.WriteString(conn, goodLead)
	if a := receive(t, conn); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", s.Addr()); err == nil {
		t.Error("the server listens on")
	}
}

// TestShutdownCutsOff ends the server while a request hangs.
func TestShutdownCutsOff(t *testing.T) {
	s := testServer(t, func(o *Options) { o.ShutdownTimeout = 50 * time.Millisecond })
	if err := s.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	conn := dial(t, "http://"+s.Addr())
	fmt.Fprintf(conn, "%sContent-Length: 100\r\nExpect: 100-continue\r\n\r\n", head)
	if _, err := io.ReadFull(conn, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "cut off") {
		t.Errorf("error %v, want one that says so", err)
	}
}

func TestRunNeedsItsAddress(t *testing.T) {
	first := testServer(t, nil)
	run(t, first)
	second := testServer(t, func(o *Options) { o.Addr = first.Addr() })
	if err := second.Run(context.Background()); err == nil || !strings.HasPrefix(err.Error(), "serve: listen: ") {
		t.Errorf("error %v", err)
	}
}

// TestScoringStopsForTheClock holds that a batch whose time is up, or whose client is gone, is given up.
func TestScoringStopsForTheClock(t *testing.T) {
	s := testServer(t, func(o *Options) { o.ScoreTimeout = time.Nanosecond })
	a := send(t, s.Handler(), body(`{"leads":[{}]}`))
	if a.status != 503 || a.problem(t).Code != "deadline" || a.header.Get("Retry-After") == "" {
		t.Errorf("%d %s", a.status, a.body)
	}
	var log bytes.Buffer
	s, err := New(testOptions(t), slog.New(slog.NewJSONHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	w := &countingWriter{header: http.Header{}}
	s.Handler().ServeHTTP(w, body(`{"leads":[{}]}`).request().WithContext(ctx))
	if w.written > 0 || !strings.Contains(log.String(), `"status":499`) || strings.Contains(log.String(), "ERROR") {
		t.Errorf("%d bytes written, log %s", w.written, log.String())
	}
}

type countingWriter struct {
	header  http.Header
	written int
}

func (w *countingWriter) Header() http.Header         { return w.header }
func (w *countingWriter) WriteHeader(int)             {}
func (w *countingWriter) Write(b []byte) (int, error) { w.written += len(b); return len(b), nil }

func TestOptionsValidate(t *testing.T) {
	o := DefaultOptions()
	o.ModelPath = "model.json"
	if err := o.Validate(); err != nil {
		t.Error(err)
	}
	o.Addr, o.MaxLeads, o.ReadTimeout, o.DrainDelay = "", 0, 0, -1
	err := o.Validate()
	for _, name := range []string{"Addr", "MaxLeads", "ReadTimeout", "DrainDelay"} {
		if err == nil || !strings.Contains(err.Error(), "serve: "+name+": ") {
			t.Errorf("%v does not name %s", err, name)
		}
	}
	if _, err := New(o, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("New took bad options")
	}
}
