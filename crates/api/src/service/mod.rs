//! The service put together: from a request that the server read, over authorization and the handler of its route, to the
//! response.

mod exchange;
mod serve;
mod startup;
mod threads;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::StatusCode;
use tocos_engine::Durable;
use tocos_http::{Error, OwnedRequest, Reply, Service};

use crate::app::App;
use crate::rendering::{Problem, Response};
use crate::routing::{
    AsyncRequest, Handler, Later, Outcome, Route, Router, Run, Supply, SyncRequest, Undecided, unavailable_problem,
};
use crate::tracing::RequestSpan;
use exchange::{Exchange, Surface};
pub use serve::{ServeError, serve};
pub use startup::answer_while_opening;

/// Answers the requests of one listener.
#[derive(Debug)]
struct Api {
    app: Arc<App>,
    surface: Surface,
    router: Router,
}

impl Api {
    fn new(app: Arc<App>, surface: Surface, router: Router) -> Self {
        Self { app, surface, router }
    }

    fn route(&self, place: usize) -> &'static Route {
        self.router.route(place)
    }
}

impl Service for Api {
    type Ready = Settling;

    fn call(self: &Arc<Self>, request: &tocos_http::Request<'_>) -> Reply<Settling> {
        let found = self.router.find(request.head.method, request.head.path);
        let handler = found.as_ref().map(|(place, _)| &self.route(*place).handler);
        if let Ok(Handler::Other(endpoint)) = handler
            && let Run::Streaming(_) = endpoint.run
        {
            return Reply::HandOver;
        }
        let route = found.as_ref().ok().map(|(place, _)| (*place, self.route(*place).path));
        let exchange = Exchange::begin(&self.app, self.surface, route, request.id, request.started);
        let (handler, params) = match found {
            Ok((place, params)) => (&self.route(place).handler, params),
            Err(problem) => return when(exchange, Outcome::refused(problem)),
        };
        let app = &self.app;
        let caller = match app.authenticator.authorize(&app.engine, request.head, request.peer, handler.right()) {
            Ok(caller) => caller,
            Err(rejected) => {
                return Reply::Later(Box::pin(async move { exchange.end(Err(rejected.after_delay().await)) }));
            }
        };
        let Some(body) = request.body else { return when(exchange, Outcome::refused(Error::BodyTooSlow.into())) };
        match handler.respond(&SyncRequest { app, caller, head: request.head, params: &params, body }) {
            Ok(outcome) => when(exchange, outcome),
            Err(Later::Elsewhere(_)) => {
                let Some(http) = request.to_owned() else { return Reply::HandOver };
                let request = AsyncRequest { app: Arc::clone(app), caller, params, http };
                Reply::Later(Box::pin(async move { exchange.end(respond(handler, request).await) }))
            }
            Err(Later::Run(Run::Async(respond) | Run::Cached(_, respond))) => {
                let Some(http) = request.to_owned() else { return Reply::HandOver };
                let request = AsyncRequest { app: Arc::clone(app), caller, params, http };
                Reply::Later(Box::pin(async move { exchange.end(respond(request).await) }))
            }
            Err(Later::Run(Run::Sync(_) | Run::Streaming(_))) => Reply::HandOver,
        }
    }

    async fn call_owned(self: Arc<Self>, mut request: OwnedRequest, head: Result<(), Error>) -> tocos_http::Response {
        let found = self.router.find(&request.parts.method, request.parts.uri.path());
        let route = found.as_ref().ok().map(|(place, _)| (*place, self.route(*place).path));
        let exchange = Exchange::begin(&self.app, self.surface, route, &request.id, request.started);
        let span = match &self.app.settings.traces {
            Some(traces) if self.surface == Surface::Public => {
                RequestSpan::begin(traces, &mut request.parts, exchange.route(), exchange.id().as_str())
            }
            _ => None,
        };
        let result = match head.map_err(Problem::from).and(found) {
            Ok((place, params)) => {
                let handler = &self.route(place).handler;
                let app = Arc::clone(exchange.app());
                match app.authenticator.authorize(&app.engine, &request.head(), request.peer, handler.right()) {
                    Ok(caller) => respond(handler, AsyncRequest { app, caller, params, http: request }).await,
                    Err(rejected) => Err(rejected.after_delay().await),
                }
            }
            Err(problem) => Err(problem),
        };
        if let Some(span) = span {
            let status = result.as_ref().map_or_else(Problem::status, |response| response.status);
            span.end(status, result.as_ref().err());
        }
        exchange.end(result)
    }

    fn refuse(&self, error: &Error) -> tocos_http::Response {
        Problem::from(error.clone()).to_http()
    }

    fn asks_owner(&self) -> bool {
        self.surface == Surface::Public && self.app.authenticator.asks_owner()
    }
}

async fn respond(handler: &'static Handler, mut request: AsyncRequest) -> Result<Response, Problem> {
    if let Handler::Other(endpoint) = handler
        && let Run::Cached(_, respond) | Run::Async(respond) | Run::Streaming(respond) = endpoint.run
    {
        return respond(request).await;
    }
    let body = request.read_body(request.app.settings.limits.body_bytes_max).await?;
    let span = RequestSpan::of(request.parts()).cloned();
    let step = span.as_ref().map(|span| span.step("decide"));
    let AsyncRequest { app, caller, params, http } = request;
    let mut supply = Supply::default();
    let outcome = loop {
        match handler.respond(&SyncRequest { app: &app, caller, head: &http.head(), params: &params, body: &body }) {
            Ok(outcome) => break outcome,
            Err(Later::Elsewhere(events)) => supply.fetch(&app, Undecided::Elsewhere(events)).await?,
            Err(Later::Run(_)) => break Outcome::refused(Error::ResponseUnsized.into()),
        }
    };
    drop(supply);
    // What the request was made of goes while it is still in the processor's cache, not after hundreds of others.
    drop((step, http, body));
    let _waiting = span.as_ref().map(|span| span.step("durable"));
    app.engine.durable(outcome.seen).await.map_err(|unavailable| unavailable_problem(&unavailable))?;
    outcome.response
}

/// A response that may be sent when everything it depends on is durable.
fn when(exchange: Exchange, outcome: Outcome) -> Reply<Settling> {
    let durable = exchange.app().engine.durable(outcome.seen);
    let (response, result) = match outcome.response {
        Ok(response) => {
            let result = Ok((response.status, response.replayed));
            (response.into_http(), result)
        }
        Err(problem) => (problem.to_http(), Err(problem)),
    };
    Reply::When(Settling { durable, exchange, result }, response)
}

/// Waits until everything that a response depends on is durable, and counts it then.
#[derive(Debug)]
struct Settling {
    durable: Durable,
    exchange: Exchange,
    /// Status, and whether an earlier request got the same.
    result: Result<(StatusCode, bool), Problem>,
}

impl Future for Settling {
    type Output = Result<(), tocos_http::Response>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        match ready!(Pin::new(&mut this.durable).poll(context)) {
            Ok(()) => {
                match &this.result {
                    Ok((status, replayed)) => this.exchange.succeeded(*status, *replayed),
                    Err(problem) => this.exchange.refused(problem),
                }
                Poll::Ready(Ok(()))
            }
            Err(unavailable) => Poll::Ready(Err(this.exchange.end(Err(unavailable_problem(&unavailable))))),
        }
    }
}
