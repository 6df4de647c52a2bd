package tocos

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// A read that may work for long: one whose client has gone away ends, so it is waited for, and not asked again.
const longRead = 5 * time.Minute

func get(path string, query url.Values) call {
	return call{method: http.MethodGet, path: path, query: query, kind: read}
}

func long(path string, query url.Values) call {
	request := get(path, query)
	request.timeout, request.attemptTimeout = Ptr(longRead), Ptr(longRead)
	return request
}

func post(path string, body any) call {
	return call{method: http.MethodPost, path: path, body: body, kind: write}
}

func replace(path string, body any) call {
	return call{method: http.MethodPut, path: path, body: body, kind: write}
}

// PutUser makes a user under an id of yours, or replaces name and metadata.
func (c *Client) PutUser(ctx context.Context, user string, body UserRequest, options ...CallOption) (*UserEvent, error) {
	return do[UserEvent](ctx, c, replace(path("v1/users", user), body), options)
}

// CreateUser does the same with the id in the body.
func (c *Client) CreateUser(ctx context.Context, body CreateUserRequest, options ...CallOption) (*UserEvent, error) {
	return do[UserEvent](ctx, c, post("/v1/users", body), options)
}

// GetUser returns a user with accounts and lots.
func (c *Client) GetUser(ctx context.Context, user string, options ...CallOption) (*User, error) {
	return do[User](ctx, c, get(path("v1/users", user), nil), options)
}

// GetUserAt returns a user as of an event's number or a time.
func (c *Client) GetUserAt(ctx context.Context, user, at string, options ...CallOption) (*User, error) {
	return do[User](ctx, c, get(path("v1/users", user), url.Values{"at": {at}}), options)
}

// CloseUser closes a user permanently. The user must have no coins and no open hold.
func (c *Client) CloseUser(ctx context.Context, user string, body NoteRequest, options ...CallOption) (*UserClosedEvent, error) {
	return do[UserClosedEvent](ctx, c, post(path("v1/users", user, "close"), body), options)
}

// SetLimits sets how far an account may owe, how much it may have, and whether it is frozen.
func (c *Client) SetLimits(ctx context.Context, user, coin string, body LimitsRequest, options ...CallOption) (*LimitsEvent, error) {
	return do[LimitsEvent](ctx, c, replace(path("v1/users", user, "limits", coin), body), options)
}

// SetSpendLimit sets how much an account may spend within a time; without an amount it removes that limit.
func (c *Client) SetSpendLimit(ctx context.Context, user, coin string, body SpendLimitRequest, options ...CallOption) (*SpendLimitEvent, error) {
	return do[SpendLimitEvent](ctx, c, replace(path("v1/users", user, "spend-limit", coin), body), options)
}

// SetThresholds sets amounts of available coins; events that cross one say so.
func (c *Client) SetThresholds(ctx context.Context, user, coin string, body ThresholdsRequest, options ...CallOption) (*ThresholdsEvent, error) {
	return do[ThresholdsEvent](ctx, c, replace(path("v1/users", user, "thresholds", coin), body), options)
}

// ListCoins returns all coins: how much was issued, spent, expired, and is outstanding and held.
func (c *Client) ListCoins(ctx context.Context, options ...CallOption) ([]Coin, error) {
	page, err := do[struct{ Coins []Coin }](ctx, c, get("/v1/coins", nil), options)
	if err != nil {
		return nil, err
	}
	return page.Coins, nil
}

// GetCoin returns a coin.
func (c *Client) GetCoin(ctx context.Context, coin string, options ...CallOption) (*Coin, error) {
	return do[Coin](ctx, c, get(path("v1/coins", coin), nil), options)
}

// PutCoin makes a coin, or replaces its metadata.
func (c *Client) PutCoin(ctx context.Context, coin string, body CoinRequest, options ...CallOption) (*CoinEvent, error) {
	return do[CoinEvent](ctx, c, replace(path("v1/coins", coin), body), options)
}

// SetCoinSpendLimit sets how much each account of a coin may spend within a time; without an amount it removes that limit.
func (c *Client) SetCoinSpendLimit(ctx context.Context, coin string, body SpendLimitRequest, options ...CallOption) (*SpendLimitEvent, error) {
	return do[SpendLimitEvent](ctx, c, replace(path("v1/coins", coin, "spend-limit"), body), options)
}

// SetCoinThresholds sets thresholds for all accounts of a coin.
func (c *Client) SetCoinThresholds(ctx context.Context, coin string, body ThresholdsRequest, options ...CallOption) (*ThresholdsEvent, error) {
	return do[ThresholdsEvent](ctx, c, replace(path("v1/coins", coin, "thresholds"), body), options)
}

