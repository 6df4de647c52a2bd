//! The client of the API: one request after another, with retries where they are safe and may succeed.
//! Knows HTTP and the shape of problems; what the responses mean is for the commands.

mod agent;
mod problem;

use std::cell::Cell;
use std::fmt;
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBuilder};
use ureq::http::HeaderMap;
use ureq::{Agent, Body};

pub(crate) use self::agent::{AgentOptions, agent, reason};
pub(crate) use self::problem::Problem;
use crate::usage::Usage;

/// The largest response that is read, in bytes: a page of 1,000 entries with full metadata fits.
const ANSWER_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// How long one try may take from the first byte sent to the last byte read.
const TRY_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a simple command goes on asking a server that is busy or has lost the connection.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Why there is no response of success.
#[derive(Debug)]
pub(crate) enum ClientError {
    /// The server refused the request. Retrying it unchanged won't help.
    Refused(Box<Problem>),
    /// The server said that it can't work at the moment, and kept saying so.
    Unavailable(Box<Problem>),
    /// A server is there, and its certificate is not valid or not trusted. Nothing was sent, and retrying won't help.
    Untrusted {
        /// The server's address.
        url: String,
        /// Why, in words.
        reason: String,
    },
    /// No response came: no server there, or the connection broke.
    Unreachable {
        /// The server's address.
        url: String,
        /// What happened, in words.
        reason: String,
        /// Whether the request may have arrived before the connection broke.
        maybe_sent: bool,
    },
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(problem) | Self::Unavailable(problem) => problem.fmt(f),
            Self::Untrusted { url, reason } => write!(f, "the server at {url} is not trusted: {reason}"),
            Self::Unreachable { url, reason, maybe_sent: false } => write!(
                f,
                "no server answers at {url}: {reason}. Is it running (`tocos serve`)? Set another address with --url or TOCOS_URL"
            ),
            Self::Unreachable { url, reason, maybe_sent: true } => {
                write!(f, "the connection to {url} was lost before the response: {reason}")
            }
        }
    }
}

impl std::error::Error for ClientError {}

/// A response of success.
#[derive(Debug)]
pub(crate) struct Response {
    /// The body as it came.
    pub body: Vec<u8>,
    /// The operation had been applied before, under the same key.
    pub replayed: bool,
    /// How many tries it took; more than one means that an earlier try may have been applied.
    pub tries: u32,
    /// The event that it is as of, if the server says so.
    pub event: Option<u64>,
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    method: &'static str,
    path: String,
    query: String,
    body: Option<(Vec<u8>, &'static str)>,
    idempotency_key: Option<String>,
    timeout: Duration,
    once: bool,
    by_leader: bool,
}

impl Request {
    /// A question that changes nothing.
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::new("GET", path.into())
    }

    /// A write with POST.
    pub(crate) fn post(path: impl Into<String>) -> Self {
        Self::new("POST", path.into())
    }

    /// A write with PUT.
    pub(crate) fn put(path: impl Into<String>) -> Self {
        Self::new("PUT", path.into())
    }

    /// A write with DELETE.
    pub(crate) fn delete(path: impl Into<String>) -> Self {
        Self::new("DELETE", path.into())
    }

    fn new(method: &'static str, path: String) -> Self {
        Self {
            method,
            path,
            query: String::new(),
            body: None,
            idempotency_key: None,
            timeout: TRY_TIMEOUT,
            once: false,
            by_leader: false,
        }
    }

    /// Adds a query parameter.
    pub(crate) fn query(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.query.push(if self.query.is_empty() { '?' } else { '&' });
        self.query.push_str(name);
        self.query.push('=');
        self.query.push_str(&encoded(&value.to_string()));
        self
    }

    /// Adds a query parameter if there is a value.
    pub(crate) fn query_if(self, name: &str, value: Option<impl fmt::Display>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// Sends a JSON body.
    pub(crate) fn json(mut self, body: &serde_json::Value) -> Self {
        self.body = Some((body.to_string().into_bytes(), "application/json"));
        self
    }

    /// Sends bytes as they are.
    pub(crate) fn bytes(mut self, body: Vec<u8>, content_type: &'static str) -> Self {
        self.body = Some((body, content_type));
        self
    }

    /// Names the operation permanently, so that it is applied once, however often it is sent.
    pub(crate) fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    /// Sends it only once: for what no key makes safe to repeat.
    pub(crate) fn once(mut self) -> Self {
        self.once = true;
        self
    }

    /// Has it answered by the leader, where several nodes serve the ledger.
    pub(crate) fn by_leader(mut self) -> Self {
        self.by_leader = true;
        self
    }

    /// Allows one try this much time.
    pub(crate) fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

/// Told before each wait: why, and how long it will be.
type Notify = Box<dyn Fn(&ClientError, Duration) + Send>;

/// A client of one server.
pub(crate) struct Client {
    agent: Agent,
    url: String,
    key: Option<String>,
    patience: Duration,
    reached: Cell<bool>,
    notify: Notify,
}

impl Client {
    /// A client of the server at `url`.
    ///
    /// # Errors
    /// The address is none of http:// or https://, or the key is not valid in a header.
    pub(crate) fn new(url: &str, key: Option<String>, options: AgentOptions<'_>) -> anyhow::Result<Self> {
        let url = url.trim_end_matches('/');
        let scheme = url.split_once("://").map(|(scheme, _)| scheme);
        if !matches!(scheme, Some("http" | "https")) {
            return Err(Usage(format!("--url: `{url}` is not an address like http://127.0.0.1:8080")).into());
        }
        if key.as_deref().is_some_and(|key| key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic())) {
            return Err(Usage("--key: an API key is printable ASCII without spaces, like tocos_...".to_owned()).into());
        }
        Ok(Self {
            agent: agent(url, options)?,
            url: url.to_owned(),
            key,
            patience: PATIENCE,
            reached: Cell::new(false),
            notify: Box::new(|_, _| {}),
        })
    }

    /// Goes on asking for this long where asking again may help, and says so each time.
    pub(crate) fn patient(
        mut self,
        patience: Duration,
        notify: impl Fn(&ClientError, Duration) + Send + 'static,
    ) -> Self {
        self.patience = patience;
        self.notify = Box::new(notify);
        self
    }

    /// Sends a request, again and again while that may help: reads and named writes are safe to repeat.
    ///
    /// # Errors
    /// What the server refused, or that there is no server able to response.
    pub(crate) fn send(&self, request: &Request) -> Result<Response, ClientError> {
        let started = Instant::now();
        let mut delays = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(100))
            .with_max_delay(Duration::from_secs(5))
            .without_max_times()
            .with_jitter()
            .build();
        let mut tries = 0;
        loop {
            tries += 1;
            let (error, wait) = match self.try_once(request) {
                Ok(response) => return Ok(Response { tries, ..response }),
                Err(failed) => failed,
            };
            let delay = match wait {
                _ if request.once => return Err(error),
                Wait::Pointless => return Err(error),
                Wait::AsTold(delay) => delay,
                Wait::AsUsual => delays.next().unwrap_or(self.patience),
            };
            if started.elapsed() + delay > self.patience {
                return Err(error);
            }
            (self.notify)(&error, delay);
            std::thread::sleep(delay);
        }
    }

