//! Who may come in: API keys and their rights, and what holds while there are none.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use subtle::ConstantTimeEq;
use tocos_engine::{Engine, Unavailable};
use tocos_ledger::{ApiKey, Right};

use crate::head::{Head, visible};
use crate::peer::Peer;
use crate::problem::{Code, Problem};
use crate::render::right_word;

/// Who asks, and what they may do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    /// The id of their key; 0 without one.
    pub key: u16,
    /// What the key allows.
    pub right: Right,
}

impl Caller {
    /// What this caller may not do is a problem.
    pub(crate) fn require(self, right: Right) -> Result<(), Problem> {
        if self.right >= right {
            return Ok(());
        }
        let (have, need) = (right_word(self.right), right_word(right));
        let detail =
            format!("API key {} has the right {have}, and this takes the right {need}. Use another key.", self.key);
        Err(Problem::new(Code::Forbidden, detail))
    }
}

/// Failures of one address within this time count together.
const MEMORY: Duration = Duration::from_secs(60);
/// From this many failures on, an address is told to wait.
const FAILURES_MAX: u32 = 20;
/// Addresses whose failures are remembered.
const ADDRESSES_MAX: usize = 1_024;
const DELAY_FIRST: Duration = Duration::from_millis(50);
const DELAY_MAX: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(crate) struct Gate {
    /// The keys, each at its id less one.
    ring: RwLock<Vec<ApiKey>>,
    /// No key was ever made: everybody who gets here may do everything.
    is_open: AtomicBool,
    /// Only reachable from this machine, so browsers on it must not be used to reach it from elsewhere.
    guards_browsers: bool,
    /// Held by whoever makes or revokes a key.
    turn: tokio::sync::Mutex<()>,
    failures: Mutex<HashMap<IpAddr, Failures>>,
    pub failures_total: AtomicU64,
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Instant,
}

/// Nobody with a valid key.
#[derive(Debug)]
pub(crate) struct TurnedAway {
    problem: Problem,
    delay: Duration,
}

impl TurnedAway {
    fn at_once(problem: Problem) -> Self {
        Self { problem, delay: Duration::ZERO }
    }

    /// The problem, after a delay that grows with each failure.
    pub(crate) async fn slowly(self) -> Problem {
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        self.problem
    }
}

/// What is kept of a secret. It has 256 random bits, so a fast hash is as good as a slow one.
pub(crate) fn hash_of(secret: &str) -> [u8; 32] {
    *blake3::hash(secret.as_bytes()).as_bytes()
}

impl Gate {
    /// A gate with the keys of a ledger.
    pub(crate) fn new(engine: &Engine, guards_browsers: bool) -> Result<Self, Unavailable> {
        let gate = Self {
            ring: RwLock::new(Vec::new()),
            is_open: AtomicBool::new(true),
            guards_browsers,
            turn: tokio::sync::Mutex::new(()),
            failures: Mutex::new(HashMap::new()),
            failures_total: AtomicU64::new(0),
        };
        gate.reload(engine)?;
        Ok(gate)
    }

    /// Whether no key was ever made.
    pub(crate) fn is_open(&self) -> bool {
        self.is_open.load(Ordering::Acquire)
    }

    /// Whether it matters which user a connection comes from.
    pub(crate) fn asks_owner(&self) -> bool {
        self.guards_browsers && self.is_open()
    }

    /// Waits for one's turn to make or revoke a key.
    pub(crate) async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// Whether nobody could make keys for good any more if this one were revoked.
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
        let is_open = keys.is_empty();
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = keys;
        self.is_open.store(is_open, Ordering::Release);
        Ok(())
    }

    /// Lets a request in, or turns it away. `right` is what it takes; `None` lets everybody in.
    pub(crate) fn admit(
        &self,
        engine: &Engine,
        head: &Head<'_>,
        peer: Peer,
        right: Option<Right>,
    ) -> Result<Caller, TurnedAway> {
        if self.is_open() {
            if self.guards_browsers {
                check_local(head, peer).map_err(TurnedAway::at_once)?;
            }
            return Ok(Caller { key: 0, right: Right::Admin });
        }
        let Some(right) = right else { return Ok(Caller { key: 0, right: Right::Read }) };
        let caller = self.identify(engine, head.authorization).map_err(|detail| self.failed(peer.ip, detail))?;
        caller.require(right).map_err(TurnedAway::at_once)?;
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

    /// Counts a failure and says how long its answer is to take.
    fn failed(&self, peer: Option<IpAddr>, detail: &'static str) -> TurnedAway {
        self.failures_total.fetch_add(1, Ordering::Relaxed);
        let count = peer.map_or(1, |peer| self.count(peer, Instant::now()));
        let delay = (DELAY_FIRST * 2u32.saturating_pow(count.saturating_sub(1).min(16))).min(DELAY_MAX);
        let problem = if count > FAILURES_MAX {
            let detail = format!("{detail} There were {count} requests without a valid key from this address.");
            Problem::new(Code::TooManyRequests, detail).retry_after_s(MEMORY.as_secs() as u32)
        } else {
            Problem::new(Code::Unauthenticated, detail)
        };
        TurnedAway { problem, delay }
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

/// Without keys anything on this machine may ask, but no page in a browser on it: neither one that posts here from
/// another site, nor one whose name was made to lead here.
fn check_local(head: &Head<'_>, peer: Peer) -> Result<(), Problem> {
    if peer.is_stranger {
        let detail = "Without API keys this service answers only processes of the user that it runs as, and of root. Make a \
                      key as one of them with `tocos key create --right admin`, and send it.";
        return Err(Problem::new(Code::Forbidden, detail));
    }
    if head.is_forwarded {
        let detail = "A proxy passed this request on, and without API keys this service would be open to whoever \
                      reaches the proxy. Make a key with `tocos key create --right admin`, and send it.";
        return Err(Problem::new(Code::Forbidden, detail));
    }
    let authority = head.authority.and_then(visible).unwrap_or_default();
    if !authority.is_empty() && !is_loopback_name(authority) {
        let detail = "Without API keys this service answers only to names of this machine, such as localhost. \
                      Make a key, or start it with --allow-unauthenticated.";
        return Err(Problem::new(Code::Forbidden, detail));
    }
    let Some(origin) = head.origin else { return Ok(()) };
    let same = visible(origin).and_then(|origin| origin.split_once("://")).is_some_and(|(_, host)| host == authority);
    if same {
        return Ok(());
    }
    let detail = "Without API keys this service takes no requests from pages of other sites. Make a key.";
    Err(Problem::new(Code::Forbidden, detail))
}

fn is_loopback_name(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host.eq_ignore_ascii_case("localhost")
        || host.to_ascii_lowercase().ends_with(".localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
