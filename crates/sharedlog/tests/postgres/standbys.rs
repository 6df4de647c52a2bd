use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join;
use tocos_sharedlog::postgres::Log;
use tocos_sharedlog::{Announcement, Appended, Candidate, Fault, Head, SharedLog};
use tokio::time::{Instant, sleep};

use crate::cluster::Cluster;
use crate::conformance::{next, next_with, stored};
use crate::{all, fill, is_away, made};

const SYNCHRONOUS: &str = "synchronous_standby_names = 's1'\nfsync = on";

/// A server and its synchronous standby.
async fn pair() -> (Cluster, Cluster) {
    let primary = Cluster::start("");
    let standby = primary.standby("s1");
    primary.configure(SYNCHRONOUS);
    primary.reload();
    primary.until("select sync_state from pg_stat_replication", "sync").await;
    (primary, standby)
}

fn both(primary: &Cluster, standby: &Cluster) -> String {
    format!(
        "postgres://postgres@127.0.0.1:{},127.0.0.1:{}/postgres?sslmode=disable&ledger=a&target_session_attrs=read-write",
        primary.port, standby.port
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_there_after_a_synchronous_standby_took_over() {
    let (primary, standby) = pair().await;
    let url = both(&primary, &standby);
    let log = made(&url, "a").await;
    let durability = log.durability().await.unwrap();
    assert!(durability.is_synchronous && durability.because.contains("1 attached"), "{durability:?}");
    let start = log.tip().await.unwrap();
    let frames = fill(&log, start, 200).await;
    let tip = frames[199].head;
    let lost = log.append(next_with(&tip, 1, Bytes::from(vec![1; 100_000])));
    let lost = tokio::spawn(lost);
    primary.down("immediate");
    lost.await.unwrap().ok();
    assert!(is_away(&log.append(next(&tip, 1)).await), "the standby takes no frames yet");
    assert!(is_away(&log.take_lease(&candidate()).await));
    standby.promote();
    let found = tip_of_new_primary(&log).await;
    assert!(found.n >= tip.n);
    let expected: Vec<_> = frames.iter().map(stored).collect();
    assert_eq!(all(&log).await[..200], expected);
    fill(&log, found, 10).await;
    let durability = log.durability().await.unwrap();
    assert!(!durability.is_synchronous, "the new one has no standby: {durability:?}");
}

fn candidate() -> Candidate {
    let duration = Duration::from_secs(60);
    Candidate { node: "a".into(), url: String::new(), duration, epoch_seen: 0 }
}

/// PostgreSQL acknowledges a commit whose wait for the standby is cancelled, with a warning beside.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_is_visible_and_not_replicated_is_not_acknowledged() {
    let (primary, standby) = pair().await;
    let log = made(&both(&primary, &standby), "a").await;
    let start = log.tip().await.unwrap();
    fill(&log, start, 1).await;
    for end in ["pg_cancel_backend", "pg_terminate_backend"] {
        // The append behind the one that was cancelled may still be carried out, though nobody listens any more.
        let appending = "from pg_stat_activity where state = 'active' and query like 'insert into tocos.%'";
        primary.until(&format!("select count(*) {appending}"), "0").await;
        standby.signal("STOP");
        let before = log.tip().await.unwrap();
        let frame = next(&before, 1);
        // Polled in this order. Spawned tasks could begin in any.
        let both = tokio::spawn(join(log.append(frame.clone()), log.append(next(&frame.head, 1))));
        let waiting = "from pg_stat_activity where wait_event = 'SyncRep'";
        primary.until(&format!("select count(*) {waiting}"), "1").await;
        assert!(!both.is_finished());
        primary.sql(&format!("select {end}(pid) {waiting}"));
        let (append, behind) = both.await.unwrap();
        assert!(is_away(&append) && is_away(&behind), "{end}: {append:?} {behind:?}");
        visible(&log, &frame.head).await;
        standby.signal("CONT");
        primary.until("select sync_state from pg_stat_replication", "sync").await;
    }
    // As a promotion finds it: the last one is on the primary alone.
    let tip = log.tip().await.unwrap();
    let acknowledged = fill(&log, tip, 1).await[0].head;
    cut_off(&primary, &standby).await;
    let frame = next(&acknowledged, 1);
    let append = tokio::spawn(log.append(frame.clone()));
    primary.until("select count(*) from pg_stat_activity where wait_event = 'SyncRep'", "1").await;
    primary.sql("select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'");
    assert!(is_away(&append.await.unwrap()));
    visible(&log, &frame.head).await;
    primary.down("immediate");
    standby.promote();
    assert_eq!(tip_of_new_primary(&log).await, acknowledged);
}

/// The warning arrives a moment before the commit can be read.
async fn visible(log: &Log, head: &Head) {
    let begun = Instant::now();
    loop {
        let tip = log.tip().await.unwrap();
        if tip.n >= head.n {
            return assert!(tip.n > head.n || tip == *head, "{tip:?} instead of {head:?}");
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{tip:?}, and no {head:?}");
        sleep(Duration::from_millis(5)).await;
    }
}

/// From now on the standby receives nothing.
async fn cut_off(primary: &Cluster, standby: &Cluster) {
    standby.configure("primary_conninfo = ''");
    standby.reload();
    primary.until("select count(*) from pg_stat_replication", "0").await;
}

async fn tip_of_new_primary(log: &Log) -> Head {
    let begun = Instant::now();
    loop {
        if let Ok(tip) = log.tip().await {
            return tip;
        }
        assert!(begun.elapsed() < Duration::from_secs(20));
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_asynchronous_standby_may_lack_the_last_frames_and_the_log_says_so() {
    let primary = Cluster::start("fsync = on");
    let standby = primary.standby("s1");
    primary.until("select state from pg_stat_replication", "streaming").await;
    let log = made(&both(&primary, &standby), "a").await;
    let durability = log.durability().await.unwrap();
    assert!(!durability.is_synchronous && durability.because.contains("synchronous_standby_names"), "{durability:?}");
    let start = log.tip().await.unwrap();
    let replicated = fill(&log, start, 5).await[4].head;
    primary.until("select replay_lsn = pg_current_wal_lsn() from pg_stat_replication", "t").await;
    cut_off(&primary, &standby).await;
    let forgotten = fill(&log, replicated, 3).await;
    primary.down("immediate");
    standby.promote();
    assert_eq!(tip_of_new_primary(&log).await, replicated, "three acknowledged frames are gone");
    // They fit, and are appended again.
    for frame in &forgotten {
        assert_eq!(log.append(frame.clone()).await, Ok(Appended::Durable));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_alone_is_away() {
    let (primary, standby) = pair().await;
    made(&primary.url("ledger=a"), "a").await;
    let connected = Log::connect(&standby.url("ledger=a")).await;
    let Err(Fault::Away(text)) = connected else { panic!("{connected:?}") };
    assert!(text.contains("does not allow writes"), "{text}");

    // Also where the connection to it is wanted: it takes no frames, and somebody may promote it.
    let log = Log::connect(&standby.url("ledger=a&target_session_attrs=any")).await.unwrap();
    let start = log.tip().await.unwrap();
    let outcome = log.append(next(&start, 1)).await;
    assert!(is_away(&outcome), "{outcome:?}");
    assert!(is_away(&log.take_lease(&candidate()).await));
    drop(primary);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_standby_is_away_nothing_is_acknowledged_and_attempts_do_not_pile_up() {
    let (primary, standby) = pair().await;
    let url = format!("{}&partition_frames=300", both(&primary, &standby));
    let log = made(&url, "a").await;
    let start = log.tip().await.unwrap();
    let tip = fill(&log, start, 310).await[309].head;
    log.take_lease(&candidate()).await.unwrap().unwrap();
    standby.signal("STOP");
    let begun = Instant::now();
    let frame = next(&tip, 1);
    let announcement = Announcement {
        node: "a".into(),
        instance: 1,
        url: String::new(),
        last_event: 1,
        stale_after: Duration::from_secs(1),
    };
    let mut attempts = 0;
    while begun.elapsed() < Duration::from_secs(26) {
        let (appended, renewed, announced) = tokio::join!(
            log.append(frame.clone()),
            log.renew_lease("a", 1, Duration::from_secs(60)),
            log.announce(&announcement)
        );
        assert!(is_away(&appended) && is_away(&renewed) && is_away(&announced));
        assert_eq!(log.tip().await, Ok(tip), "it is not visible before it is replicated");
        attempts += 1;
    }
    assert!(attempts >= 3, "{attempts}");
    // What waits for the standby has locked the frames: they are not pruned, and those who read are not held up for long.
    let (pruned, longest) = tokio::join!(log.prune(u64::MAX, Duration::ZERO), async {
        let (begun, mut longest) = (Instant::now(), Duration::ZERO);
        while begun.elapsed() < Duration::from_secs(8) {
            let one = Instant::now();
            assert_eq!(log.tip().await, Ok(tip));
            longest = longest.max(one.elapsed());
        }
        longest
    });
    assert!(is_away(&pruned) && longest < Duration::from_millis(900), "{pruned:?} {longest:?}");
    let backends = "select count(*) from pg_stat_activity where application_name = 'tocos'";
    let backends: u32 = primary.sql(backends).parse().unwrap();
    assert!(backends <= 8, "{backends}");

    standby.signal("CONT");
    let begun = Instant::now();
    loop {
        let outcome = log.append(frame.clone()).await;
        if let Ok(Appended::Durable | Appended::Refused) = outcome {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(15), "{outcome:?}");
    }
    assert_eq!(log.tip().await, Ok(frame.head), "once");
    fill(&log, frame.head, 3).await;
    assert_eq!(log.prune(u64::MAX, Duration::ZERO).await, Ok(300));
    assert_eq!(log.renew_lease("a", 1, Duration::from_secs(60)).await, Ok(true));
}
