//! Coins: kinds of credit, and where all of each is.

use tocos_ledger::{Operation, Refusal, Right};

use crate::json::Writer;
use crate::rendering::{self, Code, Problem, Response};
use crate::routing::{
    AsyncRequest, Endpoint, FieldType, METADATA, REFERENCE, Run, Write, in_path, optional, read_durable,
};

pub(crate) static PUT: Write = Write {
    op: Some("coin"),
    right: Right::Grant,
    fields: &[
        in_path("coin", FieldType::Coin, "The coin's code."),
        optional("decimals", FieldType::Integer(0, 9), "The number of decimal places shown to people. Default: 0."),
        METADATA,
        REFERENCE,
    ],
    operation: |fields| {
        // The list of fields bounds the decimals to 9.
        let decimals = fields.integer("decimals").unwrap_or(0) as u8;
        Ok(Operation::PutCoin { coin: fields.the_text("coin"), decimals })
    },
    summary: "Create or replace a coin",
    about: "Creates a coin, or replaces the decimals of an existing one.",
    schema: "CoinEvent",
    refusals: &[],
    statuses: &[201, 200],
};

pub(crate) static LIST: Endpoint = Endpoint {
    right: Some(Right::Read),
    query: &[],
    body: &[],
    run: Run::Async(|request| Box::pin(list(request))),
    summary: "List coins",
    about: "Lists all coins, in order of creation.",
    schema: "CoinList",
    refusals: &[],
};

pub(crate) static GET: Endpoint = Endpoint {
    right: Some(Right::Read),
    query: &[in_path("coin", FieldType::Coin, "The coin's code.")],
    body: &[],
    run: Run::Async(|request| Box::pin(get(request))),
    summary: "Get a coin",
    about: "Returns a coin and its totals: issued, spent, expired, outstanding, held.",
    schema: "Coin",
    refusals: &[Code::CoinNotFound],
};

async fn list(request: AsyncRequest) -> Result<Response, Problem> {
    request.fields(LIST.query)?;
    let out = read_durable(&request, |ledger, _| {
        let coins = ledger.state().coins();
        let mut out = Writer::with_capacity(coins.len() * 128 + 16);
        out.raw("{\"coins\":[");
        for (at, coin) in coins.iter().enumerate() {
            out.raw(if at == 0 { "" } else { "," });
            rendering::coin(&mut out, coin);
        }
        out.raw("]}");
        out
    });
    Ok(Response::ok(out.await?))
}

async fn get(request: AsyncRequest) -> Result<Response, Problem> {
    let fields = request.fields(GET.query)?;
    let out = read_durable(&request, |ledger, _| {
        let coin = ledger.require_coin(fields.the_text("coin"))?;
        let mut out = Writer::with_capacity(128);
        rendering::coin(&mut out, ledger.state().coin(coin));
        Ok::<_, Refusal>(out)
    });
    out.await?.map(Response::ok).map_err(|refusal| Problem::from(&refusal))
}
