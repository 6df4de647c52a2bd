//! Coins: kinds of credit, and where all of each is.

use tocos_ledger::{Operation, Refusal, Right};

use crate::answer::Answer;
use crate::fields::{METADATA, in_path, optional};
use crate::json::Writer;
use crate::kind::Kind;
use crate::problem::{Code, Problem};
use crate::render;
use crate::request::{Call, look};
use crate::route::{Endpoint, Run};
use crate::write::Write;

pub(crate) static PUT: Write = Write {
    op: Some("coin"),
    right: Right::Grant,
    fields: &[
        in_path("coin", Kind::Coin, "Its code."),
        optional("decimals", Kind::Integer(0, 9), "Digits behind the point when shown to people; 0 without."),
        METADATA,
    ],
    operation: |fields| {
        // The list of fields bounds the decimals to 9.
        let decimals = fields.integer("decimals").unwrap_or(0) as u8;
        Ok(Operation::PutCoin { coin: fields.the_text("coin"), decimals })
    },
    about: "Makes a coin, or replaces its decimals.",
    answer: "CoinEvent",
    refusals: &[],
    statuses: &[201, 200],
};

pub(crate) static LIST: Endpoint = Endpoint {
    right: Some(Right::Read),
    query: &[],
    body: &[],
    run: Run::Later(|call| Box::pin(list(call))),
    about: "All coins, in the order in which they were made.",
    answer: "Coins",
    refusals: &[],
};

pub(crate) static GET: Endpoint = Endpoint {
    right: Some(Right::Read),
    query: &[in_path("coin", Kind::Coin, "Its code.")],
    body: &[],
    run: Run::Later(|call| Box::pin(get(call))),
    about: "A coin, and where all of it is.",
    answer: "Coin",
    refusals: &[Code::CoinNotFound],
};

async fn list(call: Call) -> Result<Answer, Problem> {
    call.fields(LIST.query)?;
    let out = look(&call.app, |ledger, _| {
        let coins = ledger.state().coins();
        let mut out = Writer::with_capacity(coins.len() * 128 + 16);
        out.raw("{\"coins\":[");
        for (at, coin) in coins.iter().enumerate() {
            out.raw(if at == 0 { "" } else { "," });
            render::coin(&mut out, coin);
        }
        out.raw("]}");
        out
    });
    Ok(Answer::ok(out.await?))
}

async fn get(call: Call) -> Result<Answer, Problem> {
    let fields = call.fields(GET.query)?;
    let out = look(&call.app, |ledger, _| {
        let coin = ledger.require_coin(fields.the_text("coin"))?;
        let mut out = Writer::with_capacity(128);
        render::coin(&mut out, ledger.state().coin(coin));
        Ok::<_, Refusal>(out)
    });
    out.await?.map(Answer::ok).map_err(|refusal| Problem::from(&refusal))
}
