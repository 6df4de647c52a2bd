//! The service as a whole: listeners, ledger, API, and an orderly end. Everything it needs comes in as an
//! argument, so that `serve` and `demo` run the same thing.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow};
use tocos_api::{Listeners, NotHandedOver, Settings, Version, WebhookSettings};
use tocos_engine::{ClockOptions, Engine, EngineOptions, MemberOptions, OpenReport, Opening, TableOptions};
use tocos_group::Role;
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use crate::archiving::{Archiving, archive_status, start_keeping};
use crate::first_key;
use crate::group::{self, Connected, Group};
use crate::notify::notify;
use crate::restoring::restore_if_empty;
use crate::room::Room;
use crate::settings::Config;
use crate::traces::Sending;

/// Where a running service can be reached.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addresses {
    /// The API.
    pub public: SocketAddr,
    /// Liveness, readiness and metrics.
    pub internal: Option<SocketAddr>,
}

impl fmt::Display for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "api http://{}", self.public)?;
        match self.internal {
            Some(address) => writeln!(f, "internal http://{address}"),
            None => Ok(()),
        }
    }
}

/// Runs the service until a signal or `stop` ends it; `ready` is called once with its addresses. When this returns,
/// everything whose response was sent is durable.
///
/// # Errors
/// A port is taken, the ledger can't be opened, or the storage failed while running.
pub(crate) fn run(
    config: &Config,
    ready: impl FnOnce(Addresses) -> anyhow::Result<()> + Send,
    stop: impl Future<Output = ()> + Send,
) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // Ports first: that one is taken is found out at once, a long log is read later.
        let listeners = Listeners {
            public: bind(config.listen, "listen")?,
            internal: match config.internal_listen {
                Some(address) => Some(bind(address, "internal_listen")?),
                None => None,
            },
        };
        let addresses = Addresses {
            public: listeners.public.local_addr()?,
            internal: listeners.internal.as_ref().map(TcpListener::local_addr).transpose()?,
        };
        // From here on a signal ends us in order, recovered or not.
        let signals = Signals::listen()?;
        let mut ending = pin!(async {
            tokio::select! {
                () = signals.come() => {}
                () = stop => {}
            }
            notify("STOPPING=1");
            tracing::info!("shutting down");
        });
        let sending = Sending::start();
        let traces = sending.as_ref().map(|sending| sending.traces.clone());
        let settings = Settings { traces, ..settings(config) };
        let Some(Opened { engine, room, group }) =
            open_while_answering(config, &settings, &listeners, addresses, ending.as_mut()).await?
        else {
            return Ok(());
        };
        let archive = Archiving::start(config, &engine, group.as_ref())?;
        let keeping = start_keeping(config, &engine, &room, archive.as_ref())?;
        let status = archive.as_ref().map(|archive| archive_status(archive, engine.reader().clone(), room.disk));
        let handle = group.as_ref().map(|group| group::api_handle(group, config.group.lease));
        let settings = Settings { archive: status, group: handle, ..settings };
        let mut left = Ok(());
        let ending = async {
            match &group {
                Some(group) => left = end_of_node(group, config.group.lease, ending).await,
                None => ending.await,
            }
        };
        let served = serve(settings, &engine, listeners, || ready(addresses), ending).await;
        if let Some(group) = &group {
            // Everything that came has been answered, also what was forwarded.
            left = left.and(group.handle().stop().await.map_err(|ended| anyhow!("{ended}")));
        }
        let closed = engine.close().map_err(|error| anyhow!("the ledger was not closed cleanly: {error}"));
        if let Some(keeping) = keeping {
            keeping.end();
        }
        if let Some(archive) = archive {
            // Now all that was acknowledged is in the log's files.
            archive.end().await;
        }
        if let Some(sending) = sending {
            sending.end();
        }
        tracing::info!("closed");
        served.and(left).and(closed)
    })
}

/// How long a ledger that is being opened may take to notice that nobody wants it any more. A disk that hangs must not
/// keep the process: opening changes nothing that a crash could harm.
const CALL_OFF_PATIENCE: Duration = Duration::from_secs(2);

