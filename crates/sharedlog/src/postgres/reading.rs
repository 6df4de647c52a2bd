//! Reading frames, and waiting for them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Row, Statement};

use super::channel::Channel;
use super::ledger::Ledger;
use super::rows::{head, head_columns, signed, stored, value};
use super::session::Session;
use super::verdict::damaged;
use crate::fault::Fault;
use crate::frame::{Head, Read, Stored};

/// The last frame.
pub(super) const LAST: &str =
    concat!("select ", head_columns!(), " from tocos.frames where ledger = $1 order by n desc limit 1");
/// The first one.
pub(super) const FIRST: &str =
    concat!("select ", head_columns!(), " from tocos.frames where ledger = $1 order by n limit 1");
const ONE: &str = concat!("select ", head_columns!(), " from tocos.frames where ledger = $1 and n = $2");
/// The size of what is stored out of line is known without reading it.
macro_rules! behind {
    ($frames:literal) => {
        concat!(
            "select ",
            head_columns!(),
            ", bytes, there from (
               select ",
            head_columns!(),
            ", bytes, sum(octet_length(bytes)) over (order by n) as through, row_number() over (order by n) as place, count(*) over () as there from (
                 select * from tocos.",
            $frames,
            " where ledger = $1 and n > $2 order by n limit 1024) as next) as sized
             where place = 1 or through <= $3 order by n"
        )
    };
}

const BEHIND: &str = behind!("frames");
/// Those of one partition.
const BEHIND_WITHIN: &str = behind!("{partition}");
/// As many as those statements look at.
const FRAMES_MAX: i64 = 1024;

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

/// Reads on behind what was read before.
#[derive(Debug)]
pub(super) struct Reader {
    channel: Arc<Channel>,
    ledger: Ledger,
    within: Mutex<Option<Within>>,
    end: Mutex<Option<End>>,
}

/// The statement for one partition.
#[derive(Clone, Debug)]
struct Within {
    session: Arc<Session>,
    index: u64,
    statement: Statement,
}

/// A frame that was the last one.
#[derive(Clone, Copy, Debug)]
struct End {
    n: u64,
    /// Since so many news none was told of that could be another one.
    news: u64,
}

impl Reader {
    pub(super) fn new(channel: Arc<Channel>, ledger: Ledger) -> Self {
        Self { channel, ledger, within: Mutex::default(), end: Mutex::default() }
    }

    pub(super) async fn read(&self, after: u64, bytes_max: usize) -> Result<Read, Fault> {
        let news = *self.channel.news.borrow();
        let bytes_max = i64::try_from(bytes_max).unwrap_or(i64::MAX);
        let session = self.channel.session().await?;
        let within = self.channel.bounded(&session, self.within(&session, after, bytes_max)).await?;
        let read = match within {
            Some(read) => read,
            None => all(&self.channel.rows(BEHIND, &[&self.name(), &signed(after), &bytes_max]).await?)?,
        };
        let end = read.is_all.then(|| End { n: read.frames.last().map_or(after, |last| last.head.n), news });
        *lock(&self.end) = end;
        Ok(read)
    }

    /// Reads in the partition where the next frame is or will be: the engine does not look for it then. None if that does not say
    /// everything, because the partition is not there (any more) or was read to its end.
    async fn within(&self, session: &Arc<Session>, after: u64, bytes_max: i64) -> Result<Option<Read>, Fault> {
        let next = after.saturating_add(1);
        let Some(index) = next.checked_div(self.ledger.partition_frames) else { return Ok(None) };
        let known = lock(&self.within).clone();
        let known = known.filter(|known| known.index == index && Arc::ptr_eq(&known.session, session));
        let reading = async {
            let statement = match known {
                Some(known) => known.statement,
                None => {
                    let sql = BEHIND_WITHIN.replace("{partition}", &self.ledger.partition(index));
                    let statement = session.client.prepare(&sql).await?;
                    *lock(&self.within) =
                        Some(Within { session: Arc::clone(session), index, statement: statement.clone() });
                    statement
                }
            };
            session.client.query(&statement, &[&self.name(), &signed(after), &bytes_max]).await
        };
        match reading.await {
            // What is pruned is whole partitions. Where there is one for the next frame and that frame is not in it, there is none behind it.
            Ok(rows) => {
                let read = all(&rows)?;
                let next = read.frames.last().map_or(after, |last| last.head.n).saturating_add(1);
                // There may be more in the partition behind it.
                Ok((next / self.ledger.partition_frames == index).then_some(read))
            }
            Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => {
                *lock(&self.within) = None;
                Ok(None)
            }
            Err(error) => Err(session.fault(&error)),
        }
    }

    /// Waits until there is a frame behind this one, or until so long has passed.
    pub(super) async fn wait(&self, after: u64, at_most: Duration) -> Result<(), Fault> {
        let deadline = Instant::now() + at_most;
        let end = lock(&self.end).filter(|end| end.n == after);
        let mut news = self.channel.news.subscribe();
        // From before the question on: what comes between is not missed.
        let mut seen = end.map_or(*news.borrow(), |end| end.news);
        let mut is_known = end.is_some();
        loop {
            let session = self.channel.session().await?;
            if !(is_known && session.is_listening) && (self.is_behind(after).await? || Instant::now() >= deadline) {
                return Ok(());
            }
            let poll = if session.is_listening { POLL_WHERE_TOLD } else { POLL };
            drop(session);
            let until = deadline.min(Instant::now() + poll);
            if timeout_at(until, news.wait_for(|count| *count != seen)).await.is_ok() {
                // There may be a frame, or the lease was handed over.
                return Ok(());
            }
            (is_known, seen) = (false, *news.borrow());
        }
    }

    /// Whether there is a frame behind this one.
    async fn is_behind(&self, after: u64) -> Result<bool, Fault> {
        let sql = "select exists (select 1 from tocos.frames where ledger = $1 and n > $2)";
        let rows = self.channel.rows(sql, &[&self.name(), &signed(after)]).await?;
        rows.first().map_or(Ok(false), |row| value(row, 0))
    }

    fn name(&self) -> &str {
        &self.ledger.identity.ledger
    }
}

/// The frames in these rows, and whether there are more.
fn all(rows: &[Row]) -> Result<Read, Fault> {
    let there: i64 = rows.first().map_or(Ok(0), |row| value(row, 6))?;
    let frames = rows.iter().map(stored).collect::<Result<Vec<Stored>, Fault>>()?;
    Ok(Read { is_all: there < FRAMES_MAX && i64::try_from(frames.len()) == Ok(there), frames })
}

fn lock<T>(slot: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing in here can panic half-way.
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}
