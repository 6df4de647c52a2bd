//! From the tables into memory.

use serde::Deserialize;
use serde_json::Value;
use tokio_postgres::types::ToSql;

use super::{At, Store};
use crate::batch::CoinRow;
use crate::fold::{ACCOUNTS_MAX, Account, Fold, Hold, Needs, Schedule};
use crate::instant::{self, NEVER};
use crate::lot::{Coins, Lot, category, is_promotional};
use crate::trouble::Trouble;

/// A lot in a hold, as it is stored.
#[derive(Deserialize)]
struct HeldLot {
    grant_event: i64,
    expires_at: Option<String>,
    priority: i16,
    category: String,
    amount: i64,
}

/// Lots of a hold as they are stored.
pub(super) fn held_lots(lots: &[Coins]) -> String {
    let lots: Vec<Value> = lots
        .iter()
        .map(|Coins { lot, amount }| {
            serde_json::json!({
                "grant_event": lot.grant,
                "expires_at": (lot.expires_at != NEVER).then(|| instant::written(lot.expires_at)),
                "priority": lot.priority,
                "category": category(lot.is_promotional),
                "amount": amount,
            })
        })
        .collect();
    Value::Array(lots).to_string()
}

/// Lots of a hold from what was stored.
pub(crate) fn of_held_lots(text: &str) -> Result<Vec<Coins>, Trouble> {
    let damaged = || Trouble::Stuck(format!("the lots of a hold are not as tocos copy writes them: {text}"));
    let lots: Vec<HeldLot> = serde_json::from_str(text).map_err(|_| damaged())?;
    lots.into_iter()
        .map(|lot| {
            let expires_at = lot.expires_at.as_deref().map_or(Some(NEVER), instant::parse).ok_or_else(damaged)?;
            let is_promotional = is_promotional(Some(&lot.category));
            if lot.category != category(is_promotional) {
                return Err(damaged());
            }
            let of = Lot { grant: lot.grant_event, expires_at, priority: lot.priority, is_promotional };
            Ok(Coins { lot: of, amount: lot.amount })
        })
        .collect()
}

impl Store {
    /// All coins.
    pub(crate) async fn coins(&self) -> Result<Vec<CoinRow>, Trouble> {
        let sql = "select code, decimals, issued, spent, expired, thresholds::text, spend_limit::text from {schema}.coins order by code";
        let rows = self.rows(sql, &[]).await?;
        let coin = |row: &tokio_postgres::Row| CoinRow {
            code: row.get(0),
            decimals: row.get(1),
            issued: row.get(2),
            spent: row.get(3),
            expired: row.get(4),
            thresholds: row.get(5),
            spend_limit: row.get(6),
        };
        Ok(rows.iter().map(coin).collect())
    }

    /// Takes into memory what is needed.
    pub(crate) async fn load(&self, fold: &mut Fold, needs: &Needs<'_>) -> Result<(), Trouble> {
        if !needs.accounts.is_empty() {
            let users: Vec<&str> = needs.accounts.iter().map(|(user, _)| *user).collect();
            let coins: Vec<&str> = needs.accounts.iter().map(|(_, coin)| *coin).collect();
            let wanted = "join unnest($1::text[], $2::text[]) as w(user_id, coin) using (user_id, coin)";
            self.load_accounts(fold, wanted, &[&users, &coins]).await?;
        }
        if !needs.schedules.is_empty() || !needs.closed.is_empty() {
            let ids: Vec<&str> = needs.schedules.iter().copied().collect();
            let users: Vec<&str> = needs.closed.iter().copied().collect();
            self.load_schedules(fold, "(id = any($1) or user_id = any($2))", &[&ids, &users]).await?;
        }
        Ok(())
    }

