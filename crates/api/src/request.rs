//! One request from its head to its answer.

use std::convert::Infallible;
use std::net::IpAddr;
use std::str;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use hyper::body::{Body, Incoming};
use hyper::header::{HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Request, Response, StatusCode, Version};
use tocos_engine::{Durable, EventError, Unavailable};
use tocos_ledger::{Ledger, Micros, Refusal};

use crate::answer::{Answer, AnswerBody, problem_response};
use crate::app::{App, RequestIds};
use crate::body;
use crate::fields::{Field, Fields, percent_decoded};
use crate::gate::Caller;
use crate::problem::{Code, Problem};
use crate::route::{self, Handler, Params, Surface};
use crate::router;
use crate::spans::RequestSpan;
use crate::watch::Watched;
use crate::write;

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const REQUEST_ID_LENGTH_MAX: usize = 64;

/// A request on its way to whoever answers it.
#[derive(Debug)]
pub(crate) struct Call {
    pub app: Arc<App>,
    pub caller: Caller,
    pub parts: Parts,
    pub params: Params,
    pub body: Incoming,
    pub watched: Arc<Watched>,
}

impl Call {
    /// Path and query against the list of what may stand there.
    pub(crate) fn fields(&self, list: &'static [Field]) -> Result<Fields<'_>, Problem> {
        let mut fields = Fields::new(list);
        set_path(&mut fields, &self.params, &self.parts)?;
        fields.read_query(self.parts.uri.query().unwrap_or_default())?;
        fields.check_complete()?;
        Ok(fields)
    }

    /// The body as a whole.
    pub(crate) async fn read_body(&mut self, bytes_max: usize) -> Result<Bytes, Problem> {
        body::read(&self.app, &self.watched, &self.parts, &mut self.body, bytes_max).await
    }
}

/// Sets what the path names.
pub(crate) fn set_path<'a>(fields: &mut Fields<'a>, params: &'a Params, parts: &'a Parts) -> Result<(), Problem> {
    for (name, text) in params.iter(parts.uri.path()) {
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
    let seen = app.engine.read(look).map_err(|unavailable| unavailable_problem(&unavailable))?;
    settled(app.engine.durable(seen.seen)).await?;
    Ok(seen.value)
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

/// Answers one request, whatever comes of it.
pub(crate) async fn answer(
    app: Arc<App>,
    surface: Surface,
    peer: Option<IpAddr>,
    watched: Arc<Watched>,
    request: Request<Incoming>,
) -> Result<Response<AnswerBody>, Infallible> {
    let started = Instant::now();
    let _working = watched.request(request.version() == Version::HTTP_2, !request.body().is_end_stream());
    let request_id = request_id(&app.request_ids, request.headers());
    let _in_flight = app.metrics.begin();
    let (mut parts, body) = request.into_parts();
    let routes = router::routes(surface);
    let found = route::find(routes, &parts.method, parts.uri.path());
    let span = match &app.settings.traces {
        Some(traces) if surface == Surface::Public => {
            let route = found.as_ref().ok().map(|(at, _)| routes[*at].path);
            RequestSpan::begin(traces, &mut parts, route, &request_id)
        }
        _ => None,
    };
    let (place, result) = match found {
        Ok((at, params)) => {
            let handler = &routes[at].handler;
            let call = Arc::clone(&app);
            (Some(at), dispatch(call, handler, peer, parts, params, body, watched).await)
        }
        Err(problem) => (None, Err(problem)),
    };
    if let Some(span) = span {
        let status = result.as_ref().map_or_else(Problem::status, |answer| answer.status);
        span.end(status, result.as_ref().err());
    }
    let mut response = match result {
        Ok(answer) => {
            app.metrics.replayed(u64::from(answer.replayed));
            answer.into_response()
        }
        Err(problem) => {
            app.metrics.refused(&problem);
            report(&problem, place.map(|at| routes[at].path), &request_id);
            problem_response(&problem)
        }
    };
    response.headers_mut().insert(REQUEST_ID, request_id);
    if surface == Surface::Public {
        app.metrics.answered(place, response.status(), started.elapsed());
    }
    Ok(response)
}

async fn dispatch(
    app: Arc<App>,
    handler: &'static Handler,
    peer: Option<IpAddr>,
    parts: Parts,
    params: Params,
    body: Incoming,
    watched: Arc<Watched>,
) -> Result<Answer, Problem> {
    let right = match handler {
        Handler::Write(write) => Some(write.right),
        Handler::Other(endpoint) => endpoint.right,
    };
    let caller = match app.gate.admit(&app.engine, &parts, peer, right) {
        Ok(caller) => caller,
        Err(turned_away) => return Err(turned_away.slowly().await),
    };
    let call = Call { app, caller, parts, params, body, watched };
    match handler {
        Handler::Write(write) => write::run(call, write).await,
        Handler::Other(endpoint) => (endpoint.run)(call).await,
    }
}

/// The client's name for its request, or one of ours.
pub(crate) fn request_id(ids: &RequestIds, headers: &HeaderMap) -> HeaderValue {
    let given = headers.get(&REQUEST_ID).filter(|id| {
        (1..=REQUEST_ID_LENGTH_MAX).contains(&id.len()) && id.as_bytes().iter().all(|byte| (0x20..0x7f).contains(byte))
    });
    if let Some(given) = given {
        return given.clone();
    }
    // Hexadecimal digits can always stand in a header.
    HeaderValue::from_bytes(&ids.next()).unwrap_or(HeaderValue::from_static("-"))
}

fn report(problem: &Problem, route: Option<&str>, request_id: &HeaderValue) {
    let request_id = request_id.to_str().unwrap_or_default();
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
