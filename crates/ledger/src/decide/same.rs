//! Whether a request is the one that led to an event.

use crate::amount::Amount;
use crate::event::{Event, Fact, HoldTerms, Movement, MovementKind, Place, WebhookPut, Whose};
use crate::operation::{Operation, Request, Until};
use crate::schedule::Plan;
use crate::state::{AccountId, CoinId, State, UserId};
use crate::terms::Mode;
use crate::webhook::{PutWebhook, WebhookChange};
use std::collections::BTreeSet;

impl Event<'_> {
    /// Compares a request with the one that led to this event.
    ///
    /// # Errors
    /// The name of the first field that differs, in the order in which the API names them; `op` if it is another
    /// operation altogether, `idempotency_key` if it is another key with the same hash.
    pub fn same_request(&self, request: &Request<'_>, state: &State) -> Result<(), &'static str> {
        if let (Some(then), Some(now)) = (&self.key, request.key) {
            // Two keys with one hash: the index can't distinguish the second from the first, but the log can.
            same("idempotency_key", then.text, now)?;
        }
        Same { state }.operation(self, &request.operation)?;
        same("metadata", self.metadata, request.metadata)?;
        same("reference", self.reference, request.reference)
    }
}

fn same<T: PartialEq + Copy>(field: &'static str, then: T, now: T) -> Result<(), &'static str> {
    if then == now { Ok(()) } else { Err(field) }
}

struct Same<'s> {
    state: &'s State,
}

