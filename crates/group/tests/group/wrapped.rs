//! Around what a node uses: a shared log that is wrong on purpose, and processes that are stopped for a while.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;
use tocos_sharedlog::memory::Log;
use tocos_sharedlog::{
    Announced, Announcement, Appended, Appending, Candidate, Durability, Fault, Head, Identity, Lease, NewFrame, Read,
    SharedLog,
};

use crate::recorder::Recorder;

/// What is wrong on purpose with a shared log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct WrongLog {
    /// A frame is appended whatever the hash of the one before.
    pub(crate) accepts_any_prev: bool,
    /// An append without an answer counts as durable when it can be read.
    pub(crate) visible_is_durable: bool,
}

/// A handle of the shared log that writes down what happens.
#[derive(Clone, Debug)]
pub(crate) struct Wrapped {
    pub(crate) node: String,
    pub(crate) inner: Log,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) wrong: WrongLog,
}

impl Wrapped {
    fn trace(&self, what: &str, result: &dyn std::fmt::Debug) {
        self.recorder.trace(|| format!("{} {what}: {result:?}", self.node));
    }
}

#[async_trait]
impl SharedLog for Wrapped {
    fn identity(&self) -> &Identity {
        self.inner.identity()
    }

    fn append(&self, frame: NewFrame) -> Appending {
        let log = self.clone();
        Box::pin(async move {
            let head = frame.head;
            let mut outcome = log.inner.append(frame).await;
            if log.wrong.visible_is_durable && outcome.is_err() {
                let is_visible = log.inner.head(head.n).await?.is_some_and(|found| found.hash == head.hash);
                outcome = if is_visible { Ok(Appended::Durable) } else { outcome };
            }
            log.trace(&format!("appends {} of epoch {} to event {}", head.n, head.epoch, head.last_event), &outcome);
            outcome
        })
    }

    async fn tip(&self) -> Result<Head, Fault> {
        let result = self.inner.tip().await;
        self.trace("tip", &result.as_ref().map(|tip| (tip.n, tip.last_event)));
        result
    }

    async fn first(&self) -> Result<Head, Fault> {
        self.inner.first().await
    }

    async fn head(&self, n: u64) -> Result<Option<Head>, Fault> {
        let result = self.inner.head(n).await;
        self.trace(&format!("head {n}"), &result.as_ref().map(|head| head.map(|head| (head.epoch, head.last_event))));
        result
    }

    async fn read(&self, after: u64, bytes_max: usize) -> Result<Read, Fault> {
        let result = self.inner.read(after, bytes_max).await;
        self.trace(&format!("reads behind {after}"), &result.as_ref().map(|read| (read.frames.len(), read.is_all)));
        result
    }

    async fn wait(&self, after: u64, at_most: Duration) -> Result<(), Fault> {
        self.inner.wait(after, at_most).await
    }

    async fn lease(&self) -> Result<Option<Lease>, Fault> {
        let result = self.inner.lease().await;
        self.trace("looks", &result);
        result
    }

    async fn take_lease(&self, candidate: &Candidate) -> Result<Option<u64>, Fault> {
        let result = self.inner.take_lease(candidate).await;
        self.trace("takes the lease", &result);
        result
    }

    async fn renew_lease(&self, node: &str, epoch: u64, duration: Duration) -> Result<bool, Fault> {
        let result = self.inner.renew_lease(node, epoch, duration).await;
        self.trace("renews", &result);
        result
    }

    async fn hand_over(&self, node: &str, epoch: u64, to: &str, duration: Duration) -> Result<bool, Fault> {
        let result = self.inner.hand_over(node, epoch, to, duration).await;
        self.trace(&format!("hands over to {to}"), &result);
        result
    }

    async fn announce(&self, announcement: &Announcement) -> Result<Announced, Fault> {
        let result = self.inner.announce(announcement).await;
        self.trace(&format!("is at event {}", announcement.last_event), &result.is_ok());
        result
    }

    async fn leave(&self, node: &str, instance: u64) -> Result<(), Fault> {
        self.inner.leave(node, instance).await
    }

    async fn prune(&self, event: u64, age: Duration) -> Result<u64, Fault> {
        self.inner.prune(event, age).await
    }

    async fn durability(&self) -> Result<Durability, Fault> {
        self.inner.durability().await
    }
}

/// A process that can be stopped and continued: what is wrapped in it is not polled meanwhile.
#[derive(Clone, Debug, Default)]
pub(crate) struct Process {
    stopped: Arc<Mutex<Option<Vec<Waker>>>>,
}

impl Process {
    pub(crate) fn stop(&self) {
        self.stopped.lock().unwrap().get_or_insert_default();
    }

    pub(crate) fn go_on(&self) {
        let waiting = self.stopped.lock().unwrap().take();
        waiting.into_iter().flatten().for_each(Waker::wake);
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.lock().unwrap().is_some()
    }

    pub(crate) fn run<F: Future>(&self, inside: F) -> Inside<F> {
        Inside { process: self.clone(), inside: Box::pin(inside) }
    }
}

/// Something inside of a process.
pub(crate) struct Inside<F> {
    process: Process,
    inside: Pin<Box<F>>,
}

impl<F: Future> Future for Inside<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        if let Some(waiting) = self.process.stopped.lock().unwrap().as_mut() {
            waiting.push(context.waker().clone());
            return Poll::Pending;
        }
        self.inside.as_mut().poll(context)
    }
}
