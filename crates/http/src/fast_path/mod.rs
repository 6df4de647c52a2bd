//! The fast path for plain requests: HTTP/1.1, a small body of known length, no special handling of the connection.
//! Most requests are plain, and for those hyper takes as much processor time as the transfer itself.
//!
//! Any other request is passed to hyper, from its first byte on, together with its connection.

mod out;

use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::error::Error;
use crate::peer::Peer;
use crate::plain::{Parsed, no_lines, parse};
use crate::request_id::{RequestId, RequestIds};
use crate::response::Response;
use crate::service::{Reply, Request, Service};
use crate::stream::TrackedStream;
use crate::tracker::{ActiveRequest, Connection};
pub(crate) use out::Out;

/// Bytes that are read at once.
const READ_BYTES: usize = 4 * 1024;
/// A head of so many bytes that is not complete is not plain.
const HEAD_BYTES_MAX: usize = 8 * 1024;
/// Larger bodies are hyper's: they are counted while they come.
const BODY_BYTES_MAX: usize = 16 * 1024;

/// What becomes of a connection.
#[derive(Debug)]
pub(crate) enum Next {
    End,
    /// What comes is not plain. It begins with these bytes, which were read already.
    HandOver(Bytes),
}

/// Serves a connection for as long as its requests are plain.
pub(crate) async fn serve<S: Service>(
    service: &Arc<S>,
    ids: &RequestIds,
    peer: Peer,
    connection: &Arc<Connection>,
    stream: &mut TrackedStream,
) -> Next {
    let mut unread = BytesMut::with_capacity(READ_BYTES);
    let is_handed_over = {
        let path = FastPath { service, ids, peer, connection, stream, unread: &mut unread, out: Out::default() };
        let mut serving = std::pin::pin!(path.serve());
        poll_fn(|context| {
            connection.register(context.waker());
            if connection.should_end() {
                return Poll::Ready(Ok(false));
            }
            serving.as_mut().poll(context)
        })
        .await
        // What goes wrong on the wire is the client's to notice.
        .unwrap_or(false)
    };
    if is_handed_over { Next::HandOver(unread.freeze()) } else { Next::End }
}

struct FastPath<'a, S> {
    service: &'a Arc<S>,
    ids: &'a RequestIds,
    peer: Peer,
    connection: &'a Arc<Connection>,
    stream: &'a mut TrackedStream,
    /// Bytes that were received and not handled yet.
    unread: &'a mut BytesMut,
    out: Out,
}

/// Why the received bytes can't be handled, or not yet.
enum Lacks {
    Head,
    /// The request ends after this many bytes.
    Body(usize),
    Plainness,
}

/// A request in progress.
struct Begun<R> {
    id: RequestId,
    started: Instant,
    active: ActiveRequest,
    rest: Rest<R>,
}

/// What is missing until its response can be sent.
enum Rest<R> {
    /// The response was put down already, and may be sent when this is ready.
    Ready(R, EndsConnection),
    Response(Pin<Box<dyn Future<Output = Response> + Send>>),
    /// The service made a response that can't be given here.
    Fault(Error),
}

/// Whether a response says that the connection ends with it.
type EndsConnection = bool;

impl<'a, S: Service> FastPath<'a, S> {
    /// Serves until the end of the connection (false), or until something that hyper must handle (true).
    async fn serve(mut self) -> io::Result<bool> {
        loop {
            match self.begin(false) {
                Err(Lacks::Plainness) => return Ok(true),
                Err(Lacks::Head) => {
                    if !self.read_head().await? {
                        self.stream.shutdown().await?;
                        return Ok(false);
                    }
                }
                Err(Lacks::Body(end)) => {
                    let Some(is_late) = self.read_body(end).await? else { return Ok(true) };
                    if is_late && let Ok(begun) = self.begin(true) {
                        self.finish(begun).await?;
                        return Ok(false);
                    }
                }
                Ok(begun) => {
                    if self.finish(begun).await? {
                        return Ok(false);
                    }
                }
            }
        }
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.unread.reserve(READ_BYTES);
        std::pin::pin!(self.stream.read_buf(self.unread)).poll(context)
    }

    /// Reads more of a head; false when there will be none.
    async fn read_head(&mut self) -> io::Result<bool> {
        poll_fn(|context| match self.poll_read(context) {
            Poll::Pending if self.unread.is_empty() && self.connection.should_finish() => Poll::Ready(Ok(false)),
            other => other.map_ok(|count| count > 0),
        })
        .await
    }

