//! The yardstick of the benchmarks: all the work of a transfer but for the ledger.

use hyper::StatusCode;
use tocos_ledger::{Balance, Micros};

use crate::answer::Answer;
use crate::body;
use crate::fields::Fields;
use crate::json::Writer;
use crate::problem::{Code, Problem};
use crate::render;
use crate::request::{Asked, Decided, utf8};
use crate::route::{AtOnce, Endpoint, Run};
use crate::transfers::TRANSFER;
use crate::write;

pub(crate) static NOOP: Endpoint = Endpoint {
    right: None,
    query: &[],
    body: TRANSFER.fields,
    run: Run::AtOnce(AtOnce::Look(noop)),
    about: "Reads a transfer and answers with one, without doing it. Only there with --bench-routes.",
    answer: "Event",
    refusals: &[],
};

/// Any instant: formatting one takes the same time.
const AT: Micros = 1_795_352_400_123_456;

fn noop(asked: &Asked<'_>) -> Result<Decided, Problem> {
    if !asked.app.settings.bench_routes {
        return Err(Problem::new(Code::NotFound, "This route is only there with --bench-routes."));
    }
    body::require_json(&asked.head)?;
    let mut fields = Fields::new(TRANSFER.fields);
    fields.read_body(utf8(asked.body)?)?;
    fields.check_complete()?;
    let key = write::idempotency_key(&asked.head)?;
    let mut out = Writer::with_capacity(write::ANSWER_BYTES);
    out.raw("{\"event\":1234567,\"kind\":\"transfer\",\"from\":");
    out.word(fields.the_text("from"));
    out.raw(",\"to\":");
    out.word(fields.the_text("to"));
    out.raw(",\"coin\":");
    out.word(fields.the_text("coin"));
    out.raw(",\"amount\":");
    out.integer(fields.the_number("amount"));
    out.raw(",\"at\":");
    out.time(AT);
    out.raw(",\"lots\":[{\"grant\":null,\"amount\":");
    out.integer(fields.the_number("amount"));
    out.raw("}],\"balances\":{");
    out.word(fields.the_text("from"));
    out.raw(":");
    render::balance(&mut out, Balance { total: 100_000, held: 0 });
    out.raw(",");
    out.word(fields.the_text("to"));
    out.raw(":");
    render::balance(&mut out, Balance { total: 100_000, held: 0 });
    out.raw("}");
    if let Some(metadata) = fields.text("metadata") {
        out.raw(",\"metadata\":");
        out.raw(metadata);
    }
    if let Some(key) = key {
        out.raw(",\"idempotency_key\":");
        out.text(key);
    }
    out.raw("}");
    Ok(Decided { seen: 0, outcome: Ok(Answer::json(StatusCode::CREATED, out)) })
}
