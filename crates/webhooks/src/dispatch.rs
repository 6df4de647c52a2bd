//! Starts and ends the deliveries, as endpoints come and go and as this node leads or does not.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::{Notify, Semaphore, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::attempts::{Attempt, Attempts};
use crate::message::Message;
use crate::options::{Options, Signal};
use crate::pump::{Pump, outcome};
use crate::sending::{Post, Sender};
use crate::source::Source;

/// How often the list of endpoints is looked at, and whether this node leads. Changes that are made here are seen at once.
const LOOKS_EVERY: Duration = Duration::from_secs(1);
/// Endpoints are told of new events at most so often.
const TELLS_EVERY: Duration = Duration::from_millis(10);
/// How many read the log at a time.
const READS_MAX: usize = 2;
/// How long the end of the delivery is waited for: a request on its way may take a part of it.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

/// A test of an endpoint, in progress.
type Testing = Pin<Box<dyn Future<Output = Option<Attempt>> + Send>>;

/// The running delivery.
pub struct Delivery {
    attempts: Attempts,
    signal: watch::Sender<Signal>,
    changed: Arc<Notify>,
    ended: tokio::sync::Mutex<Option<oneshot::Receiver<()>>>,
    test: Box<dyn Fn(String) -> Testing + Send + Sync>,
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").field("signal", &self.signal).finish_non_exhaustive()
    }
}

impl Delivery {
    /// Starts delivering what `source` has, on a thread of its own.
    ///
    /// # Errors
    /// The system gives no thread, or none of what a runtime needs.
    pub fn start<S: Source, T: Sender>(source: S, sender: T, options: Options) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (delivery, dispatching) = Self::new(source, sender, options, runtime.handle().clone());
        std::thread::Builder::new().name("tocos-webhooks".to_owned()).spawn(move || {
            runtime.block_on(dispatching);
            // A name that is still being resolved is not waited for.
            runtime.shutdown_background();
        })?;
        Ok(delivery)
    }

    /// Likewise, on the runtime of whoever calls this.
    pub fn start_here<S: Source, T: Sender>(source: S, sender: T, options: Options) -> Self {
        let (delivery, dispatching) = Self::new(source, sender, options, Handle::current());
        tokio::spawn(dispatching);
        delivery
    }

    fn new<S: Source, T: Sender>(
        source: S,
        sender: T,
        options: Options,
        runtime: Handle,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (source, sender) = (Arc::new(source), Arc::new(sender));
        let (signal, listens) = watch::channel(Signal::default());
        let (news, hears) = watch::channel(0);
        let (end, ended) = oneshot::channel();
        let (attempts, changed) = (Attempts::default(), Arc::new(Notify::new()));
        let dispatch = Dispatch {
            source: Arc::clone(&source),
            sender: Arc::clone(&sender),
            attempts: attempts.clone(),
            options: Arc::new(options),
            reads: Arc::new(Semaphore::new(READS_MAX)),
            signal: signal.clone(),
            news,
            hears,
            listens,
            changed: Arc::clone(&changed),
            pumps: BTreeMap::new(),
            revision: None,
        };
        let dispatching = async move {
            dispatch.run().await;
            let _unheard = end.send(());
        };
        let noting = attempts.clone();
        let test = Box::new(move |id: String| -> Testing {
            let (source, sender, attempts) = (Arc::clone(&source), Arc::clone(&sender), noting.clone());
            // On the delivery's own thread, as all that talks to others.
            let going = runtime.spawn(async move { test(&*source, &*sender, &attempts, &id).await });
            Box::pin(async move { going.await.ok().flatten() })
        });
        (Self { attempts, signal, changed, ended: tokio::sync::Mutex::new(Some(ended)), test }, dispatching)
    }

    /// An endpoint was made, changed or removed.
    pub fn changed(&self) {
        self.signal.send_modify(|signal| signal.changes += 1);
        self.changed.notify_one();
    }

    /// The last deliveries, and what is counted of them.
    pub fn attempts(&self) -> &Attempts {
        &self.attempts
    }

    /// Sends a request to an endpoint that only shows that requests arrive, signed as all are. None if there is no such endpoint.
    pub async fn test(&self, id: &str) -> Option<Attempt> {
        (self.test)(id.to_owned()).await
    }

    /// Ends the delivery: what is on its way may still arrive, and the ledger is told how far it has come.
    pub async fn stop(&self) {
        self.signal.send_modify(|signal| signal.is_stopping = true);
        self.changed.notify_one();
        if let Some(ended) = self.ended.lock().await.take() {
            // A thread that panicked has already said so.
            let _ended = tokio::time::timeout(ENDS_WITHIN, ended).await;
        }
    }
}

