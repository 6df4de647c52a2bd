//! The connections of a listener and their deadlines: slow and silent ones are closed, all are notified of a shutdown.
//!
//! One pass over all connections every quarter of a second replaces timers for each request, which would cost more
//! than many a request itself.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::Waker;
use std::time::Duration;

use atomic_waker::AtomicWaker;
use tokio::sync::Semaphore;

use crate::limits::Limits;

/// How often deadlines are checked.
const TICK: Duration = Duration::from_millis(250);

/// All connections of a listener, and what their large bodies take together.
#[derive(Debug)]
pub struct ConnectionTracker {
    /// Ticks since the start, from 1: 0 means never.
    tick: AtomicU32,
    head_ticks: u32,
    body_ticks: u32,
    idle_ticks: u32,
    connections: Mutex<Vec<Weak<Connection>>>,
    open: AtomicU64,
    connections_max: u64,
    /// Connections that were more than there may be.
    rejected: AtomicU64,
    /// Bytes that large bodies may still take.
    body_bytes: Semaphore,
    body_timeout: Duration,
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Connection {
    tracker: Arc<ConnectionTracker>,
    /// Wakes the task that runs the connection.
    waker: AtomicWaker,
    finish: AtomicBool,
    end: AtomicBool,
    is_http2: AtomicBool,
    /// The last request has a body that was not read to its end.
    leaves_unread: AtomicBool,
    /// Requests that are being worked on.
    active: AtomicU32,
    /// When bytes last went in or out.
    moved: AtomicU32,
    /// When the first byte of a head came whose request is not there yet.
    head_since: AtomicU32,
    /// When the body that is being awaited began to be.
    body_since: AtomicU32,
}

impl ConnectionTracker {
    /// A tracker without connections.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        let ticks =
            |limit: Duration| u32::try_from(limit.as_millis().div_ceil(TICK.as_millis())).unwrap_or(u32::MAX).max(1);
        Self {
            tick: AtomicU32::new(1),
            head_ticks: ticks(limits.head_timeout),
            body_ticks: ticks(limits.body_timeout),
            idle_ticks: ticks(limits.idle_timeout),
            connections: Mutex::new(Vec::new()),
            open: AtomicU64::new(0),
            connections_max: limits.connections_max as u64,
            rejected: AtomicU64::new(0),
            body_bytes: Semaphore::new(limits.bodies_in_flight_bytes_max),
            body_timeout: limits.body_timeout,
        }
    }

    /// Connections that were rejected since the start, as there were too many.
    #[must_use]
    pub fn rejected(&self) -> u64 {
        self.rejected.load(Ordering::Relaxed)
    }

    /// Whether the limit of connections is reached; a new one then counts as rejected.
    pub(crate) fn rejects(&self) -> bool {
        let rejects = self.open() >= self.connections_max;
        if rejects {
            self.rejected.fetch_add(1, Ordering::Relaxed);
        }
        rejects
    }

    /// How many connections are open.
    #[must_use]
    pub fn open(&self) -> u64 {
        self.open.load(Ordering::Relaxed)
    }

    fn now(&self) -> u32 {
        self.tick.load(Ordering::Relaxed)
    }

    /// A new connection.
    pub(crate) fn connect(self: &Arc<Self>) -> Arc<Connection> {
        let connection = Arc::new(Connection {
            tracker: Arc::clone(self),
            waker: AtomicWaker::new(),
            finish: AtomicBool::new(false),
            end: AtomicBool::new(false),
            is_http2: AtomicBool::new(false),
            leaves_unread: AtomicBool::new(false),
            active: AtomicU32::new(0),
            moved: AtomicU32::new(self.now()),
            head_since: AtomicU32::new(0),
            body_since: AtomicU32::new(0),
        });
        self.open.fetch_add(1, Ordering::Relaxed);
        self.lock().push(Arc::downgrade(&connection));
        connection
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Weak<Connection>>> {
        // Nothing in here can panic half-way.
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enforces the deadlines for as long as it is polled.
    pub async fn run(&self) -> Infallible {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let now = self.tick.fetch_add(1, Ordering::Relaxed) + 1;
            self.for_all(|connection| connection.check_deadlines(now));
        }
    }

    /// Notifies all connections to end when the responses to their requests are sent.
    pub fn finish_all(&self) {
        self.for_all(|connection| {
            connection.finish.store(true, Ordering::Relaxed);
            connection.waker.wake();
        });
    }

    /// Ends all connections at once.
    pub fn end_all(&self) {
        self.for_all(Connection::end);
    }

    fn for_all(&self, mut act: impl FnMut(&Connection)) {
        self.lock().retain(|connection| {
            connection.upgrade().is_some_and(|connection| {
                act(&connection);
                true
            })
        });
    }
}

impl Connection {
    /// What large bodies of all connections may still take, in bytes.
    pub(crate) fn body_bytes(&self) -> &Semaphore {
        &self.tracker.body_bytes
    }

