//! Delivers to one endpoint, one request after the other, until the endpoint is gone or the delivery ends.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, sleep, timeout};

use crate::attempts::{Attempt, Attempts};
use crate::message::Message;
use crate::options::{Options, Signal};
use crate::sending::{Answer, Post, Sender};
use crate::source::{Endpoint, Page, Report, Source, Why};

/// How often one who waits looks at the ledger's time, which need not be that of this machine.
const LOOKS_EVERY: Duration = Duration::from_secs(1);
/// How long a request that is on its way may still take when the delivery ends.
const GRACE: Duration = Duration::from_secs(2);
/// How long one who can't read the log waits.
const UNREADABLE: Duration = Duration::from_secs(5);
/// How long one waits for what is there in a moment.
const SOON: Duration = Duration::from_millis(10);
/// The status with which an endpoint says that it wants nothing any more.
const GONE: u16 = 410;

pub(crate) struct Pump<S: Source, T: Sender> {
    pub(crate) source: Arc<S>,
    pub(crate) sender: Arc<T>,
    pub(crate) attempts: Attempts,
    pub(crate) options: Arc<Options>,
    /// Few read the log at a time, however many endpoints there are.
    pub(crate) reads: Arc<Semaphore>,
    pub(crate) signal: watch::Receiver<Signal>,
    /// The last event. Only who waits for more listens to it.
    pub(crate) news: watch::Receiver<u64>,
    /// The changes of endpoints that were seen.
    pub(crate) seen: u64,
    pub(crate) id: String,
    pub(crate) number: u64,
}

/// Where deliveries to an endpoint are.
struct Place {
    since: u64,
    /// Everything through this event was delivered, or is not for it.
    through: u64,
    /// Whether the ledger does not know that yet, and whether it is worth telling.
    delivered: bool,
    counts: bool,
    /// When it was told last.
    told: Instant,
    failing: Option<Failing>,
}

/// Deliveries that fail.
#[derive(Clone, Copy)]
struct Failing {
    since: i64,
    is_reported: bool,
    /// Up to which event the request goes that failed: it is sent again as it was.
    until: Option<u64>,
}

/// What a request came to.
enum Came {
    Delivered,
    Gone,
    Failed(Option<Duration>),
    /// The delivery ends before it was known.
    Cut,
}

impl Place {
    fn of(endpoint: &Endpoint) -> Self {
        // What failed before goes on failing, until a delivery shows otherwise.
        let failing = endpoint.failing_since.map(|since| Failing { since, is_reported: true, until: None });
        Self {
            since: endpoint.since,
            through: endpoint.through,
            delivered: false,
            counts: false,
            told: Instant::now(),
            failing,
        }
    }
}

impl<S: Source, T: Sender> Pump<S, T> {
    pub(crate) async fn run(mut self) {
        let mut line = T::Line::default();
        let mut place: Option<Place> = None;
        loop {
            // In this order: a change that comes behind this is waited for no longer.
            self.see();
            let Some(endpoint) = self.source.endpoint(&self.id).filter(|endpoint| endpoint.number == self.number)
            else {
                return;
            };
            let mut here =
                place.take().filter(|place| place.since == endpoint.since).unwrap_or_else(|| Place::of(&endpoint));
            if self.signal.borrow().is_stopping {
                self.tell(&mut here);
                return;
            }
            self.attempts.note_place(&self.id, here.through, here.failing.map(|failing| failing.since));
            if endpoint.is_off {
                self.tell(&mut here);
                self.changed(None).await;
            } else {
                self.step(&endpoint, &mut here, &mut line).await;
            }
            place = Some(here);
        }
    }

