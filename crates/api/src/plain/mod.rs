//! The short way of plain requests: HTTP/1.1, a body of known length that is small, nothing asked of the connection.
//! That is what programs send all day, and hyper's generality costs as much as the transfer itself.
//!
//! Whatever else comes, hyper gets, from its first byte on, and the connection with it.

mod parse;
mod respond;

use std::future::{Future, poll_fn};
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use hyper::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::answer::Answer;
use crate::app::App;
use crate::body::{self, RequestBody};
use crate::connection::WatchedStream;
use crate::gate::TurnedAway;
use crate::peer::Peer;
use crate::problem::Problem;
use crate::request::{Asked, Call, Decided, InHand, settled};
use crate::route::{self, Answering, Run, Surface};
use crate::router;
use crate::watch::{Watched, Working};
use parse::{LINES_MAX, Parsed, Plain};
use respond::Out;

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
pub(crate) async fn serve(app: &Arc<App>, peer: Peer, watched: &Arc<Watched>, stream: &mut WatchedStream) -> Next {
    let mut unread = BytesMut::with_capacity(READ_BYTES);
    let is_handed_over = {
        let connection = Connection { app, peer, watched, stream, unread: &mut unread, out: Out::default() };
        let mut serving = std::pin::pin!(connection.serve());
        poll_fn(|context| {
            watched.register(context.waker());
            if watched.should_end() {
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

struct Connection<'a> {
    app: &'a Arc<App>,
    peer: Peer,
    watched: &'a Arc<Watched>,
    stream: &'a mut WatchedStream,
    /// What has come and was not answered yet.
    unread: &'a mut BytesMut,
    out: Out,
}

/// Why what has come can't be answered, or not yet.
enum Lacks {
    Head,
    /// The request ends behind so many bytes.
    Body(usize),
    Plainness,
}

/// A request that is being answered.
struct Begun<'a> {
    in_hand: InHand<'a>,
    working: Working,
    rest: Rest,
}

/// The status of an answer, and whether an earlier request got the same.
type Noted = (StatusCode, bool);

/// What is still missing until it is answered.
enum Rest {
    /// The answer was put down already, and may be sent when event `seen` is on the disk.
    Settle {
        seen: u64,
        noted: Result<Noted, Problem>,
    },
    TurnAway(TurnedAway),
    Answer(Answering),
}

impl Rest {
    const fn refuse(problem: Problem) -> Self {
        Self::Settle { seen: 0, noted: Err(problem) }
    }
}

impl<'a> Connection<'a> {
    /// Serves until the end of the connection, or until something else comes, which is told.
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
            Poll::Pending if self.unread.is_empty() && self.watched.should_finish() => Poll::Ready(Ok(false)),
            other => other.map_ok(|count| count > 0),
        })
        .await
    }

    /// Reads until there are so many bytes, and tells whether that took too long; nothing if there will not be so many.
    async fn read_body(&mut self, end: usize) -> io::Result<Option<bool>> {
        let _working = self.watched.request(false, true);
        self.watched.await_body();
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
        self.watched.got_body(matches!(is_late, Ok(Some(false))));
        is_late
    }

    /// Nothing when it has taken too long.
    fn poll_read_in_time(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Option<usize>>> {
        match self.poll_read(context) {
            Poll::Pending if self.watched.is_body_late() => Poll::Ready(Ok(None)),
            other => other.map_ok(Some),
        }
    }

    /// Begins to answer the request that has come, if it has come as a whole, or is too late to do so.
    fn begin(&mut self, is_late: bool) -> Result<Begun<'a>, Lacks> {
        let mut lines = [httparse::EMPTY_HEADER; LINES_MAX];
        let plain = match parse::parse(self.unread, &mut lines) {
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
        let Some(begun) = begin(self.app, self.peer, self.watched, &plain, body, &mut self.out) else {
            return Err(Lacks::Plainness);
        };
        self.unread.advance(end.min(self.unread.len()));
        Ok(begun)
    }

    /// Sends the answer when it may be told; true when the connection ends with it.
    async fn finish(&mut self, begun: Begun<'_>) -> io::Result<bool> {
        let Begun { in_hand, working, rest } = begun;
        let noted = match rest {
            Rest::Settle { seen, noted } => settled(self.app.engine.durable(seen)).await.and(noted),
            Rest::TurnAway(turned_away) => Err(turned_away.slowly().await),
            Rest::Answer(answering) => answering.await.and_then(|answer| put(&mut self.out, answer, &in_hand)),
        };
        let mut ends = false;
        match noted {
            Ok((status, replayed)) => in_hand.done(status, replayed),
            Err(problem) => {
                self.out.clear();
                self.out.problem(&problem, &in_hand.id, in_hand.started());
                in_hand.refused(&problem);
                ends = problem.closes;
            }
        }
        if !ends && (self.watched.should_finish() || self.watched.leaves_unread()) {
            ends = true;
            self.out.say_close();
        }
        drop((in_hand, working));
        self.stream.write_all(&self.out.bytes).await?;
        self.out.clear();
        if ends {
            self.stream.shutdown().await?;
        }
        Ok(ends)
    }
}

/// Begins to answer a request; without its body only to refuse it. Nothing comes of what is hyper's to answer.
fn begin<'a>(
    app: &'a Arc<App>,
    peer: Peer,
    watched: &Arc<Watched>,
    plain: &Plain<'_, '_>,
    body: Option<&[u8]>,
    out: &mut Out,
) -> Option<Begun<'a>> {
    let routes = router::routes(Surface::Public);
    let found = route::find(routes, plain.head.method, plain.head.path);
    let place = found.as_ref().ok().map(|(at, _)| *at);
    let working = watched.request(false, body.is_none());
    let in_hand = InHand::begin(app, Surface::Public, place, plain.head.request_id);
    let (handler, params) = match found {
        Ok((at, params)) => (&routes[at].handler, params),
        Err(problem) => return Some(Begun { in_hand, working, rest: Rest::refuse(problem) }),
    };
    let rest = match (app.gate.admit(&app.engine, &plain.head, peer, handler.right()), body) {
        (Err(turned_away), _) => Rest::TurnAway(turned_away),
        (Ok(_), None) => Rest::refuse(body::too_slow()),
        (Ok(caller), Some(body)) => {
            let asked = Asked { app, caller, head: plain.head, params: &params, body };
            let mut settle = |decided: Result<Decided, Problem>| match decided {
                Ok(Decided { seen, outcome }) => {
                    Rest::Settle { seen, noted: outcome.and_then(|answer| put(out, answer, &in_hand)) }
                }
                Err(problem) => Rest::refuse(problem),
            };
            let later = |run: fn(Call) -> Answering| {
                let (app, watched, params) = (Arc::clone(app), Arc::clone(watched), params.clone());
                let body = RequestBody::Whole(Bytes::copy_from_slice(body));
                Some(Rest::Answer(run(Call { app, caller, parts: plain.parts()?, params, body, watched })))
            };
            match handler.run() {
                Run::AtOnce(at_once) => settle(at_once.decide(&asked)),
                Run::AtOnceOrLater(glance, run) => match glance(&asked) {
                    Some(decided) => settle(Ok(decided)),
                    None => later(run)?,
                },
                Run::Later(run) => later(run)?,
                Run::Lasting(_) => return None,
            }
        }
    };
    Some(Begun { in_hand, working, rest })
}

fn put(out: &mut Out, answer: Answer, in_hand: &InHand<'_>) -> Result<Noted, Problem> {
    let noted = (answer.status, answer.replayed);
    out.answer(answer, &in_hand.id, in_hand.started())?;
    Ok(noted)
}
