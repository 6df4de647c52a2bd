//! Deciding: the ledger, the frame that is being filled, and the frame that is being synced. No threads here and no
//! waiting: the commit thread drives it in a server, a simulation drives it in tests.

mod lookups;
mod sweep;

pub(crate) use lookups::Ahead;

use crate::as_of::AsOf;
use crate::clock::Clock;
use crate::error::{BatchRejection, EventError, Rejection, Unavailable};
use crate::nearby::Nearby;
use crate::stored::StoredEvent;
use crate::tables::{InUse, Listed, TableOptions, Tables};
use std::collections::VecDeque;
use std::sync::Arc;
use tocos_journal::{Frame, Reader};
use tocos_ledger::{
    Decision, Event, Generation, Ledger, Micros, Operation, Recalled, Refusal, Request, STAGED_AT_ONCE, Staged, State,
    join_to_next,
};

/// How a batch is to be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Batch<'k> {
    /// All or none.
    pub atomic: bool,
    /// Every operation has a key that was made from one key of the whole batch; this is the one that an operation behind
    /// the last would have. An atomic batch is then done once as a whole: it is replayed, or new, or refused.
    pub next_key: Option<&'k str>,
    /// Answer as if it were done, and do nothing.
    pub dry_run: bool,
}

/// What an operation came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Submitted<R> {
    /// The event that carried it out.
    pub event: u64,
    /// Whether that was an earlier request with the same key.
    pub replayed: bool,
    /// Answer when this is durable.
    pub seen: AsOf,
    /// What `render` made of the event.
    pub rendered: R,
}

#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) ledger: Ledger,
    pub(crate) clock: Clock,
    pending: Frame,
    /// Events that the clock made for the frame that is being filled.
    swept: usize,
    /// More is due than was done for that frame.
    is_behind: bool,
    /// Sealed, and not known to be durable, the oldest first.
    in_flight: VecDeque<Arc<Frame>>,
    spare: Option<Frame>,
    scratch: Vec<u8>,
    reader: Reader,
    /// What may not be on this disk and is at hand.
    pub(crate) nearby: Nearby,
    tables: Arc<Tables>,
    in_use: InUse,
    table_options: TableOptions,
    pub(crate) unavailable: Option<Unavailable>,
    /// What it is to its group, if it has one.
    pub(crate) lead: Lead,
    /// How often it lost the lead.
    pub(crate) term: u32,
    /// Where the disk has no room: nothing is decided until it has.
    pub(crate) full: Option<String>,
}

/// Whether a node decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lead {
    /// It is alone, or leads.
    Decides,
    /// Another node does.
    Follows,
    /// It lost the lead, and its memory is ahead of what it may show.
    Lost,
}

type Outcome<R> = Result<Submitted<R>, Step>;

/// Why one step of deciding did not come to a response.
enum Step {
    Refused(Refusal),
    Broken(Unavailable),
}

impl From<Refusal> for Step {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Writer {
    pub(crate) fn new(
        ledger: Ledger,
        clock: Clock,
        reader: Reader,
        (tables, table_options): (Tables, TableOptions),
    ) -> Self {
        let next = ledger.state().last_event() + 1;
        let (tables, in_use) = (Arc::new(tables), InUse::default());
        in_use.set(&tables);
        Self {
            ledger,
            clock,
            pending: Frame::new(next, 0),
            swept: 0,
            is_behind: false,
            in_flight: VecDeque::new(),
            spare: None,
            scratch: Vec::new(),
            reader,
            nearby: Nearby::default(),
            tables,
            in_use,
            table_options,
            unavailable: None,
            lead: Lead::Decides,
            term: 0,
            full: None,
        }
    }

    /// The last event decided, durable or not.
    pub(crate) fn last_event(&self) -> u64 {
        self.ledger.state().last_event()
    }

    pub(crate) fn pending_events(&self) -> usize {
        self.pending.len()
    }

    /// Decided, and not known to be durable.
    pub(crate) fn events_on_their_way(&self) -> usize {
        self.pending.len() + self.in_flight.iter().map(|frame| frame.len()).sum::<usize>()
    }

    pub(crate) fn frames_in_flight(&self) -> usize {
        self.in_flight.len()
    }

    #[cfg(test)]
    pub(crate) fn reader(&self) -> &Reader {
        &self.reader
    }

    pub(crate) fn tables(&self) -> &Arc<Tables> {
        &self.tables
    }

