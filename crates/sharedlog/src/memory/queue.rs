//! Calls on their way to the engine, and what becomes of them. An effect takes place at its time, whether anybody still waits for it
//! or not: whoever looks at the engine first lets everything take place that is due.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use tokio::time::Instant;

use super::faults::Faults;
use super::tables::Tables;
use crate::fault::Fault;
use crate::frame::Appended;

/// What a call does when it arrives.
pub(super) type Effect = Box<dyn FnOnce(&mut Tables, &mut [Line], Instant) + Send>;

/// A handle's connection to the engine.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) is_cut: bool,
    /// Another one after every fault that ends connections: who waits on an older one hears nothing any more.
    pub(super) connection: u64,
    pub(super) pipeline: Pipeline,
}

/// The appends of a handle that are under way, in the order of their first poll.
#[derive(Debug)]
pub(super) struct Pipeline {
    /// Counts pipelines: a new one begins when all appends of a broken one have returned.
    pub(super) number: u64,
    /// Appends that have not returned yet.
    pub(super) in_flight: usize,
    /// One of them will get no answer.
    is_broken: bool,
    /// One of them was refused.
    is_refused: bool,
    last_effect: Instant,
    last_answer: Instant,
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fate {
    /// When it has its effect, if ever.
    pub(super) effect_at: Option<Instant>,
    /// When its caller hears something.
    pub(super) answer_at: Instant,
    /// The caller hears that the engine is away.
    pub(super) is_lost: bool,
    /// For appends: it can be read, but no standby has it.
    pub(super) is_unreplicated: bool,
    /// When it arrives late, or once more.
    pub(super) again_at: Option<Instant>,
}

/// All calls that have not taken effect yet.
#[derive(Default)]
pub(super) struct Queue {
    /// By time; what is due at the same time takes place in the order of the calls. With each the handle that it came from.
    calls: BTreeMap<(Instant, u64), (usize, Effect)>,
    count: u64,
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.calls.keys()).finish()
    }
}

impl Queue {
    pub(super) fn push(&mut self, at: Instant, handle: usize, effect: Effect) {
        self.count += 1;
        self.calls.insert((at, self.count), (handle, effect));
    }

    /// When the next effect takes place.
    pub(super) fn next_at(&self) -> Option<Instant> {
        self.calls.keys().next().map(|(at, _)| *at)
    }

    /// Takes out the next effect that is due, with its time.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<(Instant, Effect)> {
        let entry = self.calls.first_entry().filter(|entry| entry.key().0 <= now)?;
        let ((at, _), (_, effect)) = entry.remove_entry();
        Some((at, effect))
    }

    /// Every other call of these handles never arrives.
    pub(super) fn lose_some(&mut self, rng: &mut fastrand::Rng, is_meant: impl Fn(usize) -> bool) {
        self.calls.retain(|_, (handle, _)| !is_meant(*handle) || rng.bool());
    }
}

impl Line {
    pub(super) fn new(now: Instant) -> Self {
        Self { is_cut: false, connection: 0, pipeline: Pipeline::new(0, now) }
    }

    /// Whoever waits for an answer gets none.
    pub(super) fn hang_up(&mut self) {
        self.connection += 1;
        self.pipeline.is_broken = true;
    }
}

impl Pipeline {
    fn new(number: u64, now: Instant) -> Self {
        Self { number, in_flight: 0, is_broken: false, is_refused: false, last_effect: now, last_answer: now }
    }

    /// Puts an append in line, and changes its fate by what is before it in the line.
    pub(super) fn enter(&mut self, mut fate: Fate, now: Instant) -> Fate {
        if self.in_flight == 0 && (self.is_broken || self.is_refused) {
            *self = Self::new(self.number + 1, now);
        }
        self.in_flight += 1;
        fate.is_lost |= self.is_broken || self.is_refused;
        self.is_broken |= fate.is_lost;
        fate.effect_at = fate.effect_at.map(|at| at.max(self.last_effect));
        self.last_effect = fate.effect_at.unwrap_or(self.last_effect);
        fate.answer_at = fate.answer_at.max(self.last_answer).max(self.last_effect);
        self.last_answer = fate.answer_at;
        fate
    }

    /// What the caller of an append hears of its outcome. Behind one that was refused nothing succeeds: if it was appended all the
    /// same, because the refused one had arrived before, its caller finds that out by reading.
    pub(super) fn outcome(&mut self, appended: Appended) -> Result<Appended, Fault> {
        let is_behind_refused = self.is_refused;
        self.is_refused |= appended == Appended::Refused;
        if is_behind_refused && appended == Appended::Durable {
            return Err(Fault::Away("an append before this one was refused".to_owned()));
        }
        Ok(appended)
    }
}

/// Draws what becomes of a call.
pub(super) fn draw(rng: &mut fastrand::Rng, faults: &Faults, now: Instant, is_append: bool) -> Fate {
    let before = within(rng, &faults.before);
    let effect_at = now + before;
    let answer_at = effect_at + within(rng, &faults.after);
    let works = Fate { effect_at: Some(effect_at), answer_at, is_lost: false, is_unreplicated: false, again_at: None };
    let away_at = now + within(rng, &faults.away_after);
    if is_one(rng, faults.lost_per_mille) {
        let effect_at = works.effect_at.filter(|_| rng.bool());
        return Fate { effect_at, answer_at: away_at, is_lost: true, ..works };
    }
    if !is_append {
        return works;
    }
    if is_one(rng, faults.late_per_mille) {
        let again_at = Some(effect_at + within(rng, &faults.late_by));
        return Fate { effect_at: None, answer_at: away_at, is_lost: true, again_at, ..works };
    }
    let again_at = is_one(rng, faults.twice_per_mille).then(|| effect_at + within(rng, &faults.late_by));
    if is_one(rng, faults.unreplicated_per_mille) {
        return Fate { answer_at: away_at, is_lost: true, is_unreplicated: true, again_at, ..works };
    }
    Fate { again_at, ..works }
}

fn is_one(rng: &mut fastrand::Rng, per_mille: u32) -> bool {
    rng.u32(0..1000) < per_mille
}

pub(super) fn within(rng: &mut fastrand::Rng, range: &RangeInclusive<Duration>) -> Duration {
    let micros = |duration: &Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    let (from, to) = (micros(range.start()), micros(range.end()));
    Duration::from_micros(rng.u64(from..=to.max(from)))
}
