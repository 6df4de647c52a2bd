//! New coins.

use tocos_ledger::{Category, Marks, Operation, Right};

use crate::rendering::Code;
use crate::routing::{Field, FieldType, Fields, METADATA, REFERENCE, Write, optional, required};

pub(super) const PRIORITY: Field =
    optional("priority", FieldType::Integer(0, 100), "Coins with a lower priority are spent first. Default: 50.");

pub(super) const CATEGORY: Field = optional(
    "category",
    FieldType::Word(&["paid", "promotional"]),
    "With equal priority and expiry, promotional coins are spent before paid ones.",
);

/// The priority that a request gives to new coins.
pub(super) fn priority(fields: &Fields<'_>) -> u8 {
    // The list of fields bounds it to 100.
    fields.integer("priority").map_or(Marks::PRIORITY_DEFAULT, |priority| priority as u8)
}

/// The category that a request gives to new coins.
pub(super) fn category(fields: &Fields<'_>) -> Category {
    if fields.text("category") == Some("promotional") { Category::Promotional } else { Category::Paid }
}

pub(crate) static GRANT: Write = Write {
    op: Some("grant"),
    right: Right::Grant,
    fields: &[
        required("user", FieldType::User, "The receiver."),
        required("coin", FieldType::Coin, "The coin's code."),
        required("amount", FieldType::Amount, "The amount, in the coin's smallest unit."),
        optional(
            "expires_at",
            FieldType::Time,
            "The time from which the unspent coins of this grant expire. If omitted, they never expire.",
        ),
        PRIORITY,
        CATEGORY,
        optional(
            "lot",
            FieldType::Bool,
            "Keep these coins as a lot of their own even if they never expire and have default priority and category, so that they can be followed. Default: false.",
        ),
        METADATA,
        REFERENCE,
    ],
    operation: |fields| {
        let marks =
            Marks { expires_at: fields.instant("expires_at"), priority: priority(fields), category: category(fields) };
        Ok(Operation::Grant {
            user: fields.the_text("user"),
            coin: fields.the_text("coin"),
            amount: fields.the_number("amount"),
            marks,
            lot: fields.flag("lot").unwrap_or(false),
        })
    },
    summary: "Issue new coins to a user",
    about: "Issues new coins to a user.",
    schema: "GrantEvent",
    refusals: &[Code::UserNotFound, Code::CoinNotFound, Code::AboveCeiling, Code::UserClosed, Code::SupplyExhausted],
    statuses: &[201],
};