    /// How long a body may take.
    pub(crate) fn body_timeout(&self) -> Duration {
        self.tracker.body_timeout
    }

    /// Bytes came in.
    pub(crate) fn read(&self) {
        let now = self.tracker.now();
        self.moved.store(now, Ordering::Relaxed);
        if self.active.load(Ordering::Relaxed) == 0 && self.head_since.load(Ordering::Relaxed) == 0 {
            self.head_since.store(now, Ordering::Relaxed);
        }
    }

    /// Bytes went out.
    pub(crate) fn written(&self) {
        self.moved.store(self.tracker.now(), Ordering::Relaxed);
    }

    /// A request has arrived, with its head; it is in progress until the guard is dropped.
    pub(crate) fn begin_request(self: &Arc<Self>, is_http2: bool, has_body: bool) -> ActiveRequest {
        self.leaves_unread.store(has_body, Ordering::Relaxed);
        self.active.fetch_add(1, Ordering::Relaxed);
        self.head_since.store(0, Ordering::Relaxed);
        if is_http2 {
            self.is_http2.store(true, Ordering::Relaxed);
        }
        ActiveRequest { connection: Arc::clone(self) }
    }

    /// The body is awaited from now on. Only for HTTP/1.1, where there is one at a time and this connection's own
    /// task awaits it.
    pub(crate) fn await_body(&self) {
        self.body_since.store(self.tracker.now(), Ordering::Relaxed);
    }

    /// The body is no longer awaited: it is there, as a whole or not.
    pub(crate) fn got_body(&self, is_whole: bool) {
        self.body_since.store(0, Ordering::Relaxed);
        self.leaves_unread.store(!is_whole, Ordering::Relaxed);
    }

    /// Whether the body that is awaited has taken too long.
    pub(crate) fn is_body_late(&self) -> bool {
        let since = self.body_since.load(Ordering::Relaxed);
        since != 0 && self.tracker.now().wrapping_sub(since) > self.tracker.body_ticks
    }

    /// Whether there may be bytes of a request that will not be read.
    pub(crate) fn leaves_unread(&self) -> bool {
        self.leaves_unread.load(Ordering::Relaxed)
    }

    /// Whether the connection must end when the responses to its requests are sent.
    pub(crate) fn should_finish(&self) -> bool {
        self.finish.load(Ordering::Relaxed)
    }

    /// Whether the connection is to end now.
    pub(crate) fn should_end(&self) -> bool {
        self.end.load(Ordering::Relaxed)
    }

    /// Who is to be woken when one of these changes.
    pub(crate) fn register(&self, waker: &Waker) {
        self.waker.register(waker);
    }

    fn end(&self) {
        self.end.store(true, Ordering::Relaxed);
        self.waker.wake();
    }

    fn check_deadlines(&self, now: u32) {
        if self.is_body_late() {
            self.waker.wake();
            return;
        }
        if self.active.load(Ordering::Relaxed) != 0 {
            return;
        }
        let age = |since: u32| now.wrapping_sub(since);
        let head_since = self.head_since.load(Ordering::Relaxed);
        let head_is_late =
            head_since != 0 && age(head_since) > self.tracker.head_ticks && !self.is_http2.load(Ordering::Relaxed);
        if head_is_late || age(self.moved.load(Ordering::Relaxed)) > self.tracker.idle_ticks {
            self.end();
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.tracker.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A request is being worked on.
#[derive(Debug)]
pub(crate) struct ActiveRequest {
    connection: Arc<Connection>,
}

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        self.connection.active.fetch_sub(1, Ordering::Relaxed);
        self.connection.written();
    }
}
