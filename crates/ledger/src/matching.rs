//! Which events a webhook gets.

use crate::event::{Entry, Event, Fact, MovementKind, Whose};
use crate::state::{AccountId, CoinId, State, UserId};
use crate::webhook::WebhookFilter;

impl WebhookFilter {
    /// Whether an event may be for whoever has this filter, as far as that can be told without the state.
    #[must_use]
    pub fn may_want(&self, event: &Event<'_>) -> bool {
        (!self.crossed || event.has_crossed()) && self.kinds.has(event.kind())
    }

    /// Whether an event is for whoever has this filter. Filters go by what the event says: one that names no coin is about none,
    /// and one that names no user is about none.
    #[must_use]
    pub fn wants(&self, event: &Event<'_>, state: &State) -> bool {
        if !self.may_want(event) {
            return false;
        }
        if self.coins.is_empty() && self.prefix.is_none() {
            return true;
        }
        let about = About::of(event, state);
        let coin_fits = self.coins.is_empty() || about.coin.is_some_and(|coin| self.coins.contains(&coin.0));
        let prefix_fits = |prefix: &str| {
            let of_state = about.users.iter().flatten().map(|user| state.user(*user).id.as_str());
            of_state.chain(about.new_user).any(|id| id.starts_with(prefix))
        };
        coin_fits && self.prefix.as_deref().is_none_or(prefix_fits)
    }
}

/// What an event names.
#[derive(Default)]
struct About<'e> {
    users: [Option<UserId>; 2],
    new_user: Option<&'e str>,
    coin: Option<CoinId>,
}

impl<'e> About<'e> {
    fn of(event: &Event<'e>, state: &State) -> Self {
        let of_entry = |entry: &Entry| {
            let (user, coin) = entry.owner(state);
            Self { users: [Some(user), None], coin: Some(coin), new_user: None }
        };
        let of_account = |account: AccountId| {
            let row = state.account(account);
            Self { users: [Some(row.user), None], coin: Some(row.coin), new_user: None }
        };
        match &event.fact {
            Fact::Moved(movement) => {
                let mut about = of_entry(&movement.a);
                about.users[1] = match &movement.kind {
                    MovementKind::Hold(terms) => terms.to,
                    _ => movement.b.as_ref().map(|entry| entry.owner(state).0),
                };
                about
            }
            Fact::UserPut { id, .. } => Self { new_user: Some(id), ..Self::default() },
            Fact::UserClosed { user } => Self { users: [Some(*user), None], ..Self::default() },
            Fact::CoinPut { coin, .. }
            | Fact::ThresholdsPut { whose: Whose::Coin(coin), .. }
            | Fact::SpendLimitPut { whose: Whose::Coin(coin), .. } => Self { coin: Some(*coin), ..Self::default() },
            Fact::LimitsPut { entry, .. }
            | Fact::ThresholdsPut { whose: Whose::Account(entry), .. }
            | Fact::SpendLimitPut { whose: Whose::Account(entry), .. } => of_entry(entry),
            Fact::SchedulePut { user, coin, .. } => {
                Self { users: [Some(*user), None], coin: Some(*coin), new_user: None }
            }
            Fact::HoldExtended { account, .. } => of_account(*account),
            Fact::ScheduleEnded { .. }
            | Fact::SchedulePaused { .. }
            | Fact::ScheduleResumed { .. }
            | Fact::KeyCreated { .. }
            | Fact::KeyRevoked { .. }
            | Fact::WebhookPut(_)
            | Fact::WebhookDeleted { .. }
            | Fact::WebhookChanged { .. }
            | Fact::Leader { .. } => Self::default(),
        }
    }
}
