//! Appending: one connection, several statements under way on it in order, each with a commit of its own.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::{Instant, timeout_at};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Statement};

use super::ledger::Ledger;
use super::session::{CALL, Purpose, Session};
use super::target::Target;
use crate::fault::Fault;
use crate::frame::{Appended, Head, NewFrame};
use crate::shared_log::Appending;

/// The whole of the protocol: a frame is there only behind the one that it was built on. Where the frame before is there, its own
/// number is taken or the next one, because what is pruned is always a prefix.
macro_rules! append_behind {
    ($frames:literal) => {
        concat!(
            "insert into tocos.frames (ledger, n, epoch, first_event, last_event, hash, bytes)
             select $1::text, $2::bigint, $3::bigint, $4::bigint, $5::bigint, $6::bytea, $7::bytea
             where exists (select 1 from tocos.",
            $frames,
            " where ledger = $1::text and n = $2::bigint - 1 and hash = $8::bytea)
             on conflict do nothing"
        )
    };
}

/// Behind whichever frame is the one before. With partitions the engine plans this anew each time: it has to find the right one.
pub(super) const APPEND: &str = append_behind!("frames");
/// Behind a frame of one partition: the engine plans this once.
const APPEND_BEHIND: &str = append_behind!("{behind}");

/// The appends of a handle, in the order of their first poll.
#[derive(Clone, Debug)]
pub(super) struct Appender {
    requests: mpsc::UnboundedSender<Request>,
    line: Line,
}

/// What came of appends, for those who wait for something else.
#[derive(Debug)]
pub(super) struct Events {
    /// Permits for telling others that there is something new.
    pub(super) appended: Arc<Notify>,
    /// The last partition that is needed.
    pub(super) reached: watch::Sender<Option<u64>>,
}

#[derive(Debug)]
struct Request {
    frame: NewFrame,
    /// The pipeline that it is in.
    pipeline: u64,
    outcome: oneshot::Sender<Result<Appended, Fault>>,
}

/// Which pipeline is being filled.
#[derive(Clone, Debug, Default)]
struct Line(Arc<Mutex<Pipeline>>);

#[derive(Debug, Default)]
struct Pipeline {
    /// Counts them: behind a broken one the next begins when all appends of it have returned.
    number: u64,
    in_flight: usize,
    /// One was refused, or its outcome is not known.
    is_broken: bool,
}

/// An append that has not returned.
struct InFlight(Line);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.lock().in_flight -= 1;
    }
}

impl Line {
    fn lock(&self) -> MutexGuard<'_, Pipeline> {
        // Nothing in here can panic half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters the pipeline, unless it is broken; gives its number.
    fn enter(&self) -> Option<(u64, InFlight)> {
        let mut pipeline = self.lock();
        if pipeline.is_broken && pipeline.in_flight == 0 {
            *pipeline = Pipeline { number: pipeline.number + 1, in_flight: 0, is_broken: false };
        }
        if pipeline.is_broken {
            return None;
        }
        pipeline.in_flight += 1;
        Some((pipeline.number, InFlight(self.clone())))
    }

    /// Whether something of this pipeline was refused or has no known outcome. One whose appends have all returned is over.
    fn is_broken(&self, number: u64) -> bool {
        let pipeline = self.lock();
        pipeline.number > number || pipeline.is_broken
    }

    fn end(&self, number: u64) {
        let mut pipeline = self.lock();
        pipeline.is_broken |= pipeline.number == number;
    }
}

fn behind() -> Fault {
    Fault::Away("an append before this one was refused, or its outcome is not known".to_owned())
}

impl Appender {
    /// Begins to take appends; the future does them, until the last clone of the appender is gone.
    pub(super) fn new(target: Arc<Target>, ledger: Ledger, events: Events) -> (Self, impl Future<Output = ()> + Send) {
        let (requests, received) = mpsc::unbounded_channel();
        let line = Line::default();
        let worker = Worker { target, ledger, line: line.clone(), events, session: None, under_way: VecDeque::new() };
        (Self { requests, line }, worker.run(received))
    }

