package tocos

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Operation is an operation of a batch, such as BatchGrant.
type Operation interface{ op() string }

// BatchOptions say how a batch is applied.
type BatchOptions struct {
	// Atomic applies all operations or none. Otherwise each is independent.
	Atomic bool
	// AllResults wants an entry for each operation, not only for those that were refused.
	AllResults bool
}

// BatchResult is what a batch did.
type BatchResult struct {
	Applied  int64        `json:"applied"`
	Refused  int64        `json:"refused"`
	Replayed int64        `json:"replayed"`
	Events   *EventRange  `json:"events"`
	Results  []BatchEntry `json:"results"`
}

// BatchEntry is what became of one operation: an event or a problem.
type BatchEntry struct {
	Event *Event
	// Replayed says that the event had been made before.
	Replayed bool
	Problem  *Problem
}

// UnmarshalJSON tells the two apart.
func (b *BatchEntry) UnmarshalJSON(text []byte) error {
	var head struct {
		Code     string `json:"code"`
		Type     string `json:"type"`
		Replayed bool   `json:"replayed"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return err
	}
	if head.Code != "" && head.Type != "" {
		problem, err := readProblem(append([]byte(nil), text...))
		*b = BatchEntry{Problem: problem}
		return err
	}
	b.Replayed, b.Event = head.Replayed, new(Event)
	return b.Event.UnmarshalJSON(text)
}

// Batch applies up to 10,000 operations. Unless it is atomic, look at Refused and Results: a batch of refusals is no error.
func (c *Client) Batch(ctx context.Context, operations []Operation, how BatchOptions, options ...CallOption) (*BatchResult, error) {
	entries := make([]json.RawMessage, len(operations))
	for at, operation := range operations {
		text, err := json.Marshal(operation)
		if err != nil {
			return nil, fmt.Errorf("tocos: operation %d: %w", at, err)
		}
		comma := ","
		if string(text) == "{}" {
			comma = ""
		}
		entries[at] = fmt.Appendf(nil, `{"op":%q%s%s`, operation.op(), comma, text[1:])
	}
	body := map[string]any{"operations": entries, "atomic": how.Atomic, "results": "refusals"}
	if how.AllResults {
		body["results"] = "all"
	}
	return do[BatchResult](ctx, c, post("/v1/batch", body), options)
}

// LiabilityReport says what users have of a coin at the ends of a span, and what changed it.
type LiabilityReport struct {
	Coin   string          `json:"coin"`
	From   time.Time       `json:"from"`
	Until  time.Time       `json:"until"`
	By     string          `json:"by"`
	Event  int64           `json:"event"`
	Rows   []LiabilityRow  `json:"rows"`
	Totals LiabilityTotals `json:"totals"`
	Check  LiabilityCheck  `json:"check"`
}

// LiabilityRow is a row of the report. Closing = Opening + Granted - Spent - Expired + Reversed, and by category + Converted.
type LiabilityRow struct {
	LiabilityTotals
	// Category and Converted are there by category, From and Until by month and by day.
	Category  string    `json:"category,omitzero"`
	Converted int64     `json:"converted,omitzero"`
	From      time.Time `json:"from,omitzero"`
	Until     time.Time `json:"until,omitzero"`
}

// Liability makes the liability report. Over a large ledger it takes seconds.
func (c *Client) Liability(ctx context.Context, query LiabilityQuery, options ...CallOption) (*LiabilityReport, error) {
	return do[LiabilityReport](ctx, c, long("/v1/reports/liability", query.values()), options)
}
