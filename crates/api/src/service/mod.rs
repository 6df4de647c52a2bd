//! The service put together: from a request that the server read, over authorization and the handler of its route, to the
//! response.

mod delivery;
mod exchange;
mod local;
mod serve;
mod settling;
mod startup;
mod threads;
mod wishes;

use std::sync::Arc;

use tocos_group::Role;
use tocos_http::{Error, Head, OwnedRequest, Reply, Service};

use crate::access::Caller;
use crate::app::{App, Group};
use crate::rendering::Problem;
use crate::routing::{Handler, Later, Outcome, Params, Route, Router, Run, SyncRequest};
use crate::tracing::RequestSpan;
use delivery::Delivered;
use exchange::{Exchange, Surface};
use local::Local;
pub use serve::{ServeError, serve};
use settling::{Again, Settling, when};
pub use startup::answer_while_opening;

/// Answers the requests of one listener.
#[derive(Debug)]
struct Api {
    app: Arc<App>,
    surface: Surface,
    router: Router,
}

/// Where a request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Here, and at once if it can be.
    Here,
    /// Here, and again if this node loses the lead of its group before the response may be sent.
    HereAgain,
    /// Here after a wait, or by another node.
    Later,
}

impl Api {
    fn new(app: Arc<App>, surface: Surface, router: Router) -> Self {
        Self { app, surface, router }
    }

    fn route(&self, place: usize) -> &'static Route {
        self.router.route(place)
    }

    /// Requests to the internal listener are about this node, whatever its group does.
    fn group(&self) -> Option<&Group> {
        self.app.group.as_ref().filter(|_| self.surface == Surface::Public)
    }

    /// Where a small request is answered.
    fn place(&self, handler: &Handler, head: &Head<'_>) -> Place {
        if head.min_event.is_some() || head.read_from.is_some() {
            return Place::Later;
        }
        let Some(group) = self.group() else { return Place::Here };
        let is_write = handler.leading().is_some();
        match group.status().role() {
            Role::Leader if is_write && (head.idempotency_key.is_none() || head.forwarded_by.is_some()) => Place::Here,
            Role::Joining | Role::Diverged => Place::Later,
            Role::Leader => Place::HereAgain,
            _ if is_write => Place::Later,
            _ => Place::HereAgain,
        }
    }

    /// Answers after a wait, here or by another node. `caller` is known if it was authorized before.
    fn later(
        &self,
        request: &tocos_http::Request<'_>,
        exchange: Exchange,
        local: Local,
        caller: Option<Caller>,
    ) -> Reply<Settling> {
        if request.body.is_none() {
            return when(exchange, Outcome::refused(Error::BodyTooSlow.into()), None);
        }
        let Some(http) = request.to_owned() else { return Reply::HandOver };
        Reply::Later(Box::pin(async move { exchange.deliver(local.serve(http, caller).await) }))
    }

    fn local(&self, handler: &'static Handler, params: Params) -> Local {
        Local { app: Arc::clone(&self.app), handler, params, is_public: self.surface == Surface::Public }
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
            Err(problem) => return when(exchange, Outcome::refused(problem), None),
        };
        let place = self.place(handler, request.head);
        if place == Place::Later {
            return self.later(request, exchange, self.local(handler, params), None);
        }
        let app = &self.app;
        let caller = match app.authenticator.authorize(&app.engine, request.head, request.peer, handler.right()) {
            Ok(caller) => caller,
            Err(rejected) => {
                return Reply::Later(Box::pin(async move { exchange.end(Err(rejected.after_delay().await), None) }));
            }
        };
        let Some(body) = request.body else { return when(exchange, Outcome::refused(Error::BodyTooSlow.into()), None) };
        match handler.respond(&SyncRequest { app, caller, head: request.head, params: &params, body }) {
            // This node can no longer decide, and another one will.
            Ok(outcome) if app.group.is_some() && outcome.is_for_another(place == Place::HereAgain) => {
                self.later(request, exchange, self.local(handler, params), None)
            }
            Ok(outcome) => {
                let again =
                    (place == Place::HereAgain).then(|| Again::new(request.keep(), self.local(handler, params)));
                when(exchange, outcome, again)
            }
            Err(Later::Elsewhere(_) | Later::Run(Run::Async(_) | Run::Cached(..) | Run::Leading(..))) => {
                self.later(request, exchange, self.local(handler, params), Some(caller))
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
        let delivered = match head.map_err(Problem::from).and(found) {
            Ok((place, params)) => self.local(&self.route(place).handler, params).serve(request, None).await,
            Err(problem) => Delivered::refused(problem),
        };
        if let Some(span) = span {
            span.end(delivered.status(), delivered.problem());
        }
        exchange.deliver(delivered)
    }

    fn refuse(&self, error: &Error) -> tocos_http::Response {
        Problem::from(error.clone()).to_http()
    }

    fn asks_owner(&self) -> bool {
        self.surface == Surface::Public && self.app.authenticator.asks_owner()
    }
}
