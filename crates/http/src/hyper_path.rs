//! Requests of any kind, as hyper reads them.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use hyper::body::{Body, Incoming};
use hyper::service::service_fn;
use hyper::{Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;

use crate::body::RequestBody;
use crate::head::{self, Head};
use crate::peer::Peer;
use crate::request_id::{RequestId, RequestIds};
use crate::response::ResponseBody;
use crate::service::{OwnedRequest, Service};
use crate::stream::TrackedStream;
use crate::tracker::Connection;

/// Most bytes that are read at once; also bounds the head of a request.
const BUFFER_BYTES_MAX: usize = 128 * 1024;
const HTTP2_STREAMS_MAX: u32 = 256;
/// A target alone has 65,534 bytes at most, which is hyper's bound. Nothing is kept for it while no head comes.
const HTTP2_HEAD_BYTES_MAX: u32 = 96 * 1024;

/// Hyper, with the bounds of every connection.
pub(crate) type Protocol = auto::Builder<TokioExecutor>;

/// What every connection of a server begins with.
pub(crate) fn protocol() -> Protocol {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().max_buf_size(BUFFER_BYTES_MAX).half_close(false).writev(false);
    builder.http2().max_concurrent_streams(HTTP2_STREAMS_MAX).max_header_list_size(HTTP2_HEAD_BYTES_MAX);
    builder
}

/// Serves one connection until it ends.
pub(crate) async fn serve<S: Service>(
    service: &Arc<S>,
    ids: &Arc<RequestIds>,
    protocol: &Protocol,
    peer: Peer,
    connection: &Arc<Connection>,
    stream: TrackedStream,
) {
    let respond = |request| {
        let (service, ids, connection) = (Arc::clone(service), Arc::clone(ids), Arc::clone(connection));
        async move { Ok::<_, Infallible>(respond(service, &ids, peer, connection, request).await) }
    };
    let mut serving = std::pin::pin!(protocol.serve_connection(TokioIo::new(stream), service_fn(respond)));
    let mut is_finishing = false;
    std::future::poll_fn(|context| {
        connection.register(context.waker());
        if connection.should_end() {
            return Poll::Ready(());
        }
        if !is_finishing && connection.should_finish() {
            is_finishing = true;
            serving.as_mut().graceful_shutdown();
        }
        // What went wrong on the wire is the client's to notice.
        serving.as_mut().poll(context).map(|_ended| ())
    })
    .await;
}

async fn respond<S: Service>(
    service: Arc<S>,
    ids: &RequestIds,
    peer: Peer,
    connection: Arc<Connection>,
    request: hyper::Request<Incoming>,
) -> Response<ResponseBody> {
    let _active = connection.begin_request(request.version() == Version::HTTP_2, !request.body().is_end_stream());
    let (parts, body) = request.into_parts();
    let id = RequestId::of(Head::of(&parts).request_id, ids);
    let head = head::check(&parts);
    let request =
        OwnedRequest { parts, id, started: Instant::now(), peer, body: RequestBody::OnItsWay(body), connection };
    service.call_owned(request, head).await.into_hyper(&id)
}