// Grant issues new coins to a user.
func (c *Client) Grant(ctx context.Context, body GrantRequest, options ...CallOption) (*GrantEvent, error) {
	return do[GrantEvent](ctx, c, post("/v1/grants", body), options)
}

// GetGrant says where the coins of a grant or a rollover are. After a million uses the response takes seconds.
func (c *Client) GetGrant(ctx context.Context, event int64, options ...CallOption) (*Grant, error) {
	return do[Grant](ctx, c, long(path("v1/grants", event), nil), options)
}

// Spend spends coins, or pays them to a user.
func (c *Client) Spend(ctx context.Context, body SpendRequest, options ...CallOption) (*SpendEvent, error) {
	return do[SpendEvent](ctx, c, post("/v1/spends", body), options)
}

// Transfer moves coins from user to user; they keep their expiry, priority and category.
func (c *Client) Transfer(ctx context.Context, body TransferRequest, options ...CallOption) (*TransferEvent, error) {
	return do[TransferEvent](ctx, c, post("/v1/transfers", body), options)
}

// CreateHold reserves coins. Hold and WithHold do that with a scope that releases them.
func (c *Client) CreateHold(ctx context.Context, body HoldRequest, options ...CallOption) (*HoldEvent, error) {
	return do[HoldEvent](ctx, c, post("/v1/holds", body), options)
}

// GetHold returns a hold.
func (c *Client) GetHold(ctx context.Context, hold int64, options ...CallOption) (*Hold, error) {
	return do[Hold](ctx, c, get(path("v1/holds", hold), nil), options)
}

// CaptureHold takes held coins: the amount, or everything if it is nil. Unless Final is false, the rest is released.
func (c *Client) CaptureHold(ctx context.Context, hold int64, body CaptureRequest, options ...CallOption) (*CaptureEvent, error) {
	return do[CaptureEvent](ctx, c, post(path("v1/holds", hold, "capture"), body), options)
}

// ReleaseHold returns the held coins.
func (c *Client) ReleaseHold(ctx context.Context, hold int64, body NoteRequest, options ...CallOption) (*ReleaseEvent, error) {
	return do[ReleaseEvent](ctx, c, post(path("v1/holds", hold, "release"), body), options)
}

// ExtendHold sets a later expiry.
func (c *Client) ExtendHold(ctx context.Context, hold int64, body ExtendRequest, options ...CallOption) (*ExtendEvent, error) {
	return do[ExtendEvent](ctx, c, post(path("v1/holds", hold, "extend"), body), options)
}

// PutSchedule makes a schedule under an id of yours, or changes it.
func (c *Client) PutSchedule(ctx context.Context, schedule string, body ScheduleRequest, options ...CallOption) (*ScheduleEvent, error) {
	return do[ScheduleEvent](ctx, c, replace(path("v1/schedules", schedule), body), options)
}

// GetSchedule returns a schedule.
func (c *Client) GetSchedule(ctx context.Context, schedule string, options ...CallOption) (*Schedule, error) {
	return do[Schedule](ctx, c, get(path("v1/schedules", schedule), nil), options)
}

// DeleteSchedule ends a schedule. What was granted stays.
func (c *Client) DeleteSchedule(ctx context.Context, schedule string, options ...CallOption) (*ScheduleDeletedEvent, error) {
	request := call{method: http.MethodDelete, path: path("v1/schedules", schedule), kind: write}
	return do[ScheduleDeletedEvent](ctx, c, request, options)
}

// PauseSchedule skips occurrences until the schedule is resumed.
func (c *Client) PauseSchedule(ctx context.Context, schedule string, body NoteRequest, options ...CallOption) (*SchedulePausedEvent, error) {
	return do[SchedulePausedEvent](ctx, c, post(path("v1/schedules", schedule, "pause"), body), options)
}

// ResumeSchedule goes on with a schedule.
func (c *Client) ResumeSchedule(ctx context.Context, schedule string, body NoteRequest, options ...CallOption) (*ScheduleResumedEvent, error) {
	return do[ScheduleResumedEvent](ctx, c, post(path("v1/schedules", schedule, "resume"), body), options)
}

// PreviewSchedule lists the next occurrences; count 0 means as many as the service lists by default.
func (c *Client) PreviewSchedule(ctx context.Context, schedule string, count int, options ...CallOption) (*Preview, error) {
	query := url.Values{}
	put(query, "count", count)
	return do[Preview](ctx, c, get(path("v1/schedules", schedule, "preview"), query), options)
}

