//! A ledger that writes, archives, drops and reads in an order by chance, with crashes at any write and a store that fails, loses and
//! damages. Every read gives what was written, or an error while the store does not work; and every start works, without the store.
//!
//! `TOCOS_SEEDS` says how many seeds are tried, `TOCOS_SEED` which one alone.

use tocos_journal::ReadError;
use tocos_journal::sim::WriteFault;

use super::bench::{Bench, Mood};

const SEEDS: u64 = 300;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

#[test]
fn reads_are_right_or_say_why_not_and_every_start_works() {
    let seeds = match number("TOCOS_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("TOCOS_SEEDS").unwrap_or(SEEDS),
    };
    let (mut left, mut failed) = (0, 0);
    for seed in seeds {
        println!("seed {seed}");
        let (one, other) = run(seed);
        (left, failed) = (left + one, failed + other);
    }
    println!("{left} segments left, {failed} reads failed");
}

fn run(seed: u64) -> (u64, u64) {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut bench = Bench::new(seed);
    let mut mood = Mood::Works;
    let (mut left, mut failed) = (0, 0);
    for _ in 0..rng.usize(20..80) {
        match rng.u8(0..10) {
            0..=2 => (0..rng.usize(1..12)).for_each(|_| bench.write(&mut rng)),
            3 => {
                if mood == Mood::Works || bench.elsewhere() == 0 {
                    bench.archive();
                }
            }
            4 => bench.snapshot(),
            5 => {
                mood = [Mood::Works, Mood::Works, Mood::Refuses, Mood::Loses, Mood::Damages][rng.usize(0..5)];
                bench.mood(mood);
            }
            6 => {
                // A crash in the middle of letting a segment go, or not.
                let crashes = rng.u8(0..3) == 0;
                if crashes {
                    bench.sim.fail_write(rng.u64(1..8), WriteFault::PowerCut);
                }
                let keeper = bench.keeper(rng.u64(0..20_000));
                while let Ok(Some(_)) = keeper.step() {
                    left += 1;
                }
                drop(keeper);
                bench.sim.clear_faults();
                if crashes {
                    bench = bench.reopen(true);
                }
            }
            7 => {
                let crashes = rng.bool();
                bench = bench.reopen(crashes);
            }
            _ => {
                for _ in 0..rng.usize(1..10) {
                    let last = bench.reader.last_event();
                    if last == 0 {
                        continue;
                    }
                    match bench.check(rng.u64(1..=last)) {
                        Ok(()) => {}
                        Err(ReadError::Unreachable { .. }) if mood != Mood::Works => failed += 1,
                        Err(error) => panic!("seed {seed}: {error}"),
                    }
                }
            }
        }
    }
    bench.mood(Mood::Works);
    bench.check_all();
    (left, failed)
}
