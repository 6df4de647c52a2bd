//! Running the service: its servers and its background tasks, from the first request to the last.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tocos_engine::{Engine, Unavailable};
use tocos_http::{ConnectionTracker, Limits, Server};

use super::Api;
use super::exchange::Surface;
use super::threads::Threads;
use crate::access::{Authenticator, WithoutKeys};
use crate::app::{App, Listeners, Settings, Webhooks};
use crate::json::rfc3339_text;
use crate::metrics::Counters;
use crate::resources::{self, LEDGER_AHEAD_MAX_US};
use crate::routing::{Router, reached};

/// Why the service did not start, or not end well.
#[derive(Debug)]
pub enum ServeError {
    /// It would serve every client that can reach this address.
    Unprotected {
        /// The address.
        address: SocketAddr,
    },
    /// The ledger is unavailable.
    Unavailable(Unavailable),
    /// A listener does not work.
    Listener(io::Error),
    /// A thread could not be started.
    Thread(io::Error),
    /// Requests can't be passed on to other nodes of the group: why, in words.
    Group(String),
    /// Nothing can be delivered to webhooks: why, in words.
    Webhooks(String),
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unprotected { address } => write!(
                f,
                "{address} can be reached from other machines, and without API keys anybody there could do anything. \
                 Make the first key with `tocos key first` (in a container: `docker run --rm -v DATA:/var/lib/tocos IMAGE \
                 key first`, with the same DATA) and start again. Or name a file for it with --bootstrap-key-file \
                 (TOCOS_BOOTSTRAP_KEY_FILE; in a container `-e TOCOS_BOOTSTRAP_KEY_FILE=/var/lib/tocos/first-key`, and \
                 `docker cp CONTAINER:/var/lib/tocos/first-key .` fetches it). Or start with --allow-unauthenticated"
            ),
            Self::Unavailable(unavailable) => unavailable.fmt(f),
            Self::Thread(error) => write!(f, "a thread could not be started: {error}. Start with fewer --threads"),
            Self::Group(reason) => write!(f, "requests can't be passed on to other nodes: {reason}"),
            Self::Webhooks(reason) => write!(f, "nothing can be delivered to webhooks: {reason}"),
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

/// Serves requests until `shutdown` is ready; then finishes the requests in progress and returns. The caller closes
/// the engine.
///
/// # Errors
/// [`ServeError`], before any response was sent.
pub async fn serve(
    settings: Settings,
    engine: Engine,
    listeners: Listeners,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    run(settings, engine, listeners, Box::pin(shutdown)).await
}

/// Something that is going on, whoever it is.
type Going<'s, T> = Pin<Box<dyn Future<Output = T> + Send + 's>>;

/// The same, of one type: what takes requests is then compiled with this crate, to be fast, and not with the program that calls it.
fn run<'s>(
    settings: Settings,
    engine: Engine,
    listeners: Listeners,
    shutdown: Going<'s, ()>,
) -> Going<'s, Result<(), ServeError>> {
    Box::pin(async move {
        let address = listeners.public.local_addr().map_err(ServeError::Listener)?;
        let without_keys = match settings.allow_unauthenticated {
            true => WithoutKeys::Anybodys,
            false if address.ip().is_loopback() => WithoutKeys::ThisMachines,
            false => WithoutKeys::Nobodys,
        };
        let authenticator = Authenticator::new(&engine, without_keys)?;
        // A node of a group may have to follow before it knows the keys.
        if authenticator.has_no_keys() && without_keys == WithoutKeys::Nobodys && settings.group.is_none() {
            return Err(ServeError::Unprotected { address });
        }
        let router = Router::new(resources::PUBLIC);
        let counters = Counters::new(router.labels());
        let app = App::new(settings, engine, authenticator, counters).map_err(ServeError::Group)?;
        let app = Arc::new(app);
        Webhooks::start(&app).map_err(ServeError::Webhooks)?;
        // Hyper's requests carry their spans with them.
        let has_fast_path = app.settings.traces.is_none();
        let public = Arc::new(Api::new(Arc::clone(&app), Surface::Public, router));
        let threads = Threads::start(app.settings.more_threads, &app.engine).map_err(ServeError::Thread)?;
        let public = Server::new(public, Arc::clone(&app.connections), has_fast_path).shared_with(threads.runtimes());
        let internal = Arc::new(Api::new(Arc::clone(&app), Surface::Internal, Router::new(resources::INTERNAL)));
        let limits = Limits { connections_max: usize::MAX, ..app.settings.limits.http };
        // Of its own: who watches the service must not hold up its end.
        let internal_connections = Arc::new(ConnectionTracker::new(&limits));
        let internal = Server::new(internal, Arc::clone(&internal_connections), false);
        let mut tasks = background_tasks(&app);
        for connections in [&app.connections, &internal_connections] {
            let connections = Arc::clone(connections);
            tasks.push(tokio::spawn(async move { match connections.run().await {} }));
        }
        if let Some(listener) = listeners.internal {
            // Served until the very end, since it reports that the shutdown has begun.
            tasks.push(tokio::spawn(async move { match internal.accept(&listener).await {} }));
        }
        let accepting = tokio::spawn({
            let (public, listener) = (public.clone(), listeners.public);
            async move { match public.accept(&listener).await {} }
        });
        shutdown.await;
        app.stop();
        accepting.abort();
        public.drain(app.settings.limits.shutdown_timeout).await;
        app.webhooks.stop().await;
        internal_connections.end_all();
        for task in tasks {
            task.abort();
        }
        threads.end();
        Ok(())
    })
}

