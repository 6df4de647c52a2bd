//! A cache of rendered pages of the list of users, for repeated requests.
//!
//! Time has no say in whether a page is shown again: it is checked against the ledger each time, and shown only if it
//! would come out the same, byte for byte. What it shows are names and totals. A total changes by an event of its account, by
//! which [`Account::last_event`] moves; who there is, names and who has which coin by one that moves
//! [`State::roster_event`]. Beyond that only the clock changes what is shown, where something is due that has not been
//! expired yet; such pages are neither kept nor shown again.
//!
//! [`Account::last_event`]: tocos_ledger::Account::last_event
//! [`State::roster_event`]: tocos_ledger::State::roster_event

use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tocos_engine::AsOf;
use tocos_ledger::{AccountId, Ledger, Micros};

/// Pages that are kept at most.
const PAGES_MAX: usize = 64;
/// Memory that they may take, in bytes.
const BYTES_MAX: usize = 8 * 1024 * 1024;
/// Accounts of a page that is kept: so many are looked at under the ledger's lock before it is shown again.
const ACCOUNTS_MAX: usize = 4_096;

/// Which page is requested, in normal form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Query<'q> {
    /// How the ids begin.
    pub prefix: Cow<'q, str>,
    /// The code of the coin that users must have.
    pub coin: Option<Cow<'q, str>>,
    pub with_closed: bool,
    /// Users at most.
    pub limit: usize,
    /// The least id that may come.
    pub from: String,
}

impl Query<'_> {
    fn into_owned(self) -> Query<'static> {
        Query {
            prefix: Cow::Owned(self.prefix.into_owned()),
            coin: self.coin.map(|coin| Cow::Owned(coin.into_owned())),
            with_closed: self.with_closed,
            limit: self.limit,
            from: self.from,
        }
    }

    fn bytes(&self) -> usize {
        self.prefix.len() + self.coin.as_ref().map_or(0, |coin| coin.len()) + self.from.len()
    }
}

/// What a page was made from.
#[derive(Clone, Debug)]
pub(crate) struct Basis {
    /// The last event before its first user was looked at.
    pub event: u64,
    /// The accounts whose totals it shows.
    pub accounts: Vec<AccountId>,
    /// Nothing was due that had not been expired, so the time did not matter.
    pub is_timeless: bool,
}

impl Basis {
    /// Of a page whose making begins now.
    pub(crate) fn at(event: u64) -> Self {
        Self { event, accounts: Vec::new(), is_timeless: true }
    }
}

/// A finished page.
#[derive(Debug)]
pub(crate) struct CachedPage {
    query: Query<'static>,
    basis: Basis,
    /// The event of the basis, in its history.
    as_of: AsOf,
    body: Bytes,
}

impl CachedPage {
    /// Whether the page would come out the same if it were made now. Takes some ns for each account that it shows.
    pub(crate) fn still_holds(&self, ledger: &Ledger, now: Micros) -> bool {
        let (state, event) = (ledger.state(), self.basis.event);
        state.roster_event() <= event
            && !ledger.is_due(now)
            && self.basis.accounts.iter().all(|account| state.account(*account).last_event() <= event)
    }

    /// What the page depends on, while it is valid: it may be sent when this is durable, however many events came after. Of another history it is
    /// not valid.
    pub(crate) fn as_of(&self) -> AsOf {
        self.as_of
    }

    /// The page as JSON.
    pub(crate) fn body(&self) -> Bytes {
        self.body.clone()
    }

    fn bytes(&self) -> usize {
        size_of::<Self>() + self.query.bytes() + size_of_val(&*self.basis.accounts) + self.body.len()
    }
}

/// The pages, the most recently requested first.
#[derive(Debug, Default)]
pub(crate) struct ListCache {
    kept: Mutex<Vec<Arc<CachedPage>>>,
}

