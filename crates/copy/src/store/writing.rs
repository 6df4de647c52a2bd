//! One transaction for each batch.

use std::pin::pin;

use bytes::Bytes;
use futures_util::SinkExt as _;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Transaction};

use super::filling::{GRANT_COLUMNS, grants};
use super::loading::held_lots;
use super::{At, Store, in_words};
use crate::batch::{Batch, EVENT_COLUMNS, Reached, State};
use crate::lot::{category, sum};
use crate::rows::Rows;
use crate::schema::within;
use crate::trouble::Trouble;

/// How much of a `COPY` is in a message.
const MESSAGE_BYTES: usize = 256 * 1024;
/// Rows of a statement that changes rows which may be there.
const ROWS_MAX: usize = 20_000;

/// A transaction and the schema that it writes to.
pub(super) struct Writing<'a> {
    transaction: Transaction<'a>,
    schema: &'a str,
}

impl Store {
    /// Writes a batch that follows what the tables have, completely or not at all.
    pub(crate) async fn write(&mut self, before: Reached, batch: Batch) -> Result<(), Trouble> {
        let transaction = self.client.transaction().await.map_err(|error| in_words(&error))?;
        let writing = Writing { transaction, schema: &self.schema };
        let last_event = batch.reached.event;
        let is_next = writing.all(before, batch).await.map_err(|error| in_words(&error))?;
        if !is_next {
            return Err(Trouble::Stuck(format!(
                "the tables in schema {} are not at event {} any more: another copier writes them, or they were restored. Nothing was \
                 written; start tocos copy again",
                self.schema, before.event
            )));
        }
        writing.transaction.commit().await.map_err(|error| match in_words(&error) {
            Trouble::Away(text) => {
                Trouble::Away(format!("whether event {last_event} was copied is not known yet: {text}"))
            }
            stuck @ Trouble::Stuck(_) => stuck,
        })
    }
}

/// A column of a list of rows.
macro_rules! column {
    ($rows:expr, $row:ident => $value:expr) => {
        &$rows.iter().map(|$row| $value).collect::<Vec<_>>()
    };
}