/// What goes on beside the requests.
fn background_tasks(app: &Arc<App>) -> Vec<tokio::task::JoinHandle<()>> {
    let [warner, notifier, sealer, clock] = std::array::from_fn(|_| Arc::clone(app));
    let mut tasks = vec![
        tokio::spawn(async move { report_clock(&clock.engine).await }),
        tokio::spawn(async move { warn_while_unprotected(&warner).await }),
        tokio::spawn(async move { notifier.engine.notify_durable().await }),
        tokio::spawn(async move { sealer.sealer.run(&sealer.engine, &sealer.connections).await }),
    ];
    if app.group.is_some() {
        let app = Arc::clone(app);
        tasks.push(tokio::spawn(async move { follow_keys(&app).await }));
    }
    tasks
}

/// Takes over the keys that other nodes make and revoke.
async fn follow_keys(app: &App) {
    /// How much later than its event a revocation may take effect.
    const PAUSE: Duration = Duration::from_millis(50);
    loop {
        let event = app.engine.durable_event();
        // A failure is met by the requests too, which say so.
        let _unavailable = app.authenticator.refresh(&app.engine);
        tokio::time::sleep(PAUSE).await;
        let _unavailable = reached(app, event + 1).await;
    }
}

/// Says when the system's clock becomes implausible, when the ledger is ahead of it, and when that is over.
async fn report_clock(engine: &Engine) {
    const EVERY: Duration = Duration::from_secs(1);
    let (mut was_plausible, mut was_ahead) = (true, false);
    loop {
        let clock = engine.clock();
        let is_ahead = clock.ledger_ahead_us() > LEDGER_AHEAD_MAX_US;
        let (ledger_time, system_time) = (rfc3339_text(clock.ledger), rfc3339_text(clock.system));
        match (was_plausible, clock.is_plausible) {
            (true, false) => tracing::error!(
                ledger_time,
                system_time,
                "the system's clock is implausible: nothing is written or expired until it is right again, or \
                 `tocos clock accept` takes it"
            ),
            (false, true) => tracing::info!(ledger_time, system_time, "the system's clock is plausible again"),
            _ => {}
        }
        match (was_ahead, is_ahead) {
            (false, true) => tracing::warn!(
                ledger_time,
                system_time,
                "the ledger is ahead of the system's clock: its time stands still until the clock has caught up"
            ),
            (true, false) => tracing::info!("the system's clock has caught up with the ledger"),
            _ => {}
        }
        (was_plausible, was_ahead) = (clock.is_plausible, is_ahead);
        tokio::time::sleep(EVERY).await;
    }
}

/// Says at the start and once a day that there is no API key, for as long as there is none.
async fn warn_while_unprotected(app: &App) {
    const EVERY: Duration = Duration::from_secs(24 * 60 * 60);
    while app.authenticator.has_no_keys() {
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
