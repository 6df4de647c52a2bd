//! The tables and the ledger. Each response says as of which event it is; what happened in the tables since is subtracted.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::Check;
use crate::event::{Part, Text};
use crate::instant;
use crate::lot::{Coins, Lot, category as category_of, is_promotional};
use crate::service::escaped;
use crate::store::At;
use crate::trouble::Trouble;

/// How often a page that differs is looked at: the ledger may put a long page together while it goes on, and then the page is not of one
/// event alone.
pub(super) const LOOKS: u32 = 3;

#[derive(Deserialize)]
struct CoinList {
    coins: Vec<Coin>,
}

#[derive(Deserialize)]
struct Coin {
    code: String,
    decimals: i16,
    issued: i64,
    spent: i64,
    expired: i64,
    held: i64,
    thresholds: Option<Value>,
    spend_limit: Option<Value>,
}

#[derive(Deserialize)]
struct UserPage {
    users: Vec<User>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct User {
    id: String,
    name: Option<String>,
    coins: BTreeMap<String, i64>,
}

#[derive(Deserialize)]
struct Accounts<'a> {
    #[serde(borrow)]
    accounts: Vec<Account<'a>>,
}

#[derive(Deserialize)]
struct Account<'a> {
    #[serde(borrow)]
    coin: Text<'a>,
    total: i64,
    held: i64,
    #[serde(borrow)]
    lots: Vec<Part<'a>>,
}

/// Balances by user and coin.
type Balances = BTreeMap<(String, String), i64>;
/// Lots with what is in them.
type Lots = BTreeSet<(Lot, i64)>;
/// Names of users, and the event that gave them.
type Names = BTreeMap<String, (Option<String>, i64)>;

impl Check {
    pub(super) async fn outside(&mut self) -> Result<(), Trouble> {
        self.events().await?;
        self.coins().await?;
        self.users().await?;
        self.holds().await?;
        self.schedules().await?;
        self.lots().await
    }

    async fn coins(&mut self) -> Result<(), Trouble> {
        let (list, event): (CoinList, i64) = self.asked("/v1/coins".to_owned()).await?;
        let sql = "select c.code, c.decimals, (c.issued + coalesce(i, 0))::bigint, (c.spent - coalesce(s, 0))::bigint,
               (c.expired - coalesce(x, 0))::bigint, (coalesce(held, 0) - coalesce(h, 0))::bigint, c.thresholds::text, c.spend_limit::text,
               exists (select from {schema}.events where number > $1 and coin = c.code and kind in ('thresholds', 'spend_limit'))
             from {schema}.coins c
             left join (select coin, sum(held) as held from {schema}.accounts group by coin) as a on a.coin = c.code
             left join (select coin, sum(to_issued) as i, sum(to_spent) as s, sum(to_expired) as x,
                 sum(coalesce(user_held_change, 0) + coalesce(other_held_change, 0)) as h
               from {schema}.events where number > $1 group by coin) as e on e.coin = c.code";
        let rows = self.store.rows(sql, &[&event]).await?;
        let mut found: BTreeMap<String, _> = rows
            .iter()
            .map(|row| {
                let figures: [i64; 4] = [row.get(2), row.get(3), row.get(4), row.get(5)];
                let rules = (!row.get::<_, bool>(8)).then(|| [json(row.get(6)), json(row.get(7))]);
                (row.get(0), (row.get::<_, i16>(1), figures, rules))
            })
            .collect();
        for coin in &list.coins {
            // The first coin of a ledger is there before any event.
            let none = (coin.decimals, [0; 4], Some([None, None]));
            let (decimals, figures, rules) = found.remove(&coin.code).unwrap_or(none);
            let ledger = [coin.issued, coin.spent, coin.expired, coin.held];
            for (name, (tables, ledger)) in
                ["issued", "spent", "expired", "held"].iter().zip(figures.iter().zip(&ledger))
            {
                self.report.expect(|| format!("{name} of {}", coin.code), tables, ledger);
            }
            self.report.expect(|| format!("decimals of {}", coin.code), &decimals, &coin.decimals);
            // What changed since can't be seen in the ledger's response.
            if rules.is_some_and(|rules| rules != [coin.thresholds.clone(), coin.spend_limit.clone()]) {
                self.report.differs(format!(
                    "coin {} has other thresholds or another spending limit in the tables",
                    coin.code
                ));
            }
        }
        for code in found.into_keys() {
            self.report.differs(format!("coin {code} is in the tables and not in the ledger"));
        }
        self.report.compared.push(("coins", list.coins.len() as u64));
        Ok(())
    }

