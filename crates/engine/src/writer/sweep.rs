//! What time makes due, done before anything is decided or read that it changes.
//!
//! A million things can be due at one instant. They are done frame by frame, so that nobody waits for all of them: who asks about a user
//! waits for what is due of that user.

use super::{Lead, Writer};
use crate::error::Unavailable;
use tocos_ledger::{Fact, Micros, Operation, Request, UserId};

/// Events of the clock in one frame that a request may find itself doing. In the simulation so few that there often are more.
const SWEPT_BY_REQUESTS: usize = if cfg!(test) { 3 } else { 512 };
/// Events of the clock that are done in one go: some 6 ms, for which requests wait.
const SWEPT_PER_FRAME: usize = 2_048;
/// Events in a frame beyond which nobody's overdue things are put into it.
const SETTLED_PER_FRAME: usize = 1 << 20;

impl Writer {
    /// The time of the batch that is being filled. What is due by then has been done, or [`Writer::is_behind`].
    pub(crate) fn stamp(&mut self) -> Result<Micros, Unavailable> {
        self.stamp_after(SWEPT_BY_REQUESTS)
    }

    /// Does some of what is due, for which requests wait.
    pub(crate) fn sweep(&mut self) -> Result<(), Unavailable> {
        self.stamp_after(SWEPT_PER_FRAME).map(drop)
    }

    /// Whether more is due than was done for the frame that is being filled.
    pub(crate) fn is_behind(&self) -> bool {
        self.is_behind
    }

    /// What is due waits: it can't be done now.
    pub(crate) fn rest(&mut self) {
        self.is_behind = false;
    }

    fn stamp_after(&mut self, swept_max: usize) -> Result<Micros, Unavailable> {
        self.check()?;
        match self.lead {
            Lead::Decides => {}
            Lead::Follows => return Err(Unavailable::NotLeader),
            Lead::Lost => return Err(Unavailable::LeadershipLost),
        }
        if let Some(place) = &self.full {
            return Err(Unavailable::Full { place: place.clone() });
        }
        if self.pending.is_empty() {
            let ledger = self.ledger.state().now();
            let now = self.clock.now().map_err(|system| Unavailable::Clock { ledger, system })?.max(ledger);
            self.pending.reset(self.last_event() + 1, now);
            self.swept = 0;
        }
        let now = self.pending.at_us();
        while let Some(occasion) = self.ledger.next_occasion(now) {
            if self.swept >= swept_max {
                self.is_behind = true;
                return Ok(now);
            }
            self.write(&self.ledger.expire(&occasion, now))?;
            self.swept += 1;
        }
        self.is_behind = false;
        Ok(now)
    }

    /// The same for reads: while the clock is implausible, and for a node that follows, the ledger's last time.
    pub(crate) fn stamp_for_reading(&mut self) -> Result<Micros, Unavailable> {
        match self.stamp() {
            Err(Unavailable::Clock { .. } | Unavailable::Full { .. } | Unavailable::NotLeader) => {
                // There is nothing to wait for.
                self.is_behind = false;
                Ok(self.ledger.state().now())
            }
            stamped => stamped,
        }
    }

    /// The same for these requests: those that were all done before are replayed at any time.
    pub(super) fn stamp_for(&mut self, requests: &[Request<'_>]) -> Result<Micros, Unavailable> {
        let stamped = self.stamp();
        let Err(Unavailable::Clock { .. } | Unavailable::Full { .. }) = stamped else { return stamped };
        for request in requests {
            if request.key.map_or(Ok(None), |key| self.known(key))?.is_none() {
                return stamped;
            }
        }
        self.is_behind = false;
        Ok(self.ledger.state().now())
    }

    /// Does what is due of everybody whom these requests are about.
    #[inline]
    pub(super) fn settle_for(&mut self, requests: &[Request<'_>], now: Micros) -> Result<(), Unavailable> {
        if !self.is_behind {
            return Ok(());
        }
        for request in requests {
            for user in self.concerned(&request.operation) {
                self.settle(user, now)?;
            }
        }
        Ok(())
    }

    /// Does what is due of a user.
    pub(crate) fn settle(&mut self, user: UserId, now: Micros) -> Result<(), Unavailable> {
        let mut due = self.ledger.due_of(user, now);
        while let Some(occasion) = self.ledger.next_of(&mut due) {
            if self.pending.len() >= SETTLED_PER_FRAME {
                return Err(Unavailable::CatchingUp);
            }
            self.write(&self.ledger.expire(&occasion, now))?;
        }
        Ok(())
    }

    fn concerned(&self, operation: &Operation<'_>) -> Vec<UserId> {
        let Operation::Reverse { event, original: None, .. } = operation else {
            return self.ledger.concerned(operation);
        };
        // What can't be looked up is refused for that, or does not depend on what is due.
        let Ok(stored) = self.look_up(*event) else { return Vec::new() };
        match stored.decode() {
            Ok(event) => match &event.fact {
                Fact::Moved(movement) => self.ledger.concerned_by(movement),
                _ => Vec::new(),
            },
            Err(_) => Vec::new(),
        }
    }
}
