//! Coins from user to user.

use tocos_ledger::{Operation, Right};

use crate::fields::{METADATA, required};
use crate::kind::Kind;
use crate::problem::Code;
use crate::write::Write;

pub(crate) static TRANSFER: Write = Write {
    op: Some("transfer"),
    right: Right::Spend,
    fields: &[
        required("from", Kind::User, "Who gives."),
        required("to", Kind::User, "Who gets."),
        required("coin", Kind::Coin, "Of which coin."),
        required("amount", Kind::Amount, "How many, in the coin's smallest unit."),
        METADATA,
    ],
    operation: |fields| {
        Ok(Operation::Transfer {
            from: fields.the_text("from"),
            to: fields.the_text("to"),
            coin: fields.the_text("coin"),
            amount: fields.the_number("amount"),
        })
    },
    about: "Moves coins from one user to another. Lots keep their grant, expiry, priority and category.",
    answer: "TransferEvent",
    refusals: &[
        Code::InsufficientFunds,
        Code::UserNotFound,
        Code::CoinNotFound,
        Code::AboveCeiling,
        Code::AccountFrozen,
        Code::UserClosed,
    ],
    statuses: &[201],
};