    pub(super) fn append(&self, frame: NewFrame) -> Appending {
        let Self { requests, line } = self.clone();
        Box::pin(async move {
            let Head { n, epoch, first_event, last_event, .. } = frame.head;
            if [n, epoch, first_event, last_event].into_iter().any(|number| i64::try_from(number).is_err()) {
                return Err(Fault::Misused(format!("frame {n} has a number beyond 63 bits")));
            }
            let (pipeline, _in_flight) = line.enter().ok_or_else(behind)?;
            let (outcome, received) = oneshot::channel();
            let ended = || Fault::Away("the handle of the shared log has ended".to_owned());
            requests.send(Request { frame, pipeline, outcome }).map_err(|_| ended())?;
            received.await.map_err(|_| ended())?
        })
    }
}

/// A connection with its statement.
#[derive(Clone)]
struct Prepared {
    session: Arc<Session>,
    /// The partition of the frames that it appends behind; none where it appends behind any.
    behind: Option<u64>,
    /// That partition has been dropped since.
    is_gone: bool,
    statement: Statement,
}

/// A statement under way.
struct UnderWay {
    n: u64,
    pipeline: u64,
    outcome: oneshot::Sender<Result<Appended, Fault>>,
    rows: Pin<Box<dyn Future<Output = Result<u64, Error>> + Send>>,
    deadline: Instant,
}

struct Worker {
    target: Arc<Target>,
    ledger: Ledger,
    line: Line,
    events: Events,
    session: Option<Prepared>,
    /// In the order in which they were sent, which is the order of their responses.
    under_way: VecDeque<UnderWay>,
}

impl Worker {
    async fn run(mut self, mut requests: mpsc::UnboundedReceiver<Request>) {
        loop {
            let request = match self.under_way.front_mut() {
                None => requests.recv().await,
                Some(first) => {
                    tokio::select! {
                        biased;
                        rows = timeout_at(first.deadline, &mut first.rows) => {
                            self.finish(rows.ok());
                            continue;
                        }
                        request = requests.recv() => request,
                    }
                }
            };
            match request {
                Some(request) => self.send(request).await,
                // Nobody can ask any more, and nobody waits.
                None => return,
            }
        }
    }

    /// Puts a statement on its way.
    async fn send(&mut self, Request { frame, pipeline, outcome }: Request) {
        if self.line.is_broken(pipeline) {
            outcome.send(Err(behind())).ok();
            return;
        }
        let Prepared { session, statement, .. } = match self.prepared(frame.head.n).await {
            Ok(prepared) => prepared,
            Err(fault) => {
                self.line.end(pipeline);
                outcome.send(Err(fault)).ok();
                return;
            }
        };
        let (n, ledger) = (frame.head.n, self.target.ledger.clone());
        let deadline = Instant::now() + CALL;
        let mut rows: Pin<Box<dyn Future<Output = _> + Send>> =
            Box::pin(async move { execute(&session, &statement, &ledger, &frame).await });
        // Its place on the connection is that of its first poll.
        let first = poll_fn(|context| Poll::Ready(rows.as_mut().poll(context))).await;
        if let Poll::Ready(result) = first {
            rows = Box::pin(std::future::ready(result));
        }
        self.under_way.push_back(UnderWay { n, pipeline, outcome, rows, deadline });
    }

    /// The connection, made now if there is none, with the statement for a frame.
    async fn prepared(&mut self, n: u64) -> Result<Prepared, Fault> {
        let behind_partition = self.partition_of(n.saturating_sub(1));
        let known = self.session.clone().filter(|known| !known.session.is_closed());
        if let Some(known) = known.as_ref().filter(|known| known.behind == behind_partition && !known.is_gone) {
            return Ok(known.clone());
        }
        let session = match known {
            Some(known) => known.session,
            // What is still under way on a closed connection is told first.
            None if !self.under_way.is_empty() => return Err(behind()),
            None => {
                self.session = None;
                Arc::new(Session::connect(&self.target, Purpose::Append, &Arc::default()).await?)
            }
        };
        let preparing = prepare(&session, &self.ledger, behind_partition);
        let prepared = tokio::time::timeout(CALL, preparing).await;
        let prepared = prepared.map_err(|_| Fault::Away(format!("no answer within {CALL:?}")))?;
        let (behind, statement) = prepared.map_err(|error| session.fault(&error))?;
        let prepared = Prepared { session, behind, is_gone: false, statement };
        self.session = Some(prepared.clone());
        Ok(prepared)
    }

