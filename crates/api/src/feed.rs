//! The events in order: page by page, waiting for the next one, or as a stream that goes on.

use std::time::Duration;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::ACCEPT;
use tocos_ledger::Right;
use tokio::sync::mpsc;

use crate::answer::{Answer, AnswerBody, Media};
use crate::fields::{Fields, optional};
use crate::json::Writer;
use crate::kind::{EXACT_MAX, Kind};
use crate::problem::Problem;
use crate::render;
use crate::request::{Call, event_problem, from_disk, look, settled, unavailable_problem};
use crate::route::{Endpoint, Run};

pub(crate) static GET: Endpoint = Endpoint {
    right: Some(Right::Read),
    query: &[
        optional("after", Kind::Integer(0, EXACT_MAX), "Only events with greater numbers; 0 without."),
        optional("limit", Kind::Integer(1, 1_000), "At most so many; 100 without. A stream has no end."),
        optional("wait_s", Kind::Integer(0, 60), "If there is none yet, wait for one as long as this."),
    ],
    body: &[],
    run: Run::Lasting(|call| Box::pin(get(call))),
    about: "Events in order of their dense numbers. With `Accept: text/event-stream` they are streamed as they come, beginning behind `Last-Event-ID` if that is given.",
    answer: "Events",
    refusals: &[],
};

/// A stream says at least this often that it is still there.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Events that a stream sends in one piece.
const STREAMED_AT_ONCE: usize = 128;

async fn get(call: Call) -> Result<Answer, Problem> {
    let fields = call.fields(GET.query)?;
    let wants_stream = call
        .parts
        .headers
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains(Media::Events.as_str()));
    let after = match call.parts.headers.get("last-event-id").filter(|_| wants_stream) {
        Some(last) => {
            let last = last.to_str().ok().and_then(|last| last.parse().ok());
            last.ok_or_else(|| Problem::invalid("last-event-id", "the number of an event was expected"))?
        }
        None => fields.number("after").unwrap_or(0),
    };
    if wants_stream {
        drop(fields);
        return Ok(stream(call, after));
    }
    page(&call, &fields, after).await
}

async fn page(call: &Call, fields: &Fields<'_>, after: u64) -> Result<Answer, Problem> {
    let limit = fields.number("limit").unwrap_or(100) as usize;
    let wait = Duration::from_secs(fields.number("wait_s").unwrap_or(0));
    if call.app.engine.durable_event() <= after && !wait.is_zero() {
        // Whether it came, or the time is up: the answer is what there is.
        let _late = tokio::time::timeout(wait, next_event(call, after)).await;
    }
    // Also when there is nothing to show: a feed that has stopped for good must not look like a quiet one.
    call.app.engine.read(|_, _| ()).map_err(|unavailable| unavailable_problem(&unavailable))?;
    let mut out = Writer::with_capacity(256);
    out.raw("{\"events\":[");
    let mut at = after;
    let mut left = limit;
    let mut comma = "";
    while left > 0 {
        let objects = objects_after(call, at, left.min(STREAMED_AT_ONCE)).await?;
        let Some((last, _)) = objects.last() else { break };
        at = *last;
        left -= objects.len();
        for (_, object) in &objects {
            out.raw(comma);
            comma = ",";
            out.raw(object);
        }
    }
    out.raw("],\"last_event\":");
    out.integer(call.app.engine.durable_event());
    out.raw("}");
    Ok(Answer::ok(out))
}

/// Ready when an event after this one is on the disk, or the service stops.
async fn next_event(call: &Call, after: u64) -> Result<(), Problem> {
    loop {
        let last = call.app.engine.durable_event();
        if last > after || call.app.is_stopping() {
            return Ok(());
        }
        tokio::select! {
            next = settled(call.app.engine.durable(last + 1)) => next?,
            () = call.app.stopped() => {}
        }
    }
}

/// Some events with their numbers.
async fn objects_after(call: &Call, after: u64, limit: usize) -> Result<Vec<(u64, String)>, Problem> {
    if call.app.engine.durable_event() <= after {
        return Ok(Vec::new());
    }
    let engine = call.app.engine.clone();
    let stored = from_disk(move || engine.events_after(after, limit)).await?;
    let mut events = Vec::with_capacity(stored.len());
    for stored in &stored {
        events.push(stored.decode().map_err(|error| event_problem(&error))?);
    }
    look(&call.app, |ledger, _| {
        let put = |event: &tocos_ledger::Event<'_>| {
            let mut out = Writer::with_capacity(384);
            render::event(&mut out, event, ledger.state());
            (event.number, out.into_string())
        };
        events.iter().map(put).collect()
    })
    .await
}

fn stream(call: Call, after: u64) -> Answer {
    // A client that does not take what it is sent gets no more until it does.
    let (pieces, body) = mpsc::channel(4);
    tokio::spawn(async move {
        tokio::select! {
            // It ends when the client is gone, or with a problem that the stream has no words for.
            _ended = feed(&call, after, &pieces) => {}
            () = call.app.stopped() => {}
        }
    });
    Answer { status: StatusCode::OK, media: Media::Events, body: AnswerBody::Pieces(body), replayed: false }
}

/// Why a stream ends.
struct Ended;

async fn feed(call: &Call, after: u64, pieces: &mpsc::Sender<Bytes>) -> Result<(), Ended> {
    let mut at = after;
    // The head of the answer goes out with the first piece.
    send(pieces, Bytes::from_static(b": events\n\n")).await?;
    loop {
        let objects = objects_after(call, at, STREAMED_AT_ONCE).await.map_err(|_| Ended)?;
        if let Some((last, _)) = objects.last() {
            at = *last;
            let piece: String =
                objects.iter().map(|(number, object)| format!("id: {number}\ndata: {object}\n\n")).collect();
            send(pieces, Bytes::from(piece)).await?;
            continue;
        }
        match tokio::time::timeout(HEARTBEAT, next_event(call, at)).await {
            Ok(next) => next.map_err(|_| Ended)?,
            Err(_quiet) => send(pieces, Bytes::from_static(b":\n\n")).await?,
        }
        if call.app.is_stopping() {
            return Err(Ended);
        }
    }
}

async fn send(pieces: &mpsc::Sender<Bytes>, piece: Bytes) -> Result<(), Ended> {
    pieces.send(piece).await.map_err(|_gone| Ended)
}
