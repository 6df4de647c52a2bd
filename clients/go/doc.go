// Package tocos is a client of Tocos, a credits ledger. It needs nothing but the standard library.
//
// Every write has an idempotency key: the caller's own, or a new random one for each call. A call is sent again under its key while that
// is safe, so a bad network can't apply it twice.
package tocos

//go:generate go run ./internal/generate
