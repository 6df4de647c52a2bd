package tocos

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	random "math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"syscall"
	"time"
)

type kind int

const (
	read kind = iota
	// A write with an idempotency key.
	write
	// A write without one: it is sent again only if it is certain that it was not applied.
	once
)

type call struct {
	method         string
	path           string
	query          url.Values
	body           any
	kind           kind
	key            string
	dryRun         bool
	minEvent       int64
	leader         bool
	timeout        *time.Duration
	attemptTimeout *time.Duration
	unbounded      bool
}

// Attempt is one request that was sent, and what became of it.
type Attempt struct {
	Method   string
	Path     string
	Number   int
	Duration time.Duration
	// Status is 0 if no response came.
	Status         int
	RequestID      string
	Event          int64
	Replayed       bool
	IdempotencyKey string
	Err            error
	// RetryIn is the time until the request is sent again, and negative if it is not.
	RetryIn time.Duration
}

// outcome is what came of one attempt.
type outcome struct {
	err error
	// Whether it may be sent again, and whether it may have changed the ledger.
	retry      bool
	unknown    bool
	retryAfter time.Duration
	status     int
	header     http.Header
}

// After these a write may have been applied. docs/api.md says so of each.
var unknownCodes = map[Code]bool{StorageUnavailable: true, ShuttingDown: true, OutcomeUnknown: true, InternalError: true}

func isRetryable(status int) bool {
	return status == 408 || status == 429 || status == 502 || status == 503 || status == 504
}

var errCut = errors.New("the response was cut off")

// do makes a call, and reads its response into a new T.
func do[T any](ctx context.Context, c *Client, request call, options []CallOption) (*T, error) {
	for _, option := range options {
		option(&request)
	}
	value := new(T)
	if err := c.send(ctx, &request, value); err != nil {
		return nil, err
	}
	return value, nil
}

func (c *Client) send(ctx context.Context, request *call, into any) error {
	failure := &CallError{Method: request.method, Path: request.path}
	fail := func(err error) error {
		failure.Err = err
		return failure
	}
	if err := c.prepare(request); err != nil {
		return fail(err)
	}
	failure.IdempotencyKey = request.key
	var body []byte
	if request.body != nil {
		var err error
		// The same bytes each time.
		if body, err = json.Marshal(request.body); err != nil {
			return fail(err)
		}
	}
	timeout := c.timeout
	if request.timeout != nil {
		timeout = *request.timeout
	}
	if timeout > 0 && !request.unbounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	var before error
	for number := 1; ; number++ {
		if err := ctx.Err(); err != nil && number == 1 {
			return fail(err)
		}
		started := time.Now()
		outcome := c.attempt(ctx, request, body, into)
		failure.Attempts = number
		failure.MayHaveBeenApplied = failure.MayHaveBeenApplied && !settles(outcome.err) || outcome.unknown
		pause := c.pause(number, outcome.retryAfter)
		again := outcome.err != nil && outcome.retry && (c.maxRetries < 0 || number <= c.maxRetries) && ctx.Err() == nil
		if deadline, has := ctx.Deadline(); has && time.Now().Add(pause).After(deadline) {
			again = false
		}
		c.tell(request, number, started, outcome, again, pause)
		if outcome.err == nil {
			return nil
		}
		if !again {
			// An attempt that the deadline cut short says less than the one before.
			if errors.Is(ctx.Err(), context.DeadlineExceeded) && errors.Is(outcome.err, context.DeadlineExceeded) && before != nil {
				return fail(fmt.Errorf("%w; before that: %w", outcome.err, before))
			}
			return fail(outcome.err)
		}
		before = outcome.err
		select {
		case <-ctx.Done():
			return fail(errors.Join(ctx.Err(), before))
		case <-time.After(pause):
		}
	}
}

func (c *Client) prepare(request *call) error {
	if request.dryRun && request.kind != read {
		if request.query == nil {
			request.query = url.Values{}
		}
		request.query.Set("dry_run", "true")
	}
	if request.kind != write {
		request.key = ""
	} else if request.key == "" && !request.dryRun {
		var bits [16]byte
		if _, err := rand.Read(bits[:]); err != nil {
			return err
		}
		request.key = hex.EncodeToString(bits[:])
	}
	// HTTP drops spaces at the ends, so that two keys would become one.
	if len(request.key) > 255 || strings.Trim(request.key, " ") != request.key || strings.ContainsFunc(request.key, func(r rune) bool { return r < ' ' || r > '~' }) {
		return errors.New("the idempotency key has to have 1 to 255 printable ASCII characters without spaces at the ends")
	}
	for _, part := range strings.Split(request.path, "/")[1:] {
		if part == "" || part == "." || part == ".." {
			return fmt.Errorf("%q is not valid as a part of a path", part)
		}
	}
	return nil
}