    /// Delivers what comes next, or waits for it.
    async fn step(&mut self, endpoint: &Endpoint, here: &mut Place, line: &mut T::Line) {
        let until = here.failing.and_then(|failing| failing.until);
        let last = self.source.last_event();
        if here.through >= last {
            return self.wait_for_more(here, last).await;
        }
        self.tell_if_due(here);
        let page = match self.page(here.through, until.unwrap_or(last), endpoint.batch).await {
            Ok(page) => page,
            Err(reason) => {
                tracing::warn!(webhook = self.id, "events can't be read for a webhook: {reason}");
                return self.changed(Some(UNREADABLE)).await;
            }
        };
        let Some(message) = Message::of(&self.id, &page.items, endpoint.batch > 1) else {
            if page.through <= here.through {
                // They are durable, and can be read in a moment.
                return sleep(SOON).await;
            }
            here.through = page.through;
            here.counts |= page.counts;
            // What failed is no longer for it.
            here.failing = here.failing.map(|failing| Failing { until: None, ..failing });
            return;
        };
        match self.deliver(endpoint, &page, &message, line).await {
            Came::Delivered => {
                here.through = page.through;
                (here.delivered, here.counts) = (true, true);
                if here.failing.take().is_some() {
                    tracing::info!(webhook = self.id, "deliveries to a webhook succeed again");
                    // The failure is over for the ledger too.
                    self.tell(here);
                }
            }
            Came::Gone => self.switch_off(here, Why::Gone),
            Came::Failed(retry_after) => self.failed(endpoint, here, &page, retry_after).await,
            Came::Cut => {}
        }
    }

    async fn page(&self, after: u64, until: u64, items_max: usize) -> Result<Page, String> {
        let _turn = self.reads.acquire().await;
        let (source, id, bytes_max) = (Arc::clone(&self.source), self.id.clone(), self.options.body_bytes_max);
        let read = tokio::task::spawn_blocking(move || source.page(&id, after, until, items_max, bytes_max));
        read.await.map_err(|error| error.to_string())?
    }

    /// Sends one request, and notes what came of it.
    async fn deliver(&mut self, endpoint: &Endpoint, page: &Page, message: &Message, line: &mut T::Line) -> Came {
        let events = page.items.first().zip(page.items.last()).map(|(first, last)| (first.number, last.number));
        let post = Post {
            url: &endpoint.url,
            secrets: &endpoint.secrets,
            id: &message.id,
            timestamp: self.source.timestamp(),
            body: message.body.clone(),
        };
        let begun = Instant::now();
        let at = self.source.timestamp() * 1_000_000;
        let mut signal = self.signal.clone();
        let answer = tokio::select! {
            answer = self.sender.post(line, &post) => answer,
            () = grace(&mut signal) => return Came::Cut,
        };
        let took_us = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        let attempt = Attempt {
            at,
            message: message.id.clone(),
            events,
            count: page.items.len() as u64,
            took_us,
            ..Attempt::default()
        };
        let (attempt, retry_after) = outcome(attempt, answer);
        let came = match (attempt.status, &attempt.error) {
            (_, None) => Came::Delivered,
            (Some(GONE), Some(_)) => Came::Gone,
            (_, Some(_)) => Came::Failed(retry_after),
        };
        self.attempts.note(&self.id, attempt);
        came
    }

    async fn failed(&mut self, endpoint: &Endpoint, here: &mut Place, page: &Page, retry_after: Option<Duration>) {
        let now = self.source.now();
        let until = page.items.last().map(|item| item.number);
        let begins = Failing { since: now, is_reported: false, until };
        if here.failing.is_none() {
            tracing::warn!(webhook = self.id, "a delivery to a webhook failed; it is tried again");
            // What was delivered before is not delivered again, whatever happens meanwhile.
            self.tell(here);
        }
        let mut failing = Failing { until, ..here.failing.unwrap_or(begins) };
        let lasted = Duration::from_micros(u64::try_from(now - failing.since).unwrap_or(0));
        let patience = &self.options.patience;
        if lasted >= patience.gives_up {
            return self.switch_off(here, Why::Failing);
        }
        if lasted >= patience.reported && !failing.is_reported {
            failing.is_reported = self.source.report(&self.id, Report::Failing { since: here.since }).is_ok();
        }
        here.failing = Some(failing);
        self.attempts.note_place(&self.id, here.through, Some(failing.since));
        let delay = patience.delay(lasted, fastrand::f64(), retry_after);
        let due = now.saturating_add(i64::try_from(delay.as_micros()).unwrap_or(i64::MAX));
        loop {
            let left = u64::try_from(due - self.source.now()).unwrap_or(0);
            if left == 0 {
                return;
            }
            self.changed(Some(Duration::from_micros(left).min(LOOKS_EVERY))).await;
            self.see();
            let is_as_it_was = self.source.endpoint(&self.id).is_some_and(|now| {
                Endpoint { through: endpoint.through, failing_since: endpoint.failing_since, ..now } == *endpoint
            });
            if self.signal.borrow().is_stopping || !is_as_it_was {
                return;
            }
        }
    }