impl Writing<'_> {
    /// Whether the tables were as far as is said, so that the transaction may be committed.
    async fn all(&self, before: Reached, batch: Batch) -> Result<bool, Error> {
        let sql = "update {schema}.meta set last_event = $1, state_event = $2, last_at = $3, last_fingerprint = $4, copied_at = now(),
             ledger = coalesce($5, ledger) where last_event = $6 and state_event = $7";
        let has_events = batch.events.count > 0;
        let last_at = At(batch.last_at);
        let to = batch.reached;
        let values: [&(dyn ToSql + Sync); 7] =
            [&to.event, &to.state, &last_at, &batch.last_fingerprint, &batch.ledger, &before.event, &before.state];
        let state_alone =
            "update {schema}.meta set state_event = $1, copied_at = now() where last_event = $2 and state_event = $3";
        // First, so that the row's lock keeps others out.
        let changed = if has_events {
            self.put(sql, &values).await?
        } else {
            self.put(state_alone, &[&to.state, &before.event, &before.state]).await?
        };
        if changed != 1 {
            return Ok(false);
        }
        if let Some(state) = &batch.state {
            // Where nothing is there yet, nothing can be in the way.
            if before.state == 0 {
                self.fill(state).await?;
            } else {
                self.change(state).await?;
            }
            // Of these none is there.
            self.copy("grants", GRANT_COLUMNS, grants(state)).await?;
            self.others(state).await?;
        }
        self.copy("events", &EVENT_COLUMNS, batch.events).await?;
        Ok(true)
    }

    async fn put(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<u64, Error> {
        self.transaction.execute(&within(sql, self.schema), values).await
    }

    pub(super) async fn copy(&self, table: &str, columns: &[&str], rows: Rows) -> Result<(), Error> {
        if rows.count == 0 {
            return Ok(());
        }
        let columns = columns.join(", ");
        let sql = within(&format!("copy {{schema}}.{table} ({columns}) from stdin (format binary)"), self.schema);
        let mut sink = pin!(self.transaction.copy_in::<_, Bytes>(&sql).await?);
        let mut bytes = rows.finish();
        while !bytes.is_empty() {
            let message = bytes.split_to(bytes.len().min(MESSAGE_BYTES));
            sink.send(message).await?;
        }
        sink.finish().await?;
        Ok(())
    }

    /// Rows of which some are there, in tables that may have many.
    async fn change(&self, state: &State) -> Result<(), Error> {
        self.users(state).await?;
        self.accounts(state).await?;
        self.lots(state).await?;
        self.holds(state).await
    }

    /// What refers to rows of this batch, and tables of few rows.
    async fn others(&self, batch: &State) -> Result<(), Error> {
        let coins = &batch.coins;
        if !coins.is_empty() {
            let sql = "insert into {schema}.coins (code, decimals, issued, spent, expired, thresholds, spend_limit)
                 select a, b, c, d, e, f::jsonb, g::jsonb
                 from unnest($1::text[], $2::smallint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[]) as u(a, b, c, d, e, f, g)
                 on conflict (code) do update set decimals = excluded.decimals, issued = excluded.issued, spent = excluded.spent,
                 expired = excluded.expired, thresholds = excluded.thresholds, spend_limit = excluded.spend_limit";
            self.put(
                sql,
                &[
                    column!(coins, row => &*row.code),
                    column!(coins, row => row.decimals),
                    column!(coins, row => row.issued),
                    column!(coins, row => row.spent),
                    column!(coins, row => row.expired),
                    column!(coins, row => row.thresholds.as_deref()),
                    column!(coins, row => row.spend_limit.as_deref()),
                ],
            )
            .await?;
        }
        if !batch.closed.is_empty() {
            let rows: Vec<_> = batch.closed.iter().collect();
            let sql = "update {schema}.users set closed_at = u.b, last_event = u.c
                 from unnest($1::text[], $2::timestamptz[], $3::bigint[]) as u(a, b, c) where id = u.a";
            self.put(
                sql,
                &[column!(rows, row => &**row.0), column!(rows, row => At(row.1.0)), column!(rows, row => row.1.1)],
            )
            .await?;
        }
        if !batch.grants_changed.is_empty() {
            let rows: Vec<_> = batch.grants_changed.iter().collect();
            let sql = "update {schema}.grants as g set reversed = reversed + u.b, added = added + u.c
                 from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as u(a, b, c) where g.event = u.a";
            self.put(
                sql,
                &[column!(rows, row => *row.0), column!(rows, row => row.1.0), column!(rows, row => row.1.1)],
            )
            .await?;
        }
        self.schedules(batch).await
    }

    async fn users(&self, batch: &State) -> Result<(), Error> {
        let users: Vec<_> = batch.users.iter().collect();
        for rows in users.chunks(ROWS_MAX) {
            let sql = "insert into {schema}.users (id, name, metadata, created_at, created_event, last_event)
                 select a, b, c::json, d, e, f
                 from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::bigint[], $6::bigint[]) as u(a, b, c, d, e, f)
                 on conflict (id) do update set name = excluded.name, metadata = excluded.metadata, last_event = excluded.last_event";
            self.put(
                sql,
                &[
                    column!(rows, row => &**row.0),
                    column!(rows, row => row.1.name.as_deref()),
                    column!(rows, row => row.1.metadata.as_deref()),
                    column!(rows, row => At(row.1.created_at)),
                    column!(rows, row => row.1.created_event),
                    column!(rows, row => row.1.last_event),
                ],
            )
            .await?;
        }
        Ok(())
    }

    async fn accounts(&self, batch: &State) -> Result<(), Error> {
        for rows in batch.accounts.chunks(ROWS_MAX) {
            let sql = "insert into {schema}.accounts
               (user_id, coin, total, held, plain, floor, ceiling, frozen, thresholds, spend_limit, last_event)
             select a, b, c, d, e, f, g, h, i::jsonb, j::jsonb, k
             from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::boolean[],
               $9::text[], $10::text[], $11::bigint[]) as u(a, b, c, d, e, f, g, h, i, j, k)
             on conflict (user_id, coin) do update set total = excluded.total, held = excluded.held, plain = excluded.plain,
               floor = excluded.floor, ceiling = excluded.ceiling, frozen = excluded.frozen, thresholds = excluded.thresholds,
               spend_limit = excluded.spend_limit, last_event = excluded.last_event";
            self.put(
                sql,
                &[
                    column!(rows, row => &*row.user),
                    column!(rows, row => &*row.coin),
                    column!(rows, row => row.total),
                    column!(rows, row => row.held),
                    column!(rows, row => row.plain),
                    column!(rows, row => row.floor),
                    column!(rows, row => row.ceiling),
                    column!(rows, row => row.is_frozen),
                    column!(rows, row => row.thresholds.as_deref()),
                    column!(rows, row => row.spend_limit.as_deref()),
                    column!(rows, row => row.last_event),
                ],
            )
            .await?;
        }
        Ok(())
    }

    async fn lots(&self, batch: &State) -> Result<(), Error> {
        let (gone, rows): (Vec<_>, Vec<_>) = batch.lots.iter().partition(|row| row.coins.amount == 0);
        for gone in gone.chunks(ROWS_MAX) {
            let sql = "delete from {schema}.lots as l
                 using unnest($1::text[], $2::text[], $3::bigint[], $4::timestamptz[]) as u(a, b, c, d)
                 where l.user_id = u.a and l.coin = u.b and l.grant_event = u.c and l.expires_at = u.d";
            self.put(
                sql,
                &[
                    column!(gone, row => &*row.user),
                    column!(gone, row => &*row.coin),
                    column!(gone, row => row.coins.lot.grant),
                    column!(gone, row => At(row.coins.lot.expires_at)),
                ],
            )
            .await?;
        }
        for rows in rows.chunks(ROWS_MAX) {
            let sql = "insert into {schema}.lots (user_id, coin, grant_event, expires_at, priority, category, amount)
                 select * from unnest($1::text[], $2::text[], $3::bigint[], $4::timestamptz[], $5::smallint[], $6::text[], $7::bigint[])
                 on conflict (user_id, coin, grant_event, expires_at) do update set amount = excluded.amount";
            self.put(
                sql,
                &[
                    column!(rows, row => &*row.user),
                    column!(rows, row => &*row.coin),
                    column!(rows, row => row.coins.lot.grant),
                    column!(rows, row => At(row.coins.lot.expires_at)),
                    column!(rows, row => row.coins.lot.priority),
                    column!(rows, row => category(row.coins.lot.is_promotional)),
                    column!(rows, row => row.coins.amount),
                ],
            )
            .await?;
        }
        Ok(())
    }

    async fn holds(&self, batch: &State) -> Result<(), Error> {
        let holds: Vec<_> = batch.holds.iter().collect();
        for rows in holds.chunks(ROWS_MAX) {
            let sql = "insert into {schema}.holds
                   (id, user_id, coin, amount, captured, held, to_user, state, expires_at, created_at, ended_at, lots, last_event)
                 select a, b, c, d, e, f, g, h, i, j, k, l::jsonb, m
                 from unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::text[],
                   $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::text[], $13::bigint[])
                   as u(a, b, c, d, e, f, g, h, i, j, k, l, m)
                 on conflict (id) do update set captured = excluded.captured, held = excluded.held, state = excluded.state,
                   expires_at = excluded.expires_at, ended_at = excluded.ended_at, lots = excluded.lots, last_event = excluded.last_event";
            self.put(
                sql,
                &[
                    column!(rows, row => *row.0),
                    column!(rows, row => &*row.1.user),
                    column!(rows, row => &*row.1.coin),
                    column!(rows, row => row.1.amount),
                    column!(rows, row => row.1.captured),
                    column!(rows, row => sum(&row.1.lots)),
                    column!(rows, row => row.1.to.as_deref()),
                    column!(rows, row => row.1.state),
                    column!(rows, row => At(row.1.expires_at)),
                    column!(rows, row => At(row.1.created_at)),
                    column!(rows, row => row.1.ended_at.map(At)),
                    column!(rows, row => held_lots(&row.1.lots)),
                    column!(rows, row => row.1.last_event),
                ],
            )
            .await?;
        }
        Ok(())
    }

    async fn schedules(&self, batch: &State) -> Result<(), Error> {
        if batch.schedules.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = batch.schedules.iter().collect();
        let sql = "insert into {schema}.schedules (event, id, user_id, coin, amount, plan, state, anchor, next_at, last_at, created_at,
               ended_at, last_grant, last_event)
             select a, b, c, d, e, f::jsonb, g, h, i, j, k, l, m, n
             from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::timestamptz[],
               $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::bigint[], $14::bigint[])
               as u(a, b, c, d, e, f, g, h, i, j, k, l, m, n)
             on conflict (event) do update set amount = excluded.amount, plan = excluded.plan, state = excluded.state,
               anchor = excluded.anchor, next_at = excluded.next_at, last_at = excluded.last_at, ended_at = excluded.ended_at,
               last_grant = excluded.last_grant, last_event = excluded.last_event";
        self.put(
            sql,
            &[
                column!(rows, row => *row.0),
                column!(rows, row => &*row.1.id),
                column!(rows, row => &*row.1.user),
                column!(rows, row => &*row.1.coin),
                column!(rows, row => row.1.amount),
                column!(rows, row => &*row.1.plan),
                column!(rows, row => row.1.state),
                column!(rows, row => At(row.1.anchor)),
                column!(rows, row => row.1.next_at.map(At)),
                column!(rows, row => row.1.last_at.map(At)),
                column!(rows, row => At(row.1.created_at)),
                column!(rows, row => row.1.ended_at.map(At)),
                column!(rows, row => row.1.last_grant),
                column!(rows, row => row.1.last_event),
            ],
        )
        .await
        .map(drop)
    }
}
