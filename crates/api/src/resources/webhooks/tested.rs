//! What was delivered lately, and sending a test.

use super::{DELIVERIES, TEST, not_found};
use crate::json::Writer;
use crate::rendering::{self, Code, Problem, Response};
use crate::routing::{AsyncRequest, Fields, content_type, read_names, utf8};

pub(super) async fn deliveries(request: AsyncRequest) -> Result<Response, Problem> {
    let fields = request.fields(DELIVERIES.query)?;
    let id = fields.the_text("webhook");
    check_is_there(&request, id).await?;
    let last = request.app.webhooks.attempts().map(|attempts| attempts.last(id)).unwrap_or_default();
    let mut out = Writer::with_capacity(64 + last.len() * 256);
    out.raw("{\"deliveries\":[");
    for (at, attempt) in last.iter().enumerate() {
        out.raw(if at == 0 { "" } else { "," });
        rendering::attempt(&mut out, attempt);
    }
    out.raw("]}");
    Ok(Response::ok(out))
}

pub(super) async fn test(mut request: AsyncRequest) -> Result<Response, Problem> {
    let body = request.read_body(request.app.settings.limits.body_bytes_max).await?;
    if !body.is_empty() {
        content_type::require_json(&request.head())?;
        Fields::new(&[]).read_body(utf8(&body)?)?;
    }
    let fields = request.fields(TEST.query)?;
    let id = fields.the_text("webhook");
    check_is_there(&request, id).await?;
    let stopping = || Problem::new(Code::ShuttingDown, "The service is shutting down.").retry_after_s(2);
    let delivery = request.app.webhooks.delivery().ok_or_else(stopping)?;
    let attempt = delivery.test(id).await.ok_or_else(stopping)?;
    let mut out = Writer::with_capacity(512);
    rendering::attempt(&mut out, &attempt);
    Ok(Response::ok(out))
}

async fn check_is_there(request: &AsyncRequest, id: &str) -> Result<(), Problem> {
    let is_there = read_names(request, |ledger, _| ledger.state().webhook(id).is_some()).await?;
    if is_there { Ok(()) } else { Err(not_found(id)) }
}
