//! Sending one request: resolve, check, connect, sign, send, and read the answer to a bound.
//!
//! A connection is made to addresses alone that were checked, and stays open between requests to one endpoint. There is no proxy, and a
//! redirect is an answer like any other that is no success.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{self, HeaderValue};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;

use crate::address::AddressPolicy;
use crate::signature::sign;
use crate::target::Target;

/// Making a connection, the name's resolution included, takes at most so long.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The rest of an answer, behind its head.
const BODY_TIMEOUT: Duration = Duration::from_secs(3);
/// Bytes of an answer that are read, and that are kept for people to look at.
const ANSWER_READ_MAX: usize = 16 * 1024;
const ANSWER_KEPT_MAX: usize = 1024;
/// A connection is used again within so long of its last request, and for so long in all: then the name is resolved anew.
const IDLE_MAX: Duration = Duration::from_secs(30);
const AGE_MAX: Duration = Duration::from_secs(300);

/// One request.
#[derive(Clone, Debug)]
pub struct Post<'a> {
    /// Where to.
    pub url: &'a str,
    /// What signs it, the newest first.
    pub secrets: &'a [Vec<u8>],
    /// Its `webhook-id`.
    pub id: &'a str,
    /// Its `webhook-timestamp`.
    pub timestamp: i64,
    /// Its body.
    pub body: Bytes,
}

/// What an endpoint answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// How long it asks to be left alone.
    pub retry_after: Option<Duration>,
    /// The first bytes of its body.
    pub body: String,
}

/// Sends requests. Tests have others.
pub trait Sender: Send + Sync + 'static {
    /// What stays between requests to one endpoint.
    type Line: Default + Send;

    /// Sends a request and returns the answer.
    ///
    /// # Errors
    /// There was none: why, in words.
    fn post(&self, line: &mut Self::Line, post: &Post<'_>) -> impl Future<Output = Result<Answer, String>> + Send;
}

/// Sends requests over HTTP/1.1.
pub struct HttpSender {
    policy: AddressPolicy,
    tls: TlsConnector,
    timeout: Duration,
    user_agent: HeaderValue,
}

impl std::fmt::Debug for HttpSender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpSender")
            .field("policy", &self.policy)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// What stays between requests to one endpoint.
#[derive(Debug, Default)]
pub struct Line {
    open: Option<Open>,
    /// A resolution that goes on although nobody waits for it any more: there is at most one for each endpoint.
    lookup: Option<(String, JoinHandle<io::Result<Vec<SocketAddr>>>)>,
}

/// An open connection.
#[derive(Debug)]
struct Open {
    requests: SendRequest<Full<Bytes>>,
    target: Target,
    opened: Instant,
    used: Instant,
    task: JoinHandle<()>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl HttpSender {
    /// An endpoint has `timeout` for the head of its answer.
    ///
    /// # Errors
    /// In words: TLS can't be set up.
    pub fn new(policy: AddressPolicy, timeout: Duration, version: &str) -> Result<Self, String> {
        let mut config = tocos_http::tls_config()?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let user_agent = HeaderValue::try_from(format!("tocos/{version}"));
        let user_agent = user_agent.unwrap_or_else(|_| HeaderValue::from_static("tocos"));
        Ok(Self { policy, tls: TlsConnector::from(Arc::new(config)), timeout, user_agent })
    }

    async fn exchange(&self, line: &mut Line, target: &Target, post: &Post<'_>) -> Result<Answer, String> {
        let fits =
            |open: &Open| open.target == *target && open.used.elapsed() < IDLE_MAX && open.opened.elapsed() < AGE_MAX;
        let mut has_connected = false;
        let mut open = match line.open.take().filter(fits).filter(|open| !open.requests.is_closed()) {
            Some(open) => open,
            None => {
                has_connected = true;
                self.connect(line, target).await?
            }
        };
        let request = self.request(target, post)?;
        let response = match open.requests.send_request(request.clone()).await {
            // It was closed meanwhile, as servers close connections that were idle.
            Err(error) if !has_connected && (error.is_canceled() || error.is_incomplete_message()) => {
                open = self.connect(line, target).await?;
                open.requests.send_request(request).await
            }
            result => result,
        };
        let response = response.map_err(|error| format!("there was no complete answer: {error}"))?;
        let (answer, is_whole) = read(response).await;
        if is_whole {
            open.used = Instant::now();
            line.open = Some(open);
        }
        Ok(answer)
    }

    fn request(&self, target: &Target, post: &Post<'_>) -> Result<Request<Full<Bytes>>, String> {
        let secrets = post.secrets.iter().map(Vec::as_slice);
        let signature = sign(secrets, post.id, post.timestamp, &post.body);
        Request::post(target.path.as_str())
            .header(header::HOST, target.authority.as_str())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, self.user_agent.clone())
            .header("webhook-id", post.id)
            .header("webhook-timestamp", post.timestamp)
            .header("webhook-signature", signature)
            .body(Full::new(post.body.clone()))
            .map_err(|error| format!("the request can't be made: {error}"))
    }

