//! Amounts of available coins whose crossing is told, of an account or of all accounts of a coin.

use tocos_ledger::{Operation, Right, THRESHOLDS_MAX, Thresholds};

use crate::rendering::{Code, Problem};
use crate::routing::{Field, FieldType, Fields, METADATA, REFERENCE, Write, in_path, optional};

const THRESHOLDS: Field = optional(
    "thresholds",
    FieldType::Amounts(THRESHOLDS_MAX),
    "Up to 10 amounts of available coins, in any order; they may be negative. If omitted, the coin's count; `[]` stands for none at all.",
);

/// What a request says of them.
fn thresholds(fields: &Fields<'_>) -> Result<Option<Thresholds>, Problem> {
    let amounts = fields.amounts("thresholds").map(Thresholds::new).transpose();
    amounts.map_err(|refusal| Problem::from(&refusal))
}

pub(crate) static PUT: Write = Write {
    op: Some("thresholds"),
    right: Right::Grant,
    fields: &[
        in_path("user", FieldType::User, "The id of the account's user."),
        in_path("coin", FieldType::Coin, "The coin's code."),
        THRESHOLDS,
        METADATA,
        REFERENCE,
    ],
    operation: |fields| {
        let (user, coin) = (Some(fields.the_text("user")), fields.the_text("coin"));
        Ok(Operation::PutThresholds { user, coin, thresholds: thresholds(fields)? })
    },
    summary: "Replace the thresholds of an account",
    about: "Replaces the amounts of available coins whose crossing is told: the event that crosses one has it in `crossed`.",
    schema: "ThresholdsEvent",
    refusals: &[Code::UserNotFound, Code::CoinNotFound, Code::UserClosed],
    statuses: &[200],
};

pub(crate) static PUT_FOR_COIN: Write = Write {
    op: Some("coin_thresholds"),
    right: Right::Grant,
    fields: &[in_path("coin", FieldType::Coin, "The coin's code."), THRESHOLDS, METADATA, REFERENCE],
    operation: |fields| {
        let thresholds = thresholds(fields)?;
        Ok(Operation::PutThresholds { user: None, coin: fields.the_text("coin"), thresholds })
    },
    summary: "Replace the thresholds of a coin",
    about: "Replaces the thresholds of all accounts of this coin that have none of their own.",
    schema: "ThresholdsEvent",
    refusals: &[Code::CoinNotFound],
    statuses: &[200],
};
