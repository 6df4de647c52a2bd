use std::sync::Arc;
use std::time::Duration;

use tocos_sharedlog::{Appended, SharedLog};
use tokio::time::{Instant, sleep};

use crate::cluster::Cluster;
use crate::conformance::next;
use crate::{fill, is_away, made};

#[tokio::test(flavor = "multi_thread")]
async fn partitions_are_made_ahead_and_dropped_as_wholes() {
    let cluster = Cluster::start("");
    let count = "select count(*) from pg_inherits where inhparent = 'tocos.frames'::regclass";
    let log = made(&cluster.url("ledger=a&partition_frames=300"), "a").await;
    assert_eq!(cluster.sql(count), "2");
    let start = log.tip().await.unwrap();
    let tip = fill(&log, start, 305).await[304].head;
    cluster.until(count, "3").await;
    let tip = fill(&log, tip, 700).await[699].head;
    cluster.until(count, "5").await;
    assert_eq!(log.prune(u64::MAX, Duration::ZERO).await, Ok(900));
    assert_eq!(cluster.sql(count), "2");
    assert_eq!(log.first().await.unwrap().n, 900);
    fill(&log, tip, 1).await;
    let storage = "select distinct attstorage from pg_attribute where attname = 'bytes' and attrelid in
        (select inhrelid from pg_inherits where inhparent = 'tocos.frames'::regclass)";
    assert_eq!(cluster.sql(storage), "e", "out of line and not compressed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_partition_is_made_when_it_is_needed() {
    let cluster = Cluster::start("");
    let log = made(&cluster.url("ledger=a&partition_frames=300"), "a").await;
    let name = cluster.sql("select relname from pg_class where relname like 'frames%_1' and relkind = 'r'");
    cluster.sql(&format!("drop table tocos.{name}"));
    // What the first append makes comes too late for a table that is gone while it is needed.
    let start = log.tip().await.unwrap();
    let mut tip = fill(&log, start, 299).await[298].head;
    cluster.until(&format!("select to_regclass('tocos.{name}') is not null"), "t").await;
    cluster.sql(&format!("drop table tocos.{name}"));
    let outcome = log.append(next(&tip, 1)).await;
    assert!(is_away(&outcome), "{outcome:?}");
    let begun = Instant::now();
    while log.append(next(&tip, 1)).await != Ok(Appended::Durable) {
        assert!(begun.elapsed() < Duration::from_secs(10));
        sleep(Duration::from_millis(20)).await;
    }
    tip = log.tip().await.unwrap();
    assert_eq!(tip.n, 300);
    fill(&log, tip, 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pruning_that_has_to_wait_does_not_hold_up_appends_for_long() {
    let cluster = Arc::new(Cluster::start(""));
    let log = made(&cluster.url("ledger=a&partition_frames=300"), "a").await;
    let start = log.tip().await.unwrap();
    let mut tip = fill(&log, start, 310).await[309].head;
    // A backup reads for a while.
    let reading = "begin; lock table tocos.frames in access share mode; select pg_sleep(2); commit";
    let backup = Arc::clone(&cluster);
    let reading = tokio::task::spawn_blocking(move || backup.sql(reading));
    let pruning = async {
        sleep(Duration::from_millis(300)).await;
        log.prune(u64::MAX, Duration::ZERO).await
    };
    let appending = async {
        sleep(Duration::from_millis(100)).await;
        let (begun, mut longest) = (Instant::now(), Duration::ZERO);
        while begun.elapsed() < Duration::from_secs(3) {
            let one = Instant::now();
            tip = fill(&log, tip, 1).await[0].head;
            longest = longest.max(one.elapsed());
        }
        longest
    };
    let (pruned, longest) = tokio::join!(pruning, appending);
    reading.await.unwrap();
    let gone = pruned.unwrap();
    assert!(gone >= 300 && gone % 300 == 0, "it got the lock when the reader was done: {gone}");
    assert!(longest < Duration::from_millis(900), "{longest:?}");
    assert!(longest > Duration::from_millis(200), "the reader was in its way: {longest:?}");
}
