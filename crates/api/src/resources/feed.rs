//! The events in order: page by page, waiting for the next one, or as a stream that goes on.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::ACCEPT;
use tocos_ledger::Right;
use tokio::sync::mpsc;

use super::found_events::{self, Wanted};
use crate::json::Writer;
use crate::rendering::{self, Media, Problem, Response};
use crate::routing::{
    AsyncRequest, EXACT_MAX, Endpoint, FieldType, Fields, Run, event_problem, from_disk, optional, reached, read_names,
    unavailable_problem,
};
use tocos_http::ResponseBody;

pub(crate) static GET: Endpoint = Endpoint {
    right: Some(Right::Read),
    query: &[
        optional("after", FieldType::Integer(0, EXACT_MAX), "Only events with a number greater than this. Default: 0."),
        optional(
            "limit",
            FieldType::Integer(1, 1_000),
            "The maximum number of events. Default: 100. It does not limit a stream.",
        ),
        found_events::IDEMPOTENCY_KEY,
        found_events::REFERENCE,
        found_events::SCHEDULE,
        optional(
            "wait_s",
            FieldType::Integer(0, 60),
            "If there is no such event yet, wait up to this many seconds for one.",
        ),
        optional(
            "crossed",
            FieldType::Bool,
            "Only events that crossed a threshold. A page then ends after 20,000 events at the latest; `next_after` says where to go on. Default: false.",
        ),
    ],
    body: &[],
    run: Run::Streaming(|request| Box::pin(get(request))),
    summary: "List, wait for, or stream events in order",
    about: "Lists events in order of their numbers, which have no gaps. With `Accept: text/event-stream`, streams events as they become durable, starting after `Last-Event-ID` if given. With `idempotency_key`, `reference` or `schedule` it finds the events that name it; `next_after` says where to go on.",
    schema: "EventList",
    refusals: &[],
};

/// A stream says at least this often that it is still there.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Events that a page that wants only some of them looks at, and how many of those at once.
const LOOKED_AT_MAX: u64 = 20_000;
const LOOKED_AT_ONCE: usize = 2_000;
/// Events that a stream sends in one chunk.
const STREAMED_AT_ONCE: usize = 128;

async fn get(request: AsyncRequest) -> Result<Response, Problem> {
    let fields = request.fields(GET.query)?;
    let wants_stream = request
        .parts()
        .headers
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains(Media::Events.as_str()));
    let wanted = Wanted::of(&fields)?;
    let after = match request.parts().headers.get("last-event-id").filter(|_| wants_stream) {
        Some(last) => {
            let last = last.to_str().ok().and_then(|last| last.parse().ok());
            last.ok_or_else(|| Problem::invalid("last-event-id", "the number of an event was expected"))?
        }
        None => fields.number("after").unwrap_or(0),
    };
    if let Some(wanted) = wanted {
        if wants_stream {
            let reason =
                "events are streamed in order of their numbers; leave out idempotency_key, reference and schedule";
            return Err(Problem::invalid("accept", reason));
        }
        let limit = fields.number("limit").unwrap_or(100) as usize;
        return found_events::page(&request, wanted, after, limit).await;
    }
    if wants_stream {
        let only_crossed = fields.flag("crossed").unwrap_or(false);
        drop(fields);
        return Ok(stream(request, after, only_crossed));
    }
    page(&request, &fields, after).await
}

async fn page(request: &AsyncRequest, fields: &Fields<'_>, after: u64) -> Result<Response, Problem> {
    let limit = fields.number("limit").unwrap_or(100) as usize;
    let only_crossed = fields.flag("crossed").unwrap_or(false);
    let wait = Duration::from_secs(fields.number("wait_s").unwrap_or(0));
    if request.app.engine.durable_event() <= after && !wait.is_zero() {
        // Whether it came, or the time is up: the response is what there is.
        let _late = tokio::time::timeout(wait, next_event(request, after)).await;
    }
    // Also without new events: clients must be able to distinguish a feed that has stopped from one without events.
    request.app.engine.read(|_, _| ()).map_err(|unavailable| unavailable_problem(&unavailable))?;
    let mut out = Writer::with_capacity(256);
    out.raw("{\"events\":[");
    let mut at = after;
    let mut left = limit;
    let mut comma = "";
    while left > 0 && at - after < LOOKED_AT_MAX {
        let found = objects_after(request, at, left.min(STREAMED_AT_ONCE), only_crossed).await?;
        if found.through == at {
            break;
        }
        at = found.through;
        left -= found.objects.len();
        for (_, object) in &found.objects {
            out.raw(comma);
            comma = ",";
            out.raw(object);
        }
    }
    let last = request.app.engine.durable_event();
    request.noted.note(last);
    out.raw("],\"last_event\":");
    out.integer(last);
    if only_crossed {
        out.raw(",\"next_after\":");
        out.integer(at);
    }
    out.raw("}");
    Ok(Response::ok(out))
}