// GetEvent returns an event.
func (c *Client) GetEvent(ctx context.Context, event int64, options ...CallOption) (*Event, error) {
	return do[Event](ctx, c, get(path("v1/events", event), nil), options)
}

// Reverse moves coins of a grant, spend, transfer, capture or expiry back: the amount, or what is left of it if that is nil.
func (c *Client) Reverse(ctx context.Context, event int64, body ReverseRequest, options ...CallOption) (*ReverseEvent, error) {
	return do[ReverseEvent](ctx, c, post(path("v1/events", event, "reverse"), body), options)
}

// ListKeys returns the API keys, without their secrets.
func (c *Client) ListKeys(ctx context.Context, options ...CallOption) ([]Key, error) {
	page, err := do[struct{ Keys []Key }](ctx, c, get("/v1/keys", nil), options)
	if err != nil {
		return nil, err
	}
	return page.Keys, nil
}

// CreateKey makes an API key. Its secret is in this response only: if that is lost on its way, the retry finds the key made and no secret,
// and the error is a *KeySecretLost. (A dry run returns no secret.)
func (c *Client) CreateKey(ctx context.Context, body KeyRequest, options ...CallOption) (*NewKey, error) {
	request := post("/v1/keys", body)
	key, err := do[NewKey](ctx, c, request, options)
	if err != nil {
		return nil, err
	}
	for _, option := range options {
		option(&request)
	}
	if key.Secret == "" && !request.dryRun {
		lost := &KeySecretLost{KeyID: key.ID}
		return nil, &CallError{Method: request.method, Path: request.path, IdempotencyKey: key.IdempotencyKey, MayHaveBeenApplied: true, Err: lost}
	}
	return key, nil
}

// GetOwnKey returns the key that this client has.
func (c *Client) GetOwnKey(ctx context.Context, options ...CallOption) (*OwnKey, error) {
	return do[OwnKey](ctx, c, get("/v1/keys/self", nil), options)
}

// RevokeKey revokes an API key.
func (c *Client) RevokeKey(ctx context.Context, id int64, body NoteRequest, options ...CallOption) (*Event, error) {
	return do[Event](ctx, c, post(path("v1/keys", id, "revoke"), body), options)
}

// GetClock returns the ledger's time and the system's.
func (c *Client) GetClock(ctx context.Context, options ...CallOption) (*Clock, error) {
	return do[Clock](ctx, c, get("/v1/clock", nil), options)
}

// AcceptClock accepts a clock that is implausible. What expires up to then expires permanently. It takes no idempotency key.
func (c *Client) AcceptClock(ctx context.Context, body AcceptClockRequest, options ...CallOption) (*Clock, error) {
	return do[Clock](ctx, c, call{method: http.MethodPost, path: "/v1/clock/accept", body: body, kind: once}, options)
}

// AdvanceTestClock moves the time of a ledger with a test clock forward, by whole seconds. It takes no idempotency key.
func (c *Client) AdvanceTestClock(ctx context.Context, by time.Duration, options ...CallOption) (*TestClock, error) {
	body := map[string]int64{"seconds": int64(by / time.Second)}
	return do[TestClock](ctx, c, call{method: http.MethodPost, path: "/v1/test-clock/advance", body: body, kind: once}, options)
}

// GetCluster says who leads, and how far each node is.
func (c *Client) GetCluster(ctx context.Context, options ...CallOption) (*Cluster, error) {
	return do[Cluster](ctx, c, get("/v1/cluster", nil), options)
}

// HandOver hands the lead over to the node that is furthest on. It takes no idempotency key.
func (c *Client) HandOver(ctx context.Context, options ...CallOption) (*Handover, error) {
	return do[Handover](ctx, c, call{method: http.MethodPost, path: "/v1/cluster/handover", body: struct{}{}, kind: once}, options)
}

// GetStatus returns open holds, what expires soon, refusals since the start, and the archive. It is up to 10 s old.
func (c *Client) GetStatus(ctx context.Context, options ...CallOption) (*Status, error) {
	return do[Status](ctx, c, get("/v1/status", nil), options)
}

// GetVersion returns the name, version and commit of the service.
func (c *Client) GetVersion(ctx context.Context, options ...CallOption) (*Version, error) {
	return do[Version](ctx, c, get("/version", nil), options)
}

// GetOpenAPI returns the OpenAPI document of the service.
func (c *Client) GetOpenAPI(ctx context.Context, options ...CallOption) (json.RawMessage, error) {
	document, err := do[json.RawMessage](ctx, c, get("/openapi.json", nil), options)
	if err != nil {
		return nil, err
	}
	return *document, nil
}
