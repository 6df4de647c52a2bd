//! Serves while the ledger is still being opened: the API refuses requests as `recovering`, the internal listener
//! reports the progress. Nothing in here has a ledger.

use std::future::{Future, Ready, pending};
use std::sync::Arc;
use std::time::Duration;

use tocos_engine::{Opening, OpeningProgress};
use tocos_http::{ConnectionTracker, Error, OwnedRequest, Reply, Server, Service};

use super::exchange::Surface;
use crate::app::{Listeners, Settings};
use crate::metrics::prometheus::{self, Build};
use crate::rendering::{Code, Media, Problem, Response};
use crate::resources;
use crate::routing::Router;

/// When asking again makes sense, in seconds.
const RETRY_AFTER_S: u32 = 2;

/// How long connections of the startup may still send a request when it is over.
const GRACE: Duration = Duration::from_secs(1);

/// Serves the requests of one listener during the startup.
#[derive(Debug)]
struct Starting {
    surface: Surface,
    opening: Arc<Opening>,
    build: Build,
    router: Router,
}

/// Serves on the listeners until `opened` is ready, and returns its result. The API refuses everything as
/// `recovering`; the internal listener reports the progress of `opening`. Afterwards the listeners are free;
/// every connection of the startup ends with its response, or soon after without one.
pub async fn answer_while_opening<T>(
    settings: &Settings,
    listeners: &Listeners,
    opening: Arc<Opening>,
    opened: impl Future<Output = T>,
) -> T {
    let connections = Arc::new(ConnectionTracker::new(&settings.limits.http));
    let server = |surface| {
        let build = settings.version.build();
        let router = Router::new(resources::INTERNAL);
        let starting = Starting { surface, opening: Arc::clone(&opening), build, router };
        Server::new(Arc::new(starting), Arc::clone(&connections), false)
    };
    let (public, internal_server) = (server(Surface::Public), server(Surface::Internal));
    let internal = async {
        match &listeners.internal {
            Some(listener) => internal_server.accept(listener).await,
            None => pending().await,
        }
    };
    let opened = tokio::select! {
        opened = opened => opened,
        never = public.accept(&listeners.public) => match never {},
        never = internal => match never {},
        never = connections.run() => match never {},
    };
    let patience = settings.limits.http.head_timeout;
    tokio::spawn(async move {
        // A client that has just connected gets a response rather than a closed connection.
        tokio::time::sleep(GRACE).await;
        connections.finish_all();
        // Requests of which only a part has come; no deadline is enforced any more.
        tokio::time::sleep(patience).await;
        connections.end_all();
    });
    opened
}

impl Service for Starting {
    type Ready = Ready<Result<(), tocos_http::Response>>;

    fn call(self: &Arc<Self>, _request: &tocos_http::Request<'_>) -> Reply<Self::Ready> {
        Reply::HandOver
    }

    async fn call_owned(self: Arc<Self>, request: OwnedRequest, head: Result<(), Error>) -> tocos_http::Response {
        let progress = self.opening.progress();
        let result = match (head, self.surface) {
            (Err(error), _) => Err(Problem::from(error)),
            (Ok(()), Surface::Public) => Err(recovering(&progress)),
            (Ok(()), Surface::Internal) => self.internal(&request, &progress),
        };
        let mut response = result.map_or_else(|problem| problem.to_http(), Response::into_http);
        response.closes = true;
        response
    }

    fn refuse(&self, error: &Error) -> tocos_http::Response {
        Problem::from(error.clone()).to_http()
    }
}

impl Starting {
    /// The routes of the internal listener, without a ledger.
    fn internal(&self, request: &OwnedRequest, progress: &OpeningProgress) -> Result<Response, Problem> {
        let (place, _params) = self.router.find(&request.parts.method, request.parts.uri.path())?;
        match self.router.route(place).path {
            "/livez" => Ok(resources::healthy()),
            "/metrics" => {
                let text = prometheus::while_opening(self.build, progress);
                Ok(Response::new(http::StatusCode::OK, Media::Metrics, text))
            }
            _ => Err(recovering(progress)),
        }
    }
}

fn recovering(progress: &OpeningProgress) -> Problem {
    let percent = (progress.fraction * 100.0) as i64;
    let stage = progress.stage.as_str();
    let detail =
        format!("The ledger is being opened: {stage}, {percent} %, event {}. Retry in a moment.", progress.event);
    Problem::new(Code::Recovering, detail)
        .with_text("stage", stage)
        .with_integer("percent", percent)
        .with_integer("event", i64::try_from(progress.event).unwrap_or(i64::MAX))
        .retry_after_s(RETRY_AFTER_S)
}
