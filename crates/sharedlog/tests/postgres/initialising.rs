use futures_util::stream;
use tocos_sharedlog::postgres::{Frames, Initialised, Log, init};
use tocos_sharedlog::{Appended, Candidate, Fault, Head, Identity, NewFrame, SharedLog};

use crate::cluster::Cluster;
use crate::conformance::{next, next_with, stored};
use crate::{all, identity};

fn log_of(ledger: &str, count: u64) -> Vec<NewFrame> {
    let mut before = Head::start(&identity(ledger).ledger_id);
    let mut frames = Vec::new();
    for number in 0..count {
        let size = if number % 50 == 0 { 200_000 } else { 300 };
        let frame = next_with(&before, 0, vec![u8::try_from(number % 251).unwrap(); size].into());
        before = frame.head;
        frames.push(frame);
    }
    frames
}

fn frames(frames: &[NewFrame]) -> Option<Frames> {
    let owned = frames.to_vec();
    Some(Box::pin(stream::iter(owned.into_iter().map(Ok))))
}

/// The same, and then the disk fails.
fn interrupted(frames: &[NewFrame]) -> Option<Frames> {
    let owned = frames.to_vec();
    let all = owned.into_iter().map(Ok).chain([Err("the disk is broken".to_owned())]);
    Some(Box::pin(stream::iter(all)))
}

fn misused<T: std::fmt::Debug>(result: Result<T, Fault>) -> String {
    match result {
        Err(Fault::Misused(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn init_makes_what_is_missing_and_nothing_twice() {
    let cluster = Cluster::start("");
    let url = cluster.url("ledger=a");
    let text = misused(Log::connect(&url).await);
    assert!(text.contains("tocos shared-log init"), "{text}");
    assert_eq!(init(&url, &identity("a"), None).await, Ok(Initialised { is_new: true, loaded: 0 }));
    assert_eq!(init(&url, &identity("a"), None).await, Ok(Initialised { is_new: false, loaded: 0 }));
    let log = Log::connect(&url).await.unwrap();
    assert_eq!(*log.identity(), identity("a"));
    assert_eq!(all(&log).await, []);

    let other_id = Identity { ledger_id: [7; 16], ..identity("a") };
    let text = misused(init(&url, &other_id, None).await);
    assert!(text.contains("07070707") && text.contains("ledger="), "{text}");
    misused(init(&url, &Identity { seed: [1; 16], ..identity("a") }, None).await);
    misused(init(&url, &identity("b"), None).await);
    let text = misused(Log::connect(&cluster.url("ledger=b")).await);
    assert!(text.contains("no ledger b") && text.contains("init"), "{text}");

    cluster.sql("update tocos.version set version = 2");
    let text = misused(Log::connect(&url).await);
    assert!(text.contains("version 2") && text.contains("version 1"), "{text}");
    misused(init(&url, &identity("a"), None).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_may_initialise_at_once() {
    let cluster = Cluster::start("");
    let running: Vec<_> = (0..12)
        .map(|number| {
            let ledger = ["a", "b", "c"][number % 3];
            let url = cluster.url(&format!("ledger={ledger}"));
            tokio::spawn(async move { init(&url, &identity(ledger), None).await.unwrap().is_new })
        })
        .collect();
    let mut new = 0;
    for one in running {
        new += usize::from(one.await.unwrap());
    }
    assert_eq!(new, 3, "each was made by one of them");
    assert_eq!(cluster.sql("select count(*) from tocos.frames"), "3");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_loaded_and_nobody_uses_it_before_it_is_complete() {
    let cluster = Cluster::start("");
    let url = cluster.url("ledger=a&partition_frames=400");
    let whole = log_of("a", 1000);
    let text = misused(init(&url, &identity("a"), interrupted(&whole[..300])).await);
    assert!(text.contains("the disk is broken"), "{text}");
    for text in [misused(Log::connect(&url).await), misused(init(&url, &identity("a"), None).await)] {
        assert!(text.contains("not finished"), "{text}");
    }

    // Another log can't go on with it, nor one with a gap, one that is shorter, or one with epochs.
    let other = log_of("b", 1000);
    misused(init(&url, &identity("a"), frames(&other)).await);
    misused(init(&url, &identity("a"), frames(&[&whole[..500], &whole[501..]].concat())).await);
    misused(init(&url, &identity("a"), frames(&whole[..10])).await);
    let mut changed = whole.clone();
    changed[999].head.epoch = 1;
    misused(init(&url, &identity("a"), frames(&changed)).await);
    misused(Log::connect(&url).await);

    let loaded = init(&url, &identity("a"), frames(&whole)).await.unwrap();
    assert!(!loaded.is_new && loaded.loaded < 600, "{loaded:?}");
    let log = Log::connect(&url).await.unwrap();
    assert!(all(&log).await == whole.iter().map(stored).collect::<Vec<_>>());
    assert_eq!(init(&url, &identity("a"), frames(&whole)).await, Ok(Initialised { is_new: false, loaded: 0 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_log_is_loaded_at_once_and_an_empty_one_too() {
    let cluster = Cluster::start("");
    let whole = log_of("a", 3000);
    let url = cluster.url("ledger=a&partition_frames=1000");
    assert_eq!(init(&url, &identity("a"), frames(&whole)).await, Ok(Initialised { is_new: true, loaded: 3000 }));
    assert!(all(&Log::connect(&url).await.unwrap()).await == whole.iter().map(stored).collect::<Vec<_>>());
    let url = cluster.url("ledger=b");
    assert_eq!(init(&url, &identity("b"), frames(&[])).await, Ok(Initialised { is_new: true, loaded: 0 }));
    assert_eq!(all(&Log::connect(&url).await.unwrap()).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn ledgers_in_one_database_do_not_mix() {
    let cluster = Cluster::start("");
    let (a, b) = (crate::made(&cluster.url("ledger=a"), "a").await, crate::made(&cluster.url("ledger=b"), "b").await);
    let (start_a, start_b) = (a.tip().await.unwrap(), b.tip().await.unwrap());
    assert_ne!(start_a.hash, start_b.hash);
    let of_a = crate::fill(&a, start_a, 3).await;
    assert_eq!(all(&b).await, []);
    let of_b = crate::fill(&b, start_b, 2).await;
    assert_eq!(all(&a).await, of_a.iter().map(stored).collect::<Vec<_>>());
    assert_eq!(all(&b).await, of_b.iter().map(stored).collect::<Vec<_>>());
    // A frame of b that would fit behind one of a.
    assert_eq!(b.append(next(&of_a[2].head, 1)).await, Ok(Appended::Refused));
    assert_eq!(all(&b).await.len(), 2);
    let duration = std::time::Duration::from_secs(60);
    let candidate = Candidate { node: "n".into(), url: String::new(), duration, epoch_seen: 0 };
    assert_eq!(a.take_lease(&candidate).await, Ok(Some(1)));
    assert_eq!(b.take_lease(&candidate).await, Ok(Some(1)));
}
