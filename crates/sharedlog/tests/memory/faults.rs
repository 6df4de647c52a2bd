use std::collections::BTreeSet;
use std::time::Duration;

use tocos_sharedlog::memory::{Engine, Faults, Log};
use tocos_sharedlog::{Appended, Candidate, Fault, Hash, NewFrame, SharedLog};
use tokio::time::{Instant, sleep};

use crate::conformance::{next, next_with};
use crate::identity;

const fn ms(from: u64, to: u64) -> std::ops::RangeInclusive<Duration> {
    Duration::from_millis(from)..=Duration::from_millis(to)
}

fn many_faults() -> Faults {
    Faults {
        before: ms(0, 20),
        after: ms(0, 20),
        away_after: ms(10, 300),
        lost_per_mille: 100,
        late_per_mille: 100,
        twice_per_mille: 100,
        late_by: ms(1, 400),
        unreplicated_per_mille: 50,
    }
}

fn is_away<T>(result: &Result<T, Fault>) -> bool {
    matches!(result, Err(Fault::Away(_)))
}

/// Appends three frames at a time behind whatever is the end, until a time; gives what was acknowledged.
async fn write(log: Log, epoch: u64, until: Instant) -> Vec<NewFrame> {
    let mut acknowledged = Vec::new();
    let mut serial = 0;
    while Instant::now() < until {
        let Ok(tip) = log.tip().await else { continue };
        let mut frames: Vec<NewFrame> = Vec::new();
        for _ in 0..3 {
            serial += 1;
            let bytes = format!("{serial} of {epoch}").into();
            frames.push(next_with(frames.last().map_or(&tip, |frame| &frame.head), epoch, bytes));
        }
        // Spawned tasks are polled in this order.
        let appends: Vec<_> = frames.iter().map(|frame| tokio::spawn(log.append(frame.clone()))).collect();
        let mut is_broken = false;
        for (frame, append) in frames.into_iter().zip(appends) {
            let outcome = append.await.unwrap();
            assert!(!is_broken || outcome != Ok(Appended::Durable), "nothing succeeds behind what did not");
            match outcome {
                Ok(Appended::Durable) => acknowledged.push(frame),
                _ => is_broken = true,
            }
        }
        sleep(Duration::from_millis(5)).await;
    }
    acknowledged
}

/// Three writers and all faults. Gives the hashes of the log, and how many appends were acknowledged.
async fn world(seed: u64) -> (Vec<Hash>, usize) {
    let engine = Engine::new(identity(), seed);
    engine.set_faults(many_faults());
    let logs = [engine.log(), engine.log(), engine.log()];
    let until = Instant::now() + Duration::from_secs(20);
    let writers: Vec<_> =
        logs.iter().zip(1..).map(|(log, epoch)| tokio::spawn(write(log.clone(), epoch, until))).collect();
    let mut rng = fastrand::Rng::with_seed(seed);
    while Instant::now() < until {
        sleep(Duration::from_millis(rng.u64(0..1000))).await;
        let log = &logs[rng.usize(0..3)];
        match rng.u32(0..5) {
            0 => log.cut(),
            1 => logs.iter().for_each(Log::heal),
            2 => engine.stop(),
            3 => engine.start(),
            _ => _ = engine.promote_without(0),
        }
        if rng.bool() {
            engine.start();
            logs.iter().for_each(Log::heal);
        }
    }
    let mut acknowledged = Vec::new();
    for writer in writers {
        acknowledged.extend(writer.await.unwrap());
    }
    let frames = engine.frames();
    assert!(frames.windows(2).all(|pair| pair[1].head.n == pair[0].head.n + 1), "seed {seed}");
    let mut before = frames[0].head;
    for frame in &frames[1..] {
        let again = next_with(&before, frame.head.epoch, frame.bytes.clone());
        assert_eq!((again.head, again.prev), (frame.head, before.hash), "seed {seed}");
        before = frame.head;
    }
    let hashes: Vec<Hash> = frames.iter().map(|frame| frame.head.hash).collect();
    let there: BTreeSet<Hash> = hashes.iter().copied().collect();
    for frame in &acknowledged {
        assert!(there.contains(&frame.head.hash), "seed {seed}: frame {} was acknowledged and is lost", frame.head.n);
    }
    (hashes, acknowledged.len())
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(future)
}

#[test]
fn what_is_acknowledged_stays_through_all_faults_that_a_synchronous_standby_survives() {
    let mut acknowledged = 0;
    for seed in 0..200 {
        acknowledged += run(world(seed)).1;
    }
    assert!(acknowledged > 20_000, "{acknowledged}");
}

