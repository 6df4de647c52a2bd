package tocos

import (
	"encoding/json"
	"fmt"
	"time"
)

// Code is the stable name of what was refused, and why. It is an error, so that errors.Is(err, tocos.InsufficientFunds) works.
type Code string

// Error returns the code.
func (c Code) Error() string { return string(c) }

// Problem is a refusal of the service. errors.As finds it in the error of a call.
type Problem struct {
	Code   Code   `json:"code"`
	Status int    `json:"status"`
	Title  string `json:"title"`
	// Detail is a text for people.
	Detail string `json:"detail"`
	// Retryable says whether the same request may succeed later.
	Retryable bool `json:"retryable"`

	// What the code says besides; docs/api.md lists it.
	Field      string    `json:"field"`
	User       string    `json:"user"`
	Coin       string    `json:"coin"`
	Hold       int64     `json:"hold"`
	Event      int64     `json:"event"`
	Schedule   string    `json:"schedule"`
	Webhook    string    `json:"webhook"`
	Key        int64     `json:"key"`
	Kind       string    `json:"kind"`
	Available  int64     `json:"available"`
	Needed     int64     `json:"needed"`
	Held       int64     `json:"held"`
	Left       int64     `json:"left"`
	Remaining  int64     `json:"remaining"`
	Ceiling    int64     `json:"ceiling"`
	Total      int64     `json:"total"`
	MinEvent   int64     `json:"min_event"`
	EndedAs    string    `json:"ended_as"`
	ResetsAt   time.Time `json:"resets_at"`
	LedgerTime time.Time `json:"ledger_time"`
	SystemTime time.Time `json:"system_time"`

	// Operation is the place of the refused operation in a batch, counted from 0; nil outside of one.
	Operation *int `json:"operation"`
	// RequestID finds the request in the service's log.
	RequestID string `json:"-"`
	// Raw is everything that the service said.
	Raw json.RawMessage `json:"-"`
}

// Error returns the code and the text for people.
func (p *Problem) Error() string { return string(p.Code) + ": " + p.Detail }

// Is compares the code.
func (p *Problem) Is(target error) bool {
	code, is := target.(Code)
	return is && p.Code == code
}

// UnexpectedResponse is a response that is not one of Tocos, such as the page of a proxy that stands before it.
type UnexpectedResponse struct {
	Status int
	// Body is the beginning of the body.
	Body string
}

// Error describes the response.
func (u *UnexpectedResponse) Error() string {
	return fmt.Sprintf("the response with the status %d is not one of Tocos: %.200s", u.Status, u.Body)
}

// KeySecretLost says that an API key was made, and that the response with its secret was lost. Revoke the key and make another one.
type KeySecretLost struct{ KeyID int64 }

// Error says what to do.
func (k *KeySecretLost) Error() string {
	return fmt.Sprintf("the API key %d was made, but the response with its secret was lost; revoke it and make another one", k.KeyID)
}

// WebhookSecretLost says that a webhook got a new secret, and that the response with it was lost. RotateWebhookSecret makes another one.
type WebhookSecretLost struct{ Webhook string }

// Error says what to do.
func (w *WebhookSecretLost) Error() string {
	return fmt.Sprintf("the webhook %s got a new secret, but the response with it was lost; rotate its secret to get another one", w.Webhook)
}

// CallError is the error of every call. It wraps what went wrong: a *Problem, an *UnexpectedResponse, the error of the context, or that of
// the network.
type CallError struct {
	Method string
	Path   string
	// IdempotencyKey is the key of the write, if it has one. The same call under it is safe to make again, at any time.
	IdempotencyKey string
	// Attempts is how often the request was sent.
	Attempts int
	// MayHaveBeenApplied says whether the ledger may have applied the write nevertheless.
	MayHaveBeenApplied bool
	Err                error
}

// Error names the call and what went wrong.
func (e *CallError) Error() string { return fmt.Sprintf("tocos: %s %s: %v", e.Method, e.Path, e.Err) }

// Unwrap returns what went wrong.
func (e *CallError) Unwrap() error { return e.Err }
