//! Running the service: listening, taking connections, and ending in good order.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hyper_util::rt::TokioExecutor;
use hyper_util::server::conn::auto;
use tocos_engine::{Engine, Unavailable};
use tokio::net::{TcpListener, TcpStream};

use crate::answer::{AnswerBody, problem_response};
use crate::app::App;
use crate::connection::{self, WatchedStream};
use crate::gate::Gate;
use crate::peer::Peer;
use crate::plain;
use crate::problem::{Code, Problem};
use crate::request;
use crate::route::Surface;
use crate::settings::{Listeners, Settings};
use crate::watch::Watched;

/// Why the service did not start, or not end well.
#[derive(Debug)]
pub enum ServeError {
    /// It would answer everybody who can reach this address.
    Unprotected {
        /// The address.
        address: SocketAddr,
    },
    /// The ledger can't answer.
    Unavailable(Unavailable),
    /// A listener does not work.
    Listener(io::Error),
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unprotected { address } => write!(
                f,
                "{address} can be reached from other machines, and without API keys anybody there could do anything. \
                 Make a key first: name a file for it with --bootstrap-key-file (TOCOS_BOOTSTRAP_KEY_FILE; in a container \
                 `-e TOCOS_BOOTSTRAP_KEY_FILE=/var/lib/tocos/first-key`, and `docker cp CONTAINER:/var/lib/tocos/first-key .` \
                 fetches it), or start on \
                 127.0.0.1 and run `tocos key create --right admin`. Or start with --allow-unauthenticated"
            ),
            Self::Unavailable(unavailable) => unavailable.fmt(f),
            Self::Listener(error) => write!(f, "the listener does not work: {error}"),
        }
    }
}

impl std::error::Error for ServeError {}

impl From<Unavailable> for ServeError {
    fn from(unavailable: Unavailable) -> Self {
        Self::Unavailable(unavailable)
    }
}

/// Answers requests until `shutdown` is ready; then finishes what has been begun and returns. Closing the engine is
/// the caller's.
///
/// # Errors
/// [`ServeError`], before anything was answered.
pub async fn serve(
    settings: Settings,
    engine: Engine,
    listeners: Listeners,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    let address = listeners.public.local_addr().map_err(ServeError::Listener)?;
    let guards_browsers = address.ip().is_loopback() && !settings.allow_unauthenticated;
    let gate = Gate::new(&engine, guards_browsers)?;
    if gate.is_open() && !address.ip().is_loopback() && !settings.allow_unauthenticated {
        return Err(ServeError::Unprotected { address });
    }
    let app = Arc::new(App::new(settings, engine, gate));
    let mut tasks = Vec::new();
    tasks.push(tokio::spawn({
        let app = Arc::clone(&app);
        async move { warn_while_open(&app).await }
    }));
    tasks.push(tokio::spawn({
        let app = Arc::clone(&app);
        async move { app.engine.herald().await }
    }));
    tasks.push(tokio::spawn({
        let app = Arc::clone(&app);
        async move { app.sealer.run(&app.engine).await }
    }));
    for surface in [Surface::Public, Surface::Internal] {
        let watchers = Arc::clone(app.watchers(surface));
        tasks.push(tokio::spawn(async move { match watchers.run().await {} }));
    }
    if let Some(internal) = listeners.internal {
        // Asked until the very end, since it is what tells that the end has begun.
        tasks.push(tokio::spawn(accept(Arc::clone(&app), Surface::Internal, internal)));
    }
    let accepting = tokio::spawn(accept(Arc::clone(&app), Surface::Public, listeners.public));
    shutdown.await;
    app.stop();
    accepting.abort();
    app.watchers(Surface::Public).finish_all();
    drain(&app).await;
    app.watchers(Surface::Internal).end_all();
    for task in tasks {
        task.abort();
    }
    Ok(())
}

