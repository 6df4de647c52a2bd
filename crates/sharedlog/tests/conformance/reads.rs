use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tocos_sharedlog::{Appended, SharedLog};
use tokio::time::{Instant, sleep};

use super::appends::fill;
use super::{Subject, next, next_with};

/// The numbers of what is read.
async fn numbers(log: &Arc<dyn SharedLog>, after: u64, bytes_max: usize) -> Vec<u64> {
    log.read(after, bytes_max).await.unwrap().iter().map(|stored| stored.head.n).collect()
}

pub(crate) async fn reads_are_as_large_as_asked_for(Subject { logs: [log, other, _], .. }: Subject) {
    let mut tip = log.tip().await.unwrap();
    for size in [100, 200, 300, 5000, 10, 0, 0, 10] {
        let frame = next_with(&tip, 1, Bytes::from(vec![9; size]));
        assert_eq!(log.append(frame.clone()).await, Ok(Appended::Durable));
        tip = frame.head;
    }
    assert_eq!(numbers(&other, 0, 0).await, [1], "at least one");
    assert_eq!(numbers(&other, 0, 299).await, [1]);
    assert_eq!(numbers(&other, 0, 300).await, [1, 2]);
    assert_eq!(numbers(&other, 1, 500).await, [2, 3]);
    assert_eq!(numbers(&other, 3, 1).await, [4], "also if it is larger");
    assert_eq!(numbers(&other, 4, 10).await, [5, 6, 7]);
    assert_eq!(numbers(&other, 4, 20).await, [5, 6, 7, 8]);
    assert_eq!(numbers(&other, 0, usize::MAX).await, [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(numbers(&other, 8, 1000).await, [0; 0]);
    assert_eq!(numbers(&other, 1 << 40, 1000).await, [0; 0]);
    // Read on from the last one, whatever the size: all of it comes, once.
    let mut found = Vec::new();
    loop {
        let more = numbers(&other, found.last().copied().unwrap_or(0), 250).await;
        if more.is_empty() {
            break;
        }
        found.extend(more);
    }
    assert_eq!(found, [1, 2, 3, 4, 5, 6, 7, 8]);
}

/// Waits until there is a frame behind this one, or so long. A wait may end early, with other news, but not again and again.
async fn wait(log: &Arc<dyn SharedLog>, after: u64, at_most: Duration) {
    let begun = Instant::now();
    for _ in 0..10 {
        log.wait(after, at_most.saturating_sub(begun.elapsed())).await.unwrap();
        if begun.elapsed() >= at_most || log.tip().await.unwrap().n > after {
            return;
        }
    }
    panic!("it does not wait");
}

pub(crate) async fn a_wait_ends_with_a_new_frame(Subject { logs: [log, other, _], .. }: Subject) {
    let long = Duration::from_secs(8);
    fill(&log, 2).await;
    let begun = Instant::now();
    other.wait(1, long).await.unwrap();
    assert!(begun.elapsed() < long / 2, "one that is there already");

    for _ in 0..5 {
        let tip = log.tip().await.unwrap();
        let waiting = {
            let other = Arc::clone(&other);
            tokio::spawn(async move {
                wait(&other, tip.n, long).await;
                other.tip().await.unwrap().n
            })
        };
        sleep(Duration::from_millis(120)).await;
        assert!(!waiting.is_finished(), "there is nothing yet");
        let begun = Instant::now();
        assert_eq!(log.append(next(&tip, 1)).await, Ok(Appended::Durable));
        assert_eq!(waiting.await.unwrap(), tip.n + 1);
        assert!(begun.elapsed() < long / 4, "{:?}", begun.elapsed());
    }
}

pub(crate) async fn a_wait_ends_without_one(Subject { logs: [log, ..], .. }: Subject) {
    fill(&log, 1).await;
    let at_most = Duration::from_millis(300);
    let begun = Instant::now();
    wait(&log, 1, at_most).await;
    assert!(begun.elapsed() >= at_most && begun.elapsed() < at_most * 10, "{:?}", begun.elapsed());
}

pub(crate) async fn the_log_says_how_durable_it_is(Subject { logs: [log, ..], .. }: Subject) {
    assert!(!log.durability().await.unwrap().because.is_empty());
}
