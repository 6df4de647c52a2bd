//! Counts by time: how often something happened in each of the last spans, in memory.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a span is, in seconds.
pub(crate) const SPAN_S: u64 = 600;
/// Spans that are kept: those of a day, with the one that is not over yet.
const SPANS_MAX: usize = 144;

/// Counts by spans of [`SPAN_S`] since this was made, by elapsed time: setting the clock moves nothing.
#[derive(Debug)]
pub(crate) struct CountsByTime {
    since: Instant,
    spans: Mutex<Spans>,
}

/// The newest spans.
#[derive(Debug, Default)]
struct Spans {
    /// The number of the last span.
    last: u64,
    /// One for each, the last span's last.
    counts: VecDeque<u64>,
}

/// The counts of consecutive spans.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    /// How long ago the first of them began.
    pub began_ago: Duration,
    /// One for each span. The last one is not over yet.
    pub counts: Vec<u64>,
}

impl CountsByTime {
    /// Nothing was counted before.
    pub(crate) fn begin() -> Self {
        let mut counts = VecDeque::with_capacity(SPANS_MAX);
        counts.push_back(0);
        Self { since: Instant::now(), spans: Mutex::new(Spans { last: 0, counts }) }
    }

    /// It happened now.
    pub(crate) fn count(&self) {
        self.count_at(self.since.elapsed());
    }

    /// The counts up to now.
    pub(crate) fn read(&self) -> Counts {
        self.read_at(self.since.elapsed())
    }

    fn count_at(&self, elapsed: Duration) {
        // Nothing in here can panic half-way, so a poisoned lock is as good as any.
        let mut spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        spans.go_on_to(elapsed.as_secs() / SPAN_S);
        if let Some(count) = spans.counts.back_mut() {
            *count += 1;
        }
    }

    fn read_at(&self, elapsed: Duration) -> Counts {
        let mut spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        spans.go_on_to(elapsed.as_secs() / SPAN_S);
        let counts: Vec<u64> = spans.counts.iter().copied().collect();
        let first = spans.last + 1 - counts.len() as u64;
        Counts { began_ago: elapsed.saturating_sub(Duration::from_secs(first * SPAN_S)), counts }
    }
}

impl Spans {
    /// Another thread may have been here for a later span: what comes late counts for that.
    fn go_on_to(&mut self, span: u64) {
        let begun = usize::try_from(span.saturating_sub(self.last)).unwrap_or(usize::MAX);
        for _ in 0..begun.min(SPANS_MAX) {
            if self.counts.len() == SPANS_MAX {
                self.counts.pop_front();
            }
            self.counts.push_back(0);
        }
        self.last = self.last.max(span);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn each_span_has_its_own_count_whether_or_not_somebody_looks_in_between() {
        let [looked_at, left_alone] = [CountsByTime::begin(), CountsByTime::begin()];
        for (elapsed_s, times) in [(0, 1), (599, 2), (600, 3), (3_000, 4), (3_001, 5)] {
            for counts in [&looked_at, &left_alone] {
                (0..times).for_each(|_| counts.count_at(at(elapsed_s)));
            }
            looked_at.read_at(at(elapsed_s));
        }
        let expected = Counts { began_ago: at(3_700), counts: vec![3, 3, 0, 0, 0, 9, 0] };
        assert_eq!(looked_at.read_at(at(3_700)), expected);
        assert_eq!(left_alone.read_at(at(3_700)), expected);
    }

    #[test]
    fn what_is_older_than_a_day_is_forgotten_and_the_memory_is_bounded() {
        let counts = CountsByTime::begin();
        counts.count_at(at(0));
        counts.count_at(at(SPAN_S));
        let day = counts.read_at(at(86_399));
        assert_eq!((day.counts.len(), day.counts[0], day.counts[1]), (144, 1, 1));
        assert_eq!(day.began_ago, at(86_399));
        let next = counts.read_at(at(86_400));
        assert_eq!((next.counts.len(), next.counts[0], next.began_ago), (144, 1, at(85_800)));
        counts.count_at(at(1_000 * 86_400));
        let later = counts.read_at(at(1_000 * 86_400));
        assert_eq!((later.counts.iter().sum::<u64>(), later.counts[143], later.began_ago), (1, 1, at(143 * SPAN_S)));
        assert!(counts.spans.lock().unwrap().counts.capacity() < 2 * SPANS_MAX);
    }

    #[test]
    fn what_comes_late_is_counted_in_the_last_span() {
        let counts = CountsByTime::begin();
        counts.count_at(at(SPAN_S));
        counts.count_at(at(SPAN_S - 1));
        assert_eq!(counts.read_at(at(SPAN_S)).counts, [0, 2]);
    }
}