/// Says at the start and once a day that there is no API key, for as long as there is none.
async fn warn_while_open(app: &App) {
    const EVERY: Duration = Duration::from_secs(24 * 60 * 60);
    while app.gate.is_open() {
        if app.settings.allow_unauthenticated {
            tracing::warn!("there is no API key: whoever reaches this service may do everything");
        } else {
            tracing::warn!(
                "there is no API key: whoever runs programs as this user or root may do everything; \
                 `tocos key create --right admin` makes one"
            );
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Waits until all connections have ended, or it takes too long.
async fn drain(app: &App) {
    let watchers = app.watchers(Surface::Public);
    const LOOK_EVERY: Duration = Duration::from_millis(10);
    let all_ended = async {
        while watchers.open() > 0 {
            tokio::time::sleep(LOOK_EVERY).await;
            // Those that were only just taken have not heard of it yet.
            watchers.finish_all();
        }
    };
    if tokio::time::timeout(app.settings.limits.shutdown_timeout, all_ended).await.is_err() {
        tracing::warn!(connections = watchers.open(), "connections were cut off: their requests took too long");
        watchers.end_all();
    }
}

/// Clients that are being told to come back at a time; further ones are not even told.
const TURNING_AWAY_MAX: usize = 64;

async fn accept(app: Arc<App>, surface: Surface, listener: TcpListener) {
    const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(50);
    let protocol = Arc::new(connection::protocol());
    let turning_away = Arc::new(AtomicUsize::new(0));
    let too_many = too_many();
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _peer)) => stream,
            Err(error) => {
                // Out of file descriptors, most likely: connections that end will free some.
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(PAUSE_AFTER_ERROR).await;
                continue;
            }
        };
        if surface == Surface::Public && app.watchers(surface).open() >= app.settings.limits.connections_max as u64 {
            app.metrics.turned_away.fetch_add(1, Ordering::Relaxed);
            turn_away(&turning_away, stream, &too_many);
            continue;
        }
        // Answers are small and whole: waiting to fill a packet would only delay them.
        let _best_effort = stream.set_nodelay(true);
        let watched = app.watchers(surface).watch();
        let peer = Peer::of(&stream, surface == Surface::Public && app.gate.asks_owner());
        tokio::spawn(serve_connection(Arc::clone(&app), surface, Arc::clone(&protocol), peer, watched, stream));
    }
}

/// Plain requests the short way for as long as nothing else comes, then everything with hyper.
async fn serve_connection(
    app: Arc<App>,
    surface: Surface,
    protocol: Arc<auto::Builder<TokioExecutor>>,
    peer: Peer,
    watched: Arc<Watched>,
    stream: TcpStream,
) {
    let mut stream = WatchedStream::new(stream, Arc::clone(&watched));
    // Hyper's requests carry their spans with them, and who watches the service asks seldom.
    if surface == Surface::Public && app.settings.traces.is_none() {
        match plain::serve(&app, peer, &watched, &mut stream).await {
            plain::Next::End => return,
            plain::Next::HandOver(read) => stream.put_back(read),
        }
    }
    let in_request = Arc::clone(&watched);
    let answer = move |request| request::answer(Arc::clone(&app), surface, peer, Arc::clone(&in_request), request);
    connection::serve(protocol, watched, stream, answer).await;
}

fn turn_away(turning_away: &Arc<AtomicUsize>, stream: TcpStream, answer: &Arc<[u8]>) {
    if turning_away.fetch_add(1, Ordering::Relaxed) >= TURNING_AWAY_MAX {
        turning_away.fetch_sub(1, Ordering::Relaxed);
        return;
    }
    let (turning_away, answer) = (Arc::clone(turning_away), Arc::clone(answer));
    tokio::spawn(async move {
        connection::turn_away(stream, answer).await;
        turning_away.fetch_sub(1, Ordering::Relaxed);
    });
}

/// The answer to connections that are too many, ready to be sent.
fn too_many() -> Arc<[u8]> {
    let detail = "The service has as many connections as it takes. Ask again in a moment.";
    let problem = Problem::new(Code::TooManyRequests, detail).retry_after_s(1).closing();
    let (head, body) = problem_response(&problem).into_parts();
    let mut answer = format!("HTTP/1.1 {}\r\n", head.status);
    for (name, value) in &head.headers {
        answer.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap_or_default()));
    }
    let AnswerBody::Whole(body) = body else { return Arc::new([]) };
    answer.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    let mut answer = answer.into_bytes();
    answer.extend_from_slice(&body);
    answer.into()
}
