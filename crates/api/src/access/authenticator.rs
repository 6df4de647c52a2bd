//! API keys and their rights: authentication and authorisation of requests.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use subtle::ConstantTimeEq;
use tocos_engine::{Engine, Unavailable};
use tocos_http::{Head, Peer, visible};
use tocos_ledger::{ApiKey, Right};

use super::caller::Caller;
use super::local;
use super::secret::hash_of;
use crate::rendering::{Code, Problem};

/// Failures of one address within this time count together.
const MEMORY: Duration = Duration::from_secs(60);
/// From this many failures on, an address gets 429.
const FAILURES_MAX: u32 = 20;
/// Addresses whose failures are remembered.
const ADDRESSES_MAX: usize = 1_024;
const DELAY_FIRST: Duration = Duration::from_millis(50);
const DELAY_MAX: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(crate) struct Authenticator {
    /// The keys, each at its id less one.
    ring: RwLock<Vec<ApiKey>>,
    /// No key was ever made: every accepted request has all rights.
    has_no_keys: AtomicBool,
    /// Only reachable from this machine, so browsers on it must not be used to reach it from elsewhere.
    guards_browsers: bool,
    /// Locked while a key is made or revoked.
    turn: tokio::sync::Mutex<()>,
    failures: Mutex<HashMap<IpAddr, Failures>>,
    pub failures_total: AtomicU64,
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Instant,
}

/// A request that was not authorized.
#[derive(Debug)]
pub(crate) struct Rejected {
    problem: Problem,
    delay: Duration,
}

impl Rejected {
    fn without_delay(problem: Problem) -> Self {
        Self { problem, delay: Duration::ZERO }
    }

    /// The problem, after a delay that grows with each failure.
    pub(crate) async fn after_delay(self) -> Problem {
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        self.problem
    }
}

impl Authenticator {
    /// With the keys of a ledger.
    pub(crate) fn new(engine: &Engine, guards_browsers: bool) -> Result<Self, Unavailable> {
        let authenticator = Self {
            ring: RwLock::new(Vec::new()),
            has_no_keys: AtomicBool::new(true),
            guards_browsers,
            turn: tokio::sync::Mutex::new(()),
            failures: Mutex::new(HashMap::new()),
            failures_total: AtomicU64::new(0),
        };
        authenticator.reload(engine)?;
        Ok(authenticator)
    }

    /// Whether no key was ever made.
    pub(crate) fn has_no_keys(&self) -> bool {
        self.has_no_keys.load(Ordering::Acquire)
    }

    /// Whether it matters which user a connection comes from.
    pub(crate) fn asks_owner(&self) -> bool {
        self.guards_browsers && self.has_no_keys()
    }

    /// Waits for one's turn to make or revoke a key.
    pub(crate) async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// Whether no permanent admin key would be left if this one were revoked.
    pub(crate) fn is_last_admin(&self, id: u16) -> bool {
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        let lasting = |key: &ApiKey| key.right == Right::Admin && key.revoked_at.is_none() && key.expires_at.is_none();
        let is_lasting = usize::from(id).checked_sub(1).and_then(|at| ring.get(at)).is_some_and(lasting);
        is_lasting && ring.iter().filter(|key| lasting(key)).count() == 1
    }

    /// Takes over the keys as they are now in the ledger.
    pub(crate) fn reload(&self, engine: &Engine) -> Result<(), Unavailable> {
        let keys: Vec<ApiKey> =
            engine.read(|ledger, _| ledger.state().api_keys().map(|(_, key)| key.clone()).collect())?.value;
        let has_no_keys = keys.is_empty();
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = keys;
        self.has_no_keys.store(has_no_keys, Ordering::Release);
        Ok(())
    }

    /// Authorizes a request for `right`; `None` takes no key.
    ///
    /// # Errors
    /// No valid key, or one without this right.
    pub(crate) fn authorize(
        &self,
        engine: &Engine,
        head: &Head<'_>,
        peer: Peer,
        right: Option<Right>,
    ) -> Result<Caller, Rejected> {
        if self.has_no_keys() {
            if self.guards_browsers {
                local::check(head, peer).map_err(Rejected::without_delay)?;
            }
            return Ok(Caller { key: 0, right: Right::Admin });
        }
        let Some(right) = right else { return Ok(Caller { key: 0, right: Right::Read }) };
        let caller = self.identify(engine, head.authorization).map_err(|detail| self.reject(peer.ip, detail))?;
        caller.require(right).map_err(Rejected::without_delay)?;
        Ok(caller)
    }

    fn identify(&self, engine: &Engine, authorization: Option<&[u8]>) -> Result<Caller, &'static str> {
        const WANTED: &str = "This takes an API key: Authorization: Bearer tocos_...";
        const UNKNOWN: &str = "This API key is not known, has expired or was revoked. Use another key.";
        let value = authorization.and_then(visible).ok_or(WANTED)?;
        let (scheme, token) = value.split_once(' ').ok_or(WANTED)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(WANTED);
        }
        let (id, secret) = token.trim().strip_prefix("tocos_").and_then(|rest| rest.split_once('_')).ok_or(UNKNOWN)?;
        let id: u16 = id.parse().map_err(|_| UNKNOWN)?;
        let hash = hash_of(secret);
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        let key = usize::from(id).checked_sub(1).and_then(|at| ring.get(at)).ok_or(UNKNOWN)?;
        if !bool::from(key.hash.ct_eq(&hash)) || key.revoked_at.is_some() {
            return Err(UNKNOWN);
        }
        if let Some(expires_at) = key.expires_at {
            let now = engine.read(|_, now| now).map_err(|_| UNKNOWN)?.value;
            if expires_at <= now {
                return Err(UNKNOWN);
            }
        }
        Ok(Caller { key: id, right: key.right })
    }

    /// Counts a failure and says how long its response is to take.
    fn reject(&self, peer: Option<IpAddr>, detail: &'static str) -> Rejected {
        self.failures_total.fetch_add(1, Ordering::Relaxed);
        let count = peer.map_or(1, |peer| self.count(peer, Instant::now()));
        let delay = (DELAY_FIRST * 2u32.saturating_pow(count.saturating_sub(1).min(16))).min(DELAY_MAX);
        let problem = if count > FAILURES_MAX {
            let detail = format!("{detail} There were {count} requests without a valid key from this address.");
            Problem::new(Code::TooManyRequests, detail).retry_after_s(MEMORY.as_secs() as u32)
        } else {
            Problem::new(Code::Unauthenticated, detail)
        };
        Rejected { problem, delay }
    }

    fn count(&self, peer: IpAddr, now: Instant) -> u32 {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= ADDRESSES_MAX {
            failures.retain(|_, other| now.duration_since(other.last) < MEMORY);
            if failures.len() >= ADDRESSES_MAX {
                // Attacked from everywhere: all are forgotten rather than growing without bounds.
                failures.clear();
            }
        }
        let entry = failures.entry(peer).or_insert(Failures { count: 0, last: now });
        if now.duration_since(entry.last) >= MEMORY {
            entry.count = 0;
        }
        entry.count += 1;
        entry.last = now;
        entry.count
    }
}