/// Opens the ledger on a separate thread and meanwhile responds that it is not ready; `None` if `ending` came first.
async fn open_while_answering(
    config: &Config,
    settings: &Settings,
    listeners: &Listeners,
    addresses: Addresses,
    ending: impl Future<Output = ()>,
) -> anyhow::Result<Option<Opened>> {
    match addresses.internal {
        Some(internal) => tracing::info!("opening the ledger; http://{internal}/readyz shows the progress"),
        None => tracing::info!("opening the ledger"),
    }
    let opening = Arc::new(Opening::default());
    let (tell, mut told) = oneshot::channel();
    let (ours, watched) = (config.clone(), Arc::clone(&opening));
    thread::Builder::new().name("tocos-open".to_owned()).spawn(move || {
        // Nobody listens any more when the end came first; then the engine is dropped unused.
        let _unheard = tell.send(open_with_key(&ours, &watched));
    })?;
    let opened = async {
        tokio::select! {
            opened = &mut told => Some(opened),
            () = ending => None,
        }
    };
    match tocos_api::answer_while_opening(settings, listeners, Arc::clone(&opening), opened).await {
        Some(opened) => {
            opened.map_err(|_| anyhow!("opening the ledger was interrupted; see the lines above"))?.map(Some)
        }
        None => {
            opening.call_off();
            if let Ok(Ok(Ok(Opened { engine, .. }))) = tokio::time::timeout(CALL_OFF_PATIENCE, told).await {
                // It was just done.
                engine.close().map_err(|error| anyhow!("the ledger was not closed cleanly: {error}"))?;
            }
            tracing::info!("stopped before the ledger was open; nothing was changed");
            Ok(None)
        }
    }
}

/// Opens the ledger, after restoring it if it is to come from an archive, and sees to its first key.
fn open_with_key(config: &Config, opening: &Arc<Opening>) -> anyhow::Result<Opened> {
    if let Some(url) = &config.restore_from {
        restore_if_empty(url, &config.data_dir).context("restore_from")?;
    }
    let connected = Connected::reach(config, opening)?;
    match &connected {
        None if config.group.leaves => group::leave(&config.data_dir)?,
        None => group::refuse_members(&config.data_dir)?,
        Some(_) => {}
    }
    let member = connected.as_ref().map(Connected::member);
    let mut opened = open_watched(config, Arc::clone(opening), member)?;
    if let Some(connected) = connected {
        opened.group = Some(connected.join(config, &opened.engine, opening)?);
    }
    let decides = opened.group.as_ref().is_none_or(|group| group.status().role() == Role::Leader);
    if let Some(file) = config.bootstrap_key_file.as_ref().filter(|_| decides) {
        first_key::ensure(&opened.engine, file)?;
    }
    Ok(opened)
}

/// Ready when the service of a node is to end: because it is told to, then after another node leads; or because the node has ended.
async fn end_of_node(group: &Group, lease: Duration, told: impl Future<Output = ()>) -> anyhow::Result<()> {
    let handle = group.handle();
    let reporting = tokio::spawn(group::report(group.status()));
    let ended = tokio::select! {
        () = told => {
            if let Err(NotHandedOver::NoSuccessor(reason)) = group::hand_over(&handle, lease).await {
                tracing::warn!("the lead was not handed over: {reason}");
            }
            Ok(())
        }
        ended = handle.ended() => Err(anyhow!("{}", group::why(ended))),
    };
    reporting.abort();
    ended
}

async fn serve(
    settings: Settings,
    engine: &Engine,
    listeners: Listeners,
    ready: impl FnOnce() -> anyhow::Result<()> + Send,
    ending: impl Future<Output = ()> + Send,
) -> anyhow::Result<()> {
    let mut told = Ok(());
    let shutdown = async {
        // Looked at for the first time when the API has agreed to serve: only then is it true.
        told = ready();
        if told.is_ok() {
            notify("READY=1");
            ending.await;
        }
    };
    tocos_api::serve(settings, engine.clone(), listeners, shutdown).await?;
    told
}

