//! What must be in memory before a batch of events can be taken in.

use std::collections::BTreeSet;

use super::Fold;
use crate::event::Event;

/// What is to be loaded.
#[derive(Debug, Default)]
pub(crate) struct Needs<'a> {
    /// User and coin.
    pub accounts: BTreeSet<(&'a str, &'a str)>,
    /// Ids of schedules.
    pub schedules: BTreeSet<&'a str>,
    /// Users who are closed, with their schedules.
    pub closed: BTreeSet<&'a str>,
}

impl<'a> Needs<'a> {
    /// What these events are about and is not in memory yet.
    pub(crate) fn of(fold: &Fold, events: impl Iterator<Item = &'a Event<'a>>) -> Self {
        let mut needs = Self::default();
        if fold.is_complete {
            return needs;
        }
        for event in events {
            if let Some(coin) = event.coin.as_deref() {
                let known = fold.coin_at(coin);
                for user in [event.user.as_deref(), event.from.as_deref(), event.to.as_deref()].into_iter().flatten() {
                    // Nobody has an account of a coin that is new.
                    if known.is_some_and(|coin| fold.find_account(user, coin).is_none()) {
                        needs.accounts.insert((user, coin));
                    }
                }
            }
            if let Some(id) = event.schedule.as_deref()
                && !fold.schedules.contains_key(id)
            {
                needs.schedules.insert(id);
            }
            if event.kind == "user_closed"
                && let Some(user) = event.user.as_deref()
            {
                needs.closed.insert(user);
            }
        }
        needs
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.accounts.is_empty() && self.schedules.is_empty() && self.closed.is_empty()
    }
}