    /// Reads until there are `end` bytes, and returns whether that took too long; `None` if the client sends fewer.
    async fn read_body(&mut self, end: usize) -> io::Result<Option<bool>> {
        let _active = self.connection.begin_request(false, true);
        self.connection.await_body();
        let is_late = poll_fn(|context| {
            loop {
                match ready!(self.poll_read_in_time(context))? {
                    None => return Poll::Ready(Ok(Some(true))),
                    Some(0) => return Poll::Ready(Ok(None)),
                    Some(_) if self.unread.len() >= end => return Poll::Ready(Ok(Some(false))),
                    Some(_) => {}
                }
            }
        })
        .await;
        self.connection.got_body(matches!(is_late, Ok(Some(false))));
        is_late
    }

    /// Nothing when it has taken too long.
    fn poll_read_in_time(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Option<usize>>> {
        match self.poll_read(context) {
            Poll::Pending if self.connection.is_body_late() => Poll::Ready(Ok(None)),
            other => other.map_ok(Some),
        }
    }

    /// Begins to handle the received request, if it is complete or too late.
    fn begin(&mut self, is_late: bool) -> Result<Begun<S::Ready>, Lacks> {
        let mut lines = no_lines();
        let plain = match parse(self.unread, &mut lines) {
            Parsed::Partial if self.unread.len() < HEAD_BYTES_MAX => return Err(Lacks::Head),
            Parsed::Partial | Parsed::Other => return Err(Lacks::Plainness),
            Parsed::Plain(plain) if plain.body_bytes > BODY_BYTES_MAX => return Err(Lacks::Plainness),
            Parsed::Plain(plain) => plain,
        };
        let end = plain.head_bytes + plain.body_bytes;
        let body = match self.unread.get(plain.head_bytes..end) {
            Some(body) => Some(body),
            None if is_late => None,
            None => return Err(Lacks::Body(end)),
        };
        let active = self.connection.begin_request(false, body.is_none());
        let id = RequestId::of(plain.head.request_id, self.ids);
        let started = Instant::now();
        let (head, connection) = (&plain.head, self.connection);
        let bytes = &self.unread[..end.min(self.unread.len())];
        let request = Request { head, body, id: &id, started, peer: self.peer, plain: &plain, bytes, connection };
        let rest = match self.service.call(&request) {
            Reply::When(ready, response) => {
                let ends = response.closes;
                match self.out.put(response, &id, started) {
                    Ok(()) => Rest::Ready(ready, ends),
                    Err(error) => Rest::Fault(error),
                }
            }
            Reply::Later(response) => Rest::Response(response),
            Reply::HandOver => return Err(Lacks::Plainness),
        };
        self.unread.advance(end.min(self.unread.len()));
        Ok(Begun { id, started, active, rest })
    }

    /// Sends the response when it may be sent; true when the connection ends with it.
    async fn finish(&mut self, begun: Begun<S::Ready>) -> io::Result<bool> {
        let Begun { id, started, active, rest } = begun;
        let mut ends = match rest {
            Rest::Ready(ready, ends) => match ready.await {
                Ok(()) => ends,
                Err(response) => {
                    self.out.clear();
                    self.put(response, &id, started)
                }
            },
            Rest::Response(response) => {
                let response = response.await;
                self.put(response, &id, started)
            }
            Rest::Fault(error) => self.put_fault(&error, &id, started),
        };
        if !ends && (self.connection.should_finish() || self.connection.leaves_unread()) {
            ends = true;
            self.out.say_close();
        }
        drop(active);
        self.stream.write_all(self.out.bytes()).await?;
        self.out.clear();
        if ends {
            self.stream.shutdown().await?;
        }
        Ok(ends)
    }

    fn put(&mut self, response: Response, id: &RequestId, started: Instant) -> EndsConnection {
        let ends = response.closes;
        match self.out.put(response, id, started) {
            Ok(()) => ends,
            Err(error) => self.put_fault(&error, id, started),
        }
    }

    /// Puts down that the service is at fault.
    fn put_fault(&mut self, error: &Error, id: &RequestId, started: Instant) -> EndsConnection {
        let mut response = self.service.refuse(error);
        response.closes = true;
        // If even this has no length, the connection ends without a word.
        let _put = self.out.put(response, id, started);
        true
    }
}