/// Ready when an event after this one is on the disk, or the service stops.
async fn next_event(request: &AsyncRequest, after: u64) -> Result<(), Problem> {
    loop {
        let last = request.app.engine.durable_event();
        if last > after || request.app.is_stopping() {
            return Ok(());
        }
        tokio::select! {
            next = reached(&request.app, last + 1) => next?,
            () = request.app.stopped() => {}
        }
    }
}

/// Some events with their numbers, and the last event that was looked at for them.
struct Found {
    objects: Vec<(u64, String)>,
    through: u64,
}

async fn objects_after(request: &AsyncRequest, after: u64, limit: usize, only_crossed: bool) -> Result<Found, Problem> {
    if request.app.engine.durable_event() <= after {
        return Ok(Found { objects: Vec::new(), through: after });
    }
    let engine = request.app.engine.clone();
    // Few cross anything, so many are looked at for some.
    let count = if only_crossed { LOOKED_AT_ONCE } else { limit };
    let stored = from_disk(move || engine.events_after(after, count)).await?;
    let mut events = Vec::with_capacity(limit);
    let mut through = after;
    for stored in &stored {
        let event = stored.decode().map_err(|error| event_problem(&error))?;
        through = event.number;
        if !only_crossed || event.has_crossed() {
            events.push(event);
        }
        if events.len() == limit {
            break;
        }
    }
    read_names(request, |ledger, _| {
        let put = |event: &tocos_ledger::Event<'_>| {
            let mut out = Writer::with_capacity(384);
            rendering::event(&mut out, event, ledger.state());
            (event.number, out.into_string())
        };
        Found { objects: events.iter().map(put).collect(), through }
    })
    .await
}

fn stream(request: AsyncRequest, after: u64, only_crossed: bool) -> Response {
    request.noted.note(request.app.engine.durable_event());
    // A client that does not take what it is sent gets no more until it does.
    let (chunks, body) = mpsc::channel(4);
    tokio::spawn(async move {
        tokio::select! {
            // It ends when the client is gone, or with a problem that the stream has no words for.
            _ended = feed(&request, after, only_crossed, &chunks) => {}
            () = request.app.stopped() => {}
        }
    });
    Response { status: StatusCode::OK, media: Media::Events, body: ResponseBody::Chunks(body), replayed: false }
}

/// Why a stream ends.
struct Ended;

async fn feed(
    request: &AsyncRequest,
    after: u64,
    only_crossed: bool,
    chunks: &mpsc::Sender<Bytes>,
) -> Result<(), Ended> {
    let mut at = after;
    // The head of the response goes out with the first chunk.
    send(chunks, Bytes::from_static(b": events\n\n")).await?;
    loop {
        let found = objects_after(request, at, STREAMED_AT_ONCE, only_crossed).await.map_err(|_| Ended)?;
        let objects = found.objects;
        let has_looked = found.through > at;
        at = found.through;
        if objects.is_empty() && has_looked {
            continue;
        }
        if !objects.is_empty() {
            let chunk: String =
                objects.iter().map(|(number, object)| format!("id: {number}\ndata: {object}\n\n")).collect();
            send(chunks, Bytes::from(chunk)).await?;
            continue;
        }
        match tokio::time::timeout(HEARTBEAT, next_event(request, at)).await {
            Ok(next) => next.map_err(|_| Ended)?,
            Err(_quiet) => send(chunks, Bytes::from_static(b":\n\n")).await?,
        }
        if request.app.is_stopping() {
            return Err(Ended);
        }
    }
}

async fn send(chunks: &mpsc::Sender<Bytes>, chunk: Bytes) -> Result<(), Ended> {
    chunks.send(chunk).await.map_err(|_gone| Ended)
}
