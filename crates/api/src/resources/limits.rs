//! What bounds an account.

use tocos_ledger::{MAX_AMOUNT, Operation, Right};

use crate::rendering::Code;
use crate::routing::{EXACT_MAX, FieldType, METADATA, REFERENCE, Write, in_path, optional};

pub(crate) static PUT: Write = Write {
    op: Some("limits"),
    right: Right::Grant,
    fields: &[
        in_path("user", FieldType::User, "The id of the account's user."),
        in_path("coin", FieldType::Coin, "The coin's code."),
        optional(
            "floor",
            FieldType::Integer(-EXACT_MAX, 0),
            "The lowest available balance allowed; negative for a credit line. Default: 0.",
        ),
        optional("ceiling", FieldType::Integer(0, EXACT_MAX), "The highest total allowed. Default: 2^53-1."),
        optional(
            "frozen",
            FieldType::Bool,
            "Whether the account is frozen: it can receive coins, but none can be taken from it. Default: false.",
        ),
        METADATA,
        REFERENCE,
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
    about: "Replaces floor, ceiling and frozen of an account. Omitted fields are reset to their defaults.",
    schema: "LimitsEvent",
    refusals: &[Code::UserNotFound, Code::CoinNotFound, Code::UserClosed],
    statuses: &[200],
};
