//! One connection to the engine, with the settings that it needs.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::error::{DbError, Severity};
use tokio_postgres::types::ToSql;
use tokio_postgres::{AsyncMessage, Client, Config, Connection, Error, Row, Socket, Statement};

use super::target::{Target, name_of};
use super::verdict::fault;
use crate::fault::Fault;

/// For a call, until its connection counts as lost. Nothing is cancelled: a commit whose wait for the standby is cancelled is visible
/// and may be on no other machine.
pub(super) const CALL: Duration = Duration::from_secs(10);

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Appending. A warning ends it: PostgreSQL acknowledges a commit whose wait for the standby was cancelled, with a warning.
    Append,
    /// The lease, the members, and all that changes something but frames.
    Lease,
    /// Reading, and notifications. Its commits are not waited for: it writes nothing but notifications.
    Read,
    /// Making and dropping partitions, with little patience for locks, because appends wait behind it.
    Upkeep,
    /// Loading a log. Only its last commit is waited for.
    Load,
}

impl Purpose {
    fn settings(self) -> &'static str {
        match self {
            // A wait for a standby is part of what an acknowledgement promises; so is the local disk. A statement that waits for a
            // lock has not committed anything. Without that limit each new attempt would wait behind one that waits for a standby.
            Self::Append | Self::Lease => {
                "set lock_timeout = '5s'; select set_config('synchronous_commit', 'on', false)
                   where current_setting('synchronous_commit') in ('off', 'local')"
            }
            // A node asks the same all the time, and each question has one good plan, along the key: the engine need not look for it each
            // time, nor among what it takes to be cheap for a table that has just been made.
            Self::Read => {
                "set synchronous_commit = off; select pg_catalog.set_config(s.name, w.value, false)
                   from pg_catalog.pg_settings as s join (values ('plan_cache_mode', 'force_generic_plan'),
                   ('enable_seqscan', 'off'), ('enable_bitmapscan', 'off')) as w(name, value) on w.name = s.name"
            }
            Self::Load => "set synchronous_commit = off",
            // A lock is held until the end of the commit.
            Self::Upkeep => "set lock_timeout = '300ms'; set synchronous_commit = local",
        }
    }
}

/// No limits but those here, and the isolation that one conditional insert needs: it sees what was committed before it.
const SETTINGS: &str =
    "select pg_catalog.set_config(s.name, w.value, false) from pg_catalog.pg_settings as s join (values
    ('transaction_timeout', '0'), ('lock_timeout', '0'),
    ('idle_session_timeout', '0'),
    ('idle_in_transaction_session_timeout', '0'), ('client_connection_check_interval', '0'),
    ('default_transaction_isolation', 'read committed')) as w(name, value) on w.name = s.name";

