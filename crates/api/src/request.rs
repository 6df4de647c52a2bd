//! One request from its head to its answer.

use std::convert::Infallible;
use std::str;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use hyper::body::{Body, Incoming};
use hyper::http::request::Parts;
use hyper::{Request, Response, StatusCode, Version};
use tocos_engine::{Durable, EventError, Seen, Unavailable};
use tocos_ledger::{Ledger, Micros, Refusal};

use crate::answer::{Answer, AnswerBody, problem_response};
use crate::app::App;
use crate::body::{self, RequestBody};
use crate::fields::{Field, Fields, percent_decoded};
use crate::gate::Caller;
use crate::head::{self, Head, REQUEST_ID, RequestId};
use crate::metrics::InFlight;
use crate::peer::Peer;
use crate::problem::{Code, Problem};
use crate::route::{self, Handler, Params, Run, Surface};
use crate::router;
use crate::spans::RequestSpan;
use crate::watch::Watched;

/// A request whose answer may take a while: it owns what it was made of.
#[derive(Debug)]
pub(crate) struct Call {
    pub app: Arc<App>,
    pub caller: Caller,
    pub parts: Parts,
    pub params: Params,
    pub body: RequestBody,
    pub watched: Arc<Watched>,
}

impl Call {
    pub(crate) fn head(&self) -> Head<'_> {
        Head::of(&self.parts)
    }

    /// Path and query against the list of what may stand there.
    pub(crate) fn fields(&self, list: &'static [Field]) -> Result<Fields<'_>, Problem> {
        read_fields(list, &self.params, self.parts.uri.path(), self.parts.uri.query())
    }

    /// The body as a whole.
    pub(crate) async fn read_body(&mut self, bytes_max: usize) -> Result<Bytes, Problem> {
        body::read(&self.app, &self.watched, self.parts.version, &mut self.body, bytes_max).await
    }
}

/// A request that is answered from memory, at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub app: &'a App,
    pub caller: Caller,
    pub head: Head<'a>,
    pub params: &'a Params,
    pub body: &'a [u8],
}

impl<'a> Asked<'a> {
    /// As [`Call::fields`].
    pub(crate) fn fields(&self, list: &'static [Field]) -> Result<Fields<'a>, Problem> {
        read_fields(list, self.params, self.head.path, self.head.query)
    }
}

fn read_fields<'a>(
    list: &'static [Field],
    params: &'a Params,
    path: &'a str,
    query: Option<&'a str>,
) -> Result<Fields<'a>, Problem> {
    let mut fields = Fields::new(list);
    set_path(&mut fields, params, path)?;
    fields.read_query(query.unwrap_or_default())?;
    fields.check_complete()?;
    Ok(fields)
}

/// What such a request came to. It may be told when event `seen` is on the disk.
#[derive(Debug)]
pub(crate) struct Decided {
    pub seen: u64,
    pub outcome: Result<Answer, Problem>,
}

/// Sets what the path names.
pub(crate) fn set_path<'a>(fields: &mut Fields<'a>, params: &'a Params, path: &'a str) -> Result<(), Problem> {
    for (name, text) in params.iter(path) {
        let text = percent_decoded(text, false).map_err(|reason| Problem::invalid(name, reason))?;
        fields.set_from_path(name, text)?;
    }
    Ok(())
}

/// Waits until what an answer rests on is on the disk.
pub(crate) async fn settled(durable: Durable) -> Result<(), Problem> {
    durable.await.map_err(|unavailable| unavailable_problem(&unavailable))
}

/// Looks at the ledger, shortly: it is locked meanwhile. What was seen is given when it is on the disk.
pub(crate) async fn look<R>(app: &App, look: impl FnOnce(&Ledger, Micros) -> R) -> Result<R, Problem> {
    let seen = read(app, look)?;
    settled(app.engine.durable(seen.seen)).await?;
    Ok(seen.value)
}

/// Looks at the ledger likewise, and leaves the waiting to the caller.
pub(crate) fn read<R>(app: &App, look: impl FnOnce(&Ledger, Micros) -> R) -> Result<Seen<R>, Problem> {
    app.engine.read(look).map_err(|unavailable| unavailable_problem(&unavailable))
}

/// Reads from the log, on a thread that may wait for the disk.
pub(crate) async fn from_disk<R: Send + 'static>(
    read: impl FnOnce() -> Result<R, EventError> + Send + 'static,
) -> Result<R, Problem> {
    match tokio::task::spawn_blocking(read).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(event_problem(&error)),
        Err(_panicked) => {
            Err(Problem::new(Code::InternalError, "Reading the log failed. The service's log says more."))
        }
    }
}

/// An event could not be read.
pub(crate) fn event_problem(error: &EventError) -> Problem {
    match error {
        EventError::NotFound { event } => Problem::from(&Refusal::EventNotFound { event: *event }),
        EventError::Unreadable { .. } => Problem::new(Code::StorageUnavailable, format!("{error}.")),
    }
}

/// The ledger can't answer.
pub(crate) fn unavailable_problem(unavailable: &Unavailable) -> Problem {
    let code = match unavailable {
        Unavailable::Storage { .. } => Code::StorageUnavailable,
        Unavailable::ShuttingDown => Code::ShuttingDown,
    };
    Problem::new(code, unavailable.to_string()).retry_after_s(2)
}

