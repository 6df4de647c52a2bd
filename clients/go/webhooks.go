package tocos

import (
	"context"
	"net/http"
	"time"
)

// The service waits 15 seconds for the receiver.
const webhookTest = 20 * time.Second

// ListWebhooks returns all webhooks, without their secrets.
func (c *Client) ListWebhooks(ctx context.Context, options ...CallOption) ([]Webhook, error) {
	page, err := do[struct{ Webhooks []Webhook }](ctx, c, get("/v1/webhooks", nil), options)
	if err != nil {
		return nil, err
	}
	return page.Webhooks, nil
}

// GetWebhook returns a webhook, and how far its deliveries have come.
func (c *Client) GetWebhook(ctx context.Context, webhook string, options ...CallOption) (*Webhook, error) {
	return do[Webhook](ctx, c, get(path("v1/webhooks", webhook), nil), options)
}

// PutWebhook makes a webhook under an id of yours, or replaces its URL, filter and batch; it then goes on where it is, with its secret. The
// secret that the service makes for a new one is in this response only: if that is lost on its way, the retry finds the webhook made and no
// secret, and the error is a *WebhookSecretLost. (A dry run returns no secret.)
func (c *Client) PutWebhook(ctx context.Context, webhook string, body WebhookRequest, options ...CallOption) (*NewWebhook, error) {
	request := replace(path("v1/webhooks", webhook), body)
	put, err := do[NewWebhook](ctx, c, request, options)
	if err != nil {
		return nil, err
	}
	if put.Created && put.Secret == "" && body.Secret == "" {
		if err := secretLost(request, put.Webhook, put.IdempotencyKey, options); err != nil {
			return nil, err
		}
	}
	return put, nil
}

// DeleteWebhook deletes a webhook. Nothing more is delivered to it.
func (c *Client) DeleteWebhook(ctx context.Context, webhook string, options ...CallOption) (*WebhookDeletedEvent, error) {
	request := call{method: http.MethodDelete, path: path("v1/webhooks", webhook), kind: write}
	return do[WebhookDeletedEvent](ctx, c, request, options)
}

// RotateWebhookSecret makes a new secret; for KeepS seconds the one before signs as well. The secret is in this response only: if that is lost
// on its way, the error is a *WebhookSecretLost. (A dry run returns no secret.)
func (c *Client) RotateWebhookSecret(ctx context.Context, webhook string, body RotateSecretRequest, options ...CallOption) (*RotatedWebhook, error) {
	request := post(path("v1/webhooks", webhook, "rotate-secret"), body)
	rotated, err := do[RotatedWebhook](ctx, c, request, options)
	if err != nil {
		return nil, err
	}
	if rotated.Secret == "" && body.Secret == "" {
		if err := secretLost(request, rotated.Webhook, rotated.IdempotencyKey, options); err != nil {
			return nil, err
		}
	}
	return rotated, nil
}

// secretLost is the error of a response without the secret that the service made, unless it is that of a dry run.
func secretLost(request call, webhook, key string, options []CallOption) error {
	for _, option := range options {
		option(&request)
	}
	if request.dryRun {
		return nil
	}
	lost := &WebhookSecretLost{Webhook: webhook}
	return &CallError{Method: request.method, Path: request.path, IdempotencyKey: key, MayHaveBeenApplied: true, Err: lost}
}

// DisableWebhook delivers nothing until the webhook is enabled again. It stays where it is.
func (c *Client) DisableWebhook(ctx context.Context, webhook string, body NoteRequest, options ...CallOption) (*WebhookDisabledEvent, error) {
	return do[WebhookDisabledEvent](ctx, c, post(path("v1/webhooks", webhook, "disable"), body), options)
}

// EnableWebhook goes on where deliveries were, at once, also where they were failing.
func (c *Client) EnableWebhook(ctx context.Context, webhook string, body NoteRequest, options ...CallOption) (*WebhookEnabledEvent, error) {
	return do[WebhookEnabledEvent](ctx, c, post(path("v1/webhooks", webhook, "enable"), body), options)
}

// RedeliverWebhook goes on from an event on, an earlier or a later one.
func (c *Client) RedeliverWebhook(ctx context.Context, webhook string, body RedeliverRequest, options ...CallOption) (*WebhookRedeliveredEvent, error) {
	return do[WebhookRedeliveredEvent](ctx, c, post(path("v1/webhooks", webhook, "redeliver"), body), options)
}

// TestWebhook sends a request of the type ping now, and returns what came of it. A receiver that fails is no error: look at Delivered. It takes
// no idempotency key.
func (c *Client) TestWebhook(ctx context.Context, webhook string, options ...CallOption) (*WebhookDelivery, error) {
	request := call{method: http.MethodPost, path: path("v1/webhooks", webhook, "test"), body: struct{}{}, kind: once}
	request.attemptTimeout = Ptr(max(webhookTest, c.attemptTimeout))
	return do[WebhookDelivery](ctx, c, request, options)
}

// ListWebhookDeliveries returns the last 50 requests since the start of the node that delivers, the newest first.
func (c *Client) ListWebhookDeliveries(ctx context.Context, webhook string, options ...CallOption) ([]WebhookDelivery, error) {
	page, err := do[struct{ Deliveries []WebhookDelivery }](ctx, c, get(path("v1/webhooks", webhook, "deliveries"), nil), options)
	if err != nil {
		return nil, err
	}
	return page.Deliveries, nil
}
