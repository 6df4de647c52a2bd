//! The simulation notices when a part that everything depends on is wrong on purpose.

use crate::model::Wrong;
use crate::wrapped::WrongLog;

/// How many seeds it may take.
const SEEDS_MAX: u64 = 2_000;

fn is_noticed(wrong: (Wrong, WrongLog)) -> String {
    let violation = (0..SEEDS_MAX).find_map(|seed| super::run(seed, false, wrong).err().map(|what| (seed, what)));
    let (seed, what) = violation.expect("what is wrong is noticed");
    eprintln!("noticed by seed {seed}: {what}");
    what
}

#[test]
fn an_append_behind_any_frame_is_noticed() {
    is_noticed((Wrong::default(), WrongLog { accepts_any_prev: true, ..WrongLog::default() }));
}

#[test]
fn frames_that_are_acknowledged_when_they_are_visible_are_noticed() {
    is_noticed((Wrong::default(), WrongLog { visible_is_durable: true, ..WrongLog::default() }));
}

#[test]
fn frames_that_are_not_appended_again_are_noticed() {
    is_noticed((Wrong { heals_not: true, ..Wrong::default() }, WrongLog::default()));
}

#[test]
fn waiters_that_survive_a_step_down_are_noticed() {
    is_noticed((Wrong { waiters_survive: true, ..Wrong::default() }, WrongLog::default()));
}
