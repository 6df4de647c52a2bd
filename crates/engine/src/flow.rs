//! The frames of a member of a group between deciding and the files: sealed, given out, acknowledged, written.

use crate::job::Job;
use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};
use tocos_journal::{Appender, Frame, Sealed, Sealer};
use tocos_ledger::State;

/// A frame that went out and was not acknowledged.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) frame: Sealed,
    /// The state at its end, if a snapshot is to be made of it.
    pub(crate) state: Option<State>,
    pub(crate) since: Instant,
}

/// How often is looked whether those who were just answered have written again.
const LOOK_EVERY: Duration = Duration::from_micros(200);
/// Fewer new events from one look to the next do not come from those who were answered.
const GROWN_MIN: usize = 4;
/// The longest that a frame stays open for them; and no longer than the frame before was on its way.
const OPEN_MAX: Duration = Duration::from_millis(2);

/// Clients that were answered together write again together. If the next frame went out with those of the others alone, the two halves would wait
/// for each other's frames for good.
#[derive(Debug)]
struct Returning {
    look_at: Instant,
    until: Instant,
    /// The events that the next frame had when was last looked.
    pending: Option<usize>,
}

impl Returning {
    fn since(answered: Instant, on_its_way: Duration) -> Self {
        Self { look_at: answered + LOOK_EVERY, until: answered + on_its_way.min(OPEN_MAX), pending: None }
    }

    /// When to look again whether they have written, with so many events in the next frame; none if it need not wait.
    fn next_look(&mut self, pending: usize, now: Instant) -> Option<Instant> {
        let before = *self.pending.get_or_insert(pending);
        if now >= self.look_at {
            if pending < before + GROWN_MIN {
                return None;
            }
            (self.pending, self.look_at) = (Some(pending), now + LOOK_EVERY);
        }
        Some(self.look_at).filter(|look_at| *look_at < self.until)
    }
}

/// What a member has beside the ledger.
#[derive(Debug)]
pub(crate) struct Flow {
    node: String,
    appender: Mutex<Appender>,
    lead: Mutex<Leading>,
    known_durable: AtomicU64,
    snapshots: Mutex<Option<SyncSender<Job>>>,
}

#[derive(Debug, Default)]
struct Leading {
    /// There is one while this node leads.
    sealer: Option<Sealer>,
    epoch: u64,
    given: VecDeque<Given>,
    /// Those who were answered last.
    returning: Option<Returning>,
    /// When to ask again for frames that go out.
    look_at: Option<Instant>,
    /// Who waits for frames to go out, and who for there being none.
    waker: Option<Waker>,
    drained: Option<Waker>,
}

impl Flow {
    pub(crate) fn new(node: String, appender: Appender, known_durable: u64) -> Self {
        Self {
            node,
            appender: Mutex::new(appender),
            lead: Mutex::default(),
            known_durable: AtomicU64::new(known_durable),
            snapshots: Mutex::new(None),
        }
    }

    pub(crate) fn node(&self) -> &str {
        &self.node
    }

    pub(crate) fn appender(&self) -> MutexGuard<'_, Appender> {
        self.appender.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lead(&self) -> MutexGuard<'_, Leading> {
        // Nothing in here can panic half-way.
        self.lead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn known_durable(&self) -> u64 {
        self.known_durable.load(Ordering::Acquire)
    }

    pub(crate) fn note_durable(&self, event: u64) {
        self.known_durable.fetch_max(event, Ordering::AcqRel);
    }

    pub(crate) fn is_leading(&self) -> bool {
        self.lead().sealer.is_some()
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.lead().epoch
    }

    /// Begins to lead; false if it leads already.
    pub(crate) fn begin(&self, epoch: u64) -> bool {
        let sealer = self.appender().sealer();
        let mut lead = self.lead();
        if lead.sealer.is_some() {
            return false;
        }
        (lead.sealer, lead.epoch) = (Some(sealer), epoch);
        true
    }

    /// Ends leading. Says whether all frames that went out were acknowledged.
    pub(crate) fn end(&self) -> bool {
        let mut lead = self.lead();
        lead.sealer = None;
        let was_clean = lead.given.is_empty();
        lead.given.clear();
        (lead.returning, lead.look_at) = (None, None);
        was_clean
    }

