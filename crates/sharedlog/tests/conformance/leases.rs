use std::sync::Arc;
use std::time::Duration;

use tocos_sharedlog::{Candidate, SharedLog};
use tokio::time::{Instant, sleep};

use super::Subject;

/// Long enough for what happens meanwhile, also on a slow machine.
const LONG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(1200);

fn candidate(node: &str, duration: Duration) -> Candidate {
    Candidate { node: node.to_owned(), url: format!("http://{node}"), duration, epoch_seen: 0 }
}

/// Takes it as soon as possible; gives the epoch.
async fn take_when_possible(log: &Arc<dyn SharedLog>, node: &str) -> u64 {
    for _ in 0..500 {
        if let Some(epoch) = log.take_lease(&candidate(node, LONG)).await.unwrap() {
            return epoch;
        }
        sleep(Duration::from_millis(20)).await;
    }
    panic!("{node} does not get the lease");
}

pub(crate) async fn a_lease_is_taken_once_and_renewed(Subject { logs: [a, b, _], .. }: Subject) {
    assert_eq!(a.take_lease(&candidate("a", LONG)).await, Ok(Some(1)));
    assert_eq!(b.take_lease(&candidate("b", LONG)).await, Ok(None));
    assert_eq!(a.take_lease(&candidate("a", LONG)).await, Ok(None), "it has it, under the epoch that it knows");
    let lease = b.lease().await.unwrap().unwrap();
    assert_eq!((lease.epoch, &*lease.holder, &*lease.url, lease.handed_to), (1, "a", "http://a", None));
    assert!(lease.remaining <= LONG && lease.remaining > LONG / 2, "{:?}", lease.remaining);

    assert_eq!(a.renew_lease("a", 1, LONG * 10).await, Ok(true));
    let remaining = b.lease().await.unwrap().unwrap().remaining;
    assert!(remaining <= LONG * 10 && remaining > LONG * 5, "{remaining:?}");
    assert_eq!(a.renew_lease("a", 1, LONG).await, Ok(true), "it may also become shorter");
    assert!(b.lease().await.unwrap().unwrap().remaining <= LONG);

    assert_eq!(b.renew_lease("b", 1, LONG).await, Ok(false));
    assert_eq!(b.renew_lease("a", 2, LONG).await, Ok(false));
    assert_eq!(b.hand_over("b", 1, "b", LONG).await, Ok(false));
    assert_eq!(b.hand_over("a", 0, "b", LONG).await, Ok(false));
    assert_eq!(b.take_lease(&candidate("b", LONG)).await, Ok(None), "none of these took it away");
}

pub(crate) async fn an_expired_lease_goes_to_another_under_a_greater_epoch(Subject { logs: [a, b, c], .. }: Subject) {
    let mut since = Instant::now();
    assert_eq!(a.take_lease(&candidate("a", SHORT)).await, Ok(Some(1)));
    for _ in 0..5 {
        sleep(SHORT / 4).await;
        let taken = b.take_lease(&candidate("b", SHORT)).await;
        // On a machine that is too slow it may have expired.
        if since.elapsed() >= SHORT {
            return;
        }
        assert_eq!(taken, Ok(None), "it was renewed");
        since = Instant::now();
        assert_eq!(a.renew_lease("a", 1, SHORT).await, Ok(true));
    }
    sleep(SHORT + SHORT / 4).await;
    let lease = c.lease().await.unwrap().unwrap();
    assert_eq!((&*lease.holder, lease.epoch, lease.remaining), ("a", 1, Duration::ZERO));
    // Nobody else wanted it: it may be renewed late.
    assert_eq!(a.renew_lease("a", 1, SHORT).await, Ok(true));
    sleep(SHORT + SHORT / 4).await;
    assert_eq!(b.take_lease(&candidate("b", LONG)).await, Ok(Some(2)));
    assert_eq!(a.renew_lease("a", 1, LONG).await, Ok(false));
    assert_eq!(a.hand_over("a", 1, "a", LONG).await, Ok(false));
    let lease = c.lease().await.unwrap().unwrap();
    assert_eq!((&*lease.holder, lease.epoch, &*lease.url), ("b", 2, "http://b"));
}

pub(crate) async fn a_lease_that_is_handed_over_is_kept_for_one_node(Subject { logs: [a, b, c], .. }: Subject) {
    assert_eq!(a.take_lease(&candidate("a", LONG)).await, Ok(Some(1)));
    assert_eq!(a.hand_over("a", 1, "b", LONG).await, Ok(true));
    let lease = c.lease().await.unwrap().unwrap();
    assert_eq!((&*lease.holder, lease.remaining, lease.handed_to.as_deref()), ("a", Duration::ZERO, Some("b")));
    assert_eq!(c.take_lease(&candidate("c", LONG)).await, Ok(None));
    assert_eq!(a.take_lease(&candidate("a", LONG)).await, Ok(None));
    assert_eq!(a.renew_lease("a", 1, LONG).await, Ok(false), "who has handed it over does not have it any more");
    assert_eq!(a.hand_over("a", 1, "c", LONG).await, Ok(false));
    assert_eq!(b.take_lease(&candidate("b", LONG)).await, Ok(Some(2)));
    assert_eq!(c.lease().await.unwrap().unwrap().handed_to, None);

    // If that node does not come for it, anybody may have it.
    assert_eq!(b.hand_over("b", 2, "a", SHORT).await, Ok(true));
    let begun = Instant::now();
    let taken = c.take_lease(&candidate("c", LONG)).await;
    if begun.elapsed() >= SHORT {
        return;
    }
    assert_eq!(taken, Ok(None));
    assert_eq!(take_when_possible(&c, "c").await, 3);
    assert_eq!(a.take_lease(&candidate("a", LONG)).await, Ok(None));
}

pub(crate) async fn of_many_that_want_the_lease_one_gets_it(Subject { logs, .. }: Subject) {
    let mut epoch_before = 0;
    for _ in 0..5 {
        let trying: Vec<_> = (0..12)
            .map(|number| {
                let log = Arc::clone(&logs[number % 3]);
                let node = format!("node-{number}");
                tokio::spawn(async move {
                    let epoch = log.take_lease(&candidate(&node, LONG)).await.unwrap();
                    epoch.map(|epoch| (node, epoch))
                })
            })
            .collect();
        let mut won = Vec::new();
        for one in trying {
            won.extend(one.await.unwrap());
        }
        let [(node, epoch)] = &won[..] else { panic!("{won:?}") };
        assert_eq!(*epoch, epoch_before + 1);
        epoch_before = *epoch;
        assert_eq!(logs[0].lease().await.unwrap().unwrap().holder, *node);
        // Kept for nobody who comes.
        assert_eq!(logs[1].hand_over(node, *epoch, "nobody", Duration::ZERO).await, Ok(true));
    }
}

pub(crate) async fn a_new_epoch_is_greater_than_any_that_was_seen(Subject { logs: [a, b, _], .. }: Subject) {
    let seen = |node, epoch_seen| Candidate { epoch_seen, ..candidate(node, LONG) };
    assert_eq!(a.take_lease(&seen("a", 41)).await, Ok(Some(42)));
    assert_eq!(a.hand_over("a", 42, "b", LONG).await, Ok(true));
    assert_eq!(b.take_lease(&seen("b", 7)).await, Ok(Some(43)));
    assert_eq!(b.hand_over("b", 43, "a", LONG).await, Ok(true));
    assert_eq!(a.take_lease(&seen("a", 100)).await, Ok(Some(101)));
}