impl Same<'_> {
    fn operation(&self, event: &Event<'_>, operation: &Operation<'_>) -> Result<(), &'static str> {
        match (&event.fact, operation) {
            (Fact::UserPut { id, name: then, .. }, Operation::PutUser { user, name }) => {
                same("user", *id, user)?;
                same("name", *then, *name)
            }
            (Fact::UserClosed { user: then }, Operation::CloseUser { user }) => self.user("user", *then, user),
            (Fact::CoinPut { code, decimals: then, .. }, Operation::PutCoin { coin, decimals }) => {
                same("coin", *code, coin)?;
                same("decimals", *then, *decimals)
            }
            (
                Fact::LimitsPut { entry, floor: then_floor, ceiling: then_ceiling, frozen: then_frozen },
                Operation::PutLimits { user, coin, floor, ceiling, frozen },
            ) => {
                self.owner("user", entry.account, user)?;
                self.coin(entry.account, coin)?;
                same("floor", *then_floor, *floor)?;
                same("ceiling", *then_ceiling, *ceiling)?;
                same("frozen", *then_frozen, *frozen)
            }
            (Fact::ThresholdsPut { whose, thresholds: then }, Operation::PutThresholds { user, coin, thresholds }) => {
                self.whose(whose, *user, coin)?;
                same("thresholds", then.as_ref(), thresholds.as_ref())
            }
            (Fact::SpendLimitPut { whose, limit: then }, Operation::PutSpendLimit { user, coin, limit }) => {
                self.whose(whose, *user, coin)?;
                same("amount", then.map(|limit| limit.amount), limit.map(|limit| limit.amount))?;
                same("per", then.map(|limit| limit.per.word()), limit.map(|limit| limit.per.word()))?;
                same("hours", then.map(|limit| limit.per), limit.map(|limit| limit.per))
            }
            (
                Fact::SchedulePut { id, user: then, coin: then_coin, plan: then_plan, .. },
                Operation::PutSchedule { schedule, user, coin, plan },
            ) => {
                same("schedule", *id, schedule)?;
                self.user("user", *then, user)?;
                same("coin", self.state.coin(*then_coin).code.as_str(), coin)?;
                same_plan(then_plan, plan)
            }
            (Fact::ScheduleEnded { id, .. }, Operation::EndSchedule { schedule })
            | (Fact::SchedulePaused { id, .. }, Operation::PauseSchedule { schedule })
            | (Fact::ScheduleResumed { id, .. }, Operation::ResumeSchedule { schedule }) => {
                same("schedule", *id, schedule)
            }
            (Fact::HoldExtended { hold: then, expires_at: then_at, .. }, Operation::Extend { hold, expires_at }) => {
                same("hold", *then, *hold)?;
                same("expires_at", *then_at, *expires_at)
            }
            (Fact::WebhookPut(then), Operation::PutWebhook(now)) => self.webhook(then, now),
            (Fact::WebhookDeleted { id, .. }, Operation::DeleteWebhook { webhook }) => same("webhook", *id, webhook),
            (Fact::WebhookChanged { id, change: then, .. }, Operation::ChangeWebhook { webhook, change }) => {
                same_change(("webhook", *id, webhook), then, change)
            }
            (Fact::KeyCreated { name, right, expires_at, .. }, Operation::CreateKey(create)) => {
                same("name", *name, create.name)?;
                same("right", *right, create.right)?;
                same("expires_at", *expires_at, create.expires_at)
            }
            (Fact::KeyRevoked { id: then }, Operation::RevokeKey { id }) => same("id", *then, *id),
            (Fact::Moved(movement), _) => self.movement(movement, operation),
            _ => Err("op"),
        }
    }

    fn movement(&self, movement: &Movement, operation: &Operation<'_>) -> Result<(), &'static str> {
        let a = movement.a.account;
        let b = movement.b.as_ref().map(|entry| entry.account);
        match (&movement.kind, operation) {
            (MovementKind::Grant(terms), Operation::Grant { user, coin, amount, marks, lot }) => {
                self.owner("user", a, user)?;
                self.coin(a, coin)?;
                same("amount", movement.amount, *amount)?;
                same("expires_at", terms.marks.expires_at, marks.expires_at)?;
                same("priority", terms.marks.priority, marks.priority)?;
                same("category", terms.marks.category, marks.category)?;
                same("lot", terms.lot, *lot)
            }
            (MovementKind::Spend(terms), Operation::Spend { user, coin, amount, to, mode }) => {
                self.owner("user", a, user)?;
                self.coin(a, coin)?;
                same("amount", terms.requested, *amount)?;
                same("to", b.map(|b| self.owner_id(b)), *to)?;
                same("mode", terms.mode == Mode::UpTo, *mode == Mode::UpTo)
            }
            (MovementKind::Transfer, Operation::Transfer { from, to, coin, amount }) => {
                self.owner("from", a, from)?;
                same("to", b.map(|b| self.owner_id(b)), Some(*to))?;
                self.coin(a, coin)?;
                same("amount", movement.amount, *amount)
            }
            (MovementKind::Hold(terms), Operation::Hold { user, coin, amount, until, to }) => {
                self.owner("user", a, user)?;
                self.coin(a, coin)?;
                same("amount", movement.amount, *amount)?;
                same_end(terms, *until)?;
                same("to", terms.to.map(|to| self.state.user(to).id.as_str()), *to)
            }
            (MovementKind::Capture(terms), Operation::Capture { hold, amount, last, excess }) => {
                same("hold", terms.hold, *hold)?;
                same("amount", terms.requested, *amount)?;
                same("final", terms.last, *last)?;
                same("excess", terms.excess, *excess)
            }
            (MovementKind::Release(end), Operation::Release { hold }) => same("hold", end.hold, *hold),
            (MovementKind::Reverse(terms), Operation::Reverse { event, amount, renew_expires_at, taking, .. }) => {
                same("event", terms.of, *event)?;
                same("amount", terms.requested, *amount)?;
                same("renew_expires_at", terms.renew_expires_at, *renew_expires_at)?;
                same("mode", terms.taking.mode, taking.mode)?;
                same("debt", terms.taking.debt, taking.debt)
            }
            _ => Err("op"),
        }
    }

    fn whose(&self, then: &Whose, user: Option<&str>, coin: &str) -> Result<(), &'static str> {
        match then {
            // Without a user it is another operation.
            Whose::Account(entry) => {
                self.owner("user", entry.account, user.ok_or("op")?)?;
                self.coin(entry.account, coin)
            }
            // With a user it is another operation.
            Whose::Coin(_) if user.is_some() => Err("op"),
            Whose::Coin(then) => same("coin", self.state.coin(*then).code.as_str(), coin),
        }
    }

    fn webhook(&self, then: &WebhookPut<'_>, now: &PutWebhook<'_>) -> Result<(), &'static str> {
        same("webhook", then.id, now.webhook)?;
        same("url", then.url, now.url)?;
        same("kinds", then.filter.kinds, now.kinds)?;
        let codes = then.filter.coins.iter().map(|coin| self.state.coin(CoinId(*coin)).code.as_str());
        if codes.collect::<BTreeSet<_>>() != now.coins.iter().copied().collect() {
            return Err("coins");
        }
        same("user_prefix", then.filter.prefix.as_deref(), now.prefix)?;
        same("crossed_only", then.filter.crossed, now.crossed)?;
        same("batch", then.batch, now.batch)?;
        same("secret", then.secret.filter(|_| then.brought), now.secret)?;
        same("from_event", then.from_event, now.from_event)
    }

    fn owner_id(&self, account: AccountId) -> &str {
        self.state.user(self.state.account(account).user).id.as_str()
    }

    fn user(&self, field: &'static str, then: UserId, now: &str) -> Result<(), &'static str> {
        same(field, self.state.user(then).id.as_str(), now)
    }

    fn owner(&self, field: &'static str, then: AccountId, now: &str) -> Result<(), &'static str> {
        same(field, self.owner_id(then), now)
    }

    fn coin(&self, then: AccountId, now: &str) -> Result<(), &'static str> {
        same("coin", self.state.coin(self.state.account(then).coin).code.as_str(), now)
    }
}

