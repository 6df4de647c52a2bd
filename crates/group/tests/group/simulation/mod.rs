//! A seeded simulation: up to four nodes over a shared log that fails in every way it can, are stopped, killed, cut off and
//! restarted while clients write and read through any of them.
//!
//! What must hold: what a client was told is in the log, once, unless the engine lost it and somebody went on without it; the log is one
//! chain; no two frames with the same events were acknowledged; what clients read is a state of the log, and never an older one than
//! they asked for. And when the faults end: a node leads, the others follow, and clients write.
//!
//! `TOCOS_SEEDS` says how many seeds are tried, `TOCOS_SEED` which one alone.

mod checks;
mod clients;
mod mutations;
mod world;

use std::env;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::model::Wrong;
use crate::wrapped::WrongLog;
use world::{Figures, World};

const SEEDS: u64 = 5_000;

/// Runs a seed; what went wrong, if anything.
fn run(seed: u64, traces: bool, wrong: (Wrong, WrongLog)) -> Result<Figures, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async { World::new(seed, traces, wrong).run().await })
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|value| value.parse().expect("a number"))
}

#[test]
fn a_seed_does_the_same_each_time() {
    let group = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let world = World::new(7, true, Default::default());
            let recorder = world.group.recorder.clone();
            world.run().await.unwrap();
            recorder.lines()
        })
    };
    let (first, second) = (group(), group());
    assert!(first.len() > 1_000, "only {} lines", first.len());
    assert!(first == second, "the lines differ");
}

#[test]
fn a_group_keeps_what_it_acknowledged_whatever_fails() {
    if let Some(seed) = number("TOCOS_SEED") {
        let figures =
            run(seed, true, Default::default()).unwrap_or_else(|violation| panic!("seed {seed}: {violation}"));
        println!("seed {seed}: {figures:?}");
        return;
    }
    let seeds = number("TOCOS_SEEDS").unwrap_or(SEEDS);
    let (next, total) = (AtomicU64::new(0), Mutex::new(Figures::default()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds {
                        break;
                    }
                    match run(seed, false, Default::default()) {
                        Ok(figures) => total.lock().unwrap().add(&figures),
                        Err(violation) => {
                            next.store(seeds, Ordering::Relaxed);
                            panic!("TOCOS_SEED={seed}: {violation}");
                        }
                    }
                }
            });
        }
    });
    let total = total.into_inner().unwrap();
    println!("{seeds} seeds: {total:?}");
    // A simulation in which nothing happens shows nothing.
    for (what, count) in total.counts() {
        assert!(count >= seeds / 100, "{what}: only {count} in {seeds} seeds");
    }
}