    /// The same without the writer, at any time.
    pub(crate) fn in_use(&self) -> InUse {
        self.in_use.clone()
    }

    pub(crate) fn table_options(&self) -> TableOptions {
        self.table_options
    }

    /// What of the past a request about this would be told, wherever it is.
    #[cfg(test)]
    pub(crate) fn last_about(&self, over: tocos_ledger::Over) -> Result<Option<u64>, Unavailable> {
        self.tables.find_over(self.ledger.over_hash(over))
    }

    /// Takes tables into use that tell of events of which none did. What they hold may leave the memory; what of that is
    /// returned is to be dropped where nobody waits.
    pub(crate) fn add_tables(&mut self, new: &[Arc<Listed>]) -> Generation {
        let tables = Arc::make_mut(&mut self.tables);
        tables.replace(&[], new);
        tables.set_floor(tables.floor_for(self.table_options.keys_in_memory));
        self.in_use.set(&self.tables);
        self.ledger.forget_keys_through(self.tables.floor());
        self.ledger.forget_over_through(self.tables.covered())
    }

    /// Takes tables into use in place of others that tell of the same events.
    pub(crate) fn replace_tables(&mut self, old: &[Arc<Listed>], new: &[Arc<Listed>]) {
        Arc::make_mut(&mut self.tables).replace(old, new);
        self.in_use.set(&self.tables);
    }

    fn check(&self) -> Result<(), Unavailable> {
        self.unavailable.clone().map_or(Ok(()), Err)
    }

    /// What a response depends on that has seen the ledger up to this event.
    pub(crate) fn as_of(&self, event: u64) -> AsOf {
        AsOf { term: self.term, event }
    }

    /// Puts an event into the frame and carries it out.
    fn write(&mut self, event: &Event<'_>) -> Result<(), Unavailable> {
        let pending = &mut self.pending;
        let record = event.encode(&mut self.scratch, |blob| pending.blob(blob));
        pending.push(&record);
        self.ledger.apply(event).map_err(|inconsistent| {
            // A decided event can't be applied: a bug. Nothing more is decided, since the state can't be trusted.
            let broken = Unavailable::Storage { cause: inconsistent.to_string() };
            self.unavailable = Some(broken.clone());
            broken
        })
    }

    /// An event by number, in memory or on this disk.
    pub(crate) fn look_up(&self, number: u64) -> Result<StoredEvent, EventError> {
        if number > self.last_event() {
            return Err(EventError::NotFound { event: number });
        }
        if let Some(stored) = self.nearby.find(number) {
            return Ok(stored.clone());
        }
        let in_flight = self.in_flight.iter().map(|frame| &**frame);
        in_flight
            .chain([&self.pending])
            .find_map(|frame| StoredEvent::in_frame(frame, number))
            .map_or_else(|| StoredEvent::read_here(&self.reader, number), Ok)
    }

