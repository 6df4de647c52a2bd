//! A handle of the engine: what a node has of it.

use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::engine::{Core, Engine};
use super::queue::{Fate, Line};
use super::tables::Tables;
use crate::fault::Fault;
use crate::frame::{Appended, Head, Identity, NewFrame, Read};
use crate::lease::{Candidate, Lease};
use crate::member::{Announced, Announcement};
use crate::shared_log::{Appending, Durability, SharedLog};

/// A handle of an [`Engine`]. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Log {
    engine: Engine,
    handle: usize,
}

/// An append that has not returned yet.
struct InFlight {
    log: Log,
    /// The pipeline that it is in.
    number: u64,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let Log { engine, handle } = &self.log;
        engine.with(|core, _| {
            let pipeline = &mut core.lines[*handle].pipeline;
            debug_assert_eq!(pipeline.number, self.number, "a pipeline ends when all of it has returned");
            pipeline.in_flight -= 1;
        });
    }
}

impl Log {
    pub(super) fn new(engine: Engine, handle: usize) -> Self {
        Self { engine, handle }
    }

    /// Cuts it off from the engine: all calls hear after a while that it is away. What was on its way has arrived or not.
    pub fn cut(&self) {
        self.engine.with(|core, _| core.cut(self.handle));
    }

    /// Ends a cut.
    pub fn heal(&self) {
        self.with_line(|line| line.is_cut = false);
    }

    fn with_line<T>(&self, then: impl FnOnce(&mut Line) -> T) -> T {
        self.engine.with(|core, _| then(&mut core.lines[self.handle]))
    }

    /// Waits for the answer to a call that was sent on this connection.
    async fn answer<T>(&self, fate: Fate, connection: u64, mut result: oneshot::Receiver<T>) -> Result<T, Fault> {
        if fate.answer_at > Instant::now() {
            sleep_until(fate.answer_at).await;
        }
        // This also lets the effect take place, if nobody has looked at the engine since.
        let is_connected = self.with_line(|line| line.connection == connection);
        if fate.is_lost || !is_connected {
            return Err(away());
        }
        result.try_recv().map_err(|_| away())
    }

    /// Any call but an append and a wait.
    async fn call<T: Send + 'static>(
        &self,
        effect: impl FnOnce(&mut Tables, Instant) -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let (sender, result) = oneshot::channel();
        let (fate, connection) = self.engine.with(|core, now| {
            let fate = core.fate(self.handle, false, now);
            if let Some(at) = fate.effect_at {
                core.push(
                    at,
                    self.handle,
                    Box::new(move |tables, _, now| {
                        // Nobody may wait for it any more.
                        sender.send(effect(tables, now)).ok();
                    }),
                );
            }
            (fate, core.lines[self.handle].connection)
        });
        self.answer(fate, connection, result).await
    }

    /// Puts an append in line.
    fn send(
        &self,
        core: &mut Core,
        now: Instant,
        frame: NewFrame,
    ) -> (Fate, oneshot::Receiver<Result<Appended, Fault>>) {
        let handle = self.handle;
        let (sender, result) = oneshot::channel();
        let fate = core.fate(handle, true, now);
        let fate = core.lines[handle].pipeline.enter(fate, now);
        let number = core.lines[handle].pipeline.number;
        if let Some(at) = fate.again_at {
            let frame = frame.clone();
            core.push(at, handle, Box::new(move |tables, _, now| _ = tables.append(&frame, true, now)));
        }
        if let Some(at) = fate.effect_at {
            core.push(
                at,
                handle,
                Box::new(move |tables, lines, now| {
                    let appended = tables.append(&frame, !fate.is_unreplicated, now);
                    let pipeline = &mut lines[handle].pipeline;
                    if pipeline.number == number {
                        sender.send(pipeline.outcome(appended)).ok();
                    }
                }),
            );
        }
        (fate, result)
    }
}

fn away() -> Fault {
    Fault::Away("no answer".to_owned())
}

#[async_trait]
impl SharedLog for Log {
    fn identity(&self) -> &Identity {
        self.engine.identity()
    }

