//! The trait that a handler of requests implements for the server.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use hyper::http::request::Parts;

use crate::body::{self, RequestBody};
use crate::error::Error;
use crate::head::Head;
use crate::peer::Peer;
use crate::plain::{Parsed, Plain, no_lines, parse};
use crate::request_id::RequestId;
use crate::response::Response;
use crate::tracker::Connection;

/// Answers requests.
pub trait Service: Send + Sync + 'static {
    /// Ready when a response may be sent. What it fails with is sent instead.
    type Ready: Future<Output = Result<(), Response>> + Send + 'static;

    /// Answers a small request that has come as a whole.
    fn call(self: &Arc<Self>, request: &Request<'_>) -> Reply<Self::Ready>;

    /// Answers any request. One whose head is at fault may only be refused.
    fn call_owned(
        self: Arc<Self>,
        request: OwnedRequest,
        head: Result<(), Error>,
    ) -> impl Future<Output = Response> + Send;

    /// The response to what the server itself refuses.
    fn refuse(&self, error: &Error) -> Response;

    /// Whether [`Peer::is_stranger`] matters for connections that begin now: finding it out reads the list of
    /// all sockets of the machine.
    fn asks_owner(&self) -> bool {
        false
    }
}

/// The handler's reply to a small request.
pub enum Reply<R> {
    /// With this response, once it may be sent.
    When(R, Response),
    /// With the result of this future.
    Later(Pin<Box<dyn Future<Output = Response> + Send>>),
    /// By [`Service::call_owned`] on hyper, which notices when the client goes away.
    HandOver,
}

impl<R> fmt::Debug for Reply<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::When(..) => "When",
            Self::Later(_) => "Later",
            Self::HandOver => "HandOver",
        })
    }
}

/// A small request that has arrived completely, borrowed from the connection's buffer.
#[derive(Debug)]
pub struct Request<'r> {
    /// Target and headers.
    pub head: &'r Head<'r>,
    /// `None` if it did not come in time.
    pub body: Option<&'r [u8]>,
    /// Its request id.
    pub id: &'r RequestId,
    /// When it began to be answered.
    pub started: Instant,
    /// Who is at the other end.
    pub peer: Peer,
    pub(crate) plain: &'r Plain<'r, 'r>,
    /// Head and body as they came.
    pub(crate) bytes: &'r [u8],
    pub(crate) connection: &'r Arc<Connection>,
}

impl Request<'_> {
    /// An owned copy. `None` if hyper would not accept its head: the caller must then return [`Reply::HandOver`].
    #[must_use]
    pub fn to_owned(&self) -> Option<OwnedRequest> {
        Some(OwnedRequest {
            parts: self.plain.parts()?,
            body: RequestBody::Whole(Bytes::copy_from_slice(self.body.unwrap_or_default())),
            id: *self.id,
            started: self.started,
            peer: self.peer,
            connection: Arc::clone(self.connection),
        })
    }

    /// A copy that is cheap to make, for the rare case that the request has to be answered a second time.
    #[must_use]
    pub fn keep(&self) -> KeptRequest {
        KeptRequest {
            bytes: Bytes::copy_from_slice(self.bytes),
            id: *self.id,
            started: self.started,
            peer: self.peer,
            connection: Arc::clone(self.connection),
        }
    }
}

/// The bytes of a small request, from [`Request::keep`].
#[derive(Debug)]
pub struct KeptRequest {
    bytes: Bytes,
    id: RequestId,
    started: Instant,
    peer: Peer,
    connection: Arc<Connection>,
}

impl KeptRequest {
    /// The request. `None` if hyper would not accept its head.
    #[must_use]
    pub fn into_owned(self) -> Option<OwnedRequest> {
        let mut lines = no_lines();
        let Parsed::Plain(plain) = parse(&self.bytes, &mut lines) else { return None };
        let body = self.bytes.slice(plain.head_bytes.min(self.bytes.len())..);
        Some(OwnedRequest {
            parts: plain.parts()?,
            body: RequestBody::Whole(body),
            id: self.id,
            started: self.started,
            peer: self.peer,
            connection: self.connection,
        })
    }
}

/// A request that owns its data. Its body may not have arrived yet.
#[derive(Debug)]
pub struct OwnedRequest {
    /// Method, target, headers.
    pub parts: Parts,
    /// What it is called.
    pub id: RequestId,
    /// When it began to be answered.
    pub started: Instant,
    /// Who is at the other end.
    pub peer: Peer,
    pub(crate) body: RequestBody,
    pub(crate) connection: Arc<Connection>,
}

impl OwnedRequest {
    /// Target and headers.
    #[must_use]
    pub fn head(&self) -> Head<'_> {
        Head::of(&self.parts)
    }

    /// The same request with this body, which was read from it before.
    #[must_use]
    pub fn again(&self, body: Bytes) -> Self {
        Self {
            parts: self.parts.clone(),
            id: self.id,
            started: self.started,
            peer: self.peer,
            body: RequestBody::Whole(body),
            connection: Arc::clone(&self.connection),
        }
    }

    /// Reads the body as a whole, once; afterwards it is empty.
    ///
    /// # Errors
    /// It is larger than `bytes_max`, comes too slowly, breaks off, or large bodies take too much together.
    pub async fn read_body(&mut self, bytes_max: usize) -> Result<Bytes, Error> {
        body::read(&self.connection, self.parts.version, &mut self.body, bytes_max).await
    }
}