    /// The first statement that is under way has a result, or has taken too long.
    fn finish(&mut self, rows: Option<Result<u64, Error>>) {
        let Some(UnderWay { n, pipeline, outcome, .. }) = self.under_way.pop_front() else { return };
        let is_behind = self.line.is_broken(pipeline);
        let lost = match rows {
            Some(Err(error)) if self.is_behind_what_is_pruned(&error) => {
                self.line.end(pipeline);
                outcome.send(Ok(Appended::Refused)).ok();
                return;
            }
            Some(Ok(0)) => {
                self.line.end(pipeline);
                outcome.send(Ok(Appended::Refused)).ok();
                return;
            }
            Some(Ok(_)) => {
                self.appended(n);
                // The one before may have been refused because the very same frame had arrived before.
                outcome.send(if is_behind { Err(behind()) } else { Ok(Appended::Durable) }).ok();
                return;
            }
            Some(Err(error)) => self.fault(&error, n),
            None => Fault::Away(format!("no answer within {CALL:?}")),
        };
        // All that is behind it on this connection is unknown.
        self.session = None;
        self.line.end(pipeline);
        let (Fault::Away(reason) | Fault::Misused(reason)) = &lost;
        for other in self.under_way.drain(..) {
            self.line.end(other.pipeline);
            other.outcome.send(Err(Fault::Away(reason.clone()))).ok();
        }
        outcome.send(Err(lost)).ok();
    }

    /// Whether an append failed because the partition that the frame before would be in has been dropped: then that frame is not there.
    fn is_behind_what_is_pruned(&mut self, error: &Error) -> bool {
        let Some(prepared) = &mut self.session else { return false };
        let Some(index) = prepared.behind else { return false };
        let name = self.ledger.partition(index);
        let failed = error.as_db_error().filter(|failed| *failed.code() == SqlState::UNDEFINED_TABLE);
        let is_dropped = failed.is_some_and(|failed| names(failed.message(), &name));
        prepared.is_gone |= is_dropped;
        is_dropped
    }

    fn partition_of(&self, n: u64) -> Option<u64> {
        n.checked_div(self.ledger.partition_frames)
    }

    fn appended(&self, n: u64) {
        self.events.appended.notify_one();
        let reached = self.partition_of(n);
        self.events.reached.send_if_modified(|known| {
            let is_new = reached > *known;
            *known = reached.max(*known);
            is_new
        });
    }

    fn fault(&self, error: &Error, n: u64) -> Fault {
        // No partition for it: they are made ahead, and now at once.
        if error.code() == Some(&SqlState::CHECK_VIOLATION) {
            let reached = self.partition_of(n);
            self.events.reached.send_modify(|known| *known = reached.max(*known));
            return Fault::Away(format!("there is no partition for frame {n} yet"));
        }
        match &self.session {
            Some(Prepared { session, .. }) => session.fault(error),
            None => super::verdict::fault(error),
        }
    }
}

/// Whether a message names a partition, in whatever language and quotes. One with more digits is another one.
fn names(message: &str, partition: &str) -> bool {
    message.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').any(|word| word == partition)
}

/// The statement that appends behind a partition, if there is one; else behind any frame.
async fn prepare(session: &Session, ledger: &Ledger, behind: Option<u64>) -> Result<(Option<u64>, Statement), Error> {
    if let Some(index) = behind {
        let sql = APPEND_BEHIND.replace("{behind}", &ledger.partition(index));
        match session.client.prepare(&sql).await {
            Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => {}
            result => return result.map(|statement| (behind, statement)),
        }
    }
    session.client.prepare(APPEND).await.map(|statement| (None, statement))
}

pub(super) async fn execute(
    session: &Session,
    statement: &Statement,
    ledger: &str,
    frame: &NewFrame,
) -> Result<u64, Error> {
    let NewFrame { head, prev, bytes } = frame;
    let [n, epoch, first, last] = [head.n, head.epoch, head.first_event, head.last_event].map(super::rows::signed);
    let (hash, prev, bytes) = (&head.hash[..], &prev[..], &bytes[..]);
    let params: [&(dyn ToSql + Sync); 8] = [&ledger, &n, &epoch, &first, &last, &hash, &bytes, &prev];
    session.client.execute(statement, &params).await
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_message_names_a_partition_in_any_language() {
        for message in [
            "relation \"tocos.frames_ab_1\" does not exist",
            "Relation »tocos.frames_ab_1« existiert nicht",
            "no hay frames_ab_1",
        ] {
            assert!(names(message, "frames_ab_1"), "{message}");
            assert!(!names(message, "frames_ab_10") && !names(message, "frames_ab"), "{message}");
        }
        assert!(!names("relation \"tocos.frames_ab_10\" does not exist", "frames_ab_1"));
    }
}
