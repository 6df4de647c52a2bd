//! The engine as its callers use it: real threads, a real directory.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on says so by panicking")]

mod clock;
mod elsewhere;
mod failures;
mod history;
mod member;
mod naive;
mod report;
mod restart;
mod slow_disk;
mod tables;
mod time;

use std::path::Path;
use tempfile::TempDir;
use tocos_engine::{Engine, EngineOptions, OpenReport, Rejection, Submitted};
use tocos_ledger::{Marks, Operation, Request};

/// A ledger in a directory that goes with it.
struct Bench {
    dir: TempDir,
    options: EngineOptions,
    engine: Option<Engine>,
}

impl Bench {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut EngineOptions)) -> Self {
        let dir = TempDir::new().unwrap();
        let mut options = EngineOptions { segment_bytes: 64 << 10, ..EngineOptions::new(dir.path().join("data")) };
        change(&mut options);
        let (engine, _) = Engine::open(&options).unwrap();
        Self { dir, options, engine: Some(engine) }
    }

    fn data(&self) -> &Path {
        &self.options.data_dir
    }

    fn engine(&self) -> &Engine {
        self.engine.as_ref().unwrap()
    }

    /// Closes the ledger. Its directory is free when the last clone of the engine is gone.
    fn stop(&mut self) {
        self.engine.take().unwrap().close().unwrap();
    }

    /// Closes the ledger and opens it again.
    fn reopen(&mut self) -> OpenReport {
        self.stop();
        let (engine, report) = Engine::open(&self.options).unwrap();
        self.engine = Some(engine);
        report
    }

    /// Does one operation and waits until it is on the disk. The response is the event's number and the totals after it.
    fn ask(&self, operation: Operation<'_>) -> Submitted<Vec<i64>> {
        self.ask_with(None, operation).unwrap()
    }

    fn ask_with(&self, key: Option<&str>, operation: Operation<'_>) -> Result<Submitted<Vec<i64>>, Rejection> {
        let request = Request { operation, key, metadata: None, reference: None, by: 0 };
        let submitted = self.engine().submit(&request, false, |event, _| match &event.fact {
            tocos_ledger::Fact::Moved(movement) => {
                [Some(&movement.a), movement.b.as_ref()].into_iter().flatten().map(|entry| entry.total).collect()
            }
            _ => Vec::new(),
        })?;
        self.engine().seal();
        self.engine().durable(submitted.seen).wait().unwrap();
        Ok(submitted)
    }

    fn users(&self, ids: &[&str]) {
        for user in ids {
            self.ask(Operation::PutUser { user, name: None });
        }
    }

    fn grant(&self, user: &str, amount: u64) -> u64 {
        self.ask(Operation::Grant { user, coin: "toco", amount, marks: Marks::PLAIN, lot: false }).event
    }

    fn total(&self, user: &str) -> i64 {
        let seen = self.engine().read(|ledger, now| {
            let user = ledger.find_user(user).unwrap();
            let coin = ledger.require_coin("toco").unwrap();
            ledger.state().account_of(user, coin).map_or(0, |id| ledger.state().account(id).balance(now).total)
        });
        seen.unwrap().value
    }
}
