//! The state as blocks of bytes, and back. The same events give the same blocks, byte for byte.
//!
//! What is over is not among them (idempotency keys, holds that have ended, what was reversed): it is found in the log,
//! by tables beside it.

mod check;
mod rows;
mod webhooks;

use crate::amount::Micros;
use crate::bytes::{Malformed, NONE_U32, Put};
use crate::ledger::Ledger;
use crate::lot::LotAmount;
use crate::spending::Spent;
use crate::state::{Account, AccountId, ApiKey, Coin, Due, Hold, More, Order, Profile, Schedule, State, User};
use rows::Rows;
pub use rows::SnapshotRows;
use webhooks::put_webhook;

/// Blocks that are no snapshot of a ledger.
pub type SnapshotError = Malformed;

/// Bytes at which a block is full.
const BLOCK_BYTES: usize = 1 << 18;

/// Bits beside a coin's decimals, and of what follows an account.
const COIN_HAS_MORE: u8 = 0x80;
const ACCOUNT_HAS_MORE: u8 = 1;
const ACCOUNT_HAS_RULES: u8 = 2;

/// What the rows of a block are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Head = 1,
    Coins,
    Users,
    Order,
    Accounts,
    Holds,
    ApiKeys,
    End,
    /// Stand before the end; their numbers came later.
    Schedules,
    Webhooks,
}

/// The kinds in their order.
const KINDS: [Kind; 10] = [
    Kind::Head,
    Kind::Coins,
    Kind::Users,
    Kind::Order,
    Kind::Accounts,
    Kind::Holds,
    Kind::ApiKeys,
    Kind::Schedules,
    Kind::Webhooks,
    Kind::End,
];

/// Puts the next row behind what is there; `false` when there is none left.
type NextRow<'s> = Box<dyn FnMut(&mut Vec<u8>) -> bool + Send + 's>;

/// Cuts rows into blocks.
struct Blocks<'s> {
    kind: Kind,
    next_row: NextRow<'s>,
}

impl State {
    /// The state as blocks of about 256 KiB. Takes no lock and can run on a clone beside the writer.
    pub fn blocks(&self) -> impl Iterator<Item = Vec<u8>> + Send + '_ {
        KINDS.into_iter().flat_map(|kind| Blocks { kind, next_row: self.rows(kind) })
    }

    fn rows(&self, kind: Kind) -> NextRow<'_> {
        match kind {
            Kind::Head => each(core::iter::once(self), |block, state| {
                block.put_u64(state.last_event);
                block.put_i64(state.now);
            }),
            Kind::Coins => each(self.coins.iter(), put_coin),
            Kind::Users => each(self.users.iter().zip(self.profiles.iter()), put_user),
            Kind::Order => each(self.order.iter(), Put::put_u32),
            Kind::Accounts => each(self.accounts.iter().map(|account| (account, self.now)), put_account),
            Kind::Holds => each(self.holds.iter(), put_hold),
            Kind::ApiKeys => each(self.api_keys.iter(), put_api_key),
            Kind::Schedules => {
                each(self.schedules.iter().map(|(number, schedule)| (number, &**schedule)), put_schedule)
            }
            Kind::Webhooks => each(self.webhooks.values().map(|webhook| (&**webhook, self.now)), put_webhook),
            Kind::End => each(core::iter::once(()), |_, ()| {}),
        }
    }
}

/// Rows made of items, one after the other.
fn each<'s, T: 's>(mut items: impl Iterator<Item = T> + Send + 's, put: fn(&mut Vec<u8>, T)) -> NextRow<'s> {
    Box::new(move |block| items.next().map(|item| put(block, item)).is_some())
}

impl Iterator for Blocks<'_> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let mut block = Vec::with_capacity(BLOCK_BYTES + 1024);
        block.put_u8(self.kind as u8);
        if !(self.next_row)(&mut block) {
            return None;
        }
        while block.len() < BLOCK_BYTES && (self.next_row)(&mut block) {}
        Some(block)
    }
}

