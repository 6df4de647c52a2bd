//! What the ledger lists: open holds, and schedules that go on. Each page says as of which event it is; what changed in the tables since
//! is not compared.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use tokio_postgres::Row;

use super::Check;
use super::outside::{LOOKS, json};
use crate::event::{Part, Text};
use crate::instant;
use crate::lot::{self, Coins};
use crate::service::escaped;
use crate::store::{At, of_held_lots};
use crate::trouble::Trouble;

#[derive(Deserialize)]
struct HoldPage<'a> {
    #[serde(borrow)]
    holds: Vec<Hold<'a>>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Hold<'a> {
    id: i64,
    #[serde(borrow)]
    user: Text<'a>,
    #[serde(borrow)]
    coin: Text<'a>,
    amount: i64,
    held: i64,
    captured: i64,
    #[serde(borrow)]
    expires_at: Option<Text<'a>>,
    #[serde(borrow)]
    created_at: Text<'a>,
    #[serde(borrow)]
    to: Option<Text<'a>>,
    #[serde(borrow)]
    lots: Vec<Part<'a>>,
}

#[derive(Deserialize)]
struct SchedulePage {
    schedules: Vec<serde_json::Map<String, Value>>,
    next_cursor: Option<String>,
}

impl Check {
    pub(super) async fn holds(&mut self) -> Result<(), Trouble> {
        let mut count = 0;
        let mut after = 0;
        let mut cursor: Option<String> = None;
        let mut looks = 0;
        loop {
            let before = self.report.clone();
            let at = cursor.as_deref().map(|cursor| format!("&cursor={}", escaped(cursor))).unwrap_or_default();
            let (reply, event) = self.reply(format!("/v1/holds?limit=1000{at}")).await?;
            let page: HoldPage<'_> = read(&reply.body)?;
            let last = page.next_cursor.as_ref().and(page.holds.last()).map_or(event, |hold| hold.id);
            let sql = "select id, user_id, coin, amount, held, expires_at, to_user, state = 'open', last_event, captured, created_at, lots::text
                 from {schema}.holds where id > $1 and id <= $2 and (state = 'open' or last_event > $3)";
            let rows = self.store.rows(sql, &[&after, &last, &event]).await?;
            let mut found: BTreeMap<i64, &Row> = rows.iter().map(|row| (row.get::<_, i64>(0), row)).collect();
            for hold in &page.holds {
                match found.remove(&hold.id) {
                    None => self.report.differs(format!("hold {} is open, and not in the tables", hold.id)),
                    // What happened to it since can't be seen in the ledger's response.
                    Some(row) if row.get::<_, i64>(8) > event => {}
                    Some(row) => self.compare_hold(hold, row),
                }
            }
            for (id, row) in found {
                if row.get(7) && row.get::<_, i64>(8) <= event {
                    self.report.differs(format!("hold {id} is open in the tables, and not in the ledger"));
                }
            }
            looks += 1;
            if self.report.count > before.count && looks < LOOKS {
                self.report = before;
                continue;
            }
            looks = 0;
            count += page.holds.len() as u64;
            after = last;
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        self.report.compared.push(("open holds", count));
        Ok(())
    }

    fn compare_hold(&mut self, hold: &Hold<'_>, row: &Row) {
        let same = row.get::<_, &str>(1) == &*hold.user
            && row.get::<_, &str>(2) == &*hold.coin
            && row.get::<_, i64>(3) == hold.amount
            && row.get::<_, Option<&str>>(6) == hold.to.as_deref()
            && Some(row.get::<_, At>(10).0) == instant::parse(&hold.created_at)
            && Some(row.get::<_, At>(5).0) == hold.expires_at.as_deref().and_then(instant::parse);
        if !same {
            self.report.differs(format!("hold {} is another one in the tables", hold.id));
        }
        self.report.expect(|| format!("held by hold {}", hold.id), &row.get::<_, i64>(4), &hold.held);
        self.report.expect(|| format!("captured from hold {}", hold.id), &row.get::<_, i64>(9), &hold.captured);
        // In which order the coins lie in it is the ledger's own affair.
        let merged = |lots: Vec<Coins>| {
            let mut merged = Vec::new();
            lots.into_iter().for_each(|coins| lot::put(&mut merged, coins));
            merged.sort_by_key(|coins| coins.lot);
            merged
        };
        let ledger: Vec<Coins> = hold.lots.iter().filter_map(Coins::of).collect();
        if of_held_lots(row.get(11)).map(merged) != Ok(merged(ledger)) {
            self.report.differs(format!("hold {} has other lots in the tables", hold.id));
        }
    }

    pub(super) async fn schedules(&mut self) -> Result<(), Trouble> {
        let mut count = 0;
        let mut cursor: Option<String> = None;
        let mut listed = Vec::new();
        let mut first_event: Option<i64> = None;
        loop {
            let at = cursor.as_deref().map(|cursor| format!("&cursor={}", escaped(cursor))).unwrap_or_default();
            let (reply, event) = self.reply(format!("/v1/schedules?limit=1000{at}")).await?;
            let page: SchedulePage = read(&reply.body)?;
            first_event.get_or_insert(event);
            let text =
                |shown: &serde_json::Map<String, Value>| shown.get("id").and_then(Value::as_str).map(str::to_owned);
            let ids: Vec<String> = page.schedules.iter().filter_map(text).collect();
            let sql = "select distinct on (id) id, user_id, coin, amount, plan::text, state, anchor, next_at, last_at, last_event
                 from {schema}.schedules where id = any($1) order by id, event desc";
            let rows = self.store.rows(sql, &[&ids]).await?;
            let mut found: BTreeMap<&str, &Row> = rows.iter().map(|row| (row.get::<_, &str>(0), row)).collect();
            for (shown, id) in page.schedules.into_iter().zip(&ids) {
                match found.remove(&**id) {
                    None => self.report.differs(format!("schedule {id} is not in the tables")),
                    Some(row) if row.get::<_, i64>(9) > event => {}
                    Some(row) if shown_as(row).as_ref() != Some(&shown) => {
                        self.report.differs(format!("schedule {id} is another one in the tables"));
                    }
                    Some(_) => {}
                }
            }
            count += ids.len() as u64;
            listed.extend(ids);
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        let sql = "select id from {schema}.schedules where state <> 'ended' and last_event <= $1 and id <> all($2)";
        for row in self.store.rows(sql, &[&first_event, &listed]).await? {
            let id: &str = row.get(0);
            // It may have ended while the list was read.
            let there = crate::copier::ask(&self.service, format!("/v1/schedules/{}", escaped(id)), true).await?;
            if there.is_none() && self.still_goes_on(id).await? {
                self.report.differs(format!("schedule {id} goes on in the tables, and not in the ledger"));
            }
        }
        self.report.compared.push(("schedules", count));
        Ok(())
    }

    /// Whether a schedule goes on in tables that go as far as the ledger does now.
    async fn still_goes_on(&mut self, id: &str) -> Result<bool, Trouble> {
        self.reply("/v1/coins".to_owned()).await?;
        let rows =
            self.store.rows("select 1 from {schema}.schedules where state <> 'ended' and id = $1", &[&id]).await?;
        Ok(!rows.is_empty())
    }
}

/// A schedule of the tables as the API shows it, if it goes on.
fn shown_as(row: &Row) -> Option<serde_json::Map<String, Value>> {
    let state: &str = row.get(5);
    let Value::Object(mut shown) = json(row.get(4))? else { return None };
    let time = |at: Option<At>| at.map_or(Value::Null, |at| instant::written(at.0).into());
    shown.insert("id".to_owned(), row.get::<_, &str>(0).into());
    shown.insert("user".to_owned(), row.get::<_, &str>(1).into());
    shown.insert("coin".to_owned(), row.get::<_, &str>(2).into());
    shown.insert("amount".to_owned(), row.get::<_, i64>(3).into());
    shown.insert("anchor".to_owned(), time(Some(row.get(6))));
    shown.insert("paused".to_owned(), (state == "paused").into());
    shown.insert("next_at".to_owned(), time(row.get(7)));
    shown.insert("last_at".to_owned(), time(row.get(8)));
    (state != "ended").then_some(shown)
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Trouble> {
    serde_json::from_slice(body)
        .map_err(|error| Trouble::Stuck(format!("a list is not what this version of tocos expects: {error}")))
}