#[test]
fn the_same_seed_gives_the_same_log() {
    assert_eq!(run(world(7)), run(world(7)));
    assert_ne!(run(world(7)), run(world(8)));
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_leaves_it_open_whether_it_was_done() {
    let engine = Engine::new(identity(), 3);
    let log = engine.log();
    engine.set_faults(Faults { lost_per_mille: 1000, ..Faults::default() });
    let mut done = 0;
    for _ in 0..100 {
        let before = engine.tip();
        let begun = Instant::now();
        assert!(is_away(&log.append(next(&before, 1)).await));
        assert!(begun.elapsed() >= Duration::from_millis(100));
        done += engine.tip().n - before.n;
    }
    assert!((20..80).contains(&done), "{done}");
    let candidate =
        Candidate { node: "a".into(), url: String::new(), duration: Duration::from_secs(9999), epoch_seen: 0 };
    for _ in 0..20 {
        assert!(is_away(&log.take_lease(&candidate).await));
    }
    assert!(engine.lease().is_some(), "a change of the lease may have been done too");
}

#[tokio::test(start_paused = true)]
async fn a_late_append_arrives_after_later_ones_and_is_refused_by_the_chain() {
    let engine = Engine::new(identity(), 3);
    let (log, other) = (engine.log(), engine.log());
    let late = Faults { late_per_mille: 1000, late_by: ms(5000, 5000), ..Faults::default() };
    engine.set_faults(late.clone());
    let start = engine.tip();
    assert!(is_away(&log.append(next(&start, 1)).await));
    assert_eq!(engine.tip().n, 0);
    engine.set_faults(Faults::default());
    let rival = next(&start, 2);
    assert_eq!(other.append(rival.clone()).await, Ok(Appended::Durable));
    sleep(Duration::from_secs(10)).await;
    assert_eq!(engine.tip(), rival.head);

    // Where nobody went on it is appended.
    engine.set_faults(late);
    let frame = next(&rival.head, 2);
    assert!(is_away(&log.append(frame.clone()).await));
    assert_eq!(engine.tip(), rival.head);
    sleep(Duration::from_secs(10)).await;
    assert_eq!(engine.tip(), frame.head);
}

#[tokio::test(start_paused = true)]
async fn a_handle_that_is_cut_off_hears_nothing_and_the_others_do() {
    let engine = Engine::new(identity(), 5);
    engine.set_faults(Faults { before: ms(50, 50), ..Faults::default() });
    let (log, other) = (engine.log(), engine.log());
    let (mut arrived, mut lost) = (0, 0);
    for _ in 0..40 {
        let before = engine.tip();
        let waiting = {
            let log = log.clone();
            tokio::spawn(async move { log.wait(u64::MAX, Duration::from_secs(60)).await })
        };
        let append = tokio::spawn(log.append(next(&before, 1)));
        sleep(Duration::from_millis(20)).await;
        log.cut();
        assert!(is_away(&append.await.unwrap()), "it was on its way");
        assert!(is_away(&waiting.await.unwrap()));
        assert!(is_away(&log.tip().await));
        let tip = other.tip().await.unwrap();
        if tip.n > before.n {
            arrived += 1;
        } else {
            lost += 1;
        }
        log.heal();
        assert_eq!(log.tip().await, Ok(tip));
    }
    assert!(arrived > 5 && lost > 5, "{arrived} arrived, {lost} did not");
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_stops_keeps_what_it_has() {
    let engine = Engine::new(identity(), 5);
    let log = engine.log();
    let frame = next(&engine.tip(), 1);
    assert_eq!(log.append(frame.clone()).await, Ok(Appended::Durable));
    engine.set_faults(Faults { before: ms(50, 50), ..Faults::default() });
    let append = tokio::spawn(log.append(next(&frame.head, 1)));
    sleep(Duration::from_millis(20)).await;
    engine.stop();
    assert!(is_away(&append.await.unwrap()));
    assert!(is_away(&log.tip().await));
    assert!(is_away(&log.wait(9, Duration::from_secs(60)).await));
    sleep(Duration::from_secs(60)).await;
    engine.start();
    assert_eq!(log.tip().await, Ok(frame.head));
}

#[tokio::test(start_paused = true)]
async fn an_asynchronous_standby_lacks_the_last_frames_and_what_came_after_them() {
    let candidate = |node: &str| Candidate {
        node: node.into(),
        url: String::new(),
        duration: Duration::from_secs(60),
        epoch_seen: 0,
    };
    let mut holders = BTreeSet::new();
    for seed in 0..20 {
        let engine = Engine::new(identity(), seed);
        let log = engine.log();
        let first = next(&engine.tip(), 1);
        let second = next(&first.head, 1);
        let third = next(&second.head, 1);
        assert_eq!(log.append(first.clone()).await, Ok(Appended::Durable));
        log.take_lease(&candidate("a")).await.unwrap().unwrap();
        assert_eq!(log.append(second).await, Ok(Appended::Durable));
        log.hand_over("a", 1, "b", Duration::ZERO).await.unwrap();
        log.take_lease(&candidate("b")).await.unwrap().unwrap();
        assert_eq!(log.append(third).await, Ok(Appended::Durable));
        assert_eq!(engine.promote_without(2), 2);
        assert_eq!(engine.tip(), first.head);
        holders.insert(engine.lease().map(|lease| lease.holder));
        assert_eq!(engine.promote_without(0), 0, "it has all that it has");
        assert_eq!(engine.promote_without(99), 1, "the start is everywhere");
    }
    // What came between the two frames may be lost or not; what came after the second one is.
    assert_eq!(holders, BTreeSet::from([None, Some("a".to_owned())]));
}

#[tokio::test(start_paused = true)]
async fn what_is_visible_and_not_replicated_is_lost_unless_something_later_was_acknowledged() {
    let engine = Engine::new(identity(), 5);
    let log = engine.log();
    let unreplicated = Faults { unreplicated_per_mille: 1000, ..Faults::default() };
    let start = engine.tip();
    let frame = next(&start, 1);
    engine.set_faults(unreplicated.clone());
    assert!(is_away(&log.append(frame.clone()).await));
    assert_eq!(log.tip().await, Ok(frame.head), "it can be read");
    assert_eq!(engine.promote_without(0), 1);
    assert_eq!(log.tip().await, Ok(start));

    assert!(is_away(&log.append(frame.clone()).await));
    engine.set_faults(Faults::default());
    let later = next(&frame.head, 1);
    assert_eq!(log.append(later.clone()).await, Ok(Appended::Durable));
    assert_eq!(engine.promote_without(0), 0);
    assert_eq!(log.tip().await, Ok(later.head));
}
