package tocos

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// ErrWebhook is the error of a request that is not a webhook of the service, or an old one. Respond with 400 and do nothing.
var ErrWebhook = errors.New("tocos: the webhook is not valid")

// WebhookVerifier checks webhooks by the scheme of Standard Webhooks (standardwebhooks.com), with symmetric signatures.
type WebhookVerifier struct {
	// Secrets are those of the endpoint, whsec_...; several while one is replaced by another.
	Secrets []string
	// Tolerance is how old a webhook may be, and how far ahead its clock. Default: 5 minutes.
	Tolerance time.Duration
	// Now is the clock to compare with. Default: time.Now.
	Now func() time.Time
}

// Verify checks a webhook. Pass the body exactly as it was received.
func (w WebhookVerifier) Verify(body []byte, header http.Header) error {
	invalid := func(reason string) error { return fmt.Errorf("%w: %s", ErrWebhook, reason) }
	id, stamp := header.Get("Webhook-Id"), header.Get("Webhook-Timestamp")
	if id == "" || stamp == "" || header.Get("Webhook-Signature") == "" {
		return invalid("one of its headers is missing")
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return invalid("webhook-timestamp is not a time in seconds")
	}
	now, tolerance := time.Now(), w.Tolerance
	if w.Now != nil {
		now = w.Now()
	}
	if tolerance == 0 {
		tolerance = 5 * time.Minute
	}
	if age := now.Sub(time.Unix(seconds, 0)); age > tolerance || age < -tolerance {
		return invalid("webhook-timestamp is too old or in the future")
	}
	if len(w.Secrets) == 0 {
		return errors.New("tocos: there is no secret to check webhooks with")
	}
	for _, secret := range w.Secrets {
		right, err := signature(secret, id, stamp, body)
		if err != nil {
			return err
		}
		for _, entry := range strings.Split(header.Get("Webhook-Signature"), " ") {
			given, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(entry, "v1,"))
			if strings.HasPrefix(entry, "v1,") && err == nil && hmac.Equal(given, right) {
				return nil
			}
		}
	}
	return invalid("none of its signatures is right")
}

// WebhookMessage is what the service sends.
type WebhookMessage struct {
	// Type is "event." and its kind, "events" where a request carries several, or "ping" in a test.
	Type string
	// Timestamp is when the request was made.
	Timestamp time.Time
	// Events are those of the request, in order: none in a test. They may come again; drop the numbers that you have.
	Events []Event
}

// UnmarshalJSON reads one event and several alike.
func (m *WebhookMessage) UnmarshalJSON(text []byte) error {
	var message struct {
		Type      string          `json:"type"`
		Timestamp time.Time       `json:"timestamp"`
		Data      json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(text, &message); err != nil {
		return err
	}
	*m = WebhookMessage{Type: message.Type, Timestamp: message.Timestamp}
	switch {
	case m.Type == "events":
		return json.Unmarshal(message.Data, &m.Events)
	case strings.HasPrefix(m.Type, "event."):
		m.Events = make([]Event, 1)
		return json.Unmarshal(message.Data, &m.Events[0])
	}
	return nil
}

// Read checks a webhook, as Verify does, and returns its content.
func (w WebhookVerifier) Read(body []byte, header http.Header) (*WebhookMessage, error) {
	if err := w.Verify(body, header); err != nil {
		return nil, err
	}
	message := new(WebhookMessage)
	if err := json.Unmarshal(body, message); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrWebhook, err)
	}
	return message, nil
}

// SignWebhook signs a webhook as the service does, for your own tests. It returns the headers.
func SignWebhook(secret, id string, at time.Time, body []byte) (http.Header, error) {
	stamp := strconv.FormatInt(at.Unix(), 10)
	sum, err := signature(secret, id, stamp, body)
	if err != nil {
		return nil, err
	}
	header := http.Header{}
	header.Set("Webhook-Id", id)
	header.Set("Webhook-Timestamp", stamp)
	header.Set("Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(sum))
	return header, nil
}

func signature(secret, id, stamp string, body []byte) ([]byte, error) {
	text, has := strings.CutPrefix(secret, "whsec_")
	key, err := base64.StdEncoding.DecodeString(text)
	if !has || err != nil || len(key) == 0 {
		return nil, errors.New("tocos: the secret of a webhook was expected: whsec_ and base64")
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.", id, stamp)
	mac.Write(body)
	return mac.Sum(nil), nil
}
