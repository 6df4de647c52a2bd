//! A ledger and endpoints that are made up. Time is tokio's, which is paused: hours pass in no time.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tocos_webhooks::{Answer, Delivery, Endpoint, Item, Options, Page, Post, Report, Sender, Source, Why};
use tokio::sync::Notify;

/// What there is, shared by the ledger, the endpoints and the test.
#[derive(Clone, Default)]
pub(crate) struct World {
    inner: Arc<Mutex<Inner>>,
    more: Arc<Notify>,
}

#[derive(Default)]
struct Inner {
    last_event: u64,
    endpoints: BTreeMap<String, Endpoint>,
    /// Events of these numbers are reports of progress: for nobody.
    progress: Vec<u64>,
    follows: bool,
    /// What endpoints do, by URL; by default they answer 200.
    answers: BTreeMap<String, Does>,
    /// What arrived at each URL: when, the first and the last event, and the request's id.
    arrived: BTreeMap<String, Vec<Arrived>>,
    reports: Vec<(String, Report)>,
    /// Seconds that the ledger's time is ahead.
    ahead_s: i64,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Arrived {
    pub(crate) at_s: u64,
    pub(crate) id: String,
    pub(crate) body: String,
}

/// What an endpoint does.
#[derive(Clone, Debug)]
pub(crate) enum Does {
    Answers(u16),
    AsksFor(u16, Duration),
    Breaks,
    Hangs,
}

impl World {
    pub(crate) fn with_events(last_event: u64) -> Self {
        let world = Self::default();
        world.look(|inner| inner.last_event = last_event);
        world
    }

    fn look<R>(&self, look: impl FnOnce(&mut Inner) -> R) -> R {
        look(&mut self.inner.lock().unwrap())
    }

    /// An endpoint from the first event on.
    pub(crate) fn endpoint(&self, id: &str, batch: usize) {
        let endpoint = Endpoint {
            id: id.into(),
            number: 1,
            since: 1,
            through: 0,
            url: format!("https://{id}.example/"),
            batch,
            secrets: vec![vec![7; 32]],
            is_off: false,
            failing_since: None,
        };
        self.look(|inner| inner.endpoints.insert(id.into(), endpoint));
    }

    pub(crate) fn change(&self, id: &str, change: impl FnOnce(&mut Endpoint)) {
        self.look(|inner| change(inner.endpoints.get_mut(id).unwrap()));
    }

    pub(crate) fn remove(&self, id: &str) {
        self.look(|inner| inner.endpoints.remove(id));
    }

    pub(crate) fn get(&self, id: &str) -> Endpoint {
        self.look(|inner| inner.endpoints[id].clone())
    }

    pub(crate) fn does(&self, id: &str, does: Does) {
        self.look(|inner| inner.answers.insert(format!("https://{id}.example/"), does));
    }

    pub(crate) fn add_events(&self, count: u64) {
        self.look(|inner| inner.last_event += count);
        self.more.notify_waiters();
    }

    pub(crate) fn follow(&self, follows: bool) {
        self.look(|inner| inner.follows = follows);
    }

    pub(crate) fn arrived(&self, id: &str) -> Vec<Arrived> {
        self.look(|inner| inner.arrived.get(&format!("https://{id}.example/")).cloned().unwrap_or_default())
    }

    /// The ids of what arrived, without the endpoint's.
    pub(crate) fn ids(&self, id: &str) -> Vec<String> {
        self.arrived(id).iter().map(|arrived| arrived.id.replacen(&format!("{id}-"), "", 1)).collect()
    }

    pub(crate) fn reports(&self, id: &str) -> Vec<Report> {
        self.look(|inner| inner.reports.iter().filter(|(of, _)| of == id).map(|(_, report)| *report).collect())
    }

    pub(crate) fn last_event(&self) -> u64 {
        self.look(|inner| inner.last_event)
    }

    /// Starts delivering on the runtime's own time. The test runs within that runtime's time as well.
    pub(crate) fn deliver(&self, options: Options) -> Delivery {
        Delivery::start_here(Ledger(self.clone()), Endpoints(self.clone()), options)
    }
}

struct Ledger(World);

/// Reports are events too.
impl Source for Ledger {
    fn delivers(&self) -> bool {
        !self.0.look(|inner| inner.follows)
    }

