//! Background work: it is throttled, so that work that clients wait for gets the processor and the disk.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many times as long as a block took the disk is left alone behind it.
const PAUSE_FACTOR: u32 = 3;
/// Pauses shorter than this are saved up: they would cost more than they give.
const PAUSE_MIN: Duration = Duration::from_micros(200);
/// However slow the disk is, a pause ends.
const PAUSE_MAX: Duration = Duration::from_millis(200);

/// Pauses between blocks of work, until it is lifted.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    is_lifted: Mutex<bool>,
    lifted: Condvar,
}

impl Throttle {
    /// No pauses from now on, and the one that is being taken ends.
    pub(crate) fn lift(&self) {
        *self.is_lifted.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.lifted.notify_all();
    }

    fn pause(&self, length: Duration) {
        let is_lifted = self.is_lifted.lock().unwrap_or_else(PoisonError::into_inner);
        // Nothing can panic under this lock, so a poisoned one is as good as any.
        let _ended = self.lifted.wait_timeout_while(is_lifted, length, |is_lifted| !*is_lifted);
    }

    /// The same blocks, each handed out after a pause in proportion to what was done with those before it.
    pub(crate) fn throttle<I: Iterator>(&self, blocks: I) -> impl Iterator<Item = I::Item> {
        let mut blocks = blocks;
        let mut pace = self.pace();
        std::iter::from_fn(move || {
            pace.step();
            blocks.next()
        })
    }

    /// For work that comes in steps.
    pub(crate) fn pace(&self) -> Pace<'_> {
        Pace { throttle: self, begun: Instant::now(), owed: Duration::ZERO }
    }
}

/// Pauses between the steps of one work.
#[derive(Debug)]
pub(crate) struct Pace<'t> {
    throttle: &'t Throttle,
    /// When the step that is being done began.
    begun: Instant,
    owed: Duration,
}

impl Pace<'_> {
    /// A step is done: pauses in proportion to what it took, with those before it that were too short for a pause.
    pub(crate) fn step(&mut self) {
        self.owed += self.begun.elapsed() * PAUSE_FACTOR;
        if self.owed >= PAUSE_MIN {
            self.throttle.pause(self.owed.min(PAUSE_MAX));
            self.owed = Duration::ZERO;
        }
        self.begun = Instant::now();
    }
}

/// Gives the thread that calls it a tenth of the weight of the others. Not less: where no processor is free it must still get
/// done what others wait for at times, such as with a lock of the file system.
pub(crate) fn lower_priority() {
    #[cfg(target_os = "linux")]
    {
        const NICE: i32 = 10;
        // No process id names the calling thread alone, on Linux. Where it is refused the thread is one like the others.
        let _refused = rustix::process::setpriority_process(None, NICE);
    }
}

/// Gives the thread that calls it the processors when no other thread wants one, and makes those that wake up see its processor as a free
/// one: beside a thread that is merely slower they all crowd on the other processors. For work that locks nothing which others wait for.
pub(crate) fn only_when_idle() {
    #[cfg(target_os = "linux")]
    {
        use thread_priority::{NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy};
        let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
        // Where it is refused the thread is one like the others.
        let _refused = thread_priority::set_thread_priority_and_policy(
            thread_priority::thread_native_id(),
            ThreadPriority::Min,
            idle,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_takes_long_for_a_block_waits_for_the_next() {
        let throttle = Throttle::default();
        let begun = Instant::now();
        let mut blocks = throttle.throttle(0..2);
        assert_eq!(blocks.next(), Some(0));
        std::thread::sleep(Duration::from_millis(10));
        assert_eq!(blocks.next(), Some(1));
        assert!(begun.elapsed() >= Duration::from_millis(40), "{:?}", begun.elapsed());
    }

    #[test]
    fn lifting_it_ends_a_pause_and_all_that_would_follow() {
        let throttle = Throttle::default();
        let begun = Instant::now();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(20));
                throttle.lift();
            });
            throttle.pause(Duration::from_secs(60));
        });
        throttle.pause(Duration::from_secs(60));
        assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    }
}
