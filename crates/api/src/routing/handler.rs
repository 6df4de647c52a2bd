//! Who responds to a route: one operation of the ledger, or anything else.

use std::future::Future;
use std::pin::Pin;

use tocos_ledger::Right;

use super::fields::Field;
use super::reading::Undecided;
use super::request::{AsyncRequest, Outcome, SyncRequest};
use super::write::{self, Write};
use crate::app::Limits;
use crate::rendering::{Code, Problem, Response};

/// A response in progress.
pub(crate) type ResponseFuture = Pin<Box<dyn Future<Output = Result<Response, Problem>> + Send>>;

/// Responds from memory, without waiting.
pub(crate) type SyncHandler = fn(&SyncRequest<'_>) -> Result<Outcome, Problem>;

/// Responds from memory if the response is there; all else, problems too, is for the async handler.
pub(crate) type CachedHandler = fn(&SyncRequest<'_>) -> Option<Outcome>;

/// Responds after waiting for whatever it takes.
pub(crate) type AsyncHandler = fn(AsyncRequest) -> ResponseFuture;

/// How large a body may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyLimit {
    /// As large as that of any request.
    Request,
    /// As large as that of a batch.
    Batch,
}

impl BodyLimit {
    /// In bytes.
    pub(crate) fn bytes_max(self, limits: &Limits) -> usize {
        match self {
            Self::Request => limits.body_bytes_max,
            Self::Batch => limits.batch_bytes_max,
        }
    }
}

/// How a response is made.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Run {
    /// From memory, without waiting for anything but the disk at the end.
    Sync(SyncHandler),
    /// From the cache if the response is there, else asynchronously.
    Cached(CachedHandler, AsyncHandler),
    /// Asynchronously.
    Async(AsyncHandler),
    /// Asynchronously, by the node that leads its group: any other node passes the request on to it.
    Leading(BodyLimit, AsyncHandler),
    /// For as long as the client is connected: a disconnect must be noticed.
    Streaming(AsyncHandler),
}

/// Who responds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Handler {
    /// One operation of the ledger.
    Write(&'static Write),
    /// Anything else.
    Other(&'static Endpoint),
}

impl Handler {
    /// What a key must be allowed to do; `None` needs no key.
    pub(crate) const fn right(&self) -> Option<Right> {
        match self {
            Self::Write(write) => Some(write.right),
            Self::Other(endpoint) => endpoint.right,
        }
    }

    /// How large the body may be, if only the node that leads its group can respond.
    pub(crate) const fn leading(&self) -> Option<BodyLimit> {
        match self {
            Self::Write(_) => Some(BodyLimit::Request),
            Self::Other(Endpoint { run: Run::Leading(limit, _), .. }) => Some(*limit),
            Self::Other(_) => None,
        }
    }

    /// How the response is made, from a request that is there as a whole.
    pub(crate) fn respond(&self, request: &SyncRequest<'_>) -> Result<Outcome, Later> {
        match self {
            Self::Write(write) => match write::decide(write, request) {
                Ok(outcome) => Ok(outcome),
                Err(Undecided::Problem(problem)) => Ok(Outcome::refused(problem)),
                Err(Undecided::Elsewhere(events)) => Err(Later::Elsewhere(events)),
            },
            Self::Other(endpoint) => match endpoint.run {
                Run::Sync(handler) => Ok(handler(request).unwrap_or_else(Outcome::refused)),
                Run::Cached(cached, _) => cached(request).ok_or(Later::Run(endpoint.run)),
                run => Err(Later::Run(run)),
            },
        }
    }
}

/// What has to be done before there is a response.
#[derive(Debug)]
pub(crate) enum Later {
    /// The endpoint does it.
    Run(Run),
    /// These events have to be brought; then the operation can be decided.
    Elsewhere(Vec<u64>),
}

/// What responds to a request that is not one operation.
#[derive(Debug)]
pub(crate) struct Endpoint {
    /// What a key must be allowed to do; `None` needs no key.
    pub right: Option<Right>,
    /// The fields allowed in the path and in the query.
    pub query: &'static [Field],
    /// The fields allowed in the body.
    pub body: &'static [Field],
    /// Makes the response.
    pub run: Run,
    /// What it does in a few words, for the documentation: its heading, and what generated clients say first.
    pub summary: &'static str,
    /// Sentences for the documentation.
    pub about: &'static str,
    /// The name of the response's schema in the documentation.
    pub schema: &'static str,
    /// Why it may be refused, apart from what holds for every request.
    pub refusals: &'static [Code],
}
