package tocos_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	tocos "github.com/tocos/tocos/clients/go"
)

// operations notes which operations of the document were called.
type operations struct {
	paths  map[string]map[string]struct{ OperationID string }
	called map[string]bool
}

func newOperations(t *testing.T) *operations {
	text, err := os.ReadFile("../../crates/api/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	o := &operations{called: map[string]bool{}}
	if err := json.Unmarshal(text, &struct{ Paths any }{&o.paths}); err != nil || len(o.paths) == 0 {
		t.Fatal(err, "no paths")
	}
	return o
}

var parameter = regexp.MustCompile(`\\\{\w+\\\}`)

func (o *operations) note(attempt tocos.Attempt) {
	if attempt.Status >= 300 || attempt.Status == 0 {
		return
	}
	_, exact := o.paths[attempt.Path]
	for template, verbs := range o.paths {
		pattern := "^" + parameter.ReplaceAllString(regexp.QuoteMeta(template), "[^/]+") + "$"
		one, has := verbs[strings.ToLower(attempt.Method)]
		// /v1/keys/self is not a key.
		if has && regexp.MustCompile(pattern).MatchString(attempt.Path) && (template == attempt.Path || !exact) {
			o.called[one.OperationID] = true
		}
	}
}

func TestEveryOperation(t *testing.T) {
	noted := newOperations(t)
	s := start(t, "--test-clock")
	c := s.client(tocos.WithOnAttempt(noted.note))
	ctx := t.Context()
	run := func(name string, call func() error) {
		t.Helper()
		if err := call(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	expect := func(what string, is bool) {
		t.Helper()
		if !is {
			t.Error("not so:", what)
		}
	}

	run("users", func() error {
		made, err := c.CreateUser(ctx, tocos.CreateUserRequest{ID: "ana", Name: "Ana"})
		if err != nil {
			return err
		}
		metadata := json.RawMessage(`{"id":123456789012345678901,"plan":"pro"}`)
		odd := "auth0|5f7c 8ec7&é%"
		if _, err = c.PutUser(ctx, odd, tocos.UserRequest{Metadata: metadata}); err != nil {
			return err
		}
		user, err := c.GetUser(ctx, odd)
		if err != nil {
			return err
		}
		expect("metadata come back as they were sent", string(user.Metadata) == string(metadata))
		if _, err = c.Grant(ctx, tocos.GrantRequest{User: "ana", Coin: "toco", Amount: 10}); err != nil {
			return err
		}
		before, err := c.GetUserAt(ctx, "ana", made.At.Format(time.RFC3339Nano))
		if err != nil {
			return err
		}
		expect("no coins before the grant", len(before.Coins) == 0 || before.Coins["toco"] == 10)
		found, err := c.ListUsers(tocos.UsersQuery{ID: []string{"nobody", odd, "ana"}}).Collect(ctx)
		if err != nil {
			return err
		}
		expect("users are found by id", len(found) == 2 && found[0].ID == odd)
		_, err = c.CloseUser(ctx, odd, tocos.NoteRequest{})
		if err != nil {
			return err
		}
		_, err = c.CloseUser(ctx, "nobody", tocos.NoteRequest{})
		expect("user_not_found", errors.Is(err, tocos.UserNotFound))
		for _, part := range []string{"", ".", ".."} {
			_, err = c.CloseUser(ctx, part, tocos.NoteRequest{})
			expect("no other route is reached by "+part, err != nil && strings.Contains(err.Error(), "part of a path"))
		}
		return nil
	})
	run("coins", func() error {
		_, err := c.PutCoin(ctx, "gem", tocos.CoinRequest{Decimals: tocos.Ptr[int64](2)})
		_, err2 := c.PutUser(ctx, "carl", tocos.UserRequest{})
		_, err3 := c.SetCoinThresholds(ctx, "gem", tocos.ThresholdsRequest{Thresholds: []int64{5}})
		_, err4 := c.SetCoinThresholds(ctx, "gem", tocos.ThresholdsRequest{Thresholds: []int64{}})
		_, err5 := c.SetCoinSpendLimit(ctx, "gem", tocos.SpendLimitRequest{Amount: tocos.Ptr[int64](100), Per: "day"})
		coin, err6 := c.GetCoin(ctx, "gem")
		if err := errors.Join(err, err2, err3, err4, err5, err6); err != nil {
			return err
		}
		expect("the coin has a limit and no thresholds", coin.SpendLimit.Amount == 100 && len(coin.Thresholds) == 0)
		_, err = c.SetLimits(ctx, "carl", "gem", tocos.LimitsRequest{Floor: tocos.Ptr[int64](-10), Ceiling: tocos.Ptr[int64](500)})
		_, err2 = c.SetSpendLimit(ctx, "carl", "gem", tocos.SpendLimitRequest{Amount: tocos.Ptr[int64](8), Hours: tocos.Ptr[int64](2)})
		_, err3 = c.SetThresholds(ctx, "carl", "gem", tocos.ThresholdsRequest{Thresholds: []int64{1, 2}})
		_, err4 = c.Grant(ctx, tocos.GrantRequest{User: "carl", Coin: "gem", Amount: 3})
		if err := errors.Join(err, err2, err3, err4); err != nil {
			return err
		}
		_, err = c.Spend(ctx, tocos.SpendRequest{User: "carl", Coin: "gem", Amount: 9})
		var problem *tocos.Problem
		expect("the limit holds", errors.As(err, &problem) && problem.Code == tocos.SpendLimitReached && problem.Left == 8)
		_, err = c.SetSpendLimit(ctx, "carl", "gem", tocos.SpendLimitRequest{})
		spend, err2 := c.Spend(ctx, tocos.SpendRequest{User: "carl", Coin: "gem", Amount: 9})
		coins, err3 := c.ListCoins(ctx)
		if err := errors.Join(err, err2, err3); err != nil {
			return err
		}
		expect("debt", spend.Balances["carl"].Total == -6 && len(coins) == 2)
		return nil
	})
	run("grants, spends, transfers, reversals, events, history", func() error {
		_, err := c.PutUser(ctx, "dora", tocos.UserRequest{})
		_, err2 := c.PutUser(ctx, "emil", tocos.UserRequest{})
		expires := time.Now().Add(100 * 24 * time.Hour)
		grant, err3 := c.Grant(ctx, tocos.GrantRequest{User: "dora", Coin: "toco", Amount: 100, ExpiresAt: expires, Reference: "order 17"})
		_, err4 := c.Transfer(ctx, tocos.TransferRequest{From: "dora", To: "emil", Coin: "toco", Amount: 20})
		spend, err5 := c.Spend(ctx, tocos.SpendRequest{User: "dora", Coin: "toco", Amount: 30})
		if err := errors.Join(err, err2, err3, err4, err5); err != nil {
			return err
		}
		expect("times keep their microseconds", grant.ExpiresAt.Equal(expires.Truncate(time.Microsecond)))
		_, err = c.Reverse(ctx, spend.Event, tocos.ReverseRequest{Amount: tocos.Ptr[int64](10)})
		where, err2 := c.GetGrant(ctx, grant.Event)
		uses, err3 := c.GrantUses(grant.Event, tocos.GrantUsesQuery{Limit: 1}).Collect(ctx)
		found, err4 := c.ListEvents(tocos.EventsQuery{Reference: "order 17"}).Collect(ctx)
		event, err5 := c.GetEvent(ctx, grant.Event)
		history, err6 := c.History("dora", tocos.HistoryQuery{Limit: 2}).Collect(ctx)
		if err := errors.Join(err, err2, err3, err4, err5, err6); err != nil {
			return err
		}
		expect("where the coins are", *where.Left == 60 && *where.Spent == 20 && *where.MovedOn == 20 && len(uses) == 3)
		value, err := event.Value()
		expect("an event by its kind", err == nil && value.(*tocos.GrantEvent).Amount == 100 && len(found) == 1 && string(found[0].Raw) == string(event.Raw))
		expect("history", len(history) == 4 && history[0].Kind == "reverse" && history[3].Balance.Total == 100)
		return nil
	})
	run("holds", func() error {
		_, err := c.PutUser(ctx, "finn", tocos.UserRequest{})
		_, err2 := c.Grant(ctx, tocos.GrantRequest{User: "finn", Coin: "toco", Amount: 50})
		hold, err3 := c.CreateHold(ctx, tocos.HoldRequest{User: "finn", Coin: "toco", Amount: 40, TimeoutS: tocos.Ptr[int64](60)})
		if err := errors.Join(err, err2, err3); err != nil {
			return err
		}
		_, err = c.ExtendHold(ctx, hold.ID, tocos.ExtendRequest{ExpiresAt: hold.ExpiresAt.Add(time.Hour)})
		one, err2 := c.GetHold(ctx, hold.ID)
		open, err3 := c.ListHolds(tocos.HoldsQuery{User: "finn"}).Collect(ctx)
		part, err4 := c.CaptureHold(ctx, hold.ID, tocos.CaptureRequest{Amount: tocos.Ptr[int64](5), Final: tocos.Ptr(false)})
		rest, err5 := c.ReleaseHold(ctx, hold.ID, tocos.NoteRequest{})
		if err := errors.Join(err, err2, err3, err4, err5); err != nil {
			return err
		}
		expect("a hold", len(open) == 1 && open[0].ID == one.ID && part.Held == 35 && rest.Amount == 35)
		return nil
	})
	run("schedules", func() error {
		_, err := c.PutUser(ctx, "gina", tocos.UserRequest{})
		_, err2 := c.PutSchedule(ctx, "plan:gina", tocos.ScheduleRequest{User: "gina", Coin: "toco", Amount: 7, EveryDays: tocos.Ptr[int64](1)})
		preview, err3 := c.PreviewSchedule(ctx, "plan:gina", 3)
		_, err4 := c.AdvanceTestClock(ctx, 48*time.Hour)
		user, err5 := c.GetUser(ctx, "gina")
		if err := errors.Join(err, err2, err3, err4, err5); err != nil {
			return err
		}
		expect("it grants by itself", len(preview.Occurrences) == 3 && user.Coins["toco"] >= 14)
		_, err = c.PauseSchedule(ctx, "plan:gina", tocos.NoteRequest{})
		_, err2 = c.ResumeSchedule(ctx, "plan:gina", tocos.NoteRequest{Reference: "back again"})
		_, err3 = c.GetSchedule(ctx, "plan:gina")
		all, err4 := c.ListSchedules(tocos.SchedulesQuery{User: "gina"}).Collect(ctx)
		_, err5 = c.DeleteSchedule(ctx, "plan:gina")
		_, gone := c.GetSchedule(ctx, "plan:gina")
		expect("it is gone", errors.Is(gone, tocos.ScheduleNotFound) && len(all) == 1)
		return errors.Join(err, err2, err3, err4, err5)
	})
	run("batches", func() error {
		result, err := c.Batch(ctx, []tocos.Operation{
			tocos.BatchUser{User: "hans"},
			tocos.BatchGrant{User: "hans", Coin: "toco", Amount: 9},
			tocos.BatchSpend{User: "nobody", Coin: "toco", Amount: 1},
		}, tocos.BatchOptions{AllResults: true})
		if err != nil {
			return err
		}
		refusal := result.Results[2].Problem
		expect("what was applied and refused", result.Applied == 2 && result.Refused == 1 && result.Results[1].Event.Kind == "grant" && refusal.Code == tocos.UserNotFound && *refusal.Operation == 2)
		_, err = c.Batch(ctx, []tocos.Operation{
			tocos.BatchSpend{User: "hans", Coin: "toco", Amount: 9}, tocos.BatchSpend{User: "hans", Coin: "toco", Amount: 1},
		}, tocos.BatchOptions{Atomic: true})
		var problem *tocos.Problem
		expect("an atomic one is refused as a whole", errors.As(err, &problem) && problem.Code == tocos.InsufficientFunds && *problem.Operation == 1)
		return nil
	})
	run("keys", func() error {
		key, err := c.CreateKey(ctx, tocos.KeyRequest{Name: "shop", Right: "read"}, tocos.IdempotencyKey("key/shop"))
		if err != nil {
			return err
		}
		own, err := s.client(tocos.WithAPIKey(key.Secret), tocos.WithOnAttempt(noted.note)).GetOwnKey(ctx)
		if err != nil {
			return err
		}
		_, err = c.CreateKey(ctx, tocos.KeyRequest{Name: "shop", Right: "read"}, tocos.IdempotencyKey("key/shop"))
		var lost *tocos.KeySecretLost
		expect("a lost secret is said to be lost", errors.As(err, &lost) && lost.KeyID == key.ID && *own.ID == key.ID)
		dry, err := c.CreateKey(ctx, tocos.KeyRequest{Name: "none", Right: "read"}, tocos.DryRun())
		expect("a dry run has none", err == nil && dry.Secret == "")
		all, err := c.ListKeys(ctx)
		_, err2 := c.RevokeKey(ctx, key.ID, tocos.NoteRequest{})
		_, refused := s.client(tocos.WithAPIKey(key.Secret)).GetOwnKey(ctx)
		expect("it is revoked", errors.Is(refused, tocos.Unauthenticated) && len(all) == 2)
		return errors.Join(err, err2)
	})
	run("the liability report", func() error {
		_, err := c.PutCoin(ctx, "big", tocos.CoinRequest{})
		for range 2 {
			grant, err := c.Grant(ctx, tocos.GrantRequest{User: "ana", Coin: "big", Amount: 1<<53 - 1})
			if err != nil {
				return err
			}
			if _, err = c.Reverse(ctx, grant.Event, tocos.ReverseRequest{}); err != nil {
				return err
			}
		}
		report, err2 := c.Liability(ctx, tocos.LiabilityQuery{Coin: "big", By: "category"})
		if err := errors.Join(err, err2); err != nil {
			return err
		}
		expect("sums beyond 2^53", report.Totals.Granted == 2*(1<<53-1) && report.Check.Equal && report.Rows[0].Category == "paid" && report.Rows[0].Reversed == -report.Totals.Granted)
		return nil
	})
	run("the service", func() error {
		version, err := c.GetVersion(ctx)
		document, err2 := c.GetOpenAPI(ctx)
		status, err3 := c.GetStatus(ctx)
		_, err4 := c.GetClock(ctx)
		cluster, err5 := c.GetCluster(ctx)
		if err := errors.Join(err, err2, err3, err4, err5); err != nil {
			return err
		}
		expect("what it is", version.Name == "tocos" && json.Valid(document) && status.OpenHolds == 0 && cluster.Role == "alone")
		// What only a group and an implausible clock take: the service knows the operations and refuses them.
		for name, call := range map[string]func() error{
			"post_v1_cluster_handover": func() error { _, err := c.HandOver(ctx); return err },
			"post_v1_clock_accept":     func() error { _, err := c.AcceptClock(ctx, tocos.AcceptClockRequest{}); return err },
		} {
			var problem *tocos.Problem
			if err := call(); err != nil && (!errors.As(err, &problem) || problem.Code == tocos.NotFound || problem.Code == tocos.MethodNotAllowed) {
				return err
			}
			noted.called[name] = true
		}
		return nil
	})
	useWebhooks(t, noted)

	for _, verbs := range noted.paths {
		for _, one := range verbs {
			// get_docs is a page for people.
			if !noted.called[one.OperationID] && one.OperationID != "get_docs" {
				t.Errorf("the operation %s is left out", one.OperationID)
			}
		}
	}
}

func TestThereIsACodeForEachOfTheService(t *testing.T) {
	source, err := os.ReadFile("../../crates/api/src/rendering/code.rs")
	if err != nil {
		t.Fatal(err)
	}
	var known, ours []string
	for _, found := range regexp.MustCompile(`\("([a-z_]+)", StatusCode::`).FindAllStringSubmatch(string(source), -1) {
		known = append(known, found[1])
	}
	for _, code := range tocos.Codes {
		ours = append(ours, string(code))
	}
	slices.Sort(known)
	slices.Sort(ours)
	if len(known) < 30 || !slices.Equal(known, ours) {
		t.Errorf("the service has %v, the client %v", known, ours)
	}
	table, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range known {
		if !strings.Contains(string(table), "`"+code+"`") {
			t.Errorf("docs/api.md does not list %s", code)
		}
	}
}

func TestAnAddressThatIsNoneIsRefused(t *testing.T) {
	for _, address := range []string{"", "localhost:8080", "ftp://a", "http://a?b", "http://u:p@a", "http://a#b", "http:///x"} {
		if _, err := tocos.New(address); err == nil {
			t.Error(address)
		}
	}
}

func TestAKeyDoesNotFollowARedirect(t *testing.T) {
	s := start(t)
	elsewhere := newProxy(t, s.url)
	redirect := newProxy(t, s.url)
	redirect.Config.Handler = http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect)
	_, err := clientOf(t, redirect.URL, tocos.WithAPIKey(s.apiKey)).GetVersion(t.Context())
	var unexpected *tocos.UnexpectedResponse
	if !errors.As(err, &unexpected) || unexpected.Status != 307 || len(elsewhere.requests()) > 0 {
		t.Error(err)
	}
}
