//! How much may be spent within a time, of an account or of all accounts of a coin.

use tocos_ledger::{Operation, Right, SpendLimit, WINDOW_HOURS_MAX, Window};

use crate::rendering::{Code, Problem};
use crate::routing::{EXACT_MAX, Field, FieldType, Fields, METADATA, REFERENCE, Write, in_path, optional};

const AMOUNT: Field = optional(
    "amount",
    FieldType::Integer(0, EXACT_MAX),
    "The most that may be spent, paid, transferred away, captured and held within the window. If omitted, the limit is removed, and the coin's counts if it has one.",
);

const PER: Field = optional(
    "per",
    FieldType::Word(&["day", "month", "hours"]),
    "The window: a day or month of the calendar in UTC, or the last `hours`. Default: `hours` if that field is given, else `day`.",
);

const HOURS: Field =
    optional("hours", FieldType::Integer(1, WINDOW_HOURS_MAX as i64), "The length of a rolling window.");

/// What a request says of it.
fn limit(fields: &Fields<'_>) -> Result<Option<SpendLimit>, Problem> {
    let hours = fields.integer("hours");
    let Some(amount) = fields.number("amount") else {
        let given = [("per", fields.text("per").is_some()), ("hours", hours.is_some())];
        return match given.into_iter().find(|(_, is_given)| *is_given) {
            Some((field, _)) => Err(Problem::invalid(field, "it needs an amount; without one the limit is removed")),
            None => Ok(None),
        };
    };
    let per = match (fields.text("per"), hours) {
        // The list of fields bounds it.
        (Some("hours") | None, Some(hours)) => Window::Hours(hours as u16),
        (Some("hours"), None) => return Err(Problem::invalid("hours", "per hours needs to know how many")),
        (_, Some(_)) => return Err(Problem::invalid("hours", "only per hours has hours")),
        (Some("month"), None) => Window::Month,
        (_, None) => Window::Day,
    };
    Ok(Some(SpendLimit { amount, per }))
}

pub(crate) static PUT: Write = Write {
    op: Some("spend_limit"),
    right: Right::Grant,
    fields: &[
        in_path("user", FieldType::User, "The id of the account's user."),
        in_path("coin", FieldType::Coin, "The coin's code."),
        AMOUNT,
        PER,
        HOURS,
        METADATA,
        REFERENCE,
    ],
    operation: |fields| {
        let (user, coin) = (Some(fields.the_text("user")), fields.the_text("coin"));
        Ok(Operation::PutSpendLimit { user, coin, limit: limit(fields)? })
    },
    summary: "Replace the spending limit of an account",
    about: "Replaces the limit on what may be spent of an account within a day, a month, or a number of hours. Open holds count as spent.",
    schema: "SpendLimitEvent",
    refusals: &[Code::UserNotFound, Code::CoinNotFound, Code::UserClosed],
    statuses: &[200],
};

pub(crate) static PUT_FOR_COIN: Write = Write {
    op: Some("coin_spend_limit"),
    right: Right::Grant,
    fields: &[in_path("coin", FieldType::Coin, "The coin's code."), AMOUNT, PER, HOURS, METADATA, REFERENCE],
    operation: |fields| {
        let limit = limit(fields)?;
        Ok(Operation::PutSpendLimit { user: None, coin: fields.the_text("coin"), limit })
    },
    summary: "Replace the spending limit of a coin",
    about: "Replaces the spending limit of all accounts of this coin that have none of their own. It counts for each of them by itself.",
    schema: "SpendLimitEvent",
    refusals: &[Code::CoinNotFound],
    statuses: &[200],
};
