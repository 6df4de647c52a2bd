package tocos_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	tocos "github.com/tocos/tocos/clients/go"
)

var reserve = tocos.HoldRequest{User: "ana", Coin: "toco", Amount: 400}

func (w *world) hasFree(total int64) {
	w.Helper()
	user, err := w.direct.GetUser(w.Context(), "ana")
	w.must(err)
	if account := user.Accounts[0]; account.Total != total || account.Held != 0 {
		w.Fatalf("%+v", account)
	}
}

func TestAHoldIsReleasedUnlessItIsCaptured(t *testing.T) {
	w := newWorld(t)
	failure := errors.New("the model is overloaded")
	err := w.tocos.WithHold(t.Context(), reserve, func(hold *tocos.OpenHold) error {
		_, err := hold.Capture(t.Context(), 137)
		return err
	})
	w.must(err)
	w.hasFree(863)
	for _, request := range w.proxy.requests() {
		if strings.HasSuffix(request.path, "/release") {
			t.Error("what was captured was released")
		}
	}
	if err := w.tocos.WithHold(t.Context(), reserve, func(*tocos.OpenHold) error { return failure }); err != failure {
		t.Error(err)
	}
	w.hasFree(863)
	w.must(w.tocos.WithHold(t.Context(), reserve, func(*tocos.OpenHold) error { return nil }))
	w.hasFree(863)
	func() {
		defer func() { _ = recover() }()
		_ = w.tocos.WithHold(t.Context(), reserve, func(*tocos.OpenHold) error { panic("no") })
	}()
	w.hasFree(863)
	w.must(w.tocos.WithHold(t.Context(), reserve, func(hold *tocos.OpenHold) error {
		_, err := hold.CaptureWith(t.Context(), tocos.CaptureRequest{Amount: tocos.Ptr[int64](3), Final: tocos.Ptr(false)})
		_, dry := hold.Capture(t.Context(), 5, tocos.DryRun())
		return errors.Join(err, dry)
	}))
	w.hasFree(860)
	w.must(w.tocos.WithHold(t.Context(), reserve, func(hold *tocos.OpenHold) error {
		_, err := w.direct.CaptureHold(t.Context(), hold.ID(), tocos.CaptureRequest{Amount: tocos.Ptr[int64](10)})
		return err
	}))
	w.hasFree(850)
}

func TestACaptureOfNothingDoesNotTakeEverything(t *testing.T) {
	w := newWorld(t)
	err := w.tocos.WithHold(t.Context(), reserve, func(hold *tocos.OpenHold) error {
		_, err := hold.Capture(t.Context(), 0)
		return err
	})
	if !errors.Is(err, tocos.InvalidRequest) {
		t.Error(err)
	}
	w.hasFree(1_000)
}

func TestAHoldIsReleasedAlsoWhenItsWorkIsCancelled(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	work := func() error {
		hold, err := w.tocos.Hold(ctx, reserve)
		if err != nil {
			return err
		}
		defer hold.Release(ctx)
		if _, err = hold.Extend(ctx, tocos.ExtendRequest{ExpiresAt: time.Now().Add(2 * time.Hour)}); err != nil {
			return err
		}
		cancel()
		_, err = hold.Capture(ctx, 1)
		return err
	}
	if err := work(); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	w.hasFree(1_000)
}

func TestHoldCaptureAndReleaseAreEachDoneOnceOnABadNetwork(t *testing.T) {
	w := newWorld(t)
	w.proxy.script(cut, half, pass, cut, is503, pass)
	w.must(w.tocos.WithHold(t.Context(), reserve, func(hold *tocos.OpenHold) error {
		_, err := hold.Capture(t.Context(), 30)
		return err
	}))
	w.proxy.script(pass, cut, half)
	w.must(w.tocos.WithHold(t.Context(), reserve, func(*tocos.OpenHold) error { return nil }))
	w.hasFree(970)
}

