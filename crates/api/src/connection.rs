//! One connection from its first byte to its last, as hyper serves it; the watch looks after its pace.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;

use crate::answer::AnswerBody;
use crate::watch::Watched;

/// Largest piece that is read at once, in bytes; also bounds the head of a request.
const BUFFER_BYTES_MAX: usize = 128 * 1024;
const HTTP2_STREAMS_MAX: u32 = 256;
const HTTP2_HEAD_BYTES_MAX: u32 = 32 * 1024;
/// What is still read and thrown away of a request that was answered before its end, so that the client gets to
/// see the answer instead of a reset connection.
const UNREAD_BYTES_MAX: usize = 64 * 1024 * 1024;
const LINGER: Duration = Duration::from_secs(2);

/// What every connection of a server begins with.
pub(crate) fn protocol() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().max_buf_size(BUFFER_BYTES_MAX).half_close(false).writev(false);
    builder.http2().max_concurrent_streams(HTTP2_STREAMS_MAX).max_header_list_size(HTTP2_HEAD_BYTES_MAX);
    builder
}

/// Serves one connection with hyper until it ends; `answer` makes the answers.
pub(crate) async fn serve<F>(
    protocol: Arc<auto::Builder<TokioExecutor>>,
    watched: Arc<Watched>,
    stream: WatchedStream,
    answer: impl Fn(Request<Incoming>) -> F,
) where
    F: Future<Output = Result<Response<AnswerBody>, Infallible>> + Send + 'static,
{
    let mut connection = std::pin::pin!(protocol.serve_connection(TokioIo::new(stream), service_fn(answer)));
    let mut is_finishing = false;
    std::future::poll_fn(|context| {
        watched.register(context.waker());
        if watched.should_end() {
            return Poll::Ready(());
        }
        if !is_finishing && watched.should_finish() {
            is_finishing = true;
            connection.as_mut().graceful_shutdown();
        }
        // What went wrong on the wire is the client's to notice.
        connection.as_mut().poll(context).map(|_ended| ())
    })
    .await;
}

/// Tells a client that there are too many.
pub(crate) async fn turn_away(mut stream: TcpStream, answer: Arc<[u8]>) {
    let turn_away = async {
        stream.write_all(&answer).await?;
        stream.shutdown().await?;
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await
    };
    let _in_time = tokio::time::timeout(LINGER, turn_away).await;
}

/// A socket that says when bytes move, and that does not slam the door.
#[derive(Debug)]
pub(crate) struct WatchedStream {
    stream: TcpStream,
    watched: Arc<Watched>,
    /// What was read already, and is to be read again first.
    put_back: Bytes,
    linger: Option<Linger>,
}

impl WatchedStream {
    pub(crate) fn new(stream: TcpStream, watched: Arc<Watched>) -> Self {
        Self { stream, watched, put_back: Bytes::new(), linger: None }
    }

    /// Has bytes that were read read again by whoever reads next.
    pub(crate) fn put_back(&mut self, bytes: Bytes) {
        self.put_back = bytes;
    }
}

#[derive(Debug)]
struct Linger {
    until: Pin<Box<tokio::time::Sleep>>,
    bytes_left: usize,
}

impl AsyncRead for WatchedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.put_back.is_empty() {
            let count = self.put_back.len().min(buffer.remaining());
            buffer.put_slice(&self.put_back.split_to(count));
            self.watched.read();
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let result = ready!(Pin::new(&mut self.stream).poll_read(context, buffer));
        if buffer.filled().len() > before {
            self.watched.read();
        }
        Poll::Ready(result)
    }
}

impl AsyncWrite for WatchedStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.stream).poll_write(context, bytes));
        self.watched.written();
        Poll::Ready(result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.stream).poll_write_vectored(context, pieces));
        self.watched.written();
        Poll::Ready(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.linger.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(context))?;
            if !this.watched.leaves_unread() {
                return Poll::Ready(Ok(()));
            }
        }
        let linger = this.linger.get_or_insert_with(|| Linger {
            until: Box::pin(tokio::time::sleep(LINGER)),
            bytes_left: UNREAD_BYTES_MAX,
        });
        let mut thrown_away = [0_u8; 8192];
        loop {
            let mut buffer = ReadBuf::new(&mut thrown_away);
            match Pin::new(&mut this.stream).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if buffer.filled().is_empty() => return Poll::Ready(Ok(())),
                Poll::Ready(Ok(())) => {
                    linger.bytes_left = linger.bytes_left.saturating_sub(buffer.filled().len());
                    if linger.bytes_left == 0 {
                        return Poll::Ready(Ok(()));
                    }
                }
                // The client is gone, which is all that was waited for.
                Poll::Ready(Err(_gone)) => return Poll::Ready(Ok(())),
                Poll::Pending => return linger.until.as_mut().poll(context).map(Ok),
            }
        }
    }
}
