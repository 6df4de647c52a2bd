//! Reading frames, and waiting for them.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::channel::Channel;
use super::rows::{head, head_columns, signed, stored, value};
use super::verdict::damaged;
use crate::fault::Fault;
use crate::frame::{Head, Stored};

/// The last frame.
pub(super) const LAST: &str =
    concat!("select ", head_columns!(), " from tocos.frames where ledger = $1 order by n desc limit 1");
/// The first one.
pub(super) const FIRST: &str =
    concat!("select ", head_columns!(), " from tocos.frames where ledger = $1 order by n limit 1");
const ONE: &str = concat!("select ", head_columns!(), " from tocos.frames where ledger = $1 and n = $2");
/// The size of what is stored out of line is known without reading it.
const BEHIND: &str = concat!(
    "select ",
    head_columns!(),
    ", bytes from (
       select ",
    head_columns!(),
    ", bytes, sum(octet_length(bytes)) over (order by n) as through, row_number() over (order by n) as place from (
         select * from tocos.frames where ledger = $1 and n > $2 order by n limit 1024) as next) as sized
     where place = 1 or through <= $3 order by n"
);

/// How often the engine is asked for new frames where it does not tell of them, and where it does, in case that a leader ended before
/// it told.
const POLL: Duration = Duration::from_millis(50);
const POLL_WHERE_TOLD: Duration = Duration::from_millis(250);

pub(super) async fn end(channel: &Channel, ledger: &str, sql: &'static str) -> Result<Head, Fault> {
    let rows = channel.rows(sql, &[&ledger]).await?;
    head(rows.first().ok_or_else(|| damaged("the ledger has no frames"))?)
}

pub(super) async fn one(channel: &Channel, ledger: &str, n: u64) -> Result<Option<Head>, Fault> {
    // Numbers beyond the range are not there.
    let Ok(n) = i64::try_from(n) else { return Ok(None) };
    channel.rows(ONE, &[&ledger, &n]).await?.first().map(head).transpose()
}

pub(super) async fn behind(
    channel: &Channel,
    ledger: &str,
    after: u64,
    bytes_max: usize,
) -> Result<Vec<Stored>, Fault> {
    let bytes_max = i64::try_from(bytes_max).unwrap_or(i64::MAX);
    let rows = channel.rows(BEHIND, &[&ledger, &signed(after), &bytes_max]).await?;
    rows.iter().map(stored).collect()
}

/// Waits until there is a frame behind this one, or until so long has passed.
pub(super) async fn wait(channel: &Channel, ledger: &str, after: u64, at_most: Duration) -> Result<(), Fault> {
    let deadline = Instant::now() + at_most;
    loop {
        // From before the question on: what comes between is not missed.
        let news = channel.news.notified();
        let sql = "select exists (select 1 from tocos.frames where ledger = $1 and n > $2)";
        let rows = channel.rows(sql, &[&ledger, &signed(after)]).await?;
        let is_there = rows.first().map(|row| value(row, 0)).transpose()?.unwrap_or(false);
        if is_there || Instant::now() >= deadline {
            return Ok(());
        }
        let poll = if channel.session().await?.is_listening { POLL_WHERE_TOLD } else { POLL };
        if timeout_at(deadline.min(Instant::now() + poll), news).await.is_ok() {
            // There may be a frame, or the lease was handed over.
            return Ok(());
        }
    }
}
