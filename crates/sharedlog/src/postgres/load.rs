//! Loading a log that was there before the group.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use futures_util::{Stream, StreamExt as _};
use tokio::time::timeout;

use super::append::{APPEND, execute};
use super::ledger::Ledger;
use super::partitions;
use super::reading::LAST;
use super::rows::head;
use super::session::{CALL, Purpose, Session};
use super::target::Target;
use super::verdict::damaged;
use crate::fault::Fault;
use crate::frame::{Head, NewFrame};

/// Frames under way at a time, and how many bytes they have at most unless it is one.
const FRAMES_UNDER_WAY: usize = 64;
const BYTES_UNDER_WAY: usize = 8 * 1024 * 1024;

/// Frames of a log that was there before the group, in order from number 1 on, each under epoch 0; or why there are no more.
pub type Frames = Pin<Box<dyn Stream<Item = Result<NewFrame, String>> + Send>>;

type Rows = Pin<Box<dyn Future<Output = Result<u64, tokio_postgres::Error>> + Send>>;

struct Loading {
    session: Arc<Session>,
    under_way: VecDeque<(u64, usize, Rows)>,
    bytes: usize,
    /// Those behind this partition are there.
    made: Option<u64>,
}

/// Appends what is not there yet; gives how many frames that were. Nobody waits for the single commits: the one that says
/// that the log is complete takes all of them to disks and standbys.
pub(super) async fn load(target: &Target, ledger: &Ledger, mut frames: Frames) -> Result<u64, Fault> {
    let session = Arc::new(Session::connect(target, Purpose::Load, &Arc::default()).await?);
    let rows = session.rows(LAST, &[&target.ledger]).await?;
    let tip = head(rows.first().ok_or_else(|| damaged("the ledger has no start"))?)?;
    let mut before = Head::start(&ledger.identity.ledger_id);
    let mut loading = Loading { session, under_way: VecDeque::new(), bytes: 0, made: None };
    let mut loaded = 0;
    loop {
        if before.n == tip.n && before.hash != tip.hash {
            return Err(Fault::Misused(format!("frame {} in the shared log is another one", tip.n)));
        }
        let Some(frame) = frames.next().await else { break };
        let frame = frame.map_err(Fault::Misused)?;
        if frame.head.n != before.n + 1 || frame.prev != before.hash || frame.head.epoch != 0 {
            return Err(Fault::Misused(format!("frame {} does not follow frame {}", frame.head.n, before.n)));
        }
        before = frame.head;
        // What is there already is the same, because the last of it is: each is chained to the one before.
        if frame.head.n > tip.n {
            loading.append(target, ledger, frame).await?;
            loaded += 1;
        }
    }
    if before.n < tip.n {
        return Err(Fault::Misused(format!("the shared log has {} frames, and only {} came", tip.n, before.n)));
    }
    while !loading.under_way.is_empty() {
        loading.finish().await?;
    }
    Ok(loaded)
}

impl Loading {
    async fn append(&mut self, target: &Target, ledger: &Ledger, frame: NewFrame) -> Result<(), Fault> {
        let (n, bytes) = (frame.head.n, frame.bytes.len());
        while self.under_way.len() >= FRAMES_UNDER_WAY
            || (self.bytes + bytes > BYTES_UNDER_WAY && !self.under_way.is_empty())
        {
            self.finish().await?;
        }
        if let Some(begun) = n.checked_div(ledger.partition_frames).filter(|begun| Some(*begun) > self.made) {
            partitions::ensure(&self.session, ledger, partitions::needed(ledger, begun)).await?;
            self.made = Some(begun);
        }
        let (session, name) = (Arc::clone(&self.session), target.ledger.clone());
        let statement = session.statement(APPEND).await?;
        let mut rows: Rows = Box::pin(async move { execute(&session, &statement, &name, &frame).await });
        // Its place on the connection is that of its first poll.
        if let Poll::Ready(result) = poll_fn(|context| Poll::Ready(rows.as_mut().poll(context))).await {
            rows = Box::pin(std::future::ready(result));
        }
        self.under_way.push_back((n, bytes, rows));
        self.bytes += bytes;
        Ok(())
    }

    /// Waits for the first one that is under way.
    async fn finish(&mut self) -> Result<(), Fault> {
        let Some((n, bytes, rows)) = self.under_way.pop_front() else { return Ok(()) };
        self.bytes -= bytes;
        match timeout(CALL, rows).await {
            Ok(Ok(1)) => Ok(()),
            Ok(Ok(_)) => Err(Fault::Misused(format!("frame {n} was refused: somebody else loads this ledger"))),
            Ok(Err(error)) => Err(self.session.fault(&error)),
            Err(_) => Err(Fault::Away(format!("no answer within {CALL:?}"))),
        }
    }
}
