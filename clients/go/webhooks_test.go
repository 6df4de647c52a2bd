package tocos_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	tocos "github.com/tocos/tocos/clients/go"
)

type received struct {
	header http.Header
	body   []byte
}

// receiver is what webhooks are sent to.
type receiver struct {
	*httptest.Server
	t        *testing.T
	status   atomic.Int64
	delay    atomic.Int64
	received chan received
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{t: t, received: make(chan received, 100)}
	r.status.Store(http.StatusNoContent)
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		time.Sleep(time.Duration(r.delay.Load()))
		r.received <- received{request.Header, body}
		w.WriteHeader(int(r.status.Load()))
	}))
	t.Cleanup(r.Close)
	return r
}

// next waits for a request, and checks it.
func (r *receiver) next(secret string) *tocos.WebhookMessage {
	r.t.Helper()
	select {
	case one := <-r.received:
		message, err := tocos.WebhookVerifier{Secrets: []string{secret}}.Read(one.body, one.header)
		if err != nil {
			r.t.Fatal(err)
		}
		return message
	case <-time.After(10 * time.Second):
		r.t.Fatal("no webhook arrived")
		return nil
	}
}

func numbers(events []tocos.Event) (list []int64) {
	for _, event := range events {
		list = append(list, event.Event)
	}
	return list
}

// useWebhooks calls every operation of webhooks.
func useWebhooks(t *testing.T, noted *operations) {
	t.Helper()
	s := start(t, "--webhooks-allow-private", "127.0.0.1")
	c := s.client(tocos.WithOnAttempt(noted.note))
	r := newReceiver(t)
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	expect := func(what string, is bool) {
		t.Helper()
		if !is {
			t.Error("not so:", what)
		}
	}
	_, err := c.PutUser(ctx, "karl", tocos.UserRequest{})
	must(err)
	made, err := c.PutWebhook(ctx, "shop", tocos.WebhookRequest{URL: r.URL, Kinds: []string{"grant"}})
	must(err)
	expect("it is made", made.Created && made.Webhook == "shop" && len(made.Kinds) == 1)
	ping, err := c.TestWebhook(ctx, "shop")
	must(err)
	message := r.next(made.Secret)
	expect("a test arrives", ping.Delivered && *ping.Status == 204 && message.Type == "ping" && len(message.Events) == 0)

	grant, err := c.Grant(ctx, tocos.GrantRequest{User: "karl", Coin: "toco", Amount: 3})
	must(err)
	message = r.next(made.Secret)
	expect("an event arrives", message.Type == "event.grant" && len(message.Events) == 1 && !message.Timestamp.IsZero())
	value, err := message.Events[0].Value()
	must(err)
	expect("the event is the grant", value.(*tocos.GrantEvent).Event == grant.Event)

	more := tocos.WebhookRequest{URL: r.URL, Kinds: []string{"grant", "spend"}, Batch: tocos.Ptr[int64](10)}
	changed, err := c.PutWebhook(ctx, "shop", more)
	must(err)
	expect("it keeps its secret", !changed.Created && changed.Secret == "" && changed.Batch == 10)
	spend, err := c.Spend(ctx, tocos.SpendRequest{User: "karl", Coin: "toco", Amount: 2})
	must(err)
	message = r.next(made.Secret)
	expect("it goes on", message.Type == "events" && len(message.Events) == 1 && message.Events[0].Event == spend.Event)
	again, err := c.RedeliverWebhook(ctx, "shop", tocos.RedeliverRequest{FromEvent: grant.Event})
	must(err)
	both := numbers(r.next(made.Secret).Events)
	expect("both arrive again", again.FromEvent == grant.Event && len(both) == 2 && both[0] == grant.Event && both[1] == spend.Event)

	rotated, err := c.RotateWebhookSecret(ctx, "shop", tocos.RotateSecretRequest{KeepS: tocos.Ptr[int64](60)})
	must(err)
	for _, secret := range []string{made.Secret, rotated.Secret} {
		_, err = c.TestWebhook(ctx, "shop")
		must(err)
		expect("the old and the new secret sign", r.next(secret).Type == "ping")
	}

	off, err := c.DisableWebhook(ctx, "shop", tocos.NoteRequest{Reference: "moving"})
	must(err)
	one, err := c.GetWebhook(ctx, "shop")
	must(err)
	expect("it is off", off.Reason == "requested" && !one.Enabled && *one.DisabledReason == "requested" && one.OldSecretUntil != nil)
	_, err = c.EnableWebhook(ctx, "shop", tocos.NoteRequest{})
	must(err)
	all, err := c.ListWebhooks(ctx)
	must(err)
	expect("it is on", len(all) == 1 && all[0].ID == "shop" && all[0].Enabled && all[0].DisabledReason == nil)
	// A delivery is noted a moment after its request was answered, and tests are noted by others.
	var ranges [][2]int64
	pings := 0
	for tries := 0; tries < 200 && len(ranges)+pings < 6; tries++ {
		deliveries, err := c.ListWebhookDeliveries(ctx, "shop")
		must(err)
		ranges, pings = nil, 0
		for _, one := range deliveries {
			if one.FirstEvent == nil {
				pings++
			} else {
				ranges = append(ranges, [2]int64{*one.FirstEvent, *one.LastEvent})
			}
		}
		time.Sleep(25 * time.Millisecond)
	}
	newestFirst := [][2]int64{{grant.Event, spend.Event}, {spend.Event, spend.Event}, {grant.Event, grant.Event}}
	if !slices.Equal(ranges, newestFirst) || pings != 3 {
		t.Errorf("deliveries: %v, not %v; pings: %d", ranges, newestFirst, pings)
	}

	_, err = c.DeleteWebhook(ctx, "shop")
	must(err)
	_, err = c.GetWebhook(ctx, "shop")
	var problem *tocos.Problem
	expect("it is gone", errors.As(err, &problem) && problem.Code == tocos.WebhookNotFound && problem.Webhook == "shop")
}

