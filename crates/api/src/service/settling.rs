//! Responses that are there and may not be sent yet: what they depend on is not durable.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::StatusCode;
use tocos_engine::{Durable, Unavailable};
use tocos_http::{KeptRequest, Reply};

use super::delivery::Delivered;
use super::exchange::{Exchange, as_of};
use super::local::Local;
use crate::rendering::Problem;
use crate::routing::{Outcome, unavailable_problem};

/// A response that may be sent when everything it depends on is durable. With `again`, the request is answered once more if this
/// node loses the lead of its group before.
pub(super) fn when(exchange: Exchange, outcome: Outcome, again: Option<Again>) -> Reply<Settling> {
    let durable = exchange.app().engine.durable(outcome.seen.unwrap_or_default());
    let (mut response, result) = match outcome.response {
        Ok(response) => {
            let result = Ok((response.status, response.replayed));
            (response.into_http(), result)
        }
        Err(problem) => (problem.to_http(), Err(problem)),
    };
    response.number = as_of(outcome.seen.map(|seen| seen.event));
    Reply::When(Settling { durable, exchange, result, again }, response)
}

/// Waits until everything that a response depends on is durable, and counts it then.
#[derive(Debug)]
pub(super) struct Settling {
    durable: Durable,
    exchange: Exchange,
    /// Status, and whether an earlier request got the same.
    result: Result<(StatusCode, bool), Problem>,
    /// For a request of a group that may be answered a second time.
    again: Option<Again>,
}

/// A request that may be answered once more.
pub(super) enum Again {
    /// As it came.
    Kept(Box<(KeptRequest, Local)>),
    /// It is being answered once more.
    Running(Pin<Box<dyn Future<Output = Delivered> + Send>>),
    /// It could not be kept, or is done.
    Done,
}

impl Again {
    pub(super) fn new(request: KeptRequest, local: Local) -> Self {
        Self::Kept(Box::new((request, local)))
    }

    /// Begins to answer once more.
    fn begin(&mut self) {
        *self = match std::mem::replace(self, Self::Done) {
            Self::Kept(kept) => {
                let (request, local) = *kept;
                request.into_owned().map_or(Self::Done, |http| Self::Running(Box::pin(local.serve_again(http))))
            }
            other => other,
        };
    }
}

impl std::fmt::Debug for Again {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Kept(..) => "Kept",
            Self::Running(_) => "Running",
            Self::Done => "Done",
        })
    }
}

impl Future for Settling {
    type Output = Result<(), tocos_http::Response>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if let Some(Again::Running(running)) = &mut this.again {
            let delivered = ready!(running.as_mut().poll(context));
            return Poll::Ready(Err(this.exchange.deliver(delivered)));
        }
        match ready!(Pin::new(&mut this.durable).poll(context)) {
            Ok(()) => {
                match &this.result {
                    Ok((status, replayed)) => this.exchange.succeeded(*status, *replayed),
                    Err(problem) => this.exchange.refused(problem),
                }
                Poll::Ready(Ok(()))
            }
            Err(unavailable) => {
                if matches!(unavailable, Unavailable::LeadershipLost | Unavailable::Storage { .. })
                    && let Some(again) = &mut this.again
                {
                    again.begin();
                    if let Again::Running(running) = again {
                        let delivered = ready!(running.as_mut().poll(context));
                        return Poll::Ready(Err(this.exchange.deliver(delivered)));
                    }
                }
                Poll::Ready(Err(this.exchange.end(Err(unavailable_problem(&unavailable)), None)))
            }
        }
    }
}
