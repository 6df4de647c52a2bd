//! Scenarios at one fixed rate, in turn on one server: what users feel, beside the no-op route at the same rate.

use crate::load;
use crate::report::{RunResult, line, print};
use crate::scenario::Name;
use crate::server::Server;
use crate::{CompareArgs, LoadArgs};
use anyhow::{Context, Result};
use serde_json::{Value, json};

/// A quantile of a run.
type Quantile = fn(&RunResult) -> u64;

/// Runs all scenarios round by round at a rate. Prints the median run of each, by its p99, and by how much its tail is longer than the first one's.
pub(crate) fn run(args: &CompareArgs) -> Result<Value> {
    let rate = args.load.rate.context("a rate is needed")?;
    let server = Server::for_run(&args.load)?;
    let mut rounds: Vec<Vec<RunResult>> = Vec::new();
    for _ in 0..args.rounds.max(1) {
        let of = |name: &Name| load::run(&server, *name, &LoadArgs { rate: Some(rate), ..args.load.clone() });
        rounds.push(args.scenarios.iter().map(of).collect::<Result<_>>()?);
    }
    let mut medians = Vec::new();
    let mut more = Vec::new();
    for at in 0..args.scenarios.len() {
        let mut runs: Vec<&RunResult> = rounds.iter().map(|round| &round[at]).collect();
        runs.sort_by_key(|run| run.latency_us.p99);
        medians.push(runs[runs.len() / 2].clone());
        let beyond = |quantile: Quantile| {
            let mut beyond: Vec<i64> =
                rounds.iter().map(|round| quantile(&round[at]) as i64 - quantile(&round[0]) as i64).collect();
            beyond.sort_unstable();
            beyond[beyond.len() / 2]
        };
        more.push((beyond(|run| run.latency_us.p99), beyond(|run| run.latency_us.p999)));
    }
    print(&medians);
    for (median, (p99, p999)) in medians.iter().zip(&more).skip(1) {
        line(format_args!(
            "{} at {rate:.0}/s, more than {}: p99 {:+.2} ms, p99.9 {:+.2} ms",
            median.scenario,
            medians[0].scenario,
            *p99 as f64 / 1e3,
            *p999 as f64 / 1e3
        ));
    }
    let more: Vec<Value> = more.iter().map(|(p99, p999)| json!({"p99_us": p99, "p999_us": p999})).collect();
    Ok(json!({"rate": rate, "medians": medians, "more": more, "rounds": rounds}))
}