func TestAReceiverThatFailsOrIsSlowIsNoErrorOfATest(t *testing.T) {
	s := start(t, "--webhooks-allow-private", "127.0.0.1")
	r := newReceiver(t)
	ctx := t.Context()
	attempts := 0
	c := s.client(tocos.WithAttemptTimeout(100*time.Millisecond), tocos.WithOnAttempt(func(tocos.Attempt) { attempts++ }))
	_, err := s.client().PutWebhook(ctx, "slow", tocos.WebhookRequest{URL: r.URL, Kinds: []string{"key"}})
	if err != nil {
		t.Fatal(err)
	}
	r.status.Store(http.StatusInternalServerError)
	r.delay.Store(int64(400 * time.Millisecond))
	result, err := c.TestWebhook(ctx, "slow")
	if err != nil || result.Delivered || *result.Status != 500 || attempts != 1 {
		t.Error(err, result, attempts)
	}
	// Whether it arrived is not known, so it is not sent again.
	attempts = 0
	_, err = c.TestWebhook(ctx, "slow", tocos.AttemptTimeout(100*time.Millisecond))
	var failed *tocos.CallError
	if !errors.As(err, &failed) || failed.IdempotencyKey != "" || attempts != 1 {
		t.Error(err, attempts)
	}
}

func TestAWebhooksSecretThatWasLostIsSaidToBeLost(t *testing.T) {
	s := start(t, "--webhooks-allow-private", "127.0.0.1")
	c := s.client()
	ctx := t.Context()
	const own = "whsec_YSBzZWNyZXQgb2YgdGhpcnR5LXR3byBieXRlcy4uLi4="
	body := tocos.WebhookRequest{URL: newReceiver(t).URL, Kinds: []string{"key"}}
	isLost := func(err error, key string) bool {
		var lost *tocos.WebhookSecretLost
		var failed *tocos.CallError
		return errors.As(err, &lost) && lost.Webhook == "lost" && errors.As(err, &failed) && failed.MayHaveBeenApplied && failed.IdempotencyKey == key
	}
	if dry, err := c.PutWebhook(ctx, "lost", body, tocos.DryRun()); err != nil || dry.Secret != "" {
		t.Error(err, dry)
	}
	made, err := c.PutWebhook(ctx, "lost", body, tocos.IdempotencyKey("webhook/lost"))
	if err != nil || made.Secret == "" {
		t.Fatal(err, made)
	}
	if _, err = c.PutWebhook(ctx, "lost", body, tocos.IdempotencyKey("webhook/lost")); !isLost(err, "webhook/lost") {
		t.Error(err)
	}
	if dry, err := c.RotateWebhookSecret(ctx, "lost", tocos.RotateSecretRequest{}, tocos.DryRun()); err != nil || dry.Secret != "" {
		t.Error(err, dry)
	}
	rotated, err := c.RotateWebhookSecret(ctx, "lost", tocos.RotateSecretRequest{}, tocos.IdempotencyKey("rotate/lost"))
	if err != nil || rotated.Secret == "" || rotated.Secret == made.Secret {
		t.Fatal(err, rotated)
	}
	if _, err = c.RotateWebhookSecret(ctx, "lost", tocos.RotateSecretRequest{}, tocos.IdempotencyKey("rotate/lost")); !isLost(err, "rotate/lost") {
		t.Error(err)
	}
	// What the caller brought can't be lost.
	if brought, err := c.RotateWebhookSecret(ctx, "lost", tocos.RotateSecretRequest{Secret: own}); err != nil || brought.Secret != "" {
		t.Error(err, brought)
	}
	body.Secret = own
	if brought, err := c.PutWebhook(ctx, "brought", body); err != nil || !brought.Created || brought.Secret != "" {
		t.Error(err, brought)
	}
	_, err = c.PutWebhook(ctx, "bad", tocos.WebhookRequest{URL: "http://10.0.0.1/"})
	var problem *tocos.Problem
	if !errors.As(err, &problem) || problem.Code != tocos.InvalidRequest || problem.Field != "url" {
		t.Error(err)
	}
}

func TestAMessageOfANewerServiceIsRead(t *testing.T) {
	message := new(tocos.WebhookMessage)
	if err := json.Unmarshal([]byte(`{"type":"moon","timestamp":"2027-01-15T08:00:00Z","data":7}`), message); err != nil || message.Type != "moon" || message.Events != nil {
		t.Error(err, message)
	}
	const secret = "whsec_YSBzZWNyZXQgb2YgdGhpcnR5LXR3byBieXRlcy4uLi4="
	header, err := tocos.SignWebhook(secret, "msg_1", time.Now(), []byte("no JSON"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (tocos.WebhookVerifier{Secrets: []string{secret}}).Read([]byte("no JSON"), header); !errors.Is(err, tocos.ErrWebhook) {
		t.Error(err)
	}
}
