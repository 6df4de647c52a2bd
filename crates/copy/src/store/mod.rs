//! The tables in PostgreSQL: made, locked, loaded from, and written by one transaction for each batch.
//!
//! The number of the last event is in the same transaction as the rows, and only a transaction that finds the number before it is
//! committed. Nothing waits for the disk: what PostgreSQL forgets in a crash is a whole transaction, and is copied again.
//!
//! While a ledger is copied for the first time, rows of events are written alone, and all other tables from time to time: each transaction says
//! how far both go. A copier that begins again takes in the events between the two once more.

mod fault;
mod filling;
mod loading;
mod value;
mod writing;

use std::pin::pin;

use futures_util::StreamExt as _;
use tokio::task::JoinHandle;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row};

pub(crate) use fault::in_words;
pub(crate) use loading::of_held_lots;
pub(crate) use value::At;

use crate::batch::Reached;
use crate::schema::{self, INDEXES, MIGRATIONS, TABLES, VERSION, within};
use crate::trouble::Trouble;

/// What the tables say about themselves.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meta {
    /// The name of the ledger that they are a copy of; empty before its first event.
    pub ledger: String,
    pub last_event: i64,
    /// The event that all tables but `events` are as of.
    pub state_event: i64,
    pub last_fingerprint: String,
    /// The ledger was copied up to its end once.
    pub is_indexed: bool,
}

impl Meta {
    /// How far the tables go.
    pub(crate) fn reached(&self) -> Reached {
        Reached { event: self.last_event, state: self.state_event }
    }
}

/// A connection to the tables.
#[derive(Debug)]
pub(crate) struct Store {
    client: Client,
    driver: JoinHandle<()>,
    pub schema: String,
}

impl Drop for Store {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Store {
    /// Connects. Makes nothing yet.
    pub(crate) async fn connect(url: &str, schema: &str) -> Result<Self, Trouble> {
        if !schema::may_name_schema(schema) {
            let text = format!(
                "`{schema}` can't be a schema: its name has a-z, 0-9 and _, and begins with none of the digits"
            );
            return Err(Trouble::Stuck(text));
        }
        let (client, driver) = tocos_sharedlog::postgres::connect(url).await.map_err(fault::of_connecting)?;
        let store = Self { client, driver, schema: schema.to_owned() };
        store
            .run("set synchronous_commit = off; set statement_timeout = 0; set idle_in_transaction_session_timeout = 0")
            .await?;
        // So that a statement of a copier that was killed ends, and with it the lock. Versions before 14 don't know it.
        drop(store.run("set client_connection_check_interval = '500ms'").await);
        Ok(store)
    }

    pub(crate) async fn run(&self, sql: &str) -> Result<(), Trouble> {
        self.client.batch_execute(&within(sql, &self.schema)).await.map_err(|error| in_words(&error))
    }