fn put_coin(block: &mut Vec<u8>, coin: &Coin) {
    block.put_text(&coin.code);
    let has_more = coin.thresholds.is_some() || coin.spend_limit.is_some() || coin.owed > 0;
    block.put_u8(coin.decimals | if has_more { COIN_HAS_MORE } else { 0 });
    for amount in [coin.issued, coin.spent, coin.expired, coin.held] {
        block.put_u64(amount);
    }
    if has_more {
        block.put_thresholds(coin.thresholds.as_ref());
        block.put_spend_limit(coin.spend_limit);
        block.put_u64(coin.owed);
    }
}

fn put_user(block: &mut Vec<u8>, (user, profile): (&User, &Profile)) {
    block.put_u8(
        u8::from(user.closed) | u8::from(profile.name.is_some()) << 1 | u8::from(profile.metadata.is_some()) << 2,
    );
    block.put_u32(user.account().map_or(NONE_U32, |account| account.0));
    block.put_i64(profile.created_at);
    block.put_text(&user.id);
    if let Some(name) = &profile.name {
        block.put_text(name);
    }
    if let Some(metadata) = &profile.metadata {
        block.put_text(metadata);
    }
}

fn put_account(block: &mut Vec<u8>, (account, now): (&Account, Micros)) {
    block.put_u32(account.user.0);
    block.put_u32(account.next.map_or(NONE_U32, |next| next.0));
    block.put_u16(account.coin.0);
    block.put_u32(account.entries);
    block.put_u64(account.head);
    block.put_u64(account.milestone);
    block.put_i64(account.plain);
    let roots = account.roots();
    let more = account.more.as_deref().filter(|more| !more.is_nothing(now));
    let has_more = more.is_some() || !roots.is_empty();
    let spent = more.and_then(|more| more.live_spent(now));
    let has_rules = more.is_some_and(|more| more.thresholds.is_some() || more.spend_limit.is_some());
    let has_rules = has_rules || spent.is_some();
    block.put_u8(if has_more { ACCOUNT_HAS_MORE } else { 0 } | if has_rules { ACCOUNT_HAS_RULES } else { 0 });
    if has_more {
        let nothing = More::default();
        let more = more.unwrap_or(&nothing);
        block.put_u64(more.held);
        block.put_i64(more.limits.floor);
        block.put_u64(more.limits.ceiling);
        block.put_u8(u8::from(more.limits.frozen));
        put_lots(block, &more.lots);
        block.put_u32(roots.len() as u32);
        for root in roots {
            block.put_u64(*root);
        }
        if has_rules {
            block.put_thresholds(more.thresholds.as_ref());
            block.put_spend_limit(more.spend_limit);
            put_spent(block, spent, now);
        }
    }
}

/// What was spent in parts of time that still count.
fn put_spent(block: &mut Vec<u8>, spent: Option<&Spent>, now: Micros) {
    let Some(spent) = spent else { return block.put_u8(0) };
    let live = spent.live(now);
    // A window has 61 parts at most.
    block.put_u8(live.len() as u8);
    block.put_window(spent.per);
    for (part, amount) in live {
        block.put_i64(*part);
        block.put_u64(*amount);
    }
}

fn put_lots(block: &mut Vec<u8>, lots: &[LotAmount]) {
    block.put_u32(lots.len() as u32);
    for part in lots {
        block.put_lot(part);
    }
}

fn put_hold(block: &mut Vec<u8>, (id, hold): (&u64, &Hold)) {
    block.put_u64(*id);
    block.put_u32(hold.account.0);
    block.put_u32(hold.to.map_or(NONE_U32, |to| to.0));
    block.put_i64(hold.expires_at);
    block.put_u64(hold.amount);
    block.put_u64(hold.captured);
    put_lots(block, &hold.lots);
}

fn put_api_key(block: &mut Vec<u8>, key: &ApiKey) {
    block.put_text(&key.name);
    block.extend_from_slice(&key.hash);
    block.put_u8(key.right as u8);
    block.put_i64(key.created_at);
    block.put_instant(key.expires_at);
    block.put_instant(key.revoked_at);
}

