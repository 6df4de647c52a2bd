package tocos

import (
	"context"
	"errors"
)

// OpenHold is a hold that is released unless it is captured. It is not safe for use by several goroutines at once.
type OpenHold struct {
	client *Client
	// Event is the event that made the hold.
	Event *HoldEvent
	ended bool
}

// Hold reserves coins. Put a `defer hold.Release(ctx)` right behind it: that releases them unless they were captured.
func (c *Client) Hold(ctx context.Context, body HoldRequest, options ...CallOption) (*OpenHold, error) {
	event, err := c.CreateHold(ctx, body, options...)
	if err != nil {
		return nil, err
	}
	return &OpenHold{client: c, Event: event}, nil
}

// WithHold reserves coins, does the work, and releases what was not captured, also if the work fails or panics. If the release fails as
// well, the hold's expiry releases the coins.
func (c *Client) WithHold(ctx context.Context, body HoldRequest, work func(*OpenHold) error, options ...CallOption) (err error) {
	hold, err := c.Hold(ctx, body, options...)
	if err != nil {
		return err
	}
	defer func() {
		if failed := hold.Release(ctx); failed != nil {
			err = errors.Join(err, failed)
		}
	}()
	return work(hold)
}

// ID is the number of the hold.
func (h *OpenHold) ID() int64 { return h.Event.ID }

// Capture takes what the work cost, and releases the rest. It takes exactly this amount: 0 is refused, and does not take everything.
func (h *OpenHold) Capture(ctx context.Context, amount int64, options ...CallOption) (*CaptureEvent, error) {
	return h.CaptureWith(ctx, CaptureRequest{Amount: &amount}, options...)
}

// CaptureWith captures with all that the API offers; without an amount it takes everything. With Final false the hold stays open.
func (h *OpenHold) CaptureWith(ctx context.Context, body CaptureRequest, options ...CallOption) (*CaptureEvent, error) {
	event, err := h.client.CaptureHold(ctx, h.ID(), body, options...)
	if err == nil && event.State != "open" && !isDryRun(options) {
		h.ended = true
	}
	return event, err
}

// Extend sets a later expiry.
func (h *OpenHold) Extend(ctx context.Context, body ExtendRequest, options ...CallOption) (*ExtendEvent, error) {
	return h.client.ExtendHold(ctx, h.ID(), body, options...)
}

// Release returns what is still held. It does nothing for a hold that has ended, and is sent also when the context has ended: a hold is
// released also, and above all, when its work is cancelled.
func (h *OpenHold) Release(ctx context.Context, options ...CallOption) error {
	if h.ended {
		return nil
	}
	_, err := h.client.ReleaseHold(context.WithoutCancel(ctx), h.ID(), NoteRequest{}, options...)
	if errors.Is(err, HoldEnded) {
		err = nil
	}
	h.ended = err == nil && !isDryRun(options)
	return err
}

func isDryRun(options []CallOption) bool {
	var request call
	for _, option := range options {
		option(&request)
	}
	return request.dryRun
}
