package tocos_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	tocos "github.com/tocos/tocos/clients/go"
)

// world is a ledger behind a bad network, with a user who has 1,000 coins.
type world struct {
	*testing.T
	service *service
	proxy   *proxy
	// direct sees the ledger without faults.
	direct *tocos.Client
	tocos  *tocos.Client
}

func newWorld(t *testing.T, options ...tocos.Option) *world {
	s := start(t)
	w := &world{T: t, service: s, proxy: newProxy(t, s.url), direct: s.client()}
	w.tocos = w.through(options...)
	w.user("ana")
	return w
}

func (w *world) through(options ...tocos.Option) *tocos.Client {
	return clientOf(w.T, w.proxy.URL, append([]tocos.Option{tocos.WithAPIKey(w.service.apiKey), tocos.WithAttemptTimeout(200 * time.Millisecond),
		tocos.WithBackoff(5*time.Millisecond, 20*time.Millisecond), tocos.WithTimeout(20 * time.Second)}, options...)...)
}

func (w *world) user(name string) {
	w.Helper()
	_, err := w.direct.PutUser(w.Context(), name, tocos.UserRequest{})
	w.must(err)
	_, err = w.direct.Grant(w.Context(), tocos.GrantRequest{User: name, Coin: "toco", Amount: 1_000})
	w.must(err)
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) has(name string, expected int64) {
	w.Helper()
	user, err := w.direct.GetUser(w.Context(), name)
	w.must(err)
	if total := user.Coins["toco"]; total != expected {
		w.Fatalf("%s has %d and should have %d", name, total, expected)
	}
}

func keys(requests []seen) map[string]bool {
	all := map[string]bool{}
	for _, request := range requests {
		all[request.key] = true
	}
	return all
}

var ten = tocos.SpendRequest{User: "ana", Coin: "toco", Amount: 10}

func TestASpendThatMeetsAFaultIsAppliedOnceUnderOneKey(t *testing.T) {
	w := newWorld(t)
	total := int64(1_000)
	for _, what := range []fault{lost, cut, half, slow, is502, is503, is429, refused} {
		w.proxy.script(what, what)
		event, err := w.tocos.Spend(t.Context(), ten)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		total -= 10
		w.has("ana", total)
		if event.Balances["ana"].Total != total {
			t.Errorf("%s: the response says %d", what, event.Balances["ana"].Total)
		}
		requests := w.proxy.requests()
		if len(requests) != 3 || len(keys(requests)) != 1 || len(requests[0].key) != 32 {
			t.Errorf("%s: %+v", what, requests)
		}
	}
}

func TestAKeyOfTheCallersOwnMakesASecondCallHarmless(t *testing.T) {
	w := newWorld(t)
	w.proxy.script(cut)
	first, err := w.tocos.Spend(t.Context(), ten, tocos.IdempotencyKey("order 1"))
	w.must(err)
	second, err := w.tocos.Spend(t.Context(), ten, tocos.IdempotencyKey("order 1"))
	w.must(err)
	if first.Event != second.Event || !keys(w.proxy.requests())["order 1"] || len(keys(w.proxy.requests())) != 1 {
		t.Error(first.Event, second.Event, w.proxy.requests())
	}
	w.has("ana", 990)
	_, err = w.tocos.Spend(t.Context(), ten, tocos.IdempotencyKey("order "))
	if err == nil || len(w.proxy.requests()) != 3 {
		t.Error("a key that HTTP would change was sent")
	}
}