    fn switch_off(&self, here: &mut Place, why: Why) {
        self.tell(here);
        match self.source.report(&self.id, Report::Off { since: here.since, why }) {
            Ok(()) => {
                tracing::error!(
                    webhook = self.id,
                    ?why,
                    "a webhook is switched off; POST /v1/webhooks/{}/enable switches it on again",
                    self.id
                );
                here.failing = None;
            }
            Err(reason) => tracing::warn!(webhook = self.id, "a webhook could not be switched off: {reason}"),
        }
    }

    /// Waits for more events, and tells the ledger meanwhile how far deliveries have come.
    async fn wait_for_more(&mut self, here: &mut Place, last: u64) {
        let due = self.due(here).map(|due| due.saturating_duration_since(Instant::now()));
        let mut signal = self.signal.clone();
        let seen = self.seen;
        let changed = signal.wait_for(|now| now.changes != seen || now.is_stopping);
        let mut news = self.news.clone();
        let more = news.wait_for(|event| *event > last);
        let is_due = async {
            match due {
                Some(due) => sleep(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _changed = changed => {}
            _more = more => {}
            () = is_due => self.tell(here),
        }
    }

    /// When the ledger is to be told how far deliveries have come.
    fn due(&self, here: &Place) -> Option<Instant> {
        let every = if here.delivered { self.options.progress_every } else { self.options.skipped_every };
        here.counts.then(|| here.told + every)
    }

    fn tell_if_due(&self, here: &mut Place) {
        if self.due(here).is_some_and(|due| due <= Instant::now()) {
            self.tell(here);
        }
    }

    /// Tells the ledger how far deliveries have come, if that is worth it.
    fn tell(&self, here: &mut Place) {
        here.told = Instant::now();
        if !here.counts {
            return;
        }
        match self.source.report(&self.id, Report::Progress { since: here.since, through: here.through }) {
            Ok(()) => (here.delivered, here.counts) = (false, false),
            Err(reason) => tracing::debug!(webhook = self.id, "a webhook's progress was not kept: {reason}"),
        }
    }

    /// What was changed up to here is seen by whoever reads the endpoint behind this.
    fn see(&mut self) {
        self.seen = self.signal.borrow().changes;
    }

    /// Ready when some webhook is changed or the delivery ends, or after a while.
    async fn changed(&mut self, at_most: Option<Duration>) {
        let seen = self.seen;
        let changed = self.signal.wait_for(|now| now.changes != seen || now.is_stopping);
        match at_most {
            // Whichever it is: the caller looks.
            Some(at_most) => drop(timeout(at_most, changed).await),
            None => drop(changed.await),
        }
    }
}

/// Ready when the delivery has been ending for a while.
async fn grace(signal: &mut watch::Receiver<Signal>) {
    // Without a sender the delivery has ended too.
    drop(signal.wait_for(|now| now.is_stopping).await);
    sleep(GRACE).await;
}

/// An attempt with what came of it, and how long the endpoint asks to be left alone.
pub(crate) fn outcome(mut attempt: Attempt, answer: Result<Answer, String>) -> (Attempt, Option<Duration>) {
    match answer {
        Ok(answer) => {
            attempt.status = Some(answer.status);
            attempt.answer = answer.body;
            attempt.error = match answer.status {
                200..300 => None,
                300..400 => Some(format!("it answered {}; redirects are not followed", answer.status)),
                GONE => Some("it answered 410: the endpoint is gone".to_owned()),
                status => Some(format!("it answered {status}")),
            };
            (attempt, answer.retry_after)
        }
        Err(reason) => {
            attempt.error = Some(reason);
            (attempt, None)
        }
    }
}