func (c *Client) attempt(ctx context.Context, request *call, body []byte, into any) outcome {
	changes := request.kind != read && !request.dryRun
	limit := c.attemptTimeout
	if request.attemptTimeout != nil {
		limit = *request.attemptTimeout
	}
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	target := c.base + request.path
	if len(request.query) > 0 {
		target += "?" + request.query.Encode()
	}
	message, err := http.NewRequestWithContext(ctx, request.method, target, bytes.NewReader(body))
	if err != nil {
		return outcome{err: err}
	}
	c.setHeaders(message.Header, request)
	// The transport must not send a request again by itself: it would do so with the key, but behind our back.
	message.GetBody = nil
	response, err := c.http.Do(message)
	if err != nil {
		unsent := isUnsent(err)
		return outcome{err: err, retry: request.kind != once || unsent, unknown: changes && !unsent}
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	result := outcome{status: response.StatusCode, header: response.Header, retryAfter: retryAfter(response.Header)}
	if err != nil {
		result.err, result.retry, result.unknown = fmt.Errorf("%w: %w", errCut, err), request.kind != once, changes
		return result
	}
	c.read(request, text, into, changes, &result)
	return result
}

func (c *Client) read(request *call, text []byte, into any, changes bool, result *outcome) {
	if result.status >= 200 && result.status < 300 {
		if !json.Valid(text) {
			// A cut response ends like this where its length was not announced.
			result.err, result.retry, result.unknown = errCut, request.kind != once, changes
			return
		}
		if err := json.Unmarshal(text, into); err != nil {
			result.err = fmt.Errorf("the response has another form than this version knows: %w", err)
			result.unknown = changes
			return
		}
		if event, err := strconv.ParseInt(result.header.Get("Tocos-Event"), 10, 64); err == nil {
			for last := c.lastEvent.Load(); event > last && !c.lastEvent.CompareAndSwap(last, event); last = c.lastEvent.Load() {
			}
		}
		return
	}
	problem, err := readProblem(text)
	if err != nil {
		result.err = &UnexpectedResponse{Status: result.status, Body: string(text[:min(len(text), 1000)])}
		result.retry = isRetryable(result.status) && request.kind != once
		result.unknown = changes && result.status >= 500
		return
	}
	problem.RequestID = result.header.Get("X-Request-Id")
	result.err = problem
	result.unknown = changes && unknownCodes[problem.Code]
	result.retry = isRetryable(result.status) && problem.Retryable && (request.kind != once || !result.unknown)
}

func readProblem(text []byte) (*Problem, error) {
	var problem Problem
	if err := json.Unmarshal(text, &problem); err != nil {
		return nil, err
	}
	if problem.Code == "" {
		return nil, errors.New("there is no code")
	}
	problem.Raw = text
	return &problem, nil
}

func (c *Client) setHeaders(header http.Header, request *call) {
	header.Set("Accept", "application/json")
	if c.apiKey != "" {
		header.Set("Authorization", "Bearer "+c.apiKey)
	}
	if request.body != nil {
		header.Set("Content-Type", "application/json")
	}
	if request.key != "" {
		header.Set("Idempotency-Key", request.key)
	}
	if request.kind != read || !strings.HasPrefix(request.path, "/v1/") {
		return
	}
	minEvent := request.minEvent
	if minEvent == 0 && c.readYourWrites {
		minEvent = c.LastEvent()
	}
	if minEvent > 0 {
		header.Set("Tocos-Min-Event", strconv.FormatInt(minEvent, 10))
	}
	if request.leader {
		header.Set("Tocos-Read", "leader")
	}
}

// pause has full jitter: clients that failed together don't come back together.
func (c *Client) pause(number int, retryAfter time.Duration) time.Duration {
	most := c.backoffMax
	if number < 30 {
		most = min(most, c.backoffBase<<(number-1))
	}
	return retryAfter + time.Duration(random.Int64N(int64(max(most, 1))))
}

func (c *Client) tell(request *call, number int, started time.Time, outcome outcome, again bool, pause time.Duration) {
	if c.onAttempt == nil {
		return
	}
	event, _ := strconv.ParseInt(outcome.header.Get("Tocos-Event"), 10, 64)
	if !again {
		pause = -1
	}
	c.onAttempt(Attempt{
		Method: request.method, Path: request.path, Number: number, Duration: time.Since(started), Status: outcome.status,
		RequestID: outcome.header.Get("X-Request-Id"), Event: event, Replayed: outcome.header.Get("Idempotency-Replayed") == "true",
		IdempotencyKey: request.key, Err: outcome.err, RetryIn: pause,
	})
}

// settles says whether an earlier attempt can't have been applied either: the ledger looks at the key before it refuses for one of these
// reasons.
func settles(err error) bool {
	var problem *Problem
	if !errors.As(err, &problem) {
		return err == nil
	}
	return problem.Status == 402 || problem.Status == 409 || problem.Status == 404 && problem.Code != NotFound
}

// isUnsent says whether a request did not leave this machine.
func isUnsent(err error) bool {
	var lookup *net.DNSError
	return errors.As(err, &lookup) || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENETUNREACH)
}

func retryAfter(header http.Header) time.Duration {
	text := header.Get("Retry-After")
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil {
		return max(0, time.Duration(seconds)*time.Second)
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

// put adds a parameter unless it is zero.
func put(values url.Values, name string, value any) {
	if reflect.ValueOf(value).IsZero() {
		return
	}
	switch value := value.(type) {
	case []string:
		values[name] = value
	case time.Time:
		values.Set(name, value.Format(time.RFC3339Nano))
	default:
		values.Set(name, fmt.Sprint(value))
	}
}

// path makes a path of its parts, each escaped.
func path(parts ...any) string {
	var out strings.Builder
	for at, part := range parts {
		out.WriteByte('/')
		if at%2 == 0 {
			out.WriteString(fmt.Sprint(part))
		} else {
			out.WriteString(url.PathEscape(fmt.Sprint(part)))
		}
	}
	return out.String()
}