    pub(crate) async fn rows(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Trouble> {
        self.client.query(&within(sql, &self.schema), values).await.map_err(|error| in_words(&error))
    }

    /// All that a `COPY` sends.
    pub(crate) async fn copied_out(&self, sql: &str) -> Result<Vec<u8>, Trouble> {
        let stream = self.client.copy_out(&within(sql, &self.schema)).await.map_err(|error| in_words(&error))?;
        let mut stream = pin!(stream);
        let mut bytes = Vec::new();
        while let Some(more) = stream.next().await {
            bytes.extend_from_slice(&more.map_err(|error| in_words(&error))?);
        }
        Ok(bytes)
    }

    /// Whether this connection alone copies into the schema, from here on until it ends.
    pub(crate) async fn lock(&self) -> Result<bool, Trouble> {
        let sql = "select pg_try_advisory_lock(hashtextextended('tocos copy ' || $1, 0))";
        let rows = self.rows(sql, &[&self.schema]).await?;
        Ok(rows.first().is_some_and(|row| row.get(0)))
    }

    /// Makes the tables if there are none, and brings older ones up to date.
    pub(crate) async fn prepare(&self) -> Result<Meta, Trouble> {
        if self.version().await?.is_none() {
            // Who owns a schema that was made for it may not be one that can make schemas.
            let sql = "select count(*) from pg_catalog.pg_namespace where nspname = $1";
            let is_there = self.rows(sql, &[&self.schema]).await?.first().is_some_and(|row| row.get::<_, i64>(0) > 0);
            if !is_there {
                self.run("create schema {schema}").await?;
            }
            let sql = format!(
                "begin; {TABLES} insert into {{schema}}.meta (version, ledger, last_event, state_event, last_fingerprint, indexed)
                   values ({VERSION}, '', 0, 0, '', false); commit"
            );
            self.run(&sql).await?;
        }
        self.migrate(MIGRATIONS, VERSION).await?;
        self.meta().await
    }

    /// Brings tables of an older version to this one.
    async fn migrate(&self, migrations: &[&str], to: i32) -> Result<(), Trouble> {
        let found = self.version().await?.unwrap_or(0);
        if found > to {
            return Err(Trouble::Stuck(format!(
                "the tables in schema {} are of version {found}, and this tocos writes version {to}: copy with the newer tocos that made \
                 them, or into another schema (--schema)",
                self.schema
            )));
        }
        for version in found..to {
            let Some(step) = usize::try_from(version - 1).ok().and_then(|at| migrations.get(at)) else {
                return Err(Trouble::Stuck(format!(
                    "the tables in schema {0} are of version {version}, from which nothing leads to version {to}: drop them (drop schema {0} \
                     cascade) and copy again",
                    self.schema
                )));
            };
            let next = version + 1;
            self.run(&format!("begin; {step}; update {{schema}}.meta set version = {next}; commit")).await?;
        }
        Ok(())
    }

    /// The version of the tables, if there are any.
    async fn version(&self) -> Result<Option<i32>, Trouble> {
        let sql = "select count(*) filter (where table_name = 'meta'), count(*) from information_schema.tables where table_schema = $1";
        let rows = self.rows(sql, &[&self.schema]).await?;
        let (own, all): (i64, i64) = rows.first().map_or((0, 0), |row| (row.get(0), row.get(1)));
        if own == 0 && all > 0 {
            return Err(Trouble::Stuck(format!(
                "schema {} has tables of something else, such as the shared log of a group, or ones that this role may not see; name another one \
                 with --schema",
                self.schema
            )));
        }
        if own == 0 {
            return Ok(None);
        }
        let rows = self.rows("select version from {schema}.meta", &[]).await?;
        rows.first().map(|row| Some(row.get(0))).ok_or_else(|| {
            let text = format!("{}.meta has no row: drop the schema and copy again, or restore the row", self.schema);
            Trouble::Stuck(text)
        })
    }

    /// What the tables say about themselves; they must be of this version.
    pub(crate) async fn meta(&self) -> Result<Meta, Trouble> {
        match self.version().await? {
            Some(VERSION) => {}
            Some(other) => {
                return Err(Trouble::Stuck(format!(
                    "the tables in schema {} are of version {other}, and this tocos reads version {VERSION}",
                    self.schema
                )));
            }
            None => return Err(Trouble::Stuck(format!("there is no copy in schema {} yet", self.schema))),
        }
        let sql = "select ledger, last_event, state_event, last_fingerprint, indexed from {schema}.meta";
        let rows = self.rows(sql, &[]).await?;
        let row = rows.first().ok_or_else(|| Trouble::Away("the tables were just taken away".to_owned()))?;
        let meta = Meta {
            ledger: row.get(0),
            last_event: row.get(1),
            state_event: row.get(2),
            last_fingerprint: row.get(3),
            is_indexed: row.get(4),
        };
        if meta.state_event > meta.last_event || (meta.is_indexed && meta.state_event < meta.last_event) {
            return Err(Trouble::Stuck(format!(
                "{}.meta says {} for state_event and {} for last_event, which tocos copy never does: undo the change, or drop the schema and copy again",
                self.schema, meta.state_event, meta.last_event
            )));
        }
        Ok(meta)
    }

    /// Makes the indexes that a first copy does without, each by a transaction of its own: what is there when a copier is killed stays.
    pub(crate) async fn index(&self) -> Result<(), Trouble> {
        let rows = self
            .rows("select indexname::text from pg_catalog.pg_indexes where schemaname = $1", &[&self.schema])
            .await?;
        let made: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
        self.run("set maintenance_work_mem = '256MB'").await?;
        for (name, sql) in INDEXES {
            if !made.contains(name) {
                self.run(sql).await?;
            }
        }
        self.run("reset maintenance_work_mem").await?;
        self.run("analyze {schema}.events, {schema}.users, {schema}.accounts, {schema}.lots, {schema}.holds, {schema}.grants").await?;
        self.run("update {schema}.meta set indexed = true").await
    }
}
