//! Blocks of a snapshot, decoded.

use super::webhooks::read_webhook;
use super::{ACCOUNT_HAS_MORE, ACCOUNT_HAS_RULES, COIN_HAS_MORE, KINDS, Kind, SnapshotError};
use crate::amount::Micros;
use crate::bytes::{Fields, Malformed, NONE_U32};
use crate::right::Right;
use crate::spending::Spent;
use crate::state::{
    Account, AccountId, ApiKey, Coin, CoinId, Hold, Limits, More, Profile, Schedule, User, UserId, Webhook,
};

/// What a block of a snapshot says. Whether that fits what other blocks say is seen when a ledger is made of it.
#[derive(Debug)]
pub struct SnapshotRows(pub(super) Rows);

#[derive(Debug)]
pub(super) enum Rows {
    /// The last event, and when that was.
    Head(u64, Micros),
    Coins(Vec<Coin>),
    Users(Vec<User>, Vec<Profile>),
    /// The users in the order of their ids.
    Order(Vec<u32>),
    Accounts(Vec<Account>),
    Holds(Vec<(u64, Hold)>),
    ApiKeys(Vec<ApiKey>),
    Schedules(Vec<(u64, Schedule)>),
    Webhooks(Vec<Webhook>),
    End,
}

impl SnapshotRows {
    /// Decodes a block.
    ///
    /// # Errors
    /// [`SnapshotError`] if it is no block of a state.
    pub fn decode(block: &[u8]) -> Result<Self, SnapshotError> {
        let fields = &mut Fields::new(block);
        let kind = fields.u8()?;
        let kind = KINDS.into_iter().find(|known| *known as u8 == kind);
        let rows = match kind.ok_or(Malformed("the snapshot has rows that are not known"))? {
            Kind::Head => Rows::Head(fields.u64()?, fields.i64()?),
            Kind::Coins => Rows::Coins(all(fields, read_coin)?),
            Kind::Users => {
                let (mut users, mut profiles) = (Vec::new(), Vec::new());
                while !fields.is_empty() {
                    let (user, profile) = read_user(fields)?;
                    users.push(user);
                    profiles.push(profile);
                }
                Rows::Users(users, profiles)
            }
            Kind::Order => Rows::Order(all(fields, Fields::u32)?),
            Kind::Accounts => Rows::Accounts(all(fields, read_account)?),
            Kind::Holds => Rows::Holds(all(fields, read_hold)?),
            Kind::ApiKeys => Rows::ApiKeys(all(fields, read_api_key)?),
            Kind::Schedules => Rows::Schedules(all(fields, read_schedule)?),
            Kind::Webhooks => Rows::Webhooks(all(fields, read_webhook)?),
            Kind::End => Rows::End,
        };
        if !fields.is_empty() {
            return Err(Malformed("a block of the snapshot has more than one row"));
        }
        Ok(Self(rows))
    }
}

impl Rows {
    /// Where they stand among all.
    pub(super) fn place(&self) -> usize {
        let kind = match self {
            Self::Head(..) => Kind::Head,
            Self::Coins(_) => Kind::Coins,
            Self::Users(..) => Kind::Users,
            Self::Order(_) => Kind::Order,
            Self::Accounts(_) => Kind::Accounts,
            Self::Holds(_) => Kind::Holds,
            Self::ApiKeys(_) => Kind::ApiKeys,
            Self::Schedules(_) => Kind::Schedules,
            Self::Webhooks(_) => Kind::Webhooks,
            Self::End => Kind::End,
        };
        KINDS.iter().take_while(|known| **known != kind).count()
    }
}

/// Rows up to the end of the block.
fn all<'b, T>(
    fields: &mut Fields<'b>,
    read: impl Fn(&mut Fields<'b>) -> Result<T, Malformed>,
) -> Result<Vec<T>, Malformed> {
    let mut rows = Vec::new();
    while !fields.is_empty() {
        rows.push(read(fields)?);
    }
    Ok(rows)
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
