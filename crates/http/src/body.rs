//! Reading bodies: bounded in size, in time, and in what all of them together may take.

use std::future::Future;
use std::task::Poll;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::Version;
use hyper::body::{Body, Incoming};
use tokio::sync::SemaphorePermit;

use crate::error::Error;
use crate::tracker::Connection;

/// Bodies up to this size are not counted: all connections together can't make these hurt.
const UNCOUNTED_BYTES_MAX: usize = 16 * 1024;

/// A body that is still to be read, or that came with its head.
#[derive(Debug)]
pub enum RequestBody {
    /// Still to be read.
    OnItsWay(Incoming),
    /// All of it.
    Whole(Bytes),
}

/// Reads a body as a whole.
///
/// # Errors
/// It is too large, comes too slowly, or breaks off.
pub(crate) async fn read(
    connection: &Connection,
    version: Version,
    body: &mut RequestBody,
    bytes_max: usize,
) -> Result<Bytes, Error> {
    let body = match body {
        RequestBody::Whole(bytes) if bytes.len() > bytes_max => return Err(Error::BodyTooLarge { bytes_max }),
        RequestBody::Whole(bytes) => return Ok(std::mem::take(bytes)),
        RequestBody::OnItsWay(body) => body,
    };
    if body.size_hint().lower() > bytes_max as u64 {
        return Err(Error::BodyTooLarge { bytes_max });
    }
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    if version == Version::HTTP_2 {
        // Its bodies are awaited by tasks of their own, so each needs a timer of its own.
        let limit = connection.body_timeout();
        return tokio::time::timeout(limit, collect(connection, body, bytes_max))
            .await
            .unwrap_or_else(|_late| Err(Error::BodyTooSlow));
    }
    connection.await_body();
    let mut collecting = std::pin::pin!(collect(connection, body, bytes_max));
    let result = std::future::poll_fn(|context| match collecting.as_mut().poll(context) {
        Poll::Pending if connection.is_body_late() => Poll::Ready(Err(Error::BodyTooSlow)),
        other => other,
    })
    .await;
    connection.got_body(result.is_ok());
    result
}

async fn collect(connection: &Connection, body: &mut Incoming, bytes_max: usize) -> Result<Bytes, Error> {
    let Some(first) = next(body).await? else { return Ok(Bytes::new()) };
    if body.is_end_stream() && first.len() <= bytes_max {
        return Ok(first);
    }
    let expected = usize::try_from(body.size_hint().lower()).unwrap_or(0);
    let mut permits: Option<SemaphorePermit<'_>> = None;
    reserve(connection, &mut permits, first.len() + expected)?;
    let mut whole = BytesMut::with_capacity(first.len() + expected);
    whole.extend_from_slice(&first);
    while let Some(chunk) = next(body).await? {
        if whole.len() + chunk.len() > bytes_max {
            return Err(Error::BodyTooLarge { bytes_max });
        }
        reserve(connection, &mut permits, whole.len() + chunk.len())?;
        whole.extend_from_slice(&chunk);
    }
    if whole.len() > bytes_max {
        return Err(Error::BodyTooLarge { bytes_max });
    }
    Ok(whole.freeze())
}

async fn next(body: &mut Incoming) -> Result<Option<Bytes>, Error> {
    loop {
        match body.frame().await {
            None => return Ok(None),
            Some(Ok(frame)) => {
                // Trailers say nothing that is wanted.
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
            Some(Err(error)) => return Err(Error::BodyIncomplete { reason: error.to_string() }),
        }
    }
}

/// Makes sure that this body may take `bytes` of what large bodies may take together.
fn reserve<'a>(
    connection: &'a Connection,
    permits: &mut Option<SemaphorePermit<'a>>,
    bytes: usize,
) -> Result<(), Error> {
    let have = permits.as_ref().map_or(UNCOUNTED_BYTES_MAX, |permits| permits.num_permits() + UNCOUNTED_BYTES_MAX);
    let Some(missing) = bytes.checked_sub(have).filter(|missing| *missing > 0) else { return Ok(()) };
    let missing = u32::try_from(missing).unwrap_or(u32::MAX);
    let more = connection.body_bytes().try_acquire_many(missing).map_err(|_none| Error::TooManyBodies)?;
    match permits {
        Some(permits) => permits.merge(more),
        None => *permits = Some(more),
    }
    Ok(())
}