fn put_schedule(block: &mut Vec<u8>, (number, schedule): (&u64, &Schedule)) {
    block.put_u64(*number);
    block.put_text(&schedule.id);
    block.put_u32(schedule.user.0);
    block.put_u16(schedule.coin.0);
    block.put_plan(&schedule.plan);
    block.put_i64(schedule.anchor);
    block.put_u32(schedule.next);
    block.put_u8(u8::from(schedule.paused));
    block.put_instant(schedule.last_due);
    let lots: Vec<LotAmount> = schedule.lot.iter().map(|lot| LotAmount { lot: *lot, amount: 0 }).collect();
    put_lots(block, &lots);
    block.put_u64(schedule.granted);
    block.put_u64(schedule.reversible);
    block.put_u64(schedule.added);
    block.put_instant(schedule.adjustment.map(|(at, _)| at));
    schedule.adjustment.iter().for_each(|(_, amount)| block.put_u64(*amount));
}

impl Ledger {
    /// The ledger whose state gave these blocks. `seed` as in [`Ledger::new`]. Keys are not among them: see
    /// [`Ledger::remember`].
    ///
    /// # Errors
    /// [`SnapshotError`] if these are not all blocks of a state, in order.
    pub fn from_blocks<E: From<SnapshotError>>(
        seed: [u8; 16],
        blocks: impl Iterator<Item = Result<Vec<u8>, E>>,
    ) -> Result<Self, E> {
        Self::from_rows(seed, blocks.map(|block| Ok(SnapshotRows::decode(&block?)?)))
    }

    /// The same from blocks that were decoded, which another thread can do meanwhile.
    ///
    /// # Errors
    /// As [`Ledger::from_blocks`].
    pub fn from_rows<E: From<SnapshotError>>(
        seed: [u8; 16],
        blocks: impl Iterator<Item = Result<SnapshotRows, E>>,
    ) -> Result<Self, E> {
        let mut state = State::default();
        let mut order = Vec::new();
        let mut last = None;
        for block in blocks {
            let SnapshotRows(rows) = block?;
            let place = rows.place();
            let is_single = matches!(rows, Rows::Head(..) | Rows::End);
            if last.map_or(place > 0, |last| place < last || (place == last && is_single)) {
                return Err(Malformed("the snapshot's blocks are not in order").into());
            }
            last = Some(place);
            state.add(rows, &mut order)?;
        }
        if last != Some(Rows::End.place()) {
            return Err(Malformed("the snapshot has no end").into());
        }
        state.check(&order)?;
        state.order = Order::from_sorted(&order);
        state.make_appointments();
        state.note_coins_rules();
        Ok(Self::with_state(seed, state))
    }
}

impl State {
    fn add(&mut self, rows: Rows, order: &mut Vec<u32>) -> Result<(), Malformed> {
        match rows {
            Rows::Head(last_event, now) => (self.last_event, self.now) = (last_event, now),
            Rows::Coins(coins) => self.coins.extend(coins),
            Rows::Users(users, profiles) => {
                self.users.extend(users);
                self.profiles.extend(profiles);
            }
            Rows::Order(users) => order.extend(users),
            Rows::Accounts(accounts) => {
                accounts.iter().try_for_each(|account| self.check_account(account))?;
                self.accounts.extend(accounts);
            }
            Rows::Holds(holds) => {
                for (id, hold) in holds {
                    once(&self.holds.insert(id, hold))?;
                }
            }
            Rows::ApiKeys(keys) => keys.into_iter().for_each(|key| self.api_keys.push(key)),
            Rows::Schedules(schedules) => {
                for (number, schedule) in schedules {
                    self.check_schedule(number, &schedule)?;
                    self.keep_schedule(number, schedule);
                }
            }
            Rows::Webhooks(webhooks) => {
                for webhook in webhooks {
                    self.check_webhook(&webhook)?;
                    self.keep_webhook(webhook);
                }
            }
            Rows::End => {}
        }
        Ok(())
    }

    /// What is due when follows from holds and lots.
    fn make_appointments(&mut self) {
        for (id, hold) in &self.holds {
            self.due.insert((hold.expires_at, Due::Hold(*id)));
            self.holds_of.insert((hold.account, *id));
        }
        for (at, account) in (0..).zip(self.accounts.iter()) {
            for part in account.other_lots() {
                if let Some(expires_at) = part.lot.marks.expires_at {
                    self.due.insert((expires_at, Due::Lots(AccountId(at))));
                }
            }
        }
    }
}

/// A row was not there before.
fn once<T>(before: &Option<T>) -> Result<(), Malformed> {
    if before.is_none() { Ok(()) } else { Err(Malformed("a row occurs twice")) }
}
