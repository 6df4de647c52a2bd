package tocos

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// Client is a client of one ledger. It is safe for use by several goroutines at once.
type Client struct {
	base           string
	apiKey         string
	http           *http.Client
	timeout        time.Duration
	attemptTimeout time.Duration
	maxRetries     int
	backoffBase    time.Duration
	backoffMax     time.Duration
	readYourWrites bool
	onAttempt      func(Attempt)
	lastEvent      atomic.Int64
}

// Option sets something of a Client.
type Option func(*Client)

// WithAPIKey sends an API key, tocos_..., with each request.
func WithAPIKey(key string) Option { return func(c *Client) { c.apiKey = key } }

// WithHTTPClient replaces http.DefaultClient. Redirects are not followed.
func WithHTTPClient(client *http.Client) Option { return func(c *Client) { c.http = client } }

// WithTimeout bounds each call with all its retries. Default: 30 s; 0 means that only the context bounds it.
func WithTimeout(timeout time.Duration) Option { return func(c *Client) { c.timeout = timeout } }

// WithAttemptTimeout says how long to wait for one response before the request is sent again. Default: 10 s.
func WithAttemptTimeout(timeout time.Duration) Option {
	return func(c *Client) { c.attemptTimeout = timeout }
}

// WithMaxRetries bounds how often a request is sent again. Default: as often as the time allows.
func WithMaxRetries(retries int) Option { return func(c *Client) { c.maxRetries = retries } }

// WithBackoff sets the pauses: the one before the nth retry is random, from 0 to base * 2^(n-1), and most at most. Default: 100 ms and 5 s.
func WithBackoff(base, most time.Duration) Option {
	return func(c *Client) { c.backoffBase, c.backoffMax = base, most }
}

// WithReadYourWrites makes each read wait until its node has the last event that this client knows of. It matters in a group of nodes.
func WithReadYourWrites() Option { return func(c *Client) { c.readYourWrites = true } }

// WithOnAttempt calls a function after each request that was sent, for logs and metrics.
func WithOnAttempt(tell func(Attempt)) Option { return func(c *Client) { c.onAttempt = tell } }

// New makes a client of the service at an address such as https://ledger.example.com.
func New(address string, options ...Option) (*Client, error) {
	parsed, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("tocos: %w", err)
	}
	if parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Host == "" {
		return nil, fmt.Errorf("tocos: %q is not an address of HTTP", address)
	}
	if parsed.RawQuery != "" || parsed.Fragment != "" || parsed.User != nil {
		return nil, errors.New("tocos: the address has a query, a fragment or a user; only that of the service was expected")
	}
	client := &Client{
		base:           strings.TrimRight(address, "/"),
		http:           http.DefaultClient,
		timeout:        30 * time.Second,
		attemptTimeout: 10 * time.Second,
		maxRetries:     -1,
		backoffBase:    100 * time.Millisecond,
		backoffMax:     5 * time.Second,
	}
	for _, option := range options {
		option(client)
	}
	// An API key must not follow a redirect to another place.
	own := *client.http
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	client.http = &own
	return client, nil
}

// LastEvent is the last event that a response to this client was as of, for a MinEvent elsewhere.
func (c *Client) LastEvent() int64 { return c.lastEvent.Load() }

// CallOption sets something of one call.
type CallOption func(*call)

// IdempotencyKey names a write permanently: however often it is sent, it is applied once. Give one of your own, such as the number of
// an order, to be safe also when your process ends amid the call.
func IdempotencyKey(key string) CallOption { return func(c *call) { c.key = key } }

// DryRun gets the response that a write would get, and applies nothing.
func DryRun() CallOption { return func(c *call) { c.dryRun = true } }

// MinEvent makes a read wait until the service has this event.
func MinEvent(event int64) CallOption { return func(c *call) { c.minEvent = event } }

// FromLeader asks the leader of a group of nodes.
func FromLeader() CallOption { return func(c *call) { c.leader = true } }

// Timeout bounds this call with all its retries, as WithTimeout does for all.
func Timeout(timeout time.Duration) CallOption {
	return func(c *call) { c.timeout = &timeout }
}

// AttemptTimeout bounds one attempt of this call, as WithAttemptTimeout does for all.
func AttemptTimeout(timeout time.Duration) CallOption {
	return func(c *call) { c.attemptTimeout = &timeout }
}

// Ptr makes a pointer, for fields that may be left out.
func Ptr[T any](value T) *T { return &value }