func TestTheFeedGoesOnThroughBreaksAndARestart(t *testing.T) {
	w := newWorld(t)
	faults := []fault{cut, half, is503, lost, pass}
	asked := 0
	w.proxy.faults(func() fault { asked++; return faults[asked%len(faults)] })
	grant := func() int64 {
		event, err := w.direct.Grant(t.Context(), tocos.GrantRequest{User: "ana", Coin: "toco", Amount: 1})
		w.must(err)
		return event.Event
	}
	first := grant()
	done := make(chan []int64)
	go func() {
		var numbers []int64
		for event, err := range w.tocos.Follow(t.Context(), tocos.FollowOptions{After: first - 1, Wait: time.Second}) {
			if err != nil {
				t.Error(err)
				break
			}
			if numbers = append(numbers, event.Event); len(numbers) == 61 {
				break
			}
		}
		done <- numbers
	}()
	for range 30 {
		grant()
	}
	w.service.end(syscall.SIGKILL)
	w.service.run()
	for range 30 {
		grant()
	}
	for at, number := range <-done {
		if number != first+int64(at) {
			t.Fatal(at, number)
		}
	}
}

func TestTheFeedBeginsWithWhatComesNextAndEndsWithItsContext(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	time.AfterFunc(200*time.Millisecond, func() { _, _ = w.direct.PutUser(t.Context(), "bob", tocos.UserRequest{}) })
	var kinds []string
	for event, err := range w.tocos.Follow(ctx, tocos.FollowOptions{Latest: true, Wait: 5 * time.Second}) {
		if err != nil {
			if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			break
		}
		kinds = append(kinds, event.Kind)
		cancel()
	}
	if len(kinds) != 1 || kinds[0] != "user" {
		t.Error(kinds)
	}
	for _, err := range w.tocos.Follow(t.Context(), tocos.FollowOptions{After: -1}) {
		if !errors.Is(err, tocos.InvalidRequest) {
			t.Error(err)
		}
	}
}

func TestListsGoPageByPageAndStopWhereTheLoopDoes(t *testing.T) {
	w := newWorld(t)
	var operations []tocos.Operation
	for at := range 25 {
		operations = append(operations, tocos.BatchUser{User: "member" + string(rune('a'+at))})
	}
	_, err := w.direct.Batch(t.Context(), operations, tocos.BatchOptions{})
	w.must(err)
	faults := []fault{cut, pass}
	asked := 0
	w.proxy.faults(func() fault { asked++; return faults[asked%2] })
	list := w.tocos.ListUsers(tocos.UsersQuery{Prefix: "member", Limit: 10})
	for range 2 {
		all, err := list.Collect(t.Context())
		w.must(err)
		if len(all) != 25 || all[0].ID != "membera" || all[24].ID != "membery" {
			t.Error(all)
		}
	}
	w.proxy.script()
	for user, err := range list.All(t.Context()) {
		w.must(err)
		if user.ID == "memberc" {
			break
		}
	}
	if len(w.proxy.requests()) != 1 {
		t.Error(w.proxy.requests())
	}
	page, err := list.Page(t.Context())
	w.must(err)
	next, err := w.tocos.ListUsers(tocos.UsersQuery{Prefix: "member", Limit: 10, Cursor: page.Next}).Page(t.Context())
	w.must(err)
	if page.Items[0].ID != "membera" || next.Items[0].ID <= page.Items[len(page.Items)-1].ID {
		t.Error(page, next)
	}
	events, err := w.tocos.ListEvents(tocos.EventsQuery{Limit: 7}).Collect(t.Context())
	w.must(err)
	for at, event := range events {
		if event.Event != int64(at)+1 {
			t.Fatal(at, event)
		}
	}
}

func TestReadsWaitForWhatWasWritten(t *testing.T) {
	w := newWorld(t)
	client := w.service.client(tocos.WithReadYourWrites(), tocos.WithMaxRetries(0))
	event, err := client.Spend(t.Context(), ten)
	w.must(err)
	_, err = client.GetUser(t.Context(), "ana")
	w.must(err)
	_, err = client.GetUser(t.Context(), "ana", tocos.MinEvent(event.Event+1_000))
	var problem *tocos.Problem
	if client.LastEvent() != event.Event || !errors.As(err, &problem) || problem.Code != tocos.Behind || problem.MinEvent != event.Event+1_000 {
		t.Error(err)
	}
}