    /// Seals a frame and takes note of it. None if it can't be sealed: then this node no longer leads.
    pub(crate) fn give_out(&self, frame: &Frame, state: Option<State>, durable: u64) -> Option<Sealed> {
        let mut lead = self.lead();
        let sealed = lead.sealer.as_mut()?.seal(frame, durable).ok()?;
        lead.given.push_back(Given { frame: sealed.clone(), state, since: Instant::now() });
        Some(sealed)
    }

    /// Whether a frame went out and was not acknowledged.
    pub(crate) fn has_given(&self) -> bool {
        !self.lead().given.is_empty()
    }

    pub(crate) fn take_given(&self) -> Option<Given> {
        self.lead().given.pop_front()
    }

    /// Those whose frame was on its way for so long are answered now.
    pub(crate) fn answered(&self, on_its_way: Duration) {
        self.lead().returning = Some(Returning::since(Instant::now(), on_its_way));
    }

    /// Whether the next frame, which has so many events, waits for those who were just answered to write again. Then it is asked for again soon.
    pub(crate) fn waits_for_returning(&self, pending: usize) -> bool {
        let mut lead = self.lead();
        lead.look_at = lead.returning.as_mut().and_then(|returning| returning.next_look(pending, Instant::now()));
        if lead.look_at.is_none() {
            lead.returning = None;
        }
        lead.look_at.is_some()
    }

    /// How long until frames are asked for again, if they are.
    pub(crate) fn next_look(&self) -> Option<Duration> {
        self.lead().look_at.map(|look_at| look_at.saturating_duration_since(Instant::now()))
    }

    /// Asks for frames again, if it is time.
    pub(crate) fn look_if_due(&self) {
        let is_due = self.lead().look_at.take_if(|look_at| *look_at <= Instant::now()).is_some();
        if is_due {
            self.wake();
        }
    }

    /// Wakes whoever waits for frames to go out.
    pub(crate) fn wake(&self) {
        let waker = self.lead().waker.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(crate) fn register(&self, waker: &Waker) {
        self.lead().waker = Some(waker.clone());
    }

    pub(crate) fn register_drained(&self, waker: &Waker) {
        self.lead().drained = Some(waker.clone());
    }

    /// Says that there is nothing left to go out.
    pub(crate) fn drained(&self) {
        let waker = self.lead().drained.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Makes the files durable.
    pub(crate) fn sync(&self) -> io::Result<()> {
        // Not under the lock: frames are written meanwhile.
        let file = self.appender().sync_handle();
        file.sync()
    }

    pub(crate) fn set_snapshots(&self, snapshots: SyncSender<Job>) {
        *self.snapshots.lock().unwrap_or_else(PoisonError::into_inner) = Some(snapshots);
    }

    /// Asks for a snapshot. One that is still being made is enough: then this one is dropped.
    pub(crate) fn snapshot(&self, job: Job) {
        if let Some(snapshots) = &*self.snapshots.lock().unwrap_or_else(PoisonError::into_inner) {
            let _busy = snapshots.try_send(job);
        }
    }

    /// No more snapshots are asked for: the thread that makes them ends with the result.
    pub(crate) fn end_snapshots(&self) -> Option<SyncSender<Job>> {
        self.snapshots.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[cfg(test)]
mod tests {
    use super::{OPEN_MAX, Returning};
    use std::time::{Duration, Instant};

    fn us(us: u64) -> Duration {
        Duration::from_micros(us)
    }

    #[test]
    fn a_frame_waits_for_as_long_as_those_who_were_answered_come_back() {
        let answered = Instant::now();
        let mut returning = Returning::since(answered, us(900));
        assert_eq!(returning.next_look(32, answered + us(10)), Some(answered + us(200)));
        assert_eq!(returning.next_look(33, answered + us(150)), Some(answered + us(200)), "it was not time to look");
        assert_eq!(returning.next_look(36, answered + us(210)), Some(answered + us(410)));
        assert_eq!(returning.next_look(39, answered + us(410)), None, "3 in 200 us come from elsewhere");
    }

    #[test]
    fn it_does_not_wait_for_longer_than_the_frame_before_was_on_its_way() {
        let answered = Instant::now();
        let looks = |on_its_way: Duration| {
            let mut returning = Returning::since(answered, on_its_way);
            let (mut pending, mut now) = (0, answered);
            while let Some(look_at) = returning.next_look(pending, now) {
                (pending, now) = (pending + 50, look_at);
            }
            now - answered
        };
        assert_eq!([us(100), us(700), us(5_000)].map(looks), [us(0), us(600), OPEN_MAX - us(200)]);
    }
}
