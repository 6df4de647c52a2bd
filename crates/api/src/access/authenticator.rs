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
    /// Which requests are accepted while there is no key.
    without_keys: WithoutKeys,
    /// The last event when the keys were last taken over.
    as_of: AtomicU64,
    /// The engine's count of changes by other nodes that have been taken over.
    changes: AtomicU64,
    /// Locked while a key is made or revoked.
    turn: tokio::sync::Mutex<()>,
    failures: Mutex<HashMap<IpAddr, Failures>>,
    pub failures_total: AtomicU64,
}

/// Which requests are accepted while there is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WithoutKeys {
    /// All: an operator wants it so.
    Anybodys,
    /// Those of processes on this machine, which alone can reach the service; browsers on it must not be used to reach it from elsewhere.
    ThisMachines,
    /// None: other machines reach the service.
    Nobodys,
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
    pub(crate) fn new(engine: &Engine, without_keys: WithoutKeys) -> Result<Self, Unavailable> {
        let authenticator = Self {
            ring: RwLock::new(Vec::new()),
            has_no_keys: AtomicBool::new(true),
            without_keys,
            as_of: AtomicU64::new(0),
            changes: AtomicU64::new(0),
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
        self.without_keys == WithoutKeys::ThisMachines && self.has_no_keys()
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
        let read =
            engine.read(|ledger, _| ledger.state().api_keys().map(|(_, key)| key.clone()).collect::<Vec<_>>())?;
        self.as_of.store(read.seen.event, Ordering::Relaxed);
        let has_no_keys = read.value.is_empty();
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = read.value;
        self.has_no_keys.store(has_no_keys, Ordering::Release);
        Ok(())
    }

    /// Takes over the keys if other nodes of a group have changed any, or this one has taken back what it had decided.
    fn follow(&self, engine: &Engine) {
        let changes = engine.key_changes();
        if self.changes.load(Ordering::Acquire) != changes && self.reload(engine).is_ok() {
            self.changes.store(changes, Ordering::Release);
        }
    }

    /// Takes over the keys if they have changed in the ledger: in a group another node may make and revoke them.
    pub(crate) fn refresh(&self, engine: &Engine) -> Result<(), Unavailable> {
        let known = self.as_of.load(Ordering::Relaxed);
        let read = engine.read(|ledger, _| {
            let state = ledger.state();
            if state.last_event() == known {
                return false;
            }
            let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
            // A key changes in one way alone: it is revoked, once.
            !state.api_keys().map(|(_, key)| key.revoked_at).eq(ring.iter().map(|key| key.revoked_at))
        })?;
        if read.value {
            return self.reload(engine);
        }
        self.as_of.store(read.seen.event, Ordering::Relaxed);
        Ok(())
    }

    /// Whether a request may be passed on to another node, which will look at its key: what holds on this machine while there are no
    /// keys can only be seen here.
    ///
    /// # Errors
    /// It may not.
    pub(crate) fn guard(&self, head: &Head<'_>, peer: Peer) -> Result<(), Problem> {
        if self.asks_owner() { local::check(head, peer) } else { Ok(()) }
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
        self.follow(engine);
        if self.has_no_keys() {
            match self.without_keys {
                WithoutKeys::Anybodys => {}
                WithoutKeys::ThisMachines => local::check(head, peer).map_err(Rejected::without_delay)?,
                WithoutKeys::Nobodys if right.is_none() => {}
                WithoutKeys::Nobodys => {
                    // Another node may just have made the first one.
                    let _unavailable = self.refresh(engine);
                    if self.has_no_keys() {
                        return Err(Rejected::without_delay(local::no_keys_yet()));
                    }
                    return self.authorize(engine, head, peer, right);
                }
            }
            return Ok(Caller { key: 0, right: Right::Admin });
        }
        let Some(right) = right else { return Ok(Caller { key: 0, right: Right::Read }) };
        let caller = self
            .identify(engine, head.authorization)
            .or_else(|detail| self.identify_anew(engine, head.authorization, detail))
            .map_err(|detail| self.reject(peer.ip, detail))?;
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

    /// Looks at the key again, if there is one and the keys have changed in the ledger meanwhile: `detail` says what was wrong with it.
    fn identify_anew(
        &self,
        engine: &Engine,
        authorization: Option<&[u8]>,
        detail: &'static str,
    ) -> Result<Caller, &'static str> {
        if authorization.is_none() || self.refresh(engine).is_err() {
            return Err(detail);
        }
        self.identify(engine, authorization)
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