    fn step<R>(
        &mut self,
        request: &Request<'_>,
        (staged, recalled): (&Staged, &Recalled),
        now: Micros,
        apply: bool,
        render: impl FnOnce(&Event<'_>, &State) -> R,
    ) -> Outcome<R> {
        if let Operation::Reverse { event, original: None, amount, renew_expires_at, taking } = request.operation {
            let stored = match self.look_up(event) {
                Ok(stored) => stored,
                Err(EventError::NotFound { event }) => return Err(Refusal::EventNotFound { event }.into()),
                Err(error) => return Err(Step::Broken(Unavailable::Storage { cause: error.to_string() })),
            };
            let original = stored.decode().map_err(|error| unreadable(&error))?;
            let operation = Operation::Reverse { event, original: Some(&original), amount, renew_expires_at, taking };
            return self.decide(&Request { operation, ..request.clone() }, (staged, recalled), now, apply, render);
        }
        self.decide(request, (staged, recalled), now, apply, render)
    }

    fn decide<R>(
        &mut self,
        request: &Request<'_>,
        (staged, recalled): (&Staged, &Recalled),
        now: Micros,
        apply: bool,
        render: impl FnOnce(&Event<'_>, &State) -> R,
    ) -> Outcome<R> {
        match self.ledger.decide_recalled(request, staged, recalled, now)? {
            Decision::Do(event) => {
                let seen = self.last_event();
                if apply {
                    self.write(&event).map_err(Step::Broken)?;
                }
                let rendered = render(&event, self.ledger.state());
                let seen = self.as_of(if apply { event.number } else { seen });
                Ok(Submitted { event: event.number, replayed: false, seen, rendered })
            }
            Decision::Known(number) => {
                let stored = self.look_up(number).map_err(|error| unreadable(&error))?;
                let event = stored.decode().map_err(|error| unreadable(&error))?;
                let state = self.ledger.state();
                event
                    .same_request(request, state)
                    .map_err(|field| Refusal::IdempotencyKeyReused { field, event: number })?;
                let rendered = render(&event, state);
                Ok(Submitted { event: number, replayed: true, seen: self.as_of(number), rendered })
            }
        }
    }

    pub(crate) fn submit<R>(
        &mut self,
        request: &Request<'_>,
        dry_run: bool,
        render: impl FnOnce(&Event<'_>, &State) -> R,
    ) -> Result<Submitted<R>, Rejection> {
        let now = self.stamp_for(std::slice::from_ref(request)).map_err(Rejection::Unavailable)?;
        self.settle_for(std::slice::from_ref(request), now).map_err(Rejection::Unavailable)?;
        let key = request.key.filter(|_| !self.tables.are_keys_in_memory());
        let key_hash = key.map(|key| self.ledger.hashed_key(key).hash);
        let known = key_hash.map_or(Ok(None), |hash| self.tables.find_key(hash)).map_err(Rejection::Unavailable)?;
        let recalled = self.recall(request, known).map_err(Rejection::Unavailable)?;
        self.read_ahead(std::slice::from_ref(request), std::slice::from_ref(&recalled), Vec::new())
            .map_err(Rejection::Unavailable)?;
        let staged = key_hash.map_or_else(Staged::default, Staged::of_key);
        self.step(request, (&staged, &recalled), now, !dry_run, render).map_err(|step| match step {
            Step::Refused(refusal) => Rejection::Refused { refusal, seen: self.as_of(self.last_event()) },
            Step::Broken(unavailable) => Rejection::Unavailable(unavailable),
        })
    }

    pub(crate) fn submit_batch<R>(
        &mut self,
        (requests, ahead): (&[Request<'_>], Ahead),
        how: Batch<'_>,
        mut render: impl FnMut(&Event<'_>, &State) -> R,
    ) -> Result<Vec<Result<Submitted<R>, Refusal>>, BatchRejection> {
        let now = self.stamp_for(requests).map_err(BatchRejection::Unavailable)?;
        self.settle_for(requests, now).map_err(BatchRejection::Unavailable)?;
        let mut lookups = self.recall_all(requests, ahead).map_err(BatchRejection::Unavailable)?;
        let missing = std::mem::take(&mut lookups.elsewhere);
        self.read_ahead(requests, &lookups.recalled, missing).map_err(BatchRejection::Unavailable)?;
        let next_known = how.next_key.filter(|_| how.atomic).map_or(Ok(None), |key| self.known(key));
        let next_known = next_known.map_err(BatchRejection::Unavailable)?;
        let (mark, begun, seen) = (self.pending.mark(), self.pending.len(), self.as_of(self.last_event()));
        let may_roll_back = how.atomic || how.dry_run;
        if may_roll_back {
            self.ledger.begin();
        }
        let mut results = Vec::with_capacity(requests.len());
        let mut staged = [Staged::default(); STAGED_AT_ONCE];
        for (operation, request) in requests.iter().enumerate() {
            let at = operation % STAGED_AT_ONCE;
            if at == 0 {
                let end = requests.len().min(operation + STAGED_AT_ONCE);
                staged = self.ledger.stage(&requests[operation..end], lookups.hashes.get(operation..end));
            }
            let recalled = lookups.recalled.get(operation).copied().unwrap_or_default();
            let mut step = self.step(request, (&staged[at], &recalled), now, true, &mut render);
            if how.atomic && how.next_key.is_some() {
                step = part_of_the_whole(step, results.last());
            }
            match step {
                Ok(submitted) => results.push(Ok(submitted)),
                Err(Step::Refused(refusal)) if how.atomic => {
                    self.ledger.roll_back();
                    self.pending.truncate(mark);
                    return Err(BatchRejection::Refused { operation, refusal, seen });
                }
                Err(Step::Refused(refusal)) => results.push(Err(refusal)),
                Err(Step::Broken(unavailable)) => {
                    // What can't be applied stops the writer; what can't be looked up leaves no half of a whole.
                    if may_roll_back && self.unavailable.is_none() {
                        self.ledger.roll_back();
                        self.pending.truncate(mark);
                    }
                    return Err(BatchRejection::Unavailable(unavailable));
                }
            }
        }
        if let Some(event) = next_known {
            // The batch of this key went on.
            self.ledger.roll_back();
            self.pending.truncate(mark);
            let refusal = Refusal::IdempotencyKeyReused { field: "operations", event };
            return Err(BatchRejection::Refused { operation: requests.len(), refusal, seen });
        }
        if how.dry_run {
            self.ledger.roll_back();
            self.pending.truncate(mark);
            for submitted in results.iter_mut().flatten() {
                submitted.seen = submitted.seen.min(seen);
            }
        } else if may_roll_back {
            self.ledger.keep();
            if let Some((_last, joined)) = self.pending.records_mut()[begun..].split_last_mut() {
                joined.iter_mut().for_each(join_to_next);
            }
        }
        Ok(results)
    }

    /// Takes the frame that was filled, to be written and synced after those before it; `None` if nothing waits.
    pub(crate) fn seal(&mut self) -> Option<Arc<Frame>> {
        if self.pending.is_empty() || self.unavailable.is_some() {
            return None;
        }
        let next = self.spare.take().unwrap_or_else(|| Frame::new(0, 0));
        let mut sealed = std::mem::replace(&mut self.pending, next);
        self.pending.reset(sealed.last() + 1, sealed.at_us());
        if !sealed.fits() {
            let cause = format!("a batch of {} events is too large for a frame", sealed.len());
            self.unavailable = Some(Unavailable::Storage { cause });
            sealed.reset(0, 0);
            return None;
        }
        let frame = Arc::new(sealed);
        self.in_flight.push_back(Arc::clone(&frame));
        Some(frame)
    }

    /// Forgets the sealed frames up to this durable event: they can be read from the log.
    pub(crate) fn advance_durable(&mut self, durable: u64) {
        while self.in_flight.front().is_some_and(|frame| frame.last() <= durable) {
            // Whoever wrote it may hold it for a moment yet; then another will be made.
            self.spare = self.in_flight.pop_front().and_then(Arc::into_inner).or_else(|| self.spare.take());
        }
    }

    /// Writes that `node` leads under `epoch`. That needs no plausible clock: while the system's is not, it has the ledger's last time.
    pub(crate) fn write_leader(&mut self, epoch: u64, node: &str) -> Result<(), Unavailable> {
        self.check()?;
        if self.pending.is_empty() {
            let ledger = self.ledger.state().now();
            let now = self.clock.now().map_or(ledger, |now| now.max(ledger));
            self.pending.reset(self.last_event() + 1, now);
        }
        let event = self.ledger.leader(epoch, node, self.pending.at_us());
        self.write(&event)
    }

    /// Drops what was decided and is not durable. The ledger is then ahead of the log, unless there was nothing.
    pub(crate) fn drop_undurable(&mut self) {
        self.pending.reset(0, 0);
        self.is_behind = false;
        self.in_flight.clear();
    }

    /// Takes the ledger as it is at the end of the log, which has the keys behind this event in memory; gives the one before.
    pub(crate) fn replace_ledger(&mut self, ledger: Ledger, keys_behind: u64) -> Ledger {
        Arc::make_mut(&mut self.tables).set_floor(keys_behind);
        self.in_use.set(&self.tables);
        self.pending.reset(ledger.state().last_event() + 1, 0);
        std::mem::replace(&mut self.ledger, ledger)
    }

    /// Nothing more will become durable.
    pub(crate) fn fail(&mut self, unavailable: Unavailable) {
        self.unavailable = Some(unavailable);
    }
}

/// An operation of an atomic batch under one key, after the one before it: all of them are replayed, or none.
fn part_of_the_whole<R>(step: Outcome<R>, before: Option<&Result<Submitted<R>, Refusal>>) -> Outcome<R> {
    let Some(Ok(before)) = before else { return step };
    let reused = |event| Err(Refusal::IdempotencyKeyReused { field: "operations", event }.into());
    match step {
        Ok(submitted) if submitted.replayed && !before.replayed => reused(submitted.event),
        Ok(submitted) if !submitted.replayed && before.replayed => reused(before.event),
        // It was not part of the batch that was done, whatever else speaks against it now.
        Err(Step::Refused(refusal)) if before.replayed && !matches!(refusal, Refusal::IdempotencyKeyReused { .. }) => {
            reused(before.event)
        }
        step => step,
    }
}

fn unreadable(error: &EventError) -> Step {
    Step::Broken(Unavailable::Storage { cause: error.to_string() })
}
