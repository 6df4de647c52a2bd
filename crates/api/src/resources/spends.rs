//! Coins used up, or paid to a user.

use tocos_ledger::{Mode, Operation, Right};

use crate::rendering::Code;
use crate::routing::{FieldType, METADATA, REFERENCE, Write, optional, required};

pub(crate) static SPEND: Write = Write {
    op: Some("spend"),
    right: Right::Spend,
    fields: &[
        required("user", FieldType::User, "The payer."),
        required("coin", FieldType::Coin, "The coin's code."),
        required("amount", FieldType::Amount, "The amount, in the coin's smallest unit."),
        optional("to", FieldType::User, "The payee. If omitted, the coins are spent."),
        optional(
            "mode",
            FieldType::Word(&["exact", "up_to"]),
            "`up_to` takes the available coins, possibly none, if there are fewer than the amount. Default: `exact`.",
        ),
        METADATA,
        REFERENCE,
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
    summary: "Spend a user's coins",
    about: "Spends a user's coins, or pays them to another user. Lots are consumed in order: lower priority first, then earlier expiry.",
    schema: "SpendEvent",
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