func TestARefusalIsNotSentAgain(t *testing.T) {
	w := newWorld(t)
	_, err := w.tocos.Spend(t.Context(), tocos.SpendRequest{User: "ana", Coin: "toco", Amount: 5_000})
	var problem *tocos.Problem
	var failure *tocos.CallError
	if !errors.Is(err, tocos.InsufficientFunds) || !errors.As(err, &problem) || problem.Available != 1_000 || problem.Needed != 5_000 || problem.RequestID == "" {
		t.Error(err)
	}
	if !errors.As(err, &failure) || failure.Attempts != 1 || failure.MayHaveBeenApplied || failure.IdempotencyKey == "" {
		t.Errorf("%+v", failure)
	}
	w.proxy.script(cut)
	_, err = w.tocos.Spend(t.Context(), tocos.SpendRequest{User: "ana", Coin: "toco", Amount: 5_000})
	if !errors.As(err, &failure) || failure.Attempts != 2 || failure.MayHaveBeenApplied {
		t.Errorf("%+v", failure)
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	w := newWorld(t)
	w.proxy.script(refused)
	_, err := w.tocos.Spend(t.Context(), ten)
	w.must(err)
	requests := w.proxy.requests()
	if pause := requests[1].at.Sub(requests[0].at); pause < time.Second {
		t.Error(pause)
	}
	w.proxy.script(refused)
	_, err = w.tocos.Spend(t.Context(), ten, tocos.Timeout(900*time.Millisecond))
	var unexpected *tocos.UnexpectedResponse
	if !errors.As(err, &unexpected) || unexpected.Status != 503 || len(w.proxy.requests()) != 1 {
		t.Error(err)
	}
}

func TestTheDeadlineEndsTheRetriesAndTheErrorHasTheKey(t *testing.T) {
	w := newWorld(t)
	w.proxy.faults(func() fault { return cut })
	started := time.Now()
	_, err := w.tocos.Spend(t.Context(), ten, tocos.Timeout(300*time.Millisecond))
	var failure *tocos.CallError
	if !errors.As(err, &failure) || !failure.MayHaveBeenApplied || time.Since(started) > time.Second || failure.Attempts < 3 {
		t.Fatalf("%+v", failure)
	}
	found, err := w.direct.ListEvents(tocos.EventsQuery{IdempotencyKey: failure.IdempotencyKey}).Collect(t.Context())
	w.must(err)
	if len(found) != 1 || found[0].Kind != "spend" {
		t.Error(found)
	}
	w.proxy.script(slow)
	_, err = w.tocos.Spend(t.Context(), ten, tocos.Timeout(100*time.Millisecond))
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	w.proxy.faults(func() fault { return lost })
	_, err = w.through(tocos.WithMaxRetries(2)).Spend(t.Context(), ten)
	if !errors.As(err, &failure) || failure.Attempts != 3 {
		t.Errorf("%+v", failure)
	}
}

func TestAContextEndsACallAlsoAmidAPause(t *testing.T) {
	w := newWorld(t)
	for _, what := range []fault{refused, slow} {
		w.proxy.script(what)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond, cancel)
		started := time.Now()
		_, err := w.tocos.Spend(ctx, ten)
		if !errors.Is(err, context.Canceled) || time.Since(started) > 300*time.Millisecond {
			t.Error(what, err, time.Since(started))
		}
		if _, err = w.tocos.Spend(ctx, ten); !errors.Is(err, context.Canceled) || len(w.proxy.requests()) != 1 {
			t.Error(err)
		}
	}
}

func TestAServiceThatIsNotThereWasNotReached(t *testing.T) {
	w := newWorld(t)
	gone := newProxy(t, w.service.url)
	gone.Close()
	_, err := clientOf(t, gone.URL, tocos.WithTimeout(100*time.Millisecond)).Spend(t.Context(), ten)
	var failure *tocos.CallError
	if !errors.As(err, &failure) || failure.MayHaveBeenApplied {
		t.Errorf("%+v", failure)
	}
}

func TestReadsAndDryRunsAreSentAgainWithoutAKey(t *testing.T) {
	w := newWorld(t)
	w.proxy.script(cut, is503, half)
	_, err := w.tocos.GetUser(t.Context(), "ana")
	w.must(err)
	w.proxy.script(cut, half)
	would, err := w.tocos.Spend(t.Context(), ten, tocos.DryRun())
	w.must(err)
	if would.Balances["ana"].Total != 990 || len(keys(w.proxy.requests())) != 1 || !keys(w.proxy.requests())[""] {
		t.Error(w.proxy.requests())
	}
	w.has("ana", 1_000)
}

