//! What the uploader does when, and what follows from failures.

use std::sync::Arc;
use std::time::Duration;

use tocos_journal::{Position, Reader};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::attach::{Attached, Attachment, attach, attach_in_group, begin, begin_in_group, is_newest};
use super::derived::{Derived, DerivedStep};
use super::error::PutError;
use super::local::Local;
use super::status::Status;
use super::tail::Outcome;
use super::{END_PATIENCE, Options, Surroundings, sealed, tail};
use crate::branch::Parent;
use crate::store::Store;

/// How often it is looked whether there is something to put.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// The first rest after a failure, and the longest.
const RETRY_MIN: Duration = Duration::from_millis(500);
const RETRY_MAX: Duration = Duration::from_secs(15);
/// How long a node of a group that is behind the archive waits before it looks again.
const BEHIND_EVERY: Duration = Duration::from_secs(1);
/// How often the leader of a group looks whether a branch has begun that is newer than its own.
const BRANCHES_EVERY: Duration = Duration::from_secs(60);

/// The uploader at work.
#[derive(Debug)]
pub(super) struct Run {
    store: Store,
    local: Local,
    options: Options,
    around: Surroundings,
    status: Arc<Status>,
    /// None until the branch has been found, and again when a new one was begun.
    target: Option<Target>,
    derived: Derived,
    /// Failures since something last worked.
    failures_in_a_row: u32,
    /// Up to which event the end puts, once it has begun. In a group the log may go on behind it.
    end_through: Option<u64>,
    /// When it was last looked which branch is the newest.
    branches_at: Instant,
}

/// Where the next objects go.
#[derive(Debug)]
struct Target {
    at: Attached,
    /// Up to where segments are in large objects.
    sealed: Position,
    /// What is to be put now, whatever its size.
    due_through: u64,
    /// Since when there is something to put.
    waiting_since: Option<Instant>,
}

/// What a step led to.
#[derive(Debug)]
enum Step {
    /// There may be more to do at once.
    More,
    /// More to do, after a rest.
    Rest(Duration),
    /// There is nothing to do.
    Nothing,
}

impl Run {
    pub(super) fn new(
        store: Store,
        reader: Reader,
        options: Options,
        around: Surroundings,
        status: Arc<Status>,
    ) -> Self {
        Self {
            store,
            local: Local { reader },
            around,
            status,
            target: None,
            derived: Derived::new(options.sizes.part),
            options,
            failures_in_a_row: 0,
            end_through: None,
            branches_at: Instant::now(),
        }
    }

    /// Goes on until it is stopped, and then until all that is durable is put, or its patience ends.
    pub(super) async fn until(mut self, stop: watch::Receiver<bool>) {
        let mut ending = stop.clone();
        let patience = async move {
            // That nobody can stop it any more stops it too.
            drop(ending.wait_for(|is_stopped| *is_stopped).await);
            sleep(END_PATIENCE).await;
        };
        let is_complete = tokio::select! {
            biased;
            () = self.go_on(stop) => true,
            () = patience => false,
        };
        let archived = self.status.archived_event().unwrap_or(0);
        if is_complete && self.end_through.is_none_or(|last| last <= archived) {
            tracing::info!(event = archived, "archive: complete");
        } else if is_complete {
            tracing::info!(event = archived, "archive: another node of the group goes on from here");
        } else {
            tracing::warn!(
                event = archived,
                last_event = self.local.last_event(),
                "archive: the last events are not in it; the next start puts them"
            );
        }
    }