func TestWebhooks(t *testing.T) {
	const secret = "whsec_YSBzZWNyZXQgb2YgdGhpcnR5LXR3byBieXRlcy4uLi4="
	body := []byte(`{"event":7,"user":"Бобан"}`)
	at := time.Unix(1_800_000_000, 0)
	header, err := tocos.SignWebhook(secret, "msg_1", at, body)
	// Made by the library of Standard Webhooks for JavaScript.
	if err != nil || header.Get("Webhook-Signature") != "v1,lDMPyS53M0Ebl7Pd1qAEk/O47eikGmFak20FDdD+HU0=" {
		t.Fatal(err, header)
	}
	other := "whsec_YW5vdGhlcg=="
	check := tocos.WebhookVerifier{Secrets: []string{other, secret}, Now: func() time.Time { return at.Add(299 * time.Second) }}
	if err := check.Verify(body, header); err != nil {
		t.Error(err)
	}
	several := header.Clone()
	several.Set("Webhook-Signature", "v1,AAAA v1a,x "+header.Get("Webhook-Signature"))
	if err := check.Verify(body, several); err != nil {
		t.Error(err)
	}
	changed := func(name, value string) http.Header {
		changed := header.Clone()
		changed.Set(name, value)
		return changed
	}
	for name, wrong := range map[string]func() error{
		"another body":   func() error { return check.Verify([]byte(`{}`), header) },
		"another id":     func() error { return check.Verify(body, changed("Webhook-Id", "msg_2")) },
		"another time":   func() error { return check.Verify(body, changed("Webhook-Timestamp", "1800000001")) },
		"no time":        func() error { return check.Verify(body, changed("Webhook-Timestamp", "soon")) },
		"no base64":      func() error { return check.Verify(body, changed("Webhook-Signature", "v1,%%%")) },
		"nothing signed": func() error { return check.Verify(body, changed("Webhook-Signature", "v1,")) },
		"no signature":   func() error { return check.Verify(body, http.Header{}) },
		"another secret": func() error {
			return tocos.WebhookVerifier{Secrets: []string{other}, Now: check.Now}.Verify(body, header)
		},
		"too old": func() error {
			return tocos.WebhookVerifier{Secrets: check.Secrets, Now: func() time.Time { return at.Add(301 * time.Second) }}.Verify(body, header)
		},
		"from the future": func() error {
			return tocos.WebhookVerifier{Secrets: check.Secrets, Now: func() time.Time { return at.Add(-301 * time.Second) }}.Verify(body, header)
		},
	} {
		if err := wrong(); !errors.Is(err, tocos.ErrWebhook) {
			t.Error(name, err)
		}
	}
	if err := (tocos.WebhookVerifier{Secrets: []string{"abc"}, Now: check.Now}).Verify(body, header); err == nil || errors.Is(err, tocos.ErrWebhook) {
		t.Error("a secret of another form is a mistake of the caller", err)
	}
}

func TestTheProgramOfTheReadmeDoesWhatItSays(t *testing.T) {
	s := start(t)
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```go\n(package main.*?)```").FindSubmatch(readme)
	if block == nil {
		t.Fatal("the README has no program")
	}
	// A module that uses this one.
	folder := t.TempDir()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	const module = "github.com/tocos/tocos/clients/go"
	manifest := "module tour\n\ngo 1.24\n\nrequire " + module + " v0.0.0\n\nreplace " + module + " => " + here + "\n"
	for name, text := range map[string]string{"main.go": string(block[1]), "go.mod": manifest} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.Command("go", "run", ".")
	command.Dir = folder
	command.Env = append(os.Environ(), "TOCOS_URL="+s.url, "TOCOS_API_KEY="+s.apiKey)
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var expected []string
	for _, found := range regexp.MustCompile(`(?m)fmt\.Println\(.*\) // (.*)$`).FindAllSubmatch(block[1], -1) {
		expected = append(expected, strings.Split(string(found[1]), " | ")...)
	}
	if printed := strings.TrimSpace(string(output)); len(expected) < 5 || printed != strings.Join(expected, "\n") {
		t.Errorf("printed:\n%s\nexpected:\n%s", printed, strings.Join(expected, "\n"))
	}
}
