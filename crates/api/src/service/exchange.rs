//! A request that is being responded to: what is counted and logged of it.

use std::sync::Arc;
use std::time::Instant;

use http::StatusCode;
use tocos_http::RequestId;

use super::delivery::Delivered;
use super::local::Answered;
use crate::app::App;
use crate::rendering::{Code, Problem, Response};

/// Whose requests are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Surface {
    /// The API's: clients'.
    Public,
    /// The internal listener's: of the machines that run the service.
    Internal,
}

/// A request that is being responded to. It counts as such until the value is dropped, so also when its connection ends
/// before it does.
#[derive(Debug)]
pub(super) struct Exchange {
    app: Arc<App>,
    surface: Surface,
    /// The route's place and path.
    route: Option<(usize, &'static str)>,
    id: RequestId,
    started: Instant,
}

impl Exchange {
    pub(super) fn begin(
        app: &Arc<App>,
        surface: Surface,
        route: Option<(usize, &'static str)>,
        id: &RequestId,
        started: Instant,
    ) -> Self {
        app.counters.begin();
        Self { app: Arc::clone(app), surface, route, id: *id, started }
    }

    pub(super) fn app(&self) -> &Arc<App> {
        &self.app
    }

    pub(super) fn route(&self) -> Option<&'static str> {
        self.route.map(|(_, path)| path)
    }

    pub(super) fn id(&self) -> &RequestId {
        &self.id
    }

    /// Counts the result, and gives it as the server sends it. `event` is the one that it is as of.
    pub(super) fn end(&self, result: Result<Response, Problem>, event: Option<u64>) -> tocos_http::Response {
        let mut response = match result {
            Ok(response) => {
                self.succeeded(response.status, response.replayed);
                response.into_http()
            }
            Err(problem) => {
                self.refused(&problem);
                problem.to_http()
            }
        };
        response.number = as_of(event);
        response
    }

    /// Counts what became of a request that another node may have answered.
    pub(super) fn deliver(&self, delivered: Delivered) -> tocos_http::Response {
        match delivered {
            Delivered::Here(Answered { result, event }) => self.end(result, event),
            Delivered::There(response) => {
                // Refusals and replays are counted by the node that decided.
                self.count(response.status);
                response
            }
        }
    }

    /// It was applied or replayed.
    pub(super) fn succeeded(&self, status: StatusCode, replayed: bool) {
        self.app.counters.replayed(u64::from(replayed));
        self.count(status);
    }

    /// It was refused.
    pub(super) fn refused(&self, problem: &Problem) {
        self.app.counters.refused(problem);
        report(problem, self.route(), self.id.as_str());
        self.count(problem.status());
    }

    fn count(&self, status: StatusCode) {
        if self.surface == Surface::Public {
            let place = self.route.map(|(place, _)| place);
            self.app.counters.responded(place, status, self.started.elapsed());
        }
    }
}

/// The header that says as of which event a response is.
pub(super) fn as_of(event: Option<u64>) -> Option<(&'static str, u64)> {
    event.map(|event| ("tocos-event", event))
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.app.counters.end();
    }
}

fn report(problem: &Problem, route: Option<&str>, request_id: &str) {
    let route = route.unwrap_or("none");
    // A node that is behind is as it should be: whoever asks waits, or asks another one.
    if problem.status() >= StatusCode::INTERNAL_SERVER_ERROR && problem.code != Code::Behind {
        tracing::error!(route, request_id, code = problem.code.as_str(), detail = problem.detail(), "request failed");
    } else {
        tracing::debug!(route, request_id, code = problem.code.as_str(), detail = problem.detail(), "request refused");
    }
}