    fn append(&self, frame: NewFrame) -> Appending {
        let log = self.clone();
        Box::pin(async move {
            let (fate, result, connection, number) = log.engine.with(|core, now| {
                let (fate, result) = log.send(core, now, frame);
                let line = &core.lines[log.handle];
                (fate, result, line.connection, line.pipeline.number)
            });
            let in_flight = InFlight { log, number };
            in_flight.log.answer(fate, connection, result).await?
        })
    }

    async fn tip(&self) -> Result<Head, Fault> {
        self.call(|tables, _| tables.tip()).await
    }

    async fn first(&self) -> Result<Head, Fault> {
        self.call(|tables, _| tables.first()).await
    }

    async fn head(&self, n: u64) -> Result<Option<Head>, Fault> {
        self.call(move |tables, _| tables.head(n)).await
    }

    async fn read(&self, after: u64, bytes_max: usize) -> Result<Read, Fault> {
        self.call(move |tables, _| tables.read(after, bytes_max)).await
    }

    async fn wait(&self, after: u64, at_most: Duration) -> Result<(), Fault> {
        let deadline = Instant::now() + at_most;
        // The connection that it waits on may be lost without anybody noticing.
        let (fate, sent_at, connection) =
            self.engine.with(|core, now| (core.fate(self.handle, false, now), now, core.lines[self.handle].connection));
        if fate.is_lost {
            sleep_until(fate.answer_at).await;
            return Err(away());
        }
        loop {
            let changed = self.engine.changed().notified();
            let (is_over, until) = self.engine.with(|core, now| {
                let is_there = core.tables.tip().n > after || now >= deadline;
                let is_away = !core.is_reachable(self.handle) || core.lines[self.handle].connection != connection;
                (is_there || is_away, core.queue.next_at().map_or(deadline, |at| at.min(deadline)))
            });
            if is_over {
                // Its news take as long as any other answer.
                sleep_until(Instant::now() + (fate.answer_at - sent_at)).await;
                let is_connected = self.with_line(|line| line.connection == connection);
                return if is_connected { Ok(()) } else { Err(away()) };
            }
            // Either way it looks again.
            timeout_at(until, changed).await.ok();
        }
    }

    async fn lease(&self) -> Result<Option<Lease>, Fault> {
        self.call(|tables, now| tables.lease(now)).await
    }

    async fn take_lease(&self, candidate: &Candidate) -> Result<Option<u64>, Fault> {
        let candidate = candidate.clone();
        self.call(move |tables, now| tables.take_lease(&candidate, now)).await
    }

    async fn renew_lease(&self, node: &str, epoch: u64, duration: Duration) -> Result<bool, Fault> {
        let node = node.to_owned();
        self.call(move |tables, now| tables.renew_lease(&node, epoch, duration, now)).await
    }

    async fn hand_over(&self, node: &str, epoch: u64, to: &str, duration: Duration) -> Result<bool, Fault> {
        let (node, to) = (node.to_owned(), to.to_owned());
        self.call(move |tables, now| tables.hand_over(&node, epoch, &to, duration, now)).await
    }

    async fn announce(&self, announcement: &Announcement) -> Result<Announced, Fault> {
        let announcement = announcement.clone();
        self.call(move |tables, now| tables.announce(&announcement, now)).await
    }

    async fn leave(&self, node: &str, instance: u64) -> Result<(), Fault> {
        let node = node.to_owned();
        self.call(move |tables, _| tables.leave(&node, instance)).await
    }

    async fn prune(&self, event: u64, age: Duration) -> Result<u64, Fault> {
        self.call(move |tables, now| tables.prune(event, age, now)).await
    }

    async fn durability(&self) -> Result<Durability, Fault> {
        let is_synchronous = self.engine.with(|core, _| core.is_synchronous);
        let because = if is_synchronous { "simulated synchronous replication" } else { "simulated single machine" };
        self.call(move |_, _| Durability { is_synchronous, because: because.to_owned() }).await
    }
}
