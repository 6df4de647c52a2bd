//! New coins.

use tocos_ledger::{Category, Marks, Operation, Right};

use crate::fields::{METADATA, optional, required};
use crate::kind::Kind;
use crate::problem::Code;
use crate::write::Write;

pub(crate) static GRANT: Write = Write {
    op: Some("grant"),
    right: Right::Grant,
    fields: &[
        required("user", Kind::User, "Who gets."),
        required("coin", Kind::Coin, "Of which coin."),
        required("amount", Kind::Amount, "How many, in the coin's smallest unit."),
        optional("expires_at", Kind::Time, "From this instant on what is left can't be spent; never without."),
        optional("priority", Kind::Integer(0, 100), "Lower burns first; 50 without."),
        optional("category", Kind::Word(&["paid", "promotional"]), "Promotional burns before paid among equals."),
        METADATA,
    ],
    operation: |fields| {
        let marks = Marks {
            expires_at: fields.instant("expires_at"),
            // The list of fields bounds it to 100.
            priority: fields.integer("priority").map_or(Marks::PRIORITY_DEFAULT, |priority| priority as u8),
            category: if fields.text("category") == Some("promotional") {
                Category::Promotional
            } else {
                Category::Paid
            },
        };
        Ok(Operation::Grant {
            user: fields.the_text("user"),
            coin: fields.the_text("coin"),
            amount: fields.the_number("amount"),
            marks,
        })
    },
    about: "Gives a user new coins.",
    answer: "GrantEvent",
    refusals: &[Code::UserNotFound, Code::CoinNotFound, Code::AboveCeiling, Code::UserClosed, Code::SupplyExhausted],
    statuses: &[201],
};
