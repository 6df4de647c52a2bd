//! Reading bodies: bounded in size, in time, and in what all of them together may take.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use hyper::{StatusCode, Version};
use tokio::sync::SemaphorePermit;

use std::future::Future;
use std::task::Poll;

use crate::app::App;
use crate::head::{Head, visible};
use crate::problem::{Code, Problem};
use crate::watch::Watched;

/// Bodies up to this size are not counted: all connections together can't make these hurt.
const UNCOUNTED_BYTES_MAX: usize = 16 * 1024;

/// A body that is still to be read, or that came with its head.
#[derive(Debug)]
pub(crate) enum RequestBody {
    OnItsWay(Incoming),
    Whole(Bytes),
}

/// Reads a body as a whole.
///
/// # Errors
/// It is too large, comes too slowly, or breaks off.
pub(crate) async fn read(
    app: &App,
    watched: &Watched,
    version: Version,
    body: &mut RequestBody,
    bytes_max: usize,
) -> Result<Bytes, Problem> {
    let body = match body {
        RequestBody::Whole(bytes) if bytes.len() > bytes_max => return Err(too_large(bytes_max)),
        RequestBody::Whole(bytes) => return Ok(std::mem::take(bytes)),
        RequestBody::OnItsWay(body) => body,
    };
    if body.size_hint().lower() > bytes_max as u64 {
        return Err(too_large(bytes_max));
    }
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    if version == Version::HTTP_2 {
        // Its bodies are awaited by tasks of their own, so each needs a timer of its own.
        let limit = app.settings.limits.body_timeout;
        return tokio::time::timeout(limit, collect(app, body, bytes_max))
            .await
            .unwrap_or_else(|_late| Err(too_slow()));
    }
    watched.await_body();
    let mut collecting = std::pin::pin!(collect(app, body, bytes_max));
    let result = std::future::poll_fn(|context| match collecting.as_mut().poll(context) {
        Poll::Pending if watched.is_body_late() => Poll::Ready(Err(too_slow())),
        other => other,
    })
    .await;
    watched.got_body(result.is_ok());
    result
}

async fn collect(app: &App, body: &mut Incoming, bytes_max: usize) -> Result<Bytes, Problem> {
    let Some(first) = next(body).await? else { return Ok(Bytes::new()) };
    if body.is_end_stream() && first.len() <= bytes_max {
        return Ok(first);
    }
    let expected = usize::try_from(body.size_hint().lower()).unwrap_or(0);
    let mut permits: Option<SemaphorePermit<'_>> = None;
    reserve(app, &mut permits, first.len() + expected)?;
    let mut whole = BytesMut::with_capacity(first.len() + expected);
    whole.extend_from_slice(&first);
    while let Some(piece) = next(body).await? {
        if whole.len() + piece.len() > bytes_max {
            return Err(too_large(bytes_max));
        }
        reserve(app, &mut permits, whole.len() + piece.len())?;
        whole.extend_from_slice(&piece);
    }
    if whole.len() > bytes_max {
        return Err(too_large(bytes_max));
    }
    Ok(whole.freeze())
}

async fn next(body: &mut Incoming) -> Result<Option<Bytes>, Problem> {
    loop {
        match body.frame().await {
            None => return Ok(None),
            Some(Ok(frame)) => {
                // Trailers say nothing that is wanted.
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
            Some(Err(error)) => return Err(Problem::invalid("body", format_args!("it broke off: {error}")).closing()),
        }
    }
}

/// Makes sure that this body may take `bytes` of what large bodies may take together.
fn reserve<'a>(app: &'a App, permits: &mut Option<SemaphorePermit<'a>>, bytes: usize) -> Result<(), Problem> {
    let have = permits.as_ref().map_or(UNCOUNTED_BYTES_MAX, |permits| permits.num_permits() + UNCOUNTED_BYTES_MAX);
    let Some(missing) = bytes.checked_sub(have).filter(|missing| *missing > 0) else { return Ok(()) };
    let missing = u32::try_from(missing).unwrap_or(u32::MAX);
    let Ok(more) = app.body_bytes.try_acquire_many(missing) else {
        let detail = "Too many large bodies are being sent at the moment. Ask again in a moment.";
        return Err(Problem::new(Code::TooManyRequests, detail).retry_after_s(1).closing());
    };
    match permits {
        Some(permits) => permits.merge(more),
        None => *permits = Some(more),
    }
    Ok(())
}

fn too_large(bytes_max: usize) -> Problem {
    let detail =
        format!("The body has more than {bytes_max} bytes, the most that this route takes. Send less at once.");
    Problem::new(Code::PayloadTooLarge, detail).closing()
}

pub(crate) fn too_slow() -> Problem {
    let detail = "The rest of the body did not come in time, and nothing was done. Ask again.";
    Problem::new(Code::RequestTimeout, detail).closing()
}

/// The kinds of bodies that are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContentType {
    Json,
    /// One JSON value a line.
    Ndjson,
    Other,
}

/// What the client says its body is.
///
/// # Errors
/// Text in another encoding than UTF-8.
pub(crate) fn content_type(head: &Head<'_>) -> Result<ContentType, Problem> {
    let Some(value) = head.content_type else { return Ok(ContentType::Other) };
    if value == b"application/json" {
        return Ok(ContentType::Json);
    }
    let mut parts = visible(value).unwrap_or_default().split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    let content_type = match essence.as_str() {
        "application/json" => ContentType::Json,
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" => ContentType::Ndjson,
        other if other.starts_with("application/") && other.ends_with("+json") => ContentType::Json,
        _ => return Ok(ContentType::Other),
    };
    for (name, value) in parts.filter_map(|parameter| parameter.split_once('=')) {
        let is_utf8 =
            ["utf-8", "utf8", "us-ascii"].iter().any(|known| value.trim_matches('"').eq_ignore_ascii_case(known));
        if name.eq_ignore_ascii_case("charset") && !is_utf8 {
            return Err(unsupported(&format!("{essence} in UTF-8; the header names another charset")));
        }
    }
    Ok(content_type)
}

/// A body that is there must be JSON.
pub(crate) fn require_json(head: &Head<'_>) -> Result<(), Problem> {
    match content_type(head)? {
        ContentType::Json => Ok(()),
        _ => Err(unsupported("application/json")),
    }
}

/// The body is something else than what the route takes.
pub(crate) fn unsupported(wanted: &str) -> Problem {
    Problem::invalid("content-type", format_args!("the body must be {wanted}"))
        .with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE)
}
