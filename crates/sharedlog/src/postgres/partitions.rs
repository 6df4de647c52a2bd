//! Partitions of the frames: made ahead of who appends, dropped as wholes behind what is kept.
//!
//! Making one takes no lock that an append waits for. Dropping does, and gives up when it does not get the lock within a moment. That lock is also what makes pruning safe: an append sees the frames as they were either before or after it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;

use super::channel::Channel;
use super::ledger::Ledger;
use super::rows::{number, signed, value};
use super::session::Session;
use crate::fault::Fault;

/// For dropping a partition and removing its files.
const DROP: Duration = Duration::from_secs(60);
/// So many frames ahead there is always a partition, if they can be made: one, unless they are very small.
const FRAMES_AHEAD: u64 = 256;
/// Frames that are deleted at a time where there are no partitions.
const DELETED_AT_A_TIME: u64 = 1000;
/// Until a partition that could not be made is tried again.
const AGAIN: Duration = Duration::from_secs(1);
/// How often pruning tries to lock the frames, and how long it lets others pass in between.
const LOCK_ATTEMPTS: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(250);

/// The statements that make a partition, if it is not there.
pub(super) fn make(ledger: &Ledger, index: u64) -> String {
    let (name, size) = (ledger.partition(index), ledger.partition_frames);
    let (from, to) = (signed(index.saturating_mul(size)), signed((index + 1).saturating_mul(size)));
    // Letters, digits, -, _ and . alone.
    let of = &ledger.identity.ledger;
    format!(
        "create table tocos.{name} (like tocos.frames including all);
         alter table tocos.frames attach partition tocos.{name} for values from ('{of}', {from}) to ('{of}', {to});"
    )
}

/// The partitions that are needed when this one is begun: itself, and some ahead.
pub(super) fn needed(ledger: &Ledger, begun: u64) -> std::ops::RangeInclusive<u64> {
    begun..=begun.saturating_add(FRAMES_AHEAD.div_ceil(ledger.partition_frames.max(1)))
}

/// Makes those that are not there.
pub(super) async fn ensure(
    session: &Session,
    ledger: &Ledger,
    indexes: impl Iterator<Item = u64>,
) -> Result<(), Fault> {
    for index in indexes {
        let name = format!("tocos.{}", ledger.partition(index));
        let rows = session.rows("select to_regclass($1) is not null", &[&name]).await?;
        let is_there = rows.first().map(|row| value(row, 0)).transpose()?.unwrap_or(false);
        if !is_there {
            // As one transaction: a table of this name is a partition.
            session.client.batch_execute(&make(ledger, index)).await.map_err(|error| session.fault(&error))?;
        }
    }
    Ok(())
}

/// Makes each next partition when the one before it is begun.
pub(super) async fn keep(channel: Arc<Channel>, ledger: Ledger, mut reached: watch::Receiver<Option<u64>>) {
    while reached.changed().await.is_ok() {
        let Some(last) = *reached.borrow_and_update() else { continue };
        while let Err(fault) = make_needed(&channel, &ledger, last).await {
            tracing::warn!(%fault, "a partition of the shared log could not be made; it is tried again");
            sleep(AGAIN).await;
        }
    }
}

async fn make_needed(channel: &Channel, ledger: &Ledger, begun: u64) -> Result<(), Fault> {
    let session = channel.session().await?;
    channel.bounded(&session, ensure(&session, ledger, needed(ledger, begun))).await
}

/// Drops what may go, from the front; gives how many frames went. What stays has no gap.
pub(super) async fn prune(channel: &Channel, ledger: &Ledger, event: u64, age: Duration) -> Result<u64, Fault> {
    let session = channel.session().await?;
    let dropping = async {
        let ends = "select min(n), max(n) from tocos.frames where ledger = $1";
        let rows = looking(&session, ends, &[&ledger.identity.ledger]).await?;
        let Some(row) = rows.first() else { return Ok(0) };
        let (first, tip) = (number(row, 0)?, number(row, 1)?);
        let step = ledger.partition_frames.max(1);
        // All multiples of the step through `low` may go, and none from `high` on.
        let (mut low, mut high) = (first / step, tip / step + 1);
        while low + 1 < high {
            let middle = low + (high - low) / 2;
            if may_go(&session, ledger, middle * step - 1, event, age).await? {
                low = middle;
            } else {
                high = middle;
            }
        }
        let cut = low * step;
        if cut <= first {
            return Ok(0);
        }
        if ledger.partition_frames == 0 {
            delete(&session, ledger, first, cut).await?;
        } else {
            let names: Vec<String> =
                (first / step..low).map(|index| format!("tocos.{}", ledger.partition(index))).collect();
            let sql = format!("drop table if exists {}", names.join(", "));
            locking(&session, &sql).await?;
        }
        Ok(cut - first)
    };
    match timeout(DROP, dropping).await {
        Ok(result) => result,
        Err(_) => Err(Fault::Away(format!("pruning took longer than {DROP:?}"))),
    }
}

/// Whether a frame is before this event and old enough. So are those before it.
async fn may_go(session: &Session, ledger: &Ledger, n: u64, event: u64, age: Duration) -> Result<bool, Fault> {
    let sql = "select last_event < $3 and appended_at <= clock_timestamp() - $4::float8 * interval '1 second'
               from tocos.frames where ledger = $1 and n = $2";
    let params = (signed(n), signed(event), age.as_secs_f64().min(1e9));
    let rows = looking(session, sql, &[&ledger.identity.ledger, &params.0, &params.1, &params.2]).await?;
    rows.first().map_or(Ok(false), |row| value(row, 0))
}

/// Deletes frames where there are no partitions, a few at a time: appends wait meanwhile.
async fn delete(session: &Session, ledger: &Ledger, first: u64, cut: u64) -> Result<(), Fault> {
    let mut from = first;
    while from < cut {
        from = cut.min(from + DELETED_AT_A_TIME);
        let sql = format!(
            "lock table tocos.frames in share row exclusive mode;
             delete from tocos.frames where ledger = '{}' and n < {from};",
            ledger.identity.ledger
        );
        locking(session, &sql).await?;
    }
    Ok(())
}

/// Rows of a statement, which another prune may hold up: it is tried again then.
async fn looking(session: &Session, sql: &'static str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Fault> {
    let mut attempts = 1;
    loop {
        let rows = async { session.client.query(&session.client.prepare(sql).await?, params).await };
        match rows.await {
            Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) && attempts < LOCK_ATTEMPTS => {
                attempts += 1;
                sleep(LOCK_PAUSE).await;
            }
            result => return result.map_err(|error| session.fault(&error)),
        }
    }
}

/// Runs statements that appends wait behind while they wait for a lock: they give up soon, and try again.
async fn locking(session: &Session, sql: &str) -> Result<(), Fault> {
    let mut attempts = 1;
    loop {
        match session.client.batch_execute(sql).await {
            Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) && attempts < LOCK_ATTEMPTS => {
                attempts += 1;
                sleep(LOCK_PAUSE).await;
            }
            result => return result.map_err(|error| session.fault(&error)),
        }
    }
}