    async fn connect(&self, line: &mut Line, target: &Target) -> Result<Open, String> {
        let connecting = async {
            let addresses = self.addresses(line, target).await?;
            let socket = first_that_answers(&addresses).await?;
            // A small request goes out at once.
            socket.set_nodelay(true).map_err(|error| error.to_string())?;
            if !target.is_https {
                return handshake(socket).await;
            }
            let name = match &target.host {
                Ok(name) => ServerName::try_from(name.clone()).map_err(|error| error.to_string())?,
                Err(address) => ServerName::from(*address),
            };
            let tls = self.tls.connect(name, socket).await.map_err(|error| format!("TLS failed: {error}"))?;
            handshake(tls).await
        };
        let connected = timeout(CONNECT_TIMEOUT, connecting).await;
        let (requests, task) =
            connected.map_err(|_| format!("no connection within {} s", CONNECT_TIMEOUT.as_secs()))??;
        let now = Instant::now();
        Ok(Open { requests, target: target.clone(), opened: now, used: now, task })
    }

    /// The addresses of a host. If one of them may not be connected to, none may: a name that leads to this network is no public one.
    async fn addresses(&self, line: &mut Line, target: &Target) -> Result<Vec<SocketAddr>, String> {
        let addresses = match &target.host {
            Err(address) => vec![SocketAddr::new(*address, target.port)],
            Ok(name) => resolve(line, name, target.port).await?,
        };
        for address in addresses.iter().map(SocketAddr::ip) {
            self.policy.check(address).map_err(|words| match &target.host {
                Ok(name) => format!("the address of {name}, {words}"),
                Err(_) => format!("the address {words}"),
            })?;
        }
        Ok(addresses)
    }
}

impl Sender for HttpSender {
    type Line = Line;

    async fn post(&self, line: &mut Line, post: &Post<'_>) -> Result<Answer, String> {
        let target = Target::parse(post.url, &self.policy).map_err(|error| error.to_string())?;
        match timeout(self.timeout, self.exchange(line, &target, post)).await {
            Ok(result) => result,
            Err(_) => Err(format!("no answer within {:.0} s", self.timeout.as_secs_f64())),
        }
    }
}

/// Asks the operating system, on a thread that may wait.
async fn resolve(line: &mut Line, name: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
    let going_on = line.lookup.take().filter(|(asked, _)| asked == name).map(|(_, lookup)| lookup);
    let lookup = going_on.unwrap_or_else(|| {
        let asked = (name.to_owned(), port);
        tokio::task::spawn_blocking(move || {
            std::net::ToSocketAddrs::to_socket_addrs(&(asked.0.as_str(), asked.1)).map(Iterator::collect)
        })
    });
    let (_, lookup) = line.lookup.insert((name.to_owned(), lookup));
    let resolved = lookup.await;
    line.lookup = None;
    let resolved = resolved.map_err(|error| format!("{name} can't be resolved: {error}"))?;
    let mut addresses = resolved.map_err(|error| format!("{name} can't be resolved: {error}"))?;
    if addresses.is_empty() {
        return Err(format!("{name} has no address"));
    }
    // The port may be another URL's of the same name.
    addresses.iter_mut().for_each(|address| address.set_port(port));
    Ok(addresses)
}

async fn first_that_answers(addresses: &[SocketAddr]) -> Result<TcpStream, String> {
    let mut said = String::new();
    for address in addresses {
        // Each has a part of the time.
        let part = CONNECT_TIMEOUT / u32::try_from(addresses.len()).unwrap_or(u32::MAX).min(4);
        said = match timeout(part, TcpStream::connect(address)).await {
            Ok(Ok(socket)) => return Ok(socket),
            Ok(Err(error)) => format!("{address} can't be connected to: {error}"),
            Err(_) => format!("{address} can't be connected to in time"),
        };
    }
    Err(said)
}

/// A connection's requests, and the task that carries it.
type Carried = (SendRequest<Full<Bytes>>, JoinHandle<()>);

async fn handshake(socket: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Result<Carried, String> {
    let mut builder = http1::Builder::new();
    // The head of an answer is bounded too.
    builder.max_buf_size(64 * 1024);
    let (requests, connection) =
        builder.handshake(TokioIo::new(socket)).await.map_err(|error| format!("the connection failed: {error}"))?;
    let task = tokio::spawn(async move {
        // Whoever waits for an answer is told the same.
        let _ended = connection.await;
    });
    Ok((requests, task))
}

/// An answer, and whether it was read to its end. Its status counts, whatever becomes of the rest.
async fn read(response: Response<Incoming>) -> (Answer, bool) {
    let status = response.status().as_u16();
    let seconds =
        response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let mut body = response.into_body();
    let (mut kept, mut length) = (Vec::new(), 0);
    let reading = async {
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else { return false };
            let Some(data) = frame.data_ref() else { continue };
            let room = ANSWER_KEPT_MAX.saturating_sub(kept.len()).min(data.len());
            kept.extend_from_slice(&data[..room]);
            length += data.len();
            if length > ANSWER_READ_MAX {
                return false;
            }
        }
        true
    };
    let is_whole = timeout(BODY_TIMEOUT, reading).await.unwrap_or(false);
    let answer = Answer {
        status,
        retry_after: seconds.map(Duration::from_secs),
        body: String::from_utf8_lossy(&kept).into_owned(),
    };
    (answer, is_whole)
}
