//! Coins reserved, captured, released.

use tocos_ledger::{Excess, HOLD_TIMEOUT_S_DEFAULT, HOLD_TIMEOUT_S_MAX, Operation, Right, Until};

use crate::fields::{METADATA, in_path, optional, required};
use crate::kind::Kind;
use crate::problem::Problem;
use crate::write::Write;

pub(crate) static HOLD: Write = Write {
    op: Some("hold"),
    right: Right::Spend,
    fields: &[
        required("user", Kind::User, "Whose coins."),
        required("coin", Kind::Coin, "Of which coin."),
        required("amount", Kind::Amount, "How many, in the coin's smallest unit."),
        optional("expires_at", Kind::Time, "When the hold ends by itself; at most 400 days from now."),
        optional(
            "timeout_s",
            Kind::Integer(1, HOLD_TIMEOUT_S_MAX as i64),
            "The same in seconds from now; 900 if neither is given.",
        ),
        optional("to", Kind::User, "Who gets what is captured; without one it is used up."),
        METADATA,
    ],
    operation: |fields| {
        let until = match (fields.instant("expires_at"), fields.integer("timeout_s")) {
            (Some(_), Some(_)) => {
                return Err(Problem::invalid("timeout_s", "a hold takes expires_at or timeout_s, not both"));
            }
            (Some(at), None) => Until::At(at),
            (None, timeout_s) => {
                let timeout_s = timeout_s.and_then(|timeout_s| u32::try_from(timeout_s).ok());
                Until::InSeconds(timeout_s.unwrap_or(HOLD_TIMEOUT_S_DEFAULT))
            }
        };
        Ok(Operation::Hold {
            user: fields.the_text("user"),
            coin: fields.the_text("coin"),
            amount: fields.the_number("amount"),
            until,
            to: fields.text("to"),
        })
    },
    about: "Reserves coins, so that they are there when the price is known. The answer's `id` names the hold.",
    statuses: &[201],
};

pub(crate) static CAPTURE: Write = Write {
    op: Some("capture"),
    right: Right::Spend,
    fields: &[
        in_path("hold", Kind::Event, "The hold."),
        optional("amount", Kind::Amount, "How many; all that is held without."),
        optional("final", Kind::Bool, "Whether the rest is released; true without."),
        optional(
            "excess",
            Kind::Word(&["reject", "take_available"]),
            "What to do about more than is held: refuse, or take it from what is available as far as that goes.",
        ),
        METADATA,
    ],
    operation: |fields| {
        let takes_available = fields.text("excess") == Some("take_available");
        Ok(Operation::Capture {
            hold: fields.the_number("hold"),
            amount: fields.number("amount"),
            last: fields.flag("final").unwrap_or(true),
            excess: if takes_available { Excess::TakeAvailable } else { Excess::Reject },
        })
    },
    about: "Takes held coins.",
    statuses: &[201],
};

pub(crate) static RELEASE: Write = Write {
    op: Some("release"),
    right: Right::Spend,
    fields: &[in_path("hold", Kind::Event, "The hold."), METADATA],
    operation: |fields| Ok(Operation::Release { hold: fields.the_number("hold") }),
    about: "Gives held coins back and ends the hold.",
    statuses: &[201],
};

pub(crate) static EXTEND: Write = Write {
    op: Some("extend"),
    right: Right::Spend,
    fields: &[
        in_path("hold", Kind::Event, "The hold."),
        required("expires_at", Kind::Time, "When it ends by itself now; later than before."),
        METADATA,
    ],
    operation: |fields| {
        let expires_at = fields.instant("expires_at").unwrap_or_default();
        Ok(Operation::Extend { hold: fields.the_number("hold"), expires_at })
    },
    about: "Lets a hold end later.",
    statuses: &[201],
};
