//! The state that a report rests on.

use super::spans::There;
use tocos_ledger::{CoinId, Flow, Ledger, Micros, State};

/// What a report rests on: the state after some event, at some time.
#[derive(Clone, Debug)]
pub struct ReportBasis {
    state: State,
    now: Micros,
}

impl ReportBasis {
    /// Of a ledger that is read at `now`, when all that was due has been done. A copy-on-write clone: the writer copies what it
    /// changes, until the report has counted the accounts.
    #[must_use]
    pub fn of(ledger: &Ledger, now: Micros) -> Self {
        Self { state: ledger.state().clone(), now }
    }

    /// The last event that it rests on.
    #[must_use]
    pub fn event(&self) -> u64 {
        self.state.last_event()
    }

    /// The time that it is as of.
    #[must_use]
    pub fn now(&self) -> Micros {
        self.now
    }

    /// Counts the accounts, and lets go of the state.
    pub(super) fn count(self, coin: CoinId) -> Counted {
        let mut dead = Vec::new();
        let outstanding = self.state.outstanding(coin, self.now, |flow| dead.push(flow));
        let there = There { outstanding, held: self.state.held(coin) };
        Counted { coins: self.state.coins_of_accounts(), there, dead }
    }
}

/// What a report needs of a state.
pub(super) struct Counted {
    /// The coin of each account.
    pub(super) coins: Vec<CoinId>,
    /// What is outstanding and held.
    pub(super) there: There,
    /// What is no longer outstanding, but has no event yet. Nothing where this node decides; where it follows, what the leader has not
    /// come to.
    pub(super) dead: Vec<Flow>,
}
