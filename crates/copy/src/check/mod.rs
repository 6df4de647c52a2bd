//! Compares the tables with the ledger, and with themselves: each event with the feed, all other tables with what follows from the events and
//! with what the ledger shows. Reads only; another copier may go on beside it.

mod events;
mod inside;
mod listed;
mod outside;

use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;

use crate::copier::{Copier, Options, Shared, Tell, ask, fingerprint, verify};
use crate::service::{Reply, Service};
use crate::store::Store;
use crate::trouble::Trouble;

/// Differences that are named; the others are counted.
const NAMED_MAX: usize = 20;
/// So long it is tried whether the lock is that of a copier that was killed: another one brings the tables up to date itself.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);
/// How long another copier may take to come as far as the ledger's answer.
const OTHER_PATIENCE: Duration = Duration::from_secs(60);

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The event of the tables at the end.
    pub last_event: u64,
    /// What was compared, and how many.
    pub compared: Vec<(&'static str, u64)>,
    /// The first differences, in words.
    pub differences: Vec<String>,
    /// How many differences there are.
    pub count: u64,
}

impl Report {
    fn differs(&mut self, what: String) {
        self.count += 1;
        if self.differences.len() < NAMED_MAX {
            self.differences.push(what);
        }
    }

    fn expect<T: PartialEq + std::fmt::Display>(&mut self, what: impl FnOnce() -> String, tables: &T, ledger: &T) {
        if tables != ledger {
            self.differs(format!("{}: the tables have {tables}, the ledger {ledger}", what()));
        }
    }
}

/// What a check works with.
struct Check {
    service: Shared,
    store: Store,
    options: Options,
    /// Brings the tables up to date; `None` where another copier does.
    copier: Option<Copier>,
    report: Report,
}

/// Copies up to now, unless another copier does, and compares all sums.
///
/// # Errors
/// The service or the database is away, or the tables are of another ledger.
pub async fn check(service: Box<dyn Service>, options: Options, tell: Tell) -> Result<Report, Trouble> {
    let options = Options { once: true, ..options };
    let mut copier = Copier::new(service, options.clone(), tell).with_lock_patience(LOCK_PATIENCE);
    let service = Shared::clone(copier.service());
    let is_ours = copier.run().await?;
    let store = Store::connect(&options.to, &options.schema).await?;
    let meta = store.meta().await?;
    verify(&service, &meta, &options.schema).await?;
    if !meta.is_indexed {
        let text = format!("schema {} is still being copied for the first time by another tocos copy", options.schema);
        return Err(Trouble::Away(text));
    }
    let copier = is_ours.then_some(copier);
    let mut check = Check { service, store, options, copier, report: Report::default() };
    let first = fingerprint(&check.service, 1).await?;
    if meta.last_event > 0 && first.as_deref() != Some(&*meta.ledger) {
        check.report.differs("meta.ledger is not the fingerprint of the ledger's first event".to_owned());
    }
    check.inside().await?;
    check.outside().await?;
    check.report.last_event = check.store.meta().await?.last_event.cast_unsigned();
    Ok(check.report)
}

impl Check {
    /// The response to a request, and the event that it is as of, which the tables have then reached.
    async fn reply(&mut self, target: String) -> Result<(Reply, i64), Trouble> {
        let reply = ask(&self.service, target.clone(), false).await?;
        let reply = reply.ok_or_else(|| Trouble::Stuck(format!("there is nothing at {target}")))?;
        let event =
            reply.event.ok_or_else(|| Trouble::Stuck(format!("{target} does not say as of which event it is")))?;
        let event = event.cast_signed();
        self.reach(event).await?;
        Ok((reply, event))
    }

    /// The same, as what it says.
    async fn asked<T: DeserializeOwned>(&mut self, target: String) -> Result<(T, i64), Trouble> {
        let (reply, event) = self.reply(target.clone()).await?;
        let value = serde_json::from_slice(&reply.body)
            .map_err(|error| Trouble::Stuck(format!("{target} is not what this version of tocos expects: {error}")))?;
        Ok((value, event))
    }

    /// Waits until the tables have this event.
    async fn reach(&mut self, event: i64) -> Result<(), Trouble> {
        let began = Instant::now();
        loop {
            let at = self.store.meta().await?.last_event;
            if at >= event {
                return Ok(());
            }
            if let Some(copier) = &mut self.copier {
                if !copier.run().await? {
                    self.copier = None;
                }
                continue;
            }
            if began.elapsed() > OTHER_PATIENCE {
                return Err(Trouble::Away(format!(
                    "the other copier of schema {} is at event {at} and does not come to {event}",
                    self.options.schema
                )));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}
