//! Waiting until an event is on the disk, without a channel for each response.

use crate::as_of::AsOf;
use crate::error::Unavailable;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread::ThreadId;

/// How far the log is durable, and who waits for more.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    durable: AtomicU64,
    /// How often what was decided was dropped.
    term: AtomicU32,
    /// The last event that was durable when the last term ended.
    kept: AtomicU64,
    waiting: Mutex<Waiting>,
    moved: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    /// By thread: those of one are woken from within it.
    threads: Vec<WaitingThread>,
    unavailable: Option<Unavailable>,
    closed: bool,
}

/// Those who wait on one thread.
#[derive(Debug)]
struct WaitingThread {
    id: ThreadId,
    waiters: Vec<(AsOf, Waker)>,
    notifier: Option<Waker>,
}

impl Waiting {
    /// What waits on the thread that calls this.
    fn here(&mut self) -> &mut WaitingThread {
        let id = THREAD.with(|id| *id);
        let at = self.threads.iter().position(|thread| thread.id == id).unwrap_or_else(|| {
            self.threads.push(WaitingThread { id, waiters: Vec::new(), notifier: None });
            self.threads.len() - 1
        });
        &mut self.threads[at]
    }
}

thread_local! {
    /// Asking for it each time would count references.
    static THREAD: ThreadId = std::thread::current().id();
}

impl Progress {
    pub(crate) fn new(durable: u64) -> Self {
        Self { durable: AtomicU64::new(durable), ..Self::default() }
    }

    pub(crate) fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Nothing in here can panic half-way, so a poisoned lock is as good as any.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything up to `event` is on the disk.
    pub(crate) fn advance(&self, event: u64) {
        self.durable.store(event, Ordering::Release);
        self.notify();
    }

    /// What was decided and is not durable is dropped: whoever waits for it is told so.
    pub(crate) fn end_term(&self) {
        // In this order: whoever finds an event durable sees the term under which it became so.
        self.kept.store(self.durable(), Ordering::Release);
        self.term.fetch_add(1, Ordering::AcqRel);
        self.notify();
    }

    /// Where memory is now.
    pub(crate) fn as_of(&self, event: u64) -> AsOf {
        AsOf { term: self.term.load(Ordering::Acquire), event }
    }

    /// Nothing more will become durable.
    pub(crate) fn fail(&self, unavailable: Unavailable) {
        self.waiting().unavailable = Some(unavailable);
        self.notify();
    }

    pub(crate) fn close(&self) {
        self.waiting().closed = true;
        self.notify();
    }

    fn notify(&self) {
        let mut waiting = self.waiting();
        let all = waiting.unavailable.is_some() || waiting.closed;
        for thread in &mut waiting.threads {
            // The notifier wakes the waiters from within their own runtime, which is much cheaper than doing it from here.
            match thread.notifier.take() {
                Some(notifier) if !thread.waiters.is_empty() || all => notifier.wake(),
                Some(notifier) => thread.notifier = Some(notifier),
                None => self.wake_waiters(thread, all),
            }
        }
        self.moved.notify_all();
    }

    fn wake_waiters(&self, thread: &mut WaitingThread, all: bool) {
        let durable = self.durable();
        let term = self.term.load(Ordering::Acquire);
        let ready = |seen: AsOf| all || seen.event <= durable || seen.term != term;
        for (_, waker) in thread.waiters.extract_if(.., |(seen, _)| ready(*seen)) {
            waker.wake();
        }
    }

    /// Whether what was seen is durable, as far as that is known without the lock.
    fn at_once(&self, seen: AsOf) -> Option<Result<(), Unavailable>> {
        // In this order: see `end_term`.
        let durable = self.durable();
        let term = self.term.load(Ordering::Acquire);
        if seen.term == term {
            return (seen.event <= durable).then_some(Ok(()));
        }
        let was_kept = seen.event == 0 || (seen.term + 1 == term && seen.event <= self.kept.load(Ordering::Acquire));
        Some(if was_kept { Ok(()) } else { Err(Unavailable::LeadershipLost) })
    }

    /// Whether what was seen is durable, or never will be.
    fn state_of(&self, seen: AsOf, waiting: &Waiting) -> Poll<Result<(), Unavailable>> {
        if let Some(result) = self.at_once(seen) {
            return Poll::Ready(result);
        }
        match &waiting.unavailable {
            Some(unavailable) => Poll::Ready(Err(unavailable.clone())),
            None if waiting.closed => Poll::Ready(Err(Unavailable::ShuttingDown)),
            None => Poll::Pending,
        }
    }

    pub(crate) fn wait_blocking(&self, seen: AsOf) -> Result<(), Unavailable> {
        let mut waiting = self.waiting();
        loop {
            if let Poll::Ready(result) = self.state_of(seen, &waiting) {
                return result;
            }
            waiting = self.moved.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub(crate) fn poll_notifier(&self, context: &Context<'_>) -> Poll<()> {
        let mut waiting = self.waiting();
        let all = waiting.unavailable.is_some() || waiting.closed;
        let is_closed = waiting.closed;
        let here = waiting.here();
        self.wake_waiters(here, all);
        if is_closed {
            return Poll::Ready(());
        }
        here.notifier = Some(context.waker().clone());
        Poll::Pending
    }
}

/// Ready when an event is on the disk.
#[derive(Debug)]
#[must_use = "a response may leave only when this is ready"]
pub struct Durable {
    pub(crate) progress: Arc<Progress>,
    pub(crate) seen: AsOf,
}

impl Durable {
    /// Waits on this thread.
    ///
    /// # Errors
    /// [`Unavailable`] if the event will never be known to be on the disk.
    pub fn wait(&self) -> Result<(), Unavailable> {
        self.progress.wait_blocking(self.seen)
    }
}

impl Future for Durable {
    type Output = Result<(), Unavailable>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(result) = self.progress.at_once(self.seen) {
            return Poll::Ready(result);
        }
        let mut waiting = self.progress.waiting();
        let state = self.progress.state_of(self.seen, &waiting);
        if state.is_pending() {
            waiting.here().waiters.push((self.seen, context.waker().clone()));
        }
        state
    }
}
