//! The commands, a file for each: its options, its requests, and how it shows the response.

pub(crate) mod archive;
pub(crate) mod batch;
pub(crate) mod clock;
pub(crate) mod cluster;
pub(crate) mod coin;
pub(crate) mod completions;
pub(crate) mod copy;
pub(crate) mod demo;
pub(crate) mod event;
pub(crate) mod export;
pub(crate) mod grant;
pub(crate) mod health;
pub(crate) mod history;
pub(crate) mod hold;
pub(crate) mod import;
pub(crate) mod key;
pub(crate) mod limits;
pub(crate) mod lot;
mod pages;
pub(crate) mod report;
pub(crate) mod restore;
pub(crate) mod reverse;
mod rule;
pub(crate) mod schedule;
pub(crate) mod serve;
pub(crate) mod shared_log;
pub(crate) mod spend;
pub(crate) mod spend_limit;
pub(crate) mod thresholds;
pub(crate) mod transfer;
pub(crate) mod user;
pub(crate) mod users;
pub(crate) mod verify;
pub(crate) mod webhook;

/// The largest amount, floor and ceiling: 2^53 - 1.
const AMOUNT_MAX: u64 = (1 << 53) - 1;

/// Reads an amount from the command line.
fn amount(text: &str) -> Result<u64, String> {
    match text.parse::<u64>() {
        Ok(amount @ 1..=AMOUNT_MAX) => Ok(amount),
        _ => Err(format!(
            "an amount is a whole number of the coin's smallest unit, 1 to {AMOUNT_MAX} (12.34 of a coin with 2 decimals is 1234)"
        )),
    }
}

/// How many entries a page has.
fn page_limit(text: &str) -> Result<u16, String> {
    match text.parse() {
        Ok(limit @ 1..=1000) => Ok(limit),
        _ => Err("a page has 1 to 1000 entries".to_owned()),
    }
}
