use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tocos_sharedlog::{Appended, SharedLog};
use tokio::time::{Instant, sleep};

use super::appends::fill;
use super::{Subject, next, next_with};

/// The numbers of what is read.
async fn numbers(log: &Arc<dyn SharedLog>, after: u64, bytes_max: usize) -> Vec<u64> {
    log.read(after, bytes_max).await.unwrap().frames.iter().map(|stored| stored.head.n).collect()
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
    // Whether there are more is known, however they were read.
    for (after, bytes_max, is_all) in [
        (0, 299, false),
        (0, 300, false),
        (4, 10, false),
        (4, 19, false),
        (4, 20, true),
        (7, 0, true),
        (8, 0, true),
        (0, usize::MAX, true),
    ] {
        assert_eq!(other.read(after, bytes_max).await.unwrap().is_all, is_all, "behind {after}, {bytes_max} bytes");
    }
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

/// One reads to the end and waits, while another one appends a frame at any moment of that, and no further one until it was read:
/// what is missed is found only when the engine is asked again, after 250 ms. It crosses partitions.
pub(crate) async fn nothing_is_missed_between_a_read_and_a_wait(Subject { logs: [log, other, _], .. }: Subject) {
    const FRAMES: u64 = 150;
    let mut rng = fastrand::Rng::with_seed(7);
    let mut tip = log.tip().await.unwrap();
    let mut missed = 0;
    for n in 1..=FRAMES {
        let frame = next(&tip, 1);
        tip = frame.head;
        let (log, delay) = (Arc::clone(&log), Duration::from_micros(rng.u64(0..3_000)));
        let appending = tokio::spawn(async move {
            sleep(delay).await;
            assert_eq!(log.append(frame).await, Ok(Appended::Durable));
        });
        loop {
            let read = other.read(n - 1, 1 << 20).await.unwrap();
            if !read.frames.is_empty() {
                assert_eq!(read.frames.iter().map(|stored| stored.head.n).collect::<Vec<_>>(), [n]);
                break;
            }
            assert!(read.is_all, "nothing was read, and there is more");
            // As long as what was read is applied.
            sleep(Duration::from_micros(rng.u64(0..3_000))).await;
            let begun = Instant::now();
            other.wait(n - 1, Duration::from_secs(20)).await.unwrap();
            missed += usize::from(begun.elapsed() > Duration::from_millis(200));
        }
        appending.await.unwrap();
    }
    // A busy machine may stall a few times.
    assert!(missed <= 5, "{missed} times of {FRAMES} a frame was waited for that was there");
}

pub(crate) async fn the_log_says_how_durable_it_is(Subject { logs: [log, ..], .. }: Subject) {
    assert!(!log.durability().await.unwrap().because.is_empty());
}
