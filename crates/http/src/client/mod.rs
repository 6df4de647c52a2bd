//! Passing requests on to another server, over connections that stay open between requests.
//!
//! What matters to those who pass a write on is whether the other server may have seen it: [`SendError`] says so.

use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::header::{CONNECTION, HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Request, StatusCode, Uri, Version};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::{Semaphore, mpsc};

use crate::request_id::{REQUEST_ID, RequestId};

/// How long making a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Connections are closed after so long without a request: well before the server closes them, so that no request is sent into a
/// connection that is being closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// Requests on their way at a time, each on a connection of its own: others wait, rather than using up the server's connections.
const REQUESTS_MAX: usize = 512;
/// Chunks of a stream that were received and not passed on.
const CHUNKS_MAX: usize = 4;

/// Headers that are about one connection (RFC 9110, 7.6.1), or that each connection sets anew.
const OF_THE_CONNECTION: [&str; 16] = [
    "connection",
    "content-length",
    "date",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    // These are not of the connection, and set anew all the same.
    "content-type",
    "x-request-id",
];

/// What TLS to other servers trusts: the authorities of the operating system and the public ones.
///
/// # Errors
/// In words: TLS can't be set up.
pub fn tls_config() -> Result<ClientConfig, String> {
    config_trusting(rustls_native_certs::load_native_certs().certs)
}

fn config_trusting(authorities: Vec<CertificateDer<'_>>) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(authorities);
    roots.add_parsable_certificates(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned());
    let config = ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS can't be set up: {error}"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}

/// Sends requests to other servers. Clones of what it does share its connections.
#[derive(Debug)]
pub struct Client {
    client: legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    turns: Semaphore,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendError {
    /// The request was not sent: the server has certainly not seen it.
    NotSent(String),
    /// The server may have seen the request.
    Cut(String),
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSent(reason) => write!(f, "the request could not be sent: {reason}"),
            Self::Cut(reason) => write!(f, "the connection broke before the answer was complete: {reason}"),
        }
    }
}

impl std::error::Error for SendError {}

/// What a server answered; its body is still to be read.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    headers: HeaderMap,
    body: Incoming,
}

impl Client {
    /// A client without connections. For `https` it trusts the authorities of the operating system and the public ones.
    ///
    /// # Errors
    /// In words: TLS can't be set up.
    pub fn new() -> Result<Self, String> {
        Self::trusting(rustls_native_certs::load_native_certs().certs)
    }

    /// Likewise, with these authorities and the public ones.
    fn trusting(authorities: Vec<CertificateDer<'_>>) -> Result<Self, String> {
        let tls = config_trusting(authorities)?;
        let mut sockets = HttpConnector::new();
        sockets.enforce_http(false);
        sockets.set_nodelay(true);
        sockets.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().wrap_connector(sockets);
        let client = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .build(connector);
        Ok(Self { client, turns: Semaphore::new(REQUESTS_MAX) })
    }

    /// Sends the request with this head and body to the server at `url`, with the headers that are not about the client's connection,
    /// the request id, and one more header.
    ///
    /// # Errors
    /// [`SendError`] if there is no answer.
    pub async fn send(
        &self,
        url: &str,
        head: &Parts,
        id: &RequestId,
        more: (HeaderName, HeaderValue),
        body: Bytes,
    ) -> Result<Answer, SendError> {
        let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
        let uri: Uri = format!("{}{target}", url.trim_end_matches('/'))
            .parse()
            .map_err(|error| SendError::NotSent(format!("{url} is no URL: {error}")))?;
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = head.method.clone();
        *request.uri_mut() = uri;
        *request.version_mut() = Version::HTTP_11;
        let headers = request.headers_mut();
        headers.extend(passed_on(&head.headers).map(|(name, value)| (name.clone(), value.clone())));
        if let Some(content_type) = head.headers.get(hyper::header::CONTENT_TYPE) {
            headers.insert(hyper::header::CONTENT_TYPE, content_type.clone());
        }
        headers.insert(REQUEST_ID, id.header_value());
        headers.insert(more.0, more.1);
        let _turn = self.turns.acquire().await.map_err(|closed| SendError::NotSent(closed.to_string()))?;
        let (parts, body) = self.client.request(request).await.map_err(|error| send_error(&error))?.into_parts();
        Ok(Answer { status: parts.status, headers: parts.headers, body })
    }
}

impl Answer {
    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&HeaderValue> {
        self.headers.get(name)
    }

    /// The headers that are not about the connection, without those that the server sets for each of its responses.
    #[must_use]
    pub fn headers(&self) -> Vec<(HeaderName, HeaderValue)> {
        passed_on(&self.headers).map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// Reads the body as a whole.
    ///
    /// # Errors
    /// [`SendError::Cut`] if it breaks off or is larger than `bytes_max`.
    pub async fn whole(self, bytes_max: usize) -> Result<Bytes, SendError> {
        let mut body = self.body;
        let expected = usize::try_from(body.size_hint().lower()).unwrap_or(0).min(bytes_max);
        let mut whole = BytesMut::with_capacity(expected);
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| SendError::Cut(in_words(&error)))?;
            let Ok(chunk) = frame.into_data() else { continue };
            if whole.len() + chunk.len() > bytes_max {
                return Err(SendError::Cut(format!("the answer has more than {bytes_max} bytes")));
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.freeze())
    }

    /// The body in chunks as they come. It ends where the connection breaks.
    #[must_use]
    pub fn chunks(self) -> mpsc::Receiver<Bytes> {
        let (chunks, receiver) = mpsc::channel(CHUNKS_MAX);
        let mut body = self.body;
        tokio::spawn(async move {
            loop {
                let frame = tokio::select! {
                    frame = body.frame() => frame,
                    () = chunks.closed() => return,
                };
                let Some(Ok(frame)) = frame else { return };
                let Ok(chunk) = frame.into_data() else { continue };
                if chunks.send(chunk).await.is_err() {
                    return;
                }
            }
        });
        receiver
    }
}

/// The headers that are passed on.
fn passed_on(headers: &HeaderMap) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
    let named: Vec<String> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    headers.iter().filter(move |(name, _)| {
        !OF_THE_CONNECTION.contains(&name.as_str()) && !named.iter().any(|named| named == name.as_str())
    })
}

/// What a failed try means for the request.
fn send_error(error: &legacy::Error) -> SendError {
    use std::error::Error;
    let source = error.source().and_then(|source| source.downcast_ref::<hyper::Error>());
    // hyper cancels only what it has not begun to send; and without a connection nothing was sent either.
    let is_unsent =
        error.is_connect() || error.connect_info().is_none() || source.is_some_and(hyper::Error::is_canceled);
    let reason = in_words(error);
    if is_unsent { SendError::NotSent(reason) } else { SendError::Cut(reason) }
}

/// An error with what caused it.
fn in_words(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_words = cause.to_string();
        if !words.ends_with(&cause_words) {
            words.push_str(": ");
            words.push_str(&cause_words);
        }
        source = cause.source();
    }
    words
}

#[cfg(test)]
mod tests;