    async fn users(&mut self) -> Result<(), Trouble> {
        let (mut users, mut balances) = (0, 0);
        let mut after = String::new();
        let mut cursor: Option<String> = None;
        let mut looks = 0;
        loop {
            let before = self.report.clone();
            let at = cursor.as_deref().map(|cursor| format!("&cursor={}", escaped(cursor))).unwrap_or_default();
            let (page, event): (UserPage, i64) = self.asked(format!("/v1/users?limit=1000{at}")).await?;
            let last = page.next_cursor.as_ref().and(page.users.last()).map(|user| user.id.clone());
            let (found, names) = self.balances(&after, last.as_deref(), event).await?;
            let mut expected = Balances::new();
            for user in &page.users {
                for (coin, amount) in user.coins.iter().filter(|(_, amount)| **amount != 0) {
                    expected.insert((user.id.clone(), coin.clone()), *amount);
                }
                match names.get(&user.id) {
                    None => self.report.differs(format!("user {} is not in the tables", user.id)),
                    Some((name, last_event)) if *last_event <= event && *name != user.name => {
                        self.report.differs(format!("user {} has another name in the tables", user.id));
                    }
                    Some(_) => {}
                }
            }
            self.compare(&found, &expected);
            looks += 1;
            if self.report.count > before.count && looks < LOOKS {
                self.report = before;
                continue;
            }
            looks = 0;
            users += page.users.len() as u64;
            balances += expected.len() as u64;
            after = last.unwrap_or(after);
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        self.report.compared.push(("users", users));
        self.report.compared.push(("balances", balances));
        Ok(())
    }

    fn compare(&mut self, found: &Balances, expected: &Balances) {
        for (key @ (user, coin), amount) in expected {
            let tables = found.get(key).copied().unwrap_or(0);
            self.report.expect(|| format!("balance of {user} in {coin}"), &tables, amount);
        }
        for ((user, coin), amount) in found.iter().filter(|(key, _)| !expected.contains_key(*key)) {
            self.report.expect(|| format!("balance of {user} in {coin}"), amount, &0);
        }
    }

    /// Balances other than 0 as of an event, and names, of the users behind one up to another.
    async fn balances(&self, after: &str, last: Option<&str>, event: i64) -> Result<(Balances, Names), Trouble> {
        let sql = "select a.user_id, a.coin, (a.total - coalesce((select sum(amount) from {schema}.entries e
               where e.user_id = a.user_id and e.coin = a.coin and e.event > $3), 0))::bigint
             from {schema}.accounts a where a.user_id > $1 and ($2::text is null or a.user_id <= $2)";
        let rows = self.store.rows(sql, &[&after, &last, &event]).await?;
        let found =
            rows.iter().map(|row| ((row.get(0), row.get(1)), row.get(2))).filter(|(_, amount)| *amount != 0).collect();
        let sql = "select id, name, last_event from {schema}.users where id > $1 and ($2::text is null or id <= $2)";
        let rows = self.store.rows(sql, &[&after, &last]).await?;
        Ok((found, rows.iter().map(|row| (row.get(0), (row.get(1), row.get(2)))).collect()))
    }

    /// The lots of each account that has any or had, as of the event up to which the tables go when it is looked at.
    async fn lots(&mut self) -> Result<(), Trouble> {
        let sql = "select user_id from {schema}.lots
             union select user_id from {schema}.events where details->'lots' is not null and user_id is not null
             union select counterpart from {schema}.events where details->'lots' is not null and counterpart is not null";
        let users = self.store.rows(sql, &[]).await?;
        for user in &users {
            self.lots_of(user.get(0)).await?;
        }
        self.report.compared.push(("users with lots", users.len() as u64));
        Ok(())
    }

    async fn lots_of(&mut self, user: &str) -> Result<(), Trouble> {
        // One statement, so that all rows are as of one event.
        let sql = "select m.last_event, a.coin, a.total, a.held, a.plain, l.grant_event, l.expires_at, l.priority, l.category, l.amount
             from {schema}.meta m cross join {schema}.accounts a
             left join {schema}.lots l on l.user_id = a.user_id and l.coin = a.coin where a.user_id = $1";
        let rows = self.store.rows(sql, &[&user]).await?;
        let Some(event) = rows.first().map(|row| row.get::<_, i64>(0)) else {
            self.report.differs(format!("user {user} has or had lots, and no account in the tables"));
            return Ok(());
        };
        let mut found: BTreeMap<String, (i64, i64, Lots)> = BTreeMap::new();
        for row in &rows {
            let (_, _, lots) = found.entry(row.get(1)).or_insert_with(|| (row.get(2), row.get(3), Lots::new()));
            let plain: i64 = row.get(4);
            if plain > 0 {
                lots.insert((Lot::PLAIN, plain));
            }
            if let Some(grant) = row.get::<_, Option<i64>>(5) {
                let (expires_at, category): (At, &str) = (row.get(6), row.get(8));
                let is_promotional = is_promotional(Some(category));
                if category != category_of(is_promotional) {
                    self.report.differs(format!(
                        "lots of {user} in {}: there is no category {category}",
                        row.get::<_, &str>(1)
                    ));
                }
                lots.insert((
                    Lot { grant, expires_at: expires_at.0, priority: row.get(7), is_promotional },
                    row.get(9),
                ));
            }
        }
        let target = format!("/v1/users/{}?at={event}", escaped(user));
        let Some(reply) = crate::copier::ask(&self.service, target, true).await? else {
            self.report.differs(format!("user {user} has lots in the tables, and is not in the ledger"));
            return Ok(());
        };
        let accounts: Accounts<'_> = serde_json::from_slice(&reply.body)
            .map_err(|error| Trouble::Stuck(format!("a user is not what this version of tocos expects: {error}")))?;
        for account in &accounts.accounts {
            let (total, held, lots) = found.remove(&*account.coin).unwrap_or_default();
            let coin = &*account.coin;
            self.report.expect(|| format!("balance of {user} in {coin} at event {event}"), &total, &account.total);
            self.report.expect(|| format!("held of {user} in {coin} at event {event}"), &held, &account.held);
            let expected: Lots = account
                .lots
                .iter()
                .filter_map(Coins::of)
                .filter(|coins| coins.amount > 0)
                .map(|coins| (coins.lot, coins.amount))
                .collect();
            if expected != lots {
                let of = |lots: &Lots| lots.iter().map(in_words).collect::<Vec<_>>().join(", ");
                self.report.differs(format!(
                    "lots of {user} in {coin} at event {event}: the tables have {}, the ledger {}",
                    of(&lots),
                    of(&expected)
                ));
            }
        }
        Ok(())
    }
}

/// JSON as it is stored, if there is any.
pub(super) fn json(text: Option<&str>) -> Option<Value> {
    text.and_then(|text| serde_json::from_str(text).ok())
}

fn in_words((lot, amount): &(Lot, i64)) -> String {
    if lot.is_plain() {
        return format!("{amount} plain");
    }
    let expires_at =
        if lot.expires_at == instant::NEVER { "never".to_owned() } else { instant::written(lot.expires_at) };
    format!("{amount} of grant {} ({expires_at}, {}, {})", lot.grant, lot.priority, category_of(lot.is_promotional))
}