/// A request that is being answered: its name, and what is counted of it.
#[derive(Debug)]
pub(crate) struct InHand<'a> {
    app: &'a App,
    surface: Surface,
    /// The route's place.
    place: Option<usize>,
    pub id: RequestId,
    started: Instant,
    _in_flight: InFlight<'a>,
}

impl<'a> InHand<'a> {
    pub(crate) fn begin(app: &'a App, surface: Surface, place: Option<usize>, given_id: Option<&[u8]>) -> Self {
        let id = RequestId::of(given_id, &app.request_ids);
        Self { app, surface, place, id, started: Instant::now(), _in_flight: app.metrics.begin() }
    }

    /// When it began to be answered.
    pub(crate) fn started(&self) -> Instant {
        self.started
    }

    fn route(&self) -> Option<&'static str> {
        self.place.map(|at| router::routes(self.surface)[at].path)
    }

    /// It was carried out, or was before.
    pub(crate) fn done(&self, status: StatusCode, replayed: bool) {
        self.app.metrics.replayed(u64::from(replayed));
        self.answered(status);
    }

    /// It was not carried out.
    pub(crate) fn refused(&self, problem: &Problem) {
        self.app.metrics.refused(problem);
        report(problem, self.route(), self.id.as_str());
        self.answered(problem.status());
    }

    fn answered(&self, status: StatusCode) {
        if self.surface == Surface::Public {
            self.app.metrics.answered(self.place, status, self.started.elapsed());
        }
    }
}

/// Answers one request that hyper took from the wire, whatever comes of it.
pub(crate) async fn answer(
    app: Arc<App>,
    surface: Surface,
    peer: Peer,
    watched: Arc<Watched>,
    request: Request<Incoming>,
) -> Result<Response<AnswerBody>, Infallible> {
    let _working = watched.request(request.version() == Version::HTTP_2, !request.body().is_end_stream());
    let (mut parts, body) = request.into_parts();
    let found = route::find(router::routes(surface), &parts.method, parts.uri.path());
    let place = found.as_ref().ok().map(|(at, _)| *at);
    let in_hand = InHand::begin(&app, surface, place, Head::of(&parts).request_id);
    let span = match &app.settings.traces {
        Some(traces) if surface == Surface::Public => {
            RequestSpan::begin(traces, &mut parts, in_hand.route(), in_hand.id.as_str())
        }
        _ => None,
    };
    let result = match head::check(&parts).and(found) {
        Ok((at, params)) => {
            let handler = &router::routes(surface)[at].handler;
            let body = RequestBody::OnItsWay(body);
            dispatch(Arc::clone(&app), handler, peer, parts, params, body, watched).await
        }
        Err(problem) => Err(problem),
    };
    if let Some(span) = span {
        let status = result.as_ref().map_or_else(Problem::status, |answer| answer.status);
        span.end(status, result.as_ref().err());
    }
    let mut response = match result {
        Ok(answer) => {
            in_hand.done(answer.status, answer.replayed);
            answer.into_response()
        }
        Err(problem) => {
            in_hand.refused(&problem);
            problem_response(&problem)
        }
    };
    response.headers_mut().insert(REQUEST_ID, in_hand.id.header_value());
    Ok(response)
}

async fn dispatch(
    app: Arc<App>,
    handler: &'static Handler,
    peer: Peer,
    parts: Parts,
    params: Params,
    body: RequestBody,
    watched: Arc<Watched>,
) -> Result<Answer, Problem> {
    let caller = match app.gate.admit(&app.engine, &Head::of(&parts), peer, handler.right()) {
        Ok(caller) => caller,
        Err(turned_away) => return Err(turned_away.slowly().await),
    };
    let mut call = Call { app, caller, parts, params, body, watched };
    let at_once = match handler.run() {
        Run::AtOnce(at_once) => at_once,
        Run::AtOnceOrLater(_, run) | Run::Later(run) | Run::Lasting(run) => return run(call).await,
    };
    let body = call.read_body(call.app.settings.limits.body_bytes_max).await?;
    let span = RequestSpan::of(&call.parts).cloned();
    let step = span.as_ref().map(|span| span.step("decide"));
    let Call { app, caller, parts, params, .. } = call;
    let decided = at_once.decide(&Asked { app: &app, caller, head: Head::of(&parts), params: &params, body: &body })?;
    // What the request was made of goes while it is still in the processor's cache, not after hundreds of others.
    drop((step, parts, body));
    let _waiting = span.as_ref().map(|span| span.step("durable"));
    settled(app.engine.durable(decided.seen)).await?;
    decided.outcome
}

fn report(problem: &Problem, route: Option<&str>, request_id: &str) {
    let route = route.unwrap_or("none");
    if problem.status() >= StatusCode::INTERNAL_SERVER_ERROR {
        tracing::error!(route, request_id, code = problem.code.as_str(), detail = problem.detail(), "request failed");
    } else {
        tracing::debug!(route, request_id, code = problem.code.as_str(), detail = problem.detail(), "request refused");
    }
}

/// The body as text.
pub(crate) fn utf8(body: &[u8]) -> Result<&str, Problem> {
    str::from_utf8(body)
        .map_err(|error| Problem::invalid("body", format_args!("it is no UTF-8 at byte {}", error.valid_up_to())))
}