func TestAWriteThatTakesNoKeyIsNotSentAgainAfterACut(t *testing.T) {
	s := start(t, "--test-clock")
	p := newProxy(t, s.url)
	client := clientOf(t, p.URL, tocos.WithAPIKey(s.apiKey))
	before, err := client.GetClock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p.script(cut)
	_, err = client.AdvanceTestClock(t.Context(), time.Minute)
	var failure *tocos.CallError
	if !errors.As(err, &failure) || failure.Attempts != 1 || !failure.MayHaveBeenApplied {
		t.Errorf("%+v", failure)
	}
	after, err := client.GetClock(t.Context())
	if err != nil || after.SystemTime.Sub(before.SystemTime) != time.Minute {
		t.Error(err, before, after)
	}
}

func TestABatchThatIsCutOffIsAppliedOnce(t *testing.T) {
	w := newWorld(t)
	for _, atomically := range []bool{false, true} {
		w.proxy.script(cut, half)
		var operations []tocos.Operation
		for amount := range int64(3) {
			operations = append(operations, tocos.BatchSpend{User: "ana", Coin: "toco", Amount: amount + 1})
		}
		result, err := w.tocos.Batch(t.Context(), operations, tocos.BatchOptions{Atomic: atomically})
		w.must(err)
		if result.Applied+result.Replayed != 3 {
			t.Errorf("%+v", result)
		}
	}
	w.has("ana", 1_000-12)
}

func TestThroughRandomFaultsNothingIsLostAndNothingIsDoneTwice(t *testing.T) {
	w := newWorld(t)
	w.user("shop")
	seed := uint64(time.Now().UnixNano() % 1_000_000)
	if given, err := strconv.ParseUint(os.Getenv("TOCOS_SEED"), 10, 64); err == nil {
		seed = given
	}
	fmt.Println("TOCOS_SEED =", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	faults := []fault{lost, cut, half, slow, is502, is503, is429}
	w.proxy.faults(func() fault {
		if random.IntN(2) == 0 {
			return pass
		}
		return faults[random.IntN(len(faults))]
	})
	var left, spent, moved atomic.Int64
	left.Store(120)
	var group sync.WaitGroup
	for range 4 {
		group.Add(1)
		go func() {
			defer group.Done()
			for number := left.Add(-1); number >= 0; number = left.Add(-1) {
				amount := 1 + number%5
				var err error
				switch number % 3 {
				case 0:
					_, err = w.tocos.Transfer(t.Context(), tocos.TransferRequest{From: "ana", To: "shop", Coin: "toco", Amount: amount})
					moved.Add(amount)
				case 1:
					_, err = w.tocos.Spend(t.Context(), tocos.SpendRequest{User: "ana", Coin: "toco", Amount: amount})
					spent.Add(amount)
				default:
					err = w.tocos.WithHold(t.Context(), tocos.HoldRequest{User: "ana", Coin: "toco", Amount: amount + 5}, func(hold *tocos.OpenHold) error {
						_, err := hold.Capture(t.Context(), amount)
						return err
					})
					spent.Add(amount)
				}
				if err != nil {
					t.Error(err)
				}
			}
		}()
	}
	group.Wait()
	w.has("ana", 1_000-spent.Load()-moved.Load())
	w.has("shop", 1_000+moved.Load())
	if open, err := w.direct.ListHolds(tocos.HoldsQuery{}).Collect(t.Context()); err != nil || len(open) > 0 {
		t.Error(err, open)
	}
	if count := len(w.proxy.requests()); count < 200 {
		t.Error(count)
	}
}

func TestACallOutlivesARestartOfTheService(t *testing.T) {
	w := newWorld(t)
	w.service.end(syscall.SIGKILL)
	done := make(chan error)
	go func() {
		_, err := w.tocos.Spend(t.Context(), ten)
		done <- err
	}()
	time.Sleep(200 * time.Millisecond)
	w.service.run()
	w.must(<-done)
	w.has("ana", 990)
}
