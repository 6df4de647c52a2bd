//! The state as blocks of bytes, and back. The same events give the same blocks, byte for byte.
//!
//! What is over is not among them (idempotency keys, holds that have ended, what was reversed): it is found in the log,
//! by tables beside it.

mod check;
mod webhooks;

use crate::amount::Micros;
use crate::bytes::Malformed;
use crate::bytes::{Fields, NONE_U32, Put};
use crate::ledger::Ledger;
use crate::lot::LotAmount;
use crate::right::Right;
use crate::spending::Spent;
use crate::state::{
    Account, AccountId, ApiKey, Coin, CoinId, Due, Hold, Limits, More, Order, Profile, Schedule, State, User, UserId,
};
use webhooks::{put_webhook, read_webhook};

/// Blocks that are no snapshot of a ledger.
pub type SnapshotError = Malformed;

/// Bytes at which a block is full.
const BLOCK_BYTES: usize = 1 << 18;

/// Bits beside a coin's decimals, and of what follows an account.
const COIN_HAS_MORE: u8 = 0x80;
const ACCOUNT_HAS_MORE: u8 = 1;
const ACCOUNT_HAS_RULES: u8 = 2;

/// What the rows of a block are.
#[derive(Clone, Copy)]
enum Rows {
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

/// The rows in their order.
const ALL_ROWS: [Rows; 10] = [
    Rows::Head,
    Rows::Coins,
    Rows::Users,
    Rows::Order,
    Rows::Accounts,
    Rows::Holds,
    Rows::ApiKeys,
    Rows::Schedules,
    Rows::Webhooks,
    Rows::End,
];

/// Puts the next row behind what is there; `false` when there is none left.
type NextRow<'s> = Box<dyn FnMut(&mut Vec<u8>) -> bool + Send + 's>;

/// Cuts rows into blocks.
struct Blocks<'s> {
    rows: Rows,
    next_row: NextRow<'s>,
}

