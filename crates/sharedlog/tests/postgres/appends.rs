use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use tocos_sharedlog::postgres::Log;
use tocos_sharedlog::{Appended, Fault, NewFrame, SharedLog};
use tokio::time::{Instant, sleep};

use crate::cluster::Cluster;
use crate::conformance::{next_with, stored};
use crate::{all, fill, is_away, made};

/// Appends four at a time, as a leader does: after an unknown outcome it reads what is there and goes on behind it. It goes on to frame
/// `count` at least, and until it did not know so often. Gives the frames that are in the log.
async fn lead(log: &Log, count: u64, unknown_least: u32, bytes: usize) -> Vec<NewFrame> {
    let mut done: Vec<NewFrame> = Vec::new();
    let mut unknown = 0;
    let mut tip = log.tip().await.unwrap();
    let begun = Instant::now();
    while tip.n < count || unknown < unknown_least {
        assert!(begun.elapsed() < Duration::from_secs(60), "the engine does not come back");
        let mut frames: Vec<NewFrame> = Vec::new();
        for _ in 0..4 {
            let last = frames.last().map_or(&tip, |frame| &frame.head);
            frames.push(next_with(last, 1, Bytes::from(vec![u8::try_from(last.n % 251).unwrap(); bytes])));
        }
        // It polls them in this order. Spawned tasks could begin in any.
        let outcomes = join_all(frames.iter().map(|frame| log.append(frame.clone()))).await;
        let mut first_fault = None;
        let mut sent = Vec::new();
        for (frame, outcome) in frames.into_iter().zip(outcomes) {
            match outcome {
                Ok(Appended::Durable) if first_fault.is_none() => done.push(frame),
                outcome => {
                    assert_ne!(outcome, Ok(Appended::Durable), "nothing succeeds behind what did not");
                    first_fault.get_or_insert(outcome);
                    sent.push(frame);
                }
            }
        }
        if let Some(outcome) = first_fault {
            assert!(is_away(&outcome), "{outcome:?}");
            unknown += 1;
        }
        tip = loop {
            match log.tip().await {
                Ok(tip) => break tip,
                Err(fault) => assert!(matches!(fault, Fault::Away(_)), "{fault}"),
            }
            sleep(Duration::from_millis(20)).await;
        };
        // Found out by reading.
        done.extend(sent.into_iter().filter(|frame| frame.head.n <= tip.n));
        assert_eq!(done.last().map_or(0, |frame| frame.head.n), tip.n);
    }
    done
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_in_the_middle_of_a_pipeline_loses_nothing() {
    let cluster = Arc::new(Cluster::start(""));
    let log = made(&cluster.url("ledger=a"), "a").await;
    for mode in ["fast", "immediate"] {
        let tip = log.tip().await.unwrap().n;
        let is_done = AtomicBool::new(false);
        let leading = async {
            let done = lead(&log, tip + 2000, 1, 3000).await;
            is_done.store(true, Ordering::Relaxed);
            done
        };
        // Until one came in between.
        let restarting = async {
            while !is_done.load(Ordering::Relaxed) {
                let last = all_appended(&log).await;
                while all_appended(&log).await < last + 20 && !is_done.load(Ordering::Relaxed) {
                    sleep(Duration::from_millis(5)).await;
                }
                let cluster = Arc::clone(&cluster);
                let restart = move || {
                    cluster.down(mode);
                    std::thread::sleep(Duration::from_millis(300));
                    cluster.up();
                };
                tokio::task::spawn_blocking(restart).await.unwrap();
            }
        };
        let (done, ()) = tokio::join!(leading, restarting);
        let found = log.read(tip, 1 << 30).await.unwrap().frames;
        let expected: Vec<_> = done.iter().take(found.len()).map(stored).collect();
        assert!(found == expected && found.len() > 1000);
    }
}

/// The last number, or 0 while it is not known.
async fn all_appended(log: &Log) -> u64 {
    log.tip().await.map_or(0, |tip| tip.n)
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_end_of_a_backend_the_outcome_is_found_by_reading() {
    let cluster = Arc::new(Cluster::start(""));
    let log = made(&cluster.url("ledger=a&partition_frames=500"), "a").await;
    let ending = async {
        loop {
            sleep(Duration::from_millis(60)).await;
            // The backend that appends, in the middle of whatever it does.
            let end = "select count(pg_terminate_backend(pid)) from pg_stat_activity where query like 'insert into tocos.frames%'";
            let cluster = Arc::clone(&cluster);
            tokio::task::spawn_blocking(move || cluster.sql(end)).await.unwrap();
        }
    };
    let done = tokio::select! {
        done = lead(&log, 3000, 4, 20_000) => done,
        () = ending => Vec::new(),
    };
    let expected: Vec<_> = done.iter().map(stored).collect();
    assert!(all(&log).await == expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_ended_while_nothing_was_under_way_costs_no_append() {
    let cluster = Cluster::start("");
    let log = made(&cluster.url("ledger=a"), "a").await;
    let start = log.tip().await.unwrap();
    let first = fill(&log, start, 1).await[0].head;
    cluster.down("fast");
    cluster.up();
    // Both sides have had time to notice.
    sleep(Duration::from_millis(200)).await;
    fill(&log, first, 3).await;
    assert_eq!(log.tip().await.unwrap().n, 4);
    assert!(log.lease().await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_does_not_respond_is_away_after_a_bound() {
    let cluster = Cluster::start("");
    let log = made(&cluster.url("ledger=a"), "a").await;
    let start = log.tip().await.unwrap();
    let tip = fill(&log, start, 1).await[0].head;
    let frame = next_with(&tip, 1, Bytes::from_static(b"while it stands still"));
    cluster.signal("STOP");
    let begun = Instant::now();
    let url = cluster.url("ledger=a");
    let (appended, read, connected) = tokio::join!(log.append(frame.clone()), log.head(1), Log::connect(&url));
    assert!(is_away(&appended) && is_away(&read) && is_away(&connected.map(|_| ())));
    assert!((9..14).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    let begun = Instant::now();
    assert!(is_away(&log.append(frame.clone()).await), "it connects again, in vain");
    assert!((1..4).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    cluster.signal("CONT");

    // What was sent is done all the same, perhaps after what is sent now: the log has it once.
    let outcome = log.append(frame.clone()).await;
    assert!(matches!(outcome, Ok(Appended::Durable | Appended::Refused)), "{outcome:?}");
    assert_eq!(log.tip().await, Ok(frame.head));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_reaches_those_who_wait_within_milliseconds() {
    let cluster = Cluster::start("");
    let log = made(&cluster.url("ledger=a"), "a").await;
    let other = Arc::new(Log::connect(&cluster.url("ledger=a")).await.unwrap());
    let mut tip = log.tip().await.unwrap();
    let mut waits = Vec::new();
    for _ in 0..20 {
        let waiting = {
            let (other, after) = (other.clone(), tip.n);
            tokio::spawn(async move {
                other.wait(after, Duration::from_secs(5)).await.unwrap();
                Instant::now()
            })
        };
        sleep(Duration::from_millis(40)).await;
        tip = fill(&log, tip, 1).await[0].head;
        let appended = Instant::now();
        waits.push(waiting.await.unwrap().saturating_duration_since(appended));
    }
    waits.sort_unstable();
    // Asking alone would take more than 100 ms on average.
    assert!(waits[10] < Duration::from_millis(60), "{waits:?}");
}
