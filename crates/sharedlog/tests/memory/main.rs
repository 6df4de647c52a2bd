//! The shared log in memory: it passes the suite of all shared logs, and fails as it is told to.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

#[path = "../conformance/mod.rs"]
mod conformance;
mod faults;

use std::sync::Arc;
use std::time::Duration;

use conformance::{CASES, Subject};
use tocos_sharedlog::Identity;
use tocos_sharedlog::memory::{Engine, Faults};

fn identity() -> Identity {
    Identity { ledger: "tocos".to_owned(), ledger_id: [1; 16], seed: [2; 16] }
}

async fn run_all(faults: Faults) {
    for (number, (name, case)) in CASES.iter().enumerate() {
        let engine = Engine::new(identity(), number as u64);
        engine.set_faults(faults.clone());
        let log = || Arc::new(engine.log());
        let subject = Subject { logs: [log(), log(), log()], prune_step: 1 };
        if let Err(failed) = tokio::spawn(case(subject)).await {
            panic!("{name}: {failed}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_suite_passes_without_delays() {
    run_all(Faults::default()).await;
}

#[tokio::test(start_paused = true)]
async fn the_suite_passes_with_delays() {
    let ms = |from, to| Duration::from_micros(from)..=Duration::from_micros(to);
    run_all(Faults { before: ms(100, 8000), after: ms(0, 8000), ..Faults::default() }).await;
}

#[tokio::test]
async fn the_suite_passes_in_real_time() {
    run_all(Faults::default()).await;
}