async fn test<S: Source, T: Sender>(source: &S, sender: &T, attempts: &Attempts, id: &str) -> Option<Attempt> {
    let endpoint = source.endpoint(id)?;
    let timestamp = source.timestamp();
    let message = Message::ping(id, &source.time_text(timestamp), timestamp);
    let post =
        Post { url: &endpoint.url, secrets: &endpoint.secrets, id: &message.id, timestamp, body: message.body.clone() };
    let begun = Instant::now();
    let answer = sender.post(&mut T::Line::default(), &post).await;
    let took_us = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
    let attempt = Attempt { at: timestamp * 1_000_000, message: message.id.clone(), took_us, ..Attempt::default() };
    let (attempt, _) = outcome(attempt, answer);
    attempts.note_test(id, attempt.clone());
    Some(attempt)
}

struct Dispatch<S: Source, T: Sender> {
    source: Arc<S>,
    sender: Arc<T>,
    attempts: Attempts,
    options: Arc<Options>,
    reads: Arc<Semaphore>,
    signal: watch::Sender<Signal>,
    listens: watch::Receiver<Signal>,
    /// The last event that was told of.
    news: watch::Sender<u64>,
    hears: watch::Receiver<u64>,
    changed: Arc<Notify>,
    pumps: BTreeMap<(String, u64), JoinHandle<()>>,
    /// The revision of the endpoints that was seen last; none if this node did not deliver then.
    revision: Option<u64>,
}

impl<S: Source, T: Sender> Dispatch<S, T> {
    async fn run(mut self) {
        while !self.listens.borrow().is_stopping {
            let revision = self.source.delivers().then(|| self.source.revision());
            if revision != self.revision {
                self.revision = revision;
                self.signal.send_modify(|signal| signal.changes += 1);
                self.look();
            }
            let last = *self.hears.borrow();
            tokio::select! {
                () = self.changed.notified() => self.look(),
                () = sleep(LOOKS_EVERY) => self.look(),
                () = self.tell(last), if !self.pumps.is_empty() => {}
            }
        }
        for (_, pump) in std::mem::take(&mut self.pumps) {
            // Each ends by itself, soon.
            let _ended = pump.await;
        }
    }

    /// Starts deliveries to endpoints that have none, and ends all if this node does not lead.
    fn look(&mut self) {
        let endpoints = if self.source.delivers() { self.source.endpoints() } else { Vec::new() };
        self.pumps.retain(|endpoint, pump| {
            let is_there = endpoints.contains(endpoint);
            if !is_there {
                pump.abort();
                self.attempts.forget_place(&endpoint.0);
            }
            is_there && !pump.is_finished()
        });
        if self.source.delivers() {
            self.attempts.keep(|id| endpoints.iter().any(|(endpoint, _)| endpoint == id));
        }
        for (id, number) in endpoints {
            self.pumps.entry((id.clone(), number)).or_insert_with(|| {
                let pump = Pump {
                    source: Arc::clone(&self.source),
                    sender: Arc::clone(&self.sender),
                    attempts: self.attempts.clone(),
                    options: Arc::clone(&self.options),
                    reads: Arc::clone(&self.reads),
                    signal: self.listens.clone(),
                    news: self.hears.clone(),
                    seen: 0,
                    id,
                    number,
                };
                tokio::spawn(pump.run())
            });
        }
    }

    /// Tells the deliveries of new events when there are some; not each time, as thousands may come in a second.
    async fn tell(&self, last: u64) {
        self.source.event_after(last).await;
        self.news.send_replace(self.source.last_event());
        sleep(TELLS_EVERY).await;
    }
}
