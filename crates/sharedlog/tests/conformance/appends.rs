use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use tocos_sharedlog::{Appended, Appending, Fault, Head, NewFrame, SharedLog};
use tokio::time::sleep;

use super::{Subject, next, next_with, stored, whole};

/// Appends so many frames, each when the one before has been acknowledged.
pub(crate) async fn fill(log: &Arc<dyn SharedLog>, count: u64) -> Vec<NewFrame> {
    let mut tip = log.tip().await.unwrap();
    let mut frames = Vec::new();
    for _ in 0..count {
        let frame = next(&tip, 1);
        assert_eq!(log.append(frame.clone()).await, Ok(Appended::Durable), "{}", frame.head.n);
        tip = frame.head;
        frames.push(frame);
    }
    frames
}

pub(crate) async fn an_empty_log_has_its_start(Subject { logs: [log, ..], .. }: Subject) {
    let start = Head::start(&log.identity().ledger_id);
    assert_eq!((start.n, start.epoch, start.first_event, start.last_event), (0, 0, 0, 0));
    assert_eq!(start.hash, *blake3::hash(&log.identity().ledger_id).as_bytes());
    assert_eq!(log.tip().await, Ok(start));
    assert_eq!(log.first().await, Ok(start));
    assert_eq!(log.head(0).await, Ok(Some(start)));
    assert_eq!(log.head(1).await, Ok(None));
    assert_eq!(log.read(0, 1000).await, Ok(whole(vec![])));
    assert_eq!(log.lease().await, Ok(None));
}

pub(crate) async fn a_frame_comes_back_as_it_was_appended(Subject { logs: [log, other, _], .. }: Subject) {
    let every_byte: Vec<u8> = (0..=255).collect();
    let mut tip = log.tip().await.unwrap();
    let mut expected = Vec::new();
    for bytes in [vec![], vec![0], every_byte, vec![7; 5000], vec![1; 600_000]] {
        let mut frame = next_with(&tip, u64::from(u32::MAX) + 7, Bytes::from(bytes));
        frame.head.last_event += 1 << 40;
        assert_eq!(log.append(frame.clone()).await, Ok(Appended::Durable));
        tip = frame.head;
        expected.push(stored(&frame));
    }
    assert_eq!(other.read(0, 10_000_000).await, Ok(whole(expected.clone())));
    assert_eq!(other.tip().await, Ok(tip));
    assert_eq!(other.first().await.unwrap().n, 0);
    for frame in expected {
        assert_eq!(other.head(frame.head.n).await, Ok(Some(frame.head)));
    }
}

pub(crate) async fn what_does_not_fit_is_refused(Subject { logs: [log, other, _], .. }: Subject) {
    let start = log.tip().await.unwrap();
    let frames = fill(&log, 3).await;
    let tip = frames[2].head;

    let mut wrong_prev = next(&tip, 1);
    wrong_prev.prev[31] ^= 1;
    let beyond_the_end = next(&next(&tip, 1).head, 1);
    let mut number_zero = next(&start, 1);
    number_zero.head.n = 0;
    let once_more = frames[1].clone();
    let another_one = next_with(&frames[0].head, 2, "another one".into());
    let mut far_beyond = next(&tip, 1);
    far_beyond.head.n = 1 << 62;
    for (refused, why) in [
        (wrong_prev, "built on another frame"),
        (beyond_the_end, "a gap before it"),
        (number_zero, "the start is there"),
        (once_more, "it is there"),
        (another_one, "the number is taken"),
        (far_beyond, "far behind the end"),
    ] {
        for log in [&log, &other] {
            assert_eq!(log.append(refused.clone()).await, Ok(Appended::Refused), "{why}");
        }
    }
    let expected: Vec<_> = frames.iter().map(stored).collect();
    assert_eq!(log.read(0, 1000).await, Ok(whole(expected)));
    assert_eq!(other.append(next(&tip, 2)).await, Ok(Appended::Durable));
}

pub(crate) async fn several_are_under_way_in_the_order_of_their_first_poll(Subject { logs: [log, ..], .. }: Subject) {
    let mut tip = log.tip().await.unwrap();
    let mut frames = Vec::new();
    for number in 0..40 {
        // Large ones among them: they don't let others pass.
        let frame = next_with(&tip, 1, Bytes::from(vec![number; if number % 7 == 0 { 300_000 } else { 100 }]));
        tip = frame.head;
        frames.push(frame);
    }
    // What was made last is polled last all the same.
    let mut appends: Vec<Appending> = frames.iter().rev().map(|frame| log.append(frame.clone())).collect();
    appends.reverse();
    poll_fn(|context| {
        for append in &mut appends {
            // Some logs are done at once.
            if let Poll::Ready(outcome) = append.as_mut().poll(context) {
                assert_eq!(outcome, Ok(Appended::Durable));
                *append = Box::pin(async { Ok(Appended::Durable) });
            }
        }
        Poll::Ready(())
    })
    .await;
    for append in appends {
        assert_eq!(append.await, Ok(Appended::Durable));
    }
    let expected: Vec<_> = frames.iter().map(stored).collect();
    assert_eq!(log.read(0, usize::MAX).await, Ok(whole(expected)));
}

