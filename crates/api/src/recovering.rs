//! Answers while the ledger is still being opened: clients are told to come back, those who watch the service how far
//! it is. Nothing in here has a ledger to ask.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::sync::Arc;
use std::time::Duration;

use hyper::body::{Body, Incoming};
use hyper::header::{CONNECTION, HeaderValue};
use hyper::{Request, Response, StatusCode, Version as HttpVersion};
use tocos_engine::{Opening, OpeningProgress};
use tokio::net::TcpListener;

use crate::answer::{Answer, AnswerBody, Media, problem_response};
use crate::app::RequestIds;
use crate::connection::{self, WatchedStream};
use crate::exposition;
use crate::head::{REQUEST_ID, RequestId};
use crate::internal;
use crate::problem::{Code, Problem};
use crate::route::{self, Surface};
use crate::router;
use crate::settings::{Listeners, Settings, Version};
use crate::watch::{Watched, Watchers};

/// When asking again makes sense, in seconds.
const RETRY_AFTER_S: u32 = 2;

/// How long connections of this time may still ask when it is over.
const GRACE: Duration = Duration::from_secs(1);

/// What all requests share meanwhile.
struct Waiting {
    opening: Arc<Opening>,
    version: Version,
    request_ids: RequestIds,
    watchers: Arc<Watchers>,
    connections_max: u64,
}

/// Answers on the listeners until `opened` is ready, and gives what it came to. The API refuses everything as
/// `recovering`; the internal listener tells how far `opening` has come. The listeners are then free to be served on;
/// every connection of this time ends with its answer, or soon after without one.
pub async fn answer_while_opening<T>(
    settings: &Settings,
    listeners: &Listeners,
    opening: Arc<Opening>,
    opened: impl Future<Output = T>,
) -> T {
    let waiting = Arc::new(Waiting {
        opening,
        version: settings.version,
        request_ids: RequestIds::new(),
        watchers: Arc::new(Watchers::new(&settings.limits)),
        connections_max: settings.limits.connections_max as u64,
    });
    let internal = async {
        match &listeners.internal {
            Some(internal) => accept(&waiting, Surface::Internal, internal).await,
            None => pending().await,
        }
    };
    let opened = tokio::select! {
        opened = opened => opened,
        never = accept(&waiting, Surface::Public, &listeners.public) => match never {},
        never = internal => match never {},
        never = waiting.watchers.run() => match never {},
    };
    let (watchers, patience) = (Arc::clone(&waiting.watchers), settings.limits.head_timeout);
    tokio::spawn(async move {
        // Whoever connected just now is about to ask, and gets an answer rather than a closed door.
        tokio::time::sleep(GRACE).await;
        watchers.finish_all();
        // Requests of which only a part has come; nobody else looks after them any more.
        tokio::time::sleep(patience).await;
        watchers.end_all();
    });
    opened
}

async fn accept(waiting: &Arc<Waiting>, surface: Surface, listener: &TcpListener) -> Infallible {
    const PAUSE: Duration = Duration::from_millis(50);
    let protocol = Arc::new(connection::protocol());
    loop {
        if waiting.watchers.open() >= waiting.connections_max {
            // Further ones wait in the system's queue.
            tokio::time::sleep(PAUSE).await;
            continue;
        }
        let Ok((stream, _peer)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let _best_effort = stream.set_nodelay(true);
        let watched = waiting.watchers.watch();
        let (waiting, in_request) = (Arc::clone(waiting), Arc::clone(&watched));
        let answer = move |request| answer(Arc::clone(&waiting), surface, Arc::clone(&in_request), request);
        let stream = WatchedStream::new(stream, Arc::clone(&watched));
        tokio::spawn(connection::serve(Arc::clone(&protocol), watched, stream, answer));
    }
}

async fn answer(
    waiting: Arc<Waiting>,
    surface: Surface,
    watched: Arc<Watched>,
    request: Request<Incoming>,
) -> Result<Response<AnswerBody>, Infallible> {
    let _working = watched.request(request.version() == HttpVersion::HTTP_2, !request.body().is_end_stream());
    let given_id = request.headers().get(REQUEST_ID).map(HeaderValue::as_bytes);
    let request_id = RequestId::of(given_id, &waiting.request_ids);
    let progress = waiting.opening.progress();
    let answer = match surface {
        Surface::Public => Err(recovering(&progress)),
        Surface::Internal => told(&waiting, &request, &progress),
    };
    let mut response = match answer {
        Ok(answer) => answer.into_response(),
        Err(problem) => problem_response(&problem),
    };
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, request_id.header_value());
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    Ok(response)
}

/// The routes of the internal listener, without a ledger.
fn told(waiting: &Waiting, request: &Request<Incoming>, progress: &OpeningProgress) -> Result<Answer, Problem> {
    let routes = router::routes(Surface::Internal);
    let (at, _params) = route::find(routes, request.method(), request.uri().path())?;
    match routes[at].path {
        "/livez" => Ok(internal::healthy()),
        "/metrics" => {
            let text = exposition::while_opening(waiting.version, progress);
            let body = AnswerBody::Whole(text.into());
            Ok(Answer { status: StatusCode::OK, media: Media::Metrics, body, replayed: false })
        }
        _ => Err(recovering(progress)),
    }
}

fn recovering(progress: &OpeningProgress) -> Problem {
    let percent = (progress.fraction * 100.0) as i64;
    let stage = progress.stage.as_str();
    let detail =
        format!("The ledger is being opened: {stage}, {percent} %, event {}. Ask again in a moment.", progress.event);
    Problem::new(Code::Recovering, detail)
        .with_text("stage", stage)
        .with_integer("percent", percent)
        .with_integer("event", i64::try_from(progress.event).unwrap_or(i64::MAX))
        .retry_after_s(RETRY_AFTER_S)
}