    async fn go_on(&mut self, mut stop: watch::Receiver<bool>) {
        loop {
            let is_ending = *stop.borrow() || stop.has_changed().is_err();
            if is_ending && self.end_through.is_none() {
                self.end_through = Some(self.local.last_event());
            }
            let rest = match self.step().await {
                Ok(Step::Nothing) if is_ending => return,
                Ok(step) => {
                    self.worked(&step);
                    match step {
                        Step::More => continue,
                        Step::Rest(rest) => rest,
                        Step::Nothing => LOOK_EVERY,
                    }
                }
                Err(error) => self.failed(&error, is_ending),
            };
            tokio::select! {
                () = sleep(rest) => {}
                _ = stop.wait_for(|is_stopped| *is_stopped), if !is_ending => {}
            }
        }
    }

    async fn step(&mut self) -> Result<Step, PutError> {
        self.look_for_newer().await?;
        let Some(target) = &mut self.target else { return self.attach().await };
        if target.is_due(&self.local, &self.options, self.end_through)? {
            let outcome =
                tail::put(&self.store, target.at.branch, &self.local, (target.at.tip, self.options.sizes.tail)).await?;
            return self.settle(outcome).await;
        }
        if self.end_through.is_some() {
            return Ok(Step::Nothing);
        }
        let range = (target.sealed, target.at.tip);
        match sealed::put(&self.store, target.at.branch, &self.local, range, self.options.sizes.log).await? {
            Some(Outcome::Put { bytes, tip }) => {
                self.status.put(bytes);
                target.sealed = tip;
                return Ok(Step::More);
            }
            Some(Outcome::Was { tip }) => {
                target.sealed = tip;
                return Ok(Step::More);
            }
            Some(Outcome::Ahead { .. }) => return Ok(self.gives_way()),
            Some(Outcome::Gone | Outcome::Taken { .. } | Outcome::Nothing) => return Ok(Step::More),
            None => {}
        }
        let disk = Arc::clone(self.local.reader.disk());
        let range = (target.at.root.event, target.at.tip.event);
        Ok(match self.derived.step(&self.store, target.at.branch, &*disk, range).await? {
            DerivedStep::Nothing => Step::Nothing,
            DerivedStep::Part(rest) => Step::Rest(rest),
            DerivedStep::Put(bytes, rest) => {
                self.status.put(bytes);
                Step::Rest(rest)
            }
        })
    }

    /// Finds the branch to write to, or begins one.
    async fn attach(&mut self) -> Result<Step, PutError> {
        let now_us = (self.around.now_us)();
        let attachment = match &self.options.leads {
            None => attach(&self.store, &self.local, now_us).await?,
            Some(_) => attach_in_group(&self.store, &self.local, now_us).await?,
        };
        let at = match attachment {
            Attachment::Goes(at) => at,
            Attachment::Behind => return Ok(self.gives_way()),
            Attachment::Leaves { parent, reason } => {
                let place = self.store.url().to_owned();
                return self.fork(parent, &place, &reason).await;
            }
        };
        let sealed = sealed::find(&self.store, at.branch, at.root, &self.local).await?;
        tracing::info!(branch = %at.branch, event = at.tip.event, "archive: goes on behind this event");
        self.status.archived_through(at.tip.event);
        // What is there already has waited since the last start, or for the new branch.
        let due_through = self.local.last_event();
        self.target = Some(Target { at, sealed, due_through, waiting_since: None });
        Ok(Step::More)
    }

    /// Takes note of what became of a piece of the tail.
    async fn settle(&mut self, outcome: Outcome) -> Result<Step, PutError> {
        let Some(target) = &mut self.target else { return Ok(Step::More) };
        match outcome {
            Outcome::Put { bytes, tip } => {
                self.status.put(bytes);
                target.reaches(tip);
                self.status.archived_through(tip.event);
            }
            Outcome::Was { tip } => {
                target.reaches(tip);
                self.status.archived_through(tip.event);
            }
            Outcome::Ahead { .. } if self.options.leads.is_some() => return Ok(self.gives_way()),
            Outcome::Taken { place, reason } | Outcome::Ahead { place, reason } => {
                let parent = Parent { branch: target.at.branch, at: target.at.tip };
                return self.fork(Some(parent), &place, &reason).await;
            }
            Outcome::Gone | Outcome::Nothing => return Ok(Step::Rest(LOOK_EVERY)),
        }
        Ok(Step::More)
    }

