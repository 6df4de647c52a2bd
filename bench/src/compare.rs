//! Scenarios in turn on one server, so that a machine whose speed drifts spoils no ratio.

use crate::report::{RunResult, line, print};
use crate::scenario::Name;
use crate::server::Server;
use crate::{CompareArgs, load};
use anyhow::Result;
use serde_json::{Value, json};

/// Runs all scenarios round by round and prints medians and ratios to the first.
pub(crate) fn run(args: &CompareArgs) -> Result<Value> {
    let server = Server::for_run(&args.load)?;
    let bare = args.scenarios.contains(&Name::Bare).then(Server::bare).transpose()?;
    let server_of = |name| bare.as_ref().filter(|_| name == Name::Bare).unwrap_or(&server);
    let mut rounds: Vec<Vec<RunResult>> = Vec::new();
    for _ in 0..args.rounds.max(1) {
        let round: Result<Vec<_>> =
            args.scenarios.iter().map(|name| load::run(server_of(*name), *name, &args.load)).collect();
        rounds.push(round?);
    }
    let medians: Vec<RunResult> = (0..args.scenarios.len())
        .map(|at| {
            let mut runs: Vec<&RunResult> = rounds.iter().map(|round| &round[at]).collect();
            runs.sort_by(|a, b| a.operations_per_second.total_cmp(&b.operations_per_second));
            runs[runs.len() / 2].clone()
        })
        .collect();
    print(&medians);
    let mut ratios = Vec::new();
    for (at, median) in medians.iter().enumerate().skip(1) {
        let mut of_rounds: Vec<f64> =
            rounds.iter().map(|round| round[at].requests_per_second / round[0].requests_per_second).collect();
        of_rounds.sort_by(f64::total_cmp);
        let ratio = of_rounds[of_rounds.len() / 2];
        line(format_args!("{} / {}: {ratio:.2} (rounds: {of_rounds:.2?})", median.scenario, medians[0].scenario));
        ratios.push(
            json!({"scenario": median.scenario, "to": medians[0].scenario, "median": ratio, "rounds": of_rounds}),
        );
    }
    Ok(json!({"medians": medians, "ratios": ratios, "rounds": rounds}))
}