/// Whether what happened to a webhook is what is asked for. What nodes report has no key.
fn same_change(
    (field, id, webhook): (&'static str, &str, &str),
    then: &WebhookChange,
    now: &WebhookChange,
) -> Result<(), &'static str> {
    if then.as_str() != now.as_str() {
        return Err("op");
    }
    same(field, id, webhook)?;
    match (then, now) {
        (
            WebhookChange::Rotate { secret, brought, keep_s },
            WebhookChange::Rotate { secret: now_secret, brought: now_brought, keep_s: now_keep_s },
        ) => {
            same("secret", Some(secret).filter(|_| *brought), Some(now_secret).filter(|_| *now_brought))?;
            same("keep_s", *keep_s, *now_keep_s)
        }
        (WebhookChange::Redeliver { from_event: then }, WebhookChange::Redeliver { from_event: now }) => {
            same("from_event", *then, *now)
        }
        _ if then == now => Ok(()),
        _ => Err("op"),
    }
}

fn same_plan(then: &Plan, now: &Plan) -> Result<(), &'static str> {
    same("amount", then.amount, now.amount)?;
    same("every", then.every, now.every)?;
    same("anchor", then.anchor, now.anchor)?;
    same("starts_at", then.starts_at, now.starts_at)?;
    same("ends_at", then.ends_at, now.ends_at)?;
    same("occurrences", then.occurrences, now.occurrences)?;
    same("expires", then.lasting, now.lasting)?;
    same("priority", then.priority, now.priority)?;
    same("category", then.category, now.category)?;
    same("rollover", then.rollover, now.rollover)?;
    same("takes_effect", then.now, now.now)
}

fn same_end(then: &HoldTerms, now: Until) -> Result<(), &'static str> {
    match (then.timeout_s, now) {
        (Some(then), Until::InSeconds(now)) => same("timeout_s", then, now),
        (None, Until::At(now)) => same("expires_at", then.expires_at, now),
        (Some(_), Until::At(_)) => Err("expires_at"),
        (None, Until::InSeconds(_)) => Err("timeout_s"),
    }
}

impl Movement {
    /// The coins the movement took, by lot: what the response names as `lots`.
    #[must_use]
    pub fn lots_named(&self) -> Vec<crate::lot::LotAmount> {
        let main = |leg: &&crate::event::Leg| match self.kind {
            MovementKind::Capture(_) => matches!(leg.to, Place::Spent | Place::B),
            // What is owed for lots that are gone passes through `@spent`; it is named where it arrives.
            MovementKind::Reverse(_) => leg.to != Place::Spent,
            _ => true,
        };
        self.legs.iter().filter(main).flat_map(crate::event::Leg::parts).collect()
    }

    /// How much went to `@expired`.
    #[must_use]
    pub fn expired(&self) -> Amount {
        self.legs.iter().filter(|leg| leg.to == Place::Expired).map(|leg| leg.amount).sum()
    }
}
