//! Whether the tables are a copy of this ledger, and of what it still is.

use super::feed::Shared;
use crate::event::Event;
use crate::service::Reply;
use crate::store::Meta;
use crate::trouble::Trouble;

/// Asks the service, without keeping the runtime from anything else.
pub(crate) async fn ask(service: &Shared, target: String, may_miss: bool) -> Result<Option<Reply>, Trouble> {
    let service = Shared::clone(service);
    let asked = tokio::task::spawn_blocking(move || {
        let mut service = service.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if may_miss { service.find(&target) } else { service.get(&target).map(Some) }
    });
    asked.await.map_err(|error| Trouble::Stuck(format!("a request failed: {error}")))?
}

/// What tells an event from any other of its number, if the ledger has it.
pub(crate) async fn fingerprint(service: &Shared, event: i64) -> Result<Option<String>, Trouble> {
    let Some(reply) = ask(service, format!("/v1/events/{event}"), true).await? else { return Ok(None) };
    let text = std::str::from_utf8(&reply.body).unwrap_or_default();
    let event = Event::parse(text)
        .map_err(|error| Trouble::Stuck(format!("event {event} is not what this version of tocos expects: {error}")))?;
    Ok(Some(event.fingerprint()))
}

/// That the last event of the tables is the ledger's.
///
/// # Errors
/// It is another ledger, or this one went back.
pub(crate) async fn verify(service: &Shared, meta: &Meta, schema: &str) -> Result<(), Trouble> {
    if meta.last_event == 0 {
        return Ok(());
    }
    let last = fingerprint(service, meta.last_event).await?;
    if last.as_deref() == Some(&*meta.last_fingerprint) {
        return Ok(());
    }
    let first = fingerprint(service, 1).await?;
    if first.as_deref() != Some(&*meta.ledger) {
        return Err(Trouble::Stuck(format!(
            "schema {schema} has the copy of another ledger ({}; this one's first event is {}): use another --schema or database, or another --url",
            meta.ledger,
            first.as_deref().unwrap_or("missing")
        )));
    }
    let what = if last.is_none() {
        format!("the ledger does not have event {}, up to which the tables go", meta.last_event)
    } else {
        format!("event {} of the ledger is not the one that was copied", meta.last_event)
    };
    Err(Trouble::Stuck(format!(
        "{what}: it was restored to an earlier state and went on from there. The tables have events that are no more. Drop them (drop schema \
         {schema} cascade) and copy again, or copy into another --schema and compare"
    )))
}