    fn revision(&self) -> u64 {
        0
    }

    fn endpoints(&self) -> Vec<(String, u64)> {
        self.0.look(|inner| inner.endpoints.values().map(|endpoint| (endpoint.id.clone(), endpoint.number)).collect())
    }

    fn endpoint(&self, id: &str) -> Option<Endpoint> {
        self.0.look(|inner| inner.endpoints.get(id).cloned())
    }

    fn last_event(&self) -> u64 {
        self.0.last_event()
    }

    async fn event_after(&self, event: u64) {
        loop {
            let more = self.0.more.notified();
            if self.0.last_event() > event {
                return;
            }
            more.await;
        }
    }

    fn page(&self, _id: &str, after: u64, until: u64, items_max: usize, _bytes_max: usize) -> Result<Page, String> {
        self.0.look(|inner| {
            let mut page = Page { items: Vec::new(), through: after, counts: false };
            for number in after + 1..=until.min(inner.last_event) {
                page.through = number;
                if inner.progress.contains(&number) {
                    continue;
                }
                page.counts = true;
                page.items.push(Item { number, kind: "grant", at: "now".into(), json: format!("{number}") });
                if page.items.len() == items_max {
                    break;
                }
            }
            Ok(page)
        })
    }

    fn report(&self, id: &str, report: Report) -> Result<(), String> {
        let now = self.now();
        self.0.look(|inner| {
            let endpoint = inner.endpoints.get_mut(id).ok_or("there is no such endpoint")?;
            let (Report::Progress { since, .. } | Report::Failing { since } | Report::Off { since, .. }) = report;
            if since != endpoint.since || inner.follows {
                return Err("it no longer counts".to_owned());
            }
            match report {
                Report::Progress { through, .. } => {
                    assert!(through > endpoint.through, "progress goes ahead");
                    (endpoint.through, endpoint.failing_since) = (through, None);
                }
                Report::Failing { .. } => endpoint.failing_since = Some(now),
                Report::Off { .. } => endpoint.is_off = true,
            }
            inner.last_event += 1;
            let last = inner.last_event;
            inner.progress.push(last);
            inner.reports.push((id.to_owned(), report));
            Ok(())
        })?;
        self.0.more.notify_waiters();
        Ok(())
    }

    fn now(&self) -> i64 {
        (self.0.look(|inner| inner.ahead_s) + elapsed_s() as i64) * 1_000_000
    }

    fn timestamp(&self) -> i64 {
        1_700_000_000 + elapsed_s() as i64
    }

    fn time_text(&self, timestamp: i64) -> String {
        timestamp.to_string()
    }
}

/// Whole seconds of tokio's time since the test began.
fn elapsed_s() -> u64 {
    thread_local! {
        static BEGAN: tokio::time::Instant = tokio::time::Instant::now();
    }
    BEGAN.with(tokio::time::Instant::elapsed).as_secs()
}

struct Endpoints(World);

impl Sender for Endpoints {
    type Line = ();

    fn post(&self, _line: &mut (), post: &Post<'_>) -> impl Future<Output = Result<Answer, String>> + Send {
        let arrived =
            Arrived { at_s: elapsed_s(), id: post.id.to_owned(), body: String::from_utf8(post.body.to_vec()).unwrap() };
        let does = self.0.look(|inner| {
            inner.arrived.entry(post.url.to_owned()).or_default().push(arrived);
            inner.answers.get(post.url).cloned().unwrap_or(Does::Answers(200))
        });
        async move {
            match does {
                Does::Answers(status) => Ok(Answer { status, ..Answer::default() }),
                Does::AsksFor(status, time) => Ok(Answer { status, retry_after: Some(time), body: String::new() }),
                Does::Breaks => Err("the connection broke".to_owned()),
                Does::Hangs => std::future::pending().await,
            }
        }
    }
}

/// Whether an endpoint was switched off, and why.
pub(crate) fn switched_off(reports: &[Report]) -> Option<Why> {
    reports.iter().find_map(|report| if let Report::Off { why, .. } = report { Some(*why) } else { None })
}
