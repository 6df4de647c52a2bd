//! A connection that is made when it is needed, and made again after it was lost.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::{Mutex, watch};
use tokio::time::timeout;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::session::{CALL, Purpose, Session};
use super::target::Target;
use crate::fault::Fault;

/// Calls that need no order among them.
#[derive(Debug)]
pub(super) struct Channel {
    target: Arc<Target>,
    purpose: Purpose,
    session: Mutex<Option<Arc<Session>>>,
    /// Counts notifications, and the beginnings and ends of connections: what was told meanwhile is not known.
    pub(super) news: Arc<watch::Sender<u64>>,
}

impl Channel {
    pub(super) fn new(target: Arc<Target>, purpose: Purpose) -> Self {
        Self { target, purpose, session: Mutex::default(), news: Arc::default() }
    }

    /// The connection, made now if there is none.
    pub(super) async fn session(&self) -> Result<Arc<Session>, Fault> {
        let mut slot = self.session.lock().await;
        if let Some(session) = slot.as_ref().filter(|session| !session.is_closed()) {
            return Ok(Arc::clone(session));
        }
        *slot = None;
        let session = Arc::new(Session::connect(&self.target, self.purpose, &self.news).await?);
        *slot = Some(Arc::clone(&session));
        self.news.send_modify(|count| *count += 1);
        Ok(session)
    }

    /// The rows of a statement. When the engine is away, the next call connects again.
    pub(super) async fn rows(&self, sql: &'static str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Fault> {
        let session = self.session().await?;
        self.bounded(&session, session.rows(sql, params)).await
    }

    /// Gives up the connection if the engine is away, or does not respond.
    pub(super) async fn bounded<T>(
        &self,
        session: &Arc<Session>,
        call: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, Fault> {
        let result = match timeout(CALL, call).await {
            Ok(result) => result,
            Err(_) => Err(Fault::Away(format!("no answer within {CALL:?}"))),
        };
        if matches!(result, Err(Fault::Away(_))) {
            let mut slot = self.session.lock().await;
            if slot.as_ref().is_some_and(|current| Arc::ptr_eq(current, session)) {
                *slot = None;
            }
        }
        result
    }
}