fn bind(address: SocketAddr, setting: &str) -> anyhow::Result<TcpListener> {
    listen(address).with_context(|| {
        format!(
            "{setting}: {address} can't be listened on; is another service there? Choose another with --{}",
            setting.replace('_', "-")
        )
    })
}

/// Connections that may wait to be accepted; Linux allows no more than `net.core.somaxconn`, 4096 by default. Where there is no room a
/// client waits for a second before it tries again, and many clients connect at once when a service was restarted.
const WAITING_CONNECTIONS_MAX: u32 = 4_096;

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A port is free at once when its service has ended.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(WAITING_CONNECTIONS_MAX)
}

fn settings(config: &Config) -> Settings {
    Settings {
        version: Version { version: env!("CARGO_PKG_VERSION"), commit: env!("TOCOS_BUILD_COMMIT") },
        allow_unauthenticated: config.allow_unauthenticated,
        bench_routes: config.bench_routes,
        data_dir: Some(config.data_dir.clone()),
        more_threads: config.threads.saturating_sub(1),
        webhooks: WebhookSettings { policy: config.webhooks.clone(), ..WebhookSettings::default() },
        ..Settings::default()
    }
}

/// Opens the ledger that the settings name.
///
/// # Errors
/// It is in use, or damaged, or can't be read or written.
pub(crate) fn open(config: &Config) -> anyhow::Result<Engine> {
    group::refuse_members(&config.data_dir)?;
    open_watched(config, Arc::default(), None).map(|opened| opened.engine)
}

/// An open ledger, and the room that it has.
struct Opened {
    engine: Engine,
    room: Room,
    group: Option<Group>,
}

fn open_watched(config: &Config, opening: Arc<Opening>, member: Option<MemberOptions>) -> anyhow::Result<Opened> {
    let room = Room::open(config)?;
    let options = EngineOptions {
        opening,
        segment_bytes: config.segment_bytes,
        snapshot_every_events: config.snapshot_every_events,
        tables: TableOptions { keys_in_memory: config.keys_in_memory, ..TableOptions::default() },
        test_clock: config.test_clock,
        member,
        clock: ClockOptions { gap_max: config.clock_gap_max, trusts_kernel: config.clock_trust_kernel },
        ..EngineOptions::new(&config.data_dir)
    };
    let opened = Engine::open_on(Arc::new(room.disk.clone()), &options);
    let (engine, report) = opened.map_err(|failure| anyhow!("{failure}"))?;
    tell(&config.data_dir, &report);
    Ok(Opened { engine, room, group: None })
}

/// Says what opening found.
fn tell(data_dir: &Path, report: &OpenReport) {
    for reason in &report.unusable_snapshots {
        tracing::warn!("a snapshot can't be used, the log is read instead: {reason}");
    }
    for reason in &report.unusable_tables {
        tracing::warn!("a table was rebuilt from the log: {reason}");
    }
    if report.tail.bytes_cut > 0 {
        tracing::warn!(
            bytes = report.tail.bytes_cut,
            "the log ended in an unfinished write, which was cut off; no acknowledged write is lost"
        );
    }
    if let Some((due, since)) = report.overdue {
        let since = jiff::Timestamp::from_microsecond(since).map(|at| at.to_string()).unwrap_or_default();
        tracing::info!(
            due,
            since,
            "accounts, holds and schedules have something due; it is done now, in order, each thing as of its instant"
        );
    }
    tracing::info!(
        data_dir = %data_dir.display(),
        snapshot_event = report.snapshot_event,
        replayed_events = report.replayed_events,
        took_ms = report.took_us / 1000,
        "ledger open"
    );
}

/// The signals that end the process: SIGTERM and Ctrl-C.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From here on they no longer end the process by themselves.
    fn listen() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn come(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpStream;

    #[tokio::test]
    async fn many_clients_may_connect_at_once() {
        let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0)), "listen").unwrap();
        let address = listener.local_addr().unwrap();
        // Nobody accepts them meanwhile. One that finds no room would try again after a second.
        let connect = |_| TcpStream::connect_timeout(&address, Duration::from_millis(900));
        let connected: Vec<_> = (0..400).map(connect).collect::<Result<_, _>>().unwrap();
        assert_eq!(connected.len(), 400);
    }
}