    fn try_once(&self, request: &Request) -> Result<Response, (ClientError, Wait)> {
        let mut response = self.transmit(request).map_err(|error| self.lost(&error))?;
        self.reached.set(true);
        let status = response.status().as_u16();
        let replayed = response.headers().get("idempotency-replayed").is_some_and(|value| value == "true");
        let wait = wait_after(status, response.headers());
        let event = response.headers().get("tocos-event").and_then(|event| event.to_str().ok()?.parse().ok());
        let body = response
            .body_mut()
            .with_config()
            .limit(ANSWER_BYTES_MAX)
            .read_to_vec()
            .map_err(|error| self.lost(&error))?;
        match status {
            200..=299 => Ok(Response { body, replayed, tries: 1, event }),
            429 | 500..=599 => Err((ClientError::Unavailable(Box::new(Problem::new(status, body))), wait)),
            _ => Err((ClientError::Refused(Box::new(Problem::new(status, body))), Wait::Pointless)),
        }
    }

    fn transmit(&self, request: &Request) -> Result<ureq::http::Response<Body>, ureq::Error> {
        let mut builder = ureq::http::Request::builder()
            .method(request.method)
            .uri(format!("{}{}{}", self.url, request.path, request.query))
            .header("accept", "application/json");
        if let Some(key) = &self.key {
            builder = builder.header("authorization", format!("Bearer {key}"));
        }
        if request.by_leader {
            builder = builder.header("tocos-read", "leader");
        }
        if let Some(key) = &request.idempotency_key {
            builder = builder.header("idempotency-key", key);
        }
        match &request.body {
            None if request.method == "GET" => self.run(builder.body(())?, request.timeout),
            None => self.run(builder.body(&[] as &[u8])?, request.timeout),
            Some((body, content_type)) => {
                self.run(builder.header("content-type", *content_type).body(body.as_slice())?, request.timeout)
            }
        }
    }

    fn run<S: ureq::AsSendBody>(
        &self,
        request: ureq::http::Request<S>,
        timeout: Duration,
    ) -> Result<ureq::http::Response<Body>, ureq::Error> {
        let request = self.agent.configure_request(request).timeout_global(Some(timeout)).build();
        self.agent.run(request)
    }

    /// A connection that failed is worth another try if it was there before: the server may be starting anew.
    fn lost(&self, error: &ureq::Error) -> (ClientError, Wait) {
        let reason = reason(error);
        if reason.untrusted {
            return (ClientError::Untrusted { url: self.url.clone(), reason: reason.words }, Wait::Pointless);
        }
        let wait = if reason.hopeless || (reason.never_connected && !self.reached.get()) {
            Wait::Pointless
        } else {
            Wait::AsUsual
        };
        let error = ClientError::Unreachable {
            url: self.url.clone(),
            reason: reason.words,
            maybe_sent: !reason.never_connected && !reason.hopeless,
        };
        (error, wait)
    }
}

/// When to retry.
enum Wait {
    Pointless,
    AsUsual,
    AsTold(Duration),
}

fn wait_after(status: u16, headers: &HeaderMap) -> Wait {
    if !matches!(status, 429 | 502 | 503 | 504) {
        return Wait::Pointless;
    }
    let told = headers.get("retry-after").and_then(|value| value.to_str().ok()?.trim().parse().ok());
    told.map_or(Wait::AsUsual, |seconds| Wait::AsTold(Duration::from_secs(seconds)))
}

/// A piece of a path or query with everything escaped that could mean something there.
pub(crate) fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b':') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// A random idempotency key, for an operation that was given none.
pub(crate) fn fresh_key() -> anyhow::Result<String> {
    let mut random = [0_u8; 16];
    getrandom::fill(&mut random).map_err(|error| anyhow::anyhow!("the system gives no random bytes: {error}"))?;
    let hex: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("cli-{hex}"))
}