pub(crate) async fn nothing_succeeds_behind_a_refused_one(Subject { logs: [log, other, _], .. }: Subject) {
    let start = log.tip().await.unwrap();
    let rival = next_with(&next(&start, 1).head, 2, "the rival's".into());
    let mine = next(&start, 1);
    assert_eq!(log.append(mine.clone()).await, Ok(Appended::Durable));
    assert_eq!(other.append(rival.clone()).await, Ok(Appended::Durable));

    // The second number is taken: by the rival's frame, and then by the very frame that is appended again.
    for second in [next(&mine.head, 1), rival.clone()] {
        let third = next(&second.head, 1);
        let fourth = next(&third.head, 1);
        let mut behind: Vec<_> = [second, third, fourth].into_iter().map(|frame| log.append(frame)).collect();
        let mut outcomes: Vec<Option<Result<Appended, Fault>>> = vec![None, None, None];
        let mut are_under_way = None;
        poll_fn(|context| {
            for (append, outcome) in behind.iter_mut().zip(&mut outcomes).filter(|(_, outcome)| outcome.is_none()) {
                if let Poll::Ready(ready) = append.as_mut().poll(context) {
                    *outcome = Some(ready);
                }
            }
            // Where nothing takes any time they come one after the other.
            are_under_way.get_or_insert(outcomes[0].is_none());
            if outcomes.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        assert_eq!(outcomes[0], Some(Ok(Appended::Refused)));
        for outcome in outcomes[1..].iter().filter(|_| are_under_way == Some(true)) {
            assert_ne!(*outcome, Some(Ok(Appended::Durable)));
        }
    }
    // When all have returned, the log is as usable as before.
    let tip = log.tip().await.unwrap();
    assert_eq!(log.append(next(&tip, 3)).await, Ok(Appended::Durable));
}

pub(crate) async fn a_dropped_append_takes_place_whole_or_not_at_all(Subject { logs: [log, other, _], .. }: Subject) {
    let mut tip = log.tip().await.unwrap();
    let mut allowed = Vec::new();
    for _ in 0..10 {
        let dropped = next(&tip, 1);
        let mut append = log.append(dropped.clone());
        poll_fn(|context| Poll::Ready(append.as_mut().poll(context).is_ready())).await;
        drop(append);
        // It may arrive before the next one or after it, as long as it is under way.
        let frame = loop {
            let frame = next(&other.tip().await.unwrap(), 2);
            if log.append(frame.clone()).await == Ok(Appended::Durable) {
                break frame;
            }
        };
        tip = frame.head;
        allowed.extend([stored(&dropped), stored(&frame)]);
    }
    sleep(Duration::from_millis(30)).await;
    let found = other.read(0, usize::MAX).await.unwrap().frames;
    assert!(found.len() >= 10 && found.iter().all(|frame| allowed.contains(frame)), "{found:?}");
}

/// Appends frames of its own to whatever is the end until the log has `count`; gives those that were acknowledged.
async fn race(log: Arc<dyn SharedLog>, epoch: u64, count: u64) -> Vec<NewFrame> {
    let mut won = Vec::new();
    loop {
        let tip = log.tip().await.unwrap();
        if tip.n >= count {
            return won;
        }
        let frame = next(&tip, epoch);
        if log.append(frame.clone()).await.unwrap() == Appended::Durable {
            won.push(frame);
        }
        // The others have their chance, also where nothing takes any time.
        tokio::task::yield_now().await;
    }
}

pub(crate) async fn of_two_that_race_one_wins_each_number(Subject { logs, .. }: Subject) {
    let reader = Arc::clone(&logs[0]);
    let racing: Vec<_> = logs.into_iter().zip(1..).map(|(log, epoch)| tokio::spawn(race(log, epoch, 60))).collect();
    let mut won = Vec::new();
    for racer in racing {
        won.extend(racer.await.unwrap());
    }
    won.sort_unstable_by_key(|frame| frame.head.n);
    let expected: Vec<_> = won.iter().map(stored).collect();
    assert_eq!(reader.read(0, usize::MAX).await.unwrap().frames, expected, "what was acknowledged is the log");
    assert!(won.windows(2).all(|pair| pair[1].prev == pair[0].head.hash));
}

pub(crate) async fn a_random_history_agrees_with_a_naive_model(Subject { logs, .. }: Subject) {
    let seed = 20_260;
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut model = vec![stored(&NewFrame { head: logs[0].tip().await.unwrap(), prev: [0; 32], bytes: Bytes::new() })];
    for step in 0..200 {
        let log = &logs[rng.usize(0..3)];
        let before = &model[rng.usize(model.len().saturating_sub(4)..model.len())].head;
        let mut frame = next_with(before, rng.u64(0..5), Bytes::from(vec![rng.u8(..); rng.usize(0..50)]));
        match rng.u32(0..10) {
            0 => frame.prev[rng.usize(0..32)] ^= 1 << rng.u32(0..8),
            1 => frame.head.n += rng.u64(0..3),
            _ => {}
        }
        let tip = &model[model.len() - 1].head;
        let fits = frame.head.n == tip.n + 1 && frame.prev == tip.hash;
        let expected = if fits { Appended::Durable } else { Appended::Refused };
        assert_eq!(log.append(frame.clone()).await, Ok(expected), "step {step} of seed {seed}");
        if fits {
            model.push(stored(&frame));
        }
    }
    assert!(model.len() > 40, "{}", model.len());
    assert_eq!(logs[0].read(0, usize::MAX).await.unwrap().frames, model[1..]);
}
