//! Answering a request on this node that owns what it was made of: after waiting for an event, for a body, or for the archive.

use std::sync::Arc;

use tocos_http::{Error, OwnedRequest};

use super::delivery::{Delivered, Delivery};
use super::wishes::{self, Wishes};
use crate::access::Caller;
use crate::app::{App, Group};
use crate::rendering::{Code, Problem, Response};
use crate::routing::{
    AsyncRequest, Handler, Later, Noted, Outcome, Params, Run, Supply, SyncRequest, Undecided, unavailable_problem,
};
use crate::tracing::RequestSpan;

/// What a request came to.
#[derive(Debug)]
pub(super) struct Answered {
    pub result: Result<Response, Problem>,
    /// The event that it is as of, if it is as of one.
    pub event: Option<u64>,
}

impl Answered {
    /// A problem that depends on nothing in the ledger.
    pub(super) fn refused(problem: Problem) -> Self {
        Self { result: Err(problem), event: None }
    }

    /// Whether a problem has this code.
    pub(super) fn is_refused_as(&self, code: Code) -> bool {
        self.result.as_ref().is_err_and(|problem| problem.code == code)
    }
}

/// Who answers on this node.
#[derive(Clone, Debug)]
pub(super) struct Local {
    pub app: Arc<App>,
    pub handler: &'static Handler,
    pub params: Params,
    /// The request came to the public listener.
    pub is_public: bool,
}

impl Local {
    /// The group, for requests that it answers together: those to the internal listener are about this node.
    fn group(&self) -> Option<&Group> {
        self.app.group.as_ref().filter(|_| self.is_public)
    }

    /// Answers a request, here or by the node that leads. `caller` is known if it was authorized before.
    pub(super) async fn serve(self, http: OwnedRequest, caller: Option<Caller>) -> Delivered {
        let wishes = match Wishes::of(self.handler, &http.head()) {
            Ok(wishes) => wishes,
            Err(problem) => return Delivered::refused(problem),
        };
        let Some(group) = self.group() else { return Delivered::Here(self.answer(http, &wishes, caller).await) };
        let role = group.status().role();
        if let Err(problem) = wishes::check_role(role, self.handler) {
            return Delivered::refused(problem);
        }
        if self.handler.leading().is_some() || (wishes.from_leader && !group.status().leads()) {
            return match Delivery::begin(self, wishes, http).await {
                Ok(delivery) => delivery.run(false).await,
                Err(problem) => Delivered::refused(problem),
            };
        }
        let retry = http.again(bytes::Bytes::new());
        let answered = self.answer(http, &wishes, caller).await;
        if !answered.is_refused_as(Code::OutcomeUnknown) {
            return Delivered::Here(answered);
        }
        // It was read from a state that this node took back when it lost the lead. Now it follows.
        Delivered::Here(self.answer(retry, &wishes, None).await)
    }

    /// Answers once more what this node has decided and then lost, or read and then taken back.
    pub(super) async fn serve_again(self, http: OwnedRequest) -> Delivered {
        if self.handler.leading().is_none() {
            return self.serve(http, None).await;
        }
        match Delivery::begin(self, Wishes::default(), http).await {
            Ok(delivery) => delivery.run(true).await,
            Err(problem) => Delivered::refused(problem),
        }
    }

    /// Answers here, when the event that the request waits for is here.
    pub(super) async fn answer(&self, http: OwnedRequest, wishes: &Wishes, caller: Option<Caller>) -> Answered {
        // Before the key is looked at: it may have been made by that event.
        let waited = wishes.wait(&self.app).await;
        let caller = match caller {
            Some(caller) => caller,
            None => match self.authorize(&http).await {
                Ok(caller) => caller,
                Err(problem) => return Answered::refused(problem),
            },
        };
        if let Err(problem) = waited {
            return Answered { result: Err(problem), event: Some(self.app.engine.durable_event()) };
        }
        let mut answered = self.respond(http, caller).await;
        // What is shown may rest on less than was waited for, and is as of that all the same.
        answered.event = answered.event.max(wishes.min_event);
        answered
    }

    /// Who sent a request, if they may send it.
    pub(super) async fn authorize(&self, http: &OwnedRequest) -> Result<Caller, Problem> {
        let app = &self.app;
        match app.authenticator.authorize(&app.engine, &http.head(), http.peer, self.handler.right()) {
            Ok(caller) => Ok(caller),
            Err(rejected) => Err(rejected.after_delay().await),
        }
    }

    /// Has the handler answer here and now.
    pub(super) async fn respond(&self, http: OwnedRequest, caller: Caller) -> Answered {
        let noted = Noted::default();
        let (app, params) = (Arc::clone(&self.app), self.params.clone());
        let request = AsyncRequest { app, caller, params, http, noted: noted.clone() };
        if let Handler::Other(endpoint) = self.handler
            && let Run::Cached(_, respond) | Run::Async(respond) | Run::Leading(_, respond) | Run::Streaming(respond) =
                endpoint.run
        {
            let result = respond(request).await;
            return Answered { result, event: noted.event() };
        }
        match decide(self.handler, request).await {
            Ok(Outcome { seen, response }) => Answered { result: response, event: seen.map(|seen| seen.event) },
            Err(problem) => Answered::refused(problem),
        }
    }
}

/// Decides one operation, and waits until that is durable.
async fn decide(handler: &'static Handler, mut request: AsyncRequest) -> Result<Outcome, Problem> {
    let body = request.read_body(request.app.settings.limits.body_bytes_max).await?;
    let span = RequestSpan::of(request.parts()).cloned();
    let step = span.as_ref().map(|span| span.step("decide"));
    let AsyncRequest { app, caller, params, http, .. } = request;
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
    let durable = app.engine.durable(outcome.seen.unwrap_or_default()).await;
    durable.map_err(|unavailable| unavailable_problem(&unavailable))?;
    Ok(outcome)
}