/// A connection. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) client: Client,
    statements: Mutex<HashMap<&'static str, Statement>>,
    /// Why it ended, once it has.
    end: Arc<Mutex<Option<String>>>,
    driver: JoinHandle<()>,
    /// The engine tells of news on it.
    pub(super) is_listening: bool,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Session {
    /// Connects to the first host that takes it. A host that is away hides what is wrong with another one: trying again may help.
    pub(super) async fn connect(
        target: &Target,
        purpose: Purpose,
        news: &Arc<watch::Sender<u64>>,
    ) -> Result<Self, Fault> {
        let mut worst: Option<Fault> = None;
        for (index, config) in target.in_order() {
            let result = match timeout(target.connect_timeout, Self::begin(target, config, purpose, news)).await {
                Ok(result) => result,
                Err(_) => Err(Fault::Away(format!("no answer within {:?}", target.connect_timeout))),
            };
            let named = |text: &str| format!("{}: {text}", name_of(config));
            match result {
                Ok(session) => {
                    target.preferred.store(index, Ordering::Relaxed);
                    return Ok(session);
                }
                Err(Fault::Away(text)) => worst = Some(Fault::Away(named(&text))),
                Err(Fault::Misused(text)) => worst = worst.or(Some(Fault::Misused(named(&text)))),
            }
        }
        Err(worst.unwrap_or_else(|| Fault::Misused("there is no host".to_owned())))
    }

    async fn begin(
        target: &Target,
        config: &Config,
        purpose: Purpose,
        news: &Arc<watch::Sender<u64>>,
    ) -> Result<Self, Fault> {
        let (client, connection) = config.connect(target.tls.clone()).await.map_err(|error| fault(&error))?;
        let end = Arc::default();
        let is_strict = Arc::new(AtomicBool::new(false));
        let driver = tokio::spawn(drive(connection, Arc::clone(&is_strict), Arc::clone(news), Arc::clone(&end)));
        let statements = Mutex::default();
        let mut session = Self { client, statements, end, driver, is_listening: false };
        // Each statement has a limit of its own.
        let settings = format!("set statement_timeout = 0; {SETTINGS}; {}", purpose.settings());
        session.client.batch_execute(&settings).await.map_err(|error| session.fault(&error))?;
        // Before the first append a warning says something about the database.
        is_strict.store(purpose == Purpose::Append, Ordering::Relaxed);
        if purpose == Purpose::Read {
            let listen = format!("listen {}", target.channel());
            // Engines that can't do this are asked again and again instead.
            session.is_listening = session.client.batch_execute(&listen).await.is_ok();
        }
        Ok(session)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// What an error on this connection means. That it is closed has a reason, which is said.
    pub(super) fn fault(&self, error: &Error) -> Fault {
        // Nothing in here can panic half-way.
        let end = self.end.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match (end, error.is_closed()) {
            (Some(reason), true) => Fault::Away(reason),
            _ => fault(error),
        }
    }

    /// A statement, prepared when it is first needed.
    pub(super) async fn statement(&self, sql: &'static str) -> Result<Statement, Fault> {
        let known = self.statements.lock().unwrap_or_else(PoisonError::into_inner).get(sql).cloned();
        if let Some(statement) = known {
            return Ok(statement);
        }
        let statement = self.client.prepare(sql).await.map_err(|error| self.fault(&error))?;
        self.statements.lock().unwrap_or_else(PoisonError::into_inner).insert(sql, statement.clone());
        Ok(statement)
    }

    /// The rows of a statement. Not bounded in time.
    pub(super) async fn rows(&self, sql: &'static str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Fault> {
        let statement = self.statement(sql).await?;
        self.client.query(&statement, params).await.map_err(|error| self.fault(&error))
    }
}

/// Whether a notice may say that the commit beside it is less than it promises. Those of the counters of transactions, which come long
/// before these run out, don't.
fn is_doubt(notice: &DbError) -> bool {
    let is_warning = notice.parsed_severity().is_none_or(|severity| severity == Severity::Warning);
    is_warning && !notice.file().is_some_and(|file| file.ends_with("varsup.c") || file.ends_with("multixact.c"))
}

/// Moves bytes until the connection ends.
async fn drive<T>(
    mut connection: Connection<Socket, T>,
    is_strict: Arc<AtomicBool>,
    news: Arc<watch::Sender<u64>>,
    end: Arc<Mutex<Option<String>>>,
) where
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let reason = loop {
        match poll_fn(|context| connection.poll_message(context)).await {
            Some(Ok(AsyncMessage::Notification(_))) => news.send_modify(|count| *count += 1),
            Some(Ok(AsyncMessage::Notice(notice))) => {
                if is_strict.load(Ordering::Relaxed) && is_doubt(&notice) {
                    // The acknowledgement that follows is worth nothing: it is never read.
                    tracing::warn!(
                        notice = notice.message(),
                        "the shared log's connection for appends ends at a warning"
                    );
                    break notice.message().to_owned();
                }
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                let (Fault::Away(reason) | Fault::Misused(reason)) = fault(&error);
                break reason;
            }
            None => break "the connection was closed".to_owned(),
        }
    };
    *end.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason);
    // Who waits on this connection waits in vain; who waits for news looks again.
    drop(connection);
    news.send_modify(|count| *count += 1);
}
