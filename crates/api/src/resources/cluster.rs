//! The group of nodes that serve this ledger: who leads, how far each is, and handing the lead over.

use std::time::Duration;

use tocos_group::{Figures, Leader, NodeStatus};
use tocos_ledger::Right;

use crate::app::NotHandedOver;
use crate::json::Writer;
use crate::rendering::{Code, Problem, Response};
use crate::routing::{AsyncRequest, BodyLimit, Endpoint, Fields, Run, content_type, utf8};

pub(crate) static GET: Endpoint = Endpoint {
    right: Some(Right::Read),
    query: &[],
    body: &[],
    run: Run::Async(|request| Box::pin(get(request))),
    summary: "Get the state of the group",
    about: "Returns what this node knows about itself and its group: its role, who leads, and how far each node is. A node without a group has the role `alone`.",
    schema: "Cluster",
    refusals: &[],
};

pub(crate) static HANDOVER: Endpoint = Endpoint {
    right: Some(Right::Admin),
    query: &[],
    body: &[],
    run: Run::Leading(BodyLimit::Request, |request| Box::pin(hand_over(request))),
    summary: "Hand the lead over",
    about: "The leader hands the lead over to the node that is furthest on. Any node accepts the request and passes it on to the leader.",
    schema: "Handover",
    refusals: &[Code::NoSuccessor],
};

/// The role of a node without a group.
pub(crate) const ALONE: &str = "alone";

async fn get(request: AsyncRequest) -> Result<Response, Problem> {
    request.fields(GET.query)?;
    let last_event = request.app.engine.durable_event();
    request.noted.note(last_event);
    let mut out = Writer::with_capacity(512);
    match &request.app.group {
        Some(group) => {
            let figures = group.status().figures();
            put(&mut out, &figures, figures.role.as_str());
        }
        None => put(&mut out, &Figures { last_event, tip_event: last_event, ..Figures::default() }, ALONE),
    }
    Ok(Response::ok(out))
}

async fn hand_over(mut request: AsyncRequest) -> Result<Response, Problem> {
    request.fields(HANDOVER.query)?;
    let body = request.read_body(request.app.settings.limits.body_bytes_max).await?;
    if !body.is_empty() {
        content_type::require_json(&request.head())?;
        Fields::new(HANDOVER.body).read_body(utf8(&body)?)?;
    }
    let no_successor = |reason: &str| {
        Problem::new(Code::NoSuccessor, format!("The lead was not handed over: {}.", reason.trim_end_matches('.')))
    };
    let Some(group) = &request.app.group else { return Err(no_successor("this node has no group")) };
    let leader = group.handle.hand_over().await.map_err(|reason| match reason {
        NotHandedOver::NotLeader => {
            Problem::new(Code::NotLeader, "This node does not lead its group. Retry in a moment.").retry_after_s(1)
        }
        NotHandedOver::NoSuccessor(reason) => no_successor(&reason),
    })?;
    tracing::warn!(
        key = request.caller.key,
        to = leader.node,
        epoch = leader.epoch,
        "the lead was handed over on request"
    );
    let mut out = Writer::with_capacity(128);
    out.raw("{\"leader\":");
    put_leader(&mut out, &leader);
    out.raw("}");
    Ok(Response::ok(out))
}

fn put(out: &mut Writer, figures: &Figures, role: &'static str) {
    out.raw("{\"node\":");
    out.text(&figures.node);
    out.raw(",\"role\":");
    out.word(role);
    put_count(out, ",\"epoch\":", figures.epoch);
    out.raw(",\"leader\":");
    match &figures.leader {
        Some(leader) => put_leader(out, leader),
        None => out.raw("null"),
    }
    put_count(out, ",\"last_event\":", figures.last_event);
    put_count(out, ",\"tip_event\":", figures.tip_event);
    out.raw(",\"behind_s\":");
    put_seconds(out, figures.behind);
    out.raw(",\"lease_age_s\":");
    put_seconds(out, figures.lease_age);
    put_count(out, ",\"in_flight\":", figures.in_flight);
    put_count(out, ",\"appends\":", figures.appends);
    put_count(out, ",\"healed_frames\":", figures.healed_frames);
    put_count(out, ",\"faults\":", figures.faults);
    put_count(out, ",\"rivals\":", figures.rivals);
    put_count(out, ",\"changes\":", figures.changes);
    out.raw(",\"synchronous\":");
    match figures.is_synchronous {
        Some(is_synchronous) => out.bool(is_synchronous),
        None => out.raw("null"),
    }
    out.raw(",\"note\":");
    out.text(&figures.note);
    out.raw(",\"members\":[");
    for (at, member) in figures.members.iter().enumerate() {
        out.raw(if at == 0 { "" } else { "," });
        put_member(out, member);
    }
    out.raw("]}");
}

fn put_count(out: &mut Writer, name: &str, count: u64) {
    out.raw(name);
    out.integer(count);
}

fn put_leader(out: &mut Writer, leader: &Leader) {
    out.raw("{\"node\":");
    out.text(&leader.node);
    out.raw(",\"url\":");
    out.text(&leader.url);
    out.raw(",\"epoch\":");
    out.integer(leader.epoch);
    out.raw("}");
}

fn put_member(out: &mut Writer, member: &NodeStatus) {
    out.raw("{\"node\":");
    out.text(&member.node);
    out.raw(",\"url\":");
    out.text(&member.url);
    out.raw(",\"last_event\":");
    out.integer(member.last_event);
    out.raw(",\"seen_ago_s\":");
    put_seconds(out, member.seen_ago);
    out.raw("}");
}

/// Seconds with three decimal places.
fn put_seconds(out: &mut Writer, duration: Duration) {
    out.raw(&format!("{}.{:03}", duration.as_secs(), duration.subsec_millis()));
}
