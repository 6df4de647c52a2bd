package tocos_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"

	tocos "github.com/tocos/tocos/clients/go"
)

// service is a real service on a new ledger.
type service struct {
	t       *testing.T
	folder  string
	options []string
	process *exec.Cmd
	listen  string
	url     string
	apiKey  string
}

func start(t *testing.T, options ...string) *service {
	t.Helper()
	s := &service{t: t, folder: t.TempDir(), options: options, listen: "127.0.0.1:0"}
	s.run()
	t.Cleanup(func() { s.end(syscall.SIGTERM) })
	key, err := s.client().CreateKey(t.Context(), tocos.KeyRequest{Name: "tests", Right: "admin"})
	if err != nil {
		t.Fatal(err)
	}
	s.apiKey = key.Secret
	return s
}

var address = regexp.MustCompile(`(?m)^api (.*)$`)

func (s *service) run() {
	s.t.Helper()
	binary := os.Getenv("TOCOS_BINARY")
	if binary == "" {
		s.t.Fatal("TOCOS_BINARY names no binary; scripts/test-client-go.sh sets it")
	}
	file := filepath.Join(s.folder, "addresses")
	_ = os.Remove(file)
	arguments := append([]string{"serve", "--listen", s.listen, "--internal-listen", "127.0.0.1:0", "--log-level", "error",
		"--data-dir", filepath.Join(s.folder, "data"), "--address-file", file}, s.options...)
	s.process = exec.Command(binary, arguments...)
	s.process.Stderr = os.Stderr
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
	for range 400 {
		text, _ := os.ReadFile(file)
		if found := address.FindSubmatch(text); found != nil {
			s.url = string(found[1])
			parsed, _ := url.Parse(s.url)
			s.listen = parsed.Host
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	s.t.Fatal("the service does not listen")
}

// end ends the service; run starts it again at the same address.
func (s *service) end(signal syscall.Signal) {
	_ = s.process.Process.Signal(signal)
	_ = s.process.Wait()
}

func (s *service) client(options ...tocos.Option) *tocos.Client {
	return clientOf(s.t, s.url, append([]tocos.Option{tocos.WithAPIKey(s.apiKey)}, options...)...)
}

func clientOf(t *testing.T, address string, options ...tocos.Option) *tocos.Client {
	t.Helper()
	client, err := tocos.New(address, options...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// fault is what a bad network does to a request.
type fault string

const (
	pass fault = "pass"
	// The request does not reach the service.
	lost fault = "lost"
	// The service does the work, and nothing, or half of its response, arrives.
	cut  fault = "cut"
	half fault = "half"
	// The response comes too late.
	slow fault = "slow"
	// The work is done, and the client is told that it is not.
	is502 fault = "502"
	is503 fault = "503"
	is429 fault = "429"
	// 503 with Retry-After, and nothing is done.
	refused fault = "refused"
)

type seen struct {
	key   string
	body  string
	path  string
	at    time.Time
	fault fault
}

// proxy is a bad network between the client and the service.
type proxy struct {
	*httptest.Server
	mutex sync.Mutex
	seen  []seen
	next  func() fault
}

func newProxy(t *testing.T, target string) *proxy {
	p := &proxy{}
	p.script()
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.serve(w, r, target) }))
	t.Cleanup(p.Close)
	return p
}

// script sets the faults of the next requests; after them everything passes.
func (p *proxy) script(faults ...fault) {
	p.faults(func() fault {
		if len(faults) == 0 {
			return pass
		}
		first := faults[0]
		faults = faults[1:]
		return first
	})
}

func (p *proxy) faults(next func() fault) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.seen, p.next = nil, next
}

func (p *proxy) requests() []seen {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return append([]seen(nil), p.seen...)
}

func (p *proxy) serve(w http.ResponseWriter, r *http.Request, target string) {
	body, _ := io.ReadAll(r.Body)
	p.mutex.Lock()
	what := p.next()
	p.seen = append(p.seen, seen{r.Header.Get("Idempotency-Key"), string(body), r.URL.Path, time.Now(), what})
	p.mutex.Unlock()
	switch what {
	case lost:
		panic(http.ErrAbortHandler)
	case refused:
		w.Header().Set("Retry-After", "1")
		http.Error(w, "busy", http.StatusServiceUnavailable)
		return
	}
	// Not the request's context: the service does the work although the client has gone away.
	forward, err := http.NewRequestWithContext(context.Background(), r.Method, target+r.RequestURI, bytes.NewReader(body))
	if err != nil {
		panic(err)
	}
	forward.Header = r.Header.Clone()
	answer, err := http.DefaultTransport.RoundTrip(forward)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	switch what {
	case cut:
		panic(http.ErrAbortHandler)
	case is502, is503, is429:
		var status int
		fmt.Sscan(string(what), &status)
		http.Error(w, "no", status)
		return
	case slow:
		time.Sleep(400 * time.Millisecond)
	}
	for name, values := range answer.Header {
		w.Header()[name] = values
	}
	if what == half {
		connection, buffer, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(buffer, "HTTP/1.1 %d OK\r\nContent-Length: %d\r\n\r\n%s", answer.StatusCode, len(text), text[:len(text)/2])
		_ = buffer.Flush()
		_ = connection.(*net.TCPConn).SetLinger(0)
		_ = connection.Close()
		return
	}
	w.WriteHeader(answer.StatusCode)
	_, _ = w.Write(text)
}
