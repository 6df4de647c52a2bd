//! Deciding, writing down and carrying out on one thread, in stages as the engine does it, without HTTP and disk: fresh,
//! into one account, and with many events behind it.

use crate::asked::{Asked, Core, requests};
use crate::report::line;
use anyhow::Result;
use clap::Args;
use fastrand::Rng;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

#[derive(Args)]
pub(crate) struct CoreArgs {
    /// Users, each with a grant.
    #[arg(long, default_value_t = 1_000_000)]
    users: u32,
    /// Transfers with a key to do before the last measurement.
    #[arg(long, default_value_t = 5_000_000)]
    events: u64,
    /// Transfers of one measurement.
    #[arg(long, default_value_t = 2_000_000)]
    transfers: u64,
}

/// Operations in a batch.
const BATCH: u64 = 8_000;

/// Measures one after the other, on one ledger.
pub(crate) fn run(args: &CoreArgs) -> Result<Value> {
    let mut bench = Bench { core: Core::with_users(args.users)?, rng: Rng::with_seed(5), users: args.users, keys: 0 };
    let mut rates = Vec::new();
    let mut measure = |bench: &mut Bench, what: &str, hot, keyed| -> Result<()> {
        let rate = bench.transfers(args.transfers, hot, keyed)?;
        let events = bench.core.ledger.state().last_event();
        line(format_args!("{what:<44} {:>6.2} million/s, with {events} events behind it", rate / 1e6));
        rates.push(json!({"what": what, "hot": hot, "keyed": keyed, "per_second": rate, "events": events}));
        Ok(())
    };
    measure(&mut bench, "transfers at random", false, false)?;
    measure(&mut bench, "transfers at random with a key", false, true)?;
    measure(&mut bench, "transfers into one account with a key", true, true)?;
    let bar = ProgressBar::new(args.events).with_style(ProgressStyle::with_template("{bar:40} {elapsed}")?);
    while bench.core.ledger.state().last_event() < args.events {
        bench.transfers(BATCH * 100, false, true)?;
        bar.set_position(bench.core.ledger.state().last_event());
    }
    bar.finish_and_clear();
    measure(&mut bench, "transfers at random with a key, grown", false, true)?;
    measure(&mut bench, "transfers into one account with a key, grown", true, true)?;
    Ok(json!({"users": args.users, "rates": rates}))
}

struct Bench {
    core: Core,
    rng: Rng,
    users: u32,
    keys: u64,
}

impl Bench {
    /// Transfers a second. Making them is not timed.
    fn transfers(&mut self, count: u64, hot: bool, keyed: bool) -> Result<f64> {
        let mut took = Duration::ZERO;
        let batches = count.div_ceil(BATCH);
        for _ in 0..batches {
            let asked: Vec<Asked> = (0..BATCH)
                .map(|_| {
                    let asked = Asked::transfer(&mut self.rng, self.users, hot);
                    self.keys += 1;
                    if keyed { asked.keyed(self.keys) } else { asked }
                })
                .collect();
            let requests = requests(&asked);
            let begun = Instant::now();
            self.core.carry_out(&requests)?;
            took += begun.elapsed();
            self.core.forget_records();
        }
        Ok((batches * BATCH) as f64 / took.as_secs_f64())
    }
}
