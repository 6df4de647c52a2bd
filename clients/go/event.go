package tocos

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/url"
	"strconv"
	"time"
)

// Event is an event of any kind. Value gives its fields.
type Event struct {
	// Event is its number.
	Event int64
	Kind  string
	At    time.Time
	// Raw is the event as the service wrote it.
	Raw json.RawMessage
}

// UnmarshalJSON keeps the text.
func (e *Event) UnmarshalJSON(text []byte) error {
	var head struct {
		Event int64     `json:"event"`
		Kind  string    `json:"kind"`
		At    time.Time `json:"at"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return err
	}
	*e = Event{head.Event, head.Kind, head.At, append(json.RawMessage(nil), text...)}
	return nil
}

// MarshalJSON returns the text.
func (e Event) MarshalJSON() ([]byte, error) { return e.Raw, nil }

// Value returns the event by its kind, such as a *GrantEvent. An event of a kind that this version does not know is an error; Raw has it.
func (e Event) Value() (any, error) {
	value := eventOf(e.Kind)
	if value == nil {
		return nil, fmt.Errorf("tocos: event %d is of the kind %q, which this version does not know", e.Event, e.Kind)
	}
	return value, json.Unmarshal(e.Raw, value)
}

type eventList struct {
	Events []Event `json:"events"`
	Last   int64   `json:"last_event"`
	Next   *int64  `json:"next_after"`
}

// next is where the list goes on.
func (l *eventList) next() int64 {
	if l.Next != nil {
		return *l.Next
	}
	if len(l.Events) > 0 {
		return l.Events[len(l.Events)-1].Event
	}
	return l.Last
}

// FollowOptions say where the feed begins, and what it has.
type FollowOptions struct {
	// After is the number of the last event that was seen; 0 begins with the first. Keep the number of each event with what you make of it, and
	// pass it here after a restart: then none is missed and none comes twice.
	After int64
	// Latest begins with what comes next, whatever After is.
	Latest bool
	// Crossed wants only events that crossed a threshold.
	Crossed bool
	// Wait is how long a request waits for the next event, whole seconds up to 60. Default: 30 s.
	Wait time.Duration
}

// Follow returns the events as they come, without end: after a break of the network or a restart of the service it goes on behind the last
// event that it gave. It ends behind the first error: a definite refusal, or the end of the context.
func (c *Client) Follow(ctx context.Context, options FollowOptions) iter.Seq2[Event, error] {
	wait := options.Wait
	if wait == 0 {
		wait = 30 * time.Second
	}
	load := func(query url.Values) (*eventList, error) {
		request := get("/v1/events", query)
		request.unbounded = true
		request.attemptTimeout = Ptr(wait + c.attemptTimeout)
		return do[eventList](ctx, c, request, nil)
	}
	return func(yield func(Event, error) bool) {
		after := options.After
		if options.Latest {
			page, err := load(url.Values{"after": {strconv.FormatInt(1<<53-1, 10)}, "limit": {"1"}})
			if err != nil {
				yield(Event{}, err)
				return
			}
			after = page.Last
		}
		for {
			query := url.Values{"after": {strconv.FormatInt(after, 10)}, "limit": {"1000"}, "wait_s": {strconv.Itoa(int(wait / time.Second))}}
			put(query, "crossed", options.Crossed)
			page, err := load(query)
			if err != nil {
				yield(Event{}, err)
				return
			}
			for _, event := range page.Events {
				if !yield(event, nil) {
					return
				}
				after = event.Event
			}
			if page.Next != nil {
				after = max(after, *page.Next)
			}
		}
	}
}
