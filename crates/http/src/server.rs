//! Accepting connections, serving each of them, and the end of all.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;

use crate::error::Error;
use crate::fast_path::{self, Out};
use crate::hyper_path::{self, Protocol};
use crate::peer::Peer;
use crate::request_id::{RequestId, RequestIds};
use crate::service::Service;
use crate::stream::{LINGER, TrackedStream};
use crate::tracker::{Connection, ConnectionTracker};

/// Clients that get a response that there are too many connections; further connections are closed without one.
const REJECTING_MAX: usize = 64;

/// Serves the connections of a listener.
#[derive(Debug)]
pub struct Server<S> {
    service: Arc<S>,
    tracker: Arc<ConnectionTracker>,
    ids: Arc<RequestIds>,
    protocol: Arc<Protocol>,
    has_fast_path: bool,
    rejecting: Arc<AtomicUsize>,
    /// The runtimes of other threads that serve connections too.
    others: Arc<[Handle]>,
}

impl<S> Clone for Server<S> {
    fn clone(&self) -> Self {
        Self {
            service: Arc::clone(&self.service),
            tracker: Arc::clone(&self.tracker),
            ids: Arc::clone(&self.ids),
            protocol: Arc::clone(&self.protocol),
            has_fast_path: self.has_fast_path,
            rejecting: Arc::clone(&self.rejecting),
            others: Arc::clone(&self.others),
        }
    }
}

impl<S: Service> Server<S> {
    /// A server that passes requests to `service`. `has_fast_path`: whether small requests go to [`Service::call`].
    pub fn new(service: Arc<S>, tracker: Arc<ConnectionTracker>, has_fast_path: bool) -> Self {
        Self {
            service,
            tracker,
            ids: Arc::new(RequestIds::new()),
            protocol: Arc::new(hyper_path::protocol()),
            has_fast_path,
            rejecting: Arc::new(AtomicUsize::new(0)),
            others: Arc::new([]),
        }
    }

    /// The same, but for connections that are served on these runtimes in turn with the one that accepts them.
    #[must_use]
    pub fn shared_with(self, others: Vec<Handle>) -> Self {
        Self { others: others.into(), ..self }
    }

    /// Accepts connections for as long as it is polled. Those that there are go on without it.
    pub async fn accept(&self, listener: &TcpListener) -> Infallible {
        const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(50);
        let mut turn = 0;
        loop {
            let stream = match listener.accept().await {
                Ok((stream, _peer)) => stream,
                Err(error) => {
                    // Out of file descriptors, most likely: connections that end will free some.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(PAUSE_AFTER_ERROR).await;
                    continue;
                }
            };
            if self.tracker.rejects() {
                self.reject(stream);
                continue;
            }
            // Responses are small and whole: waiting to fill a packet would only delay them.
            let _best_effort = stream.set_nodelay(true);
            let connection = self.tracker.connect();
            let peer = Peer::of(&stream, self.service.asks_owner());
            let server = self.clone();
            // This runtime serves the last of each round.
            let other = self.others.get(turn);
            turn = if other.is_some() { turn + 1 } else { 0 };
            let Some(other) = other else {
                tokio::spawn(async move { server.serve(peer, &connection, stream).await });
                continue;
            };
            // Readiness is registered with the runtime that serves it.
            match stream.into_std() {
                Ok(stream) => drop(other.spawn(async move {
                    match TcpStream::from_std(stream) {
                        Ok(stream) => server.serve(peer, &connection, stream).await,
                        Err(error) => tracing::warn!(%error, "a connection could not be served"),
                    }
                })),
                Err(error) => tracing::warn!(%error, "a connection could not be served"),
            }
        }
    }

    /// Plain requests by the fast path for as long as nothing else comes, then everything with hyper.
    async fn serve(&self, peer: Peer, connection: &Arc<Connection>, stream: TcpStream) {
        let mut stream = TrackedStream::new(stream, Arc::clone(connection));
        if self.has_fast_path {
            match fast_path::serve(&self.service, &self.ids, peer, connection, &mut stream).await {
                fast_path::Next::End => return,
                fast_path::Next::HandOver(read) => stream.put_back(read),
            }
        }
        hyper_path::serve(&self.service, &self.ids, &self.protocol, peer, connection, stream).await;
    }

    /// Tells a client that there are too many connections.
    fn reject(&self, mut stream: TcpStream) {
        if self.rejecting.fetch_add(1, Ordering::Relaxed) >= REJECTING_MAX {
            self.rejecting.fetch_sub(1, Ordering::Relaxed);
            return;
        }
        let mut response = self.service.refuse(&Error::TooManyConnections);
        response.closes = true;
        let mut out = Out::default();
        let is_put = out.put(response, &RequestId::of(None, &self.ids), std::time::Instant::now()).is_ok();
        let rejecting = Arc::clone(&self.rejecting);
        tokio::spawn(async move {
            let reject = async {
                if is_put {
                    stream.write_all(out.bytes()).await?;
                }
                stream.shutdown().await?;
                tokio::io::copy(&mut stream, &mut tokio::io::sink()).await
            };
            let _in_time = tokio::time::timeout(LINGER, reject).await;
            rejecting.fetch_sub(1, Ordering::Relaxed);
        });
    }

    /// Waits until all connections have ended, each with its last response, and ends those that take longer than
    /// `timeout`. Whoever accepts must have stopped before.
    pub async fn drain(&self, timeout: Duration) {
        const CHECK_EVERY: Duration = Duration::from_millis(10);
        let tracker = &self.tracker;
        tracker.finish_all();
        let all_ended = async {
            while tracker.open() > 0 {
                tokio::time::sleep(CHECK_EVERY).await;
                // Those that were only just accepted have not heard of it yet.
                tracker.finish_all();
            }
        };
        if tokio::time::timeout(timeout, all_ended).await.is_err() {
            tracing::warn!(connections = tracker.open(), "connections were cut off: their requests took too long");
            tracker.end_all();
        }
    }
}