    /// Takes everything into memory, if it is not too much: then nothing is looked up later.
    pub(crate) async fn load_all(&self, fold: &mut Fold) -> Result<(), Trouble> {
        let sql = "select (select count(*) from {schema}.accounts), (select count(*) from {schema}.schedules where state <> 'ended')";
        let counts = self.rows(sql, &[]).await?;
        let is_small = |row: &tokio_postgres::Row| row.get::<_, i64>(0).max(row.get(1)) <= ACCOUNTS_MAX as i64;
        if counts.first().is_some_and(is_small) {
            self.load_accounts(fold, "", &[]).await?;
            self.load_schedules(fold, "true", &[]).await?;
            fold.is_complete = true;
        }
        Ok(())
    }

    async fn load_accounts(
        &self,
        fold: &mut Fold,
        wanted: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<(), Trouble> {
        let sql = format!(
            "select user_id, coin, total, held, plain, floor, ceiling, frozen, thresholds::text, spend_limit::text, last_event
             from {{schema}}.accounts {wanted}"
        );
        for row in self.rows(&sql, values).await? {
            let Some(coin) = fold.coin_at(row.get(1)) else { continue };
            let mut account = Account::new(row.get(0), coin);
            (account.total, account.held, account.plain) = (row.get(2), row.get(3), row.get(4));
            (account.floor, account.ceiling, account.is_frozen) = (row.get(5), row.get(6), row.get(7));
            (account.thresholds, account.spend_limit, account.last_event) = (row.get(8), row.get(9), row.get(10));
            fold.keep_account(account);
        }
        let sql = format!(
            "select user_id, coin, grant_event, expires_at, priority, category, amount from {{schema}}.lots {wanted}"
        );
        for row in self.rows(&sql, values).await? {
            let Some(coin) = fold.coin_at(row.get(1)) else { continue };
            let (expires_at, category): (At, &str) = (row.get(3), row.get(5));
            let is_promotional = is_promotional(Some(category));
            let lot = Lot { grant: row.get(2), expires_at: expires_at.0, priority: row.get(4), is_promotional };
            fold.keep_lot(row.get(0), coin, Coins { lot, amount: row.get(6) });
        }
        let sql = format!(
            "select user_id, coin, id, amount, captured, to_user, expires_at, created_at, lots::text from {{schema}}.holds {wanted}
             where state = 'open'"
        );
        for row in self.rows(&sql, values).await? {
            let Some(coin) = fold.coin_at(row.get(1)) else { continue };
            let (expires_at, created_at): (At, At) = (row.get(6), row.get(7));
            let hold = Hold {
                user: row.get(0),
                coin,
                amount: row.get(3),
                captured: row.get(4),
                to: row.get(5),
                expires_at: expires_at.0,
                created_at: created_at.0,
                lots: of_held_lots(row.get(8))?,
            };
            fold.keep_hold(row.get(2), hold);
        }
        Ok(())
    }

    async fn load_schedules(
        &self,
        fold: &mut Fold,
        wanted: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<(), Trouble> {
        let sql = format!("select id, event, user_id, coin, amount, plan::text, state, anchor, next_at, last_at, created_at, last_grant
             from {{schema}}.schedules where state <> 'ended' and {wanted}");
        for row in self.rows(&sql, values).await? {
            let (anchor, created_at): (At, At) = (row.get(7), row.get(10));
            let (next_at, last_at): (Option<At>, Option<At>) = (row.get(8), row.get(9));
            let plan = serde_json::from_str(row.get(5));
            let schedule = Schedule {
                user: row.get(2),
                coin: row.get(3),
                amount: row.get(4),
                plan: plan.map_err(|_| Trouble::Stuck("the plan of a schedule is not JSON".to_owned()))?,
                is_paused: row.get::<_, &str>(6) == "paused",
                anchor: anchor.0,
                next_at: next_at.map(|at| at.0),
                last_at: last_at.map(|at| at.0),
                created_at: created_at.0,
                last_grant: row.get(11),
            };
            fold.keep_schedule(row.get(0), row.get(1), schedule);
        }
        Ok(())
    }
}
