//! What the delivery knows of the ledger.

use std::future::Future;

/// An endpoint as the ledger has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its id.
    pub id: String,
    /// Tells it from an earlier one of the same id.
    pub number: u64,
    /// Changes whenever deliveries are to begin somewhere.
    pub since: u64,
    /// Everything through this event was delivered, or is not for it.
    pub through: u64,
    /// Where requests go.
    pub url: String,
    /// Events in one request, at most. More than one goes out as a list.
    pub batch: usize,
    /// What signs, the newest first.
    pub secrets: Vec<Vec<u8>>,
    /// Nothing is delivered.
    pub is_off: bool,
    /// Since when deliveries have been failing, as reported, in microseconds.
    pub failing_since: Option<i64>,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its number.
    pub number: u64,
    /// The word for its kind.
    pub kind: &'static str,
    /// Its time, as text.
    pub at: String,
    /// The event as JSON.
    pub json: String,
}

/// Events for an endpoint, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Those that are for it.
    pub items: Vec<Item>,
    /// The last event that was looked at.
    pub through: u64,
    /// Whether it is worth keeping that it was looked at: there was more than reports of progress.
    pub counts: bool,
}

/// Why an endpoint is switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It answered that it is gone.
    Gone,
    /// It has failed for too long.
    Failing,
}

/// What is to be kept about an endpoint. `since` is that of the [`Endpoint`] that deliveries were about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// Everything through this event was delivered, or is not for it.
    Progress { since: u64, through: u64 },
    /// It has been failing for a while.
    Failing { since: u64 },
    /// It is switched off.
    Off { since: u64, why: Why },
}

/// The ledger. It is asked from the delivery's thread: briefly, but for [`Source::page`].
pub trait Source: Send + Sync + 'static {
    /// Whether this node delivers.
    fn delivers(&self) -> bool;

    /// Grows whenever an endpoint is made, changed or removed, but for what is reported of it here.
    fn revision(&self) -> u64;

    /// All endpoints, by id and number.
    fn endpoints(&self) -> Vec<(String, u64)>;

    /// The endpoint of an id, if there is one.
    fn endpoint(&self, id: &str) -> Option<Endpoint>;

    /// The last event that may be delivered.
    fn last_event(&self) -> u64;

    /// Ready when there is an event after this one.
    fn event_after(&self, event: u64) -> impl Future<Output = ()> + Send;

    /// The events after `after`, and not after `until`, that are for an endpoint, up to so many and so many bytes, but at least one if there
    /// is one. It looks at a bounded number of events. May wait for the disk.
    ///
    /// # Errors
    /// The log can't be read: why, in words.
    fn page(&self, id: &str, after: u64, until: u64, items_max: usize, bytes_max: usize) -> Result<Page, String>;

    /// Keeps something about an endpoint.
    ///
    /// # Errors
    /// It could not be kept, or no longer counts: why, in words.
    fn report(&self, id: &str, report: Report) -> Result<(), String>;

    /// The ledger's time, by which endpoints fail for so and so long, in microseconds since 1970.
    fn now(&self) -> i64;

    /// The time that receivers compare with theirs, in seconds since 1970.
    fn timestamp(&self) -> i64;

    /// Such a time as text.
    fn time_text(&self, timestamp: i64) -> String;
}
