//! What bounds an account.

use tocos_ledger::{MAX_AMOUNT, Operation, Right};

use crate::rendering::Code;
use crate::routing::{EXACT_MAX, FieldType, METADATA, Write, in_path, optional};

pub(crate) static PUT: Write = Write {
    op: Some("limits"),
    right: Right::Grant,
    fields: &[
        in_path("user", FieldType::User, "Whose account."),
        in_path("coin", FieldType::Coin, "Of which coin."),
        optional("floor", FieldType::Integer(-EXACT_MAX, 0), "What is available may go down to this; 0 without."),
        optional("ceiling", FieldType::Integer(0, EXACT_MAX), "The total may go up to this; 2^53-1 without."),
        optional("frozen", FieldType::Bool, "A frozen account gives nothing; it may receive."),
        METADATA,
    ],
    operation: |fields| {
        Ok(Operation::PutLimits {
            user: fields.the_text("user"),
            coin: fields.the_text("coin"),
            floor: fields.integer("floor").unwrap_or(0),
            ceiling: fields.number("ceiling").unwrap_or(MAX_AMOUNT),
            frozen: fields.flag("frozen").unwrap_or(false),
        })
    },
    summary: "Replace the limits of an account",
    about: "Replaces floor, ceiling and frozen of an account. What is left out goes back to its default.",
    schema: "LimitsEvent",
    refusals: &[Code::UserNotFound, Code::CoinNotFound, Code::UserClosed],
    statuses: &[200],
};
