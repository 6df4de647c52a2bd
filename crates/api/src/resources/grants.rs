//! New coins.

use tocos_ledger::{Category, Marks, Operation, Right};

use crate::rendering::Code;
use crate::routing::{FieldType, METADATA, Write, optional, required};

pub(crate) static GRANT: Write = Write {
    op: Some("grant"),
    right: Right::Grant,
    fields: &[
        required("user", FieldType::User, "Who gets."),
        required("coin", FieldType::Coin, "Of which coin."),
        required("amount", FieldType::Amount, "How many, in the coin's smallest unit."),
        optional("expires_at", FieldType::Time, "From this instant on what is left can't be spent; never without."),
        optional("priority", FieldType::Integer(0, 100), "Lower burns first; 50 without."),
        optional("category", FieldType::Word(&["paid", "promotional"]), "Promotional burns before paid among equals."),
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
    summary: "Give a user new coins",
    about: "Gives a user new coins.",
    schema: "GrantEvent",
    refusals: &[Code::UserNotFound, Code::CoinNotFound, Code::AboveCeiling, Code::UserClosed, Code::SupplyExhausted],
    statuses: &[201],
};
