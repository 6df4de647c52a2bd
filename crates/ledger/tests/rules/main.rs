//! The rules, row by row; the same rules a second time, beside the core on random operations; and the bytes.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what a test takes for granted stops it when it is not so"
)]

mod adjusted;
mod aging;
mod asking;
mod batches;
mod bench;
mod burning;
mod clawback;
mod dice;
mod flows;
mod found;
mod furnished;
mod history;
mod holds;
mod keys;
mod leader;
mod limited;
mod model;
mod money;
mod occurrences;
mod operations;
mod random;
mod records;
mod refusals;
mod request;
mod reversals;
mod rule_book;
mod scheduled;
mod snapshots;
mod staging;
mod tally;
mod time;
mod webhooks;
