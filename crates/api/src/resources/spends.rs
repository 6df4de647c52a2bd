//! Coins used up, or paid to a user.

use tocos_ledger::{Mode, Operation, Right};

use crate::rendering::Code;
use crate::routing::{FieldType, METADATA, Write, optional, required};

pub(crate) static SPEND: Write = Write {
    op: Some("spend"),
    right: Right::Spend,
    fields: &[
        required("user", FieldType::User, "Who pays."),
        required("coin", FieldType::Coin, "Of which coin."),
        required("amount", FieldType::Amount, "How many, in the coin's smallest unit."),
        optional("to", FieldType::User, "The user who is paid; without one the coins are used up."),
        optional("mode", FieldType::Word(&["exact", "up_to"]), "`up_to` takes what is available, down to nothing."),
        METADATA,
    ],
    operation: |fields| {
        Ok(Operation::Spend {
            user: fields.the_text("user"),
            coin: fields.the_text("coin"),
            amount: fields.the_number("amount"),
            to: fields.text("to"),
            mode: if fields.text("mode") == Some("up_to") { Mode::UpTo } else { Mode::Exact },
        })
    },
    summary: "Take coins from a user",
    about: "Takes coins from a user, in the burn order of their lots.",
    schema: "SpendEvent",
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