impl State {
    /// The state as blocks of about 256 KiB. Takes no lock and can run on a clone beside the writer.
    pub fn blocks(&self) -> impl Iterator<Item = Vec<u8>> + Send + '_ {
        ALL_ROWS.into_iter().flat_map(|rows| Blocks { rows, next_row: self.rows(rows) })
    }

    fn rows(&self, rows: Rows) -> NextRow<'_> {
        match rows {
            Rows::Head => each(core::iter::once(self), |block, state| {
                block.put_u64(state.last_event);
                block.put_i64(state.now);
            }),
            Rows::Coins => each(self.coins.iter(), put_coin),
            Rows::Users => each(self.users.iter().zip(self.profiles.iter()), put_user),
            Rows::Order => each(self.order.iter(), Put::put_u32),
            Rows::Accounts => each(self.accounts.iter().map(|account| (account, self.now)), put_account),
            Rows::Holds => each(self.holds.iter(), put_hold),
            Rows::ApiKeys => each(self.api_keys.iter(), put_api_key),
            Rows::Schedules => {
                each(self.schedules.iter().map(|(number, schedule)| (number, &**schedule)), put_schedule)
            }
            Rows::Webhooks => each(self.webhooks.values().map(|webhook| (&**webhook, self.now)), put_webhook),
            Rows::End => each(core::iter::once(()), |_, ()| {}),
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
        block.put_u8(self.rows as u8);
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

fn read_schedule(fields: &mut Fields<'_>) -> Result<(u64, Schedule), Malformed> {
    let number = fields.u64()?;
    let schedule = Schedule {
        id: fields.text()?.into(),
        user: UserId(fields.u32()?),
        coin: CoinId(fields.u16()?),
        plan: fields.plan()?,
        anchor: fields.i64()?,
        next: fields.u32()?,
        next_at: 0,
        paused: fields.flag()?,
        last_due: fields.instant()?,
        lot: fields.lots()?.first().map(|part| part.lot),
        granted: fields.u64()?,
        reversible: fields.u64()?,
        added: fields.u64()?,
        adjustment: match fields.instant()? {
            Some(at) => Some((at, fields.u64()?)),
            None => None,
        },
    };
    let next = schedule.next;
    let next_at = schedule.plan.instant(schedule.anchor, next);
    Ok((number, schedule.with_next((next, next_at))))
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
        let mut state = State::default();
        let mut order = Vec::new();
        let mut last = 0;
        for block in blocks {
            let block = block?;
            let mut fields = Fields::new(&block);
            let rows = fields.u8()?;
            let is_single = rows == Rows::Head as u8 || rows == Rows::End as u8;
            if place_of(rows) < place_of(last) || (rows == last && is_single) || (last == 0 && rows != Rows::Head as u8)
            {
                return Err(Malformed("the snapshot's blocks are not in order").into());
            }
            last = rows;
            while !fields.is_empty() {
                state.read_row(rows, &mut fields, &mut order)?;
            }
        }
        if last != Rows::End as u8 {
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
    fn read_row(&mut self, rows: u8, fields: &mut Fields<'_>, order: &mut Vec<u32>) -> Result<(), Malformed> {
        const HEAD: u8 = Rows::Head as u8;
        const COINS: u8 = Rows::Coins as u8;
        const USERS: u8 = Rows::Users as u8;
        const ORDER: u8 = Rows::Order as u8;
        const ACCOUNTS: u8 = Rows::Accounts as u8;
        const HOLDS: u8 = Rows::Holds as u8;
        const API_KEYS: u8 = Rows::ApiKeys as u8;
        const SCHEDULES: u8 = Rows::Schedules as u8;
        const WEBHOOKS: u8 = Rows::Webhooks as u8;
        match rows {
            HEAD => (self.last_event, self.now) = (fields.u64()?, fields.i64()?),
            COINS => self.coins.push(read_coin(fields)?),
            USERS => {
                let (user, profile) = read_user(fields)?;
                self.users.push(user);
                self.profiles.push(profile);
            }
            ORDER => order.push(fields.u32()?),
            ACCOUNTS => self.accounts.push(read_account(fields)?),
            HOLDS => {
                let (id, hold) = read_hold(fields)?;
                once(&self.holds.insert(id, hold))?;
            }
            API_KEYS => self.api_keys.push(read_api_key(fields)?),
            SCHEDULES => {
                let (number, schedule) = read_schedule(fields)?;
                self.check_schedule(number, &schedule)?;
                self.keep_schedule(number, schedule);
            }
            WEBHOOKS => {
                let webhook = read_webhook(fields)?;
                self.check_webhook(&webhook)?;
                self.keep_webhook(webhook);
            }
            _ => return Err(Malformed("the snapshot has rows that are not known")),
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

/// Where rows stand among all; in front of all if they are not known.
fn place_of(rows: u8) -> usize {
    ALL_ROWS.iter().position(|known| *known as u8 == rows).map_or(0, |at| at + 1)
}

/// A row was not there before.
fn once<T>(before: &Option<T>) -> Result<(), Malformed> {
    if before.is_none() { Ok(()) } else { Err(Malformed("a row occurs twice")) }
}

fn read_coin(fields: &mut Fields<'_>) -> Result<Coin, Malformed> {
    let code = fields.text()?;
    let decimals = fields.u8()?;
    let mut coin = Coin::new(code, decimals & !COIN_HAS_MORE);
    for amount in [&mut coin.issued, &mut coin.spent, &mut coin.expired, &mut coin.held] {
        *amount = fields.u64()?;
    }
    if decimals & COIN_HAS_MORE != 0 {
        (coin.thresholds, coin.spend_limit, coin.owed) = (fields.thresholds()?, fields.spend_limit()?, fields.u64()?);
    }
    Ok(coin)
}

fn read_spent(fields: &mut Fields<'_>) -> Result<Option<Box<Spent>>, Malformed> {
    let count = fields.u8()?;
    if count == 0 {
        return Ok(None);
    }
    let per = fields.window()?;
    let parts = (0..count).map(|_| Ok((fields.i64()?, fields.u64()?))).collect::<Result<_, Malformed>>()?;
    Ok(Some(Box::new(Spent { per, parts })))
}

fn read_user(fields: &mut Fields<'_>) -> Result<(User, Profile), Malformed> {
    let flags = fields.u8()?;
    let account = Some(fields.u32()?).filter(|id| *id != NONE_U32).map(AccountId);
    let created_at = fields.i64()?;
    let mut user = User::new(fields.text()?.into());
    user.set_account(account);
    user.closed = flags & 1 != 0;
    let name = if flags & 2 == 0 { None } else { Some(fields.text()?.into()) };
    let metadata = if flags & 4 == 0 { None } else { Some(fields.text()?.into()) };
    Ok((user, Profile { name, metadata, created_at }))
}

fn read_account(fields: &mut Fields<'_>) -> Result<Account, Malformed> {
    let user = UserId(fields.u32()?);
    let next = Some(fields.u32()?).filter(|id| *id != NONE_U32).map(AccountId);
    let coin = CoinId(fields.u16()?);
    let entries = fields.u32()?;
    let (head, milestone, plain) = (fields.u64()?, fields.u64()?, fields.i64()?);
    let account = Account { user, next, coin, entries, head, milestone, plain, ..Account::default() };
    let flags = fields.u8()?;
    if flags & !(ACCOUNT_HAS_MORE | ACCOUNT_HAS_RULES) != 0 {
        return Err(Malformed("an account has more than is known"));
    }
    if flags & ACCOUNT_HAS_MORE == 0 {
        return Ok(account);
    }
    let held = fields.u64()?;
    let limits = Limits { floor: fields.i64()?, ceiling: fields.u64()?, frozen: fields.flag()? };
    let lots = fields.lots()?;
    let count = fields.u32()?;
    let roots: Vec<u64> = (0..count).map(|_| fields.u64()).collect::<Result<_, _>>()?;
    let mut more = More { lots, held, limits, ..More::default() };
    if flags & ACCOUNT_HAS_RULES != 0 {
        more.thresholds = fields.thresholds()?;
        more.spend_limit = fields.spend_limit()?;
        more.spent = read_spent(fields)?;
    }
    let more = (more != More::default()).then(|| Box::new(more));
    Ok(Account { more, roots: (!roots.is_empty()).then(|| Box::new(roots)), ..account })
}

fn read_hold(fields: &mut Fields<'_>) -> Result<(u64, Hold), Malformed> {
    let id = fields.u64()?;
    let account = AccountId(fields.u32()?);
    let to = Some(fields.u32()?).filter(|to| *to != NONE_U32).map(UserId);
    let expires_at = fields.i64()?;
    let (amount, captured) = (fields.u64()?, fields.u64()?);
    Ok((id, Hold { account, to, expires_at, amount, captured, lots: fields.lots()? }))
}

fn read_api_key(fields: &mut Fields<'_>) -> Result<ApiKey, Malformed> {
    let name = fields.text()?.into();
    let hash = fields.hash()?;
    let right = match fields.u8()? {
        0 => Right::Read,
        1 => Right::Spend,
        2 => Right::Grant,
        3 => Right::Admin,
        _ => return Err(Malformed("a right is not 0 to 3")),
    };
    let created_at = fields.i64()?;
    Ok(ApiKey { name, hash, right, created_at, expires_at: fields.instant()?, revoked_at: fields.instant()? })
}
