//! Rows of the state for tables that have none yet, by `COPY`.

use tokio_postgres::Error;

use super::loading::held_lots;
use super::writing::Writing;
use crate::batch::State;
use crate::lot::{category, sum};
use crate::rows::Rows;

const USER_COLUMNS: &[&str] = &["id", "name", "metadata", "created_at", "created_event", "last_event"];
const ACCOUNT_COLUMNS: &[&str] = &[
    "user_id",
    "coin",
    "total",
    "held",
    "plain",
    "floor",
    "ceiling",
    "frozen",
    "thresholds",
    "spend_limit",
    "last_event",
];
const LOT_COLUMNS: &[&str] = &["user_id", "coin", "grant_event", "expires_at", "priority", "category", "amount"];
const HOLD_COLUMNS: &[&str] = &[
    "id",
    "user_id",
    "coin",
    "amount",
    "captured",
    "held",
    "to_user",
    "state",
    "expires_at",
    "created_at",
    "ended_at",
    "lots",
    "last_event",
];
/// The columns of a grant; it begins with nothing added and nothing reversed.
pub(super) const GRANT_COLUMNS: &[&str] = &[
    "event",
    "at",
    "kind",
    "user_id",
    "coin",
    "amount",
    "expires_at",
    "priority",
    "category",
    "is_lot",
    "schedule_id",
    "occurrence",
    "due_at",
    "reference",
];

impl Writing<'_> {
    /// Users, accounts, lots and holds, in the order of their keys.
    pub(super) async fn fill(&self, state: &State) -> Result<(), Error> {
        self.copy("users", USER_COLUMNS, users(state)).await?;
        self.copy("accounts", ACCOUNT_COLUMNS, accounts(state)).await?;
        self.copy("lots", LOT_COLUMNS, lots(state)).await?;
        self.copy("holds", HOLD_COLUMNS, holds(state)).await
    }
}

fn users(state: &State) -> Rows {
    let mut rows = Rows::default();
    for (id, user) in &state.users {
        rows.row(USER_COLUMNS.len() as i16);
        rows.text(id);
        rows.text_or_null(user.name.as_deref());
        rows.text_or_null(user.metadata.as_deref());
        rows.at(user.created_at);
        rows.int8(user.created_event);
        rows.int8(user.last_event);
    }
    rows
}

fn accounts(state: &State) -> Rows {
    let mut accounts: Vec<_> = state.accounts.iter().collect();
    accounts.sort_unstable_by(|one, other| (&one.user, &one.coin).cmp(&(&other.user, &other.coin)));
    let mut rows = Rows::default();
    for account in accounts {
        rows.row(ACCOUNT_COLUMNS.len() as i16);
        rows.text(&account.user);
        rows.text(&account.coin);
        for amount in [account.total, account.held, account.plain, account.floor, account.ceiling] {
            rows.int8(amount);
        }
        rows.bool(account.is_frozen);
        rows.jsonb_or_null(account.thresholds.as_deref());
        rows.jsonb_or_null(account.spend_limit.as_deref());
        rows.int8(account.last_event);
    }
    rows
}

fn lots(state: &State) -> Rows {
    let mut lots: Vec<_> = state.lots.iter().filter(|row| row.coins.amount != 0).collect();
    lots.sort_unstable_by(|one, other| (&one.user, &one.coin).cmp(&(&other.user, &other.coin)));
    let mut rows = Rows::default();
    for row in lots {
        let lot = &row.coins.lot;
        rows.row(LOT_COLUMNS.len() as i16);
        rows.text(&row.user);
        rows.text(&row.coin);
        rows.int8(lot.grant);
        rows.at(lot.expires_at);
        rows.int2(lot.priority);
        rows.text(category(lot.is_promotional));
        rows.int8(row.coins.amount);
    }
    rows
}

fn holds(state: &State) -> Rows {
    let mut rows = Rows::default();
    for (id, hold) in &state.holds {
        rows.row(HOLD_COLUMNS.len() as i16);
        rows.int8(*id);
        rows.text(&hold.user);
        rows.text(&hold.coin);
        rows.int8(hold.amount);
        rows.int8(hold.captured);
        rows.int8(sum(&hold.lots));
        rows.text_or_null(hold.to.as_deref());
        rows.text(hold.state);
        rows.at(hold.expires_at);
        rows.at(hold.created_at);
        rows.at_or_null(hold.ended_at);
        rows.jsonb_or_null(Some(&held_lots(&hold.lots)));
        rows.int8(hold.last_event);
    }
    rows
}

/// New grants.
pub(super) fn grants(state: &State) -> Rows {
    let mut rows = Rows::default();
    for grant in &state.grants {
        rows.row(GRANT_COLUMNS.len() as i16);
        rows.int8(grant.event);
        rows.at(grant.at);
        rows.text(grant.kind);
        rows.text(&grant.user);
        rows.text(&grant.coin);
        rows.int8(grant.amount);
        rows.at(grant.expires_at);
        rows.int2(grant.priority);
        rows.text(grant.category);
        rows.bool(grant.is_lot);
        rows.text_or_null(grant.schedule.as_deref());
        rows.int8_or_null(grant.occurrence);
        rows.at_or_null(grant.due_at);
        rows.text_or_null(grant.reference.as_deref());
    }
    rows
}
