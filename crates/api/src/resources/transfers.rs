//! Coins from user to user.

use tocos_ledger::{Operation, Right};

use crate::rendering::Code;
use crate::routing::{FieldType, METADATA, REFERENCE, Write, required};

pub(crate) static TRANSFER: Write = Write {
    op: Some("transfer"),
    right: Right::Spend,
    fields: &[
        required("from", FieldType::User, "The payer."),
        required("to", FieldType::User, "The receiver."),
        required("coin", FieldType::Coin, "The coin's code."),
        required("amount", FieldType::Amount, "The amount, in the coin's smallest unit."),
        METADATA,
        REFERENCE,
    ],
    operation: |fields| {
        Ok(Operation::Transfer {
            from: fields.the_text("from"),
            to: fields.the_text("to"),
            coin: fields.the_text("coin"),
            amount: fields.the_number("amount"),
        })
    },
    summary: "Move coins from one user to another",
    about: "Moves coins from one user to another. Lots keep their grant, expiry, priority and category.",
    schema: "TransferEvent",
    refusals: &[
        Code::SpendLimitReached,
        Code::InsufficientFunds,
        Code::UserNotFound,
        Code::CoinNotFound,
        Code::AboveCeiling,
        Code::AccountFrozen,
        Code::UserClosed,
    ],
    statuses: &[201],
};