    async fn fork(&mut self, parent: Option<Parent>, place: &str, reason: &str) -> Result<Step, PutError> {
        let branch = match &self.options.leads {
            None => begin(&self.local, parent, &self.around)?,
            Some(leads) => {
                if self.end_through.is_some() || !(leads.0)() {
                    return Ok(self.gives_way());
                }
                // If the response is lost, the next look at the archive finds the branch.
                self.target = None;
                begin_in_group(&self.store, &self.local, parent, &self.around).await?
            }
        };
        self.target = None;
        self.status.forked();
        tracing::warn!(
            %branch,
            behind_event = parent.map_or(0, |parent| parent.at.event),
            "archive: the history there is not the one here, so a new branch begins: {place}: {reason}"
        );
        self.derived = Derived::new(self.options.sizes.part);
        Ok(Step::More)
    }

    /// Another node of the group puts, or will: this one ends, or waits until it knows more.
    fn gives_way(&self) -> Step {
        if self.end_through.is_some() { Step::Nothing } else { Step::Rest(BEHIND_EVERY) }
    }

    /// In a group a new branch may have been begun by a node that did not know yet that another one leads. Restores take the newest
    /// branch, so the leader goes on with it.
    async fn look_for_newer(&mut self) -> Result<(), PutError> {
        let Some(target) = self.target.as_ref().filter(|_| self.options.leads.is_some()) else { return Ok(()) };
        if self.end_through.is_some() || self.branches_at.elapsed() < BRANCHES_EVERY {
            return Ok(());
        }
        self.branches_at = Instant::now();
        if !is_newest(&self.store, &self.local, target.at.branch).await? {
            self.target = None;
            self.derived = Derived::new(self.options.sizes.part);
        }
        Ok(())
    }

    fn worked(&mut self, step: &Step) {
        if !matches!(step, Step::Nothing) {
            self.status.succeeded();
        }
        if self.failures_in_a_row > 0 {
            tracing::info!(failures = self.failures_in_a_row, "archive: works again");
            self.failures_in_a_row = 0;
        }
    }

    /// Counts a failure, says the first of them, and gives the rest until the next try.
    fn failed(&mut self, error: &PutError, is_ending: bool) -> Duration {
        self.status.failed();
        match self.failures_in_a_row {
            0 => tracing::warn!(
                "archive: it falls behind, and catches up when this is over; the ledger goes on: {error}"
            ),
            _ => tracing::debug!("archive: {error}"),
        }
        let doubled = RETRY_MIN.saturating_mul(1 << self.failures_in_a_row.min(16)).min(RETRY_MAX);
        self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
        if is_ending {
            return RETRY_MIN;
        }
        // Between half and all of it, so that several that failed together don't come back together.
        let part = (self.around.random)().unwrap_or(0) as f64 / u64::MAX as f64;
        doubled.mul_f64(f64::midpoint(1.0, part))
    }
}

impl Target {
    /// Whether there is something to put now.
    fn is_due(&mut self, local: &Local, options: &Options, end_through: Option<u64>) -> Result<bool, PutError> {
        let last = end_through.unwrap_or_else(|| local.last_event());
        if self.at.tip.event >= last {
            self.waiting_since = None;
            return Ok(false);
        }
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        if end_through.is_some() || self.at.tip.event < self.due_through {
            return Ok(true);
        }
        let is_due =
            since.elapsed() >= options.every || local.reader.bytes_behind(self.at.tip.event)? >= options.sizes.tail;
        if is_due {
            self.due_through = last;
        }
        Ok(is_due)
    }

    fn reaches(&mut self, tip: Position) {
        self.at.tip = tip;
        if tip.event >= self.due_through {
            self.waiting_since = None;
        }
    }
}