impl ListCache {
    fn lock(&self) -> MutexGuard<'_, Vec<Arc<CachedPage>>> {
        // Nothing in here can panic half-way, so a poisoned lock is as good as any.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The page as it was made last; whether it still holds is to be seen.
    pub(crate) fn find(&self, query: &Query<'_>) -> Option<Arc<CachedPage>> {
        let mut pages = self.lock();
        let at = pages.iter().position(|kept| kept.query == *query)?;
        pages[..=at].rotate_right(1);
        pages.first().cloned()
    }

    /// Keeps a page in place of what was kept for the same query, if it is one that can be shown again.
    pub(crate) fn keep(&self, query: Query<'_>, mut basis: Basis, seen: AsOf, body: &Bytes) {
        if !basis.is_timeless || basis.accounts.len() > ACCOUNTS_MAX {
            return;
        }
        basis.accounts.shrink_to_fit();
        // A copy, since the buffer that a page is written into is larger than the page.
        let (query, as_of) = (query.into_owned(), seen.at(basis.event));
        let kept = Arc::new(CachedPage { query, basis, as_of, body: Bytes::copy_from_slice(body) });
        let mut pages = self.lock();
        pages.retain(|other| other.query != kept.query);
        pages.insert(0, kept);
        pages.truncate(PAGES_MAX);
        while pages.iter().map(|kept| kept.bytes()).sum::<usize>() > BYTES_MAX {
            pages.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(pages: &ListCache, from: &str, accounts: usize, is_timeless: bool, body: &[u8]) {
        let query = Query { prefix: "".into(), coin: None, with_closed: false, limit: 100, from: from.to_owned() };
        let basis = Basis { event: 1, accounts: vec![AccountId(0); accounts], is_timeless };
        pages.keep(query, basis, AsOf::NOTHING, &Bytes::copy_from_slice(body));
    }

    fn kept(pages: &ListCache) -> Vec<(String, Bytes)> {
        pages.lock().iter().map(|kept| (kept.query.from.clone(), kept.body())).collect()
    }

    #[test]
    fn pages_that_were_not_asked_for_lately_make_room() {
        let pages = ListCache::default();
        for number in 0..PAGES_MAX {
            keep(&pages, &format!("{number}"), 1, true, b"{}");
        }
        let first = pages.lock().last().unwrap().query.clone();
        assert!(pages.find(&first).is_some());
        keep(&pages, "new", 1, true, b"{}");
        let froms: Vec<String> = kept(&pages).into_iter().map(|(from, _)| from).collect();
        assert_eq!(froms.len(), PAGES_MAX);
        assert_eq!(froms[..2], ["new", "0"]);
        assert!(!froms.contains(&"1".to_owned()));
    }

    #[test]
    fn large_pages_make_room_by_their_bytes() {
        let pages = ListCache::default();
        let body = vec![b' '; BYTES_MAX / 4];
        for number in 0..10 {
            keep(&pages, &format!("{number}"), 1, true, &body);
            assert!(pages.lock().iter().map(|kept| kept.bytes()).sum::<usize>() <= BYTES_MAX);
        }
        assert_eq!(kept(&pages).len(), 3);
        keep(&pages, "too large", 1, true, &vec![b' '; BYTES_MAX]);
        assert_eq!(kept(&pages), []);
    }

    #[test]
    fn a_page_takes_the_place_of_the_one_before() {
        let pages = ListCache::default();
        keep(&pages, "", 1, true, b"1");
        keep(&pages, "", 1, true, b"2");
        assert_eq!(kept(&pages), [(String::new(), Bytes::from_static(b"2"))]);
    }

    #[test]
    fn pages_that_rest_on_the_time_or_on_too_much_are_not_kept() {
        let pages = ListCache::default();
        keep(&pages, "", 1, false, b"{}");
        keep(&pages, "", ACCOUNTS_MAX + 1, true, b"{}");
        assert_eq!(kept(&pages), []);
        keep(&pages, "", ACCOUNTS_MAX, true, b"{}");
        assert_eq!(kept(&pages).len(), 1);
    }
}
