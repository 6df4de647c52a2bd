//! The shared log in PostgreSQL, with servers that the tests start, restart, promote and kill.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on has failed")]

mod appends;
mod cluster;
#[path = "../conformance/mod.rs"]
mod conformance;
mod initialising;
mod partitions;
mod refusals;
mod standbys;
mod tls;

use std::sync::Arc;

use cluster::Cluster;
use conformance::{CASES, Subject};
use tocos_sharedlog::postgres::{Log, init};
use tocos_sharedlog::{Appended, Fault, Head, Identity, NewFrame, SharedLog};

pub(crate) fn identity(ledger: &str) -> Identity {
    let ledger_id = blake3::hash(ledger.as_bytes()).as_bytes()[..16].try_into().unwrap();
    Identity { ledger: ledger.to_owned(), ledger_id, seed: [9; 16] }
}

/// Makes a ledger, and gives a handle of it.
pub(crate) async fn made(url: &str, ledger: &str) -> Log {
    init(url, &identity(ledger), None).await.unwrap();
    Log::connect(url).await.unwrap()
}

/// Appends so many frames; gives them. Small partitions may be full before the next one is made, without anything having been appended.
pub(crate) async fn fill(log: &Log, before: Head, count: u64) -> Vec<NewFrame> {
    let mut frames: Vec<NewFrame> = Vec::new();
    for _ in 0..count {
        let frame = conformance::next(frames.last().map_or(&before, |frame| &frame.head), 1);
        let begun = tokio::time::Instant::now();
        let outcome = loop {
            match log.append(frame.clone()).await {
                Err(Fault::Away(words)) if words.contains("no partition") && begun.elapsed().as_secs() < 20 => {
                    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                }
                outcome => break outcome,
            }
        };
        assert_eq!(outcome, Ok(Appended::Durable), "{}", frame.head.n);
        frames.push(frame);
    }
    frames
}

pub(crate) fn is_away<T>(result: &Result<T, Fault>) -> bool {
    matches!(result, Err(Fault::Away(_)))
}

/// All frames that can be read.
pub(crate) async fn all(log: &Log) -> Vec<tocos_sharedlog::Stored> {
    let mut frames = Vec::new();
    loop {
        let more = log
            .read(frames.last().map_or(0, |last: &tocos_sharedlog::Stored| last.head.n), 1 << 20)
            .await
            .unwrap()
            .frames;
        if more.is_empty() {
            return frames;
        }
        frames.extend(more);
    }
}

async fn run_suite(cluster: &Cluster, prefix: &str, partition_frames: u64) {
    let running: Vec<_> = CASES
        .iter()
        .map(|(name, case)| {
            let ledger = format!("{prefix}.{name}");
            let url = cluster.url(&format!("ledger={ledger}&partition_frames={partition_frames}"));
            let running = tokio::spawn(async move {
                init(&url, &identity(&ledger), None).await.unwrap();
                let log = || async { Arc::new(Log::connect(&url).await.unwrap()) as Arc<dyn SharedLog> };
                let logs = [log().await, log().await, log().await];
                case(Subject { logs, prune_step: partition_frames.max(1) }).await;
            });
            (name, running)
        })
        .collect();
    for (name, running) in running {
        if let Err(failed) = running.await {
            panic!("{name}: {failed}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_suite_passes() {
    let cluster = Cluster::start("");
    run_suite(&cluster, "parts", 40).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_suite_passes_where_there_are_no_partitions() {
    let cluster = Cluster::start("");
    run_suite(&cluster, "plain", 0).await;
    assert_eq!(cluster.sql("select relkind from pg_class where relname = 'frames'"), "r");
}
