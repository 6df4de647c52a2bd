use std::time::Duration;

use tocos_sharedlog::{Appended, NewFrame};
use tokio::time::{Instant, sleep};

use super::appends::fill;
use super::{Subject, next, next_with, stored, whole};

pub(crate) async fn old_frames_are_dropped_from_the_front(Subject { logs: [log, other, _], prune_step }: Subject) {
    let frames = fill(&log, prune_step * 4 + 2).await;
    let tip = frames[frames.len() - 1].head;
    let mut first = 0;
    let mut steps = [1, 2, prune_step, prune_step + 1, prune_step * 3 + 1, tip.n, tip.n + 1];
    steps.sort_unstable();
    for kept in steps {
        // All before the first event of this frame may go.
        let event = frames.get(usize::try_from(kept - 1).unwrap()).map_or(u64::MAX, |frame| frame.head.first_event);
        let gone = log.prune(event, Duration::ZERO).await.unwrap();
        let expected = kept.min(tip.n) / prune_step * prune_step;
        assert_eq!(gone, expected - first, "before frame {kept}");
        first = expected;
        assert_eq!(other.first().await.unwrap().n, first, "before frame {kept}");
        assert_eq!(other.tip().await, Ok(tip));
        for n in 0..=tip.n {
            assert_eq!(other.head(n).await.unwrap().is_some(), n >= first, "frame {n} before frame {kept}");
        }
        assert_eq!(log.prune(event, Duration::ZERO).await, Ok(0), "that was all");
    }
    assert_eq!(log.append(next(&tip, 9)).await, Ok(Appended::Durable), "the log goes on");
}

pub(crate) async fn young_frames_stay(Subject { logs: [log, ..], prune_step }: Subject) {
    fill(&log, prune_step * 3).await;
    assert_eq!(log.prune(u64::MAX, Duration::from_secs(3600)).await, Ok(0));
    assert_eq!(log.first().await.unwrap().n, 0);
    sleep(Duration::from_secs(2)).await;
    let begun = Instant::now();
    let later = fill(&log, prune_step * 2).await;
    let age = begun.elapsed() + Duration::from_secs(1);
    let gone = log.prune(u64::MAX, age).await.unwrap();
    assert!(gone > prune_step && gone <= later[0].head.n, "{gone} went, the young ones begin at {}", later[0].head.n);
}

/// What a leader that was stopped for long may still send: frames for numbers that were taken long ago, built on frames that it knows.
pub(crate) async fn old_numbers_stay_closed(Subject { logs: [log, old, _], prune_step }: Subject) {
    let start = log.tip().await.unwrap();
    let frames = fill(&log, prune_step * 3 + 2).await;
    let tip = frames[frames.len() - 1].head;
    let mut late: Vec<NewFrame> = frames.clone();
    late.extend(
        frames
            .iter()
            .map(|frame| next_with(&frame.head, 1, "of the old leader".into()))
            .filter(|frame| frame.head.n <= tip.n),
    );
    late.push(next_with(&start, 1, "of the old leader".into()));
    for event in [0, frames[usize::try_from(prune_step).unwrap()].head.last_event, u64::MAX] {
        log.prune(event, Duration::ZERO).await.unwrap();
        let first = log.first().await.unwrap().n;
        for frame in &late {
            assert_eq!(old.append(frame.clone()).await, Ok(Appended::Refused), "{} of {first}..", frame.head.n);
        }
        assert_eq!(log.first().await.unwrap().n, first);
        assert_eq!(log.tip().await, Ok(tip));
        let expected: Vec<_> = frames.iter().filter(|frame| frame.head.n >= first.max(1)).map(stored).collect();
        assert_eq!(log.read(first.max(1) - 1, usize::MAX).await, Ok(whole(expected)));
    }
    assert!(log.first().await.unwrap().n >= prune_step * 3, "something was pruned");
}

pub(crate) async fn a_read_behind_a_pruned_number_shows_the_gap(
    Subject { logs: [log, other, _], prune_step }: Subject,
) {
    let frames = fill(&log, prune_step * 2 + 1).await;
    log.prune(u64::MAX, Duration::ZERO).await.unwrap();
    let first = log.first().await.unwrap().n;
    assert!(first >= prune_step * 2);
    let expected: Vec<_> = frames.iter().filter(|frame| frame.head.n >= first).map(stored).collect();
    for after in [0, 1, first - 1] {
        assert_eq!(other.read(after, usize::MAX).await.unwrap().frames, expected, "behind {after}");
        assert_eq!(other.read(after, 0).await.unwrap().frames[0].head.n, first);
    }
    other.wait(0, Duration::from_secs(5)).await.unwrap();
}
