package tocos

import (
	"context"
	"iter"
	"maps"
	"net/url"
	"strconv"
)

// Page is one page of a list.
type Page[T any] struct {
	Items []T
	// Next is the Cursor (or After, where the list has that) of the next page; empty on the last one.
	Next string
}

// List is a list that is fetched page by page. Nothing is fetched before it is asked for.
type List[T any] struct {
	load func(ctx context.Context, cursor string) (*Page[T], error)
}

// Page fetches the first page alone.
func (l List[T]) Page(ctx context.Context) (*Page[T], error) { return l.load(ctx, "") }

// Pages goes over the list page by page. It ends behind the first error.
func (l List[T]) Pages(ctx context.Context) iter.Seq2[*Page[T], error] {
	return func(yield func(*Page[T], error) bool) {
		for cursor := ""; ; {
			page, err := l.load(ctx, cursor)
			if !yield(page, err) || err != nil || page.Next == "" {
				return
			}
			cursor = page.Next
		}
	}
}

// All goes over the list entry by entry. It ends behind the first error.
func (l List[T]) All(ctx context.Context) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for page, err := range l.Pages(ctx) {
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
		}
	}
}

// Collect fetches everything.
func (l List[T]) Collect(ctx context.Context) ([]T, error) {
	var all []T
	for item, err := range l.All(ctx) {
		if err != nil {
			return nil, err
		}
		all = append(all, item)
	}
	return all, nil
}

type cursorPage[T any] struct {
	Users     []T     `json:"users"`
	Entries   []T     `json:"entries"`
	Holds     []T     `json:"holds"`
	Schedules []T     `json:"schedules"`
	Next      *string `json:"next_cursor"`
}

// with returns the query for another page.
func with(query url.Values, name, value string) url.Values {
	query = maps.Clone(query)
	if value != "" {
		query.Set(name, value)
	}
	return query
}

func list[T any](c *Client, path string, first url.Values, options []CallOption) List[T] {
	return List[T]{func(ctx context.Context, cursor string) (*Page[T], error) {
		query := with(first, "cursor", cursor)
		found, err := do[cursorPage[T]](ctx, c, get(path, query), options)
		if err != nil {
			return nil, err
		}
		page := &Page[T]{Items: append(append(append(found.Users, found.Entries...), found.Holds...), found.Schedules...)}
		if found.Next != nil {
			page.Next = *found.Next
		}
		return page, nil
	}}
}

// ListUsers lists users and their coins, by id unless Order says otherwise; with Q those whose id or name contains it, with ID those named.
func (c *Client) ListUsers(query UsersQuery, options ...CallOption) List[UserSummary] {
	return list[UserSummary](c, "/v1/users", query.values(), options)
}

// History lists what happened to a user, the newest first unless Order says otherwise, with the balance after it.
func (c *Client) History(user string, query HistoryQuery, options ...CallOption) List[HistoryEntry] {
	return list[HistoryEntry](c, path("v1/users", user, "history"), query.values(), options)
}

// ListHolds lists the open holds, the oldest first.
func (c *Client) ListHolds(query HoldsQuery, options ...CallOption) List[Hold] {
	return list[Hold](c, "/v1/holds", query.values(), options)
}

// ListSchedules lists schedules.
func (c *Client) ListSchedules(query SchedulesQuery, options ...CallOption) List[Schedule] {
	return list[Schedule](c, "/v1/schedules", query.values(), options)
}

// GrantUses lists the events that used the coins of a grant, each with what it changed.
func (c *Client) GrantUses(event int64, query GrantUsesQuery, options ...CallOption) List[GrantUse] {
	first := query.values()
	return List[GrantUse]{func(ctx context.Context, after string) (*Page[GrantUse], error) {
		values := with(first, "after", after)
		type uses struct {
			Uses []GrantUse `json:"uses"`
			Next *int64     `json:"next_after"`
		}
		found, err := do[uses](ctx, c, long(path("v1/grants", event, "uses"), values), options)
		if err != nil {
			return nil, err
		}
		page := &Page[GrantUse]{Items: found.Uses}
		if found.Next != nil {
			page.Next = strconv.FormatInt(*found.Next, 10)
		}
		return page, nil
	}}
}

// ListEvents lists the events up to now, in order: all, those that crossed a threshold, or those that name an idempotency key, a reference
// or a schedule. Follow goes on with what comes next.
func (c *Client) ListEvents(query EventsQuery, options ...CallOption) List[Event] {
	first := query.values()
	return List[Event]{func(ctx context.Context, after string) (*Page[Event], error) {
		values := with(first, "after", after)
		found, err := do[eventList](ctx, c, get("/v1/events", values), options)
		if err != nil {
			return nil, err
		}
		page := &Page[Event]{Items: found.Events}
		if next := found.next(); next < found.Last {
			page.Next = strconv.FormatInt(next, 10)
		}
		return page, nil
	}}
}
